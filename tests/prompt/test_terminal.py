"""The question on a real pseudo-terminal, seen through a terminal emulator."""

from __future__ import annotations

import sys
import termios
import textwrap

import pexpect
import pyte
import pytest

SCRIPT = """
    import sys
    sys.path.insert(0, {root!r})
    from vectra_guard import prompt
    from vectra_guard.config.schema import Config, Prompt
    from tests.prompt.test_question import REQUEST, question
    import time
    print("before", flush=True)
    time.sleep({delay})
    config = Config(prompt=Prompt({prompt}))
    print("ANSWER", prompt.ask(REQUEST, question().decision, config).choice, flush=True)
"""


class Terminal:
    """The question on a real pseudo-terminal, seen through a terminal emulator."""

    def __init__(
        self, tmp_path, *, delay: float = 0, prompt: str = "", term: str = "xterm-256color", size=(24, 80), **more
    ):
        root = str(pytest.importorskip("vectra_guard").__path__[0]).removesuffix("/vectra_guard")
        script = tmp_path / "ask.py"
        script.write_text(textwrap.dedent(SCRIPT.format(root=root, delay=delay, prompt=prompt)))
        env = {"TERM": term, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)} | more
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
    left = [line.strip() for line in terminal.shown().splitlines() if line.startswith("vg:")]
    assert left == (["vg: once on the host"] if answer == "host" else [])


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
    assert Terminal(tmp_path, prompt="timeout=1").finish() == "no"


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
    for offer in ("[o]nce on host", "[r]emember", "[e]xplain", "[N]o", "Replaces the remote history."):
        assert any(offer in line for line in terminal.screen.display), offer
    terminal.child.send("o")
    assert terminal.finish() == "host"


@pytest.mark.pty
def test_keys_stay_where_there_is_no_room_for_all(tmp_path) -> None:
    terminal = Terminal(tmp_path, size=(4, 60))
    terminal.child.expect(r"\[N\]o")
    terminal.child.send("e")
    terminal.child.expect_exact(" less")
    assert "[N]o" in terminal.shown()
    terminal.child.send("\x1b[B\x1b[B\x1b[C\r")
    assert terminal.finish() == "host"


@pytest.mark.pty
def test_arrows_and_enter(tmp_path) -> None:
    terminal = Terminal(tmp_path)
    terminal.child.expect(r"\[N\]o")
    terminal.child.send("\x1b[C\x1b[C\r")
    terminal.child.expect("how long")
    terminal.child.send("\r")
    terminal.child.expect("where")
    terminal.child.send("\r")
    assert terminal.finish() == "remember"
    assert "vg: on the host, remembered here (7d)" in terminal.shown()


@pytest.mark.pty
@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color(tmp_path, more: dict[str, str], coloured: bool) -> None:
    terminal = Terminal(tmp_path, **more)
    terminal.child.expect(r"\[N\]o")
    cells = [cell for row in terminal.screen.buffer.values() for cell in row.values()]
    assert any(cell.fg != "default" for cell in cells) is coloured
    assert any(cell.underscore for cell in cells)  # the part to blame is marked all the same
    terminal.child.send("n")
    assert terminal.finish() == "no"


@pytest.mark.pty
def test_a_screen_reader_hears_sentences_and_nothing_is_drawn_twice(tmp_path) -> None:
    terminal = Terminal(tmp_path, prompt="screen_reader=True")
    terminal.child.expect("high risk: git push --force")
    terminal.child.expect("Type a letter and Enter.")
    terminal.child.send("r\r")
    terminal.child.expect("remember for how long")
    assert "\x1b" not in terminal.child.before
    assert "Replaces" not in terminal.child.before.partition("Type a letter")[2]
    terminal.child.send("\r")
    terminal.child.expect("where")
    terminal.child.send("a\r")
    assert terminal.finish() == "remember"


@pytest.mark.pty
def test_language_of_the_configuration(tmp_path) -> None:
    terminal = Terminal(tmp_path, prompt="language='de'")
    terminal.child.expect(r"\[N\]ein")
    assert "hoch" in terminal.shown()
    terminal.child.send("o")
    assert terminal.finish() == "host"
    assert "vg: einmal auf dem Rechner" in terminal.shown()
