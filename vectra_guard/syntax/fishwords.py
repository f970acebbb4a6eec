"""Words of fish: its quotes, escapes, variables and substitutions. Evaluates nothing."""

from __future__ import annotations

import re

from vectra_guard.syntax.escapes import escape
from vectra_guard.syntax.scan import Scan
from vectra_guard.syntax.tree import List, Lit, Part, Raw, Source, Sub, Var

PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+^=\x80-\U0010ffff-]+")
UNQUOTED = re.compile(r"[^\s;&|()<>'\"\\$\[\]{}*?~#]+")
NAME = re.compile(r"[A-Za-z0-9_]+")
BLANKS = re.compile(r"(?:[ \t\r]|\\\n)+")
UNEXPECTED = "fish would not accept this line: {} is out of place."
UNFINISHED = "A quote or substitution is never closed."


class FishWords(Scan):
    """The place in the text, and words. ``FishReader`` adds statements."""

    __slots__ = ("braces", "commands")

    def __init__(self, src: Source, depth: int = 0):
        super().__init__(src, depth)
        self.commands = 0
        self.braces = False  # a group that a } would close

    def list_into(self, out: List, close: str) -> None:
        raise NotImplementedError

    def stray(self) -> None:
        found = NAME.match(self.s, self.i)
        token = found.group() if found else self.s[self.i]
        self.problem(UNEXPECTED.format(token[:20] if token.isprintable() else "a character"))
        self.i += len(token)

    # Words

    def blanks(self) -> None:
        found = BLANKS.match(self.s, self.i)
        if found:
            self.i = found.end()

    def word(self) -> Raw | None:
        s, start = self.s, self.i
        found = PLAIN.match(s, start)
        if found and (found.end() >= self.n or s[found.end()] in " \n;&|)\t") and s[start] != "%":
            self.i = found.end()
            return Raw(self.src, start, self.i, found.group())
        raw = Raw(self.src, start, start)
        self.parts(raw)
        if self.i == start:
            return None
        raw.end = self.i
        return raw

    def parts(self, raw: Raw) -> None:
        s, out, start = self.s, raw.parts, self.i
        while self.i < self.n:
            found = UNQUOTED.match(s, self.i)
            if found:
                out.append(Lit(found.group(), False))
                self.i = found.end()
                continue
            c = s[self.i]
            if c in " \t\r\n;|<>)" or (c == "&" and s[self.i + 1 : self.i + 2] in ("", " ", "\n", "&", "|", ">", ";")):
                return
            if c == "#" and self.i == start:
                return
            if c == "'":
                self.single(out)
            elif c == '"':
                self.double(out)
            elif c == "\\":
                self.backslash(out)
            elif c == "$":
                self.variable(out, False)
            elif c == "(":
                self.substitution(out, False, 1)
            else:
                raw.brace |= c in "{}"
                out.append(Lit(c, False))
                self.i += 1

    def single(self, out: list[Part]) -> None:
        text: list[str] = []
        i, s = self.i + 1, self.s
        while i < self.n and s[i] != "'":
            if s[i] == "\\" and s[i + 1 : i + 2] in ("'", "\\") and i + 1 < self.n:
                i += 1
            text.append(s[i])
            i += 1
        if i >= self.n:
            self.open_end(UNFINISHED)
        out.append(Lit("".join(text), True))
        self.i = min(i + 1, self.n)

    def double(self, out: list[Part]) -> None:
        s = self.s
        self.i += 1
        out.append(Lit("", True))
        while self.i < self.n:
            c = s[self.i]
            if c == '"':
                self.i += 1
                return
            if c == "\\":
                nxt = s[self.i + 1 : self.i + 2]
                if nxt and nxt in '"$\\':
                    out.append(Lit(nxt, True))
                elif nxt != "\n":
                    out.append(Lit("\\" + nxt, True))
                self.i = min(self.i + 2, self.n)
            elif c == "$":
                self.variable(out, True)
            else:
                end = self.i + 1
                while end < self.n and s[end] not in '"\\$':
                    end += 1
                out.append(Lit(s[self.i : end], True))
                self.i = end
        self.open_end(UNFINISHED)

    def backslash(self, out: list[Part]) -> None:
        nxt = self.s[self.i + 1 : self.i + 2]
        if nxt == "\n":
            self.i += 2
        elif nxt and (nxt in "abefnrtvxXuUc" or nxt in "01234567"):
            text, self.i = escape(self.s, self.i + 1)
            out.append(Lit(text, True))
        else:
            self.unfinished |= not nxt
            out.append(Lit(nxt, True))
            self.i = min(self.i + 2, self.n)

    def variable(self, out: list[Part], quoted: bool) -> None:
        s = self.s
        if s[self.i + 1 : self.i + 2] == "(":
            self.substitution(out, quoted, 2)
            return
        indirect = s[self.i + 1 : self.i + 2] == "$"
        found = NAME.match(s, self.i + (2 if indirect else 1))
        if not found:
            out.append(Lit("$", quoted))
            self.i += 1
            return
        var = Var(found.group(), quoted, indirect=indirect)
        self.i = found.end()
        self.index(var)
        out.append(var)

    def index(self, var: Var | None) -> None:
        if self.s[self.i : self.i + 1] == "[":
            end = self.s.find("]", self.i)
            if 0 < end - self.i < 60:
                if var is not None:
                    var.index = self.s[self.i + 1 : end]
                self.i = end + 1

    def substitution(self, out: list[Part], quoted: bool, skip: int) -> None:
        self.i += skip
        self.deeper()
        body = List()
        braces, self.braces = self.braces, False
        while True:
            self.list_into(body, ")")
            if self.i >= self.n:
                self.open_end(UNFINISHED)
                break
            if self.s[self.i] == ")":
                self.i += 1
                break
            self.stray()
        self.depth -= 1
        self.braces = braces
        at = self.i
        self.index(None)
        out.append(Sub(body, quoted, lines=True, index=self.s[at + 1 : self.i - 1]))
