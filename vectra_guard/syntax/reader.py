"""The grammar of commands of bash, sh and zsh: a ``Source`` becomes a tree. Reads everything, rejects nothing.

Where the shell itself would stop with a syntax error the sentence is recorded, the offending token is stepped over,
and what follows is still read as commands: a line that cannot be understood must show every command it may hold.
Linear in the length of the text; nesting past a cap raises ``Cap`` inside and ends as ``Reading.capped``.
"""

from __future__ import annotations

import re

from vectra_guard.syntax.compound import HANDLERS, Compound
from vectra_guard.syntax.dollars import Pending
from vectra_guard.syntax.tokens import (
    ASSIGN,
    BODY_WORDS,
    CLOSERS,
    CLOSES_AFTER,
    DECLARES,
    DEFINES,
    MAX_COMMANDS,
    NOT_CLOSED,
    NUMBERS,
    PREFIXES,
    REDIRECT,
    REDIRECT_BASH,
    RESERVED,
    UNEXPECTED,
)
from vectra_guard.syntax.tree import (
    Assign,
    Cap,
    Coproc,
    List,
    Lit,
    Node,
    Pipe,
    Raw,
    Reading,
    Redir,
    Simple,
    Source,
)


class Reader(Compound):
    __slots__ = ("commands", "comments")

    def __init__(self, src: Source, zsh: bool, depth: int = 0, comments: bool = True):
        super().__init__(src, zsh, depth)
        self.commands = 0
        self.comments = comments  # whether # starts one

    def read(self) -> Reading:
        body = List()
        capped = False
        try:
            while self.i < self.n:
                self.list_into(body, frozenset(), "")
                if self.i < self.n:
                    self.stray()
            self.bodies()
        except Cap:
            capped = True
        return Reading(body, self.problems, self.unfinished, capped)

    def sub_body(self, close: str) -> List:
        body = List()
        stop = frozenset({"}"}) if close == "}" else frozenset()
        outer = self.braces
        self.braces = outer + 1 if close == "}" else 0
        while True:
            self.list_into(body, stop, close)
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                break
            if self.s[self.i] == close:
                self.i += 1
                break
            self.stray()
        self.braces = outer
        return body

    def nested(self, text: str, src: Source) -> List:
        reader = Reader(src, self.zsh, self.depth, self.comments)
        body = List()
        while reader.i < reader.n:
            reader.list_into(body, frozenset(), "")
            if reader.i < reader.n:
                reader.stray()
        reader.bodies()
        for sentence in reader.problems:
            self.problem(sentence)
        self.unfinished |= reader.unfinished
        return body

    def stray(self) -> None:
        """Step over a token that cannot stand here."""
        found = RESERVED.match(self.s, self.i)
        token = found.group() if found else self.s[self.i : self.i + 2].strip() or self.s[self.i]
        if not found and token[0] != token[-1]:
            token = token[0]
        self.problem(UNEXPECTED.format(token if token.isprintable() else "a character"))
        self.i += len(token)

    # Lists

    def newline(self) -> None:
        self.i += 1
        if self.here:
            self.bodies()

    def gap(self) -> None:
        """Blanks, comments and newlines."""
        s = self.s
        while self.i < self.n:
            c = s[self.i]
            if c in " \t\r\\\f\v":
                before = self.i
                self.blanks()
                if self.i == before:
                    return
            elif c == "\n":
                self.newline()
            elif c == "#" and self.comments:
                self.comment()
            else:
                return

    def comment(self) -> None:
        end = self.s.find("\n", self.i)
        self.i = self.n if end < 0 else end

    def list_into(self, out: List, stop: frozenset[str], close: str) -> None:
        """Commands up to a reserved word in ``stop``, the character ``close``, or what cannot start a command."""
        s = self.s
        while True:
            self.gap()
            if self.i >= self.n:
                return
            c = s[self.i]
            if c == close and close == ")":
                return
            if c == ";" or c == "&":
                if s.startswith((";;", ";&", ";|"), self.i) or not self.lonely(c):
                    return
                continue
            if c == "{" and self.zsh and out.items and (stop & BODY_WORDS) and not out.items[-1][1].strip(";"):
                return
            if c in "fteditasen}w":
                found = RESERVED.match(s, self.i)
                if found and (found.group() in stop or found.group() in CLOSERS):
                    return
            before = self.i
            node = self.pipeline()
            if node is None:
                if self.i == before:
                    return
                continue
            out.items.append((node, self.separator()))

    def lonely(self, c: str) -> bool:
        """A separator with no command before it: an error in the shell, except that a user may still be typing."""
        if self.s.startswith("&>", self.i):
            return False
        if not (self.zsh and c == ";"):
            self.problem(UNEXPECTED.format(c))
        self.i += 1
        return True

    def separator(self) -> str:
        self.blanks()
        s, i = self.s, self.i
        c = s[i : i + 1]
        if c == ";":
            if s[i + 1 : i + 2] not in (";", "&", "|") or not s[i + 1 : i + 2]:
                self.i += 1
            return ";"
        if c == "&":
            if s[i + 1 : i + 2] == "&":
                self.i += 2
                return self.joined("&&")
            if s[i + 1 : i + 2] == ">":
                return ";"
            self.i += 2 if self.zsh and s[i + 1 : i + 2] in ("|", "!") and s[i + 1 : i + 2] else 1
            return "&"
        if s.startswith("||", i):
            self.i += 2
            return self.joined("||")
        return ";"

    def joined(self, op: str) -> str:
        self.gap()
        if self.i >= self.n:
            self.open_end("The line ends after an operator.")
        return op

    def pipeline(self) -> Node | None:
        s = self.s
        pipe = Pipe([])
        while True:
            found = RESERVED.match(s, self.i)
            word = found.group() if found else ""
            if word == "!":
                pipe.negated = True
                self.i += 1
                self.blanks()
            elif word == "time":
                self.i += 4
                self.blanks()
                if s.startswith("-p", self.i) and s[self.i + 2 : self.i + 3] in (" ", "\t", ""):
                    self.i += 2
                    self.blanks()
            else:
                break
        while True:
            node = self.command()
            if node is None:
                break
            pipe.stages.append(node)
            self.blanks()
            if s[self.i : self.i + 1] != "|" or s[self.i + 1 : self.i + 2] == "|":
                break
            both = s[self.i + 1 : self.i + 2] == "&"
            self.i += 2 if both else 1
            pipe.both.append(both)
            self.gap()
            if self.i >= self.n:
                self.open_end("The line ends after a pipe.")
        if not pipe.stages:
            return None
        return pipe.stages[0] if len(pipe.stages) == 1 and not pipe.negated else pipe

    # Commands

    def command(self) -> Node | None:
        s, i = self.s, self.i
        if i >= self.n:
            return None
        self.commands += 1
        if self.commands > MAX_COMMANDS:
            raise Cap
        if s[i] == "(":
            return self.parens()
        found = RESERVED.match(s, i)
        if found:
            word = found.group()
            if word in CLOSERS and not (word == "end" or word == "in" or word == "always"):
                return None
            handler = HANDLERS.get(word)
            if handler is not None and (self.zsh or word not in ("repeat", "foreach")):
                self.deeper()
                self.i = found.end()
                node = handler(self)
                self.depth -= 1
                self.trailing(node)
                return node
        return self.simple()

    def trailing(self, node: Node) -> None:
        """Redirections after a compound command."""
        if isinstance(node, Simple | Coproc | Pipe | List):
            return
        while True:
            self.blanks()
            redir = self.redirect()
            if redir is None:
                return
            node.redirects.append(redir)

    def simple(self) -> Node | None:
        s = self.s
        node = Simple(self.src, self.i)
        leading = True
        declares = False
        while self.i < self.n:
            self.blanks()
            if self.i >= self.n:
                break
            c = s[self.i]
            if c in "\n;|)":
                break
            if c == "#" and self.comments:
                self.comment()
                break
            if c in "<>&0123456789{":
                redir = None if c == "<" and self.zsh and NUMBERS.match(s, self.i) else self.redirect()
                if redir is not None:
                    node.redirects.append(redir)
                    continue
                if c == "&":
                    break
            elif c == "}" and self.zsh and self.braces and s[self.i + 1 : self.i + 2] in CLOSES_AFTER:
                break
            if c == "(" and len(node.words) == 1 and not node.assigns and self.definition():
                return self.function_body([s[node.words[0].start : node.words[0].end]], node.start)
            if leading or declares:
                found = ASSIGN.match(s, self.i)
                if found and self.assignment(node, found, declares):
                    continue
            raw = self.word()
            if raw is None:
                if c == "(" and s[self.i - 1 : self.i] not in (" ", "") and node.words:
                    self.problem(UNEXPECTED.format("("))
                break
            if leading:
                if self.zsh and raw.plain in PREFIXES:
                    node.prefix.append(raw.plain or "")
                    continue
                leading = False
                declares = raw.plain in DECLARES
            node.words.append(raw)
        node.end = self.i
        if not node.words and not node.assigns and not node.redirects and not node.prefix:
            return None
        return node

    def definition(self) -> bool:
        found = DEFINES.match(self.s, self.i)
        if found:
            self.i = found.end()
        return found is not None

    def assignment(self, node: Simple, found: re.Match[str], declares: bool) -> bool:
        """``name=value`` or ``name=(…)``. As an argument of declare and its like it is kept as a word too."""
        s, start = self.s, self.i
        end = found.end()
        name, index, op = found.group(1), found.group(2) or "", found.group(3)
        inside = self.subscript_parts(*found.span(2)) if "$" in index or "`" in index else None
        if s[end : end + 1] == "(":
            self.i = end + 1
            items: list[Raw] = []
            while True:
                self.gap()
                if self.i >= self.n:
                    self.open_end(NOT_CLOSED)
                    break
                if s[self.i] == ")":
                    self.i += 1
                    break
                raw = self.word()
                if raw is None:
                    self.problem(UNEXPECTED.format(s[self.i]))
                    self.i += 1
                    continue
                items.append(raw)
            node.assigns.append(Assign(name, op, index, None, items, inside))
            if declares:
                node.words.append(Raw(self.src, start, end - len(op), name))
            return True
        if declares:
            return False
        self.i = end
        value = self.word()
        node.assigns.append(Assign(name, op, index, value or Raw(self.src, end, end, ""), None, inside))
        return True

    # Redirections

    def redirect(self) -> Redir | None:
        found = (REDIRECT if self.zsh else REDIRECT_BASH).match(self.s, self.i)
        if not found:
            return None
        end = found.end()
        op, number = found.group(2), found.group(1)
        if op in ("<", ">") and self.s[end : end + 1] == "(":
            return None
        op = op.rstrip("|!") if op not in (">|", ">!") else ">|"
        fd_name, fd = "", (0 if op[0] == "<" else 1)
        if number:
            if number[0] == "{":
                fd_name, fd = number[1:-1], 10
            else:
                fd = int(number)
        elif op.startswith("&>"):
            fd = -1
        start = self.i
        self.i = end
        self.blanks()
        target = self.word()
        if target is None:
            if self.i >= self.n:
                self.unfinished = True
            self.problem(UNEXPECTED.format(op))
            target = Raw(self.src, start, end, "")
        if op == ">&" and not number and not (target.plain or "").rstrip("-").isdigit() and target.plain != "-":
            op, fd = "&>", -1
        redir = Redir(op, fd, target, fd_name)
        if op in ("<<", "<<-"):
            written = self.s[target.start : target.end]
            literal = any(c in written for c in "'\"\\")
            word = "".join(p.text for p in target.parts if isinstance(p, Lit)) if target.plain is None else target.plain
            self.here.append(Pending(redir, word, literal, op == "<<-"))
        return redir

    def bodies(self) -> None:
        """The bodies of the here-documents that were announced on the line just ended."""
        pending, self.here = self.here, []
        for item in pending:
            lines: list[str] = []
            start = self.i
            closed = False
            body_end = start
            while self.i < self.n:
                end = self.s.find("\n", self.i)
                line = self.s[self.i : self.n if end < 0 else end]
                self.i = self.n if end < 0 else end + 1
                if item.strip:
                    line = line.lstrip("\t")
                if line == item.word:
                    closed = True
                    break
                lines.append(line)
                body_end = self.i
            if not closed:
                self.open_end("A here-document is never closed.")
            text = "".join(line + "\n" for line in lines)
            item.redir.target = self.body_word(item, text, start, body_end)

    def body_word(self, item: Pending, text: str, start: int, end: int) -> Raw:
        raw = Raw(self.src, start, end)
        if item.literal or not any(c in text for c in "$`\\"):
            raw.parts = [Lit(text, True)]
            return raw
        inner = Source(text, 0, self.src.span(start, end)) if item.strip else self.src.inner(start, end)
        reader = Reader(inner, self.zsh, self.depth)
        reader.quoted_until(raw.parts, "")
        for sentence in reader.problems:
            self.problem(sentence)
        return raw
