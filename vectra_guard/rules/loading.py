"""Reads the shipped YAML rules and keeps a compiled copy in the user's cache folder.

The copy is JSON, keyed by the size and time of every rule file, written atomically with mode 0600 and ignored when
it is not ours or does not fit. Fails safe: without a usable copy the YAML is read (slower), and a rule file that is
broken is a GuardError, never a smaller set of rules.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vectra_guard.errors import ConfigError, GuardError
from vectra_guard.rules import schema

FOLDER = Path(__file__).parent
FORMAT = 3  # of the compiled copy


def shipped() -> dict[str, Any]:
    """``tools``, ``roles``, ``rules`` and ``index`` of everything shipped."""
    files = sorted(FOLDER.glob("*.yaml"))
    stamp = [FORMAT, str(FOLDER), *([f.name, f.stat().st_mtime_ns, f.stat().st_size] for f in files)]
    cached = _read_copy(stamp)
    if cached is not None:
        return cached
    data = compile_files(files)
    _write_copy({"stamp": stamp, **data})
    return data


def compile_files(files: list[Path]) -> dict[str, Any]:
    merged: dict[str, Any] = {"tools": {}, "roles": {}, "rules": []}
    seen: dict[str, str] = {}
    for file in files:
        content = _read_yaml(file)
        for key in content:
            if key not in ("tools", "roles", "rules", "defaults"):
                raise GuardError(f"{file}: unknown section {key!r}; the installed rules are damaged, install again")
        for names, table in (content.get("tools") or {}).items():
            for name in names.split("|"):
                # a second table is a mistake that the tests find; the guard goes on with the first
                merged["tools"].setdefault(name, table or {})
        for name, role in (content.get("roles") or {}).items():
            merged["roles"][name] = role.split() if isinstance(role, str) else role
        defaults = content.get("defaults") or {}
        for raw in content.get("rules") or []:
            rule = {**defaults, **raw}
            try:
                schema.check(rule, str(file), shipped=True)
            except ConfigError as err:
                raise GuardError(str(err)) from err
            if rule["id"] in seen:
                continue  # as above
            seen[rule["id"]] = str(file)
            merged["rules"].append({k: v for k, v in rule.items() if k != "examples"})
    merged["index"] = index(merged["rules"])
    return merged


def index(rules: list[dict[str, Any]], first: int = 0) -> dict[str, list[list[Any]]]:
    """Command name → [rule number, number of its `when`, subcommand alternatives]."""
    found: dict[str, list[list[Any]]] = {}
    for number, rule in enumerate(rules, first):
        for place, when in enumerate(schema.whens(rule)):
            for names, *subs in schema.commands(when):
                for name in names:
                    found.setdefault(name, []).append([number, place, [list(s) for s in subs]])
    return found


def _read_yaml(file: Path) -> Mapping[str, Any]:
    import yaml  # 15 ms; only when there is no compiled copy

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as err:
        raise GuardError(f"{file}: the installed rules cannot be read ({err}); install again") from err
    if not isinstance(content, Mapping):
        raise GuardError(f"{file}: no mapping; the installed rules are damaged, install again")
    return content


def _copy_path() -> Path:
    from vectra_guard import paths

    return Path(paths.cache_dir()) / "rules.json"


def _read_copy(stamp: list[Any]) -> dict[str, Any] | None:
    try:
        with open(_copy_path(), "rb") as file:
            info = os.fstat(file.fileno())
            if info.st_uid != os.getuid() or info.st_mode & 0o022:
                return None
            data = json.loads(file.read())
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.get("stamp") != stamp:
        return None
    return data


def _write_copy(data: dict[str, Any]) -> None:
    path = _copy_path()
    temp = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        os.makedirs(path.parent, mode=0o700, exist_ok=True)
        descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(data, file, separators=(",", ":"))
        os.replace(temp, path)
    except OSError:
        # a read-only home: the YAML is read each time instead
        with contextlib.suppress(OSError):
            temp.unlink()
