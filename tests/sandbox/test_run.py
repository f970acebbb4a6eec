"""What comes out of a run: statuses, streams, time-out, limits, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.sandbox.box import Account
from tests.sandbox.test_terminal import LONG, survivors

pytestmark = pytest.mark.sandbox


@pytest.mark.parametrize("status", [0, 1, 7, 125, 255])
def test_exit_status_is_the_commands_own(person: Account, status: int) -> None:
    result = person.run(["sh", "-c", f"exit {status}"])
    assert (result.status, result.outcome["status"]) == (status, status)
    assert result.outcome["ended"] == ""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_signal_gives_128_and_its_number(person: Account, number: signal.Signals) -> None:
    assert person.run(["sh", "-c", f"kill -{number.value} $$"]).status == 128 + number


def test_command_not_found(person: Account) -> None:
    result = person.run(["no-such-program-here"])
    assert result.status == 127
    assert "no-such-program-here" in result.err


def test_streams_pass_unchanged(person: Account) -> None:
    data = bytes(range(256)) * 4000
    command, _ = person.driver(["sh", "-c", "cat; echo problem >&2"])
    done = subprocess.run(
        [*person.prefix(), *command], cwd=person.project, env=person.environment(), input=data, capture_output=True
    )
    assert done.stdout == data
    assert done.stderr == b"problem\n"


def test_arguments_pass_unchanged(person: Account) -> None:
    odd = ["", " ", "a\nb", "ünï", "'\"", "$HOME", "--", "-x", "a=b"]
    result = person.run(["printf", "[%s]", *odd])
    assert result.out == "".join(f"[{item}]" for item in odd)


def test_usual_signals_are_not_ignored_inside(person: Account) -> None:
    result = person.run(["grep", "SigIgn", "/proc/self/status"])
    assert int(result.out.split()[1], 16) == 0


def test_time_out_ends_the_whole_tree(person: Account) -> None:
    script = f'trap "" TERM; setsid {LONG} & (setsid setsid {LONG} &) ; {LONG}; {LONG}'
    began = time.monotonic()
    done = person.run(["sh", "-c", script], limit=1)
    assert done.status == 124
    assert done.outcome["timed_out"]
    assert time.monotonic() - began < 10
    assert not survivors(LONG)


def test_time_out_lets_a_command_clean_up(person: Account) -> None:
    script = 'trap "echo cleaned; exit 0" TERM; while :; do sleep 0.1; done'
    done = person.run(["bash", "-c", script], limit=1)
    assert done.status == 124
    assert "cleaned" in done.out


def test_a_daemon_does_not_outlive_its_command(person: Account) -> None:
    person.run(["sh", "-c", f"setsid {LONG} >/dev/null 2>&1 & exit 0"])
    assert not survivors(LONG)


def test_memory_of_the_whole_tree_is_limited(person: Account) -> None:
    script = "import os,time\nfor _ in range(3): os.fork()\ndata = bytearray(b'x' * (60 << 20))\ntime.sleep(20)\n"
    began = time.monotonic()
    result = person.run(["/usr/bin/python3", "-c", script], memory="200m")
    assert result.status == 137
    assert result.outcome["ended"] == "more than 200m of memory"
    assert time.monotonic() - began < 10


def test_memory_within_the_limit_is_left_alone(person: Account) -> None:
    script = "import os,time\nos.fork()\ndata = bytearray(b'x' * (30 << 20))\ntime.sleep(0.5)\n"
    assert person.run(["/usr/bin/python3", "-c", script], memory="200m").status == 0


def test_memory_of_one_process_cannot_burst(person: Account) -> None:
    result = person.run(["/usr/bin/python3", "-c", "x = bytearray(900 << 20)"], memory="200m")
    assert result.status != 0


def test_processes_are_limited(person: Account) -> None:
    script = (
        "import os,time\n"
        "for n in range(400):\n"
        "    try:\n"
        "        if os.fork() == 0: time.sleep(20); os._exit(0)\n"
        "    except OSError: print('refused at', n); break\n"
        "else: time.sleep(20)\n"
    )
    result = person.run(["/usr/bin/python3", "-c", script], pids=40)
    if person.uid == 0:  # the kernel does not count root's: the watchdog ends it
        assert result.outcome["ended"] == "more than 40 processes"
    else:
        assert 30 <= int(result.out.split()[-1]) <= 40


def test_term_is_passed_on(person: Account) -> None:
    command, _ = person.driver(["bash", "-c", "trap 'echo asked; exit 9' TERM; echo up; while :; do sleep 0.1; done"])
    process = person.popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == b"asked\n"
    assert process.wait(10) == 9


def test_killing_the_guard_kills_the_run(person: Account) -> None:
    command, _ = person.driver(["sh", "-c", f"setsid {LONG} & echo up; {LONG}"])
    process = person.popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while survivors(LONG) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not survivors(LONG)


def test_many_at_once(me: Account) -> None:
    running = []
    for _ in range(30):
        command, _ = me.driver(["true"])
        running.append(me.popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    assert [item.wait(60) for item in running] == [0] * 30


def test_home_is_no_project(me: Account) -> None:
    result = me.run(["true"], cwd=me.home)
    assert "home folder" in result.outcome["error"]


def test_temporary_files_vanish(person: Account) -> None:
    name = f"vg-test-{os.getpid()}-{person.uid}"
    assert person.run(["sh", "-c", f"echo x > /tmp/{name} && echo x > ~/{name} && cat /tmp/{name}"]).out == "x\n"
    assert not os.path.exists(f"/tmp/{name}")
    assert not (person.home / name).exists()


def test_review_leaves_the_project_alone(person: Account) -> None:
    (person.project / "keep").write_text("x")
    result = person.run(["sh", "-c", "rm -rf keep && ls keep"], workspace_mode="review")
    assert result.status != 0
    assert (person.project / "keep").exists()
    assert result.outcome["review"]
