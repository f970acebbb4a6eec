"""The inline question: what was found, why it matters, what is offered. Imported only to ask.

Drawn under the typed line on the terminal of the shell, in the foreground. Enter, Esc, Ctrl-C, Ctrl-D, a closed
terminal, a time-out and any failure all mean no. What was typed before the question appeared and what is pasted
into it is thrown away: neither may answer it. The block is erased afterwards and the terminal put back.
"""

from __future__ import annotations

import os
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vectra_guard.config.schema import Config
from vectra_guard.errors import StoreError
from vectra_guard.model import Decision, Finding, Request, Risk
from vectra_guard.report.notice import unicode, visible

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPressEvent

Choice = Literal["host", "sandbox", "remember", "no"]
DURATIONS = ("24h", "7d", "30d", "never")
STYLES = {
    Risk.LOW: "",
    Risk.MEDIUM: "ansiyellow",
    Risk.HIGH: "ansired",
    Risk.CRITICAL: "ansired bold",
}
EXPLAINED = 3
"""Findings shown before [e]xplain; the rest on demand."""


@dataclass(frozen=True, slots=True)
class Answer:
    choice: Choice
    duration: str = ""  # for remember: 30m 24h 7d 2w never
    scope: Literal["", "here", "anywhere"] = ""


NO = Answer("no")


class Question:
    """The state of one question and what its keys do. Knows nothing of terminals, so that it can be tested bare."""

    def __init__(self, request: Request, decision: Decision, default_duration: str) -> None:
        self.request = request
        self.decision = decision
        self.stage: Literal["main", "duration", "scope"] = "main"
        self.explaining = False
        self.duration = default_duration
        first = (default_duration,) if default_duration not in DURATIONS else ()
        self.durations = (*first, *DURATIONS)
        self.answer: Answer | None = None

    @property
    def rememberable(self) -> bool:
        return self.decision.host_offered and any(part.asks for part in self.decision.parts)

    def press(self, key: str) -> None:
        """One key. Sets ``answer`` when the question is settled."""
        {"main": self._main, "duration": self._how_long, "scope": self._where}[self.stage](key.lower())

    def _main(self, key: str) -> None:
        if key == "o" and self.decision.host_offered:
            self.answer = Answer("host")
        elif key == "s" and self.decision.sandbox_offered:
            self.answer = Answer("sandbox")
        elif key == "r" and self.rememberable:
            self.stage = "duration"
        elif key in ("e", "?"):
            self.explaining = not self.explaining
        elif key in ("n", "enter", "escape"):
            self.answer = NO

    def _how_long(self, key: str) -> None:
        if key.isdigit() and 1 <= int(key) <= len(self.durations):
            self.duration = self.durations[int(key) - 1]
            self.stage = "scope"
        elif key == "enter":
            self.stage = "scope"
        elif key == "escape":
            self.stage = "main"
        elif key == "n":
            self.answer = NO

    def _where(self, key: str) -> None:
        if key in ("h", "enter"):
            self.answer = Answer("remember", self.duration, "here")
        elif key == "a":
            self.answer = Answer("remember", self.duration, "anywhere")
        elif key == "escape":
            self.stage = "duration"
        elif key == "n":
            self.answer = NO

    def key_line(self) -> str:
        """The line of keys for the present stage."""
        if self.stage == "duration":
            offers = [f"[{n}] {d}" for n, d in enumerate(self.durations, 1)]
            return f"remember for how long?  {'  '.join(offers)}  [Enter] {self.duration}  [Esc] back"
        if self.stage == "scope":
            return f"remember ({self.duration}) where?  [h]ere only  [a]nywhere  [Esc] back"
        offers = []
        if self.decision.host_offered:
            offers.append("[o]nce on host")
        if self.rememberable:
            offers.append("[r]emember")
        if self.decision.sandbox_offered:
            offers.append("[s]andbox")
        return "  ".join([*offers, "[e]xplain", "[N]o"])

    def text(self) -> list[tuple[str, str]]:
        """The block as (style, text) pieces."""
        decision = self.decision
        style = STYLES[decision.risk]
        mark = "⚠ " if unicode() else "! "
        pieces: list[tuple[str, str]] = [(style, f"{mark}{decision.risk.label}"), ("", "  ")]
        pieces += self._line(style)
        shown = decision.findings if self.explaining else _distinct(decision.findings)[:EXPLAINED]
        for finding in shown:
            pieces += _finding(finding, self.explaining)
        if self.explaining:
            for step in decision.steps:
                source = f"  [{step.source}]" if step.source else ""
                pieces.append(("ansibrightblack", f"  {step.name}: {visible(step.outcome)}{source}\n"))
        pieces.append(("bold", self.key_line()))
        return pieces

    def _line(self, style: str) -> list[tuple[str, str]]:
        """The typed line with the part to blame marked."""
        raw = self.request.line.encode("utf-8", "surrogateescape")
        start, end = self.decision.findings[0].span if self.decision.findings else (0, 0)
        cut = [raw[:start], raw[start:end], raw[end:]]
        texts = [visible(piece.decode("utf-8", "surrogateescape")) for piece in cut]
        return [("", texts[0]), (f"{style} underline", texts[1]), ("", texts[2] + "\n")]


def _distinct(findings: tuple[Finding, ...]) -> list[Finding]:
    return list({f.message: f for f in reversed(findings) if f.risk > Risk.LOW}.values())[::-1]


