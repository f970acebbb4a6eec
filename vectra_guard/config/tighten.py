"""Which change of a value makes the guard stricter. Data is in the schema; here is what it means.

Where it cannot be told whether a change is stricter, it is taken as looser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vectra_guard.config.reading import KEYS

HARMLESS = frozenset(("prompt.color", "prompt.emoji", "prompt.language", "prompt.screen_reader"))
"""Keys that change how things look and nothing else: the environment may set them as it likes."""

NETWORK_OF_LEVEL = {"permissive": "full", "balanced": "restricted", "strict": "restricted", "paranoid": "none"}
"""What ``sandbox.network_mode: level`` stands for (``sandbox.levels`` is checked against it by a test)."""


def tightened(name: str, new: Any, current: Callable[[str], Any]) -> Any:
    """The value in force once ``new`` is applied where only tightening is allowed; None: it would loosen.
    ``current``: the value of a key before the change."""
    old = current(name)
    if old == new:
        return old
    metadata = KEYS[name].metadata
    if name == "sandbox.network_mode" and not _less_network(old, new, current("sandbox.security_level")):
        return None
    return RULES[metadata["tighten"]](old, new, metadata["order"])


def _less_network(old: str, new: str, level: str) -> bool:
    order = ("full", "restricted", "none")
    meant = [order.index(NETWORK_OF_LEVEL[level] if mode == "level" else mode) for mode in (old, new)]
    return meant[1] >= meant[0]


def _order(old: Any, new: Any, order: tuple[str, ...]) -> Any:
    return new if order.index(new) >= order.index(old) else None


def _grow(old: Any, new: Any, order: tuple[str, ...]) -> Any:
    return (*old, *(item for item in new if item not in old))


def _shrink(old: Any, new: Any, order: tuple[str, ...]) -> Any:
    return new if all(item in old for item in new) else None


def _true(old: Any, new: Any, order: tuple[str, ...]) -> Any:
    return True if new is True else None


def _false(old: Any, new: Any, order: tuple[str, ...]) -> Any:
    return False if new is False else None


def _less(old: Any, new: Any, order: tuple[str, ...]) -> Any:
    """Zero means no limit."""
    return new if new > 0 and (old == 0 or new < old) else None


def _user(old: Any, new: Any, order: tuple[str, ...]) -> Any:
    return None


RULES: Mapping[str, Callable[[Any, Any, tuple[str, ...]], Any]] = {
    "order": _order,
    "grow": _grow,
    "shrink": _shrink,
    "true": _true,
    "false": _false,
    "less": _less,
    "user": _user,
}
