"""Simple commands: words, assignments, redirections, then what the command does. Part of ``Walker``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Redirect, Span, Word
from vectra_guard.syntax import expand, fold, shellstate, unwrap
from vectra_guard.syntax.context import MAX_FOLD, TOO_DEEP, TOO_LONG, Context
from vectra_guard.syntax.names import command_name, matched
from vectra_guard.syntax.reader import Reader
from vectra_guard.syntax.state import NOTHING, Draft, Out, State, Val
from vectra_guard.syntax.tokens import ASSIGN
from vectra_guard.syntax.tree import Assign, Function, List, Node, Pipe, Proc, Raw, Reading, Redir, Simple, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_COMMANDS = 2000
MAX_DEPTH = 50
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
        inner.inp_text = inner.inp_from = None
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
            alias = self.alias(node, st)
            if alias is not None:
                return alias
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
            self.current = draft
            if words and words[0].text in shellstate.DECLARES and ASSIGN.match(raw.src.text, raw.start):
                words.append(expand.one(self, raw, inner))
            else:
                if node.prefix and "noglob" in node.prefix:
                    words += [_without_glob(x) for x in expand.words(self, raw, inner)]
                else:
                    words += expand.words(self, raw, inner)
        if node.assigns:
            st = self.assigned(draft, node, st)
        if node.redirects:
            self.redirections(draft, node.redirects, self.context(st, draft.top))
            draft.stdin_text = self.input_of(draft, st)
            for redirect in draft.redirects:
                if redirect.fd == 0:
                    draft.stdin_from = redirect.target.sources[-1] if redirect.target.sources else None
        return self.dispatch(draft, st)

    def assigned(self, draft: Draft, node: Simple, st: State) -> State:
        """Prefix assignments: for the shell when they stand alone, else for the command only."""
        if draft.words and draft.words[0].text not in shellstate.DECLARES:
            st = st.share()
            st.vars = dict(st.vars)
        inner = self.context(st, draft.top)
        inner.vars = st.vars
        for item in node.assigns:
            word = self.assign(item, inner, st)
            draft.assigns.append((item.name, word))
        shellstate.variable_commands(self, draft, st)
        return st

    def assign(self, item: Assign, inner: State, st: State) -> Word:
        old = st.vars.get(item.name)
        if item.index_parts is not None:
            expand.text_of(self, item.index_parts, inner)
        if item.items is not None:
            return self.assign_array(item, inner, st, old)
        raw = item.value or Raw(Source(""), 0, 0, "")
        word = expand.one(self, raw, inner)
        text = word.text
        if item.index:
            if old is not None and old.keys is not None:
                old.keys[item.index.strip("'\"")] = text
                return word
            items = list(old.items) if old is not None and old.items is not None else []
            where = self.lookup(item.index, st)
            index = where.text if where is not None else item.index
            if index.isdigit() and int(index) <= len(items) and (old is None or old.keys is None):
                items += [""] * (int(index) + 1 - len(items))
                items[int(index)] = items[int(index)] + text if item.op == "+=" else text
                st.vars[item.name] = Val(items[0], items, None, word.sources, word.variables)
            else:
                keys = dict(old.keys) if old is not None and old.keys else {str(n): x for n, x in enumerate(items)}
                keys[item.index.strip("'\"")] = text
                st.vars[item.name] = Val(text, None, keys, word.sources, word.variables)
            return word
        sources, variables = word.sources, word.variables
        if item.op == "+=":
            before = old or self.lookup(item.name, st) or Val(UNKNOWN, variables=(item.name,))
            text = (before.text + text)[:MAX_FOLD]
            sources, variables = before.sources + sources, before.variables + variables
        if len(text) > MAX_FOLD:
            text = UNKNOWN
            self.cap(TOO_LONG)
        st.vars[item.name] = Val(text, None, None, sources, variables, word.glob and not word.quoted)
        return word

    def assign_array(self, item: Assign, inner: State, st: State, old: Val | None) -> Word:
        made: list[Word] = []
        keys: dict[str, str] = {}
        for raw in item.items or []:
            for word in expand.words(self, raw, inner):
                if word.text.startswith("[") and "]=" in word.text:
                    key, _, value = word.text[1:].partition("]=")
                    keys[key.strip("'\"")] = value
                else:
                    made.append(word)
        texts = [w.text for w in made]
        if keys and not texts:
            if all(k.isdigit() for k in keys):
                texts = list(keys.values())
                keys = {}
            else:
                st.vars[item.name] = Val("", None, keys)
        if item.op == "+=" and old is not None and old.items is not None:
            texts = [*old.items, *texts]
        if not keys:
            sources = tuple(s for w in made for s in w.sources)
            variables = tuple(v for w in made for v in w.variables)
            st.vars[item.name] = Val(texts[0] if texts else "", texts, None, sources, variables)
        raw_text = made[0].raw if made else ""
        span = made[0].span if made else self.drafts[-1].span
        return Word(" ".join(texts), raw_text, span, quoted=True)

    def redirections(self, draft: Draft, redirects: list[Redir], st: State) -> None:
        for redir in redirects:
            word = expand.one(self, redir.target, st)
            if redir.op == "<<<":
                word = Word(word.text + "\n", word.raw, word.span, True, False, False, word.sources, word.variables)
            draft.redirects.append(Redirect(redir.op, redir.fd, word))

    def input_of(self, draft: Draft, st: State) -> str | None:
        """The text on standard input after redirections, where known."""
        text = draft.stdin_text
        for redirect in draft.redirects:
            if redirect.fd != 0:
                continue
            if redirect.op in ("<<", "<<-", "<<<"):
                text = redirect.target.text
            elif redirect.op in ("<", "<>"):
                text = self.content(redirect.target.text, st)
            elif redirect.op == "<&" and not redirect.target.text.isdigit():
                text = None
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
        if draft.words[0].glob:
            name = matched(first)
        draft.name = UNKNOWN if UNKNOWN in name else name
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
        elif "/" in first and self.files:
            out = unwrap.run_file(self, draft, st)
        elif name[-1:].isdigit() or name[-4:] == ".exe":
            out = unwrap.versioned(self, draft, st)
        if out is None:
            text = fold.output(self, draft, st)
            out = Out(UNKNOWN if text is None else text, (draft.index,))
        return self.output_of(draft, out, st) if draft.redirects else out

    def slurped(self, draft: Draft, st: State) -> Out:
        """``$(< file)`` gives the file's text; other redirections alone print nothing."""
        if st.via != "substitution" or draft.assigns or not any(r.op == "<" for r in draft.redirects):
            return NOTHING
        text = self.input_of(draft, st)
        return Out(UNKNOWN if text is None else text, (draft.index,))

    # Functions and aliases

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
        if name in st.calls:
            draft.via = "recursion"
            return UNKNOWN_OUT
        inner = st.share()
        inner.depth += 1
        inner.via, inner.inplace, inner.top = "function", False, draft.top
        inner.calls = (*st.calls, name)
        inner.args = [w.text for w in draft.words[1:]]
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

    def alias(self, node: Simple, st: State) -> Out | None:
        raw = node.words[0]
        name = raw.plain if raw.plain is not None else ""
        text = st.aliases.get(name)
        if text is None and not st.wrappers and not st.place and st.dialect == self.request.shell:
            text = self.facts.aliases.get(name)
        if text is None or name in st.stack or st.via in ("string", "stdin"):
            return None
        span = raw.src.span(raw.start, raw.end)
        inner = st.share()
        inner.stack = (*st.stack, name)
        inner.via = st.via or "alias"
        reading = read_text(Source(text, 0, span), st.dialect, st.depth // 2)
        items = reading.body.items
        if not items:
            return None
        last = items[-1][0]
        while isinstance(last, Pipe):
            last = last.stages[-1]
        rest = node.words[1:]
        if text[-1:] in (" ", "\t") and rest and rest[0].plain is not None:
            rest = self.next_alias(rest, st)
        if isinstance(last, Simple):
            last.words += rest
            last.redirects += node.redirects
            last.assigns = node.assigns + last.assigns
        inner.depth += 1
        one = len(items) == 1 and isinstance(items[0][0], Simple)
        first = len(self.drafts)
        out = self.listed(reading.body, inner)
        st.cwd, st.args = inner.cwd, inner.args
        self.placed(first, one and st.inplace, raw, text, st)
        return out

    def next_alias(self, words: list[Raw], st: State) -> list[Raw]:
        """An alias that ends in a blank: the next word is looked up too (``alias sudo='sudo '``)."""
        name = words[0].plain or ""
        text = st.aliases.get(name) or self.facts.aliases.get(name)
        if text is None or name in st.stack:
            return words
        span = words[0].src.span(words[0].start, words[0].end)
        reading = read_text(Source(text, 0, span), st.dialect, st.depth // 2)
        if len(reading.body.items) == 1 and isinstance(reading.body.items[0][0], Simple):
            return reading.body.items[0][0].words + words[1:]
        return words

    def placed(self, first: int, sound: bool, raw: Raw, text: str, st: State) -> None:
        """Where an alias's command may be rewritten: at the alias word, with its text put there."""
        if first >= len(self.drafts):
            return
        draft = self.drafts[first]
        where = raw.src.at(raw.start)
        if (
            sound
            and where is not None
            and draft.name not in shellstate.CHANGES_STATE
            and draft.name not in st.functions
        ):
            draft.insert_at = where
            draft.replace = (raw.src.span(raw.start, raw.end), text.strip())


def read_text(src: Source, dialect: str, depth: int) -> Reading:
    """The tree of a text in a shell's language."""
    if dialect == "fish":
        from vectra_guard.syntax.fish import FishReader  # only fish lines pay for it

        return FishReader(src, depth).read()
    return Reader(src, dialect == "zsh", depth).read()


def _without_glob(word: Word) -> Word:
    return Word(word.text, word.raw, word.span, word.quoted, False, word.splits, word.sources, word.variables)
