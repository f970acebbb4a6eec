"""What simple text commands print, where their words and input are known: echo, printf, tr, rev, base64 and so on.

Nothing is run. An option that is not understood makes the output unknown (``None``), never wrong. ``UNKNOWN`` may
stand inside a result that is known in part.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.escapes import NUL, decode
from vectra_guard.syntax.state import Draft, State

if TYPE_CHECKING:
    from vectra_guard.syntax.walk import Walker

MAX = 65_536
SILENT = frozenset(
    "true false : cd test [ [[ (( sleep mkdir touch chmod chown ln cp mv rm rmdir kill wait unset shift umask exit"
    " return break continue set shopt setopt unsetopt install".split()
)


def output(w: Walker, draft: Draft, st: State) -> str | None:
    name = draft.name
    if name in SILENT:
        if name in COPIES:
            COPIES[name](w, draft, st)
        return ""
    known = FOLDS.get(name)
    if known is None:
        return None
    args = [x.text for x in draft.words[1:]]
    if name in PARTIAL:
        return known(args, None)
    if any(UNKNOWN in a for a in args):
        return None
    stdin = w.input_of(draft, st)
    if name in CONTEXT:
        return CONTEXT[name](w, args, stdin, st)
    return known(args, stdin)


# Printers


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


# Filters


def _cat(w: Walker, args: list[str], stdin: str | None, st: State) -> str | None:
    if any(a[:1] == "-" and a not in ("-", "-u", "--") for a in args):
        return None
    files = [a for a in args if a not in ("-u", "--")] or ["-"]
    out: list[str] = []
    for name in files:
        text = stdin if name in ("-", "/dev/stdin") else w.content(name, st)
        if text is None:
            return None if len(files) == 1 else UNKNOWN
        out.append(text)
    return "".join(out)


def _input(w: Walker, args: list[str], stdin: str | None, st: State) -> str | None:
    """Input of a filter: the file that its last operand names, where this line wrote it, else standard input."""
    if args and args[-1][:1] != "-":
        known = w.content(args[-1], st)
        if known is not None:
            return known
    return stdin


def rev(args: list[str], stdin: str | None) -> str | None:
    if stdin is None or args:
        return None
    return "".join(line[::-1] + "\n" for line in stdin.splitlines())


def tac(args: list[str], stdin: str | None) -> str | None:
    if stdin is None or args:
        return None
    return "".join(line + "\n" for line in reversed(stdin.splitlines()))


CLASSES = {
    "lower": "abcdefghijklmnopqrstuvwxyz", "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "digit": "0123456789",
    "alpha": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "space": "\t\n\v\f\r ", "blank": "\t ",
    "alnum": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "xdigit": "0123456789ABCDEFabcdef", "cntrl": "\x01\x02\x7f",
    "print": "".join(chr(c) for c in range(32, 127)), "graph": "".join(chr(c) for c in range(33, 127)),
}  # fmt: skip


def _set(text: str) -> str:
    text = decode(text)[0]
    text = re.sub(r"\[:(\w+):\]", lambda m: CLASSES.get(m.group(1), ""), text)
    out: list[str] = []
    at = 0
    while at < len(text):
        if at + 2 < len(text) and text[at + 1] == "-" and ord(text[at]) <= ord(text[at + 2]) < ord(text[at]) + 300:
            out += [chr(c) for c in range(ord(text[at]), ord(text[at + 2]) + 1)]
            at += 3
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def tr(args: list[str], stdin: str | None) -> str | None:
    flags = "".join(a[1:] for a in args if a[:1] == "-" and len(a) > 1)
    sets = [_set(a) for a in args if a[:1] != "-" or len(a) == 1]
    if stdin is None or not sets or not set(flags) <= set("dscCt"):
        return None
    complement = "c" in flags or "C" in flags
    first = set(sets[0])

    def member(char: str) -> bool:
        return (char not in first) if complement else (char in first)

    if "d" in flags:
        return "".join(c for c in stdin if c == UNKNOWN or not member(c))
    if len(sets) < 2:
        return _squeeze(stdin, first) if "s" in flags else None
    to = sets[1] or sets[0]
    if complement:
        made = "".join(to[-1] if member(c) else c for c in stdin)
    else:
        table = {ord(c): to[min(n, len(to) - 1)] for n, c in reversed(list(enumerate(sets[0])))}
        made = stdin.translate(table)
    return _squeeze(made, set(to)) if "s" in flags else made


def _squeeze(text: str, chars: set[str]) -> str:
    return "".join(c for n, c in enumerate(text) if not n or c != text[n - 1] or c not in chars)


def b64(args: list[str], stdin: str | None) -> str | None:
    flags = [a for a in args if a[:1] == "-"]
    if stdin is None:
        return None
    if any(f in ("-d", "-D", "--decode", "-di", "-id") for f in flags):
        return decode64(stdin)
    return base64.b64encode(_raw(stdin)).decode() + "\n" if UNKNOWN not in stdin else None


def decode64(text: str) -> str | None:
    text = re.sub(r"[^A-Za-z0-9+/=_-]", "", text) if UNKNOWN not in text else ""
    if not text:
        return None
    try:
        return _text(base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None


def b32(args: list[str], stdin: str | None) -> str | None:
    if stdin is None or UNKNOWN in stdin or not any(a in ("-d", "--decode") for a in args):
        return None
    try:
        return _text(base64.b32decode("".join(stdin.split())))
    except (binascii.Error, ValueError):
        return None


def _raw(text: str) -> bytes:
    return text.replace(NUL, "\0").encode("utf-8", "surrogateescape" if text.isprintable() else "replace")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape").replace("\0", NUL)


def xxd(args: list[str], stdin: str | None) -> str | None:
    flags = "".join(a[1:] for a in args if a[:1] == "-")
    if stdin is None or UNKNOWN in stdin or "r" not in flags:
        return None
    if "p" in flags:
        digits = re.sub(r"[^0-9a-fA-F]", "", stdin)
    else:
        digits = "".join(re.sub(r"\s", "", line.split(": ", 1)[-1].split("  ")[0]) for line in stdin.splitlines())
    try:
        return _text(bytes.fromhex(digits[: len(digits) // 2 * 2]))
    except ValueError:
        return None


def openssl(args: list[str], stdin: str | None) -> str | None:
    if args[:1] not in (["base64"], ["enc"]) or "-d" not in args:
        return None
    if args[0] == "enc" and not any(a in ("-base64", "-a") for a in args):
        return None
    return decode64(stdin) if stdin is not None else None


def _count(args: list[str], letters: str) -> tuple[str, str] | None:
    """``-n 3``, ``-n3``, ``-3``, ``-c 5``: the option's letter and its number; the default is ten lines."""
    at, found = 0, ("n", "10")
    while at < len(args):
        text = args[at]
        if re.fullmatch(r"-[+]?\d+", text):
            found = ("n", text[1:])
        elif text[:2] in [f"-{c}" for c in letters]:
            value = text[2:] or (args[at + 1] if at + 1 < len(args) else "")
            at += 0 if text[2:] else 1
            found = (text[1], value)
        elif text.startswith(("--lines=", "--bytes=")):
            found = ("n" if text[2] == "l" else "c", text.partition("=")[2])
        elif text[:1] == "-" and text not in ("-q",):
            return None
        at += 1
    return found


