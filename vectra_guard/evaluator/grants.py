"""Grants and asks: what the evaluator remembers between a decision and the command that acts on it. No I/O but for
the time and ``realpath``.

A grant ties a rewritten command to the shell, line, cwd and words that it was decided for. It is valid while that
line is the shell's current one (a loop uses it many times), for an hour at most. Whatever does not fit, is late or
is made up is answered exactly like an unknown id: ``vg exec`` then decides from scratch.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from vectra_guard.model import UNKNOWN, Command, Decision, Reach, Script

MAX_AGE = 3600.0
MAX_KEPT = 256  # of each kind; the oldest go first
MAX_WILD = 3  # gaps in a pattern of argv: bounds the time a match can take
MAX_SLOTS = 64  # of one line: a loop over more known values decides the later ones from scratch


@dataclass(frozen=True, slots=True)
class Slot:
    """One rewritten command of a line: the words it was decided for, as a pattern over NUL-joined argv."""

    command: int
    kind: str
    pattern: str
    cwd: str  # UNKNOWN: only the running shell knows
    review: Reach = ""


@dataclass(slots=True)
class Grant:
    ident: str
    pid: int
    turn: int  # which line of that shell
    line: str
    shell: str
    cwd: str
    decision: dict[str, Any]
    slots: tuple[Slot, ...]
    whole_line: bool
    background: bool  # outlives the next prompt by design: `loop &`
    choice: str = ""  # what the user answered, when asked
    born: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Ask:
    ident: str
    pid: int
    shell: str
    line: str
    cwd: str
    decision: dict[str, Any]
    answered: dict[str, Any] | None = None
    born: float = field(default_factory=time.monotonic)


def new_ident() -> str:
    return secrets.token_hex(12)


def slots_of(script: Script, decision: Decision, cwd: str) -> tuple[Slot, ...]:
    """What each insertion of the decision may be used for: by a loop, for each value that it is known to take."""
    found = []
    for insertion in decision.insertions:
        if 0 <= insertion.command < len(script.commands):
            source = _source(script.commands[insertion.command])
            for command in script.commands:
                if _source(command) == source:
                    where = UNKNOWN if UNKNOWN in command.cwd else (command.cwd or cwd)
                    found.append(Slot(insertion.command, insertion.kind, pattern_of(command), where, insertion.review))
    return tuple(dict.fromkeys(found))[:MAX_SLOTS]


def _source(command: Command) -> tuple[Any, ...]:
    """The same for each time that one place of the line runs."""
    return (command.span, *(word.raw for word in command.words))


def pattern_of(command: Command) -> str:
    """A regular expression for the argv (each word followed by NUL) that this command can become."""
    parts = []
    wild = 0
    for word in command.words:
        loose = word.splits or word.glob
        wild += loose + word.text.count(UNKNOWN)
        if wild > MAX_WILD:
            parts.append(".*")  # more gaps would only cost time: the real argv is judged again anyway
            break
        if loose:
            parts.append("(?:[^\0]*\0)*")  # any number of words, of any text
        else:
            parts.append("[^\0]*".join(re.escape(piece) for piece in word.text.split(UNKNOWN)) + "\0")
    return "".join(parts)


class Ledger:
    """All grants and asks of one evaluator."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._asks: dict[str, Ask] = {}

    def add_grant(self, grant: Grant) -> None:
        self._grants[grant.ident] = grant
        _trim(self._grants)

    def add_ask(self, ask: Ask) -> None:
        self._asks[ask.ident] = ask
        _trim(self._asks)

    def ask(self, ident: str) -> Ask | None:
        found = self._asks.get(ident)
        if found is None or time.monotonic() - found.born > MAX_AGE:
            return None
        return found

    def owner(self, token: str) -> int:
        """The shell that a grant was given to; 0 when there is no such grant."""
        grant = self._grants.get(token.partition(".")[0])
        return grant.pid if grant else 0

    def grant(self, token: str, argv: list[str] | None, cwd: str, turn: int | None) -> tuple[Grant, Slot | None] | None:
        """The grant behind ``ID.COMMAND`` (or ``ID`` for a whole line), if it covers exactly this use."""
        ident, _, index = token.partition(".")
        grant = self._grants.get(ident)
        if grant is None or time.monotonic() - grant.born > MAX_AGE:
            return None
        if turn != grant.turn and not grant.background:
            return None
        if not index:
            covered = grant.whole_line and argv is None and same_folder(cwd, grant.cwd)
            return (grant, None) if covered else None
        for slot in grant.slots:
            if str(slot.command) == index and argv is not None and _covers(slot, argv, cwd):
                return grant, slot
        return None

    def drop_shell(self, pid: int) -> None:
        """A shell is gone. What it left running in the background keeps its grants until they are too old."""
        self._asks = {k: a for k, a in self._asks.items() if a.pid != pid}
        self._grants = {k: g for k, g in self._grants.items() if g.pid != pid or g.background}


def _covers(slot: Slot, argv: list[str], cwd: str) -> bool:
    if slot.cwd != UNKNOWN and not same_folder(slot.cwd, cwd):
        return False
    return re.fullmatch(slot.pattern, "".join(word + "\0" for word in argv), re.DOTALL) is not None


def same_folder(one: str, other: str) -> bool:
    """A shell names its folder as it was reached, a program as the kernel does."""
    return one == other or os.path.realpath(one) == os.path.realpath(other)


def _trim(kept: dict[str, Any]) -> None:
    while len(kept) > MAX_KEPT:
        del kept[next(iter(kept))]
