"""Words of bash and zsh: where they end and of which parts they are made. Evaluates nothing.

``Lexer`` works on one ``Source``. Quotes and substitutions that never end are taken to reach the end of the text and
recorded (``unfinished``): what they hold is still read. Anything nested deeper than ``MAX_DEPTH`` raises ``Cap``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vectra_guard.syntax.escapes import ansi_c
from vectra_guard.syntax.tree import Arith, Cap, List, Lit, Part, Proc, Raw, Source, Sub, Var

if TYPE_CHECKING:
    from vectra_guard.syntax.reader import Pending

MAX_DEPTH = 40
PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+^=\x80-\U0010ffff-]+")
UNQUOTED = re.compile(r"[^\s;&|()<>'\"\\$`{}\[*?~]+")
QUOTED = re.compile(r"[^\"\\$`]+")
BLANKS = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SPECIAL = "@*#?-$!0123456789_"
ENDS = " \t\r\n\f\v;&|()<>"
GLOB_BEFORE_PAREN = "?*+@!"
OPERATORS = (
    ":-", ":=", ":+", ":?", "##", "%%", "^^", ",,", "//", "/#", "/%", "-", "=", "+", "?", "#", "%", "^", ",", "/",
    "@", ":",
)  # fmt: skip
UNFINISHED_QUOTE = "A quote is never closed."
UNFINISHED_SUB = "A substitution is never closed."


class Lexer:
    """Position and findings of one reading. ``Reader`` adds the grammar of commands."""

    __slots__ = ("arith_no", "braces", "depth", "here", "i", "n", "problems", "s", "src", "unfinished", "zsh")

    def __init__(self, src: Source, zsh: bool, depth: int = 0):
        self.src = src
        self.s = src.text
        self.n = len(src.text)
        self.i = 0
        self.zsh = zsh
        self.depth = depth
        self.braces = 0  # groups that a } would close
        self.problems: list[str] = []
        self.unfinished = False
        self.here: list[Pending] = []
        self.arith_no: set[int] = set()

    # What the grammar of commands gives back to words.
    def sub_body(self, close: str) -> List:
        raise NotImplementedError

    def nested(self, text: str, src: Source) -> List:
        raise NotImplementedError

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
        elif start >= self.n or s[start] in " \t\r\n\f\v;&|)" or (s[start] in "<>" and s[start + 1 : start + 2] != "("):
            return None
        elif s[start] == "(" and not self.zsh:
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
            elif c in "<>":
                if s[i + 1 : i + 2] != "(" or (i > start and not self.zsh and not s[i - 1] in "=,:"):
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
        if before and (before in GLOB_BEFORE_PAREN or (self.zsh and s[i : i + 2] != "()")):
            end = self.balanced(i)
            if end is not None:
                out.append(Lit(s[i:end], False))
                self.i = end
                return True
        if self.zsh and i == start:
            end = self.balanced(i)
            if end is not None and end < self.n and s[end] not in ENDS:
                out.append(Lit(s[i:end], False))
                self.i = end
                return True
        return False

    def balanced(self, i: int) -> int | None:
        depth, s = 0, self.s
        end = min(self.n, i + 400)
        while i < end:
            c = s[i]
            if c == "(":
                depth += 1
            elif c == ")":
                depth -= 1
                if depth == 0:
                    return i + 1
            elif c == "\\":
                i += 1
            elif c in "\n;&`$":
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
                out.append(Var(found.group(), quoted, op="(=)" if nxt == "=" else ""))
            else:
                out.append(Lit("$", quoted))
                self.i = i + 1
        else:
            out.append(Lit("$", quoted))
            self.i = i + 1

    def subscript(self, var: Var) -> None:
        end = self.s.find("]", self.i)
        if 0 <= end - self.i < 80:
            var.index = self.s[self.i + 1 : end]
            self.i = end + 1

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
                var.op = s[i : end + 1]
                i = end + 1
        while self.zsh and s[i : i + 1] in ("=", "~", "^") and s[i : i + 1]:
            var.op = var.op or ("(=)" if s[i] == "=" else "")
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
