"""What would have asked in lines of the past, and what would remove most of those questions. Judges, runs nothing.

Lines are judged by their names alone, as typed in a project folder that is not here: where they really were typed is
not in a history. A remedy is a trust entry for one command, a pattern where several commands begin alike, or the
guard level where it was raised for root or production. Deletions get no pattern, and what is critical no remedy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vectra_guard.model import Action, Decision, Request, Risk, RiskyPart
from vectra_guard.store.trust import covers

if TYPE_CHECKING:
    from vectra_guard.guard import Guard

NOWHERE = "/nonexistent/project"
"""The folder that lines are judged in: its name says nothing, and nothing is there."""
NO_PATTERN = ("delete.", "disk.", "db.")
"""Beginnings of rules whose commands are trusted one by one or not at all."""

MOST_LINES = 500
"""Different lines, most often first, that remedies are sought for."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would remove questions."""

    kind: Literal["entry", "pattern", "setting"]
    text: str  # the command, the pattern, or KEY=VALUE
    fingerprint: str = ""

    @property
    def narrowness(self) -> tuple[int, int]:
        """With equal gain the narrower one is offered."""
        return (("setting", "pattern", "entry").index(self.kind), len(self.text))


@dataclass(slots=True)
class Asked:
    """One line that would have asked, and how often."""

    line: str
    count: int
    decision: Decision

    @property
    def parts(self) -> tuple[RiskyPart, ...]:
        return tuple(part for part in self.decision.parts if part.asks)


@dataclass(slots=True)
class Replay:
    """What became of all lines."""

    total: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    asked: list[Asked] = field(default_factory=list)  # most often first

    @property
    def questions(self) -> int:
        return sum(asked.count for asked in self.asked)


def replay(guard: Guard, lines: Iterable[tuple[str, str]], home: str) -> Replay:
    """Judge (shell, line) pairs; each different line once, in the shell that it was first typed in."""
    found = Replay()
    shells: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for shell, line in lines:
        shells.setdefault(line, shell)
        counts[line] += 1
    for line, count in counts.items():
        decision = guard.judge(Request(line, shell=shells[line], cwd=NOWHERE, home=home, interactive=True)).decision
        found.total += count
        found.decisions[decision.action.label] += count
        if decision.action == Action.ASK:
            found.asked.append(Asked(line, count, decision))
    found.asked.sort(key=lambda asked: (-asked.count, asked.line))
    return found


def remedies(replayed: Replay, most: int = 3) -> list[tuple[Remedy, int]]:
    """The ``most`` remedies that together remove most questions, best first, with how many each removes."""
    left = replayed.asked[:MOST_LINES]
    offers = _offers(left)
    chosen: list[tuple[Remedy, int]] = []
    while len(chosen) < most and left:
        gains = {offer: sum(a.count for a in left if removes(offer, a)) for offer in offers}
        best = max(gains, key=lambda offer: (gains[offer], offer.narrowness), default=None)
        if best is None or not gains[best]:
            break
        chosen.append((best, gains[best]))
        left = [asked for asked in left if not removes(best, asked)]
    return chosen


def removes(remedy: Remedy, asked: Asked) -> bool:
    """Whether a line would not ask with it."""
    if remedy.kind == "setting":
        return asked.decision.risk == Risk.MEDIUM
    if not asked.decision.host_offered or not asked.parts:
        return False
    if remedy.kind == "entry":
        return all(part.fingerprint == remedy.fingerprint for part in asked.parts)
    words = remedy.text.split()
    return all(_may_be_covered(asked) and covers(words, part.words) for part in asked.parts)


def _offers(asked: Sequence[Asked]) -> list[Remedy]:
    offers: dict[Remedy, None] = {}
    for one in asked:
        for part in one.parts if one.decision.host_offered else ():
            offers[Remedy("entry", part.text, part.fingerprint)] = None
            if _may_be_covered(one):
                for length in range(2, len(part.words)):
                    offers[Remedy("pattern", " ".join((*part.words[:length], "*")))] = None
        if one.decision.risk == Risk.MEDIUM and any("(auto, raised" in step.outcome for step in one.decision.steps):
            offers[Remedy("setting", "guard_level=medium")] = None
    return list(offers)


def _may_be_covered(asked: Asked) -> bool:
    return not any(f.rule.startswith(NO_PATTERN) for f in asked.decision.findings if f.risk >= Risk.MEDIUM)


def as_json(replayed: Replay, offered: Sequence[tuple[Remedy, int]]) -> Mapping[str, object]:
    return {
        "lines": replayed.total,
        "decisions": dict(replayed.decisions),
        "questions": replayed.questions,
        "asked": [
            {"line": a.line, "count": a.count, "rules": list(dict.fromkeys(f.rule for f in a.decision.findings))}
            for a in replayed.asked
        ],
        "remedies": [{"kind": r.kind, "text": r.text, "removes": gain} for r, gain in offered],
    }
