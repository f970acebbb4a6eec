"""Which caches a command needs, by its words. Too many is harmless, too few costs time: nothing here is a
security decision."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vectra_guard.sandbox.caches.table import ROWS

_BY_COMMAND = {command: name for name, row in ROWS.items() for command in row.commands}
_VERSIONED = re.compile(r"(?:\d+(?:\.\d+)*)$|\.(?:exe|cmd|sh|phar|py)$")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*$")
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "fish", "ksh", "busybox"})
_PREFIXES = frozenset(
    {
        "env", "nice", "nohup", "time", "timeout", "stdbuf", "setsid", "ionice", "chrt", "command", "exec", "xvfb-run",
        "corepack", "direnv", "unbuffer", "script", "strace", "mise", "asdf",
    }
)  # fmt: skip
_ALSO = {"uv": ("pip",), "poetry": ("pip",), "pnpm": ("npm",), "bundler": ("gem",), "gradle": ("maven",)}
"""Managers that may hand over to another."""
_MAX_WORDS = 12


def _named(word: str) -> str | None:
    base = word.rpartition("/")[2]
    return _BY_COMMAND.get(base) or _BY_COMMAND.get(_VERSIONED.sub("", base))


def for_command(argv: Sequence[str]) -> tuple[str, ...]:
    """Names of rows of the table, the command's own first."""
    words = list(argv)
    while words:
        base = words[0].rpartition("/")[2]
        if base in _SHELLS:
            return _also(_in_text(" ".join(words[1:])))
        if _PYTHON.match(base):
            module = next((words[at + 1] for at in range(1, len(words) - 1) if words[at] == "-m"), "")
            return _also([name] if (name := _named(module)) else [])
        name = _named(base)
        if name:
            return _also([name])
        if base not in _PREFIXES and "=" not in words[0]:
            return ()
        words = _after_prefix(words)
    return ()


def _after_prefix(words: list[str]) -> list[str]:
    """The words from the first one that can be a command on."""
    for at in range(1, min(len(words), _MAX_WORDS)):
        base = words[at].rpartition("/")[2]
        if _named(base) or base in _PREFIXES or base in _SHELLS or _PYTHON.match(base):
            return words[at:]
    return []


def _in_text(text: str) -> list[str]:
    """Managers that a line of shell names anywhere."""
    words = re.split(r"[\s;&|()<>'\"`=]+", text)
    found = [name for word in words if (name := _named(word))]
    return list(dict.fromkeys(found))


def _also(names: list[str]) -> tuple[str, ...]:
    further = [other for name in names for other in _ALSO.get(name, ())]
    return tuple(dict.fromkeys((*names, *further)))
