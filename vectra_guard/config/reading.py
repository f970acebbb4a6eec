"""One YAML text becomes checked values with their places. Knows the schema, not the layers.

Unknown keys and bad values raise ConfigError with FILE:LINE and the nearest valid name; nothing of such a file is
used. Anchors and aliases are refused: they let a small file stand for a huge one.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from vectra_guard.config.schema import Config, CustomRule
from vectra_guard.errors import ConfigError

MAX_SIZE = 1 << 20
LARGEST_NUMBER = 10**9
EXTRA = ("preset", "lock")
"""Keys of a file that are not settings: which preset lies below it, and (system file) what nobody else may change."""

ELSEWHERE = {
    "guard_level.level": "write `guard_level: LEVEL`",
    "guard_level.allow_user_bypass": "there is no bypass variable; `vg-off` switches one shell",
    "guard_level.bypass_env_var": "there is no bypass variable; `vg-off` switches one shell",
    "guard_level.require_approval_above": "write `guard_level: LEVEL`",
    "policies.monitor_git_ops": "git is always judged; `policies.disable` takes out single rules",
    "policies.block_force_git": "write `git push --force` under `policies.denylist`",
    "policies.detect_prod_env": "see `production_indicators`",
    "policies.only_destructive_sql": "`policies.disable` takes out single rules",
    "production_indicators.keywords": "write glob patterns under `production_indicators.branches`, `.hosts` …",
    "env_protection.fake_values": "write `env_protection.masking_mode: fake`",
    "logging.format": "`vg metrics export --format json` is for programs",
}
"""Keys of the original system that have another place here."""


class Value(NamedTuple):
    value: Any
    where: str  # FILE:LINE


class Key(NamedTuple):
    """One setting of the schema."""

    type: Any
    default: Any
    metadata: Mapping[str, Any]


def _keys() -> dict[str, Key]:
    found: dict[str, Key] = {}

    def walk(cls: Any, prefix: str) -> None:
        hints = get_type_hints(cls)
        example = cls()
        for field in dataclasses.fields(cls):
            kind = hints[field.name]
            if dataclasses.is_dataclass(kind):
                walk(kind, f"{field.name}.")
            else:
                found[prefix + field.name] = Key(kind, getattr(example, field.name), field.metadata)

    walk(Config, "")
    return found


KEYS = _keys()
"""Dotted name -> type, default and metadata (documentation, direction of tightening)."""

SECTIONS = tuple(dict.fromkeys(name.partition(".")[0] for name in KEYS if "." in name))


def read(path: str, *, project: bool = False) -> dict[str, Value]:
    """The settings of a file by dotted name, ``preset`` and ``lock`` among them. An empty file sets nothing."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as err:
        raise ConfigError(f"cannot be read ({err.strerror})", path) from err
    return parse(decode(data, path), path, project=project)


