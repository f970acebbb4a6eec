"""Brace expansion on text: lists and ranges, nested, as bash and zsh do it. Bounded: ``None`` past the bound."""

from __future__ import annotations

import re
from itertools import pairwise

MAX_WORDS = 300
MAX_OPEN = 60
RANGE = re.compile(r"(?:(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.(-?\d{1,9}))?|([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d{1,9}))?)$")


def expand(text: str) -> list[str] | None:
    """The words that ``text`` makes; itself alone when it holds no brace expression."""
    if text.count("{") > MAX_OPEN:
        return None
    return _expand(text)


def _expand(text: str) -> list[str] | None:
    start = 0
    while True:
        opened = text.find("{", start)
        if opened < 0:
            return [text]
        pieces, closed = _pieces(text, opened)
        if pieces is not None:
            break
        start = opened + 1
    tails = _expand(text[closed + 1 :])
    if tails is None:
        return None
    middles: list[str] = []
    for piece in pieces:
        made = _range(piece) if len(pieces) == 1 else _expand(piece)
        if made is None:
            return None
        middles += made
        if len(middles) > MAX_WORDS:
            return None
    if len(middles) * len(tails) > MAX_WORDS:
        return None
    head = text[:opened]
    return [head + middle + tail for middle in middles for tail in tails]


def _pieces(text: str, opened: int) -> tuple[list[str] | None, int]:
    """What stands between the commas of the brace at ``opened``, and where it closes; None when it is no list."""
    level = 0
    cuts = [opened]
    for at in range(opened, len(text)):
        c = text[at]
        if c == "{":
            level += 1
        elif c == "}":
            level -= 1
            if level == 0:
                inside = text[opened + 1 : at]
                if len(cuts) == 1:
                    return ([inside], at) if RANGE.match(inside) else (None, at)
                cuts.append(at)
                return [text[a + 1 : b] for a, b in pairwise(cuts)], at
        elif c == "," and level == 1:
            cuts.append(at)
    return None, len(text)


def _range(text: str) -> list[str] | None:
    found = RANGE.match(text)
    if not found:
        return [text]
    if found.group(1) is not None:
        first, last, step = int(found.group(1)), int(found.group(2)), abs(int(found.group(3) or 1)) or 1
        if abs(last - first) // step > MAX_WORDS:
            return None
        padded = any(len(x.lstrip("-")) > 1 and x.lstrip("-")[0] == "0" for x in found.group(1, 2))
        width = max(len(found.group(1)), len(found.group(2))) if padded else 0
        order = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
        return [str(n).zfill(width) for n in order]
    first, last, step = ord(found.group(4)), ord(found.group(5)), abs(int(found.group(6) or 1)) or 1
    order = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    return [chr(n) for n in order]
