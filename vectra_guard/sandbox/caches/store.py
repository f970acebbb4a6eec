"""The guard's shared package caches on disk: layers, runs, promotion.

::

    packages/KEY/layers/SEQ-RUN.BYTES   what successful runs added; never changed while mounted
    packages/KEY/plain                  one folder for all, where overlays cannot be
    packages/KEY/lock                   held shared by runs, alone by what removes or merges layers
    packages/runs/RUN/KEY/upper         what one run writes; locked by it, swept when it is gone

A run that succeeds becomes a layer by one rename: nothing is copied, and two runs at once cannot harm each
other. Where a folder is ``plain``, runs write to it together and rely on the managers' own locks.

Fails towards less cache: what cannot be locked, renamed or measured is dropped.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from vectra_guard.model import Mount
from vectra_guard.paths import private_dir
from vectra_guard.sandbox.caches import measure, plan

MAX_LAYERS = 6
"""More are merged into one when nobody uses them; the kernel takes a page of mount options."""
HARD_LAYERS = 14
MAX_BYTES = 5 * 1024**3


def _lock(path: str, how: int) -> int | None:
    """A lock that ends with this process; None: not now."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, how)
    except OSError:
        os.close(fd)
        return None
    return fd


@contextlib.contextmanager
def _alone(key: str) -> Iterator[bool]:
    """Is nobody using the caches of ``key``? While inside, nobody can begin to."""
    fd = _lock(f"{plan.root()}/{key}/lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield fd is not None
    finally:
        if fd is not None:
            os.close(fd)


def layers(key: str) -> list[str]:
    """Paths of the layers of ``key``, lowest first."""
    base = f"{plan.root()}/{key}/layers"
    try:
        return [f"{base}/{name}" for name in sorted(os.listdir(base)) if "-" in name]
    except OSError:
        return []


def layer_size(path: str) -> int:
    text = path.rpartition(".")[2]
    return int(text) if text.isdigit() else 0


class Lease:
    """Caches in use by one run. ``mounts`` replaces what ``begin`` was given."""

    def __init__(self, mounts: tuple[Mount, ...], run: str, locks: dict[str, int], started: float) -> None:
        self.mounts = mounts
        self._run = run
        self._locks = locks
        self._started = started

    def finish(self, *, ok: bool, received: int | None) -> bool | None:
        """Keep what the run fetched if it succeeded, drop the rest; was it served by the caches?

        ``received``: bytes through the proxy, None where nothing counted them.
        """
        seen: dict[str, measure.Seen] = {}
        for key, mount in plan.keys(self.mounts).items():
            if mount.kind == "overlay":
                seen[key] = measure.look(mount.upper, key)
            else:
                seen[key] = measure.look(mount.source, key, self._started)
        hit = measure.outcome(list(seen.values()), ok=ok, received=received)
        if ok:
            for key, mount in plan.keys(self.mounts).items():
                if mount.kind == "overlay" and (seen[key].fetched or _built(key, seen[key])):
                    self._promote(key, mount.upper, seen[key].size)
        self.close()
        return hit

    def _promote(self, key: str, upper: str, size: int) -> None:
        fd = self._locks.pop(key, None)
        if fd is not None:
            os.close(fd)
        present = layers(key)
        if len(present) >= HARD_LAYERS:
            return
        number = int(os.path.basename(present[-1]).partition("-")[0]) + 1 if present else 1
        with contextlib.suppress(OSError):
            os.chmod(upper, 0o700)
            os.rename(upper, f"{plan.root()}/{key}/layers/{number:06d}-{self._run}.{size}")
        if len(present) + 1 > MAX_LAYERS:
            merge(key)
        trim(MAX_BYTES)

    def close(self) -> None:
        """Give everything back without keeping anything. May be called again."""
        if self._run:
            remove_tree(f"{plan.root()}/runs/{self._run}")
            self._run = ""
        for fd in self._locks.values():
            os.close(fd)
        self._locks = {}


def _built(key: str, seen: measure.Seen) -> bool:
    folder = measure.folder_of(key)
    return seen.files > 0 and (folder is None or not folder.packages)


def begin(mounts: Sequence[Mount]) -> Lease:
    """Create what the cache mounts need, lock it, and put the layers in. Other mounts stay as they are."""
    base = plan.root()
    mine = plan.keys(mounts)
    if not mine:
        return Lease(tuple(mounts), "", {}, time.time())
    private_dir(base)
    for name in ("runs", "empty"):
        os.makedirs(f"{base}/{name}", mode=0o700, exist_ok=True)
    sweep()
    run = next((mount.upper.split("/")[-3] for mount in mine.values() if mount.kind == "overlay"), "")
    locks: dict[str, int] = {}
    if run:
        # locked before it has its name: no sweep ever sees it without a holder
        os.mkdir(f"{base}/runs/.{run}", 0o700)
        own = _lock(f"{base}/runs/.{run}/lock", fcntl.LOCK_EX)
        if own is not None:
            locks[""] = own
        os.rename(f"{base}/runs/.{run}", f"{base}/runs/{run}")
    filled: dict[str, Mount] = {}
    for key, mount in mine.items():
        os.makedirs(f"{base}/{key}/layers", mode=0o700, exist_ok=True)
        held = _lock(f"{base}/{key}/lock", fcntl.LOCK_SH)
        if held is not None:
            locks[key] = held
        if mount.kind == "rw":
            os.makedirs(mount.source, mode=0o700, exist_ok=True)
            continue
        os.makedirs(mount.upper, mode=0o700)
        os.mkdir(f"{mount.upper}.work", 0o700)
        filled[mount.target] = replace(mount, layers=tuple(layers(key)))
    done = tuple(filled.get(mount.target, mount) if mount.kind == "overlay" else mount for mount in mounts)
    return Lease(done, run, locks, time.time())


def sweep() -> None:
    """Remove what runs left behind that are gone: nobody holds their lock any more."""
    base = f"{plan.root()}/runs"
    for name in os.listdir(base):
        run = f"{base}/{name}"
        with contextlib.suppress(OSError):
            if name.startswith(".") and time.time() - os.lstat(run).st_mtime < 60:
                continue  # being made right now
            fd = _lock(f"{run}/lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
            if fd is not None:
                remove_tree(run)
                os.close(fd)


# -- merging and removing ----------------------------------------------------------------------------------


def remove_tree(path: str) -> None:
    """Remove a tree of which a sandbox may have taken away every permission. Never follows a link."""
    import shutil

    def open_up(_: object, where: str, __: object) -> None:
        parent = os.path.dirname(where)
        for folder in (parent, where):
            with contextlib.suppress(OSError):
                if stat.S_ISDIR(os.lstat(folder).st_mode):
                    os.chmod(folder, 0o700)
        with contextlib.suppress(OSError):
            if os.path.isdir(where) and not os.path.islink(where):
                shutil.rmtree(where, ignore_errors=True)
            else:
                os.unlink(where)

    shutil.rmtree(path, onerror=open_up)
    if os.path.lexists(path):
        shutil.rmtree(path, ignore_errors=True)


def _is_opaque(path: str) -> bool:
    for name in ("user.overlay.opaque", "trusted.overlay.opaque"):
        with contextlib.suppress(OSError):
            if os.getxattr(path, name, follow_symlinks=False) == b"y":
                return True
    return False


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def fold(upper: str, lower: str) -> None:
    """Move what is in ``upper`` over ``lower``, as the overlay would show it. Whiteouts stay what they
    are."""
    for folder in (upper, lower):
        os.chmod(folder, os.lstat(folder).st_mode & 0o777 | 0o700)
    for name in os.listdir(upper):
        source, target = f"{upper}/{name}", f"{lower}/{name}"
        if _is_folder(source):
            if _is_folder(target) and not _is_opaque(source):
                fold(source, target)
                continue
            os.chmod(source, os.lstat(source).st_mode & 0o777 | 0o700)
        if _is_folder(target):
            remove_tree(target)
        elif _is_folder(source) and os.path.lexists(target):
            os.unlink(target)
        os.replace(source, target)


def merge(key: str) -> bool:
    """Make one layer of all, if nobody uses them."""
    with _alone(key) as alone:
        present = layers(key)
        if not alone or len(present) < 2:
            return False
        try:
            for upper in present[1:]:
                fold(upper, present[0])
                remove_tree(upper)
        except OSError:
            # half merged is still right: what was moved is in the lower layer, the rest above it
            return False
        size = measure.look(present[0], key).size
        os.rename(present[0], f"{present[0].rpartition('.')[0]}.{size}")
        return True


def _changed(path: str) -> float:
    """0 for what somebody else has just removed or merged."""
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0


class Entry(NamedTuple):
    key: str
    size: int
    layers: int
    used: float  # seconds since the epoch


def entries() -> list[Entry]:
    """The caches that are there, with their sizes."""
    out = []
    try:
        names = sorted(os.listdir(plan.root()))
    except OSError:
        return []
    for key in names:
        base = f"{plan.root()}/{key}"
        if not os.path.isdir(f"{base}/layers"):
            continue
        present = layers(key)
        size = sum(layer_size(path) for path in present)
        if os.path.isdir(f"{base}/plain"):
            size += measure.look(f"{base}/plain", key).size
        stamps = [_changed(path) for path in (f"{base}/layers", *present)]
        out.append(Entry(key, size, len(present), max(stamps)))
    return out


def clean(older_than: float = 0.0) -> tuple[int, list[str]]:
    """Remove the layers that are at least ``older_than`` seconds old; (bytes, caches that were in use)."""
    freed = 0
    busy = []
    limit = time.time() - older_than
    for entry in entries():
        base = f"{plan.root()}/{entry.key}"
        with _alone(entry.key) as alone:
            if not alone:
                busy.append(entry.key)
                continue
            for path in [*layers(entry.key), f"{base}/plain"]:
                if os.path.isdir(path) and _changed(path) <= limit:
                    freed += layer_size(path) or measure.look(path, entry.key).size
                    remove_tree(path)
    return freed, busy


def trim(limit: int) -> None:
    """Drop the oldest layers, over all caches, until they are within ``limit`` bytes."""
    found = [(_changed(path), path, entry.key) for entry in entries() for path in layers(entry.key)]
    total = sum(layer_size(path) for _, path, _ in found)
    for _, path, key in sorted(found):
        if total <= limit:
            return
        with _alone(key) as alone:
            if alone:
                total -= layer_size(path)
                remove_tree(path)