def head(args: list[str], stdin: str | None) -> str | None:
    count = _count(args, "nc")
    if stdin is None or count is None or not re.fullmatch(r"-?\d{1,9}", count[1]):
        return None
    number = int(count[1])
    return stdin[:number] if count[0] == "c" else "".join(stdin.splitlines(True)[:number])


def tail(args: list[str], stdin: str | None) -> str | None:
    count = _count(args, "nc")
    if stdin is None or count is None or not re.fullmatch(r"[+-]?\d{1,9}", count[1]):
        return None
    plus, number = count[1][0] == "+", abs(int(count[1]))
    units: list[str] = list(stdin) if count[0] == "c" else stdin.splitlines(True)
    return "".join(units[max(0, number - 1) :] if plus else units[len(units) - min(number, len(units)) :])


def cut(args: list[str], stdin: str | None) -> str | None:
    if stdin is None:
        return None
    kind, spec, delimiter, at = "", "", "\t", 0
    while at < len(args):
        text = args[at]
        if text[:2] in ("-d", "-f", "-c", "-b"):
            value = text[2:] or (args[at + 1] if at + 1 < len(args) else "")
            at += 0 if text[2:] else 1
            if text[1] == "d":
                delimiter = value
            else:
                kind, spec = text[1], value
        elif text[:1] == "-" and text != "-s":
            return None
        at += 1
    picks = _ranges(spec)
    if not kind or picks is None or not delimiter:
        return None
    out: list[str] = []
    for line in stdin.splitlines():
        units = line.split(delimiter) if kind == "f" else list(line)
        if kind == "f" and len(units) == 1:
            out.append(line)
            continue
        kept = [u for n, u in enumerate(units, 1) if any(a <= n <= b for a, b in picks)]
        out.append((delimiter if kind == "f" else "").join(kept))
    return "".join(line + "\n" for line in out)


