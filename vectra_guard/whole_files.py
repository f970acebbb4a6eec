"""Small files of the user's that are read and written whole: start-up files, an agent's settings.

A file is replaced atomically or not at all. Raises GuardError with the file's name; nothing is half-written.
"""

from __future__ import annotations

import os
import stat

from vectra_guard.errors import GuardError


def read(path: str) -> bytes:
    """The bytes of ``path``; empty when there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as err:
        raise GuardError(f"{path}: {err.strerror}; nothing was changed") from err


def replace(path: str, content: bytes, mode: int | None = None) -> None:
    """Write a file whole or not at all. A link (dotfile managers use them) stays one: its target is replaced."""
    path = os.path.realpath(path)
    if mode is None:
        mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else 0o644
    temporary = f"{path}.vg-{os.getpid()}"
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        os.replace(temporary, path)
    except OSError as err:
        raise GuardError(f"{path}: {err.strerror}; nothing was changed") from err
