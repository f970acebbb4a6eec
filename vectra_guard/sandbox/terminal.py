"""A pseudo-terminal of the sandbox's own, and the relay between it and the user's terminal.

The command cannot reach the user's terminal: what it could type into, lock or misconfigure is thrown away with it.
Job control works as without the guard: Ctrl-C and Ctrl-Z act inside, a stopped command stops this process's group
too, so that the shell takes over, and ``fg`` and ``bg`` continue both. The user's terminal is put back on every
way out but SIGKILL.

Three processes: this one relays; a *leader* forked from it owns the session of the pseudo-terminal (a group whose
parents all are in other sessions cannot be stopped by Ctrl-Z) and waits for the third, bwrap.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import termios
import time
import tty
from types import FrameType
from typing import Any, NoReturn

from vectra_guard.errors import SandboxError
from vectra_guard.sandbox import spawn
from vectra_guard.sandbox.supervise import FORWARDED, Supervisor, send

_IN, _OUT = select.POLLIN, select.POLLOUT
_LOOK = 0.2  # seconds between looks at whether the command is stopped or we came to the foreground
_SOON = 0.01  # after a Ctrl-Z was passed in
_CHUNK = 65536
_MOST_INPUT = 4096  # typed ahead and not yet read by the command; more waits in the user's terminal
_HANDLED = (signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP, signal.SIGCHLD, *FORWARDED)


class Terminal:
    """Started by ``with``; ``outer`` is bwrap's process id. ``relay`` returns bwrap's wait status."""

    def __init__(self, start: spawn.Start) -> None:
        self._start = start
        self.outer = 0
        self._saved: list[Any] | None = None  # the user's settings while the terminal is raw
        self._old: dict[int, Any] = {}
        self._to_command = b""
        self._to_user = b""
        self._status: int | None = None
        self._events_text = b""

    def __enter__(self) -> Terminal:
        self._settings = termios.tcgetattr(0)
        self._master, slave = os.openpty()
        termios.tcsetattr(slave, termios.TCSANOW, self._settings)
        _copy_size(0, slave)
        self._wake, wake = os.pipe()
        control, self._control = os.pipe()
        self._events, events = os.pipe()
        self._user = _reopened(1)
        self._leader = os.fork()
        if self._leader == 0:
            _lead(slave, control, events, self._start)
        for fd in (slave, control, events):
            os.close(fd)
        for fd in (self._master, self._user, self._wake, wake):
            os.set_blocking(fd, False)
        self._wake_write = wake
        self._read_pid()
        for number in _HANDLED:
            self._old[number] = signal.signal(number, _note)
        self._old_wake = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        signal.set_wakeup_fd(self._old_wake)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        for fd in (self._control, self._master, self._events, self._wake, self._wake_write, self._user):
            with contextlib.suppress(OSError):
                os.close(fd)
        os.waitpid(self._leader, 0)  # the closed control pipe ends it, and bwrap with it

    def _read_pid(self) -> None:
        text = b""
        while not text.endswith(b"\n"):
            part = os.read(self._events, 1)
            if not part:
                raise SandboxError("the sandbox's terminal could not be set up; nothing was run")
            text += part
        self.outer = int(text)
        os.set_blocking(self._events, False)

    # --- the loop ----------------------------------------------------------------------------------------------

    def relay(self, supervisor: Supervisor) -> int:
        self._enter_foreground()
        pause = _LOOK
        while self._status is None:
            supervisor.tick()
            ready = self._poll(min(pause, supervisor.pause()))
            pause = self._pass_on(ready, supervisor)
            self._read_events()
            if self._status is None and supervisor.stopped():
                self._on_stop(supervisor)
        supervisor.close()  # only then nobody inside holds the terminal open
        self._drain()
        self._restore()
        return self._status

    def _poll(self, seconds: float) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._wake, _IN)
        poll.register(self._events, _IN)
        room = len(self._to_user) < _CHUNK
        poll.register(self._master, (_IN if room else 0) | (_OUT if self._to_command else 0))
        if self._saved is not None and len(self._to_command) < _MOST_INPUT:
            poll.register(0, _IN)
        if self._to_user:
            poll.register(self._user, _OUT)
        return dict(poll.poll(seconds * 1000))

    def _pass_on(self, ready: dict[int, int], supervisor: Supervisor) -> float:
        """Move bytes both ways and act on signals. Returns how long the next wait may be."""
        pause = _LOOK
        if self._wake in ready:
            self._on_signals(supervisor)
        if 0 in ready:
            typed = _read(0)
            if typed is None:
                supervisor.forward(signal.SIGHUP)  # the terminal is gone
                self._saved = None
            else:
                self._to_command += typed
                suspend = self._settings[6][termios.VSUSP]
                if suspend in typed:
                    pause = _SOON
        if ready.get(self._master, 0) & ~_OUT:
            self._to_user += self._shown(_read(self._master) or b"")
        if self._to_command:
            self._to_command = _write(self._master, self._to_command)
        if self._to_user:
            self._to_user = _write(self._user, self._to_user)
        if self._saved is None and _in_foreground():
            self._enter_foreground()
        return pause

    def _shown(self, data: bytes) -> bytes:
        """In the background the user's terminal still adds the carriage returns that ours has added already."""
        return data if self._saved is not None else data.replace(b"\r\n", b"\n")

    def _on_signals(self, supervisor: Supervisor) -> None:
        for number in _read(self._wake) or b"":
            if number == signal.SIGWINCH:
                _copy_size(0, self._master)
            elif number == signal.SIGTSTP:
                send(supervisor.command(), signal.SIGSTOP)  # seen by the next look, as if it had stopped itself
            elif number in FORWARDED:
                supervisor.forward(number)

    def _read_events(self) -> None:
        text = _read(self._events)
        if text is None:  # the leader is gone: so is bwrap
            self._status = self._status if self._status is not None else signal.SIGKILL
            return
        self._events_text += text
        if b"\n" in self._events_text:
            self._status = int(self._events_text)

    def _drain(self) -> None:
        """What the command wrote last is still to be shown."""
        poll = select.poll()
        poll.register(self._master, _IN)
        while poll.poll(100):
            part = _read(self._master)
            if not part:
                break
            self._to_user += self._shown(part)
        waiting = select.poll()
        waiting.register(self._user, _OUT)
        while self._to_user and waiting.poll(2000):
            self._to_user = _write(self._user, self._to_user)

    # --- stopping and going on ---------------------------------------------------------------------------------

    def _on_stop(self, supervisor: Supervisor) -> None:
        if self._foreground_group() not in (0, _group(self.outer), _group(supervisor.command())):
            # a shell inside took the terminal and ended without giving it back: not a stop the user asked for
            self._continue(supervisor)
            return
        self._drain_now()
        self._restore()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        # here the shell has the terminal, until it continues us
        signal.signal(signal.SIGTSTP, handler)
        self._enter_foreground()
        self._continue(supervisor)

    def _foreground_group(self) -> int:
        try:
            return os.tcgetpgrp(self._master)
        except OSError:
            return 0

    def _drain_now(self) -> None:
        part = _read(self._master)
        self._to_user += self._shown(part or b"")
        self._to_user = _write(self._user, self._to_user)

    def _continue(self, supervisor: Supervisor) -> None:
        os.write(self._control, b"c")  # only the leader may give the group the terminal back
        with contextlib.suppress(OSError):
            group = os.getpgid(supervisor.command())
            if group != os.getpgid(self.outer):
                os.killpg(group, signal.SIGCONT)
        for _ in range(100):  # or it would be taken for stopped again
            if not supervisor.stopped():
                break
            time.sleep(_SOON)

    def _enter_foreground(self) -> None:
        """Raw mode, if the terminal is ours now; a background job must not touch it."""
        if self._saved is not None or not _in_foreground():
            return
        try:
            self._saved = termios.tcgetattr(0)
            tty.setraw(0, termios.TCSANOW)
        except termios.error:
            self._saved = None
            return
        _copy_size(0, self._master)

    def _restore(self) -> None:
        if self._saved is not None:
            saved, self._saved = self._saved, None
            if _in_foreground():
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(0, termios.TCSANOW, saved)


