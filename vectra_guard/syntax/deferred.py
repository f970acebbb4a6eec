"""Builtins that keep a text and run it later, or for each item: traps, key bindings, completions, timers, hooks.

What they keep is read as if it ran: whoever types the line wants it to run, and nothing will ask again when it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax.opening import joined, piece
from vectra_guard.syntax.state import NOTHING, Draft, Out, State
from vectra_guard.syntax.tree import Function, Source

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

Handler = Callable[["Commands", Draft, State], "Out | None"]


def _runs(w: Commands, draft: Draft, st: State, word: Word, via: str = "trap") -> None:
    inner = st.share()
    inner.top = draft.top
    inner.inp_text = inner.inp_from = None
    w.nested(word.text, inner, word.span, via, word=word)


def _expands(w: Commands, draft: Draft, st: State, word: Word) -> None:
    """A text of which only the substitutions run."""
    if "$(" in word.text or "`" in word.text:
        _runs(w, draft, st, piece(word, ': "' + word.text.replace('"', "'") + '"'))


def _value(words: list[Word], *options: str) -> list[Word]:
    return [words[at + 1] for at, word in enumerate(words[:-1]) if word.text in options]


def _trap(w: Commands, draft: Draft, st: State) -> Out:
    words = [x for x in draft.words[1:] if x.text != "--"]
    if len(words) >= 2 and words[0].text not in ("-", "", "-l", "-p"):
        _runs(w, draft, st, words[0])
    return NOTHING


def _complete(w: Commands, draft: Draft, st: State) -> Out:
    for text in _value(draft.words, "-C", "-n", "--condition") if st.dialect == "fish" else _value(draft.words, "-C"):
        _runs(w, draft, st, text)
    for text in _value(draft.words, "-W", "-a", "--arguments"):
        if st.dialect == "fish" and "(" in text.text:
            _runs(w, draft, st, piece(text, "echo " + text.text))
        else:
            _expands(w, draft, st, text)
    return Out(UNKNOWN, (draft.index,))


def _bind(w: Commands, draft: Draft, st: State) -> Out:
    words = draft.words[1:]
    if st.dialect == "fish":
        while words and words[0].text[:1] == "-":
            words = words[2:] if words[0].text in ("-M", "-m", "--mode", "--sets-mode") else words[1:]
        for word in words[1:]:
            _runs(w, draft, st, word)
    elif any(x.text == "-x" for x in words):
        word = words[-1]
        _runs(w, draft, st, piece(word, word.text.partition('":')[2] or word.text.partition(":")[2]))
    return NOTHING


def _bindkey(w: Commands, draft: Draft, st: State) -> Out:
    words = [x for x in draft.words[1:] if x.text[:1] != "-" or len(x.text) == 1]
    if any(x.text == "-s" for x in draft.words) and len(words) > 1:
        _runs(w, draft, st, piece(words[-1], words[-1].text.replace("\\n", "\n").replace("^M", "\n")))
    return NOTHING


def _sched(w: Commands, draft: Draft, st: State) -> Out:
    rest = [x for x in draft.words[1:] if x.text != "-o"][1:]
    if rest:
        _runs(w, draft, st, joined(rest))
    return NOTHING


def _zmv(w: Commands, draft: Draft, st: State) -> Out:
    for word in draft.words[1:]:
        _expands(w, draft, st, word)
    return NOTHING


def callback(w: Commands, draft: Draft, st: State) -> None:
    """``mapfile -C TEXT``: run for the lines that are read."""
    for word in _value(draft.words, "-C"):
        _runs(w, draft, st, word)


def special_array(w: Commands, name: str, key: str, word: Word, st: State) -> None:
    """zsh keeps its functions and aliases in arrays that can be assigned to."""
    if name == "functions":
        reading = w.parsed(Source(word.text, 0, word.span), st)
        st.functions[key] = Function([key], reading.body, Source(word.text, 0, word.span), 0, len(word.text))
    else:
        st.aliases[{"galiases": "-g ", "saliases": "-s "}.get(name, "") + key] = word.text


SPECIAL_ARRAYS = frozenset({"functions", "aliases", "galiases", "saliases"})
HANDLERS: dict[str, Handler] = {
    "trap": _trap, "complete": _complete, "compgen": _complete, "bind": _bind, "bindkey": _bindkey, "sched": _sched,
    "zmv": _zmv, "zcp": _zmv, "zln": _zmv,
}  # fmt: skip
