"""A real shell in a real terminal, commands in sandboxes: job control, signals, size, settings put back."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator

import pexpect
import pytest

from tests.sandbox import box

pytestmark = [pytest.mark.sandbox, pytest.mark.pty]


class Shell:
    """An interactive bash of ``person``."""

    def __init__(self, person: box.Account) -> None:
        self.person = person
        argv = [*person.prefix(), "bash", "--norc", "--noprofile", "-i"]
        self.child = pexpect.spawn(
            argv[0],
            argv[1:],
            env=person.environment(PS1="ready> ", PROMPT_COMMAND="", INPUTRC="/dev/null", BASH_SILENCE="1"),
            cwd=str(person.project),
            encoding="utf-8",
            timeout=20,
            dimensions=(33, 101),
        )
        self.child.expect("ready> ")
        self.type("bind 'set enable-bracketed-paste off'")
        self.child.expect("ready> ")

    def boxed(self, *argv: str, **options: object) -> str:
        command, _ = self.person.driver(list(argv), **options)  # type: ignore[arg-type]
        return shlex.join(command)

    def type(self, text: str) -> None:
        self.child.sendline(text)

    def expect(self, pattern: str) -> None:
        self.child.expect(pattern)

    def status(self) -> int:
        self.type("echo status=$?.")
        self.child.expect(r"status=(\d+)\.")
        return int(self.child.match.group(1))

    def canonical(self) -> bool:
        """Whether the terminal is as a shell leaves it to a command."""
        self.type("stty -a | tr ' ' '\\n' | grep -x -e icanon -e -icanon; stty -a | tr ' ' '\\n' | grep -x -e echo")
        self.child.expect(r"[\r\n](-?icanon)\r\n(-?echo)\r\n")
        return self.child.match.groups() == ("icanon", "echo")


@pytest.fixture
def shell(person: box.Account) -> Iterator[Shell]:
    made = Shell(person)
    yield made
    made.child.close(force=True)


LONG = f"sleep 60.{os.getpid()}"
"""Nobody else on the machine has this one; each test that looks for survivors starts without any."""


def survivors(mark: str) -> list[str]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    text = file.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if mark in text and "pytest" not in text:
                found.append(text)
    return found


def test_is_a_terminal_of_the_right_size_and_gives_the_status(shell: Shell) -> None:
    shell.type(shell.boxed("sh", "-c", "tty >/dev/null && stty size; exit 7"))
    shell.expect("33 101")
    assert shell.status() == 7
    assert shell.canonical()


def test_resizing_reaches_the_command(shell: Shell) -> None:
    shell.type(shell.boxed("bash", "-c", "trap 'stty size; exit' WINCH; echo up; while :; do sleep 0.1; done"))
    shell.expect(r"[\r\n]up")
    shell.child.setwinsize(44, 55)
    shell.expect("44 55")


def test_ctrl_c_ends_a_command_that_does_not_handle_it(shell: Shell) -> None:
    shell.type(shell.boxed("sh", "-c", f"echo up; exec {LONG}"))
    shell.expect(r"[\r\n]up")
    shell.child.sendintr()
    shell.expect("ready> ")
    assert shell.status() == 130
    assert shell.canonical()
    assert not survivors(LONG)


def test_ctrl_c_reaches_a_command_that_does(shell: Shell) -> None:
    shell.type(shell.boxed("bash", "-c", "trap 'echo caught; exit 5' INT; echo up; while :; do sleep 0.1; done"))
    shell.expect(r"[\r\n]up")
    shell.child.sendintr()
    shell.expect("caught")
    assert shell.status() == 5


def test_ctrl_z_and_fg(shell: Shell) -> None:
    shell.type(shell.boxed("bash", "-c", "echo up; read line; echo got $line; exit 9"))
    shell.expect(r"[\r\n]up")
    time.sleep(0.2)
    shell.child.send("\x1a")
    shell.expect("Stopped")
    assert shell.canonical()
    shell.type("fg")
    time.sleep(0.5)
    shell.type("hello")
    shell.expect("got hello")
    assert shell.status() == 9


def test_stopping_itself_is_noticed(shell: Shell) -> None:
    shell.type(shell.boxed("bash", "-c", "echo up; kill -STOP $$; echo on; exit 4"))
    shell.expect("Stopped")
    shell.type("fg")
    shell.expect(r"[\r\n]on")
    assert shell.status() == 4


def test_ctrl_z_and_bg(shell: Shell) -> None:
    shell.type(shell.boxed("sh", "-c", "echo up; sleep 1; exit 6"))
    shell.expect(r"[\r\n]up")
    shell.child.send("\x1a")
    shell.expect("Stopped")
    shell.type("bg; wait %1")
    shell.expect("ready> ")
    assert shell.status() == 6


def test_started_in_the_background_it_does_not_stop(shell: Shell) -> None:
    shell.type(shell.boxed("sh", "-c", "sleep 0.5; exit 3") + " & wait $!")
    shell.expect("ready> ")
    assert shell.status() == 3
    assert shell.canonical()


def test_a_background_run_that_is_killed_takes_all_along(shell: Shell) -> None:
    shell.type(shell.boxed("sh", "-c", f"echo up; setsid {LONG} & exec {LONG}") + " &")
    shell.expect(r"(ready> |[\r\n])up")
    shell.type("kill %1; wait %1")
    shell.expect("ready> ")
    assert shell.status() == 143
    assert not survivors(LONG)


def test_killing_the_guard_itself_leaves_nothing(shell: Shell) -> None:
    shell.type(shell.boxed("sh", "-c", f"echo up; setsid {LONG} & exec {LONG}") + " &")
    shell.expect(r"(ready> |[\r\n])up")
    shell.type("kill -KILL %1; wait %1")
    shell.expect("ready> ")
    deadline = time.monotonic() + 5
    while survivors(LONG) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not survivors(LONG)


def test_an_interactive_shell_inside_has_job_control(shell: Shell) -> None:
    shell.type(shell.boxed("bash", "--norc", "--noprofile", "-i"))
    shell.expect(r"[#$] ")
    shell.type("sleep 64.4")
    time.sleep(0.5)
    shell.child.send("\x1a")
    shell.expect("Stopped")
    shell.type("fg")
    time.sleep(0.5)
    shell.child.sendintr()
    shell.type("echo inner=$?.")
    shell.expect(r"inner=130\.")
    shell.type("exit 8")
    shell.expect("ready> ")
    assert shell.status() == 8
    assert shell.canonical()


def test_end_of_input(shell: Shell) -> None:
    shell.type(shell.boxed("cat"))
    time.sleep(0.7)
    shell.type("one line")
    shell.expect("one line\r\none line\r\n")
    shell.child.sendeof()
    shell.expect("ready> ")
    assert shell.status() == 0


def test_pipes_pass_through(shell: Shell) -> None:
    shell.type("printf 'a\\nb\\n' | " + shell.boxed("tr", "ab", "xy") + " | tr -d '\\n'; echo .${PIPESTATUS[1]}")
    shell.expect(r"xy\.0")


def test_ctrl_c_with_pipes(shell: Shell) -> None:
    shell.type(shell.boxed("bash", "-c", "trap 'exit 5' INT; echo up; while :; do sleep 0.1; done") + " | cat")
    shell.expect(r"[\r\n]up")
    shell.child.sendintr()
    shell.expect("ready> ")
    shell.type("echo inner=${PIPESTATUS[0]}.")
    shell.expect(r"inner=(\d+)\.")


def test_nothing_can_be_typed_into_the_users_terminal(shell: Shell) -> None:
    """TIOCSTI through a stream that is the user's own terminal (standard error, others are pipes)."""
    attempt = (
        "import fcntl,sys,termios\n"
        "for c in b'echo injected\\n':\n"
        "    try: fcntl.ioctl(2, termios.TIOCSTI, bytes([c]))\n"
        "    except OSError as e: print('refused', e.errno); break\n"
        "else: print('through')\n"
    )
    shell.type(shell.boxed("/usr/bin/python3", "-c", attempt) + " </dev/null | cat")
    shell.expect("refused 1|through")
    assert "refused" in shell.child.after
    shell.expect("ready> ")
    assert shell.status() == 0
    assert "injected" not in (shell.child.before or "")


def test_the_guard_cannot_be_stopped_by_its_command(shell: Shell) -> None:
    """A stream that is the terminal puts both in one process group: a stop meant for it must not reach the guard,
    or no time-out would hold."""
    attempt = "import os, signal; os.kill(0, signal.SIGSTOP)"
    shell.type(shell.boxed("/usr/bin/python3", "-c", attempt, limit=1) + " | cat; echo inner=${PIPESTATUS[0]}.")
    shell.expect(r"inner=(\d+)\.|Stopped")
    assert shell.child.after == "inner=124."
