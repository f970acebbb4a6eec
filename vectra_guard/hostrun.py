"""Run one command on the host as if the guard were not there, and learn how it ended.

The child stays in the guard's process group, so the terminal, Ctrl-C and Ctrl-Z reach it exactly as without us; we
only wait. A child that stops by itself stops us too, so that the shell takes the terminal back. Nothing is
captured or redirected. If the command cannot be started the status is 127 (not found) or 126, as in a shell.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType

KEPT = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
"""Left to the child. We stop only once it has stopped: a pager puts the terminal back first, and a shell that saw us
stop before that would save the wrong modes."""

FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
CHANGED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these at start-up; a child would inherit that."""


def run(argv: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[int, float]:
    """(wait status as a return code: negative for a signal, seconds). Standard streams are the caller's."""
    started = time.monotonic()
    old = {number: signal.signal(number, signal.SIG_IGN) for number in KEPT}
    child = os.fork()
    if child == 0:
        _become(argv, env, old)

    def forward(number: int, _: FrameType | None) -> None:
        os.kill(child, number)

    for number in FORWARDED:
        old[number] = signal.signal(number, forward)
    try:
        code = _wait(child)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
    return code, time.monotonic() - started


def _become(argv: Sequence[str], env: Mapping[str, str] | None, old: Mapping[signal.Signals, object]) -> None:
    status = 126
    try:
        for number in (*KEPT, *CHANGED_BY_PYTHON):
            # what the caller ignored (nohup, a background job of sh) stays ignored
            ignored = old.get(number) == signal.SIG_IGN
            signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
        os.execvpe(argv[0], list(argv), dict(os.environ if env is None else env))
    except FileNotFoundError:
        status = 127
        sys.stderr.write(f"vg: {argv[0]}: command not found\n")
    except OSError as err:
        sys.stderr.write(f"vg: {argv[0]}: {err.strerror}\n")
    except BaseException as err:
        sys.stderr.write(f"vg: {argv[0]}: {err}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int) -> int:
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.kill(child, signal.SIGCONT)


def leave(code: int) -> int:
    """End as the child ended: its status, or, for a signal, by that same signal, because shells look at which it
    was (an interrupted command ends a loop, exit status 130 does not). Returns the status where that failed."""
    if code >= 0:
        return code
    import resource  # only a child that died by a signal comes here

    sys.stdout.flush()
    sys.stderr.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code
