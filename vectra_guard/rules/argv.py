"""Reads one argv by its tool's option table: options (canonical, with values), positional words, harmless forms.

A table is data (``tools:`` in the YAML files, see docs/rules.md). Combined short options, attached values, ``--x=y``,
unambiguous abbreviations of long options, ``--`` and options before and after subcommands are understood. An
unknown option counts as one without a value. Fails towards danger: a word that may be an option but is not known
sets ``unclear``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vectra_guard.model import UNKNOWN, Word

Option = tuple[str, str]  # canonical name; "" no value, "=" takes one, "?" only attached


@dataclass(slots=True)
class Parsed:
    """An argv that was read by its table."""

    name: str
    flags: dict[str, list[Word | None]] = field(default_factory=dict)
    args: list[Word] = field(default_factory=list)
    tail: list[Word] = field(default_factory=list)  # after `--`, also in args
    unclear: bool = False
    table: Table | None = None  # of the deepest subcommand reached
    depth: int = 0  # how many of args are subcommands

    def has(self, *names: str) -> bool:
        return any(n in self.flags for n in names)

    def values(self, *names: str) -> list[Word]:
        return [w for n in names for w in self.flags.get(n, ()) if w is not None]


@dataclass(slots=True)
class Table:
    """How one tool (or one of its subcommands) spells its options."""

    options: dict[str, Option] = field(default_factory=dict)
    # gnu: clusters and abbreviations; single: -long options; assign: key=value; old: `tar xf`; signal: kill
    style: str = "gnu"
    stop: int = -1  # positional words after which everything is positional (docker run IMAGE …)
    harmless: tuple[str, ...] = ()  # flag specs, and subcommand words, that make the run only show something
    subs: dict[str, Table] = field(default_factory=dict)
    show: tuple[Any, ...] = ()  # ``harmless``, compiled
    verbs: frozenset[str] = frozenset()  # the words of ``harmless``

    def canonical(self, name: str) -> str:
        found = self.options.get(name)
        return found[0] if found else name


EMPTY = Table(harmless=("--help", "--version"))


def read_options(text: str) -> dict[str, Option]:
    """``-r,-R,--recursive -C= --color=?`` → every spelling to its canonical name (the last) and kind."""
    found: dict[str, Option] = {}
    for group in text.split():
        kind = ""
        if group.endswith("=?"):
            group, kind = group[:-2], "?"
        elif group.endswith("="):
            group, kind = group[:-1], "="
        names = group.split(",")
        for name in names:
            found[name] = (names[-1], kind)
    return found


def build(data: Mapping[str, Any], parent: Table | None = None) -> Table:
    """A table from its YAML form; a subcommand inherits its parent's options and harmless forms."""
    table = Table()
    if parent is not None:
        table.options.update(parent.options)
        table.style = parent.style
        table.harmless = parent.harmless
    else:
        table.harmless = EMPTY.harmless
    table.options.update(read_options(data.get("options", "")))
    table.style = data.get("style", table.style)
    table.stop = data.get("stop", -1)
    more = tuple(data.get("harmless", "").split())
    table.harmless += tuple(w for w in more if w[0] == "-")
    if table.style == "single":  # where `--help` and `-help` are one
        table.harmless += ("-help", "-version")
    if table.options.get("--version", ("", ""))[1] == "=":  # of a thing: `helm upgrade x y --version 1.2`
        table.harmless = tuple(h for h in table.harmless if h != "--version")
    table.verbs = frozenset(w for w in more if w[0] != "-")
    for names, sub in (data.get("subs") or {}).items():
        inner = build(sub or {}, table)
        for name in names.split("|"):
            table.subs[name] = inner
    return table


def tail(word: Word, count: int) -> Word:
    """The word without its first ``count`` characters: the value in ``--x=value`` or ``of=value``."""
    text = word.text[count:]
    raw = word.raw[count:] if word.raw.startswith(word.text[:count]) else word.raw
    return Word(text, raw, word.span, word.quoted, word.glob, word.splits, word.sources, word.variables)


