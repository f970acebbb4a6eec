"""The schema as text for people (``vg init``) and as JSON Schema for editors. One source: ``reading.KEYS``."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, get_args, get_origin

from vectra_guard.config.reading import KEYS, SECTIONS

HEAD = """# Vectra Guard. Every key with its default. To change one, remove the # before it and before its section.
# `vg config check` says whether the file is right, `vg config show --sources` what is in force.

# Start from a shipped preset: `vg preset list`.
#preset: developer
"""
NOT_TEXT = frozenset(("on", "off", "yes", "no", "y", "n", "true", "false", "null"))
"""Words that YAML takes for something else unless they are quoted."""


def template() -> str:
    """A commented configuration that changes nothing until a # is taken out."""
    lines = [HEAD]
    section = ""
    for name, key in KEYS.items():
        top, dot, last = name.rpartition(".")
        if top != section:
            section = top
            lines.append(f"\n#{top}:")
        pad = "  " if dot else ""
        lines.append(f"{pad}# {key.metadata['doc']}{_choices(key.type)}")
        lines.append(f"{pad}#{last}: {as_yaml(key.default)}")
    return "\n".join(lines) + "\n"


def _choices(kind: Any) -> str:
    return f" One of: {', '.join(get_args(kind))}." if get_origin(kind) is Literal else ""


def as_yaml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(as_yaml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(k)}: {as_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        plain = re.fullmatch(r"[a-z][a-z0-9_-]*", value) and value not in NOT_TEXT
        return value if plain else json.dumps(value, ensure_ascii=False)
    return str(value)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a configuration file."""
    root: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Vectra Guard configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "preset": {"type": "string", "description": "A shipped preset to start from."},
            "lock": {
                "type": "array",
                "items": {"type": "string"},
                "description": "System file: keys nobody may change.",
            },
        },
    }
    for section in SECTIONS:
        root["properties"][section] = {"type": "object", "additionalProperties": False, "properties": {}}
    for name, key in KEYS.items():
        section, _, last = name.rpartition(".")
        place = root["properties"][section]["properties"] if section else root["properties"]
        place[last] = {**_type(key.type), "description": key.metadata["doc"]}
        if name != "policies.rules":
            place[last]["default"] = list(key.default) if isinstance(key.default, tuple) else key.default
    return root


def _type(kind: Any) -> dict[str, Any]:
    origin = get_origin(kind)
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is tuple:
        item = get_args(kind)[0]
        return {"type": "array", "items": {"type": "string" if item is str else "object"}}
    if origin is dict:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    return {"type": {bool: "boolean", int: "integer", float: "number", str: "string"}[kind]}
