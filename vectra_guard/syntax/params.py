"""Parameter expansion operators on known text: what ``${x#pat}``, ``${x/a/b}``, ``${x:2:3}`` … give. Pure.

Shell patterns are matched by a translation to a regular expression in which every ``*`` is matched lazily or greedily
without nesting, on text of bounded length; past the bounds the answer is not known (``None``).
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_TEXT = 2000
MAX_TEXT_STARS = 120  # where a pattern has several stars: matching backtracks
MAX_STARS = 4


def _too_long(text: str, pattern: str) -> bool:
    return len(text) > (MAX_TEXT if pattern.count("*") < 2 else MAX_TEXT_STARS)


@lru_cache(maxsize=256)
def _regex(pattern: str, shortest: bool) -> re.Pattern[str] | None:
    out: list[str] = []
    at, stars = 0, 0
    while at < len(pattern):
        c = pattern[at]
        at += 1
        if c == "*":
            if not out or out[-1] not in (".*", ".*?"):
                out.append(".*?" if shortest else ".*")
                stars += 1
        elif c == "?":
            out.append(".")
        elif c == "[":
            end = pattern.find("]", at + 1)
            if end < 0:
                out.append("\\[")
                continue
            inside = pattern[at:end].replace("\\", "\\\\")
            inside = re.sub(r"\[:(\w+):", lambda m: "\0" + m.group(1) + "\0", inside)
            inside = re.sub(r"([\[&~|])", r"\\\1", inside).replace("--", "-\\-")
            inside = re.sub("\0(\\w+)\0", lambda m: CLASSES.get(m.group(1), ""), inside)
            out.append("[" + ("^" + inside[1:] if inside[:1] in ("!", "^") else inside) + "]")
            at = end + 1
        elif c == "\\" and at < len(pattern):
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append(re.escape(c))
    if stars > MAX_STARS:
        return None
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        return None


CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": " \\t\\n",
    "blank": " \\t", "punct": "!-/:-@\\[-`{-~", "xdigit": "0-9a-fA-F",
}  # fmt: skip


def quote_pattern(text: str) -> str:
    """Text that was quoted, as a pattern that matches only itself."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)


def remove(text: str, pattern: str, op: str) -> str | None:
    """``#`` ``##`` ``%`` ``%%``."""
    found = _regex(pattern, len(op) == 1)
    if found is None or _too_long(text, pattern):
        return None
    if op[0] == "#":
        match = found.match(text)
        return text if match is None else text[match.end() :]
    ends = range(len(text), -1, -1) if len(op) == 1 else range(len(text) + 1)
    for start in ends:
        if found.fullmatch(text, start):
            return text[:start]
    return text


def replace(text: str, pattern: str, by: str, op: str) -> str | None:
    """``/`` ``//`` ``/#`` ``/%``."""
    found = _regex(pattern, False)
    if found is None or _too_long(text, pattern):
        return None
    if not pattern:
        return text
    if op == "//":
        return found.sub(lambda m: by if m.group() else "", text)
    if op == "/#":
        match = found.match(text)
        return by + text[match.end() :] if match else text
    if op == "/%":
        for start in range(len(text) + 1):
            if found.fullmatch(text, start):
                return text[:start] + by
        return text
    return found.sub(lambda m: by, text, count=1)


def change_case(text: str, op: str) -> str:
    if op == "^^":
        return text.upper()
    if op == ",,":
        return text.lower()
    if op == "^":
        return text[:1].upper() + text[1:]
    return text[:1].lower() + text[1:]


def matches(text: str, pattern: str) -> bool | None:
    found = _regex(pattern, False)
    if found is None or _too_long(text, pattern):
        return None
    return found.fullmatch(text) is not None
