"""Words of bash and zsh: where they end and of which parts they are made. Evaluates nothing.

``Lexer`` works on one ``Source``. Quotes and substitutions that never end are taken to reach the end of the text and
recorded (``unfinished``): what they hold is still read. Anything nested deeper than ``MAX_DEPTH`` raises ``Cap``.
"""

from __future__ import annotations

import re

from vectra_guard.syntax.dollars import NAME, UNFINISHED_QUOTE, UNFINISHED_SUB, Dollars, Pending
from vectra_guard.syntax.tokens import NUMBERS
from vectra_guard.syntax.tree import Lit, Part, Proc, Raw, Source, Sub

PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+^=\x80-\U0010ffff-]+")
UNQUOTED = re.compile(r"[^\s;&|()<>'\"\\$`{}\[*?~]+")
QUOTED = re.compile(r"[^\"\\$`]+")
BLANKS = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
QUALIFIER_CODE = re.compile(r"(?:^\(|[^A-Za-z])[A-Za-z]?e([:.'\"|+/_%,@#])('[^']*'|\"[^\"]*\"|.+?)\1")
ENDS = " \t\r\n\f\v;&|()<>"
GLOB_BEFORE_PAREN = "?*+@!"

__all__ = ["BLANKS", "NAME", "Lexer", "Pending"]


