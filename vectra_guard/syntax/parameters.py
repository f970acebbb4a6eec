"""Values of ``$x`` and ``${x…}``: the variable, then the operator on it."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax import arith, expand, params, zshflags
from vectra_guard.syntax.context import selected
from vectra_guard.syntax.escapes import decode
from vectra_guard.syntax.state import UNSET, State, Val
from vectra_guard.syntax.tree import Lit, Part, Var

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands


def pattern_of(w: Commands, parts: list[Part], st: State) -> str:
    """An operand as a pattern: what was quoted in it matches only itself."""
    out: list[str] = []
    for part in parts:
        if isinstance(part, Lit):
            out.append(params.quote_pattern(part.text) if part.quoted else part.text)
        else:
            out.append("".join(expand.text_of(w, [part], st).text))
    return "".join(out)


def number(w: Commands, parts: list[Part] | None, st: State) -> int | None:
    text = "".join(expand.text_of(w, parts or [], st).text)

    def lookup(name: str) -> str | None:
        value = w.lookup(name, st)
        return value.text if value is not None and UNKNOWN not in value.text else None

    return None if UNKNOWN in text else arith.evaluate(text, lookup)


def value_of(w: Commands, var: Var, st: State) -> Val:
    """The value of ``$x`` or ``${x…}`` as one text."""
    if var.index_parts is not None:
        expand.text_of(w, var.index_parts, st)
    if var.operand2 is not None and not var.name and var.op[:1] in ("n", "#", "%", ":", "/", "^", ","):
        made = expand.text_of(w, var.operand2, st)  # zsh: ${${x}…}
        value: Val | None = Val("".join(made.text), sources=made.sources, variables=made.variables)
        var = Var("", var.quoted, var.op, "", False, var.operand, None)
    else:
        value = w.lookup(var.name, st)
        if value is not None and var.indirect:
            value = w.lookup(value.text, st) if UNKNOWN not in value.text else None
        if value is not None and var.index and var.index not in ("@", "*"):
            value = _element(w, value, var.index, st)
        if var.flags:
            value = zshflags.indirect(w, var.flags, value, st)
    missing = value is None or value is UNSET
    if value is None:
        value = Val(UNKNOWN, variables=(var.name,) if var.name not in ("?", "$", "!", "#") else ())
    if not var.op or var.op == "nested":
        return value
    return operate(w, var, value, st, not missing)


def _element(w: Commands, value: Val, index: str, st: State) -> Val:
    text = value.at(index)
    if text is None:
        found = w.lookup(index.lstrip("$"), st)
        text = value.at(found.text) if found is not None and UNKNOWN not in found.text else None
    if st.dialect == "zsh" and "," in index and value.keys is None:
        return Val("".join(selected(list(value.text), index, ",") or [UNKNOWN]), None, None, value.sources)
    if st.dialect == "zsh" and text is not None and value.keys is None:
        try:
            number = int(index, 0)
        except ValueError:
            number = 0
        text = value.at(str(number - 1 if number > 0 else number))
    return Val(text if text is not None else UNKNOWN, None, None, value.sources, value.variables, value.glob)


def operate(w: Commands, var: Var, value: Val, st: State, is_set: bool) -> Val:
    op, text = var.op, value.text
    if op == "length":
        items = value.items if var.index in ("@", "*") or st.dialect == "zsh" else None
        size = len(items) if items is not None else len(text)
        return Val(UNKNOWN if UNKNOWN in text else str(size))
    if op in (":-", "-", ":=", "=", ":+", "+"):
        return _default(w, var, value, st, is_set)
    if op in (":?", "?"):
        return value
    if UNKNOWN in text:
        for parts in (var.operand, var.operand2):
            expand.text_of(w, parts or [], st)  # what it substitutes runs all the same
        return value
    result: str | None = None
    if op in ("#", "##", "%", "%%"):
        result = params.remove(text, pattern_of(w, var.operand or [], st), op)
    elif op in ("/", "//", "/#", "/%"):
        by = "".join(expand.text_of(w, var.operand2 or [], st).text)
        result = params.replace(text, pattern_of(w, var.operand or [], st), by, op)
    elif op in ("^", "^^", ",", ",,"):
        result = params.change_case(text, op)
    elif op == ":":
        result = _substring(w, var, text, st)
    elif op == "@":
        kind = "".join(expand.text_of(w, var.operand or [], st).text)
        if kind == "P":
            again = w.expanded_again(text, st)
            return Val("".join(again.text), None, None, value.sources + again.sources, value.variables)
        result = {
            "E": decode(text)[0],
            "Q": quote(text),
            "U": text.upper(),
            "L": text.lower(),
            "u": text[:1].upper() + text[1:],
        }.get(kind, text)
    return Val(UNKNOWN if result is None else result, None, None, value.sources, value.variables, value.glob)


def _substring(w: Commands, var: Var, text: str, st: State) -> str | None:
    start = number(w, var.operand, st)
    if start is None:
        kind = "".join(expand.text_of(w, var.operand or [], st).text)
        if st.dialect == "zsh" and kind in ("h", "t", "r", "e", "u", "l"):
            return _modifier(text, kind)
        return None
    start = max(0, start + len(text)) if start < 0 else start
    if var.operand2 is None:
        return text[start:]
    length = number(w, var.operand2, st)
    if length is None:
        return None
    return text[start : start + length] if length >= 0 else text[start:length]


def _modifier(text: str, kind: str) -> str:
    head, _, tail = text.rpartition("/")
    root, _, extension = text.rpartition(".")
    return {"h": head or "/", "t": tail, "r": root or text, "e": extension, "u": text.upper(), "l": text.lower()}[kind]


def _default(w: Commands, var: Var, value: Val, st: State, is_set: bool) -> Val:
    """``:-`` ``:=`` ``:+``. Of a variable whose value is not known the given text is taken: what is written there
    is what the line asks for; the variable stays named so that rules can tell."""
    op = var.op
    empty = not is_set or (op[0] == ":" and not value.text)
    if op[-1] == "+":
        if is_set and empty:
            return Val("")
        made = expand.text_of(w, var.operand or [], st)
    elif not empty:
        return value
    else:
        made = expand.text_of(w, var.operand or [], st)
        if op[-1] == "=" and var.name:
            st.vars[var.name] = Val("".join(made.text), None, None, made.sources, made.variables)
    return Val("".join(made.text), None, None, made.sources, made.variables + (() if is_set else (var.name,)))
