"""Compound commands of bash and zsh: groups, conditions, loops, functions, tests. Part of the reader."""

from __future__ import annotations

from collections.abc import Callable

from vectra_guard.syntax.lexer import NAME, Lexer
from vectra_guard.syntax.tokens import ANONYMOUS, BODY_WORDS, COPROC_NAME, FOR_NAME, NOT_CLOSED, RESERVED, UNEXPECTED
from vectra_guard.syntax.tree import Branch, Coproc, Function, Group, List, Loop, Node, Raw, Simple


class Compound(Lexer):
    """Needs the lists and pipelines of ``Reader``, which is the class to use."""

    __slots__ = ()

    def list_into(self, out: List, stop: frozenset[str], close: str) -> None:
        raise NotImplementedError

    def pipeline(self) -> Node | None:
        raise NotImplementedError

    def command(self) -> Node | None:
        raise NotImplementedError

    def trailing(self, node: Node) -> None:
        raise NotImplementedError

    def stray(self) -> None:
        raise NotImplementedError

    def gap(self) -> None:
        raise NotImplementedError

    def parens(self) -> Node:
        s, start = self.s, self.i
        self.deeper()
        if s.startswith("((", start) and start not in self.arith_no:
            node = Simple(self.src, start)
            raw = Raw(self.src, start, start + 2)
            if self.arithmetic(raw.parts, True, start + 2, "))"):
                raw.end = node.end = self.i
                node.words = [Raw(self.src, start, start + 2, "(("), raw]
                self.depth -= 1
                return node
        self.i = start + 1
        group = Group(self.sub_body(")"), True)
        self.depth -= 1
        self.blanks()
        if self.zsh and not group.body.items and s[self.i : self.i + 1] == "{":
            return self.anonymous(start)
        self.trailing(group)
        return group

    def anonymous(self, start: int) -> Node:
        """zsh ``() { … } args``: a function that is called at once."""
        function = self.function_body([ANONYMOUS], start)
        call = Simple(self.src, start, self.i, words=[Raw(self.src, start, start + 2, ANONYMOUS), *self.words()])
        return List([(function, ";"), (call, ";")])

    def group(self) -> Node:
        group = Group(self.sub_body("}"), False)
        self.blanks()
        if self.zsh and self.s.startswith("always", self.i):
            self.i += 6
            self.gap()
            if self.s[self.i : self.i + 1] == "{":
                self.i += 1
                group.body.items.extend(self.sub_body("}").items)
        return group

    def until(self, words: frozenset[str]) -> tuple[List, str]:
        """A list that one of ``words`` ends; "" when the text ends first."""
        body = List()
        while True:
            self.list_into(body, words, "")
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                return body, ""
            found = RESERVED.match(self.s, self.i)
            if found and found.group() in words:
                self.i = found.end()
                return body, found.group()
            if self.zsh and self.s[self.i] == "{" and words & BODY_WORDS:
                return body, "{"
            if self.s[self.i] == ")" or (found and self.depth > 1) or self.s.startswith(";;", self.i):
                self.problem(NOT_CLOSED)
                return body, ""
            self.stray()

    def if_(self) -> Node:
        branch = Branch([])
        while True:
            cond, word = self.until(frozenset({"then"}))
            branch.arms.append(cond)
            if word == "{":
                return self.braced_if(branch)
            if word != "then":
                return branch
            body, word = self.until(frozenset({"elif", "else", "fi"}))
            branch.arms.append(body)
            if word == "else":
                body, word = self.until(frozenset({"fi"}))
                branch.arms.append(body)
            if word != "elif":
                return branch

    def braced_if(self, branch: Branch) -> Node:
        """zsh ``if [[ … ]] { … } elif [[ … ]] { … } else { … }``."""
        while True:
            self.i += 1
            branch.arms.append(self.sub_body("}"))
            before = self.i
            self.gap()
            found = RESERVED.match(self.s, self.i)
            word = found.group() if found else ""
            if found is None or word not in ("else", "elif"):
                self.i = before
                return branch
            self.i = found.end()
            self.gap()
            if word == "elif":
                cond, word = self.until(frozenset({"then"}))
                branch.arms.append(cond)
            if self.s[self.i : self.i + 1] != "{":
                return branch

    def while_(self) -> Node:
        cond, word = self.until(frozenset({"do"}))
        if word == "{":
            self.i += 1
            return Loop("while", self.sub_body("}"), cond=cond)
        body = self.until(frozenset({"done"}))[0] if word else List()
        return Loop("while", body, cond=cond)

    def body(self) -> List:
        """The body of a loop: do…done, {…}, or in zsh one command."""
        self.gap()
        s = self.s
        if s[self.i : self.i + 1] == ";":
            self.i += 1
            self.gap()
        found = RESERVED.match(s, self.i)
        if found and found.group() == "do":
            self.i = found.end()
            return self.until(frozenset({"done"}))[0]
        if s[self.i : self.i + 1] == "{" and (found or self.zsh):
            self.i += 1
            return self.sub_body("}")
        if self.i >= self.n:
            self.open_end(NOT_CLOSED)
            return List()
        if not self.zsh:
            self.problem(UNEXPECTED.format("the body of a loop"))
        node = self.pipeline()
        return List([(node, ";")] if node else [])

    def for_(self) -> Node:
        self.blanks()
        s = self.s
        if s.startswith("((", self.i):
            raw = Raw(self.src, self.i, self.i)
            self.arithmetic(raw.parts, True, self.i + 2, "))")
            raw.end = self.i
            return Loop("times", self.body(), words=[raw])
        names: list[str] = []
        while found := FOR_NAME.match(s, self.i):
            if found.group() == "in" and names:
                break
            names.append(found.group())
            self.i = found.end()
            self.blanks()
            if not self.zsh:
                break
        self.gap()
        words: list[Raw] | None = None
        if s.startswith("in", self.i) and s[self.i + 2 : self.i + 3] in (" ", "\t", "\n", ";", "", "\\"):
            self.i += 2
            words = self.words()
        elif self.zsh and s[self.i : self.i + 1] == "(":
            self.i += 1
            words = self.words()
            self.gap()
            if s[self.i : self.i + 1] == ")":
                self.i += 1
        return Loop("for", self.body(), tuple(names), words)

    def foreach(self) -> Node:
        node = self.for_head()
        self.gap()
        if self.s[self.i : self.i + 1] == ";":
            self.i += 1
            self.gap()
        found = RESERVED.match(self.s, self.i)
        if found and found.group() == "do":
            self.i = found.end()
        node.body = self.until(frozenset({"end", "done"}))[0]
        return node

    def for_head(self) -> Loop:
        self.blanks()
        found = NAME.match(self.s, self.i)
        name = found.group() if found else "_"
        self.i = found.end() if found else self.i
        self.blanks()
        words: list[Raw] = []
        if self.s[self.i : self.i + 1] == "(":
            self.i += 1
            words = self.words()
            self.i += 1
        return Loop("for", List(), (name,), words)

    def repeat(self) -> Node:
        self.blanks()
        count = self.word()
        return Loop("times", self.body(), words=[count] if count else [])

    def words(self) -> list[Raw]:
        out: list[Raw] = []
        while True:
            self.blanks()
            raw = self.word()
            if raw is None:
                return out
            out.append(raw)

    def case(self) -> Node:
        self.blanks()
        subject = self.word()
        branch = Branch([], [subject] if subject else [])
        self.gap()
        s = self.s
        if self.zsh and s[self.i : self.i + 1] == ";":
            self.i += 1
            self.gap()
        ends = "esac"
        if s.startswith("in", self.i):
            self.i += 2
        elif self.zsh and s[self.i : self.i + 1] == "{":
            self.i += 1
            ends = "}"
        while True:
            self.gap()
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                return branch
            found = RESERVED.match(s, self.i)
            if found and found.group() == ends:
                self.i = found.end()
                return branch
            if not self.pattern(branch):
                self.problem(NOT_CLOSED)
                return branch
            arm = List()
            self.list_into(arm, frozenset({ends}), "")
            branch.arms.append(arm)
            if s[self.i : self.i + 1] == ";":
                self.i += 3 if s.startswith(";;&", self.i) else 2

    def pattern(self, branch: Branch) -> bool:
        """``(a|b)`` up to and with its closing parenthesis."""
        s = self.s
        if s[self.i] == "(":
            end = self.balanced(self.i) if self.zsh else None
            if end is not None and s[end : end + 1] not in ("", " ", "\t", "\n", ";"):
                self.i = end  # zsh: a group of alternatives that begins the pattern
            else:
                self.i += 1
        while self.i < self.n:
            self.gap()
            c = s[self.i : self.i + 1]
            if c == ")":
                self.i += 1
                return True
            if c == "|":
                self.i += 1
            else:
                raw = self.word()
                if raw is None:
                    return False
                if raw.plain is None:
                    branch.words.append(raw)
        return False

    def function(self) -> Node:
        start = self.i - 8
        self.blanks()
        names: list[str] = []
        if self.zsh and self.s[self.i : self.i + 1] == "{":
            return self.anonymous(start)
        while True:
            raw = self.word()
            if raw is None:
                break
            names.append(self.s[raw.start : raw.end])
            self.blanks()
            if not self.zsh:
                break
            if self.s[self.i : self.i + 1] in ("{", "("):
                break
        if self.s[self.i : self.i + 1] == "(":
            self.i += 1
            self.blanks()
            if self.s[self.i : self.i + 1] == ")":
                self.i += 1
        return self.function_body(names, start)

    def function_body(self, names: list[str], start: int) -> Node:
        self.gap()
        before = self.i
        if self.s[self.i : self.i + 1] == "{":
            self.i += 1
            self.deeper()
            body: Node = Group(self.sub_body("}"), False)
            self.depth -= 1
        else:
            self.deeper()
            body = self.command() or List()
            self.depth -= 1
        if self.i == before:
            self.open_end(NOT_CLOSED)
        node = Function(names, body, self.src, start, self.i)
        self.trailing(node)
        return node

    def coproc(self) -> Node:
        self.blanks()
        found = COPROC_NAME.match(self.s, self.i)
        if found:
            self.i = found.end()
            self.blanks()
        return Coproc(self.command() or List())

    def test(self) -> Node:
        """``[[ … ]]``: its words, with the operators that would otherwise split it."""
        s = self.s
        node = Simple(self.src, self.i - 2, words=[Raw(self.src, self.i - 2, self.i, "[[")])
        while True:
            self.gap()
            if self.i >= self.n:
                self.open_end(NOT_CLOSED)
                break
            if s.startswith("]]", self.i) and s[self.i + 2 : self.i + 3] in ("", " ", "\n", "\t", ";", "&", "|", ")"):
                node.words.append(Raw(self.src, self.i, self.i + 2, "]]"))
                self.i += 2
                break
            raw = self.word()
            if raw is not None:
                node.words.append(raw)
                continue
            if s[self.i] in ";" or (s[self.i] == "&" and s[self.i + 1 : self.i + 2] != "&"):
                self.problem(NOT_CLOSED)
                break
            self.i += 2 if s.startswith(("&&", "||"), self.i) else 1
        node.end = self.i
        return node


HANDLERS: dict[str, Callable[[Compound], Node]] = {
    "{": Compound.group,
    "if": Compound.if_,
    "while": Compound.while_,
    "until": Compound.while_,
    "for": Compound.for_,
    "select": Compound.for_,
    "foreach": Compound.foreach,
    "repeat": Compound.repeat,
    "case": Compound.case,
    "function": Compound.function,
    "coproc": Compound.coproc,
    "[[": Compound.test,
}
