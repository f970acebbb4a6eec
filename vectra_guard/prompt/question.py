"""The state of one question, what its keys do, and what is shown. Knows nothing of terminals and reads no file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from wcwidth import wcswidth, wcwidth

from vectra_guard.config.schema import Config
from vectra_guard.config.tighten import NETWORK_OF_LEVEL
from vectra_guard.messages import _, plural, sentence
from vectra_guard.model import Decision, Finding, Request, Risk
from vectra_guard.report.notice import risk_label, unicode, visible

Choice = Literal["host", "sandbox", "remember", "no"]
Stage = Literal["main", "duration", "scope"]
Piece = tuple[str, str]
"""(style, text)"""

DURATIONS = ("24h", "7d", "30d", "never")
STYLES = {
    Risk.LOW: "",
    Risk.MEDIUM: "ansiyellow",
    Risk.HIGH: "ansired",
    Risk.CRITICAL: "ansired bold",
}
FAINT = "ansibrightblack"
FINDINGS_SHOWN = 3
"""Before [e]xplain; the rest on demand."""
BEFORE, BLAMED, AFTER = 60, 300, 60
"""Characters of the typed line that are shown before, of, and after the part to blame."""


@dataclass(frozen=True, slots=True)
class Answer:
    choice: Choice
    duration: str = ""  # for remember: 30m 24h 7d 2w never
    scope: Literal["", "here", "anywhere"] = ""


@dataclass(slots=True)
class Known:
    """What is known of the world when the question is asked; ``consequence`` may come later."""

    consequence: str = ""
    changes: dict[str, list[str]] = field(default_factory=dict)  # file -> the lines of a diff since it was trusted
    habit: int = 0  # how often this was approved here, when that is to be said


NO = Answer("no")


class Question:
    """One question. ``press`` takes keys until ``answer`` is set."""

    def __init__(self, request: Request, decision: Decision, config: Config, known: Known | None = None) -> None:
        self.request = request
        self.decision = decision
        self.known = known or Known()
        self.explaining = False
        self.duration = config.trust.default_duration
        self.durations = tuple(dict.fromkeys((*DURATIONS, self.duration)))
        self.answer: Answer | None = None
        self.stage: Stage = "main"
        self.selected = "n"  # what Enter chooses
        self._config = config

    @property
    def rememberable(self) -> bool:
        return self.decision.host_offered and any(part.asks for part in self.decision.parts)

    # --- keys ---

    def choices(self) -> dict[str, str]:
        """Key -> label, in the order shown."""
        if self.stage == "duration":
            return {str(n): f"[{n}] {_(d)}" for n, d in enumerate(self.durations, 1)}
        if self.stage == "scope":
            return {"h": _("[h]ere only"), "a": _("[a]nywhere")}
        offered = {
            "o": _("[o]nce on host") if self.decision.host_offered else "",
            "r": _("[r]emember") if self.rememberable else "",
            "s": _("[s]andbox") if self.decision.sandbox_offered else "",
            "e": _("[e]xplain") if not self.explaining else _("[e]xplain less"),
            "n": _("[N]o"),
        }
        return {key: label for key, label in offered.items() if label}

    def press(self, key: str) -> None:
        """One key: a character or enter, escape, left, right. Sets ``answer`` when the question is settled."""
        key = key.lower()
        offered = list(self.choices())
        if key in ("left", "right"):
            step = 1 if key == "right" else -1
            self.selected = offered[(offered.index(self.selected) + step) % len(offered)]
            return
        if key == "enter":
            key = self.selected
        if key == "n":
            self.answer = NO
        elif key == "escape":
            self._back()
        elif key == "?":
            self._explain()
        elif key in offered:
            {"main": self._main, "duration": self._how_long, "scope": self._where}[self.stage](key)

    def _go(self, stage: Stage) -> None:
        self.stage = stage
        at = self.durations.index(self.duration) + 1
        self.selected = {"main": "n", "duration": str(at), "scope": "h"}[stage]

    def _back(self) -> None:
        if self.stage == "main":
            self.answer = NO
        else:
            self._go("main" if self.stage == "duration" else "duration")

    def _explain(self) -> None:
        self.explaining = not self.explaining

    def _main(self, key: str) -> None:
        if key == "o":
            self.answer = Answer("host")
        elif key == "s":
            self.answer = Answer("sandbox")
        elif key == "r":
            self._go("duration")
        else:
            self._explain()

    def _how_long(self, key: str) -> None:
        self.duration = self.durations[int(key) - 1]
        self._go("scope")

    def _where(self, key: str) -> None:
        self.answer = Answer("remember", self.duration, "here" if key == "h" else "anywhere")

    # --- what is shown ---

    def heading(self) -> list[Piece]:
        """The risk, and the typed line with the part to blame marked."""
        style = STYLES[self.decision.risk]
        raw = self.request.line.encode("utf-8", "surrogateescape")
        start, end = self.decision.findings[0].span if self.decision.findings else (0, 0)
        before, blamed, after = (
            visible(piece.decode("utf-8", "surrogateescape")) for piece in (raw[:start], raw[start:end], raw[end:])
        )
        before = f"…{before[-BEFORE:]}" if len(before) > BEFORE else before
        blamed = f"{blamed[:BLAMED]}…" if len(blamed) > BLAMED else blamed
        after = f"{after[:AFTER]}…" if len(after) > AFTER else after
        mark = "⚠ " if unicode() else "! "
        label = (style, f"{mark}{risk_label(self.decision.risk)}")
        return [label, ("", f"  {before}"), (f"{style} underline", blamed), ("", after)]

    def sentences(self) -> Iterator[Piece]:
        """Everything else but the keys, a line a piece."""
        findings = self.decision.findings
        for finding in findings if self.explaining else _distinct(findings)[:FINDINGS_SHOWN]:
            yield "", f"{visible(sentence(finding.message))} ({finding.rule})"
            if finding.why:
                yield "", visible(sentence(finding.why))
            if finding.instead:
                yield "ansigreen", _("instead: {command}").format(command=visible(sentence(finding.instead)))
        if self.known.consequence:
            yield "bold", visible(self.known.consequence)
        yield from self._changes()
        if self.known.habit and self.rememberable:
            yield (
                "bold",
                plural(
                    "You approved this {n} time here: [r] remembers it.",
                    "You approved this {n} times here: [r] remembers it.",
                    self.known.habit,
                ),
            )
        if self.explaining:
            yield from self._explanation()

    def _changes(self) -> Iterator[Piece]:
        for path, lines in self.known.changes.items():
            added = sum(line.startswith("+") for line in lines[2:])
            removed = sum(line.startswith("-") for line in lines[2:])
            counts = f" (+{added} -{removed})" if added or removed else ""
            yield "bold", _("{file} changed since you trusted it").format(file=visible(path)) + counts
            for line in lines[2:] if self.explaining else ():
                style = "ansigreen" if line.startswith("+") else "ansired" if line.startswith("-") else FAINT
                yield style, visible(line)

    def _explanation(self) -> Iterator[Piece]:
        for step in self.decision.steps:
            source = f"  [{step.source}]" if step.source else ""
            yield FAINT, f"{step.name}: {visible(step.outcome)}{source}"
        if self.decision.sandbox_offered:
            yield FAINT, self._sandbox()
        else:
            yield FAINT, _("A sandbox would not help: what this is for lies outside it.")

    def _sandbox(self) -> str:
        """The sandbox that [s] would use, as far as configuration tells."""
        sandbox = self._config.sandbox
        network = sandbox.network_mode
        if network == "level":
            network = NETWORK_OF_LEVEL[sandbox.security_level]  # type: ignore[assignment]
        review = self.decision.review or sandbox.workspace == "review" or sandbox.security_level in REVIEWING
        folder = _("changes are kept aside until you look") if review else _("writes into the project folder")
        return _("sandbox: {level}, network {network}, {folder}").format(
            level=sandbox.security_level, network=_(network), folder=folder
        )

    def title(self) -> str:
        """What the keys answer, where that is not plain."""
        if self.stage == "duration":
            return _("remember for how long?")
        if self.stage == "scope":
            return _("remember ({duration}) where?").format(duration=_(self.duration))
        return ""

    def body(self, width: int) -> list[Piece]:
        """Heading and sentences, wrapped at words."""
        pieces = [*self.heading(), ("", "\n")]
        for style, text in self.sentences():
            pieces += [(style, f"  {line}\n") for line in wrapped(text, max(10, width - 3))]
        return pieces

    def keys(self, width: int) -> list[Piece]:
        """The offers, the selected one marked; no offer is broken at the end of a line."""
        title = self.title()
        pieces: list[Piece] = [("bold", title)] if title else []
        used = cells(title)
        for key, label in self.choices().items():
            if used and used + 2 + cells(label) >= width:
                pieces.append(("", "\n"))
                used = 0
            elif used:
                pieces.append(("", "  "))
                used += 2
            pieces.append(("reverse bold" if key == self.selected else "bold", label))
            used += cells(label)
        return pieces

    def spoken(self) -> str:
        """The whole question as plain sentences, for a screen reader."""
        typed = "".join(text for _style, text in self.heading()[1:]).strip()
        lines = [_("{risk} risk: {command}").format(risk=risk_label(self.decision.risk), command=typed)]
        return "\n".join([*lines, *(text for _style, text in self.sentences()), self.spoken_keys()])

    def spoken_keys(self) -> str:
        offers = ", ".join(label for label in self.choices().values())
        return f"{self.title()} {_('Type a letter and Enter.')} {offers}".strip()

    def left_behind(self) -> str:
        """The one line that stays of it; empty where the guard or the sandbox says what happens anyway."""
        answer = self.answer or NO
        if answer.choice == "host":
            return _("vg: once on the host")
        if answer.choice == "remember":
            place = _("here") if answer.scope == "here" else _("anywhere")
            return _("vg: on the host, remembered {place} ({duration})").format(
                place=place, duration=_(answer.duration)
            )
        return ""


REVIEWING = ("strict", "paranoid")


def _distinct(findings: tuple[Finding, ...]) -> list[Finding]:
    return list({f.message: f for f in reversed(findings) if f.risk > Risk.LOW}.values())[::-1]


def cells(text: str) -> int:
    """How many columns a text takes."""
    return max(0, wcswidth(text))


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns, broken at spaces where there are any."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while cells(line) > width:
            at = _fits(line, width)
            lines.append(line[:at])
            line = line[at:]
    return [*lines, line]


def _fits(text: str, width: int) -> int:
    used = 0
    for at, char in enumerate(text):
        used += max(0, wcwidth(char))
        if used > width:
            return max(1, at)
    return len(text)
