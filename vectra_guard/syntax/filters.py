"""Text filters on known input: tr, rev, base64, cut, sed and so on. Pure; ``None`` where the result is not known.

An option that is not understood makes the output unknown, never wrong.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import re

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.escapes import NUL, decode


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
    try:
        return text.replace(NUL, "\0").encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b""


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


def gunzip(args: list[str], stdin: str | None) -> str | None:
    """gzip, zlib and their kin: bounded, so that a bomb stays small."""
    if stdin is None or UNKNOWN in stdin or any(a[:1] != "-" for a in args):
        return None
    import zlib  # rarely needed

    try:
        data = zlib.decompressobj(47).decompress(_raw(stdin), 65_536)
    except zlib.error:
        return None
    return _text(data)


def gzip(args: list[str], stdin: str | None) -> str | None:
    return gunzip(args, stdin) if any("d" in a for a in args) else None


def same(args: list[str], stdin: str | None) -> str | None:
    """Filters that at most leave lines out: taken to leave out none."""
    return stdin


def grep(args: list[str], stdin: str | None) -> str | None:
    if any(a[:1] == "-" and not set(a[1:]) <= set("EFGieaqs") for a in args) or len(args) > 2:
        return None
    return stdin


def dd(args: list[str], stdin: str | None) -> str | None:
    return None if any(a.startswith(("if=", "of=", "skip=", "count=", "conv=")) for a in args) else stdin


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


PRINT = re.compile(r"\s*(?:1|\{\s*print\s*((?:\$\d+|\"[^\"\\\\]*\"|[, ])*);?\s*\})\s*")
FIELD = re.compile(r"\$(\d+)|\"([^\"]*)\"|(,)")


def awk(args: list[str], stdin: str | None) -> str | None:
    """Programs that only print fields and literals."""
    between: str | None = None
    if args and args[0][:2] == "-F":
        between = args[0][2:] or (args[1] if len(args) > 1 else " ")
        args = args[1 if args[0][2:] else 2 :]
    found = PRINT.fullmatch(args[0]) if len(args) == 1 and len(args[0]) < 200 else None
    if stdin is None or found is None or (between is not None and len(between) != 1):
        return None
    parts = FIELD.findall(found.group(1) or "") or [("0", "", "")]
    out: list[str] = []
    for line in stdin.splitlines():
        fields = [line, *(line.split() if between in (None, " ") else line.split(between))]
        for number, literal, comma in parts:
            out.append(
                " " if comma else literal or (fields[int(number)] if 0 <= int(number or 0) < len(fields) else "")
            )
        out.append("\n")
    return "".join(out)


SED = re.compile(r"\s*(?:y|s)(.)")


def sed(args: list[str], stdin: str | None) -> str | None:
    """Substitutions of plain text only."""
    scripts: list[str] = []
    at, extended, printing = 0, False, True
    while at < len(args):
        if args[at] in ("-e", "--expression") and at + 1 < len(args):
            scripts.append(args[at + 1])
            at += 1
        elif args[at] in ("-E", "-r"):
            extended = True
        elif args[at] == "-n":
            printing = False
        elif args[at][:1] == "-" or scripts:
            return None
        else:
            scripts.append(args[at])
        at += 1
    if stdin is None or not scripts:
        return None
    if not printing:
        return stdin if scripts in (["p"], ["1,$p"]) else None
    text = stdin
    if extended:
        scripts = [re.sub(r"(?<!\\)\(([^()]*)\)", r"\\(\1\\)", x) for x in scripts]
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
    group = re.fullmatch(r"\\\(([^()\\]*)\\\)", old)
    if group:
        old, new = group.group(1), new.replace("\\1", "&")
    new = new.replace("\\\\", "\0\0")  # two backslashes are one that is written
    if not re.fullmatch(r"\^?(?:\[[^]]+\]|\.{1,9}|[\w /@:,=-]+)?[*+]?\$?", old) or "\\" in new:
        return None
    if not set(flags) <= set("g"):
        return None
    if len(text) > 4000 or not old or len(re.findall(r"[*+]", old)) > 1:
        return None
    try:
        made = re.compile(old)
    except re.error:
        return None
    by = new.replace("\0\0", "\\").replace("&", "\0amp")

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


def sort(args: list[str], stdin: str | None) -> str | None:
    if stdin is None or not set(args) <= {"-u", "-r", "-n", "-f", "-h", "-V"}:
        return None
    return "".join(x + "\n" for x in sorted(stdin.splitlines()))


JQ = re.compile(r'\s*(?:"([^"\\]*)"|\.)?\s*\|?\s*@base64d\s*')


def jq(args: list[str], stdin: str | None) -> str | None:
    """Decoding only."""
    programs = [a for a in args if a[:1] != "-"]
    found = JQ.fullmatch(programs[0]) if len(programs) == 1 else None
    text = found.group(1) or stdin if found else None
    return decode64(text) if text is not None else None


def paste(args: list[str], stdin: str | None) -> str | None:
    if stdin is None or ("-s" not in "".join(args) and "-sd" not in "".join(args)):
        return None
    joined = "".join(args)
    found = re.search(r"d(.?)", joined)
    return (found.group(1) if found else "\t").join(stdin.splitlines()) + "\n"
