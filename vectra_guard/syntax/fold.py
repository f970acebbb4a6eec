"""What a command prints, where that can be known from its words and its known input, without running anything.

Only tools whose output is a pure function of words and standard input. ``None``: not known. A NUL that a command would
print is NUL_CHAR here, because UNKNOWN is the model's NUL.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import posixpath
import re
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.escapes import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from vectra_guard.syntax.state import Draft, State
    from vectra_guard.syntax.walk import Walker

MAX = 65_536
NUL_CHAR = "\U0010fffe"


def output(w: Walker, draft: Draft, st: State) -> str | None:
    """The standard output of a command, or None."""
    fold = FOLDS.get(draft.name)
    if fold is None:
        return None
    args = [word.text for word in draft.words[1:]]
    if any(word.glob for word in draft.words[1:]) and draft.name != "echo":
        return None
    try:
        text = fold(args, draft.stdin_text, w, st)
    except (ValueError, IndexError, binascii.Error, re.error, LookupError, OverflowError):
        return None
    return text[:MAX] if text is not None else None


def _echo(args: list[str], _: str | None, w: Walker, st: State) -> str:
    escapes, end = st.dialect in ("zsh", "sh", "dash"), "\n"
    while args and re.fullmatch(r"-[neE]+", args[0]):
        for letter in args[0][1:]:
            end = "" if letter == "n" else end
            escapes = letter == "e" if letter in "eE" else escapes
        args = args[1:]
    text = " ".join(args)
    return (_decoded(text) if escapes else text) + end


def _printf(args: list[str], _: str | None, w: Walker, st: State) -> str | None:
    if args[:1] == ["--"]:
        args = args[1:]
    if not args or args[0] == "-v":
        return "" if args else None
    form, rest = _decoded(args[0]), args[1:]
    out: list[str] = []
    while True:
        used = 0
        at = 0
        for found in re.finditer(r"%(%|[-+ #0]*(\d*)(?:\.(\d+))?([a-zA-Z]))", form):
            out.append(form[at : found.start()])
            at = found.end()
            if found[1] == "%":
                out.append("%")
                continue
            value = rest[used] if used < len(rest) else ""
            used += 1
            out.append(_converted(found[4], value, found[3], found[2]))
        out.append(form[at:])
        rest = rest[used:]
        if not rest or not used or len(out) > 2000:
            return "".join(out)


def _converted(kind: str, value: str, precision: str | None, width: str) -> str:
    if kind == "b":
        return _decoded(value)
    if kind == "c":
        return value[:1]
    if kind in "diuxXo":
        number = int(value or "0", 0) if value[:1] not in ("'", '"') else ord(value[1])
        return {"x": f"{number:x}", "X": f"{number:X}", "o": f"{number:o}"}.get(kind, str(number))
    if kind not in "sq":
        return value
    text = value[: int(precision)] if precision else value
    return text.rjust(min(int(width), 200)) if width else text


def _cat(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    names = [a for a in args if a == "-" or not a.startswith("-")]
    if not names:
        return text
    parts = [text if name in ("-", "/dev/stdin") else w.content(name, st) for name in names]
    return None if any(part is None for part in parts) else "".join(part or "" for part in parts)


def _input(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    return text if not [a for a in args if not a.startswith("-")] else _cat(args, text, w, st)


def _rev(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    text = _input(args, text, w, st)
    return None if text is None else "".join(line[::-1] + "\n" for line in text.splitlines())


def _tac(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    text = _input(args, text, w, st)
    return None if text is None else "".join(line + "\n" for line in reversed(text.splitlines()))


def _base64(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    decode = any(a in ("-d", "-D", "--decode", "-di", "-id") for a in args)
    text = _input([a for a in args if a not in ("-w0", "-w", "0")], text, w, st)
    if text is None or (UNKNOWN in text and decode):
        return None
    if not decode:
        return base64.b64encode(_bytes(text)).decode() + "\n"
    return _text(base64.b64decode(re.sub(r"[^A-Za-z0-9+/=]", "", text) + "=="))


def _base32(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    if text is None or not any(a in ("-d", "--decode") for a in args):
        return None
    return _text(base64.b32decode(text.strip()))


def _xxd(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    flags = "".join(a[1:] for a in args if a.startswith("-"))
    text = _input(args, text, w, st)
    if text is None:
        return None
    if "r" in flags:
        return _text(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", text)))
    return _bytes(text).hex() + "\n" if "p" in flags else None


def _openssl(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    if text is None or not args or args[0] not in ("base64", "enc") or "-d" not in args:
        return None
    if args[0] == "enc" and not {"-base64", "-a"} & set(args):
        return None
    return _text(base64.b64decode(re.sub(r"\s", "", text) + "=="))


def _tr(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    flags = "".join(a[1:] for a in args if a.startswith("-") and len(a) > 1)
    sets = [_set(a) for a in args if not a.startswith("-") or len(a) == 1]
    if text is None or not sets or "c" in flags:
        return None
    if "d" in flags:
        return "".join(c for c in text if c not in sets[0])
    if len(sets) < 2 or not sets[1]:
        return text if "s" in flags else None
    table = {ord(c): sets[1][min(n, len(sets[1]) - 1)] for n, c in reversed(list(enumerate(sets[0])))}
    return text.translate(table)


def _set(text: str) -> str:
    text = _decoded(text)
    classes = {"[:lower:]": "a-z", "[:upper:]": "A-Z", "[:digit:]": "0-9", "[:space:]": " \t\n", "[:alpha:]": "A-Za-z"}
    for name, chars in classes.items():
        text = text.replace(name, chars)
    return re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), min(ord(m[2]), ord(m[1]) + 300) + 1))), text)


def _lines(args: list[str], text: str | None, w: Walker, st: State) -> tuple[str | None, str, int]:
    """(text, unit c or n, count) for head and tail."""
    unit, count, names = "n", "10", []
    position = 0
    while position < len(args):
        arg = args[position]
        if arg[:2] in ("-c", "-n"):
            unit = arg[1]
            count = arg[2:] or args[position + 1]
            position += not arg[2:]
        elif re.fullmatch(r"-\d+", arg):
            count = arg[1:]
        elif not arg.startswith("-"):
            names.append(arg)
        position += 1
    return _input(names, text, w, st), unit, int(count)


def _head(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    text, unit, count = _lines(args, text, w, st)
    if text is None:
        return None
    return text[:count] if unit == "c" else "".join(text.splitlines(True)[:count])


def _tail(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    if any("+" in a for a in args):
        return None
    text, unit, count = _lines(args, text, w, st)
    if text is None:
        return None
    return text[-count:] if unit == "c" else "".join(text.splitlines(True)[-count:])


def _cut(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    if text is None:
        return None
    joined = "\0".join(args)
    found = re.search(r"-([cbf])\0?([0-9,-]+)", joined)
    delimiter = re.search(r"-d\0?(.)", joined, re.S)
    if not found:
        return None
    first, dash, last = found[2].partition(",")[0].partition("-")
    start = int(first or 1) - 1
    end = int(last) if last else (None if dash else start + 1)
    mark = delimiter[1] if delimiter else "\t"
    made = []
    for line in text.splitlines():
        made.append(line[start:end] if found[1] in "cb" else mark.join(line.split(mark)[start:end]))
    return "\n".join(made) + "\n"


def _sed(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    scripts = [a for a in args if not a.startswith("-")]
    if text is None or len(scripts) != 1 or any(a.startswith("-i") for a in args):
        return None
    for part in scripts[0].split(";"):
        part = part.strip()
        if len(part) < 4 or part[0] != "s":
            return None
        pieces = part.split(part[1])
        if len(pieces) != 4 or len(pieces[1]) > 100 or re.search(r"[*+{\\]", pieces[1]):
            return None  # only patterns that cannot take long
        count = 0 if "g" in pieces[3] else 1
        new = pieces[2].replace("\\", "")
        text = "".join(re.sub(pieces[1], lambda _, n=new: n, line, count=count) for line in text.splitlines(True))
    return text


def _pwd(args: list[str], _: str | None, w: Walker, st: State) -> str:
    return st.cwd + "\n"


def _basename(args: list[str], _: str | None, w: Walker, st: State) -> str:
    base = posixpath.basename(args[0].rstrip("/")) or "/"
    return (base.removesuffix(args[1]) if len(args) > 1 else base) + "\n"


def _dirname(args: list[str], _: str | None, w: Walker, st: State) -> str:
    return (posixpath.dirname(args[0].rstrip("/")) or ("/" if args[0].startswith("/") else ".")) + "\n"


def _realpath(args: list[str], _: str | None, w: Walker, st: State) -> str | None:
    names = [a for a in args if not a.startswith("-")]
    if len(names) != 1 or UNKNOWN in names[0]:
        return None
    return posixpath.normpath(posixpath.join(st.cwd, names[0])) + "\n"


def _seq(args: list[str], _: str | None, w: Walker, st: State) -> str | None:
    numbers = [int(a) for a in args]
    first, step, last = (1, 1, *numbers) if len(numbers) == 1 else (numbers[0], numbers[1] if numbers[2:] else 1, numbers[-1])
    values = list(range(first, last + 1, step))[:500] if step > 0 else []
    return "".join(f"{v}\n" for v in values)


def _whoami(args: list[str], _: str | None, w: Walker, st: State) -> str | None:
    return w.facts.user + "\n" if w.facts.user else None


def _tee(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    for name in args:
        if not name.startswith("-") and not name.startswith("/dev/"):
            w.write(name, text if text is not None else UNKNOWN, "-a" in args, st)
    return text


def _expand(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    return _input(args, text, w, st)


def _rot13(args: list[str], text: str | None, w: Walker, st: State) -> str | None:
    return codecs.decode(text, "rot13") if text is not None else None


def _true(args: list[str], _: str | None, w: Walker, st: State) -> str:
    return ""


def _decoded(text: str) -> str:
    # the escapes of a NUL vanish in the shared decoder; here xargs -0 must still see them
    return decode(text.replace("\\0", NUL_CHAR) if "\\0" in text and not re.search(r"\\0[0-7]", text) else text)[0]


def _bytes(text: str) -> bytes:
    return text.replace(NUL_CHAR, "\0").encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape").replace("\0", NUL_CHAR)


FOLDS: dict[str, Callable[[list[str], str | None, Walker, State], str | None]] = {
    "echo": _echo, "printf": _printf, "print": _echo, "cat": _cat, "rev": _rev, "tac": _tac, "base64": _base64,
    "base32": _base32, "xxd": _xxd, "openssl": _openssl, "tr": _tr, "head": _head, "tail": _tail, "cut": _cut,
    "sed": _sed, "pwd": _pwd, "basename": _basename, "dirname": _dirname, "realpath": _realpath, "readlink": _realpath,
    "seq": _seq, "whoami": _whoami, "tee": _tee, "rot13": _rot13, "sort": _expand, "true": _true, ":": _true,
    "false": _true, "cd": _true, "test": _true, "[": _true, "pv": _expand, "uniq": _expand, "stdbuf": _expand,
}  # fmt: skip
