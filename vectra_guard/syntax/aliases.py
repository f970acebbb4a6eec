"""Aliases, as the shell takes them: a word replaced by a text before the command is read. Part of ``Commands``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.syntax import shellstate
from vectra_guard.syntax.state import Out, State
from vectra_guard.syntax.tree import Pipe, Raw, Simple, Source

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands


def alias(w: Commands, node: Simple, st: State) -> Out | None:
    raw = node.words[0]
    name = raw.plain if raw.plain is not None else ""
    text = st.aliases.get(name)
    if text is None and not st.wrappers and not st.place and st.dialect == w.request.shell:
        text = w.facts.aliases.get(name)
    if text is None and st.dialect == "zsh" and st.aliases:
        return _textual(w, node, st)
    if text is None or name in st.stack:
        return None
    span = raw.src.span(raw.start, raw.end)
    inner = st.share()
    inner.via = st.via or "alias"
    rest = node.words[1:]
    taken = [name]
    while text[-1:] in (" ", "\t") and rest:  # the next word is looked up too (alias sudo='sudo ')
        following = rest[0].plain or ""
        more = st.aliases.get(following) or w.facts.aliases.get(following)
        if more is None or following in taken:
            break
        text, rest = text + more, rest[1:]
        taken.append(following)
    inner.stack = (*st.stack, *taken)
    reading = w.parsed(Source(text, 0, span), st)
    items = reading.body.items
    if not items:
        return None
    last = items[-1][0]
    while isinstance(last, Pipe):
        last = last.stages[-1]
    if isinstance(last, Simple):
        last.words += rest
        last.redirects += node.redirects
        last.assigns = node.assigns + last.assigns
    inner.depth += 1
    one = len(items) == 1 and isinstance(items[0][0], Simple)
    first = len(w.drafts)
    out = w.listed(reading.body, inner)
    st.cwd, st.args = inner.cwd, inner.args
    end = node.words[len(taken) - 1].end
    _placed(w, first, one and st.inplace, raw, end, text, st)
    return out


def _textual(w: Commands, node: Simple, st: State) -> Out | None:
    """zsh: a global alias replaces a word anywhere, a suffix alias runs the program for a kind of file."""
    if any(key in st.stack for key in ("-g", "-s")):
        return None
    written = [raw.src.text[raw.start : raw.end] for raw in node.words]
    made = [st.aliases.get("-g " + text, text) for text in written]
    suffix = st.aliases.get("-s " + written[0].rpartition(".")[2]) if "." in written[0] else None
    if suffix is not None:
        made.insert(0, suffix)
    if made == written:
        return None
    inner = st.share()
    inner.stack = (*st.stack, "-g", "-s")
    return w.nested(" ".join(made), inner, node.src.span(node.start, node.end), "alias", clean=False)


def _placed(w: Commands, first: int, sound: bool, raw: Raw, end: int, text: str, st: State) -> None:
    """Where an alias's command may be rewritten: at the alias word, with its text put there."""
    if first >= len(w.drafts):
        return
    draft = w.drafts[first]
    where = raw.src.at(raw.start)
    if sound and where is not None and draft.name not in shellstate.CHANGES_STATE and draft.name not in st.functions:
        draft.insert_at = where
        draft.replace = (raw.src.span(raw.start, end), text.strip())
