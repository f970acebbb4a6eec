"""What a dollar sign starts: variables with their operators, substitutions, arithmetic. Part of the lexer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vectra_guard.syntax.escapes import ansi_c
from vectra_guard.syntax.scan import Scan
from vectra_guard.syntax.tree import Arith, List, Lit, Part, Redir, Source, Sub, Var

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SPECIAL = "@*#?-$!0123456789_"
OPERATORS = (
    ":-", ":=", ":+", ":?", "##", "%%", "^^", ",,", "//", "/#", "/%", "-", "=", "+", "?", "#", "%", "^", ",", "/",
    "@", ":",
)  # fmt: skip
UNFINISHED_QUOTE = "A quote is never closed."
UNFINISHED_SUB = "A substitution is never closed."


@dataclass(slots=True)
class Pending:
    """A here-document whose body comes after the end of the line."""

    redir: Redir
    word: str
    literal: bool
    strip: bool


class Dollars(Scan):
    """The place in the text, and expansions. Quotes and words come with ``Lexer``."""

    __slots__ = ("arith_no", "braces", "here", "zsh")

    def __init__(self, src: Source, zsh: bool, depth: int = 0):
        super().__init__(src, depth)
        self.zsh = zsh
        self.braces = 0  # groups that a } would close
        self.here: list[Pending] = []
        self.arith_no: set[int] = set()

    # What the grammar of commands gives back to words.
    def sub_body(self, close: str) -> List:
        raise NotImplementedError

    def nested(self, text: str, src: Source) -> List:
        raise NotImplementedError

    def single(self, out: list[Part]) -> None:
        raise NotImplementedError

    def quoted_until(self, out: list[Part], close: str) -> None:
        raise NotImplementedError

    def double(self, out: list[Part]) -> None:
        raise NotImplementedError

    def backslash(self, out: list[Part]) -> None:
        raise NotImplementedError

    def backtick(self, out: list[Part], quoted: bool) -> None:
        raise NotImplementedError

    def dollar(self, out: list[Part], quoted: bool) -> None:
        s, i = self.s, self.i
        nxt = s[i + 1 : i + 2]
        if nxt == "(":
            if s[i + 2 : i + 3] == "(" and i not in self.arith_no and self.arithmetic(out, quoted, i + 3, "))"):
                return
            self.i = i + 2
            self.deeper()
            out.append(Sub(self.sub_body(")"), quoted))
            self.depth -= 1
        elif nxt == "{":
            self.deeper()
            self.braced(out, quoted)
            self.depth -= 1
        elif nxt == "'" and not quoted:
            text, self.i, closed = ansi_c(s, i + 2)
            if not closed:
                self.open_end(UNFINISHED_QUOTE)
            out.append(Lit(text, True))
        elif nxt == '"' and not quoted:
            self.i = i + 1
            self.double(out)
        elif nxt == "[" and self.arithmetic(out, quoted, i + 2, "]"):
            return
        elif nxt and (nxt.isalpha() or nxt == "_") and nxt.isascii():
            found = NAME.match(s, i + 1)
            self.i = found.end() if found else i + 2
            var = Var(s[i + 1 : self.i], quoted)
            if self.zsh and s[self.i : self.i + 1] == "[":
                self.subscript(var)
            out.append(var)
        elif nxt and nxt in SPECIAL:
            self.i = i + 2
            out.append(Var(nxt, quoted))
        elif self.zsh and nxt and nxt in "=~^+":
            found = NAME.match(s, i + 2)
            if found:
                self.i = found.end()
                out.append(Var(found.group(), quoted, flags="=" if nxt == "=" else ""))
            else:
                out.append(Lit("$", quoted))
                self.i = i + 1
        else:
            out.append(Lit("$", quoted))
            self.i = i + 1

    def subscript(self, var: Var) -> None:
        end = self.subscript_end(self.i)
        if end:
            var.index = self.s[self.i + 1 : end]
            if "$" in var.index or "`" in var.index:
                var.index_parts = self.subscript_parts(self.i + 1, end)
            self.i = end + 1

    def subscript_end(self, opened: int) -> int:
        """Where the ``]`` for the ``[`` at ``opened`` stands; 0 when there is none near."""
        level = 0
        for at in range(opened, min(self.n, opened + 200)):
            c = self.s[at]
            if c == "[":
                level += 1
            elif c == "]":
                level -= 1
                if level == 0:
                    return at
            elif c == "\n":
                break
        return 0

    def subscript_parts(self, start: int, end: int) -> list[Part]:
        """A subscript is expanded: what it substitutes runs."""
        inner = type(self)(self.src.inner(start, end), self.zsh, self.depth)
        parts: list[Part] = []
        inner.quoted_until(parts, "")
        return parts

    def arithmetic(self, out: list[Part], quoted: bool, start: int, close: str) -> bool:
        """``$((…))`` or ``$[…]``. False, and nothing consumed, when it turns out to be a command substitution."""
        opened = self.i
        self.i = start
        self.deeper()
        parts: list[Part] = []
        opens, closes = ("(", ")") if close == "))" else ("[", "]")
        s, level, here = self.s, 0, len(self.here)
        while self.i < self.n:
            c = s[self.i]
            if c == closes:
                if level == 0:
                    break
                level -= 1
            elif c == opens:
                level += 1
            if c == "$":
                self.dollar(parts, True)
            elif c == "`":
                self.backtick(parts, True)
            elif c == "'":
                self.single(parts)
            elif c == '"':
                self.double(parts)
            else:
                parts.append(Lit(c, True))
                self.i += 1
        self.depth -= 1
        if self.i >= self.n or s.startswith(close, self.i):
            if self.i >= self.n:
                self.open_end(UNFINISHED_SUB)
            self.i = min(self.n, self.i + len(close))
            out.append(Arith(parts, quoted))
            return True
        self.arith_no.add(opened)
        del self.here[here:]
        self.i = opened
        return False

    def braced(self, out: list[Part], quoted: bool) -> None:
        """``${…}`` with its operator; ``${ cmd; }`` of newer shells."""
        s, i = self.s, self.i + 2
        if s[i : i + 1] in (" ", "\t", "\n", "|"):
            self.i = i + 1
            out.append(Sub(self.sub_body("}"), quoted))
            return
        var = Var("", quoted)
        if self.zsh and s[i : i + 1] == "(":
            end = s.find(")", i)
            if 0 < end - i < 40:
                var.flags = s[i + 1 : end]
                i = end + 1
        while self.zsh and s[i : i + 1] in ("=", "~", "^") and s[i : i + 1]:
            var.flags += "=" if s[i] == "=" else ""
            i += 1
        length = s[i : i + 1] == "#" and s[i + 1 : i + 2] not in ("}", "-", ":", "+", "=", "?", "#", "%", "/", "")
        if length or (s[i : i + 1] == "!" and s[i + 1 : i + 2] not in ("}", "-", ":", "+", "=", "?", "#", "%", "")):
            var.indirect = not length
            i += 1
        if self.zsh and s.startswith("${", i):  # nested expansion: ${${x}#y}
            self.i = i
            self.dollar(out, quoted)
            inner = out.pop()
            var.op = var.op or "nested"
            var.operand2 = [inner]
            i = self.i
        elif self.zsh and s.startswith(("$(", '"'), i):
            self.i = i
            inside: list[Part] = []
            if s[i] == '"':
                self.double(inside)
            else:
                self.dollar(inside, quoted)
            var.op, var.operand2 = var.op or "nested", inside
            i = self.i
        else:
            found = NAME.match(s, i)
            if found:
                var.name, i = found.group(), found.end()
            elif s[i : i + 1].isdigit():
                digits = i
                while s[i : i + 1].isdigit():
                    i += 1
                var.name = s[digits:i]
            elif s[i : i + 1] and s[i] in SPECIAL:
                var.name, i = s[i], i + 1
        self.i = i
        if s[i : i + 1] == "[":
            self.subscript(var)
        if length:
            var.op = "length"
        self.operator(var)
        out.append(var)

    def operator(self, var: Var) -> None:
        s = self.s
        if s[self.i : self.i + 1] == "}":
            self.i += 1
            return
        for op in OPERATORS:
            if s.startswith(op, self.i):
                self.i += len(op)
                break
        else:
            op = "bad"
        parts: list[Part] = []
        self.operand(parts, var.quoted, "/}" if op in ("/", "//", "/#", "/%") else (":}" if op == ":" else "}"))
        var.operand = parts
        if s[self.i : self.i + 1] in ("/", ":") and s[self.i : self.i + 1]:
            self.i += 1
            more: list[Part] = []
            self.operand(more, var.quoted, "}")
            if var.operand2 is None:
                var.operand2 = more
        if self.i >= self.n:
            self.open_end(UNFINISHED_SUB)
        self.i = min(self.n, self.i + 1)
        if var.op in ("", "nested"):
            var.op = op

    def operand(self, out: list[Part], quoted: bool, stops: str) -> None:
        s = self.s
        level = 0
        while self.i < self.n:
            c = s[self.i]
            if c in stops and level == 0:
                return
            if c == "{":
                level += 1
            elif c == "}":
                level -= 1
            if c == "'" and not quoted:
                self.single(out)
            elif c == '"':
                self.double(out)
            elif c == "\\":
                self.backslash(out)
            elif c == "$":
                self.dollar(out, quoted)
            elif c == "`":
                self.backtick(out, quoted)
            else:
                if out and type(out[-1]) is Lit and out[-1].quoted == quoted:
                    out[-1].text += c
                else:
                    out.append(Lit(c, quoted))
                self.i += 1
