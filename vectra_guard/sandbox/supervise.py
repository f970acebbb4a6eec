"""Keep a started sandbox within its time and limits, pass signals to it, and see that nothing of it survives.

``Supervisor`` is what the two ways of running share; ``wait`` is the way without a terminal of its own: the
command uses the caller's streams, and this loop only waits for signals.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

from vectra_guard.model import Limits
from vectra_guard.sandbox.limits import Watchdog, walk

GRACE = 2.0  # seconds between the request to end (TERM) and the end (KILL)
FORWARDED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_SI_KERNEL = 0x80
_IDLE = 3600.0


class Supervisor:
    """``outer``: bwrap outside. ``first``: the sandbox's first process; everything inside is below it."""

    def __init__(self, outer: int, first: int, limits: Limits) -> None:
        self.outer = outer
        self.first = first
        self.ended = ""  # why the guard ended it
        self.timed_out = False
        self._limits = limits
        self._watchdog = Watchdog(first, limits, root=os.getuid() == 0)
        now = time.monotonic()
        self._deadline = now + limits.timeout if limits.timeout else None
        self._kill_at: float | None = None
        self._look_at = now
        self._command = 0
        self._pidfd = os.pidfd_open(first)

    def pause(self) -> float:
        """Seconds until ``tick`` has something to do."""
        times = [item for item in (self._deadline, self._kill_at) if item is not None]
        if self._watchdog.needed:
            times.append(self._look_at)
        return max(0.0, min(times) - time.monotonic()) if times else _IDLE

    def tick(self) -> None:
        now = time.monotonic()
        if self._kill_at is not None and now >= self._kill_at:
            self.kill()
            self._kill_at = None
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self.timed_out = True
            self.ended = f"time-out after {self._limits.timeout:g} s"
            self.terminate()
        if self._watchdog.needed and now >= self._look_at:
            passed = self._watchdog.look()
            self._look_at = time.monotonic() + self._watchdog.interval
            if passed and not self.ended:
                self.ended = passed
                self.kill()

    def terminate(self) -> None:
        """Ask everything inside to end, and end it after the grace."""
        for pid in walk(self.first)[0][1:]:
            send(pid, signal.SIGTERM)
            send(pid, signal.SIGCONT)
        self._kill_at = time.monotonic() + GRACE

    def kill(self) -> None:
        """End everything inside."""
        self._end()
        send(self.outer, signal.SIGCONT)  # stopped by what was inside, it would never tell the end

    def _end(self) -> None:
        """The first process takes the whole namespace with it."""
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def command(self) -> int:
        """The command's own process, seen from outside; 0 when it is not there (yet)."""
        if not self._command:
            children = f"/proc/{self.first}/task/{self.first}/children"
            with contextlib.suppress(OSError, IndexError, ValueError), open(children, "rb") as file:
                self._command = int(file.read().split()[0])
        return self._command

    def forward(self, number: int) -> None:
        pid = self.command()
        if pid:
            send(pid, number)
        elif number != signal.SIGWINCH:
            self.kill()

    def stopped(self) -> bool:
        """Whether the command is stopped (Ctrl-Z)."""
        with contextlib.suppress(OSError), open(f"/proc/{self.command()}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] == b"T"
        return False

    def close(self) -> None:
        """Return only when nothing inside is left."""
        if self._pidfd < 0:
            return
        self._end()
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        poll.poll(5000)
        os.close(self._pidfd)
        self._pidfd = -1


def send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def wait(outer: int, supervisor: Supervisor, *, own_session: bool) -> int:
    """Wait for bwrap (a child of this process) to end; its wait status. The signals are blocked by the caller.

    ``own_session``: the command is not in our process group, so what the terminal sends us never reached it.
    """
    watched = watched_signals(own_session)
    while True:
        pid, status = os.waitpid(outer, os.WNOHANG)
        if pid:
            return status
        info = signal.sigtimedwait(watched, supervisor.pause())
        supervisor.tick()
        if info is None or info.si_signo == signal.SIGCHLD:
            continue
        if info.si_signo == signal.SIGTSTP:
            _stop_with(supervisor)
        elif own_session or info.si_code != _SI_KERNEL:
            supervisor.forward(info.si_signo)


def watched_signals(own_session: bool) -> set[int]:
    """SIGTSTP only where the terminal's own does not reach the command."""
    return {signal.SIGCHLD, *FORWARDED} | ({signal.SIGTSTP} if own_session else set())


def _stop_with(supervisor: Supervisor) -> None:
    """Ctrl-Z where the command has no terminal: stop its group, then ourselves, and go on together."""
    with contextlib.suppress(OSError):
        group = os.getpgid(supervisor.command())
        os.killpg(group, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.killpg(group, signal.SIGCONT)


def exit_status(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