def _finding(finding: Finding, explaining: bool) -> list[tuple[str, str]]:
    pieces = [("", f"  {visible(finding.message)}\n")]
    if finding.why:
        pieces.append(("", f"  {visible(finding.why)}\n"))
    if finding.instead:
        pieces.append(("ansigreen", f"  instead: {visible(finding.instead)}\n"))
    if explaining:
        pieces.append(("ansibrightblack", f"  rule {finding.rule} ({finding.risk.label}), remedy: {finding.remedy}\n"))
    return pieces


def ask(request: Request, decision: Decision, config: Config) -> Answer:
    """Ask on the controlling terminal. No terminal means no."""
    question = Question(request, decision, config.trust.default_duration)
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return NO
    try:
        before = termios.tcgetattr(terminal)
    except termios.error:
        os.close(terminal)
        return NO
    try:
        # what was typed before the question could be read must not answer it
        termios.tcflush(terminal, termios.TCIFLUSH)
        if config.prompt.screen_reader or os.environ.get("TERM", "dumb") == "dumb":
            return _ask_plainly(question, terminal)
        return _ask_inline(question, terminal, config)
    except (EOFError, KeyboardInterrupt, OSError):
        return NO
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        os.close(terminal)


def _ask_plainly(question: Question, terminal: int) -> Answer:
    """Plain sentences, nothing redrawn: for screen readers and terminals that can do no more."""
    while question.answer is None:
        text = "".join(piece for _, piece in question.text())
        os.write(terminal, f"{text}\n> ".encode("utf-8", "replace"))
        typed = b""
        while not typed.endswith(b"\n"):
            piece = os.read(terminal, 1024)
            if not piece:
                return NO
            typed += piece
        question.press(typed.decode("utf-8", "replace").strip()[:1] or "enter")
    return question.answer


def _ask_inline(question: Question, terminal: int, config: Config) -> Answer:
    # our own terminal has no use for cursor position reports, and a late one would be read by the shell
    os.environ["PROMPT_TOOLKIT_NO_CPR"] = "1"
    from prompt_toolkit.application import Application
    from prompt_toolkit.input.vt100 import Vt100Input
    from prompt_toolkit.layout import FormattedTextControl, Layout, Window
    from prompt_toolkit.output import ColorDepth
    from prompt_toolkit.output.vt100 import Vt100_Output

    with (
        open(terminal, encoding="utf-8", errors="replace", closefd=False) as reader,
        open(terminal, "w", encoding="utf-8", errors="replace", closefd=False) as writer,
    ):
        colour = config.prompt.color and "NO_COLOR" not in os.environ
        app: Application[Answer] = Application(
            layout=Layout(
                Window(FormattedTextControl(lambda: list(question.text())), wrap_lines=True, dont_extend_height=True)
            ),
            key_bindings=_bindings(question),
            input=Vt100Input(reader),
            output=Vt100_Output.from_pty(
                writer,
                term=os.environ.get("TERM"),
                default_color_depth=None if colour else ColorDepth.DEPTH_1_BIT,
            ),
            erase_when_done=True,
        )
        app.ttimeoutlen = 0.05  # Esc alone is an answer: do not wait half a second for the rest of a sequence
        app.timeoutlen = 0.05
        if config.prompt.timeout:
            return _until(app, config.prompt.timeout)
        return app.run(handle_sigint=False)


def _until(app: Any, seconds: int) -> Answer:
    """Run the question; unanswered after ``seconds`` it means no."""
    import threading  # only with prompt.timeout

    def stop() -> None:
        if app.is_running and app.loop is not None:
            app.loop.call_soon_threadsafe(lambda: app.exit(result=NO) if app.is_running else None)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        answer: Answer = app.run(handle_sigint=False)
        return answer
    finally:
        timer.cancel()


def _bindings(question: Question) -> Any:
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.keys import Keys

    keys = KeyBindings()

    def bind(*names: str, as_key: Callable[[Any], str]) -> None:
        def handler(event: KeyPressEvent) -> None:
            question.press(as_key(event))
            if question.answer is not None:
                event.app.exit(result=question.answer)

        for name in names:
            keys.add(name)(handler)

    bind(Keys.Any, as_key=lambda event: event.data if len(event.data) == 1 else "")
    bind("enter", "c-j", as_key=lambda _: "enter")
    bind("escape", as_key=lambda _: "escape")

    @keys.add("c-c")
    @keys.add("c-d")
    @keys.add("<sigint>")
    def _(event: KeyPressEvent) -> None:
        event.app.exit(result=NO)

    @keys.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        """A paste is never an answer."""

    return keys


def remember(request: Request, decision: Decision, answer: Answer, config: Config) -> str:
    """Write a trust entry for each part that asked. Returns why it could not, or empty: what was approved runs
    all the same."""
    import time

    from vectra_guard.facts import git_root
    from vectra_guard.store import db
    from vectra_guard.store.trust import TrustStore, parse_duration

    now = time.time()
    try:
        store = TrustStore(db.open(config.sandbox.trust_store_path or None))
        for part in decision.parts:
            if part.asks:
                store.add(
                    part.fingerprint,
                    part.text,
                    now=now,
                    scope="here" if answer.scope == "here" else "anywhere",
                    folder=git_root(request.cwd) or request.cwd,
                    duration=parse_duration(answer.duration),
                )
    except StoreError as err:
        return str(err)
    return ""
