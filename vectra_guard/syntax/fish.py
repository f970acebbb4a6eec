"""fish: its own words and its own grammar, read into the same tree as the other shells.

Like ``reader`` it rejects nothing: a word out of place is recorded and stepped over, open blocks end with the text.
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

MAX_DEPTH = 40
MAX_COMMANDS = 3000
PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+^=\x80-\U0010ffff-]+")
UNQUOTED = re.compile(r"[^\s;&|()<>'\"\\$\[\]{}*?~#]+")
NAME = re.compile(r"[A-Za-z0-9_]+")
BLANKS = re.compile(r"(?:[ \t\r]|\\\n)+")
REDIRECT = re.compile(r"(?:(\d{1,4})?(>>\??|>\?|>|<)|(&>>|&>))(&?)")
PIPE = re.compile(r"(?:\d?>\||&\||\|)")
ASSIGN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
BLOCK = frozenset({"if", "while", "for", "function", "begin", "switch"})
ENDERS = frozenset({"end", "else", "case"})
JOINERS = frozenset({"and", "or", "not", "!", "time"})
UNEXPECTED = "fish would not accept this line: {} is out of place."
NOT_CLOSED = "A block is never closed with end."
UNFINISHED = "A quote or substitution is never closed."


class FishReader:
    __slots__ = ("commands", "depth", "i", "n", "problems", "s", "src", "unfinished")

    def __init__(self, src: Source, depth: int = 0):
        self.src = src
        self.s = src.text
        self.n = len(src.text)
        self.i = 0
        self.depth = depth
        self.commands = 0
        self.problems: list[str] = []
        self.unfinished = False

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

    def problem(self, sentence: str) -> None:
        if sentence not in self.problems and len(self.problems) < 8:
            self.problems.append(sentence)

    def open_end(self, sentence: str) -> None:
        self.unfinished = True
        self.problem(sentence)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Cap

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
        self.index(None)
        out.append(Sub(body, quoted, lines=True))

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
            if c == ")" or self.peek() in ENDERS:
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
