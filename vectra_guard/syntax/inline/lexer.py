"""One tokenizer for perl, ruby, php, javascript, lua and awk, steered by a ``Dialect``. Linear, never raises.

It knows strings, comments, interpolation, here-documents, quote operators and where a slash starts a regular
expression. It does not know grammar. An unclosed string runs to the end of the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from vectra_guard.syntax.inline.emit import UNK, clean

MAX_TOKENS = 15_000


class Token(NamedTuple):
    """``kind``: name, var, num, str, run (a command string), code, glob, handle, op, nl. ``value``: the text, or
    for str and run the parts: literal text, or ``(source,)`` for an interpolated expression."""

    kind: str
    value: str
    parts: tuple[str | tuple[str], ...] = ()
    spaced: bool = False  # white space stood before it


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the languages' words."""

    name: str
    comments: tuple[str, ...]
    block: tuple[str, str] | None = None
    interpolating: str = '"'  # quotes whose text is interpolated
    raw: str = "'"
    backtick: str = "run"  # run, str (javascript's template) or "" (none)
    hole: str = ""  # interpolation of expressions: "#{" or "${"; "" for $name
    sigils: str = ""
    operators: frozenset[str] = frozenset()  # q qq qw qx m s tr y …
    percent: bool = False  # ruby's %x(…) %w[…] %q(…)
    heredoc: str = ""  # "<<" or "<<<"
    regex: bool = True
    newlines: bool = False  # a newline ends a statement


_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "", "a": "\a", "e": "\x1b", "f": "\f", "v": "\v", "b": "\b"}
_LONG = ("<=>", "===", "!==", "...", "**=", "||=", "&&=", "//=", "?->", "=>", "->", "::", "..", ".=",
    "+=", "-=",
         "*=", "||", "&&", "//", "==", "!=", "=~", "!~", "<=", ">=", "<<", ">>", "&.", "?.", "++", "--",
             "??", "|&")  # fmt: skip
_STARTS = frozenset("=!~|&.*/-?:<>%+")
_REGEX_AFTER = frozenset(
    [
        "for",
        "foreach",
        "unlink",
        "return",
        "if",
        "unless",
        "while",
        "until",
        "and",
        "or",
        "not",
        "split",
        "grep",
        "map",
        "join",
        "x",
        "puts",
        "print",
        "when",
        "case",
        "in",
        "of",
        "typeof",
        "delete",
    ]
)


def tokens(source: str, dialect: Dialect) -> list[Token]:
    return _Lexer(source, dialect).all()


