"""fish: its own words and its own grammar, read into the same tree as the other shells.

Like ``reader`` it rejects nothing: a word out of place is recorded and stepped over, open blocks end with the text.
"""

from __future__ import annotations

import re

from vectra_guard.syntax.fishwords import NAME, UNEXPECTED, FishWords
from vectra_guard.syntax.tree import (
    Assign,
    Branch,
    Cap,
    Function,
    Group,
    List,
    Loop,
    Node,
    Pipe,
    Raw,
    Reading,
    Redir,
    Simple,
)

MAX_COMMANDS = 3000
REDIRECT = re.compile(r"(?:(\d{1,4})?(>>\??|>\?|>|<)|(&>>|&>))(&?)")
PIPE = re.compile(r"(?:\d?>\||&\||\|)")
ASSIGN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
BLOCK = frozenset({"if", "while", "for", "function", "begin", "switch"})
ENDERS = frozenset({"end", "else", "case"})
JOINERS = frozenset({"and", "or", "not", "!", "time"})
NOT_CLOSED = "A block is never closed with end."


class FishReader(FishWords):
    """Statements of fish."""

    __slots__ = ()

    def read(self) -> Reading:
        body = List()
        capped = False
        try:
            while self.i < self.n:
                self.list_into(body, "")
                if self.i < self.n:
                    self.stray()
        except Cap:
            capped = True
        return Reading(body, self.problems, self.unfinished, capped)

    # Lists

    def gap(self) -> None:
        s = self.s
        while self.i < self.n:
            c = s[self.i]
            if c in " \t\r\n":
                self.i += 1
            elif c == "#":
                end = s.find("\n", self.i)
                self.i = self.n if end < 0 else end
            elif c == "\\" and s[self.i + 1 : self.i + 2] == "\n":
                self.i += 2
            else:
                return

    def peek(self) -> str:
        found = NAME.match(self.s, self.i)
        if not found:
            return "!" if self.s[self.i : self.i + 2] == "! " else ""
        after = self.s[found.end() : found.end() + 1]
        return found.group() if not after or after in " \t\r\n;&|()<>" else ""

    def list_into(self, out: List, close: str) -> None:
        """Statements up to ``end``, ``else``, ``case`` or the closing parenthesis."""
        s = self.s
        while True:
            self.gap()
            if self.i >= self.n:
                return
            c = s[self.i]
            if c == ";" or (c == "&" and s[self.i + 1 : self.i + 2] != ">"):
                self.i += 1
                continue
            if c == ")" or (c == "}" and self.braces) or self.peek() in ENDERS:
                return
            node = self.pipeline()
            if node is None:
                return
            out.items.append((node, self.separator()))

    def separator(self) -> str:
        self.blanks()
        s = self.s
        for op in ("&&", "||"):
            if s.startswith(op, self.i):
                self.i += 2
                self.gap()
                return op
        if s[self.i : self.i + 1] == "&" and s[self.i + 1 : self.i + 2] != ">":
            self.i += 1
            return "&"
        return ";"

    def pipeline(self) -> Node | None:
        pipe = Pipe([])
        while (word := self.peek()) in JOINERS:
            self.i += len(word)
            self.blanks()
            pipe.negated |= word in ("not", "!")
        while True:
            node = self.command()
            if node is None:
                break
            pipe.stages.append(node)
            self.blanks()
            found = PIPE.match(self.s, self.i)
            if not found or self.s.startswith("||", self.i):
                break
            self.i = found.end()
            self.gap()
        if not pipe.stages:
            return None
        return pipe.stages[0] if len(pipe.stages) == 1 else pipe

    # Commands

    def command(self) -> Node | None:
        self.commands += 1
        if self.commands > MAX_COMMANDS:
            raise Cap
        word = self.peek()
        if self.s[self.i : self.i + 1] == "{" and self.s[self.i + 1 : self.i + 2] in (" ", "\n", "\t"):
            return self.braced()
        if word not in BLOCK:
            return None if word in ENDERS else self.simple()
        self.deeper()
        start = self.i
        self.i += len(word)
        node = self.block(word, start)
        self.depth -= 1
        redirects = self.redirects()
        if redirects:
            node = Group(List([(node, ";")]), False, redirects)
        return node

    def braced(self) -> Node:
        """``{ …; }``, as newer versions of fish have it."""
        self.deeper()
        self.i += 1
        body = List()
        outer, self.braces = self.braces, True
        while True:
            self.list_into(body, "}")
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                break
            if self.s[self.i] == "}":
                self.i += 1
                break
            self.stray()
        self.braces = outer
        self.depth -= 1
        return Group(body, False, self.redirects())

    def block(self, word: str, start: int) -> Node:
        if word == "begin":
            return Group(self.until_end(), False)
        if word == "if":
            return self.if_()
        if word == "while":
            cond = self.condition()
            return Loop("while", self.until_end(), cond=cond)
        if word == "switch":
            return self.switch()
        words = self.words()
        if word == "for":
            names = tuple(w.plain or "_" for w in words[:1])
            return Loop("for", self.until_end(), names, words[2:])
        name = self.s[words[0].start : words[0].end] if words else "_"
        params: list[str] = []
        taking = False
        for raw in words[1:]:
            text = raw.plain or ""
            if text[:1] == "-":
                taking = text in ("-a", "--argument-names", "--argument")
            elif taking:
                params.append(text)
        body = Group(self.until_end(), False)
        return Function([name.strip("'\"")], body, self.src, start, self.i, params=tuple(params))

    def words(self) -> list[Raw]:
        out: list[Raw] = []
        while True:
            self.blanks()
            raw = self.word()
            if raw is None:
                return out
            out.append(raw)

    def condition(self) -> List:
        """One statement and the ``and``/``or`` lines that follow it."""
        out = List()
        self.gap()
        node = self.pipeline()
        if node is not None:
            out.items.append((node, self.separator()))
        while out.items and out.items[-1][1] in ("&&", "||"):
            node = self.pipeline()
            if node is None:
                break
            out.items.append((node, self.separator()))
        return out

    def until_end(self) -> List:
        body = List()
        while True:
            self.list_into(body, "")
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                return body
            word = self.peek()
            if word == "end":
                self.i += 3
                return body
            if self.s[self.i] == ")":
                self.problem(NOT_CLOSED)
                return body
            self.stray()

    def if_(self) -> Node:
        branch = Branch([self.condition()])
        while True:
            body = List()
            self.list_into(body, "")
            branch.arms.append(body)
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                return branch
            word = self.peek()
            if word == "else":
                self.i += 4
                self.blanks()
                if self.peek() == "if":
                    self.i += 2
                    branch.arms.append(self.condition())
            elif word == "end":
                self.i += 3
                return branch
            elif self.s[self.i] == ")":
                self.problem(NOT_CLOSED)
                return branch
            else:
                self.stray()

    def switch(self) -> Node:
        branch = Branch([], self.words())
        while True:
            body = List()
            self.list_into(body, "")
            if body.items:
                branch.arms.append(body)
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                return branch
            word = self.peek()
            if word == "case":
                self.i += 4
                self.words()
            elif word == "end":
                self.i += 3
                return branch
            elif self.s[self.i] == ")":
                self.problem(NOT_CLOSED)
                return branch
            else:
                self.stray()

    def redirects(self) -> list[Redir]:
        out: list[Redir] = []
        while True:
            self.blanks()
            redir = self.redirect()
            if redir is None:
                return out
            out.append(redir)

    def redirect(self) -> Redir | None:
        found = REDIRECT.match(self.s, self.i)
        if not found or PIPE.match(self.s, self.i):
            return None
        start = self.i
        op = (found.group(2) or found.group(3)).rstrip("?")
        fd = int(found.group(1)) if found.group(1) else (0 if op == "<" else 1)
        if op[0] == "&":
            fd = -1
        if found.group(4):
            op = op[0] + "&"
        self.i = found.end()
        self.blanks()
        target = self.word()
        if target is None:
            self.problem(UNEXPECTED.format(op))
            target = Raw(self.src, start, self.i, "")
        return Redir(op, fd, target)

    def simple(self) -> Node | None:
        s = self.s
        node = Simple(self.src, self.i)
        while self.i < self.n:
            self.blanks()
            if self.i >= self.n:
                break
            c = s[self.i]
            if c in "\n;|)#":
                if c == "#":
                    self.gap()
                break
            if c in "<>&0123456789":
                if PIPE.match(s, self.i):
                    break
                redir = self.redirect()
                if redir is not None:
                    node.redirects.append(redir)
                    continue
                if c in "<>&":
                    break
            if not node.words:
                found = ASSIGN.match(s, self.i)
                if found:
                    self.i = found.end()
                    value = self.word() or Raw(self.src, self.i, self.i, "")
                    node.assigns.append(Assign(found.group(1), "=", "", value))
                    continue
            raw = self.word()
            if raw is None:
                break
            node.words.append(raw)
        node.end = self.i
        return node if node.words or node.assigns or node.redirects else None
