"""The question: what its keys do (bare), and how it behaves on a real terminal."""

from __future__ import annotations

import sys
import termios
import textwrap

import pexpect
import pyte
import pytest

from vectra_guard.model import Action, Decision, Finding, Request, Risk, RiskyPart, Span
from vectra_guard.prompt import Answer, Question

REQUEST = Request("git push --force", "bash", "/w", "/h", interactive=True)
FINDING = Finding(
    "git.push-force", Risk.HIGH, "ask", "Replaces the remote history.", Span(0, 16), 0, "Others lose work."
)
PARTS = (RiskyPart("f1", "git push --force", Risk.HIGH, True),)


def question(**more) -> Question:
    values = {"findings": (FINDING,), "parts": PARTS} | more
    return Question(REQUEST, Decision(Action.ASK, Risk.HIGH, "why", **values), "7d")


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["o"], Answer("host")),
        (["O"], Answer("host")),
        (["n"], Answer("no")),
        (["enter"], Answer("no")),
        (["escape"], Answer("no")),
        (["s"], None),
        (["x"], None),
        (["e", "o"], Answer("host")),
        (["r", "1", "h"], Answer("remember", "24h", "here")),
        (["r", "enter", "a"], Answer("remember", "7d", "anywhere")),
        (["r", "4", "enter"], Answer("remember", "never", "here")),
        (["r", "9"], None),
        (["r", "escape", "escape"], Answer("no")),
        (["r", "2", "escape", "n"], Answer("no")),
    ],
)
def test_keys(keys: list[str], answer: Answer | None) -> None:
    asked = question()
    for key in keys:
        asked.press(key)
    assert asked.answer == answer


def test_only_what_is_offered_can_be_chosen() -> None:
    critical = question(host_offered=False, sandbox_offered=True)
    for key in ("o", "r"):
        critical.press(key)
    assert critical.answer is None
    assert "host" not in critical.key_line()
    critical.press("s")
    assert critical.answer == Answer("sandbox")


def test_a_command_cannot_draw_on_the_terminal() -> None:
    evil = Request("rm \x1b[2J\x1b]0;x\x07\n.", "bash", "/w", "/h")
    text = "".join(piece for _, piece in Question(evil, question().decision, "7d").text())
    assert not any(ord(c) < 32 and c != "\n" for c in text)


SCRIPT = """
    import sys
    sys.path.insert(0, {root!r})
    from vectra_guard import prompt
    from vectra_guard.config.schema import Config, Prompt
    from tests.test_prompt import REQUEST, question
    import time
    print("before", flush=True)
    time.sleep({delay})
    config = Config(prompt=Prompt(timeout={timeout}))
    print("ANSWER", prompt.ask(REQUEST, question().decision, config).choice, flush=True)
"""


class Terminal:
    """The question on a real pseudo-terminal, seen through a terminal emulator."""

    def __init__(self, tmp_path, *, delay: float = 0, timeout: int = 0, term: str = "xterm-256color", size=(24, 80)):
        root = str(pytest.importorskip("vectra_guard").__path__[0]).removesuffix("/vectra_guard")
        script = tmp_path / "ask.py"
        script.write_text(textwrap.dedent(SCRIPT.format(root=root, delay=delay, timeout=timeout)))
        env = {"TERM": term, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        self.child = pexpect.spawn(
            sys.executable, [str(script)], dimensions=size, env=env, encoding="utf-8", timeout=20
        )
        self.screen = pyte.Screen(size[1], size[0])
        self.stream = pyte.Stream(self.screen)
        self.child.logfile_read = self
        self.before = termios.tcgetattr(self.child.child_fd)

    def write(self, text: str) -> None:
        self.stream.feed(text)

    def flush(self) -> None:
        pass

    def shown(self) -> str:
        return "\n".join(self.screen.display)

    def finish(self) -> str:
        self.child.expect(r"ANSWER (\w+)")
        answer = self.child.match.group(1)
        self.child.expect(pexpect.EOF)
        return answer


@pytest.mark.pty
@pytest.mark.parametrize(
    ("keys", "answer"), [("o", "host"), ("\r", "no"), ("\x1b", "no"), ("\x03", "no"), ("\x04", "no")]
)
def test_terminal_is_left_clean(tmp_path, keys: str, answer: str) -> None:
    terminal = Terminal(tmp_path)
    terminal.child.expect(r"\[N\]o")
    assert "Replaces the remote history." in terminal.shown()
    terminal.child.send(keys)
    terminal.child.expect(r"ANSWER (\w+)")
    assert terminal.child.match.group(1) == answer
    assert termios.tcgetattr(terminal.child.child_fd)[:4] == terminal.before[:4]
    terminal.child.expect(pexpect.EOF)
    assert "Replaces" not in terminal.shown()


@pytest.mark.pty
def test_a_paste_is_not_an_answer(tmp_path) -> None:
    terminal = Terminal(tmp_path)
    terminal.child.expect(r"\[N\]o")
    terminal.child.send("\x1b[200~o\x1b[201~")
    terminal.child.send("n")
    assert terminal.finish() == "no"


@pytest.mark.pty
def test_what_was_typed_before_is_not_an_answer(tmp_path) -> None:
    terminal = Terminal(tmp_path, delay=0.5)
    terminal.child.expect("before")
    terminal.child.send("ooo")
    terminal.child.expect(r"\[N\]o")
    terminal.child.send("\r")
    assert terminal.finish() == "no"


@pytest.mark.pty
def test_unanswered_means_no(tmp_path) -> None:
    assert Terminal(tmp_path, timeout=1).finish() == "no"


@pytest.mark.pty
def test_dumb_terminal_asks_in_plain_lines(tmp_path) -> None:
    terminal = Terminal(tmp_path, term="dumb")
    terminal.child.expect(r"> ")
    terminal.child.send("o\r")
    assert terminal.finish() == "host"


@pytest.mark.pty
def test_forty_columns(tmp_path) -> None:
    terminal = Terminal(tmp_path, size=(12, 40))
    terminal.child.expect(r"\]o")
    terminal.child.send("o")
    assert terminal.finish() == "host"
