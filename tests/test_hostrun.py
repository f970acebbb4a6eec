"""Running on the host must look to the shell exactly as if the command ran alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pexpect
import pytest

RUN = "import sys; from vectra_guard import hostrun; c, _ = hostrun.run(sys.argv[1:]); sys.exit(hostrun.leave(c))"


def run(*argv: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", RUN, *argv], capture_output=True, text=True, timeout=30, **more)


@pytest.mark.parametrize("status", [0, 1, 7, 126, 255])
def test_status(status: int) -> None:
    assert run("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
def test_ends_by_the_same_signal(number: int) -> None:
    assert run("sh", "-c", f"kill -{int(number)} $$").returncode == -number


def test_not_found_and_not_executable(tmp_path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x")
    missing = run("no-such-command-here")
    assert missing.returncode == 127
    assert "no-such-command-here" in missing.stderr
    assert run(str(plain)).returncode == 126


def test_pipes_and_sigpipe() -> None:
    assert run("cat", input="x" * 200_000).stdout == "x" * 200_000
    command = [sys.executable, "-c", RUN, "yes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.read(10)
        child.stdout.close()
        assert child.wait(timeout=20) == -signal.SIGPIPE


def test_termination_is_handed_on(tmp_path) -> None:
    marker = tmp_path / "got"
    script = f"trap 'touch {marker}; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen([sys.executable, "-c", RUN, "sh", "-c", script], stdout=subprocess.PIPE, text=True) as child:
        child.stdout.readline()
        child.terminate()
        assert child.wait(timeout=20) == 5
    assert marker.exists()


@pytest.mark.pty
def test_interrupt_and_stop_on_a_terminal(tmp_path) -> None:
    env = {**os.environ, "PS1": "ready$ ", "HOME": str(tmp_path), "TERM": "xterm"}
    shell = pexpect.spawn("bash", ["--norc", "--noprofile", "-i"], env=env, encoding="utf-8", timeout=20)
    shell.expect_exact("ready$ ")
    script = tmp_path / "run.py"
    script.write_text(RUN)
    shell.sendline(f"{sys.executable} {script} sh -c 'echo started; exec sleep 100'; echo status=$?")
    shell.expect_exact("started\r\n")
    shell.send("\x1a")
    shell.expect("Stopped")
    shell.expect_exact("ready$ ")
    shell.sendline("fg")
    shell.expect("sleep 100")
    shell.send("\x03")
    shell.expect_exact("ready$ ")
    shell.sendline("echo status=$?")
    shell.expect(r"status=130\r")
    shell.sendline(f"{sys.executable} {script} sh -c 'kill -STOP $$; exit 9'")
    shell.expect("Stopped")
    shell.expect_exact("ready$ ")
    shell.sendline("fg")
    shell.expect_exact("ready$ ")
    shell.sendline("echo status=$?")
    shell.expect(r"status=9\r")
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