class _Lexer:
    def __init__(self, source: str, dialect: Dialect) -> None:
        self.text = source
        self.dialect = dialect
        self.at = 0
        self.out: list[Token] = []
        self.resume = -1  # after the bodies of here-documents, once this line ends
        self.spaced = False

    def put(self, kind: str, value: str, parts: tuple[str | tuple[str], ...] = ()) -> None:
        self.out.append(Token(kind, value, parts, self.spaced))
        self.spaced = False

    def all(self) -> list[Token]:
        text, size = self.text, len(self.text)
        while self.at < size and len(self.out) < MAX_TOKENS:
            char = text[self.at]
            if char in " \t\r":
                self.at += 1
                self.spaced = True
            elif char == "\n":
                self.put("nl", "\n")
                self.at = max(self.at + 1, self.resume)
                self.resume = -1
                self.spaced = True
            elif not self.comment(char):
                self.token(char)
        if self.at < size:
            self.put("code", UNK)
        return self.out

    def comment(self, char: str) -> bool:
        for mark in self.dialect.comments:
            if char == mark[0] and self.text.startswith(mark, self.at):
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
                return True
        block = self.dialect.block
        if block and char == block[0][0] and self.text.startswith(block[0], self.at):
            end = self.text.find(block[1], self.at + len(block[0]))
            self.at = len(self.text) if end < 0 else end + len(block[1])
            self.spaced = True
            return True
        return False

    def token(self, char: str) -> None:
        dialect, text, at = self.dialect, self.text, self.at
        following = text[at + 1] if at + 1 < len(text) else ""
        if char in dialect.sigils and (following.isalnum() or following in "_{:"):
            self.variable(char, following)
        elif char.isalpha() or char == "_" or char == "\0" or char == UNK:
            self.name()
        elif char.isdigit():
            end = at + 1
            while end < len(text) and (text[end].isalnum() or (text[end] == "." and text[end + 1 : end + 2].isdigit())):
                end += 1
            self.at = end
            self.put("num", text[at:end])
        elif char in dialect.interpolating:
            self.string("str", char, char, interpolate=True)
        elif char in dialect.raw:
            self.string("str", char, char, interpolate=False)
        elif char == "`" and dialect.backtick:
            self.string(dialect.backtick, "`", "`", interpolate=True)
        elif char == "[" and dialect.name == "lua" and (following == "[" or following == "="):
            self.long_bracket()
        elif char in "%<" and self.special(char):
            return
        elif char == "/" and dialect.regex and not self.after_value():
            self.at += 1
            self.delimited("/")
            self.flags()
            self.put("regex", "")
        elif char == ":" and dialect.name == "ruby" and (following.isalpha() or following == "_") and (
            not self.after_value() or self.spaced
        ):  # fmt: skip
            self.at += 1
            end = self.word_end(self.at)
            self.put("str", "", (text[self.at : end],))
            self.at = end
        else:
            self.operator(char)

    def special(self, char: str) -> bool:
        """ruby's %x(…), here-documents, perl's <…>."""
        dialect = self.dialect
        if char == "%":
            return dialect.percent and not self.after_value() and self.percent()
        if dialect.heredoc and self.heredoc():
            return True
        return dialect.name == "perl" and not self.after_value() and self.angle()

    def after_value(self) -> bool:
        """Does a value end right before? Then a slash divides."""
        for token in reversed(self.out[-2:]):
            if token.kind == "nl":
                return False
            if token.kind == "name":
                return token.value not in _REGEX_AFTER
            return token.kind in ("var", "num", "str", "run", "regex") or token.value in (")", "]", "}")
        return False

    def word_end(self, at: int) -> int:
        text = self.text
        while at < len(text) and (text[at].isalnum() or text[at] in "_\0" or text[at] == UNK):
            at += 1
        return at

    def variable(self, sigil: str, following: str) -> None:
        start = self.at + 1
        if following == "{":
            end = self.text.find("}", start)
            end = len(self.text) if end < 0 else end
            inner = self.text[start + 1 : end].strip()
            if inner.isidentifier():
                self.at = end + 1
                self.put("var", inner)
            else:
                self.at = start  # @{[ … ]}: its braces are read as a block
            return
        end = self.word_end(start)
        while self.text.startswith("::", end) and self.dialect.name == "perl":
            end = self.word_end(end + 2)
        if end == start:
            end = start + 1
        self.at = end
        self.put("var", self.text[start:end])
        del sigil

    def name(self) -> None:
        start = self.at
        end = self.word_end(start)
        marked = self.text[end : end + 1] in ("?", "!") and self.text[end + 1 : end + 2] != "="
        if self.dialect.name == "ruby" and marked:
            end += 1
        value = self.text[start:end]
        self.at = end
        if value in self.dialect.operators and self.quote_operator(value):
            return
        self.put("name", value)

    def quote_operator(self, name: str) -> bool:
        """perl's q// qq// qw// qx// m// s/// tr/// y///."""
        at = self.at
        while at < len(self.text) and self.text[at] in " \t":
            at += 1
        opener = self.text[at : at + 1]
        if not opener or opener.isalnum() or opener in "_,;=)\n \0" or (at > self.at and opener == "#"):
            return False
        if self.out and self.out[-1].value in ("->", "{") and self.text[at : at + 1] in ("}", ")", "-"):
            return False
        if name in ("s", "y", "m", "q") and opener in ".<>" and at > self.at:
            return False
        self.at = at + 1
        closer = _CLOSERS.get(opener, opener)
        if name == "qw":
            body = self.delimited(closer, opener)
            self.put("op", "(")
            for piece in body.split():
                self.put("str", "", (clean(piece),))
                self.put("op", ",")
            self.put("op", ")")
        elif name in ("q", "qq", "qx"):
            self.at = at
            self.string("run" if name == "qx" else "str", opener, closer, interpolate=name != "q" and opener != "'")
        else:
            self.delimited(closer, opener)
            if name in ("s", "tr", "y"):
                if opener in _CLOSERS:
                    while self.at < len(self.text) and self.text[self.at] in " \t\n":
                        self.at += 1
                    opener = self.text[self.at : self.at + 1]
                    self.at += 1
                replacement = self.delimited(_CLOSERS.get(opener, opener), opener)
                if "e" in self.flags() and name == "s":
                    self.put("code", replacement)
                    return True
            else:
                self.flags()
            self.put("regex", "")
        return True

    def delimited(self, closer: str, opener: str = "") -> str:
        """The text up to the closer, which is passed. Brackets nest."""
        start, depth, text = self.at, 0, self.text
        at = start
        while at < len(text):
            char = text[at]
            if char == "\\":
                at += 1
            elif char == closer:
                if depth == 0:
                    break
                depth -= 1
            elif char == opener and opener != closer:
                depth += 1
            elif char == "\n" and closer == "/" and self.dialect.name in ("node", "awk"):
                break
            at += 1
        self.at = min(at + 1, len(text))
        return text[start:at]

    def flags(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at].isalpha():
            self.at += 1
        return self.text[start : self.at]

    def string(self, kind: str, opener: str, closer: str, *, interpolate: bool) -> None:
        self.at += 1
        body = self.delimited(closer, opener if opener != closer else "")
        if interpolate:
            self.put(kind, "", interpolated(body, self.dialect))
        else:
            plain = body.replace("\\" + closer, closer).replace("\\\\", "\\") if "\\" in body else body
            if self.dialect.name in ("node", "lua") and "\\" in body:
                plain = "".join(p for p in interpolated(body, self.dialect, holes=False) if isinstance(p, str))
            self.put(kind, "", (clean(plain.replace("\0", UNK)),))

    def long_bracket(self) -> None:
        level = self.at + 1
        while self.text[level : level + 1] == "=":
            level += 1
        if self.text[level : level + 1] != "[":
            self.operator("[")
            return
        closer = "]" + "=" * (level - self.at - 1) + "]"
        end = self.text.find(closer, level)
        end = len(self.text) if end < 0 else end
        self.put("str", "", (clean(self.text[level + 1 : end]),))
        self.at = end + len(closer)

    def percent(self) -> bool:
        kind = self.text[self.at + 1 : self.at + 2]
        opener = self.text[self.at + 2 : self.at + 3] if kind.isalpha() else kind
        if not opener or opener.isalnum() or opener.isspace() or (kind.isalpha() and kind not in "xqQwWiI"):
            return False
        self.at += 2 if kind.isalpha() else 1
        closer = _CLOSERS.get(opener, opener)
        if kind in "wWiI" and kind.isalpha():
            self.at += 1
            self.put("op", "[")
            for piece in self.delimited(closer, opener).split():
                self.put("str", "", (clean(piece),))
                self.put("op", ",")
            self.put("op", "]")
        else:
            self.string("run" if kind == "x" else "str", opener, closer, interpolate=kind != "q")
        return True

    def heredoc(self) -> bool:
        mark = self.dialect.heredoc
        if not self.text.startswith(mark, self.at):
            return False
        at = self.at + len(mark)
        if self.text[at : at + 1] in ("~", "-"):
            at += 1
        quoted = self.text[at : at + 1]
        if quoted in ("'", '"', "`"):
            end = self.text.find(quoted, at + 1)
            tag, after = self.text[at + 1 : end], end + 1
        else:
            end = self.word_end(at)
            tag, after, quoted = self.text[at:end], end, ""
        if end <= at or not tag or not (tag[0].isalpha() or tag[0] == "_"):
            return False
        body_start = self.text.find("\n", after) if self.resume < 0 else self.resume - 1
        if body_start < 0:
            return False
        lines, position = [], body_start + 1
        for line in self.text[position:].split("\n"):
            position += len(line) + 1
            if line.strip(" \t;") == tag:
                break
            lines.append(line)
        self.at = after
        self.resume = position
        body = "\n".join(lines)
        kind = "run" if quoted == "`" else "str"
        self.put(kind, "", (clean(body),) if quoted == "'" else interpolated(body, self.dialect))
        return True

    def angle(self) -> bool:
        """perl's <STDIN>, <$fh> and <*.c>."""
        end = self.text.find(">", self.at, self.at + 300)
        inner = self.text[self.at + 1 : end] if end > 0 else " "
        if " " in inner or "\n" in inner or "=" in inner:
            return False
        self.at = end + 1
        if inner.lstrip("$").isidentifier() or not inner:
            self.put("handle", inner.lstrip("$"))
        else:
            self.put("glob", clean(inner))
        return True

    def operator(self, char: str) -> None:
        if char in _STARTS:
            for long in _LONG:
                if self.text.startswith(long, self.at):
                    self.at += len(long)
                    self.put("op", long)
                    return
        self.at += 1
        self.put("op", char)


