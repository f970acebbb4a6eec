"""From a tree to the simple commands that a line would run, in order, with what is known at each.

The walker follows a line as the shell would, without running anything: assignments, ``cd``, loops over known lists,
functions, aliases, pipes whose text is known, files written and read again in the same line. Both arms of a condition
are taken. What wraps another command is opened up by ``unwrap``, what changes the shell by ``shellstate``.

Caps: commands, nesting, text. What lies past one is not judged, so the script's floor becomes HIGH.
"""

from __future__ import annotations

from vectra_guard.model import UNKNOWN, Script, Span, Word
from vectra_guard.syntax import expand
from vectra_guard.syntax.commands import MAX_COMMANDS, MAX_DEPTH, UNKNOWN_OUT, Commands, read_text
from vectra_guard.syntax.context import MAX_FOLD, TOO_DEEP, TOO_LONG
from vectra_guard.syntax.escapes import NUL
from vectra_guard.syntax.state import NOTHING, Out, State, Val
from vectra_guard.syntax.tree import Branch, Coproc, Function, Group, List, Loop, Node, Pipe, Proc, Simple, Source

MAX_TEXT = 200_000  # characters of nested text read in one line, all together
MAX_VALUES = 24


class Walker(Commands):
    """One reading of one line."""

    # Entry points

    def run(self, body: List, st: State) -> None:
        self.listed(body, st)
        for name, (function, where) in list(self.defined.items()):
            if name not in self.called:
                inner = where.fork()
                inner.defined_only, inner.via, inner.inplace = True, "function", False
                inner.calls = (*inner.calls, function)
                self.node(function.body, inner)

    def script(self) -> Script:
        return Script(tuple(d.freeze() for d in self.drafts), tuple(self.problems), self.floor)

    def nested(
        self,
        text: str,
        st: State,
        span: Span,
        via: str,
        *,
        clean: bool = True,
        dialect: str = "",
        word: Word | None = None,
    ) -> Out:
        """Commands in a text: ``sh -c``, ``eval``, standard input of a shell."""
        if st.depth >= MAX_DEPTH:
            self.cap(TOO_DEEP)
            return UNKNOWN_OUT
        self.text_read += len(text)
        if self.text_read > MAX_TEXT:
            self.cap(TOO_LONG)
            return UNKNOWN_OUT
        inner = st.clean() if clean else st.share()
        inner.depth += 2
        inner.via = via
        inner.inplace = False
        inner.dialect = dialect or st.dialect
        if word is not None and UNKNOWN in text:
            # each once, and not too many: they are handed on to every part of the text, level by level
            inner.taint = tuple(dict.fromkeys(word.sources))[:MAX_VALUES] or st.taint
            inner.taint_vars = tuple(dict.fromkeys(word.variables))[:MAX_VALUES] or st.taint_vars
        reading = read_text(Source(text, 0, span), inner.dialect, inner.depth // 2)
        self.reading(reading, False)
        out = self.listed(reading.body, inner)
        if not clean:
            st.cwd, st.args = inner.cwd, inner.args
        return out

    def captured(self, body: List, st: State) -> Out:
        """A command substitution."""
        inner = st.fork()
        inner.via = "substitution"
        inner.depth += 1
        out = self.listed(body, inner)
        return Out(out.text[:MAX_FOLD].replace(NUL, ""), out.sources)

    def process(self, part: Proc, st: State) -> tuple[str, tuple[int, ...]]:
        """``<(…)`` and its kin: the path that stands for it, and the commands behind it."""
        inner = st.fork()
        inner.via = "substitution"
        inner.depth += 1
        path = f"/dev/fd/{63 - len(self.procs) % 50}"
        if part.op == ">" and self.pouring:
            self.sinks[path] = (part.body, inner)
            return path, ()
        if part.op == ">":
            inner.inp_from = st.top if st.top >= 0 else None
            owner = self.current
            fed = owner is not None and owner.words and owner.words[0].text in ("tee", "sudo", "pee")
            inner.inp_text = owner.stdin_text if owner is not None and fed else None
            first = len(self.drafts)
            self.listed(part.body, inner)
            self.procs[path] = NOTHING
            return path, tuple(range(first, min(first + 1, len(self.drafts))))
        out = self.listed(part.body, inner)
        if part.op == "=":
            path = f"/tmp/zsh{len(self.procs)}"  # noqa: S108 - zsh's name for it; nothing is written
        self.procs[path] = out
        return path, out.sources

    # Nodes

    def listed(self, body: List, st: State) -> Out:
        if not body.items:
            return NOTHING
        if len(body.items) == 1 and body.items[0][1] != "&":
            return self.node(body.items[0][0], st)
        texts: list[str] = []
        sources: tuple[int, ...] = ()
        was = st.background
        pending: list[Node] = []
        for node, op in body.items:
            pending.append(node)
            if op in ("&&", "||"):
                continue
            for item in pending:
                st.background = was or op == "&"
                out = self.node(item, st)
                texts.append(out.text if out.text != UNKNOWN else UNKNOWN + "\n")
                sources += out.sources
            pending = []
            st.background = was
            if len(self.drafts) >= MAX_COMMANDS:
                self.cap(TOO_LONG)
                break
        for item in pending:
            out = self.node(item, st)
            texts.append(out.text)
            sources += out.sources
        return Out("".join(texts)[:MAX_FOLD], sources[-8:])

    def node(self, node: Node, st: State) -> Out:
        if type(node) is Simple:
            return self.simple(node, st)
        if st.depth >= MAX_DEPTH or len(self.drafts) >= MAX_COMMANDS:
            self.cap(TOO_DEEP if st.depth >= MAX_DEPTH else TOO_LONG)
            return UNKNOWN_OUT
        if type(node) is List:
            return self.listed(node, st)
        inner = st.share()
        inner.depth += 1
        out = self.compound(node, inner)
        st.cwd, st.args = inner.cwd, inner.args
        return out

    def compound(self, node: Node, st: State) -> Out:
        match node:
            case Pipe():
                return self.pipe(node, st)
            case Group():
                return self.group(node, st)
            case Branch():
                return self.branch(node, st)
            case Loop():
                return self.loop(node, st)
            case Function():
                return self.function(node, st)
            case Coproc():
                return self.coproc(node, st)
            case _:
                return NOTHING

    def pipe(self, node: Pipe, st: State) -> Out:
        if len(node.stages) == 1:
            return self.node(node.stages[0], st)
        out = NOTHING
        text, reads = st.inp_text, st.inp_from
        sources: tuple[int, ...] = ()
        for number, stage in enumerate(node.stages):
            inner = st.fork() if number < len(node.stages) - 1 or st.dialect == "bash" else st.share()
            inner.inp_text, inner.inp_from = text, reads
            first = len(self.drafts)
            out = self.node(stage, inner)
            if number:
                receiver = self.receiver(first)
                for source in sources:
                    if receiver is not None and source < len(self.drafts):
                        self.drafts[source].stdout_to = receiver
            sources = out.sources
            text = None if out.text == UNKNOWN else out.text
            reads = sources[-1] if sources else None
        return out

    def receiver(self, first: int) -> int | None:
        """The command that reads what is piped into what was emitted from ``first`` on."""
        for draft in self.drafts[first:]:
            if draft.via != "substitution" or draft.top == draft.index:
                return draft.index
        return first if first < len(self.drafts) else None

    def group(self, node: Group, st: State) -> Out:
        inner = st.fork() if node.subshell else st
        return self.redirected(node.redirects, inner, lambda s: self.listed(node.body, s))

    def branch(self, node: Branch, st: State) -> Out:
        for raw in node.words:
            self.argument(raw, st)

        def arms(inner: State) -> Out:
            texts: list[str] = []
            sources: tuple[int, ...] = ()
            for arm in node.arms:
                out = self.listed(arm, inner)
                sources += out.sources
                if out.text:
                    texts.append(out.text)
            return Out("".join(texts)[:MAX_FOLD], sources[-8:])

        return self.redirected(node.redirects, st, arms)

    def loop(self, node: Loop, st: State) -> Out:
        return self.redirected(node.redirects, st, lambda inner: self.looped(node, inner))

    def looped(self, node: Loop, st: State) -> Out:
        st.in_loop = True
        if node.kind == "for":
            return self.for_each(node, st)
        lines: list[str] = []
        if node.cond is not None:
            reads = _reads(node.cond)
            text = st.inp_text
            if reads and text is not None and UNKNOWN not in text:
                lines = text.splitlines()[:MAX_VALUES]
            if lines:
                out = NOTHING
                for line in lines:
                    st.inp_text = line + "\n"
                    self.listed(node.cond, st)
                    out = self.listed(node.body, st)
                return out
            self.listed(node.cond, st)
        elif node.words:
            for raw in node.words:
                self.argument(raw, st)
        return self.listed(node.body, st)

    def for_each(self, node: Loop, st: State) -> Out:
        values: list[Word] = []
        if node.words is None:
            values = [Word(a, a, Span(0, 0)) for a in st.args or []]
        for raw in node.words or []:
            values += expand.words(self, raw, self.context(st, st.top))
        name = node.names[0] if node.names else "_"
        texts: list[str] = []
        sources: tuple[int, ...] = ()
        if len(values) > MAX_VALUES and any(not v.text.replace("/", "").isalnum() for v in values):
            values = values[: MAX_VALUES // 2] + values[-MAX_VALUES // 2 :]
        for word in values[:MAX_VALUES]:
            st.vars[name] = Val(word.text, None, None, word.sources, word.variables, word.glob)
            out = self.listed(node.body, st)
            texts.append(out.text)
            sources += out.sources
        if not values:
            st.vars[name] = Val(UNKNOWN, variables=(name,))
            return self.listed(node.body, st)
        return Out("".join(texts)[:MAX_FOLD], sources[-8:])

    def function(self, node: Function, st: State) -> Out:
        for name in node.names:
            st.functions[name] = node
            self.defined[name] = (node, st.fork())
        return NOTHING

    def coproc(self, node: Coproc, st: State) -> Out:
        inner = st.fork()
        inner.background = True
        self.node(node.body, inner)
        return NOTHING


def _reads(cond: List) -> bool:
    """Does a loop's condition take a line of input?"""
    node = cond.items[-1][0] if cond.items else None
    if isinstance(node, Simple):
        return any(raw.plain == "read" for raw in node.words[:1])
    return False