class Lexer(Dollars):
    """Quotes and words. ``Reader`` adds the grammar of commands."""

    __slots__ = ()

    def blanks(self) -> None:
        found = BLANKS.match(self.s, self.i)
        if found:
            self.i = found.end()

    def word(self) -> Raw | None:
        """The word at the current place, or None where none starts."""
        start, s = self.i, self.s
        found = PLAIN.match(s, start)
        if found:
            end = found.end()
            if end >= self.n or s[end] in " \n;&|)\t>":
                text = found.group()
                if not (self.zsh and text[0] == "="):
                    self.i = end
                    return Raw(self.src, start, end, text)
        elif (
            start >= self.n
            or s[start] in " \t\r\n\f\v;&|)"
            or (s[start] in "<>" and s[start + 1 : start + 2] != "(" and not (self.zsh and NUMBERS.match(s, start)))
            or (s[start] == "(" and not self.zsh)
        ):
            return None
        raw = Raw(self.src, start, start)
        self.parts(raw)
        if self.i == start:
            return None
        raw.end = self.i
        return raw

    def parts(self, raw: Raw) -> None:
        s, n, out = self.s, self.n, raw.parts
        start = self.i
        while self.i < n:
            i = self.i
            found = UNQUOTED.match(s, i)
            if found:
                out.append(Lit(found.group(), False))
                self.i = found.end()
                continue
            c = s[i]
            if c in " \t\n;&|\r\f\v":
                break
            if c == ")":
                break
            if c == "'":
                self.single(out)
            elif c == '"':
                self.double(out)
            elif c == "\\":
                self.backslash(out)
            elif c == "$":
                self.dollar(out, False)
            elif c == "`":
                self.backtick(out, False)
            elif c == "<" and self.zsh and (found := NUMBERS.match(s, i)):
                out.append(Lit("*", False))
                self.i = found.end()
            elif c in "<>":
                if s[i + 1 : i + 2] != "(" or (i > start and not self.zsh and s[i - 1] not in "=,:"):
                    break
                self.proc(out, c)
            elif c == "(":
                if not self.paren(out, start):
                    break
            else:
                if c in "{}":
                    raw.brace = True
                out.append(Lit(c, False))
                self.i = i + 1

    def paren(self, out: list[Part], start: int) -> bool:
        """``(`` inside a word: an extended glob, a zsh qualifier or ``=(…)``; else the word ends here."""
        i, s = self.i, self.s
        before = s[i - 1] if i > start else ""
        if self.zsh and before == "=" and i - 1 == start:
            out.pop()
            self.proc(out, "=", 1)
            return True
        if s.startswith("()", i) or not (self.zsh or (before and before in GLOB_BEFORE_PAREN)):
            return False
        end = self.balanced(i)
        if end is None or (i == start and (end >= self.n or s[end] in ENDS) and not s.startswith("(#", i)):
            return False
        text = s[i:end]
        if self.zsh:
            found = QUALIFIER_CODE.search(text)
            if found:
                self.deeper()
                code = found.group(2).strip("'\"")
                out.append(Sub(self.nested(code, Source(code, 0, self.src.span(i, end))), True))
                self.depth -= 1
        if self.zsh and ("$" in text or "`" in text):
            out.append(Lit("(*", False))
            self.i = i + 1
            self.quoted_until_paren(out, end - 1)
            out.append(Lit(")", False))
        else:
            out.append(Lit(text, False))
        self.i = end
        return True

    def quoted_until_paren(self, out: list[Part], end: int) -> None:
        """What a glob's parentheses substitute runs."""
        inner = type(self)(self.src.inner(self.i, end), self.zsh, self.depth)
        inner.quoted_until(out, "")

    def balanced(self, i: int) -> int | None:
        """Where the parenthesis that opens at ``i`` is closed, on the same line and near."""
        level, s = 0, self.s
        end = min(self.n, i + 400)
        while i < end:
            c = s[i]
            if c == "(":
                level += 1
            elif c == ")":
                level -= 1
                if level == 0:
                    return i + 1
            elif c == "\\":
                i += 1
            elif c in "'\"" and self.zsh:
                i = s.find(c, i + 1, end)
                if i < 0:
                    return None
            elif c == "\n" or (c in ";&`$" and not self.zsh):
                return None
            i += 1
        return None

    def single(self, out: list[Part]) -> None:
        end = self.s.find("'", self.i + 1)
        if end < 0:
            self.open_end(UNFINISHED_QUOTE)
            end = self.n
        out.append(Lit(self.s[self.i + 1 : end], True))
        self.i = min(end + 1, self.n)

    def double(self, out: list[Part]) -> None:
        self.i += 1
        before = len(out)
        self.quoted_until(out, '"')
        if len(out) == before:
            out.append(Lit("", True))

    def quoted_until(self, out: list[Part], close: str) -> None:
        """Text in which only ``$`` ` and some backslashes mean anything: double quotes, here-documents."""
        s, n = self.s, self.n
        while self.i < n:
            found = QUOTED.match(s, self.i)
            if found:
                out.append(Lit(found.group(), True))
                self.i = found.end()
                continue
            c = s[self.i]
            if c == "\\":
                nxt = s[self.i + 1 : self.i + 2]
                if nxt == "\n":
                    self.i += 2
                elif nxt and nxt in ('"$`\\' if close else "$`\\"):
                    out.append(Lit(nxt, True))
                    self.i += 2
                else:
                    out.append(Lit("\\", True))
                    self.i += 1
            elif c == '"':
                self.i += 1
                if close:
                    return
                out.append(Lit('"', True))
            elif c == "$":
                self.dollar(out, True)
            else:
                self.backtick(out, True)
        if close:
            self.open_end(UNFINISHED_QUOTE)

    def backslash(self, out: list[Part]) -> None:
        nxt = self.s[self.i + 1 : self.i + 2]
        if nxt == "\n":
            self.i += 2
            return
        if not nxt:
            self.unfinished = True
        out.append(Lit(nxt, True))
        self.i = min(self.i + 2, self.n)

    def backtick(self, out: list[Part], quoted: bool) -> None:
        s, i = self.s, self.i + 1
        while i < self.n and s[i] != "`":
            i += 2 if s[i] == "\\" else 1
        if i >= self.n:
            self.open_end(UNFINISHED_SUB)
            i = self.n
        text = s[self.i + 1 : i]
        if "\\" in text:
            drop = r'\\([`\\$"])' if quoted else r"\\([`\\$])"
            src = Source(re.sub(drop, r"\1", text), 0, self.src.span(self.i, i))
        else:
            src = self.src.inner(self.i + 1, i)
        self.deeper()
        out.append(Sub(self.nested(src.text, src), quoted))
        self.depth -= 1
        self.i = min(i + 1, self.n)

    def proc(self, out: list[Part], op: str, skip: int = 2) -> None:
        self.i += skip
        self.deeper()
        out.append(Proc(op, self.sub_body(")")))
        self.depth -= 1
