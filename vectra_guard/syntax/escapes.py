"""Backslash escapes: of ``$'…'``, of ``echo -e`` and of ``printf``. Pure text to text, accepts anything."""

from __future__ import annotations

SIMPLE = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
NUL = "\ue000"
"""A NUL byte in known output. The model uses the real one for what is not known."""
HEX = "0123456789abcdefABCDEF"
OCTAL = "01234567"


def _digits(text: str, at: int, allowed: str, most: int) -> tuple[int, int]:
    """The number written at ``at`` and where it ends; ends at ``at`` when there is none."""
    end = at
    while end < len(text) and end - at < most and text[end] in allowed:
        end += 1
    return (int(text[at:end], 16 if allowed is HEX else 8) if end > at else 0), end


def _char(code: int) -> str:
    if code == 0:
        return NUL
    return chr(code) if code <= 0x10FFFF else ""


def _bytes(text: str) -> str:
    """Escapes of bytes may spell UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def escape(text: str, at: int, octal_zero: bool = False) -> tuple[str, int]:
    """What the backslash sequence whose letter stands at ``at`` means, and where it ends."""
    c = text[at : at + 1]
    if c == "x":
        code, end = _digits(text, at + 1, HEX, 2)
        return (_char(code), end) if end > at + 1 else ("\\x", at + 1)
    if c in ("u", "U") and c:
        code, end = _digits(text, at + 1, HEX, 4 if c == "u" else 8)
        return (_char(code), end) if end > at + 1 else ("\\" + c, at + 1)
    if c and c in OCTAL:
        zero = octal_zero and c == "0"
        code, end = _digits(text, at, OCTAL, 4 if zero else 3)
        return _char(code & 0xFF), end
    if c == "c" and not octal_zero:
        nxt = text[at + 1 : at + 2]
        return _char(ord(nxt) & 0x1F) if nxt else "", min(at + 2, len(text))
    if c in SIMPLE:
        return SIMPLE[c], at + 1
    return "\\" + c, at + (1 if c else 0)


def ansi_c(text: str, at: int) -> tuple[str, int, bool]:
    """The value of ``$'…'`` whose content starts at ``at``; where it ends; whether it was closed."""
    out: list[str] = []
    n = len(text)
    while at < n:
        c = text[at]
        if c == "'":
            return _bytes("".join(out)).partition(NUL)[0], at + 1, True
        if c == "\\":
            value, at = escape(text, at + 1)
            out.append(value)
        else:
            out.append(c)
            at += 1
    return _bytes("".join(out)).partition(NUL)[0], n, False


def decode(text: str) -> tuple[str, bool]:
    """``echo -e`` and ``printf`` formats; False when ``\\c`` says to stop there."""
    if "\\" not in text:
        return text, True
    out: list[str] = []
    at, n = 0, len(text)
    while at < n:
        slash = text.find("\\", at)
        if slash < 0:
            out.append(text[at:])
            break
        out.append(text[at:slash])
        if text[slash + 1 : slash + 2] == "c":
            return _bytes("".join(out)), False
        value, at = escape(text, slash + 1, True)
        out.append(value)
    return _bytes("".join(out)), True
