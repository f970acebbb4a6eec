"""What echo, printf, print, seq and fish's string write. Pure; ``None`` where it is not known."""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.escapes import decode

MAX = 65_536


def echo(args: list[str], stdin: str | None = None) -> str:
    newline, escapes = "\n", False
    while args and len(args[0]) > 1 and args[0][0] == "-" and set(args[0][1:]) <= set("neE"):
        newline = "" if "n" in args[0] else newline
        if "e" in args[0]:
            escapes = True
        if "E" in args[0]:
            escapes = False
        args = args[1:]
    text = " ".join(args)
    if escapes:
        text, go_on = decode(text)
        newline = newline if go_on else ""
    return text + newline


def zsh_print(args: list[str], stdin: str | None = None) -> str:
    raw = False
    newline = "\n"
    while args and args[0][:1] == "-" and len(args[0]) > 1:
        raw |= "r" in args[0] or "R" in args[0]
        newline = "" if "n" in args[0] else newline
        args = args[1:]
    text = " ".join(args)
    return (text if raw else decode(text)[0]) + newline


DIRECTIVE = re.compile(r"%(?:%|([-+ #0]*)(\*|\d{1,4})?(?:\.(\*|\d{1,4}))?[hlLjzt]*([sbqcdiouxXeEfFgGaA]|\([^)]*\)T))")


def printf(args: list[str], stdin: str | None = None) -> str | None:
    if args and args[0] == "--":
        args = args[1:]
    if not args or args[0] == UNKNOWN:
        return None
    form, go_on = decode(args[0])
    rest = args[1:]
    out: list[str] = []
    size = 0
    while True:
        before = len(rest)
        piece, rest, stop = _once(form, rest)
        out.append(piece)
        size += len(piece)
        if stop or not go_on or not rest or len(rest) == before or size > MAX:
            return "".join(out)


def _once(form: str, rest: list[str]) -> tuple[str, list[str], bool]:
    """The format applied once; what is left of the arguments; whether ``\\c`` in ``%b`` said to stop."""
    out: list[str] = []
    at = 0
    for found in DIRECTIVE.finditer(form):
        out.append(form[at : found.start()])
        at = found.end()
        if found.group() == "%%":
            out.append("%")
            continue
        flags, width, precision, kind = found.group(1) or "", found.group(2), found.group(3), found.group(4)
        if width == "*":
            width, rest = (rest[0] if rest else "0"), rest[1:]
        if precision == "*":
            precision, rest = (rest[0] if rest else "0"), rest[1:]
        value, rest = (rest[0] if rest else ""), rest[1:]
        if kind == "b":
            value, go_on = decode(value)
            if not go_on:
                return "".join([*out, value]), rest, True
        elif kind == "c":
            value = value[:1]
        elif kind in "diouxXeEfFgGaA":
            value = _number(value, kind)
        if precision and precision.isdigit() and kind in "sb":
            value = value[: int(precision)]
        if width and width.isdigit() and int(width) < 2000:
            zero = "0" in flags and kind in "diouxX" and "-" not in flags
            value = value.ljust(int(width)) if "-" in flags else value.rjust(int(width), "0" if zero else " ")
        out.append(value)
    out.append(form[at:])
    return "".join(out), rest, False


def _number(value: str, kind: str) -> str:
    if UNKNOWN in value:
        return UNKNOWN
    try:
        number = ord(value[1]) if value[:1] in ("'", '"') and len(value) > 1 else int(value or "0", 0)
    except ValueError:
        return "0"
    if kind in "di":
        return str(number)
    return {"o": f"{number:o}", "x": f"{number:x}", "X": f"{number:X}", "u": str(number)}.get(kind, str(number))


def yes(args: list[str], stdin: str | None) -> str:
    return ((" ".join(args) or "y") + "\n") * 20


def seq(args: list[str], stdin: str | None) -> str | None:
    separator = "\n"
    if args[:1] == ["-s"] and len(args) > 1:
        separator, args = args[1], args[2:]
    try:
        numbers = [int(a) for a in args]
    except ValueError:
        return None
    if not 1 <= len(numbers) <= 3:
        return None
    first, step, last = (1, 1, numbers[0]) if len(numbers) == 1 else (
        (numbers[0], 1, numbers[1]) if len(numbers) == 2 else (numbers[0], numbers[1], numbers[2])
    )  # fmt: skip
    if step == 0 or abs(last - first) // abs(step) > 1000:
        return None
    made = range(first, last + (1 if step > 0 else -1), step)
    return separator.join(str(n) for n in made) + "\n" if made else ""


def fish_string(args: list[str], stdin: str | None) -> str | None:
    if not args:
        return None
    words = [a for a in args[1:] if a[:1] != "-" or len(a) == 1]
    items = words if args[0] in ("join", "escape", "unescape", "lower", "upper", "trim") else []
    if args[0] == "join" and words:
        lines = words[1:] or (stdin or "").splitlines()
        return words[0].join(lines) + "\n"
    if args[0] in ("lower", "upper"):
        return "".join((x.upper() if args[0] == "upper" else x.lower()) + "\n" for x in items)
    if args[0] == "replace" and len(words) >= 3 and not any(a[:1] == "-" and "r" in a for a in args[1:]):
        count = -1 if any(a in ("-a", "--all") for a in args) else 1
        return "".join(x.replace(words[0], words[1], count) + "\n" for x in words[2:])
    if args[0] == "unescape":
        return "".join(decode(x)[0] + "\n" for x in items)
    return None
