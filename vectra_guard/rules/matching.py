"""Turns the ``when`` of rules into matchers, indexed by command name and first subcommand, and applies them.

Compiled tool by tool when a tool is first seen, so that loading stays quick. A matcher says which word made it
match, so that the message can name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vectra_guard.model import UNKNOWN, Span, Word
from vectra_guard.rules.argv import EMPTY, Parsed, Table, tail
from vectra_guard.rules.predicates import Predicate, compile_predicate, first_match
from vectra_guard.rules.schema import Rule, read_count, texts

if TYPE_CHECKING:
    from vectra_guard.rules.view import View

FlagSpec = tuple[str, Predicate | None]
EXPORTERS = frozenset(("export", "declare", "typeset", "readonly", "local"))
WRITES = frozenset((">", ">>", ">|", "&>", "&>>", "<>", ">&"))


@dataclass(slots=True)
class Matcher:
    rule: Rule
    subs: tuple[tuple[str, ...], ...]
    words: dict[str, tuple[Predicate, ...]]  # args, args_all, args_none, first, last, writes, reads
    flags: dict[str, tuple[FlagSpec, ...]]  # flags, flags_all, flags_none, env
    count: tuple[int, int] | None = None
    place: tuple[str, ...] = ()
    privileged: bool | None = None


@dataclass(slots=True)
class Tool:
    """A command's option table and its matchers."""

    table: Table
    by_sub: dict[str, list[Matcher]] = field(default_factory=dict)
    plain: list[Matcher] = field(default_factory=list)  # those without a subcommand


def flag_specs(values: Any, table: Table) -> tuple[FlagSpec, ...]:
    found = []
    for text in texts(values):
        name, sep, condition = text.partition("=")
        found.append((table.canonical(name), compile_predicate(condition) if sep else None))
    return tuple(found)


def build_matcher(rule: Rule, when: Mapping[str, Any], subs: tuple[tuple[str, ...], ...], table: Table) -> Matcher:
    for alternatives in subs:
        table = next((table.subs[a] for a in alternatives if a in table.subs), table)
    return Matcher(
        rule,
        subs,
        {
            key: tuple(compile_predicate(t) for t in texts(when[key]))
            for key in ("args", "args_all", "args_none", "first", "last", "writes", "reads")
            if key in when
        },
        {
            **{k: flag_specs(when[k], table) for k in ("flags", "flags_all", "flags_none") if k in when},
            **({"env": flag_specs(when["env"], EMPTY)} if "env" in when else {}),
        },
        read_count(when["count"]) if "count" in when else None,
        texts(when.get("place", ())),
        when.get("privileged"),
    )


def test(matcher: Matcher, view: View) -> str | None:
    """None: no match. Otherwise the text of the word that made it match, or ''."""
    parsed = view.parsed
    args = parsed.args
    subs = matcher.subs
    if subs:
        if len(args) < len(subs):
            return None
        for word, alternatives in zip(args, subs, strict=False):
            if word.text not in alternatives:
                return None
        args = args[len(subs) :]
    target = ""
    if matcher.flags:
        hit = _flags(matcher, parsed, view)
        if hit is None:
            return None
        target = hit
    if matcher.count is not None and not matcher.count[0] <= len(args) <= matcher.count[1]:
        return None
    if matcher.privileged is not None and matcher.privileged != view.command.privileged:
        return None
    if matcher.place and (view.command.place or "here") not in matcher.place:
        return None
    if matcher.words:
        hit = _words(matcher.words, args, view)
        if hit is None:
            return None
        target = hit or target
    return target


def shows_only(view: View) -> bool:
    """Help, version, dry-run, list and check forms, as the tool's table names them."""
    parsed = view.parsed
    table = parsed.table
    if table is None:
        return False
    if any(flag_hit(spec, parsed, view) is not None for spec in table.show):
        return True
    if not table.verbs:
        return False
    args, depth = parsed.args, parsed.depth
    return any(w.text in table.verbs for w in args[depth : depth + 2]) or (
        "help" in table.verbs and bool(args) and args[-1].text == "help"
    )


def _words(conditions: dict[str, tuple[Predicate, ...]], args: Sequence[Word], view: View) -> str | None:
    target = ""
    for key, predicates in conditions.items():
        if key == "args_none":
            if first_match(args, predicates, view.where) is not None:
                return None
            continue
        if key == "args_all":
            if not args or any(first_match((w,), predicates, view.where) is None for w in args):
                return None
            continue
        if key in ("writes", "reads"):
            words: Sequence[Word] = [
                r.target for r in view.command.redirects if (r.op in WRITES if key == "writes" else r.op == "<")
            ]
        elif key == "first":
            words = args[:1]
        elif key == "last":
            words = args[-2:] if args and args[-1].text == UNKNOWN else args[-1:]  # it may be no word at all
        else:
            words = args
        hit = first_match(words, predicates, view.where)
        if hit is None:
            return None
        target = hit.text
    return target


def _flags(matcher: Matcher, parsed: Parsed, view: View) -> str | None:
    target = ""
    for key, specs in matcher.flags.items():
        if key == "env":
            hit = _env(specs, view)
            if hit is None:
                return None
            target = hit
        elif key == "flags":
            hit = next((t for s in specs if (t := flag_hit(s, parsed, view)) is not None), None)
            if hit is None:
                return None
            target = hit
        elif key == "flags_all":
            if any(flag_hit(s, parsed, view) is None for s in specs):
                return None
        elif any(flag_hit(s, parsed, view) is not None for s in specs):
            return None
    return target


def flag_hit(spec: FlagSpec, parsed: Parsed, view: View) -> str | None:
    name, predicate = spec
    values = parsed.flags.get(name)
    if values is None:
        return None
    if predicate is None:
        return next((w.text for w in values if w is not None), name)
    for word in values:
        if predicate(word if word is not None else _NO_VALUE, view.where):
            return word.text if word is not None else name
    return None


def _env(specs: Sequence[FlagSpec], view: View) -> str | None:
    exported = view.words if view.name in EXPORTERS else ()
    given = [(w.text.partition("=")[0], tail(w, w.text.index("=") + 1)) for w in exported if "=" in w.text]
    for name, word in (*view.command.assigns, *given):
        for wanted, predicate in specs:
            if name == wanted and (predicate is None or predicate(word, view.where)):
                return name
    return None


_NO_VALUE = Word("", "", Span(0, 0))  # stands for an option given without a value
