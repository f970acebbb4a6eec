"""Words as the shell would make them: quote removal and every expansion whose result can be known.

``words`` turns one word as written into the arguments it becomes (none, one or many). A part that only the running
shell can know becomes ``UNKNOWN`` in the text, with the variables or commands it comes from. Never raises; what is
too large to expand is left unknown and reported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Span, Word
from vectra_guard.syntax import arith, braces, parameters, zshflags
from vectra_guard.syntax.context import selected
from vectra_guard.syntax.state import State, Val
from vectra_guard.syntax.tree import Arith, Lit, Part, Proc, Raw, Sub, Var

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

MAX_FIELDS = 400
MARK = 0xF0000  # private characters stand for parts while braces are expanded
MARKED = re.compile("([\U000f0000-\U000ffffd])")
TOO_MANY = "A word expands to more words than are read."


class Field:
    """One argument being put together."""

    __slots__ = ("bracket", "glob", "quoted", "some", "sources", "splits", "text", "variables")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.quoted = False
        self.glob = False
        self.bracket = False
        self.splits = False
        self.some = False  # even empty it is an argument
        self.sources: tuple[int, ...] = ()
        self.variables: tuple[str, ...] = ()

    def word(self, raw: str, span: Span) -> Word:
        return Word(
            "".join(self.text), raw, span, self.quoted, self.glob, self.splits, self.sources, self.variables
        )  # fmt: skip


def words(w: Commands, raw: Raw, st: State) -> list[Word]:
    """The arguments that ``raw`` becomes."""
    src = raw.src
    span = src.span(raw.start, raw.end)
    if raw.plain is not None:
        return [Word(raw.plain, raw.plain, span)]
    written = src.text[raw.start : raw.end]
    parts = raw.parts
    if len(parts) == 1 and type(parts[0]) is Lit and parts[0].quoted:
        return [_unknowns(Word(parts[0].text, written, span, True), st)]
    groups = _braces(w, parts) if raw.brace else [parts]
    out: list[Word] = []
    for group in groups:
        for field in fields(w, group, st):
            out.append(field.word(written, span))
            if len(out) > MAX_FIELDS:
                w.cap(TOO_MANY)
                return out
    return out


def one(w: Commands, raw: Raw, st: State) -> Word:
    """The value of a word that is not split: assignments, redirections, here-documents."""
    src = raw.src
    span = src.span(raw.start, raw.end)
    if raw.plain is not None:
        text = raw.plain
        return Word(text, text, span)
    field = Field()
    parts = raw.parts
    for made in fields(w, parts, st, split=False):
        if field.text:
            field.text.append(" ")
        field.text += made.text
        field.quoted |= made.quoted
        field.glob |= made.glob
        field.sources += made.sources
        field.variables += made.variables
    return field.word(src.text[raw.start : raw.end], span)


def text_of(w: Commands, parts: list[Part], st: State) -> Field:
    """The value of an operand: unsplit."""
    out = Field()
    for made in fields(w, parts, st, split=False):
        out.text += ([" "] if out.text else []) + made.text
        out.sources += made.sources
        out.variables += made.variables
    return out


def _unknowns(word: Word, st: State) -> Word:
    if UNKNOWN in word.text and (st.taint or st.taint_vars):
        return Word(
            word.text, word.raw, word.span, word.quoted, word.glob, word.splits,
            word.sources + st.taint, word.variables + st.taint_vars,
        )  # fmt: skip
    return word


def _braces(w: Commands, parts: list[Part]) -> list[list[Part]]:
    kept: list[Part] = []
    text: list[str] = []
    for part in parts:
        if isinstance(part, Lit) and not part.quoted:
            text.append(part.text)
        else:
            text.append(chr(MARK + len(kept)))
            kept.append(part)
            if len(kept) > 4000:
                return [parts]
    made = braces.expand("".join(text))
    if made is None:
        w.cap(TOO_MANY)
        return [parts]
    if made == ["".join(text)]:
        return [parts]
    groups: list[list[Part]] = []
    for item in made:
        group: list[Part] = []
        for piece in MARKED.split(item):
            if MARKED.fullmatch(piece):
                group.append(kept[ord(piece) - MARK])
            elif piece:
                group += [Lit(x, False) for x in re.split(r"([*?\[~])", piece) if x]
        groups.append(group or [Lit("", False)])
    return groups


def fields(w: Commands, parts: list[Part], st: State, split: bool = True) -> list[Field]:
    """Expand ``parts``; with ``split`` False the result is one field (or those of ``"$@"``)."""
    done: list[Field] = []
    field = Field()
    taint = bool(st.taint or st.taint_vars)
    first, taken = True, 0
    for part in parts:
        if isinstance(part, Lit):
            text = part.text
            if part.quoted:
                field.quoted = field.some = True
            else:
                if first and text[:1] in ("~", "="):
                    text, taken = _home(w, text, parts, st)
                elif taken:
                    text, taken = text[taken:], 0
                if text in ("*", "?"):
                    field.glob = True
                elif text == "[":
                    field.bracket = True
                elif text[:1] == "(" and len(text) > 1:
                    field.glob = True
                if field.bracket and "]" in text:
                    field.glob = True
            if UNKNOWN in text:
                field.splits |= not part.quoted
                if taint:
                    field.sources += st.taint
                    field.variables += st.taint_vars
            field.text.append(text)
        elif isinstance(part, Var):
            field = _variable(w, part, st, split, field, done)
        elif isinstance(part, Sub):
            out = w.captured(part.body, st)
            text = out.text.rstrip("\n") if st.dialect != "fish" else out.text.removesuffix("\n")
            if part.index:
                chosen = selected(text.split("\n"), part.index, "..") if UNKNOWN not in text else None
                text = UNKNOWN if chosen is None else "\n".join(chosen)
            value = Val(text, sources=out.sources)
            breaks = "\n" if part.lines else (" \t\n" if st.dialect == "zsh" else None)
            field = _insert(w, field, done, value, part.quoted, split, st, breaks)
        elif isinstance(part, Proc):
            path, sources = w.process(part, st)
            field.text.append(path)
            field.sources += sources
            field.quoted = field.some = True
        else:
            _arithmetic(w, part, st, field)
        first = False
        if len(done) > MAX_FIELDS:
            w.cap(TOO_MANY)
            break
    if (field.text and (field.some or any(field.text))) or field.some:
        done.append(field)
    return done


def _home(w: Commands, text: str, parts: list[Part], st: State) -> tuple[str, int]:
    """A leading tilde, or zsh ``=command``: its value, and how much of the next part it takes (a user's name)."""
    if text[0] == "=":
        named = st.dialect == "zsh" and len(text) > 1 and text[1].isalpha()
        return ("/usr/bin/" + text[1:] if named else text), 0
    if len(text) > 1:
        return text, 0
    if len(parts) == 1:
        return w.home(st), 0
    after = parts[1]  # the tilde was read on its own
    if not isinstance(after, Lit) or after.quoted or not after.text:
        return "~", 0
    name = after.text.partition("/")[0]
    if not name:
        return w.home(st), 0
    resolved = w.user_home(name, st)
    return ("~", 0) if resolved is None else (resolved, len(name))


def _insert(
    w: Commands,
    field: Field,
    done: list[Field],
    value: Val,
    quoted: bool,
    split: bool,
    st: State,
    breaks: str | None = None,
) -> Field:
    """Add the result of an expansion, split as the shell would."""
    text = value.text
    if len(text) > 64 and not w.afford(len(text)):
        text = UNKNOWN
    field.sources += value.sources
    field.variables += value.variables
    if quoted:
        field.quoted = field.some = True
        field.glob |= value.glob
        field.text.append(text)
        return field
    splits = split and (st.dialect not in ("zsh", "fish") or breaks is not None or "SH_WORD_SPLIT" in st.vars)
    field.glob |= value.glob or (splits and any(c in text for c in "*?["))
    if not splits:
        if UNKNOWN in text and split:
            field.splits = True
        field.text.append(text)
        return field
    if UNKNOWN in text:
        field.splits = True
    between = separators(st) if breaks is None else breaks
    if not any(c in text for c in between):
        field.text.append(text)
        return field
    pieces = re.split("[" + re.escape(between) + "]+", text)
    for number, piece in enumerate(pieces):
        if number:
            if field.some or any(field.text):
                done.append(field)
            sources, variables = field.sources, field.variables
            field = Field()
            if UNKNOWN in piece:
                field.sources, field.variables, field.splits = sources, variables, True
            elif value.sources:
                field.sources = value.sources
            field.glob = value.glob or any(c in piece for c in "*?[")
        field.text.append(piece)
        if len(done) > MAX_FIELDS:
            break
    return field


def separators(st: State) -> str:
    ifs = st.vars.get("IFS")
    if ifs is None or UNKNOWN in ifs.text:
        return " \t\n"
    return ifs.text or "\ue000"


def _arithmetic(w: Commands, part: Arith, st: State, field: Field) -> None:
    made = text_of(w, part.parts, st)
    text = "".join(made.text)
    field.sources += made.sources

    def lookup(name: str) -> str | None:
        value = w.lookup(name, st)
        return value.text if value is not None and UNKNOWN not in value.text else None

    result = None if UNKNOWN in text or len(text) > 400 else arith.evaluate(text, lookup)
    field.some = True
    # A number cannot vanish or split: what is not known here is still one argument.
    field.text.append(str(result) if result is not None else UNKNOWN)
    if result is None:
        field.variables += made.variables


def _variable(w: Commands, var: Var, st: State, split: bool, field: Field, done: list[Field]) -> Field:
    name = var.name
    items: list[str] | None = None
    if name in ("@", "*") or var.index in ("@", "*") or (st.dialect in ("fish", "zsh") and not var.op):
        items = w.items(var, st) if "P" not in var.flags else None
    if var.flags:
        return _flagged(w, var, items, st, split, field, done)
    if items is not None:
        return _list(w, var, items, st, split, field, done)
    return _insert(w, field, done, parameters.value_of(w, var, st), var.quoted, split, st)


def _flagged(
    w: Commands, var: Var, items: list[str] | None, st: State, split: bool, field: Field, done: list[Field]
) -> Field:
    """A zsh expansion with flags."""
    if items is None and not var.name and var.operand2 is not None and var.op == "nested":
        made = fields(w, var.operand2, st)
        items = ["".join(inner.text) for inner in made]
        field.sources += tuple(s for inner in made for s in inner.sources)
    if items is None:
        value = parameters.value_of(w, var, st)
        field.sources += value.sources
        field.variables += value.variables
        items = value.items if value.items is not None else [value.text]
    items, sources = zshflags.apply(w, var.flags, items, st)
    field.sources += sources
    return _list(w, Var("@", var.quoted), items, st, split, field, done)


def _list(w: Commands, var: Var, items: list[str], st: State, split: bool, field: Field, done: list[Field]) -> Field:
    """``$@``, ``${a[@]}`` and fish lists: one argument an element, unless joined by ``"$*"``."""
    if var.op and var.op not in ("nested",):
        if var.op == "length":
            items = [str(len(items))]
        else:
            items = [parameters.operate(w, var, Val(item), st, True).text for item in items]
        if var.op == ":":
            items = _slice(w, var, st)
    star = (
        var.name == "*"
        or var.index == "*"
        or (var.quoted and (st.dialect == "fish" or (st.dialect == "zsh" and not var.index and var.name != "@")))
    )
    if not split or (star and var.quoted):
        return _insert(w, field, done, Val(" ".join(items)), var.quoted, False, st)
    for number, item in enumerate(items):
        if number:
            done.append(field)
            field = Field()
        field = _insert(w, field, done, Val(item), var.quoted, split, st)
        field.some |= bool(item) or var.quoted
    return field


def _slice(w: Commands, var: Var, st: State) -> list[str]:
    plain = Var(var.name, var.quoted, index=var.index)
    items = w.items(plain, st) or []
    if var.name in ("@", "*"):
        items = ["bash", *items]
    start = parameters.number(w, var.operand, st)
    length = parameters.number(w, var.operand2, st) if var.operand2 is not None else None
    if start is None:
        return [UNKNOWN]
    start = start + len(items) if start < 0 else start
    return items[start : start + length] if length is not None and length >= 0 else items[start:]
