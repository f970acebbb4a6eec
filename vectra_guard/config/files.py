"""Configuration files, read once: what is right in them is kept, so that ``vg exec`` needs no YAML parser and a file
that became wrong leaves its last good values in force.

The kept form lies in the user's state folder (sandboxes cannot reach it), is used only when it is the user's alone,
and only while the file's identity (times, size, inode) is the one that was read. Nothing here raises: a file that
cannot be used says so in ``Source.problem`` and counts as empty, or as it last was.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from binascii import crc32
from dataclasses import dataclass, field
from typing import Any, get_origin

from vectra_guard import paths
from vectra_guard.config import reading
from vectra_guard.config.reading import KEYS, Value
from vectra_guard.config.schema import CustomRule
from vectra_guard.errors import ConfigError, GuardError

FOLDER = "config"
RACY = 1.0
"""Seconds. A file changed so recently may change again within the same tick of the file system's clock, unseen."""
SCHEMA = crc32(repr([(name, key.type, sorted(key.metadata.items())) for name, key in KEYS.items()]).encode())
"""Changes with the schema: values that were checked against another one are checked again."""

Identity = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it counts."""

    path: str
    values: dict[str, Value] = field(default_factory=dict)
    digest: str = ""  # SHA-256 of the content that ``values`` were read from
    problem: str = ""  # why its present content does not count


def source(path: str, *, owned: bool) -> Source | None:
    """A file's values, or None where there is no such file. ``owned``: it must be root's or the user's, and not
    writable by everybody."""
    try:
        info = os.stat(path)
    except OSError as err:
        return None if isinstance(err, FileNotFoundError | NotADirectoryError) else _unreadable(path, err)
    if not stat.S_ISREG(info.st_mode):
        return None
    if owned and (info.st_uid not in (0, os.getuid()) or info.st_mode & stat.S_IWOTH):
        return Source(path, problem=f"{path}: others can write it, so it is not used; run: chmod go-w {path}")
    kept = _kept(path)
    if kept and kept["identity"] == list(_identity(info)):
        return _from_kept(path, kept)
    return _fresh(path, kept)


def _fresh(path: str, kept: dict[str, Any] | None) -> Source:
    """Read and check the file; on a mistake its last good values stay."""
    import hashlib  # only when a file has changed

    try:
        data, identity = _content(path)
        values = reading.parse(reading.decode(data, path), path)
    except OSError as err:
        return _unreadable(path, err)
    except ConfigError as err:
        if kept is None:
            return Source(path, problem=f"{err} (nothing of this file is in force)")
        last = _from_kept(path, kept)
        return Source(path, last.values, last.digest, f"{err} (what it said before stays in force)")
    fresh = Source(path, values, hashlib.sha256(data).hexdigest())
    settled = time.time() - max(identity[0], identity[1]) / 1e9 > RACY
    _keep(fresh, identity if settled else None)
    return fresh


def _content(path: str) -> tuple[bytes, Identity]:
    """The content, and the identity it had all the while. O_NONBLOCK: a pipe put in its place must not block."""
    for _ in range(3):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                raise ConfigError("not a file", path)
            data = file.read(reading.MAX_SIZE + 1)
            if _identity(before) == _identity(os.fstat(fd)):
                return data, _identity(before)
    raise ConfigError("changes while it is read", path)


def _identity(info: os.stat_result) -> Identity:
    return (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)


def _unreadable(path: str, err: OSError) -> Source:
    return Source(path, problem=f"{path}: cannot be read ({err.strerror}); nothing of it is in force")


# --- the kept form ---------------------------------------------------------------------------------------------


def _keeper(path: str) -> str:
    name = crc32(path.encode("utf-8", "surrogateescape"))
    return os.path.join(paths.state_dir(), FOLDER, f"{name:08x}.json")


def _kept(path: str) -> dict[str, Any] | None:
    """What was last right in this file, if it was kept by us, for this path and schema."""
    try:
        fd = os.open(_keeper(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd, encoding="utf-8") as file:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
            return None
        import json  # only where there is something to read

        try:
            kept = json.load(file)
        except (OSError, ValueError):
            return None
    if not isinstance(kept, dict) or kept.get("path") != _name(path) or kept.get("schema") != SCHEMA:
        return None
    return kept


def _from_kept(path: str, kept: dict[str, Any]) -> Source:
    values = {name: Value(_restore(name, value), where) for name, value, where in kept["values"]}
    return Source(path, values, kept["digest"])


def _restore(name: str, value: Any) -> Any:
    if name == "policies.rules":
        return tuple(CustomRule(data, where) for data, where in value)
    if name == "lock" or (name in KEYS and get_origin(KEYS[name].type) is tuple):
        return tuple(value)
    return value


def _keep(fresh: Source, identity: Identity | None) -> None:
    """Keep the values; what JSON cannot hold exactly, or a folder that cannot be used, is not kept."""
    import json

    values = [
        [name, [[rule.data, rule.source] for rule in value] if name == "policies.rules" else value, where]
        for name, (value, where) in fresh.values.items()
    ]
    with contextlib.suppress(OSError, GuardError, TypeError, ValueError):
        kept = {
            "path": _name(fresh.path), "schema": SCHEMA, "identity": identity, "digest": fresh.digest, "values": values,
        }  # fmt: skip
        text = json.dumps(kept)
        if _from_kept(fresh.path, json.loads(text)).values != fresh.values:
            return
        paths.private_dir(paths.state_dir())
        target = _keeper(fresh.path)
        paths.private_dir(os.path.dirname(target))
        temporary = f"{target}.{os.getpid()}"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, target)


def _name(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
