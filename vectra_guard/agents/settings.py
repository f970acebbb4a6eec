"""Enter the hook in an agent's settings, take it out again, and say whether it is there.

Other keys are never lost: a JSON file keeps its order and its indentation, a file that is not plain JSON (comments) is
left alone with the entry to add by hand. The first change leaves ``FILE.vg-backup``; taking the hook out gives back
those bytes when nothing else was changed meanwhile, and removes only our entry when something was. A file is replaced
whole or not at all. Raises GuardError; nothing is half-written.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import Any

from vectra_guard import whole_files
from vectra_guard.agents.adapter import Agent
from vectra_guard.errors import GuardError

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client.py")
MARK = "/agents/client.py"  # every command of ours holds it, whichever version wrote it
BROKEN = "vg: the guard is not where it was when this hook was installed, so nothing runs. Run: vg agent install {name}"


def command(name: str, python: str) -> str:
    """What the agent runs: our client; if that cannot even start, status 2, which refuses."""
    start = f"{shlex.quote(python)} -I -S {shlex.quote(CLIENT)} {name}"
    return f"{start} || {{ echo {shlex.quote(BROKEN.format(name=name))} >&2; exit 2; }}"


def place(agent: Agent, folder: str, *, project: bool) -> str:
    """The settings file of an agent in the home folder, or in a project."""
    return os.path.join(folder, agent.entry.project if project else agent.entry.user)


def status(agent: Agent, path: str, python: str) -> str:
    """``installed``, ``outdated`` (another version's entry) or ``absent``."""
    raw = whole_files.read(path)
    if MARK.encode() not in raw:
        return "absent"
    return "installed" if _with(agent, raw, path, command(agent.name, python)) == raw else "outdated"


def install(agent: Agent, path: str, python: str) -> bool:
    """Enter the hook. False: it was there already and nothing was written."""
    before = whole_files.read(path)
    after = _with(agent, before, path, command(agent.name, python))
    if after == before:
        return False
    if before and MARK.encode() not in before:
        whole_files.replace(_backup(path), before, 0o600)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    whole_files.replace(path, after)
    return True


def uninstall(agent: Agent, path: str) -> bool:
    """Take the hook out. False: it was not there."""
    raw = whole_files.read(path)
    if MARK.encode() not in raw:
        return False
    original = whole_files.read(_backup(path))
    after = b"" if agent.entry.text else _without(agent, raw, path, original)
    if after:
        whole_files.replace(path, after)
    else:
        os.unlink(path)
    if os.path.exists(_backup(path)):
        os.unlink(_backup(path))
    return True


def _backup(path: str) -> str:
    return f"{path}.vg-backup"


def _with(agent: Agent, raw: bytes, path: str, text: str) -> bytes:
    entry = agent.entry
    if entry.text:
        if raw and MARK.encode() not in raw:
            raise GuardError(f"{path}: there is a file of this name that is not ours; nothing was changed")
        return entry.text.replace("{command}", json.dumps(text)).encode()
    data = _parse(raw, path, agent, text) if raw.strip() else dict(entry.base)
    filled = _fill(entry.entry, text)
    found = [item for item in _list(data, entry.path, path) if not _ours(item)]
    already = [item for item in _list(data, entry.path, path) if _ours(item)]
    if already == [filled]:
        return raw
    for key, value in entry.base.items():
        data.setdefault(key, value)
    _put(data, entry.path, [*found, filled])
    return _dump(data, raw)


def _without(agent: Agent, raw: bytes, path: str, original: bytes) -> bytes:
    """The file without our entry; empty when there was none before us."""
    entry = agent.entry
    data = _parse(raw, path, agent, "")
    rest = [item for item in _list(data, entry.path, path) if not _ours(item)]
    _put(data, entry.path, rest)
    _prune(data, entry.path)
    if original:
        before = json.loads(original)
        _prune(before, entry.path)
        for key, value in entry.base.items():
            before.setdefault(key, value)
        if before == data:
            return original
    elif data == entry.base:
        return b""
    return _dump(data, raw)


def _parse(raw: bytes, path: str, agent: Agent, text: str) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except ValueError as err:
        hint = f" Add this to {'.'.join(agent.entry.path)} by hand: {json.dumps(_fill(agent.entry.entry, text))}"
        raise GuardError(f"{path}: not plain JSON ({err}); nothing was changed.{hint if text else ''}") from err
    if not isinstance(data, dict):
        raise GuardError(f"{path}: a JSON object was expected; nothing was changed")
    return data


def _list(data: dict[str, Any], keys: tuple[str, ...], path: str) -> list[Any]:
    node: Any = data
    for key in keys:
        if not isinstance(node, dict):
            raise GuardError(f"{path}: {'.'.join(keys)} is not where it should be; nothing was changed")
        node = node.get(key, {} if key != keys[-1] else [])
    if not isinstance(node, list):
        raise GuardError(f"{path}: {'.'.join(keys)} is not a list; nothing was changed")
    return node


def _put(data: dict[str, Any], keys: tuple[str, ...], items: list[Any]) -> None:
    node = data
    for key in keys[:-1]:
        node = node.setdefault(key, {})
    node[keys[-1]] = items


def _prune(data: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Drop what is empty on the way to our entry: it may have come with it."""
    if keys and keys[0] in data:
        if isinstance(data[keys[0]], dict):
            _prune(data[keys[0]], keys[1:])
        if not data[keys[0]]:
            del data[keys[0]]


def _ours(item: Any) -> bool:
    return MARK in json.dumps(item)


def _fill(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, text) for item in value]
    return value.replace("{command}", text) if isinstance(value, str) else value


def _dump(data: dict[str, Any], raw: bytes) -> bytes:
    """With the indentation that the file had."""
    found = re.match(rb"\s*\{\r?\n([ \t]+)", raw)
    indent = found[1].decode() if found else 2
    return (json.dumps(data, indent=indent, ensure_ascii=False) + "\n").encode()
