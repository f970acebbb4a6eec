"""Evaluators that are there and do not answer: a worker that was stopped goes on, a parent that hangs is ended.

Only processes of this user that bear the evaluator's name are touched. What cannot be told counts as alive: the worst
is that lines stay refused, and the hooks say so.
"""

from __future__ import annotations

import contextlib
import os
import signal

from vectra_guard.errors import EvaluatorUnavailable
from vectra_guard.evaluator import client, process

PATIENCE = 3.0  # seconds in which the parent, which never judges, must have said something


def continue_stopped() -> None:
    """Children that somebody stopped (Ctrl-Z in a debugger, ``kill -STOP``) go on; their own watchdogs decide then."""
    with contextlib.suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WSTOPPED | os.WNOHANG):
            os.kill(found.si_pid, signal.SIGCONT)


def end_hung(folder: str) -> bool:
    """Whether the evaluator of this folder did not answer, and was ended with its workers."""
    try:
        with open(f"{folder}/server", encoding="ascii") as file:
            pid = int(file.read(64).split()[0])
    except (OSError, ValueError, IndexError):
        return False  # it has not told yet where it is: it is only starting
    try:
        client.call("status", timeout=PATIENCE)
        return False
    except EvaluatorUnavailable:
        pass
    if not process.is_ours(pid):
        return False
    with contextlib.suppress(OSError):
        watched = os.pidfd_open(pid)
        os.killpg(pid, signal.SIGKILL)  # it leads a session of its own, in which its workers are
        process.wait_for(watched, PATIENCE)
        os.close(watched)
        return True
    return False
