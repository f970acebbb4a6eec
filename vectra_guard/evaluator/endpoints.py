"""The evaluator's files in its private folder: lock, socket, FIFOs. Every one 0600, the folder 0700 and checked.

Per user ``lock``, ``sock`` (``vg`` and zsh), ``ctl`` (registration), ``nil`` (bash naps on it) and ``server``, which
holds ``PID CTL-DESCRIPTOR VERSION``. Per shell ``PID.q`` and ``PID.r`` (question and answer) and ``PID.fds`` with
``EVALUATOR-PID Q R``: fish opens ``/proc/EVALUATOR-PID/fd/Q``, a path that vanishes with the evaluator, so that an
open can never block on a dead one. What cannot be created raises GuardError or OSError: no evaluator, so closed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import stat
import struct
from dataclasses import dataclass

from vectra_guard import paths

PIPE_SIZE = 1 << 20  # a long paste then never waits for its reader half way
REPLY_TIMEOUT = 1.0  # seconds
_SHELL_FILE = re.compile(r"(\d+)\.(q|r|fds|rec)\Z")


class AlreadyRunning(Exception):
    """Another evaluator of this user holds the lock."""


@dataclass(slots=True)
class Pair:
    """The two FIFOs of one shell, opened for reading and writing so that no open of theirs ever waits."""

    question: int
    answer: int

    def close(self) -> None:
        os.close(self.question)
        os.close(self.answer)


class Endpoints:
    """Owns the folder while it lives. ``ctl`` and ``listener`` are ready to be polled."""

    def __init__(self, folder: str) -> None:
        self.folder = paths.private_dir(folder)
        self._lock = self._take_lock()
        self.ctl = self._fifo("ctl")
        os.close(self._fifo("nil"))
        self.listener = self._listen()

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def announce(self, version: str) -> None:
        """From here on hooks find us. Last, so that nobody is found half ready."""
        self._remove("error")
        self._write("server", f"{os.getpid()} {self.ctl} {version}\n")

    def leave_word(self, text: str) -> None:
        """Why this evaluator could not go on."""
        self._write("error", f"{text}\n")

    def known_shells(self) -> list[int]:
        """Shells that registered with an evaluator before us (which was killed, or upgraded)."""
        found = (_SHELL_FILE.match(name) for name in os.listdir(self.folder))
        return sorted({int(m.group(1)) for m in found if m})

    def open_pair(self, pid: int) -> Pair:
        """The FIFOs of a shell, emptied. The answer's comes first: once ``PID.q`` is there, all is."""
        answer = self._fifo(f"{pid}.r")
        question = self._fifo(f"{pid}.q")
        for fd in (answer, question):
            with contextlib.suppress(BlockingIOError):
                while os.read(fd, 65536):
                    pass
            with contextlib.suppress(OSError):
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        self._write(f"{pid}.fds", f"{os.getpid()} {question} {answer}\n")
        return Pair(question, answer)

    def forget(self, pid: int) -> None:
        for suffix in ("q", "r", "fds", "rec"):
            self._remove(f"{pid}.{suffix}")

    def close(self, *, keep_shells: bool) -> None:
        """Take down our own endpoints, and with ``keep_shells`` leave the shells' for a successor to adopt."""
        self._remove("server")
        self._remove("sock")
        self.listener.close()
        if not keep_shells:
            for pid in self.known_shells():
                self.forget(pid)
            for name in ("ctl", "nil", "error", "lock"):
                self._remove(name)
            with contextlib.suppress(OSError):
                os.rmdir(self.folder)
        os.close(self._lock)

    def _take_lock(self) -> int:
        while True:
            fd = os.open(self.path("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(fd), os.stat(self.path("lock"))):
                    return fd
            except FileNotFoundError:
                pass  # the last evaluator removed it between our open and our lock: take the next one
            except OSError as err:
                os.close(fd)
                raise AlreadyRunning from err
            os.close(fd)

    def _listen(self) -> socket.socket:
        self._remove("sock")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.path("sock"))
        os.chmod(self.path("sock"), 0o600)
        listener.listen(64)
        listener.setblocking(False)
        return listener

    def _fifo(self, name: str) -> int:
        path = self.path(name)
        for _ in range(2):
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path, 0o600)
            fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                return fd
            os.close(fd)
            self._remove(name)
        raise OSError(f"{path}: something else is in the way of the guard's pipe")

    def _write(self, name: str, text: str) -> None:
        temporary = self.path(f".{name}.new")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(text)
        os.replace(temporary, self.path(name))

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self.path(name))


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end of a unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _gid = struct.unpack("3i", raw)
    return pid, uid


def descends(pid: int, ancestor: int) -> bool:
    """Whether ``pid`` is ``ancestor`` or runs below it."""
    for _ in range(64):
        if pid == ancestor:
            return True
        pid = parent_of(pid)
        if pid <= 1:
            return False
    return False


def parent_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read(512).rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def reply(connection: socket.socket, text: str) -> None:
    """A text and a NUL. A client that does not read loses its answer, not our time."""
    with contextlib.suppress(OSError):
        connection.settimeout(REPLY_TIMEOUT)
        connection.sendall(text.encode() + b"\0")
