"""From a tree to the simple commands that a line would run, in order, with what is known at each.

The walker follows a line as the shell would, without running anything: assignments, ``cd``, loops over known lists,
functions, aliases, pipes whose text is known, files written and read again in the same line. Both arms of a condition
are taken. What wraps another command is opened up by ``unwrap``, what changes the shell by ``shellstate``.

Caps: commands, nesting, text. What lies past one is not judged, so the script's floor becomes HIGH.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Facts, Redirect, Request, Risk, Script, Span, Word
from vectra_guard.syntax import expand, fold, shellstate, unwrap
from vectra_guard.syntax.escapes import NUL
from vectra_guard.syntax.names import command_name, normal
from vectra_guard.syntax.reader import ASSIGN, Reader
from vectra_guard.syntax.state import NOTHING, Draft, Out, State, Val
from vectra_guard.syntax.tree import (
    Assign,
    Branch,
    Coproc,
    Function,
    Group,
    List,
    Loop,
    Node,
    Pipe,
    Proc,
    Raw,
    Reading,
    Redir,
    Simple,
    Source,
    Var,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_COMMANDS = 2000
MAX_DEPTH = 50
MAX_TEXT = 400_000  # characters of nested text read in one line, all together
MAX_FOLD = 65_536
MAX_VALUES = 24
TOO_DEEP = "The line is longer, or nested deeper, than is read."
TOO_LONG = "The line holds more commands than are read."
UNKNOWN_OUT = Out(UNKNOWN)
REAL_BASES = {"bash", "zsh", "sh", "dash", "ksh", "mksh", "ash", "yash", "fish"}


class Walker:
    """One reading of one line."""

    def __init__(self, request: Request, facts: Facts):
        self.request = request
        self.facts = facts
        self.drafts: list[Draft] = []
        self.problems: list[str] = []
        self.floor = Risk.LOW
        self.files: dict[str, str] = {}  # written in this line: what they hold
        self.copies: dict[str, str] = {}  # copied or linked in this line: the command's real name
        self.procs: dict[str, Out] = {}
        self.called: set[str] = set()
        self.defined: dict[str, tuple[Function, State]] = {}
        self.text_read = 0

    # Problems

    def problem(self, sentence: str, floor: Risk) -> None:
        if sentence not in self.problems and len(self.problems) < 12:
            self.problems.append(sentence)
        self.floor = max(self.floor, floor)

    def cap(self, sentence: str) -> None:
        self.problem(sentence, Risk.HIGH)

    def reading(self, reading: Reading, partial: bool) -> None:
        """What a reader reported. An unfinished prefix is no error while the user is still typing it."""
        if reading.capped:
            self.cap(TOO_DEEP)
        for sentence in reading.problems:
            self.problem(sentence, Risk.LOW if partial and reading.unfinished else Risk.MEDIUM)

    # Variables

    def home(self, st: State) -> str:
        value = st.vars.get("HOME")
        return value.text if value is not None else (self.request.home or self.facts.variables.get("HOME") or UNKNOWN)

    def user_home(self, name: str, st: State) -> str | None:
        if name == "+":
            return st.cwd
        if name == "-":
            return UNKNOWN
        if name == "root":
            return "/root"
        if name == self.facts.user and name:
            return self.home(st)
        if name and (name[0].isalpha() or name[0] == "_") and name.replace("-", "").replace("_", "").isalnum():
            return "/home/" + name
        return None

    def lookup(self, name: str, st: State) -> Val | None:
        value = st.vars.get(name)
        if value is not None:
            return value
        if name.isdigit():
            return self.positional(int(name), st)
        if name in ("@", "*"):
            return Val(" ".join(st.args)) if st.args is not None else None
        if name == "#":
            return Val(str(len(st.args))) if st.args is not None else None
        if name == "argv" and st.args is not None and st.dialect in ("fish", "zsh"):
            return Val(" ".join(st.args), st.args)
        known = self.facts.variables.get(name)
        if known is not None and name not in ("PWD",):
            return Val(known)
        default = DEFAULTS.get(name)
        text = default(self, st) if default else None
        return Val(text) if text else None

    def positional(self, number: int, st: State) -> Val | None:
        if number == 0:
            return Val(st.dialect)
        if st.args is None:
            return None
        return Val(st.args[number - 1]) if number <= len(st.args) else Val("")

    def items(self, var: Var, st: State) -> list[str] | None:
        """The elements of a list, or None for what is not one."""
        if var.name in ("@", "*"):
            return st.args
        if var.indirect and var.index in ("@", "*"):
            value = self.lookup(var.name, st)
            if value is None or (value.items is None and value.keys is None):
                return None
            return list(value.keys) if value.keys else [str(n) for n in range(len(value.items or []))]
        name = var.name
        if var.indirect:
            value = self.lookup(name, st)
            name = value.text if value is not None else ""
            if name.endswith("[@]"):
                name = name[:-3]
        value = self.lookup(name, st)
        if value is None:
            return None
        if value.keys is not None:
            return list(value.keys.values())
        if var.index not in ("@", "*", ""):
            return _selected(value, var.index) if st.dialect == "fish" else None
        if value.items is None:
            return [value.text] if var.index else None
        return value.items

    # Entry points

    def run(self, body: List, st: State) -> None:
        self.listed(body, st)
        for name, (function, where) in list(self.defined.items()):
            if name not in self.called:
                inner = where.fork()
                inner.defined_only, inner.via, inner.inplace = True, "function", False
                inner.calls = (*inner.calls, name)
                self.node(function.body, inner)

    def script(self) -> Script:
        return Script(tuple(d.freeze() for d in self.drafts), tuple(self.problems), self.floor)

    def nested(
        self, text: str, st: State, span: Span, via: str, *, clean: bool = True, dialect: str = "", word: Word | None = None
    ) -> Out:  # fmt: skip
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
            inner.taint = word.sources or st.taint
            inner.taint_vars = word.variables or st.taint_vars
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
        if part.op == ">":
            inner.inp_from = st.top if st.top >= 0 else None
            inner.inp_text = None
            first = len(self.drafts)
            self.listed(part.body, inner)
            self.procs[path] = NOTHING
            return path, tuple(range(first, min(first + 1, len(self.drafts))))
        out = self.listed(part.body, inner)
        if part.op == "=":
            path = f"/tmp/zsh{len(self.procs)}"
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
                texts.append(out.text)
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
        out = NODES[type(node)](self, node, inner)
        st.cwd, st.args = inner.cwd, inner.args
        return out

    def pipe(self, node: Pipe, st: State) -> Out:
        if len(node.stages) == 1:
            return self.node(node.stages[0], st)
        out = NOTHING
        text, reads = st.inp_text, st.inp_from
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
        seen: set[str] = set()
        if len(values) > MAX_VALUES and any(not v.text.replace("/", "").isalnum() for v in values):
            values = values[: MAX_VALUES // 2] + values[-MAX_VALUES // 2 :]
        for word in values[:MAX_VALUES]:
            if word.text in seen:
                continue
            seen.add(word.text)
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
        draft = self.draft(inner, inner.inplace, redirects[0].target.src.span(redirects[0].target.start, redirects[0].target.end))
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
            if words and words[0].text in shellstate.DECLARES and ASSIGN.match(raw.src.text, raw.start):
                words.append(expand.one(self, raw, inner, True))
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
            if any(r.fd == 0 for r in draft.redirects):
                draft.stdin_from = draft.redirects[-1].target.sources[-1] if draft.redirects[-1].target.sources else None
        return self.dispatch(draft, st)

    def assigned(self, draft: Draft, node: Simple, st: State) -> State:
        """Prefix assignments: for the shell when they stand alone, else for the command only."""
        if draft.words and not (draft.words[0].text in shellstate.DECLARES):
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
        if item.items is not None:
            return self.assign_array(item, inner, st, old)
        raw = item.value or Raw(Source(""), 0, 0, "")
        word = expand.one(self, raw, inner, True)
        text = word.text
        if item.index:
            if old is not None and old.keys is not None:
                old.keys[item.index.strip("'\"")] = text
                return word
            items = list(old.items) if old is not None and old.items is not None else []
            where = self.lookup(item.index, st)
            index = where.text if where is not None else item.index
            if index.isdigit() and int(index) < 500:
                items += [""] * (int(index) + 1 - len(items))
                items[int(index)] = items[int(index)] + text if item.op == "+=" else text
                st.vars[item.name] = Val(items[0], items, None, word.sources, word.variables)
            else:
                keys = dict(old.keys) if old is not None and old.keys else {}
                keys[item.index.strip("'\"")] = text
                st.vars[item.name] = Val(text, None, keys, word.sources, word.variables)
            return word
        sources, variables = word.sources, word.variables
        if item.op == "+=":
            before = old or self.lookup(item.name, st) or Val(UNKNOWN, variables=(item.name,))
            text = (before.text + text)[:MAX_FOLD]
            sources, variables = before.sources + sources, before.variables + variables
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

    def content(self, path: str, st: State) -> str | None:
        """What a file holds, where this line wrote it."""
        proc = self.procs.get(path)
        if proc is not None:
            return proc.text if proc.text != UNKNOWN else None
        return self.files.get(normal(path, st.cwd)) if self.files else None

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

    def write(self, path: str, text: str, append: bool, st: State) -> None:
        if UNKNOWN in path:
            return
        where = normal(path, st.cwd)
        before = self.files.get(where, "") if append else ""
        self.files[where] = (before + text)[:MAX_FOLD]
        self.copies.pop(where, None)

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
            return self.output_of(draft, NOTHING, st)
        first = draft.words[0].text
        name = command_name(first, self.copies, st.cwd) if "/" in first or self.copies else first
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
        if sound and where is not None and draft.name not in shellstate.CHANGES_STATE and draft.name not in st.functions:
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


def _selected(value: Val, index: str) -> list[str] | None:
    items = value.items if value.items is not None else [value.text]
    first, dots, last = index.partition("..")
    try:
        start = int(first or "1")
        end = int(last or "-1") if dots else start
    except ValueError:
        return None
    start = start - 1 if start > 0 else len(items) + start
    end = end if end > 0 else len(items) + end + 1
    return items[max(0, start) : max(0, end)]


def _reads(cond: List) -> bool:
    """Does a loop's condition take a line of input?"""
    node = cond.items[-1][0] if cond.items else None
    if isinstance(node, Simple):
        return any(raw.plain == "read" for raw in node.words[:1])
    return False


DEFAULTS: dict[str, Callable[[Walker, State], str | None]] = {
    "HOME": lambda w, st: w.home(st),
    "USER": lambda w, st: w.facts.user,
    "LOGNAME": lambda w, st: w.facts.user,
    "USERNAME": lambda w, st: w.facts.user,
    "PWD": lambda w, st: st.cwd,
    "SHELL": lambda w, st: "/bin/" + (w.request.shell or "bash"),
    "BASH": lambda w, st: "/bin/bash",
    "IFS": lambda w, st: " \t\n",
    "UID": lambda w, st: str(w.facts.uid),
    "EUID": lambda w, st: str(w.facts.uid),
    "OSTYPE": lambda w, st: "linux-gnu",
}
"""Variables that every shell has, unless the line set them."""

NODES: dict[type, Callable[[Walker, object, State], Out]] = {
    Pipe: Walker.pipe,
    Group: Walker.group,
    Branch: Walker.branch,
    Loop: Walker.loop,
    Function: Walker.function,
    Coproc: Walker.coproc,
}  # type: ignore[assignment,dict-item]
