"""The grammar of fish: a ``Source`` becomes the same tree that the reader of bash makes. Reads everything.

fish has no here-documents, no ``$(`` before 3.4 (read all the same), no word splitting of variables; a substitution
is split at newlines. ``and``, ``or``, ``not``, ``begin`` and their kin are words, not operators. Where fish would stop
with a syntax error the sentence is recorded and reading goes on. Linear; nesting past a cap ends as ``capped``.
"""

from __future__ import annotations

import re

from vectra_guard.syntax.escapes import escape
from vectra_guard.syntax.tree import (
    Assign,
    Branch,
    Cap,
    Function,
    Group,
    List,
    Lit,
    Loop,
    Node,
    Part,
    Pipe,
    Raw,
    Reading,
    Redir,
    Simple,
    Source,
    Sub,
    Var,
)

MAX_DEPTH = 60
REDIRECT = re.compile(r"(\d{0,3})(>>\?|>>|>\?|>\||>&|>|<&|<\?|<|&>>|&>)|(\^\^?)(?=\s*[/\w.&])")
PLAIN = re.compile(r"[A-Za-z0-9_./:=,@%+-]+(?=[\s;&|)]|$)")
NAME = re.compile(r"\w+")
ASSIGN = re.compile(r"([A-Za-z_]\w*)=")
END = " \t\r\n;&|()<>"
BLOCKS = frozenset({"begin", "if", "while", "for", "function", "switch"})
CLOSERS = frozenset({"end", "else", "case"})
NOT_CLOSED = "A block is never closed with end."
QUOTE_OPEN = "A quote is never closed."
OUT_OF_PLACE = "fish would not accept this line: {} is out of place."