def interpolated(body: str, dialect: Dialect, *, holes: bool = True) -> tuple[str | tuple[str], ...]:
    """The parts of a string's text: escapes resolved, expressions set apart."""
    body = body.replace("\0", UNK)
    if "\\" not in body and "$" not in body and "#{" not in body and "@" not in body:
        return (clean(body),)
    parts: list[str | tuple[str]] = []
    plain: list[str] = []
    at, size = 0, len(body)
    while at < size:
        char = body[at]
        if char == "\\" and at + 1 < size:
            value, at = _escape(body, at + 1)
            plain.append(value)
            continue
        end = _hole(body, at, dialect) if holes and char in "$#{@" else 0
        if end:
            parts.append(clean("".join(plain)))
            plain = []
            parts.append((_expression(body[at:end], dialect),))
            at = end
            continue
        plain.append(char)
        at += 1
    parts.append(clean("".join(plain)))
    return tuple(parts)


def _hole(body: str, at: int, dialect: Dialect) -> int:
    """Where the interpolated expression that starts at ``at`` ends; 0: none starts."""
    if dialect.hole:
        return _brace_end(body, at + 2) if body.startswith(dialect.hole, at) else 0
    if not dialect.sigils:
        return 0
    if body.startswith("{$", at) and dialect.name == "php":
        return _brace_end(body, at + 1)
    if body[at] not in dialect.sigils.replace("%", ""):
        return 0
    following = body[at + 1 : at + 2]
    if following == "{":
        return _brace_end(body, at + 2)
    if not (following.isalnum() or following == "_"):
        return 0
    end = at + 1
    while end < len(body) and (body[end].isalnum() or body[end] == "_"):
        end += 1
    opener = body[end : end + 1]
    if (opener == "{" and dialect.name == "perl") or opener == "[":
        close = body.find(_CLOSERS[opener], end, end + 80)
        if close > 0:
            return close + 1
    return end


