"""Was a run served by its caches? Measured, never assumed.

``fetched``: the run put a package into a cache that was not there before (an archive, or an entry where
packages are kept unpacked). Index pages and metadata are not packages.

A run is a **hit** when it succeeded, fetched nothing, and there is a trace that packages were asked for:
bytes came through the proxy, or something of the caches changed. What came through and is in no cache may
be no more than ``SLACK`` (handshakes, revalidated metadata): a client that downloads past its cache is no
hit. It is a **miss** when a package was fetched. With neither, nothing is known, and nothing is claimed.
"""

from __future__ import annotations

import os
import zlib
from fnmatch import fnmatch
from typing import NamedTuple

from vectra_guard.sandbox.caches.table import ROWS, Folder

SLACK = 512 * 1024
_HEAD = 8192
_MAGIC = (b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")


class Seen(NamedTuple):
    """What a run left in one folder."""

    fetched: int = 0
    files: int = 0
    size: int = 0


def folder_of(key: str) -> Folder | None:
    name, _, part = key.partition(".")
    row = ROWS.get(name)
    return next((folder for folder in row.folders if folder.part == part), None) if row else None


def is_package(head: bytes) -> bool:
    """Is a file with this beginning an archive? A compressed index page is not one."""
    if head.startswith(_MAGIC) or head[257:262] == b"ustar":
        return True
    if head.startswith(b"cc="):  # older pip: the answer with its body in one file
        return b"PK\x03\x04" in head or b"\x1f\x8b\x08" in head
    if head.startswith(b"\x1f\x8b"):
        try:
            return zlib.decompressobj(31).decompress(head, 512)[257:262] == b"ustar"
        except zlib.error:
            return False
    return False


def _head(path: str) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def look(top: str, key: str, since: float = 0.0) -> Seen:
    """What is in ``top`` (of what changed after ``since``). Never follows a link."""
    folder = folder_of(key)
    patterns = folder.content if folder else ()
    fetched = files = size = 0
    for path, _, names in os.walk(top):
        inside = os.path.relpath(path, top)
        for name in names:
            full = f"{path}/{name}"
            try:
                info = os.lstat(full)
            except OSError:
                continue
            if info.st_ctime < since or not info.st_mode & 0o100000:
                continue
            files += 1
            size += info.st_blocks * 512
            if fetched or (folder and not folder.packages):
                continue  # one is enough to know
            relative = name if inside == "." else f"{inside}/{name}"
            fetched += any(fnmatch(relative, pattern) for pattern in patterns) or is_package(_head(full))
    return Seen(fetched, files, size)


def outcome(seen: list[Seen], *, ok: bool, received: int | None) -> bool | None:
    """``received``: bytes that came through the proxy; None: not counted (full network)."""
    if any(row.fetched for row in seen):
        return False
    changed = sum(row.size for row in seen)
    if not ok or not seen:
        return None
    if received is None:
        return True if changed else None
    if not received and not changed:
        return None
    return received - changed <= SLACK