class FishReader:
    def __init__(self, src: Source, depth: int = 0):
        self.src, self.s, self.n, self.i = src, src.text, len(src.text), 0
        self.depth = depth
        self.problems: list[str] = []
        self.unfinished = False

    def read(self) -> Reading:
        body, capped = List(), False
        try:
            while self.i < self.n:
                self.list_into(body, False)
                if self.i < self.n:
                    stray = self.closer() or self.s[self.i]
                    self.problem(OUT_OF_PLACE.format(stray if stray.isprintable() else "a character"))
                    self.i += len(stray)
        except Cap:
            capped = True
        return Reading(body, self.problems, self.unfinished, capped)

    def problem(self, sentence: str) -> None:
        if sentence not in self.problems and len(self.problems) < 8:
            self.problems.append(sentence)

    def open_end(self, sentence: str) -> None:
        self.unfinished = True
        self.problem(sentence)

    # --- lists and blocks

    def gap(self) -> None:
        s = self.s
        while self.i < self.n:
            c = s[self.i]
            if c in " \t\r\n;":
                self.i += 1
            elif c == "\\" and s[self.i + 1 : self.i + 2] == "\n":
                self.i += 2
            elif c == "#":
                end = s.find("\n", self.i)
                self.i = self.n if end < 0 else end
            else:
                return

    def closer(self) -> str:
        found = NAME.match(self.s, self.i)
        if found and found.group() in CLOSERS and (found.end() >= self.n or self.s[found.end()] in END):
            return found.group()
        return ""

    def list_into(self, body: List, parens: bool) -> None:
        """Statements up to ``end``, ``else``, ``case``, a closing parenthesis, or the end of the text."""
        while True:
            self.gap()
            if self.i >= self.n or self.s[self.i] == ")" or self.closer():
                return
            if self.s[self.i] in "&|":
                self.problem(OUT_OF_PLACE.format(self.s[self.i]))
                self.i += 1
                continue
            start = self.i
            node = self.pipeline()
            self.blanks()
            op = ";"
            if self.s.startswith(("&&", "||"), self.i):
                op = self.s[self.i : self.i + 2]
                self.i += 2
            elif self.i < self.n and self.s[self.i] == "&":
                op = "&"
                self.i += 1
            if node is not None:
                body.items.append((node, op))
            elif self.i == start:
                return

    def blanks(self) -> None:
        while self.i < self.n:
            if self.s[self.i] in " \t\r":
                self.i += 1
            elif self.s.startswith("\\\n", self.i):
                self.i += 2
            else:
                return

    def pipeline(self) -> Node | None:
        stages: list[Node] = []
        while True:
            node = self.statement()
            if node is None:
                break
            stages.append(node)
            self.blanks()
            if self.s.startswith("||", self.i):
                break
            if self.s.startswith("&|", self.i):
                self.i += 2
            elif self.i < self.n and self.s[self.i] == "|":
                self.i += 1
            else:
                break
            self.gap()
        if not stages:
            return None
        return stages[0] if len(stages) == 1 else Pipe(stages)

    def statement(self) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Cap
        try:
            while True:
                self.blanks()
                found = NAME.match(self.s, self.i)
                word = found.group() if found else self.s[self.i : self.i + 1]
                after = self.s[self.i + len(word) : self.i + len(word) + 1]
                if word in ("and", "or", "not", "!", "time") and after in (" ", "\t"):
                    self.i += len(word)
                    continue
                if word in BLOCKS and (not after or after in " \t\n;"):
                    start = self.i
                    self.i += len(word)
                    node = getattr(self, f"{word}_")(start)
                    node.redirects += self.redirects()
                    return node  # type: ignore[no-any-return]
                return self.simple()
        finally:
            self.depth -= 1

    def block(self) -> List:
        body = List()
        self.list_into(body, False)
        return body

    def end(self) -> None:
        if self.closer() == "end":
            self.i += 3
        else:
            self.open_end(NOT_CLOSED)

    def begin_(self, start: int) -> Group:
        body = self.block()
        self.end()
        return Group(body, False)

    def if_(self, start: int) -> Branch:
        branch = Branch([self.block()])
        while self.closer() == "else":
            self.i += 4
            self.blanks()
            found = NAME.match(self.s, self.i)
            if found and found.group() == "if":
                self.i += 2
            branch.arms.append(self.block())
        self.end()
        return branch

    def while_(self, start: int) -> Loop:
        cond = List()
        node = self.pipeline()
        if node is not None:
            cond.items.append((node, ";"))
        body = self.block()
        self.end()
        return Loop("while", body, cond=cond)

    def for_(self, start: int) -> Loop:
        words = self.words()
        names = tuple(w.plain or "" for w in words[:1])
        body = self.block()
        self.end()
        return Loop("for", body, names, words[2:])

    def switch_(self, start: int) -> Branch:
        branch = Branch([], self.words())
        self.gap()
        while self.closer() == "case":
            self.i += 4
            self.words()
            branch.arms.append(self.block())
        self.end()
        return branch

    def function_(self, start: int) -> Function:
        words = self.words()
        body = self.block()
        self.end()
        return Function([w.plain or "" for w in words[:1]], Group(body, False), self.src, start, self.i)

    # --- words

    def words(self) -> list[Raw]:
        made = []
        while True:
            self.blanks()
            word = self.word()
            if word is None:
                return made
            made.append(word)

    def redirects(self) -> list[Redir]:
        made = []
        while True:
            self.blanks()
            redir = self.redirect()
            if redir is None:
                return made
            made.append(redir)

    def redirect(self) -> Redir | None:
        found = REDIRECT.match(self.s, self.i)
        if not found:
            return None
        op, number = found[2] or ">", found[1]
        self.i = found.end()
        if op == ">|":
            return Redir(">&", 2, Raw(self.src, self.i, self.i, "1"))
        self.blanks()
        target = self.word() or Raw(self.src, self.i, self.i, "")
        fd = 2 if found[3] else (-1 if op.startswith("&") else int(number) if number else (0 if op[0] == "<" else 1))
        if target.plain is None and self.s[target.start : target.start + 1] == "&":
            op = ">&"
        return Redir(op.rstrip("?"), fd, target)

    def assigns(self, node: Simple) -> None:
        """``NAME=value command``."""
        while True:
            self.blanks()
            found = ASSIGN.match(self.s, self.i)
            if not found:
                return
            self.i = found.end()
            value = self.word() or Raw(self.src, self.i, self.i, "")
            node.assigns.append(Assign(found[1], "=", "", value))

    def simple(self) -> Node | None:
        node = Simple(self.src, self.i)
        self.assigns(node)
        while self.i < self.n:
            self.blanks()
            if self.i >= self.n or self.s[self.i] in "\n;|)&" and not REDIRECT.match(self.s, self.i):
                break
            if self.s[self.i] == "#" and (not node.words or self.s[self.i - 1] in " \t"):
                end = self.s.find("\n", self.i)
                self.i = self.n if end < 0 else end
                break
            redir = self.redirect()
            if redir is not None:
                node.redirects.append(redir)
                continue
            word = self.word()
            if word is None:
                break
            node.words.append(word)
        node.end = self.i
        return node if node.words or node.redirects or node.assigns else None

    def word(self) -> Raw | None:
        start = self.i
        found = PLAIN.match(self.s, start)
        if found:
            self.i = found.end()
            return Raw(self.src, start, self.i, found.group())
        raw = Raw(self.src, start, start)
        self.parts(raw, END.replace("(", ""))
        if self.i == start:
            return None
        raw.end = self.i
        return raw

    def parts(self, raw: Raw, stop: str) -> None:
        s, out = self.s, raw.parts
        braces = 0
        while self.i < self.n:
            c = s[self.i]
            if c in stop and not (c == "&" and s[self.i - 1 : self.i] in "<>" and self.i > 0):
                return
            if c == "'":
                self.single(out)
            elif c == '"':
                self.double(out)
            elif c == "\\":
                self.backslash(out)
            elif c == "$":
                self.dollar(out, False)
            elif c == "(":
                self.substitution(out, False)
            elif c in "{}":
                raw.brace = True
                braces += 1
                out.append(Lit(c, False))
                self.i += 1
            elif c in "*?~[":
                out.append(Lit(c, False))
                self.i += 1
            else:
                end = self.i + 1
                while end < self.n and s[end] not in "'\"\\$({}*?~[" and s[end] not in stop:
                    end += 1
                out.append(Lit(s[self.i : end], False))
                self.i = end

    def single(self, out: list[Part]) -> None:
        text, at = [], self.i + 1
        while at < self.n and self.s[at] != "'":
            if self.s[at] == "\\" and self.s[at + 1 : at + 2] in ("'", "\\"):
                at += 1
            text.append(self.s[at])
            at += 1
        if at >= self.n:
            self.open_end(QUOTE_OPEN)
        self.i = min(at + 1, self.n)
        out.append(Lit("".join(text), True))

    def double(self, out: list[Part]) -> None:
        self.i += 1
        text: list[str] = []
        while self.i < self.n and self.s[self.i] != '"':
            c = self.s[self.i]
            if c == "\\" and self.s[self.i + 1 : self.i + 2] in ('"', "\\", "$", "\n"):
                text.append("" if self.s[self.i + 1] == "\n" else self.s[self.i + 1])
                self.i += 2
            elif c == "$":
                out.append(Lit("".join(text), True))
                text = []
                self.dollar(out, True)
            else:
                text.append(c)
                self.i += 1
        if self.i >= self.n:
            self.open_end(QUOTE_OPEN)
        self.i = min(self.i + 1, self.n)
        out.append(Lit("".join(text), True))

    def backslash(self, out: list[Part]) -> None:
        following = self.s[self.i + 1 : self.i + 2]
        if following in "xuUX01234567aefnrtvcb" and following:
            value, self.i = escape(self.s, self.i + 1)
        else:
            value, self.i = ("" if following == "\n" else following), min(self.i + 2, self.n)
        out.append(Lit(value, True))

    def dollar(self, out: list[Part], quoted: bool) -> None:
        if self.s[self.i + 1 : self.i + 2] == "(":
            self.i += 1
            self.substitution(out, quoted)
            return
        found = NAME.match(self.s, self.i + 1)
        if not found:
            out.append(Lit("$", quoted))
            self.i += 1
            return
        name = {"argv": "@"}.get(found.group(), found.group())
        self.i = found.end()
        index = ""
        if self.i < self.n and self.s[self.i] == "[":
            end = self.s.find("]", self.i)
            end = self.n if end < 0 else end
            index = self.s[self.i + 1 : end]
            self.i = min(end + 1, self.n)
        out.append(Var(name, quoted, "", index))

    def substitution(self, out: list[Part], quoted: bool) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Cap
        self.i += 1
        body = List()
        while True:
            self.list_into(body, True)
            if self.i >= self.n:
                self.open_end("A substitution is never closed.")
                break
            if self.s[self.i] == ")":
                self.i += 1
                break
            self.i += max(1, len(self.closer()))
        self.depth -= 1
        if self.i < self.n and self.s[self.i] == "[" and not quoted:
            end = self.s.find("]", self.i)
            self.i = self.n if end < 0 else end + 1
        out.append(Sub(body, quoted, True))
