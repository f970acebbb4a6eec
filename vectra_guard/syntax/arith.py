"""Shell arithmetic on known values. ``None`` where a value is not known or the text is no expression."""

from __future__ import annotations

import re
from collections.abc import Callable

TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]{1,16}|\d{1,2}#[0-9a-zA-Z]{1,16}|\d{1,18})|([A-Za-z_]\w*)"
    r"|(\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^!~?:(),=]))"
)
MAX_TOKENS = 200
BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "||": (1, lambda a, b: int(bool(a) or bool(b))),
    "&&": (2, lambda a, b: int(bool(a) and bool(b))),
    "|": (3, lambda a, b: a | b),
    "^": (4, lambda a, b: a ^ b),
    "&": (5, lambda a, b: a & b),
    "==": (6, lambda a, b: int(a == b)),
    "!=": (6, lambda a, b: int(a != b)),
    "<": (7, lambda a, b: int(a < b)),
    ">": (7, lambda a, b: int(a > b)),
    "<=": (7, lambda a, b: int(a <= b)),
    ">=": (7, lambda a, b: int(a >= b)),
    "<<": (8, lambda a, b: a << (b & 63)),
    ">>": (8, lambda a, b: a >> (b & 63)),
    "+": (9, lambda a, b: a + b),
    "-": (9, lambda a, b: a - b),
    "*": (10, lambda a, b: a * b),
    "/": (10, lambda a, b: int(a / b)),
    "%": (10, lambda a, b: a - b * int(a / b)),
    "**": (11, lambda a, b: a**b if 0 <= b < 64 else 0),
}


class _Unknown(Exception):
    pass


def evaluate(text: str, lookup: Callable[[str], str | None]) -> int | None:
    """The value of ``text``; ``lookup`` gives variables, None where not known."""
    tokens: list[str] = []
    at, text = 0, text.strip()
    if not text:
        return 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found or len(tokens) > MAX_TOKENS:
            return None
        tokens.append(found.group().strip())
        at = found.end()
    try:
        value, end = _binary(tokens, 0, 0, lookup)
    except (_Unknown, ZeroDivisionError, ValueError, OverflowError, IndexError, RecursionError):
        return None
    if end < len(tokens) and tokens[end] == "?":
        try:
            yes, end = _binary(tokens, end + 1, 0, lookup)
            no, end = _binary(tokens, end + 1, 0, lookup)
        except (_Unknown, ZeroDivisionError, ValueError, OverflowError, IndexError):
            return None
        value = yes if value else no
    if end != len(tokens):
        return None
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _binary(tokens: list[str], at: int, least: int, lookup: Callable[[str], str | None]) -> tuple[int, int]:
    left, at = _unary(tokens, at, lookup)
    while at < len(tokens) and tokens[at] in BINARY and BINARY[tokens[at]][0] >= least:
        rank, operate = BINARY[tokens[at]]
        right, at = _binary(tokens, at + 1, rank + 1 if tokens[at] != "**" else rank, lookup)
        left = operate(left, right)
        if left.bit_length() > 128:
            raise _Unknown
    return left, at


def _unary(tokens: list[str], at: int, lookup: Callable[[str], str | None]) -> tuple[int, int]:
    word = tokens[at]
    if word == "(":
        value, at = _binary(tokens, at + 1, 0, lookup)
        if tokens[at] != ")":
            raise _Unknown
        return value, at + 1
    if word in "+-!~":
        value, at = _unary(tokens, at + 1, lookup)
        return {"+": value, "-": -value, "!": int(not value), "~": ~value}[word], at
    if word[0].isdigit():
        if "#" in word:
            base, digits = word.split("#", 1)
            return int(digits, int(base)), at + 1
        if word[:2] in ("0x", "0X"):
            return int(word, 16), at + 1
        return int(word, 8 if word[0] == "0" and len(word) > 1 else 10), at + 1
    if word[0].isalpha() or word[0] == "_":
        known = lookup(word)
        if known is None:
            raise _Unknown
        return int(known or "0", 0), at + 1
    raise _Unknown
