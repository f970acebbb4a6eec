"""The form of a rule: which keys it has, what they may hold, and how a rule becomes a ``Rule``.

One schema for the shipped YAML and for custom rules. Every mistake is a ConfigError with FILE:LINE, the rule's id
and the nearest valid name. Nothing is guessed: a rule that cannot be read is not loaded.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from vectra_guard.errors import ConfigError
from vectra_guard.model import Remedy, Risk
from vectra_guard.rules.predicates import compile_predicate

RULE_KEYS = (
    "id", "category", "risk", "remedy", "message", "why", "instead", "manager", "always", "undecided", "when", "by",
    "examples",
)  # fmt: skip
WHEN_KEYS = (
    "command", "flags", "flags_all", "flags_none", "args", "args_all", "args_none", "first", "last", "count",
    "writes", "reads", "env", "place", "privileged",
)  # fmt: skip
LISTS = frozenset(WHEN_KEYS) - {"count", "privileged"}
WORD_LISTS = ("args", "args_all", "args_none", "first", "last", "writes", "reads")
FLAG_LISTS = ("flags", "flags_all", "flags_none", "env")
RISKS = {r.label: r for r in Risk}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says once it matches. How it matches is in ``matching``."""

    id: str
    category: str
    risk: Risk
    remedy: Remedy
    message: str
    why: str = ""
    instead: str = ""
    manager: str = ""
    always: bool = False  # holds in help and dry-run forms too
    undecided: bool = False


def nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def to_rule(data: Mapping[str, Any]) -> Rule:
    """``data`` has been checked."""
    return Rule(
        data["id"],
        data["category"],
        RISKS[data["risk"]],
        data["remedy"],
        data["message"],
        data.get("why", ""),
        data.get("instead", ""),
        data.get("manager", ""),
        bool(data.get("always")),
        bool(data.get("undecided")),
    )


def whens(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    when = data.get("when") or []
    return [when] if isinstance(when, Mapping) else list(when)


def commands(when: Mapping[str, Any]) -> list[tuple[tuple[str, ...], ...]]:
    """``apt|apt-get install|remove`` → each word as its alternatives."""
    value = when.get("command", "*")
    texts = [value] if isinstance(value, str) else value
    return [tuple(tuple(word.split("|")) for word in text.split()) for text in texts]


def check(data: Mapping[str, Any], where: str, *, shipped: bool = False) -> None:
    """Raises ConfigError when ``data`` is not a well-formed rule."""
    name = data.get("id", "?")

    def bad(text: str) -> ConfigError:
        return ConfigError(f"rule {name}: {text}", where)

    for key in data:
        if key not in RULE_KEYS or (key == "by" and not shipped):
            raise bad(f"unknown key {key!r}{nearest(str(key), RULE_KEYS)}")
    for key in ("id", "category", "risk", "remedy", "message"):
        if not isinstance(data.get(key), str) or not data[key]:
            raise bad(f"{key!r} is missing or no text")
    if not all(c.isalnum() or c in ".-_" for c in data["id"]) or "." not in data["id"]:
        raise bad("an id is AREA.NAME of letters, digits, '-', '_' and '.'")
    if data["risk"] not in RISKS:
        raise bad(f"risk {data['risk']!r} is none of {' '.join(RISKS)}{nearest(data['risk'], RISKS)}")
    if data["remedy"] not in get_args(Remedy):
        raise bad(f"remedy {data['remedy']!r} is none of {' '.join(get_args(Remedy))}")
    for key in ("why", "instead", "manager"):
        if not isinstance(data.get(key, ""), str):
            raise bad(f"{key!r} is no text")
    if not data.get("when") and not data.get("by"):
        raise bad("'when' is missing: it says which commands the rule is for")
    for when in whens(data):
        _check_when(when, bad)
    _check_examples(data.get("examples"), bad)


def _check_when(when: Any, bad: Any) -> None:
    if not isinstance(when, Mapping):
        raise bad("'when' is a mapping, or a list of mappings")
    for key, value in when.items():
        if key not in WHEN_KEYS:
            raise bad(f"unknown condition {key!r}{nearest(str(key), WHEN_KEYS)}")
        if key in LISTS and not _is_texts(value):
            raise bad(f"{key!r} is a text or a list of texts")
    if "command" not in when and not {"writes", "env"} & set(when):
        raise bad("a condition needs 'command', 'writes' or 'env'")
    if not isinstance(when.get("privileged", False), bool):
        raise bad("'privileged' is true or false")
    if "count" in when:
        try:
            read_count(when["count"])
        except ValueError as err:
            raise bad("'count' is N, N+ or N-M") from err
    try:
        for key in WORD_LISTS:
            for text in texts(when.get(key, ())):
                compile_predicate(text)
        for key in FLAG_LISTS:
            for text in texts(when.get(key, ())):
                _, sep, condition = text.partition("=")
                if sep:
                    compile_predicate(condition)
    except ValueError as err:
        raise bad(str(err)) from err


def _check_examples(value: Any, bad: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping) or not set(value) <= {"match", "miss"}:
        raise bad("'examples' holds 'match' and 'miss', lists of lines")
    for lines in value.values():
        if not _is_texts(lines):
            raise bad("'examples' holds 'match' and 'miss', lists of lines")


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, Sequence) and all(isinstance(v, str) for v in value))


def texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def read_count(value: Any) -> tuple[int, int]:
    """``2`` exactly, ``2+`` at least, ``0-1`` between. Raises ValueError."""
    text = str(value)
    if text.endswith("+"):
        return int(text[:-1]), 1 << 30
    low, sep, high = text.partition("-")
    return int(low), int(high) if sep else int(low)
