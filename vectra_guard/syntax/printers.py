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


def located(args: list[str], stdin: str | None = None) -> str | None:
    """``which``, ``command -v``: where programs usually are."""
    names = [a for a in args if a[:1] != "-"]
    if not names or any(UNKNOWN in a for a in names):
        return None
    return "".join((a if "/" in a else "/usr/bin/" + a) + "\n" for a in names)


def path_of(args: list[str], stdin: str | None) -> str | None:
    """``type -p``, ``whence -p``."""
    return located(args) if args and args[0][:1] == "-" and set(args[0]) & set("pPc") else None


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


VALUED = {"sub": "sle", "replace": "fm", "split": "mf", "trim": "c", "repeat": "nm", "pad": "cw", "shorten": "cm"}
LONG = {"start": "s", "length": "l", "end": "e", "chars": "c", "char": "c", "count": "n", "fields": "f", "max": "m"}


def fish_string(args: list[str], stdin: str | None) -> str | None:
    """fish's ``string``: those of its commands that give text."""
    if not args:
        return None
    flags, words = _options(args[1:], VALUED.get(args[0], ""))
    own = {"join": 1, "replace": 2, "split": 1}.get(args[0], 0)
    if len(words) < own:
        return None
    items = words[own:] or (stdin.splitlines() if stdin is not None else [])
    match args[0]:
        case "join":
            items = [words[0].join(items)]
        case "collect":
            items = ["\n".join(items).rstrip("\n")]
        case "lower":
            items = [x.lower() for x in items]
        case "upper":
            items = [x.upper() for x in items]
        case "trim":
            left, right = "l" in flags, "r" in flags
            chars = flags.get("c")
            items = [
                x.lstrip(chars) if left and not right else x.rstrip(chars) if right else x.strip(chars) for x in items
            ]
        case "replace" if "r" not in flags:
            items = [x.replace(words[0], words[1], -1 if "a" in flags else 1) for x in items]
        case "split":
            items = [y for x in items for y in (x.split(words[0]) if words[0] else list(x))]
            chosen = flags.get("f", "1")
            if "f" in flags:
                items = items[int(chosen) - 1 : int(chosen)] if chosen.isdigit() and int(chosen) else []
        case "sub":
            items = [_part(x, flags) for x in items]
        case "repeat" if flags.get("n", words[0] if words else "").isdigit():
            items = [x * min(int(flags.get("n", "1")), 1000) for x in items]
        case "unescape":
            items = [decode(x)[0] for x in items]
        case "escape":
            pass
        case _:
            return None
    return "".join(x + "\n" for x in items) if items else None


def _options(args: list[str], valued: str) -> tuple[dict[str, str], list[str]]:
    flags: dict[str, str] = {}
    at = 0
    while at < len(args) and args[at][:1] == "-" and len(args[at]) > 1:
        text = args[at]
        at += 1
        if text == "--":
            break
        if text[:2] == "--":
            name, equals, value = text[2:].partition("=")
            letter = LONG.get(name, name[:1])
            if letter in valued and not equals and at < len(args):
                value, at = args[at], at + 1
            flags[letter] = value
        elif not set(text[1:2]) <= set(valued) or len(text) > 2:
            flags |= dict.fromkeys(text[1:], text[2:]) if text[1] not in valued else {text[1]: text[2:]}
        else:
            flags[text[1]] = args[at] if at < len(args) else ""
            at += 1
    return flags, args[at:]


def _part(text: str, flags: dict[str, str]) -> str:
    try:
        start, length = int(flags.get("s", "1")), int(flags.get("l", str(len(text))))
    except ValueError:
        return UNKNOWN
    start = start - 1 if start > 0 else max(0, len(text) + start)
    return text[start : start + length]