def _lead(slave: int, control: int, events: int, start: spawn.Start) -> NoReturn:
    """The leader: never returns, never touches the user's terminal again."""
    try:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        child = os.fork()
        if child == 0:
            _take_terminal(0)
            spawn.execute(start)
        with contextlib.suppress(OSError):
            os.setpgid(child, child)
        for number in (*FORWARDED, signal.SIGTTOU, signal.SIGTSTP):
            signal.signal(number, signal.SIG_IGN)
        spawn.close_others((control, events))
        os.write(events, b"%d\n" % child)
        _await(child, control, events)
    finally:
        os._exit(0)


def _take_terminal(group: int) -> None:
    """Put this process in a group of its own (0) and give that group the terminal."""
    os.setpgid(0, group)
    ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, ignored)


def _await(child: int, control: int, events: int) -> None:
    wake, wake_write = os.pipe()
    for fd in (wake, wake_write):
        os.set_blocking(fd, False)
    signal.signal(signal.SIGCHLD, _note)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(control, _IN)
    poll.register(wake, _IN)
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            os.write(events, b"%d\n" % status)
            return
        ready = dict(poll.poll())
        if wake in ready:
            _read(wake)
        if control in ready:
            if not os.read(control, 64):
                send(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return
            with contextlib.suppress(OSError):
                group = os.getpgid(child)
                os.tcsetpgrp(0, group)
                os.killpg(group, signal.SIGCONT)


def _note(_number: int, _frame: FrameType | None) -> None:
    """The signal's number is in the wake-up pipe; there is nothing more to do here."""


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _copy_size(source: int, target: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.ioctl(target, termios.TIOCSWINSZ, fcntl.ioctl(source, termios.TIOCGWINSZ, b"\0" * 8))


def _reopened(fd: int) -> int:
    """The terminal once more, so that it can be non-blocking without changing the shell's own descriptor."""
    try:
        return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return os.dup(fd)


def _read(fd: int) -> bytes | None:
    """What is there; b"" when nothing is, None at the end."""
    try:
        return os.read(fd, _CHUNK) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None


def _write(fd: int, data: bytes) -> bytes:
    """Write what fits; returns the rest."""
    try:
        return data[os.write(fd, data[:_CHUNK]) :]
    except BlockingIOError:
        return data
    except OSError:
        return b""