def _brace_end(body: str, at: int) -> int:
    depth = 1
    limit = min(len(body), at + 2000)
    while at < limit:
        if body[at] == "{":
            depth += 1
        elif body[at] == "}":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return limit


def _expression(hole: str, dialect: Dialect) -> str:
    if dialect.hole and hole.startswith(dialect.hole):
        return hole[len(dialect.hole) : -1]
    return hole[1:-1] if hole.startswith("{") else hole


def _escape(body: str, at: int) -> tuple[str, int]:
    char = body[at]
    if char == "x":
        if body[at + 1 : at + 2] == "{":
            end = body.find("}", at, at + 12)
            return _code_point(body[at + 2 : end], 16), max(end, at) + 1
        return _code_point(body[at + 1 : at + 3], 16), at + 3
    if char == "u":
        if body[at + 1 : at + 2] == "{":
            end = body.find("}", at, at + 12)
            return _code_point(body[at + 2 : end], 16), max(end, at) + 1
        return _code_point(body[at + 1 : at + 5], 16), at + 5
    if char in "01234567":
        end = at + 1
        while end < at + 3 and end < len(body) and body[end] in "01234567":
            end += 1
        return _code_point(body[at:end], 8), end
    if char == "\n":
        return "", at + 1
    return _ESCAPES.get(char, char), at + 1


def _code_point(digits: str, base: int) -> str:
    try:
        number = int(digits, base)
    except ValueError:
        return ""
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "?"
