"""Assignments: scalars, elements, whole arrays; what is appended to. Part of ``Commands``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax import deferred, expand
from vectra_guard.syntax.context import MAX_FOLD, TOO_LONG
from vectra_guard.syntax.state import State, Val
from vectra_guard.syntax.tree import Assign, Raw, Source

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands


def assign(w: Commands, item: Assign, inner: State, st: State) -> Word:
    name = item.name
    old = st.vars.get(name)
    if old is not None and old.ref:
        name = old.ref
        old = st.vars.get(name)
    if item.index_parts is not None:
        expand.text_of(w, item.index_parts, inner)
    if item.items is not None:
        return _array(w, item, name, inner, st, old)
    raw = item.value or Raw(Source(""), 0, 0, "")
    word = expand.one(w, raw, inner)
    text = word.text
    if item.index and name in deferred.SPECIAL_ARRAYS and st.dialect == "zsh":
        deferred.special_array(w, name, item.index.strip("'\""), word, st)
        return word
    if item.index:
        if old is not None and old.keys is not None:
            old.keys[item.index.strip("'\"")] = text
            return word
        items = list(old.items) if old is not None and old.items is not None else []
        where = w.lookup(item.index, st)
        index = where.text if where is not None else item.index
        if index.isdigit() and int(index) <= len(items) and (old is None or old.keys is None):
            items += [""] * (int(index) + 1 - len(items))
            items[int(index)] = items[int(index)] + text if item.op == "+=" else text
            st.vars[name] = Val(items[0], items, None, word.sources, word.variables)
        else:
            keys = dict(old.keys) if old is not None and old.keys else {str(n): x for n, x in enumerate(items)}
            keys[item.index.strip("'\"")] = text
            st.vars[name] = Val(text, None, keys, word.sources, word.variables)
        return word
    sources, variables = word.sources, word.variables
    if item.op == "+=":
        before = old or w.lookup(name, st) or Val(UNKNOWN, variables=(name,))
        text = (before.text + text)[:MAX_FOLD]
        sources, variables = before.sources + sources, before.variables + variables
    if len(text) > MAX_FOLD:
        text = UNKNOWN
        w.cap(TOO_LONG)
    st.vars[name] = Val(text, None, None, sources, variables, word.glob and not word.quoted)
    return word


def _array(w: Commands, item: Assign, name: str, inner: State, st: State, old: Val | None) -> Word:
    made: list[Word] = []
    keys: dict[str, str] = {}
    for raw in item.items or []:
        for word in expand.words(w, raw, inner):
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
            st.vars[name] = Val("", None, keys)
    if item.op == "+=" and old is not None and old.items is not None:
        texts = [*old.items, *texts]
    if not keys:
        sources = tuple(s for w in made for s in w.sources)
        variables = tuple(v for w in made for v in w.variables)
        st.vars[name] = Val(texts[0] if texts else "", texts, None, sources, variables)
    raw_text = made[0].raw if made else ""
    span = made[0].span if made else w.drafts[-1].span
    return Word(" ".join(texts), raw_text, span, quoted=True)