def _ranges(spec: str) -> list[tuple[int, int]] | None:
    made: list[tuple[int, int]] = []
    for piece in spec.split(","):
        found = re.fullmatch(r"(\d{0,6})(-?)(\d{0,6})", piece)
        if not found or not piece.strip("-"):
            return None
        first = int(found.group(1) or 1)
        made.append((first, int(found.group(3) or 10**6) if found.group(2) else first))
    return made


SED = re.compile(r"\s*(?:y|s)(.)")


def sed(args: list[str], stdin: str | None) -> str | None:
    """Substitutions of plain text only."""
    scripts: list[str] = []
    at = 0
    while at < len(args):
        if args[at] in ("-e", "--expression") and at + 1 < len(args):
            scripts.append(args[at + 1])
            at += 1
        elif args[at] in ("-E", "-r"):
            pass
        elif args[at][:1] == "-" or scripts:
            return None
        else:
            scripts.append(args[at])
        at += 1
    if stdin is None or not scripts:
        return None
    text = stdin
    for script in [x for s in scripts for x in _sed_parts(s)]:
        made = _substitute(script, text)
        if made is None:
            return None
        text = made
    return text


def _sed_parts(script: str) -> list[str]:
    found = SED.match(script)
    if found and script.count(found.group(1)) == 3:
        return [script]
    return [p for p in script.split(";") if p.strip()]


def _substitute(script: str, text: str) -> str | None:
    script = script.strip()
    if len(script) < 4 or script[0] not in "sy":
        return None
    pieces = re.split(r"(?<!\\)" + re.escape(script[1]), script[2:])
    if len(pieces) != 3:
        return None
    old, new, flags = pieces
    if script[0] == "y":
        return text.translate({ord(a): b for a, b in zip(old, new, strict=False)}) if len(old) == len(new) else None
    plain = re.sub(r"\\(.)", r"\1", old)
    if re.search(r"[][*?^$.+(){}|]", re.sub(r"\\.", "", old)) or re.search(r"\\[a-zA-Z0-9]", old + new) or "&" in new:
        return _regex_sub(old, new, flags, text)
    new = re.sub(r"\\(.)", r"\1", new)
    if not set(flags) <= set("g") or not plain:
        return None
    return "".join(line.replace(plain, new, -1 if flags else 1) for line in text.splitlines(True))


def _regex_sub(old: str, new: str, flags: str, text: str) -> str | None:
    """Only what cannot backtrack: one character, a set, an anchor, or a single star or plus."""
    if not re.fullmatch(r"\^?(?:\[[^]]+\]|\.|[\w /@:,=-]+)?[*+]?\$?", old) or "\\" in new or not set(flags) <= set("g"):
        return None
    if len(text) > 4000 or not old or len(re.findall(r"[*+]", old)) > 1:
        return None
    try:
        made = re.compile(old)
    except re.error:
        return None
    by = new.replace("&", "\0amp")
    def put(match: re.Match[str]) -> str:
        return by.replace("\0amp", match.group())

    return "".join(
        made.sub(put, line.removesuffix("\n"), count=0 if "g" in flags else 1) + ("\n" if line.endswith("\n") else "")
        for line in text.splitlines(True)
    )


def basename(args: list[str], stdin: str | None) -> str | None:
    args = [a for a in args if a not in ("--", "-a")]
    if not args or args[0][:1] == "-":
        return None
    name = args[0].rstrip("/").rpartition("/")[2] or "/"
    return (name.removesuffix(args[1]) if len(args) > 1 and name != args[1] else name) + "\n"


