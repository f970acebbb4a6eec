"""Which project files the user has accepted, each pinned to its content.

The list is one line a pin, ``SHA-256 PATH``, in the user's configuration folder. A list that others can write counts
as empty. Raises ConfigError when a pin cannot be written.
"""

from __future__ import annotations

import os
import stat

from vectra_guard import paths
from vectra_guard.config import reading
from vectra_guard.errors import ConfigError, GuardError

FILE = "allowed-projects"


def file() -> str:
    return os.path.join(paths.config_dir(), FILE)


def is_allowed(path: str, digest: str) -> bool:
    """Whether the user accepted this file with the content that has this digest."""
    return bool(digest) and _pin(path, digest) in _pins()


def allow(path: str) -> None:
    """Accept a project file as it is now. ConfigError when it is wrong."""
    import hashlib  # only here

    try:
        with open(path, "rb") as source:
            data = source.read(reading.MAX_SIZE + 1)
    except OSError as err:
        raise ConfigError(f"cannot be read ({err.strerror})", path) from err
    reading.parse(reading.decode(data, path), path, project=True)
    pin = _pin(path, hashlib.sha256(data).hexdigest())
    _write([*(line for line in _pins() if line != pin), pin])


def forget(path: str) -> bool:
    """Accept no content of this file any more; returns whether any was."""
    real = os.path.realpath(path)
    kept = [line for line in _pins() if line.partition(" ")[2] != real]
    changed = len(kept) != len(_pins())
    if changed:
        _write(kept)
    return changed


def _pins() -> list[str]:
    try:
        fd = os.open(file(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    with os.fdopen(fd, encoding="utf-8", errors="surrogateescape") as source:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o022:
            return []
        return source.read().split("\n")[:-1]


def _write(pins: list[str]) -> None:
    target = file()
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        temporary = f"{target}.{os.getpid()}"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as sink:
            sink.writelines(f"{pin}\n" for pin in pins)
        os.replace(temporary, target)
    except (OSError, GuardError) as err:
        raise ConfigError(f"cannot be written ({err})", target) from err


def _pin(path: str, digest: str) -> str:
    real = os.path.realpath(path)
    if "\n" in real:
        raise ConfigError("a file with a line break in its name cannot be accepted", repr(real))
    return f"{digest} {real}"
