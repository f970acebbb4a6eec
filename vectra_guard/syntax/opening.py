"""What opening a wrapper needs again and again: the state inside, options by a row, words put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vectra_guard.model import Word
from vectra_guard.syntax.state import Draft, Out, State
from vectra_guard.syntax.wrappers import Row

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

MAX_RUNS = 24


def inner_state(draft: Draft, st: State, row: Row | None = None, via: str = "") -> State:
    inner = st.share()
    inner.top = draft.top
    inner.wrappers = (*st.wrappers, draft.name)
    inner.inp_text, inner.inp_from = draft.stdin_text, draft.stdin_from
    inner.functions, inner.replace = {}, None
    if row is not None:
        inner.privileged |= row.privileged
        inner.place = row.place or st.place
    inner.via = via or st.via
    return inner


def scan(words: Sequence[Word], row: Row, at: int = 1) -> tuple[int, list[Word]]:
    """Where the operands start (``len(words)`` when there are none), and the values of options that are texts."""
    longs, long_texts = row.longs.split(), row.long_text.split()
    texts: list[Word] = []
    n = len(words)
    while at < n:
        text = words[at].text
        if text == "--":
            return at + 1, texts
        if text[:2] == "--":
            name, equals, value = text[2:].partition("=")
            if name in long_texts:
                if equals:
                    texts.append(piece(words[at], value))
                elif at + 1 < n:
                    texts.append(words[at + 1])
                    at += 1
            elif name in longs and not equals:
                at += 1
        elif text[:1] == "-" and len(text) > 1:
            for place, letter in enumerate(text[1:], 2):
                if letter in row.text:
                    if place < len(text):
                        texts.append(piece(words[at], text[place:]))
                    elif at + 1 < n:
                        texts.append(words[at + 1])
                        at += 1
                    break
                if letter in row.values:
                    at += 1 if place == len(text) else 0
                    break
        elif not row.permute and text != "-":
            return at, texts
        at += 1
    return n, texts


def piece(word: Word, text: str) -> Word:
    return Word(text, word.raw, word.span, word.quoted, word.glob, word.splits, word.sources, word.variables)


def joined(words: Sequence[Word]) -> Word:
    return Word(
        " ".join(w.text for w in words), "", words[0].span, False, False, False,
        tuple(s for w in words for s in w.sources), tuple(v for w in words for v in w.variables),
    )  # fmt: skip


def assignments(words: Sequence[Word], at: int) -> tuple[int, list[tuple[str, Word]]]:
    found: list[tuple[str, Word]] = []
    while at < len(words):
        name, equals, value = words[at].text.partition("=")
        if not equals or not name.isidentifier():
            break
        found.append((name, piece(words[at], value)))
        at += 1
    return at, found


def run_row(w: Commands, draft: Draft, st: State, row: Row, at: int) -> Out | None:
    words = draft.words
    marks = [n for n in range(at, len(words)) if words[n].text == "--"] if row.dashes else []
    if marks:
        return w.argv(words[marks[0] + 1 :], inner_state(draft, st, row))
    at, texts = scan(words, row, at)
    inner = inner_state(draft, st, row)
    out: Out | None = None
    for text in texts:
        out = w.nested(text.text, inner, text.span, "string", word=text)
    if row.permute:
        return out
    assigns: list[tuple[str, Word]] = []
    if row.assigns:
        at, assigns = assignments(words, at)
    for _ in range(row.skip):
        at += 1
        if at < len(words) and words[at].text == "--":
            at += 1
    if row.skip and row.text and at < len(words) and words[at].text in ("-c", "--command"):
        rest = words[at + 1 :]
        return w.nested(rest[0].text, inner, rest[0].span, "string", word=rest[0]) if rest else out
    if row.skip and draft.name in ("chrt", "taskset", "runcon") and at < len(words) and words[at].text[:1] == "-":
        return out
    if at >= len(words):
        return out
    if row.joined:
        text = joined(words[at:])
        return w.nested(text.text, inner, text.span, "string", word=text)
    return w.argv(words[at:], inner, assigns)


def past_options(words: Sequence[Word], at: int, values: frozenset[str]) -> int:
    while at < len(words):
        text = words[at].text
        if text == "--":
            return at + 1
        if text[:2] == "--":
            name = text[2:]
            at += 2 if "=" not in name and name in values else 1
        elif text[:1] == "-" and len(text) > 1:
            takes = next((n for n, c in enumerate(text[1:], 2) if c in values), 0)
            at += 2 if takes == len(text) else 1
        else:
            break
    return min(at, len(words))


def put(word: Word, marker: str, value: Word) -> Word:
    if marker not in word.text:
        return word
    return Word(
        word.text.replace(marker, value.text), word.raw, word.span, True, False, False,
        word.sources + value.sources, word.variables + value.variables,
    )  # fmt: skip


def split_words(text: str) -> list[str]:
    """Words as ``env -S`` and ``xargs`` make them: blanks, both quotes, backslash."""
    out: list[str] = []
    cur: list[str] | None = None
    quote = ""
    at = 0
    while at < len(text):
        c = text[at]
        at += 1
        if quote:
            if c == quote:
                quote = ""
            else:
                cur = [] if cur is None else cur
                cur.append(c)
        elif c in "'\"":
            quote = c
            cur = [] if cur is None else cur
        elif c == "\\" and at < len(text):
            cur = [] if cur is None else cur
            cur.append(text[at])
            at += 1
        elif c in " \t\n":
            if cur is not None:
                out.append("".join(cur))
                cur = None
        else:
            cur = [] if cur is None else cur
            cur.append(c)
    if cur is not None:
        out.append("".join(cur))
    return out
