"""Simple commands: words, assignments, redirections, then what the command does. Part of ``Walker``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Redirect, Span, Word
from vectra_guard.syntax import aliases, assigning, expand, fold, shellstate, unwrap
from vectra_guard.syntax.context import TOO_DEEP, TOO_LONG, Context
from vectra_guard.syntax.names import command_name, matched, normal
from vectra_guard.syntax.reader import Reader
from vectra_guard.syntax.state import NOTHING, Draft, Out, State, Val
from vectra_guard.syntax.tokens import ASSIGN
from vectra_guard.syntax.tree import Function, List, Node, Part, Proc, Raw, Reading, Redir, Simple, Source
from vectra_guard.syntax.unwrap_places import cron_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_COMMANDS = 2000
MAX_DEPTH = 50
CRON = ("/etc/cron.d/", "/etc/crontab", "/var/spool/cron/")
UNKNOWN_OUT = Out(UNKNOWN)


class Commands(Context):
    """Needs the nodes of ``Walker``, which is the class to use."""

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
        raise NotImplementedError

    def captured(self, body: List, st: State) -> Out:
        raise NotImplementedError

    def process(self, part: Proc, st: State) -> tuple[str, tuple[int, ...]]:
        raise NotImplementedError

    def listed(self, body: List, st: State) -> Out:
        raise NotImplementedError

    def node(self, node: Node, st: State) -> Out:
        raise NotImplementedError

    # Simple commands

    def context(self, st: State, top: int) -> State:
        inner = st.share()
        inner.top = top
        return inner

    def argument(self, raw: Raw, st: State) -> list[Word]:
        """Words of a construct that is no command; what they substitute is still run."""
        return expand.words(self, raw, self.context(st, st.top))

    def redirected(self, redirects: list[Redir], st: State, inside: Callable[[State], Out]) -> Out:
        """A compound command with redirections: they are emitted as a command of their own, without words."""
        if not redirects:
            return inside(st)
        inner = st.share()
        draft = self.draft(
            inner, inner.inplace, redirects[0].target.src.span(redirects[0].target.start, redirects[0].target.end)
        )
        draft.insert_at = None
        self.redirections(draft, redirects, inner)
        text = self.input_of(draft, inner)
        if text is not None or any(r.fd == 0 for r in draft.redirects):
            inner.inp_text, inner.inp_from = text, None
        out = inside(inner)
        st.cwd, st.args = inner.cwd, inner.args
        return self.output_of(draft, out, inner)

    def draft(self, st: State, inplace: bool, span: Span) -> Draft:
        index = len(self.drafts)
        top = st.top if st.top >= 0 else index
        made = Draft(index, top, span, [], "", [], [], st.wrappers, st.privileged, st.place, st.via, st.cwd)
        made.background, made.in_loop, made.defined_only = st.background, st.in_loop, st.defined_only
        made.stdin_from, made.stdin_text = st.inp_from, st.inp_text
        self.drafts.append(made)
        return made

    def simple(self, node: Simple, st: State) -> Out:
        if len(self.drafts) >= MAX_COMMANDS:
            self.cap(TOO_LONG)
            return UNKNOWN_OUT
        if node.words and (node.words[0].plain is not None or st.dialect == "fish"):
            out = aliases.alias(self, node, st)
            if out is not None:
                return out
        draft = self.draft(st, st.inplace, node.src.span(node.start, node.end))
        if st.inplace and node.words:
            draft.insert_at = node.src.at(node.words[0].start)
            draft.replace = st.replace
        inner: State | None = None
        words = draft.words
        for raw in node.words:
            if raw.plain is not None:
                words.append(Word(raw.plain, raw.plain, raw.src.span(raw.start, raw.end)))
                continue
            inner = inner or self.context(st, draft.top)
            inner.args = st.args
            if not words and st.args is None and len(raw.parts) > 1:
                inner.args = []  # r$@m: a shell that one types into has no arguments
            self.current = draft
            if words and words[0].text in shellstate.DECLARES and ASSIGN.match(raw.src.text, raw.start):
                words.append(expand.one(self, raw, inner))
            else:
                if node.prefix and "noglob" in node.prefix:
                    words += [_without_glob(x) for x in expand.words(self, raw, inner)]
                else:
                    words += expand.words(self, raw, inner)
        outer = st
        if node.assigns:
            st = self.assigned(draft, node, st)
        if node.redirects:
            self.redirections(draft, node.redirects, self.context(st, draft.top))
            draft.stdin_text = self.input_of(draft, st)
            for redirect in draft.redirects:
                if redirect.fd == 0:
                    draft.stdin_from = redirect.target.sources[-1] if redirect.target.sources else None
        out = self.dispatch(draft, st)
        if st is not outer and draft.words and draft.name in shellstate.CHANGES_STATE:
            prefix = {item.name for item in node.assigns}
            outer.vars |= {k: v for k, v in st.vars.items() if k not in prefix}
            outer.cwd, outer.args = st.cwd, st.args
        return out

    def assigned(self, draft: Draft, node: Simple, st: State) -> State:
        """Prefix assignments: for the shell when they stand alone, else for the command only."""
        if draft.words and draft.words[0].text not in shellstate.DECLARES:
            st = st.share()
            st.vars = dict(st.vars)
        inner = self.context(st, draft.top)
        inner.vars = st.vars
        for item in node.assigns:
            word = assigning.assign(self, item, inner, st)
            draft.assigns.append((item.name, word))
        shellstate.variable_commands(self, draft, st)
        return st

    def redirections(self, draft: Draft, redirects: list[Redir], st: State) -> None:
        for redir in redirects:
            self.pouring = redir.op[0] in ">&"
            word = expand.one(self, redir.target, st)
            self.pouring = False
            if redir.op == "<<<":
                word = Word(word.text + "\n", word.raw, word.span, True, False, False, word.sources, word.variables)
            draft.redirects.append(Redirect(redir.op, redir.fd, word))

    def input_of(self, draft: Draft, st: State) -> str | None:
        """The text on standard input after redirections, where known."""
        text = draft.stdin_text
        for redirect in draft.redirects:
            if redirect.fd != 0:
                continue
            if redirect.op == "<&" and redirect.target.text.isdigit():
                own = [r for r in draft.redirects if r.fd == int(redirect.target.text) and r.op[0] == "<"]
                text = self.received(own[0] if own else redirect, st)
            else:
                text = self.received(redirect, st)
        return text

    def output_of(self, draft: Draft, out: Out, st: State) -> Out:
        """Output after redirections: kept as the content of a file of this line."""
        for redirect in draft.redirects:
            if redirect.fd not in (1, -1) or redirect.op[0] == "<":
                continue
            target = redirect.target.text
            if redirect.op == ">&" and (target == "1" or target == "-"):
                continue
            if redirect.op in (">", ">|", "&>", ">>", "&>>") and not target.startswith("/dev/"):
                self.write(target, out.text, redirect.op in (">>", "&>>"), st)
                fold.poured(self, draft, target, st)
                if target.startswith(CRON) and UNKNOWN not in out.text:
                    cron_lines(self, draft, st, out.text, user=not target.startswith("/var/"))
            elif target in self.sinks:
                self.drain(target, draft, out)
            out = NOTHING
        return out

    # Dispatch

    def argv(self, words: Sequence[Word], st: State, assigns: Sequence[tuple[str, Word]] = ()) -> Out:
        """A command whose words are already expanded: inside a wrapper."""
        if not words:
            return NOTHING
        if st.depth >= MAX_DEPTH or len(self.drafts) >= MAX_COMMANDS:
            self.cap(TOO_DEEP)
            return UNKNOWN_OUT
        inner = st.share()
        inner.depth += 1
        inner.inplace = False
        draft = self.draft(inner, False, words[0].span)
        draft.words = list(words)
        if assigns:
            draft.assigns = list(assigns)
            inner.vars = dict(inner.vars)
            for name, word in assigns:
                inner.vars[name] = Val(word.text, None, None, word.sources, word.variables)
            shellstate.variable_commands(self, draft, inner)
        return self.dispatch(draft, inner)

    def dispatch(self, draft: Draft, st: State) -> Out:
        """Name the command and follow what it does to the shell, to other commands and to its output."""
        if not draft.words:
            return self.output_of(draft, self.slurped(draft, st), st)
        first = draft.words[0].text
        name = command_name(first, self.copies, st.cwd) if "/" in first or self.copies else first
        if "PATH" in st.vars and "/" not in first and (self.copies or self.files):
            name = command_name(self.found(first, st), self.copies, st.cwd)
        if draft.words[0].glob:
            name = matched(first)
        draft.name = _guessed(draft.words[0]) if UNKNOWN in name else name
        name = draft.name
        function = st.functions.get(first)
        if function is None and first in self.facts.functions and not st.wrappers and not st.place:
            function = self.sent_function(first, st)
        if function is not None:
            draft.insert_at = None
            return self.output_of(draft, self.call(function, draft, st), st)
        if name in shellstate.CHANGES_STATE:
            draft.insert_at = None
        out: Out | None = None
        handler = shellstate.HANDLERS.get(name) or unwrap.handler(name)
        if handler is not None:
            out = handler(self, draft, st)
        elif self.files and ("/" in first or "PATH" in st.vars):
            out = unwrap.run_file(self, draft, st)
        elif name[-1:].isdigit() or name[-4:] == ".exe":
            out = unwrap.versioned(self, draft, st)
        if out is None:
            text = fold.output(self, draft, st)
            out = Out(UNKNOWN if text is None else text, (draft.index,))
        return self.output_of(draft, out, st) if draft.redirects else out

    def found(self, name: str, st: State) -> str:
        """Where a command lies that this line itself put on the PATH; else its name."""
        for folder in st.vars["PATH"].text.split(":"):
            where = normal(f"{folder}/{name}", st.cwd)
            if where in self.copies or where in self.files:
                return where
        return name

    def drain(self, path: str, draft: Draft, out: Out) -> None:
        """``> >(command)``: the command reads what was written."""
        body, inner = self.sinks.pop(path)
        inner.inp_text, inner.inp_from = (None if out.text == UNKNOWN else out.text), draft.index
        first = len(self.drafts)
        self.listed(body, inner)
        if first < len(self.drafts):
            draft.stdout_to = first

    def slurped(self, draft: Draft, st: State) -> Out:
        """``$(< file)`` gives the file's text; other redirections alone print nothing."""
        reads = any(r.op == "<" or (st.dialect == "zsh" and r.fd == 0) for r in draft.redirects)
        if st.via != "substitution" or draft.assigns or not reads:
            return NOTHING
        text = self.input_of(draft, st)
        return Out(UNKNOWN if text is None else text, (draft.index,))

    def expanded_again(self, text: str, st: State) -> expand.Field:
        """A value that is expanded once more, as inside double quotes: ``${x@P}``, zsh ``${(e)x}``."""
        span = self.current.span if self.current is not None else Span(0, 0)
        reader = Reader(Source(text, 0, span), st.dialect == "zsh", st.depth // 2)
        parts: list[Part] = []
        reader.quoted_until(parts, "")
        return expand.text_of(self, parts, st)

    # Functions and aliases

    def parsed(self, src: Source, st: State) -> Reading:
        return read_text(src, st.dialect, st.depth // 2)

    def sent_function(self, name: str, st: State) -> Function | None:
        reading = read_text(Source(self.facts.functions[name], 0, self.drafts[-1].span), st.dialect, 0)
        for node, _ in reading.body.items:
            if isinstance(node, Function) and name in node.names:
                st.functions[name] = node
                return node
        return None

    def call(self, node: Function, draft: Draft, st: State) -> Out:
        name = draft.words[0].text
        self.called.add(name)
        args = [w.text for w in draft.words[1:]]
        if any(f is node for f in st.calls) and not 0 < len(args) < len(st.args or ()):
            draft.via = "recursion"
            return UNKNOWN_OUT
        inner = st.share()
        inner.depth += 1
        inner.via, inner.inplace, inner.top = "function", False, draft.top
        inner.calls = (*st.calls, node)
        inner.args = args
        for param, value in zip(node.params, inner.args, strict=False):
            inner.vars[param] = Val(value)
        inner.inp_text, inner.inp_from = draft.stdin_text, draft.stdin_from
        for word in draft.words[1:]:
            if UNKNOWN in word.text:
                inner.taint += word.sources
                inner.taint_vars += word.variables
        out = self.node(node.body, inner)
        st.cwd = inner.cwd
        return out


def read_text(src: Source, dialect: str, depth: int, comments: bool = True) -> Reading:
    """The tree of a text in a shell's language."""
    if dialect == "fish":
        from vectra_guard.syntax.fish import FishReader  # only fish lines pay for it

        return FishReader(src, depth).read()
    return Reader(src, dialect == "zsh", depth, comments).read()


def _without_glob(word: Word) -> Word:
    return Word(word.text, word.raw, word.span, word.quoted, False, word.splits, word.sources, word.variables)


def _guessed(word: Word) -> str:
    """A name with variables in it (``r${x}m``): as if they were empty, which is what unset ones are."""
    name = word.text.replace(UNKNOWN, "")
    return name if len(name) > 1 and "/" not in word.text and not word.sources and word.variables else UNKNOWN