def dirname(args: list[str], stdin: str | None) -> str | None:
    return (posixpath.dirname(args[0].rstrip("/")) or ("/" if args[0][:1] == "/" else ".")) + "\n" if args else None


def _first_line_sorted(args: list[str], stdin: str | None) -> str | None:
    if stdin is None or args:
        return None
    return "".join(x + "\n" for x in sorted(stdin.splitlines()))


def _paste(args: list[str], stdin: str | None) -> str | None:
    if stdin is None or "-s" not in "".join(args) and "-sd" not in "".join(args):
        return None
    joined = "".join(args)
    found = re.search(r"d(.?)", joined)
    return (found.group(1) if found else "\t").join(stdin.splitlines()) + "\n"


def _fish_string(args: list[str], stdin: str | None) -> str | None:
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


def _pwd(w: Walker, args: list[str], stdin: str | None, st: State) -> str | None:
    return st.cwd + "\n"


def _whoami(w: Walker, args: list[str], stdin: str | None, st: State) -> str | None:
    if "sudo" in st.wrappers:
        return "root\n"
    return w.facts.user + "\n" if w.facts.user else None


def _with_file(filter_: Callable[[list[str], str | None], str | None]) -> Callable[..., str | None]:
    def run(w: Walker, args: list[str], stdin: str | None, st: State) -> str | None:
        if args and args[-1][:1] != "-" and len(args) > 0:
            known = w.content(args[-1], st)
            if known is not None:
                return filter_(args[:-1], known)
        return filter_(args, stdin)

    return run


def _psub(w: Walker, args: list[str], stdin: str | None, st: State) -> str | None:
    if stdin is None:
        return None
    path = f"/tmp/.psub.{len(w.files)}"  # noqa: S108 - a name for what fish makes, nothing is written
    w.files[path] = stdin
    return path + "\n"


def _tee(w: Walker, args: list[str], stdin: str | None, st: State) -> str | None:
    for name in args:
        if name[:1] != "-" and not name.startswith("/dev/"):
            w.write(name, UNKNOWN if stdin is None else stdin, "-a" in args, st)
    return stdin


def _copied(w: Walker, draft: Draft, st: State) -> None:
    """``cp`` ``ln`` ``mv`` ``install`` of a program: the new name means the old program."""
    from vectra_guard.syntax.names import command_name, normal

    operands = [x.text for x in draft.words[1:] if x.text[:1] != "-"]
    if len(operands) != 2 or UNKNOWN in operands[0] + operands[1]:
        return
    source, target = operands
    known = w.content(source, st)
    where = normal(target, st.cwd)
    if target.endswith("/") or target in (".", ".."):
        where = normal(target.rstrip("/") + "/" + source.rpartition("/")[2], st.cwd)
    if known is not None:
        w.files[where] = known
    name = command_name(source, w.copies, st.cwd)
    if "/" in source and name != source:
        w.copies[where] = name
        w.copies["bin:" + where.rpartition("/")[2]] = name


COPIES = {"cp": _copied, "ln": _copied, "mv": _copied, "install": _copied}
PARTIAL = frozenset({"echo", "printf", "print"})
FOLDS: dict[str, Callable[[list[str], str | None], str | None]] = {
    "echo": echo, "printf": printf, "print": zsh_print, "seq": seq, "rev": rev, "tac": tac, "tr": tr,
    "base64": b64, "gbase64": b64, "base32": b32, "xxd": xxd, "openssl": openssl, "head": head, "tail": tail,
    "cut": cut, "sed": sed, "basename": basename, "dirname": dirname, "sort": _first_line_sorted, "paste": _paste,
    "string": _fish_string, "cat": rev, "pwd": rev, "whoami": rev, "tee": rev, "psub": rev,
}  # fmt: skip
CONTEXT: dict[str, Callable[..., str | None]] = {
    "cat": _cat, "pwd": _pwd, "whoami": _whoami, "tee": _tee, "psub": _psub,
    "base64": _with_file(b64), "rev": _with_file(rev), "xxd": _with_file(xxd), "tac": _with_file(tac),
    "head": _with_file(head), "tail": _with_file(tail), "sed": _with_file(sed), "cut": _with_file(cut),
}  # fmt: skip