def parse(name: str, words: Iterable[Word], table: Table) -> Parsed:
    """``words`` without the command word."""
    out = Parsed(name)
    rest = list(words)
    flags, args = out.flags, out.args
    here, stop = table, table.stop
    i, end = 0, len(rest)
    if table.style == "old" and rest and rest[0].text and rest[0].text[0] not in ("-", UNKNOWN, "/", "."):
        rest[0] = _dashed(rest[0])
    while i < end:
        word = rest[i]
        text = word.text
        i += 1
        lead = text[:1]
        if lead == "-" and len(text) > 1 and stop != 0:
            if text == "--":
                args.extend(rest[i:])
                out.tail = rest[i:]
                if i < end:
                    flags.setdefault("--", []).append(None)  # a rule may ask for it: `git checkout -- FILE`
                break
            if here.style != "signal" or not _process_group(text, flags):
                i += _option(out, word, here, rest, i)
                continue
        if here.style == "assign" and "=" in text and lead != UNKNOWN:
            key = text.partition("=")[0]
            flags.setdefault(key, []).append(tail(word, len(key) + 1))
            continue
        if lead == UNKNOWN and not word.quoted:
            out.unclear = True
        args.append(word)
        if stop > 0:
            stop -= 1
        if here.subs:
            inner = here.subs.get(text)
            if inner is not None:
                here, stop = inner, inner.stop
                out.depth = len(args)
    out.table = here
    return out


def _process_group(text: str, flags: Mapping[str, Any]) -> bool:
    """``kill -9 -1``: after the signal, a negative number is whom to signal."""
    return text[1:].isdigit() and any(f == "--signal" or f[1:].isdigit() or f[1:].isupper() for f in flags)


def _dashed(word: Word) -> Word:
    return Word("-" + word.text, word.raw, word.span, word.quoted, word.glob, word.splits, word.sources, word.variables)


def _option(out: Parsed, word: Word, table: Table, rest: list[Word], i: int) -> int:
    """Reads one option word; returns how many of the following words it took as its value."""
    text = word.text
    if UNKNOWN in text and "=" not in text.split(UNKNOWN, 1)[0]:
        out.unclear = True
    options, flags = table.options, out.flags
    if text.startswith("--") or table.style == "single":
        key, sep, _ = text.partition("=")
        found = options.get(key) or _abbreviation(key, options, table.style)
        canonical, kind = found or (key, "")
        if table.style == "single" and not found and key.startswith("--"):
            found = options.get(key[1:])
            canonical, kind = found or (key[1:], "")
        if sep:
            flags.setdefault(canonical, []).append(tail(word, len(key) + 1))
            return 0
        return _take(flags, canonical, kind, rest, i)
    if table.style == "signal" and len(text) > 2 and text[1:].isalnum() and text[1:] == text[1:].upper():
        flags.setdefault(text, []).append(None)
        return 0
    for at in range(1, len(text)):
        canonical, kind = options.get("-" + text[at], ("-" + text[at], ""))
        if kind and at + 1 < len(text):
            skip = at + 2 if text[at + 1] == "=" and kind == "=" and len(text) > at + 2 else at + 1
            flags.setdefault(canonical, []).append(tail(word, skip))
            return 0
        if kind == "=":
            return _take(flags, canonical, kind, rest, i)
        flags.setdefault(canonical, []).append(None)
    if len(text) > 2:
        flags.setdefault(options.get(text, (text, ""))[0], []).append(None)
    return 0


def _take(flags: dict[str, list[Word | None]], name: str, kind: str, rest: list[Word], i: int) -> int:
    if kind == "=" and i < len(rest):
        flags.setdefault(name, []).append(rest[i])
        return 1
    flags.setdefault(name, []).append(None)
    return 0


def _abbreviation(key: str, options: Mapping[str, Option], style: str) -> Option | None:
    if style != "gnu" or len(key) < 4:
        return None
    hits = {v for k, v in options.items() if k.startswith(key)}
    return hits.pop() if len(hits) == 1 else None
