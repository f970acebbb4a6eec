"""One YAML file becomes checked values with their places. Knows the schema, not the layers.

Unknown keys and bad values raise ConfigError with FILE:LINE and the nearest valid name; nothing of such a file is used.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from vectra_guard.config.schema import Config, CustomRule
from vectra_guard.errors import ConfigError

MAX_SIZE = 1 << 20
EXTRA = ("preset", "lock")
"""Keys of a file that are not settings: which preset lies below it, and (system file) what nobody else may change."""


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
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_SIZE + 1)
    except UnicodeDecodeError as err:
        raise ConfigError("not UTF-8 text", path) from err
    except OSError as err:
        raise ConfigError(f"cannot be read ({err.strerror})", path) from err
    if len(text) > MAX_SIZE:
        raise ConfigError("larger than 1 MiB; that is no configuration", path)
    return parse(text, path, project=project)


def parse(text: str, path: str, *, project: bool = False) -> dict[str, Value]:
    # yaml costs 15 ms: only where a configuration file exists at all
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return {}
        found: dict[str, Value] = {}
        _mapping(loader, root, "", path, project, found)
        return found
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 1
        raise ConfigError(f"not valid YAML: {err.problem}", f"{path}:{line}") from err
    except RecursionError as err:
        raise ConfigError("nested too deeply", path) from err
    finally:
        loader.dispose()


def _mapping(loader: Any, node: Any, prefix: str, path: str, project: bool, found: dict[str, Value]) -> None:
    if node.id != "mapping":
        name = prefix.rstrip(".") or "the file"
        raise ConfigError(f"{name} must hold `key: value` lines", _where(path, node))
    for key_node, value_node in node.value:
        name = prefix + str(key_node.value)
        where = _where(path, key_node)
        if name in found:
            raise ConfigError(f"`{name}` is set twice", where)
        if not prefix and name in SECTIONS:
            if value_node.id == "scalar" and value_node.value in ("", "null", "~"):
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
    if node.id != "sequence":
        raise ConfigError("policies.rules must be a list of rules", _where(path, node))
    made = []
    for item in node.value:
        data = loader.construct_object(item, deep=True)
        if not isinstance(data, dict):
            raise ConfigError("a rule is a mapping (docs/rules.md)", _where(path, item))
        made.append(CustomRule(data, _where(path, item), project))
    return tuple(made)


def _where(path: str, node: Any) -> str:
    return f"{path}:{node.start_mark.line + 1}"


def nearest(name: str) -> str:
    close = difflib.get_close_matches(name, [*KEYS, *SECTIONS, *EXTRA], n=1)
    if not close:  # the right key in the wrong section
        last = name.rpartition(".")[2]
        close = [k for k in KEYS if k.rpartition(".")[2] == last][:1]
    return f"; did you mean `{close[0]}`?" if close else "; `vg config schema` lists all"


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
    return _check_type(name, value, KEYS[name].type, where)


def _check_type(name: str, value: Any, kind: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        choices = get_args(kind)
        if value is False and "off" in choices:
            return "off"  # YAML reads a bare `off` as false
        if value in choices and isinstance(value, str):
            return value
        close = difflib.get_close_matches(str(value), choices, n=1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise ConfigError(f"`{name}` is one of {', '.join(choices)}, not {value!r}{hint}", where)
    if origin is tuple:
        items = [value] if isinstance(value, str) else value
        if items is None:
            return ()
        if isinstance(items, list | tuple) and all(isinstance(item, str) for item in items):
            return tuple(items)
        raise ConfigError(f"`{name}` is a list of texts", where)
    if origin is dict:
        if value is None:
            return {}
        if isinstance(value, dict) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
            return dict(value)
        raise ConfigError(f"`{name}` maps names to texts (quote numbers)", where)
    return _scalar(name, value, kind, where)


def _scalar(name: str, value: Any, kind: Any, where: str) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    if kind is str and (isinstance(value, str) or value is None):
        return value or ""
    words = {bool: "true or false", int: "a whole number, not negative", float: "a number", str: "a text"}
    raise ConfigError(f"`{name}` is {words[kind]}, not {value!r}", where)


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
    if get_origin(kind) is tuple:
        return check(name, [part.strip() for part in text.split(",") if part.strip()], where)
    return check(name, text, where)


