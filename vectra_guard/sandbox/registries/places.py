"""Paths of a user's programs and settings, from patterns. No file is opened here.

A pattern is a path with ``~`` and ``${VAR}`` or ``${VAR:-DEFAULT}``. A pattern whose variable is not set, and
that has no default, stands for nothing; so does one that does not end up absolute.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def expand(pattern: str, env: Mapping[str, str], home: str) -> str | None:
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        text = env.get(match[1], "") or match[2] or ""
        missing = missing or not text
        return text

    path = _VARIABLE.sub(value, pattern)
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    if missing or not path.startswith("/"):
        return None
    return os.path.normpath(path)


def expand_all(patterns: Iterable[str], env: Mapping[str, str], home: str) -> tuple[str, ...]:
    found = (expand(pattern, env, home) for pattern in patterns)
    return tuple(dict.fromkeys(path for path in found if path))


def first(patterns: Iterable[str], env: Mapping[str, str], home: str) -> str | None:
    return next(iter(expand_all(patterns, env, home)), None)


def inside(path: str, folder: str) -> bool:
    return bool(folder) and (path == folder or path.startswith(folder.rstrip("/") + "/"))


def find_command(name: str, env: Mapping[str, str], project: str = "") -> str | None:
    """The program on PATH. What lies in the project is passed over: asking it would be running it,
    unjudged."""
    for folder in env.get("PATH", "").split(":"):
        path = f"{folder}/{name}"
        if folder.startswith("/") and os.access(path, os.X_OK) and os.path.isfile(path):
            if project and (inside(path, project) or inside(os.path.realpath(path), project)):
                continue
            return path
    return None
