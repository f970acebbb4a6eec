"""One question on the controlling terminal: drawn in place, or spoken in plain lines. No terminal means no."""

from __future__ import annotations

import os
import termios
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vectra_guard.config.schema import Config
from vectra_guard.prompt import consequence
from vectra_guard.prompt.question import NO, Answer, Question

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPressEvent

PATIENCE = 0.05
"""Seconds that the first drawing waits for what the command would do here; later it is drawn when it is known."""
PLAIN_PATIENCE = 1.0
"""The same where nothing is drawn twice."""


def ask_on_terminal(question: Question, config: Config) -> Answer:
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
            answer = _ask_plainly(question, terminal)
        else:
            answer = _ask_inline(question, terminal, config)
        if left := question.left_behind():
            os.write(terminal, f"{left}\r\n".encode("utf-8", "replace"))
        return answer
    except (EOFError, KeyboardInterrupt, OSError):
        return NO
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        os.close(terminal)


def _find_out(question: Question, done: Callable[[], None]) -> threading.Thread:
    """Work out what the command would do here, aside: a slow disk must not hold up the question."""

    def work() -> None:
        question.known.consequence = consequence.of(question.decision)
        done()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _ask_plainly(question: Question, terminal: int) -> Answer:
    """Plain sentences, nothing redrawn: for screen readers and terminals that can do no more."""
    _find_out(question, lambda: None).join(PLAIN_PATIENCE)
    text, explained = question.spoken(), False
    while question.answer is None:
        os.write(terminal, f"{text}\n> ".encode("utf-8", "replace"))
        typed = b""
        while not typed.endswith(b"\n"):
            piece = os.read(terminal, 1024)
            if not piece:
                return NO
            typed += piece
        question.press(typed.decode("utf-8", "replace").strip()[:1] or "enter")
        text = question.spoken() if question.explaining and not explained else question.spoken_keys()
        explained = question.explaining
    return question.answer


def _ask_inline(question: Question, terminal: int, config: Config) -> Answer:
    # our own terminal has no use for cursor position reports, and a late one would be read by the shell
    os.environ["PROMPT_TOOLKIT_NO_CPR"] = "1"
    from prompt_toolkit.application import Application
    from prompt_toolkit.input.vt100 import Vt100Input
    from prompt_toolkit.output import ColorDepth
    from prompt_toolkit.output.vt100 import Vt100_Output

    with (
        open(terminal, encoding="utf-8", errors="replace", closefd=False) as reader,
        open(terminal, "w", encoding="utf-8", errors="replace", closefd=False) as writer,
    ):
        colour = config.prompt.color and "NO_COLOR" not in os.environ
        scroll = [0]
        output = Vt100_Output.from_pty(
            writer,
            term=os.environ.get("TERM"),
            default_color_depth=None if colour else ColorDepth.DEPTH_1_BIT,
        )
        app: Application[Answer] = Application(
            layout=_layout(question, scroll, lambda: output.get_size().columns),
            key_bindings=_bindings(question, scroll),
            input=Vt100Input(reader),
            output=output,
            erase_when_done=True,
        )
        app.ttimeoutlen = 0.05  # Esc alone is an answer: do not wait half a second for the rest of a sequence
        app.timeoutlen = 0.05
        _find_out(question, app.invalidate).join(PATIENCE)
        if config.prompt.timeout:
            return _until(app, config.prompt.timeout)
        return app.run(handle_sigint=False)


def _layout(question: Question, scroll: list[int], width: Callable[[], int]) -> Any:
    """What is said above, the keys below: where there is no room for all, the keys stay."""
    from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window

    body = Window(
        FormattedTextControl(lambda: list(question.body(width()))),
        wrap_lines=True,
        dont_extend_height=True,
        get_vertical_scroll=lambda _window: scroll[0],
    )
    keys = Window(
        FormattedTextControl(lambda: list(question.keys(width()))),
        dont_extend_height=True,
        height=lambda: 1 + sum(text == "\n" for _style, text in question.keys(width())),
    )
    return Layout(HSplit([body, keys]))


def _until(app: Any, seconds: int) -> Answer:
    """Run the question; unanswered after ``seconds`` it means no."""

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


def _bindings(question: Question, scroll: list[int]) -> Any:
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.keys import Keys

    keys = KeyBindings()

    def bind(*names: str, as_key: Callable[[Any], str]) -> None:
        def handler(event: KeyPressEvent) -> None:
            question.press(as_key(event))
            if not question.explaining:
                scroll[0] = 0
            if question.answer is not None:
                event.app.exit(result=question.answer)

        for name in names:
            keys.add(name)(handler)

    bind(Keys.Any, as_key=lambda event: event.data if len(event.data) == 1 else "")
    bind("enter", "c-j", as_key=lambda _event: "enter")
    bind("escape", as_key=lambda _event: "escape")
    bind("left", "s-tab", as_key=lambda _event: "left")
    bind("right", "tab", as_key=lambda _event: "right")

    @keys.add("up")
    @keys.add("pageup")
    def _up(event: KeyPressEvent) -> None:
        scroll[0] = max(0, scroll[0] - 1)

    @keys.add("down")
    @keys.add("pagedown")
    def _down(event: KeyPressEvent) -> None:
        lines = sum(text.count("\n") for _style, text in question.body(event.app.output.get_size().columns))
        scroll[0] = min(max(0, lines - 1), scroll[0] + 1)

    @keys.add("c-c")
    @keys.add("c-d")
    @keys.add("<sigint>")
    def _no(event: KeyPressEvent) -> None:
        event.app.exit(result=NO)

    @keys.add(Keys.BracketedPaste)
    def _pasted(event: KeyPressEvent) -> None:
        """A paste is never an answer."""

    return keys
