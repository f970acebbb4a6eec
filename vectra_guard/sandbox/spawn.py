"""Start bwrap: the pipes and in-memory files it takes, its clean environment, signals and descriptors.

Signals: bwrap's own outer process shares the process group of the command, and would die of a Ctrl-C that the
command means to handle. So it ignores them, and ``env --default-signal`` gives the command the usual ones back.
Where env cannot do that, the command is started without, and Ctrl-C ends it at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterable, Sequence
from typing import NamedTuple, NoReturn

from vectra_guard.errors import SandboxError
from vectra_guard.sandbox.confine import Steps
from vectra_guard.sandbox.runtimes.bubblewrap import Argument, Data

SHIELDED = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
)
LAUNCHER = "/usr/bin/env"


def launcher(argv: Sequence[str]) -> list[str]:
    """What goes before ``argv`` to restore its signals, those that the caller ignored (nohup) excepted."""
    names = [item.name[3:] for item in SHIELDED if signal.getsignal(item) is not signal.SIG_IGN]
    if not names:
        return []
    out = [LAUNCHER, f"--default-signal={','.join(names)}", "--"]
    if "=" in argv[0]:  # env would take it for an assignment
        out += ["/bin/sh", "-c", 'exec "$@"', "sh"]
    return out


class Pipes:
    """Every descriptor of one start. ``close`` is idempotent and closes what is left."""

    def __init__(self, options: Iterable[Argument]) -> None:
        self.passed: list[int] = []  # go to bwrap
        self.status, status = self._pipe()
        block, self.block = self._pipe()
        self.passed += [status, block]
        words: list[bytes] = []
        for item in options:
            if isinstance(item, Data):
                words.append(str(self._memory(item.content)).encode())
            else:
                words.append(os.fsencode(item))
        packed = self._memory(b"".join(word + b"\0" for word in words))
        self.first = ["--args", str(packed), "--json-status-fd", str(status), "--block-fd", str(block)]
        self._text = b""

    @staticmethod
    def _pipe() -> tuple[int, int]:
        return os.pipe()

    def _memory(self, content: bytes) -> int:
        fd = os.memfd_create("vg", 0)
        self.passed.append(fd)
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def close_passed(self) -> None:
        for fd in self.passed:
            with contextlib.suppress(OSError):
                os.close(fd)
        self.passed = []

    def first_pid(self) -> int:
        """Wait for bwrap to name the sandbox's first process; SandboxError when it ends before that."""
        while b"\n" not in self._text and b"}" not in self._text:
            part = os.read(self.status, 4096)
            if not part:
                raise SandboxError("bubblewrap could not build the sandbox; its message is above")
            self._text += part
        pid = json.loads(self._text[: self._text.index(b"}") + 1])["child-pid"]
        return int(pid)

    def release(self) -> None:
        os.write(self.block, b"1")

    def command_started(self) -> bool:
        """After bwrap's end: did it get as far as the command?"""
        with contextlib.suppress(OSError):
            while part := os.read(self.status, 4096):
                self._text += part
        return b'"exit-code"' in self._text

    def close(self) -> None:
        self.close_passed()
        for name in ("status", "block"):
            fd = getattr(self, name)
            if fd >= 0:
                setattr(self, name, -1)
                with contextlib.suppress(OSError):
                    os.close(fd)


class Start(NamedTuple):
    """Everything a forked child needs to become bwrap."""

    binary: str
    words: list[str]
    keep: list[int]  # descriptors
    shield: bool  # ignore what the terminal sends
    before: Steps


def execute(start: Start) -> NoReturn:
    """In the forked child: become bwrap, with nothing inherited but ``keep`` and the standard streams."""
    try:
        for item in SHIELDED:
            if signal.getsignal(item) is not signal.SIG_IGN:
                signal.signal(item, signal.SIG_IGN if start.shield else signal.SIG_DFL)
        # Python ignores these two; a command outside would not find them ignored
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        close_others(start.keep)
        for fd in start.keep:
            os.set_inheritable(fd, True)
        start.before.take()
        os.execve(start.binary, start.words, {})  # its environment is readable inside: empty
    except BaseException as err:
        os.write(2, f"vg: {start.binary}: {err}\n".encode("utf-8", "replace"))
    finally:
        os._exit(125)


def close_others(keep: Iterable[int]) -> None:
    low = 3
    for fd in sorted({*keep, 0x7FFFFFFF}):
        if fd > low:
            os.closerange(low, fd)
        low = max(low, fd + 1)