def decode(data: bytes, path: str) -> str:
    if len(data) > MAX_SIZE:
        raise ConfigError("larger than 1 MiB; that is no configuration", path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise ConfigError("not UTF-8 text", path) from err


def parse(text: str, path: str, *, project: bool = False) -> dict[str, Value]:
    # yaml costs 15 ms: only where a configuration file changed since it was last read
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        try:
            root = loader.get_single_node()
            if root is None or _is_empty(root):
                return {}
            _refuse_aliases(root, path)
            found: dict[str, Value] = {}
            _mapping(loader, root, "", path, project, found)
            return found
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as err:
        line = min(err.problem_mark.line, text.count("\n")) + 1 if err.problem_mark else 1
        raise ConfigError(f"not valid YAML: {err.problem}", f"{path}:{line}") from err
    except (yaml.YAMLError, ValueError) as err:
        raise ConfigError(f"not valid YAML: {' '.join(str(err).split())}", path) from err
    except RecursionError as err:
        raise ConfigError("nested too deeply", path) from err


def _refuse_aliases(root: Any, path: str) -> None:
    """An alias is the same node met twice."""
    seen = {id(root)}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        children = [] if node.id == "scalar" else node.value
        for child in children:
            for part in child if isinstance(child, tuple) else (child,):
                if id(part) in seen:
                    raise ConfigError("anchors and aliases are not supported; write it out", _where(path, part))
                seen.add(id(part))
                waiting.append(part)


def _mapping(loader: Any, node: Any, prefix: str, path: str, project: bool, found: dict[str, Value]) -> None:
    if node.id != "mapping":
        name = prefix.rstrip(".") or "the file"
        raise ConfigError(f"{name} must hold `key: value` lines", _where(path, node))
    for key_node, value_node in node.value:
        where = _where(path, key_node)
        if key_node.id != "scalar":
            raise ConfigError("a key is a word", where)
        name = prefix + key_node.value
        if name in found:
            raise ConfigError(f"`{name}` is set twice", where)
        if not prefix and name in SECTIONS:
            if _is_empty(value_node):
                continue
            _mapping(loader, value_node, f"{name}.", path, project, found)
        elif name == "policies.rules":
            found[name] = Value(_rules(loader, value_node, path, project), where)
        elif name in KEYS or (not prefix and name in EXTRA):
            value = loader.construct_object(value_node, deep=True)
            found[name] = Value(check(name, value, where), where)
        else:
            raise ConfigError(f"there is no key `{name}`{nearest(name)}", where)


def _rules(loader: Any, node: Any, path: str, project: bool) -> tuple[CustomRule, ...]:
    if _is_empty(node):
        return ()
    if node.id != "sequence":
        raise ConfigError("policies.rules must be a list of rules", _where(path, node))
    made = []
    for item in node.value:
        data = loader.construct_object(item, deep=True)
        if not isinstance(data, dict):
            raise ConfigError("a rule is a mapping (docs/rules.md)", _where(path, item))
        made.append(CustomRule(data, _where(path, item), project))
    return tuple(made)


def _is_empty(node: Any) -> bool:
    return node.id == "scalar" and node.value in ("", "null", "~")


def _where(path: str, node: Any) -> str:
    return f"{path}:{node.start_mark.line + 1}"


def nearest(name: str) -> str:
    """What to write instead of a name that is no key, as the end of a sentence."""
    if name in ELSEWHERE:
        return f"; {ELSEWHERE[name]}"
    last = name.rpartition(".")[2]
    moved = next((k for k in KEYS if k.rpartition(".")[2] == last), "")  # the right key in the wrong section
    close = moved or _closest(name, [*KEYS, *SECTIONS, *EXTRA])
    return f"; did you mean `{close}`?" if close else "; `vg config schema` lists all"


def _closest(word: str, words: list[str]) -> str:
    import difflib  # only for a mistake

    return next(iter(difflib.get_close_matches(word[:100], words, n=1)), "")


def check(name: str, value: Any, where: str) -> Any:
    """``value`` in the type of the schema, or ConfigError."""
    if name == "preset":
        return _check_type(name, value, str, where)
    if name == "lock":
        locked: tuple[str, ...] = _check_type(name, value, tuple[str, ...], where)
        for entry in locked:
            if entry not in KEYS and entry not in SECTIONS:
                raise ConfigError(f"lock: there is no key `{entry}`{nearest(entry)}", where)
        return locked
    checked = _check_type(name, value, KEYS[name].type, where)
    problem = FORMS[name](checked) if name in FORMS else ""
    if problem:
        raise ConfigError(f"`{name}` {problem}", where)
    return checked


def _check_type(name: str, value: Any, kind: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        return _choice(name, value, get_args(kind), where)
    if origin is tuple:
        items = [value] if isinstance(value, str) else value
        if items is None:
            return ()
        if isinstance(items, list | tuple) and all(isinstance(item, str) for item in items):
            return tuple(items)
        raise ConfigError(f"`{name}` is a list of texts{_quote_hint(items)}", where)
    if origin is dict:
        if value is None:
            return {}
        if isinstance(value, dict) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
            return dict(value)
        raise ConfigError(f"`{name}` maps names to texts (quote numbers)", where)
    return _scalar(name, value, kind, where)


def _choice(name: str, value: Any, choices: tuple[Any, ...], where: str) -> str:
    if value is False and "off" in choices:
        return "off"  # YAML reads a bare `off` as false
    if isinstance(value, str) and value in choices:
        return value
    if isinstance(value, dict):  # the original system's form
        hints = [ELSEWHERE[f"{name}.{k}"] for k in value if f"{name}.{k}" in ELSEWHERE]
        raise ConfigError(f"`{name}` is a word, not a section{''.join(f'; {hint}' for hint in hints[:1])}", where)
    close = _closest(str(value), list(choices))
    hint = f"; did you mean `{close}`?" if close else ""
    raise ConfigError(f"`{name}` is one of {', '.join(choices)}, not {_shown(value)}{hint}", where)


def _scalar(name: str, value: Any, kind: Any, where: str) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        in_range = math.isfinite(value) and 0 <= value <= LARGEST_NUMBER
        if in_range and (kind is float or isinstance(value, int)):
            return kind(value)
    if kind is str and (isinstance(value, str) or value is None):
        return value or ""
    words = {
        bool: "true or false",
        int: "a whole number from 0 to 1000000000",
        float: "a number from 0 to 1000000000",
        str: "a text (quote it)",
    }
    raise ConfigError(f"`{name}` is {words[kind]}, not {_shown(value)}", where)


def _quote_hint(items: Any) -> str:
    odd = [item for item in items if not isinstance(item, str)] if isinstance(items, list) else [items]
    return f", not {_shown(odd[0])}" if odd else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _memory(text: str) -> str:
    return (
        ""
        if re.fullmatch(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:[kmgt](?:i?b)?)?)?", text, re.IGNORECASE)
        else "is a size such as 512m or 2g"
    )


def _duration(text: str) -> str:
    fits = re.fullmatch(r"[0-9]{1,6}[smhdw]|never", text)
    return "" if fits else "is a duration: 30m, 24h, 7d, 2w or never"


def _mounts(entries: tuple[str, ...]) -> str:
    for entry in entries:
        first, *rest = entry.split(":")
        if not first.startswith(("/", "~")) or len(rest) > 2:
            return f"has {entry!r}; write PATH[:TARGET][:ro|rw] with absolute paths"
    return ""


def _hosts(entries: tuple[str, ...]) -> str:
    for entry in entries:
        if not re.fullmatch(r"(?:\*\.)?[A-Za-z0-9_.:\[\]-]{1,255}", entry):
            return f"has {entry!r}; write host, host:port or *.host"
    return ""


FORMS: dict[str, Callable[[Any], str]] = {
    "sandbox.memory": _memory,
    "trust.default_duration": _duration,
    "sandbox.bind_mounts": _mounts,
    "sandbox.allowed_hosts": _hosts,
    "sandbox.private_hosts": _hosts,
}
"""Keys whose text has a form: value -> what is wrong with it, or empty."""


def from_text(name: str, text: str, where: str) -> Any:
    """A value given on a command line or in the environment."""
    kind = KEYS[name].type
    if kind is bool:
        if text.lower() in ("true", "yes", "on", "1"):
            return True
        if text.lower() in ("false", "no", "off", "0"):
            return False
        raise ConfigError(f"`{name}` is true or false, not {text!r}", where)
    if kind in (int, float):
        try:
            return check(name, kind(text), where)
        except ValueError as err:
            raise ConfigError(f"`{name}` is a number, not {text!r}", where) from err
    if get_origin(kind) is dict:
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        return check(name, {key.strip(): value.strip() for key, _, value in pairs}, where)
    if get_origin(kind) is tuple:
        return check(name, [part.strip() for part in text.split(",") if part.strip()], where)
    return check(name, text, where)
