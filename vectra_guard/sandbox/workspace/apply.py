"""Keep what a run did: make the workspace equal to its copy-on-write view, one whole step at a time.

Files are written beside their place and renamed over the old one; what is replaced or deleted goes to the undo
record first. Killed at any moment, each path holds the old or the new node, whole, and running ``keep`` again on a
fresh reading does the rest. A path that is not as it was read (or lies behind a link now) is a conflict: reported,
never touched, unless ``force``.

A full disk stops the work with a GuardError; what one path alone refuses is reported and the rest goes on. Attributes
and times of folders come last. A crash of the machine, not only of the process, is covered by one sync at the end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Set
from typing import NamedTuple

from vectra_guard.errors import GuardError
from vectra_guard.sandbox.workspace import nodes, undo
from vectra_guard.sandbox.workspace.changes import Change, Changes, Folder, Seen, is_closed
from vectra_guard.sandbox.workspace.tree import Tree

_STOPS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


class Kept(NamedTuple):
    done: int
    conflicts: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()  # path, reason


class _Conflict(Exception):
    """The host changed this path meanwhile."""


def pick(changes: Changes, paths: Iterable[str]) -> Changes:
    """Only the changes at or below ``paths``, with the new folders that lead there."""
    wanted = [path.strip("/") for path in paths]
    kept: Set[str] = {
        item.path
        for item in changes.items
        if any(item.path == path or not path or item.path.startswith(f"{path}/") for path in wanted)
    }
    leading = {item.path for item in changes.items if item.kind == "dir" and item.op in ("added", "type")}
    above = {path[:at] for path in kept for at, char in enumerate(path) if char == "/"}
    return Changes(tuple(item for item in changes.items if item.path in kept or item.path in leading & above))


def keep(lower: str, upper: str, changes: Changes, record: undo.Record, *, force: bool = False) -> Kept:
    """Apply ``changes``. Conflicts are left out unless ``force``."""
    keeper = _Keeper(lower, upper, record, force)
    try:
        for item in changes.items:
            keeper.guarded(item)
        keeper.settle(changes.folders)
    finally:
        keeper.tree.close()
    _flush(lower)
    return Kept(keeper.done, tuple(keeper.conflicts), tuple(keeper.failed))


def _flush(folder: str) -> None:
    """Write this file system out, and no other: a full ``sync`` would wait for every disk there is."""
    import ctypes  # 10 ms, after the work is done

    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd) != 0:
            os.sync()
    finally:
        os.close(fd)


class _Keeper:
    def __init__(self, lower: str, upper: str, record: undo.Record, force: bool) -> None:
        self.lower, self.upper, self.record, self.force = lower, upper, record, force
        self.tree = Tree(lower, record.folder)
        self.done = 0
        self.conflicts: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.late: list[Change] = []  # folders, whose attributes come last
        self.skipped: tuple[str, ...] = ()

    def guarded(self, item: Change) -> None:
        if "conflict" in item.marks and not self.force:
            self.conflicts.append(item.path)
            return
        if item.path.startswith(self.skipped) and self.skipped:
            self.conflicts.append(item.path)  # the folder it belongs to could not be made
            return
        try:
            self._one(item)
            self.done += 1
        except _Conflict:
            self._skip(item)
            self.conflicts.append(item.path)
        except OSError as err:
            if err.errno in _STOPS:
                raise GuardError(
                    f"keeping stopped at {item.path!r} ({err.strerror}); nothing is lost, "
                    "keep it again when that is mended"
                ) from err
            self._skip(item)
            if err.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.EEXIST):
                self.conflicts.append(item.path)
            else:
                self.failed.append((item.path, err.strerror or str(err)))

    def _skip(self, item: Change) -> None:
        if item.kind == "dir" and item.op in ("added", "type"):
            self.skipped += (f"{item.path}/",)

    def _one(self, item: Change) -> None:
        parent, name = self.tree.parent(item.path)
        now = nodes.look(name, parent)
        if now is None and item.op == "deleted":
            return
        if not self.force or item.op in ("mode", "times"):
            self._verify(item, now)
        if item.op in ("mode", "times"):
            self._attributes(item, parent, name, now)
        elif item.op == "deleted":
            self._take(item, parent, name, now)
        elif item.kind == "dir":
            if now is not None and not stat.S_ISDIR(now.st_mode):
                self._take(item, parent, name, now)
                now = None
            self._make_folder(item, parent, name, now)
        else:
            self._put(item, parent, name, now)

    def _verify(self, item: Change, now: os.stat_result | None) -> None:
        if item.seen is None or now is None:
            if item.seen is not None or now is not None:
                raise _Conflict
            return
        found = Seen.of(now)
        if item.kind == "dir" and item.op in ("mode", "times"):
            if found.ino != item.seen.ino or not stat.S_ISDIR(now.st_mode):
                raise _Conflict
        elif found != item.seen and not (
            (found.ino in self.record.inodes or is_closed(now))
            and found._replace(ctime=0) == item.seen._replace(ctime=0)
        ):
            raise _Conflict

    def _number(self) -> int:
        self.record.number += 1
        return self.record.number

    def _step(self, item: Change, op: str, number: int | None, was: os.stat_result | None, new: list[int]) -> None:
        step: dict[str, object] = {"op": op, "path": item.path, "kind": item.kind, "new": new, "own": new[:1]}
        if number is not None:
            step["n"] = number
        if was is not None:
            step["was"] = [was.st_ino, was.st_size, was.st_mtime_ns]
            step["own"] = [*new[:1], was.st_ino]
        self.record.log(**step)

    def _take(self, item: Change, parent: int, name: str, now: os.stat_result | None) -> None:
        number = self._number()
        self._step(item, "deleted", number, now, [])
        self.tree.forget(item.path)
        self.record.take(parent, name, number)

    def _make_folder(self, item: Change, parent: int, name: str, now: os.stat_result | None) -> None:
        if now is None:
            # what was moved away has a step of its own: backwards, this one is first
            self._step(item, "added", None, None, [])
            os.mkdir(name, 0o700, dir_fd=parent)
        self.late.append(item)

    def _put(self, item: Change, parent: int, name: str, now: os.stat_result | None) -> None:
        scratch = f"{undo.PREFIX}{self.record.id}"
        try:
            try:
                self._make(item, scratch)
            except FileExistsError:  # of a keep that was killed here
                parent, name = self.tree.parent(item.path)
                os.unlink(scratch, dir_fd=parent)
                self._make(item, scratch)
            parent, name = self.tree.parent(item.path)
            made = os.stat(scratch, dir_fd=parent, follow_symlinks=False)
            if item.kind == "file" and stat.S_IMODE(made.st_mode) != item.mode:
                os.chmod(f"/proc/self/fd/{parent}/{scratch}", item.mode)  # of a link group opened up to be read
            new = [made.st_ino, made.st_size, made.st_mtime_ns]
            if now is None:
                self._step(item, "added", None, None, new)
            elif stat.S_ISDIR(now.st_mode):
                self._take(item._replace(kind="dir"), parent, name, now)
                self._step(item, "added", None, None, new)
            else:
                number = self._number()
                self._step(item, "changed", number, now, new)
                self.record.hold(parent, name, number, now)
            os.rename(scratch, name, src_dir_fd=parent, dst_dir_fd=parent)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(scratch, dir_fd=parent)
            raise

    def _make(self, item: Change, scratch: str) -> None:
        """The new node, beside its place. On one file system it is the very file of the view, under a second name:
        nothing is copied, and reading the view again finds it kept."""
        if item.same_as and self._link(item, scratch):
            return
        parent, _ = self.tree.parent(item.path)
        path = f"{self.upper}/{item.path}"
        if item.kind == "file":
            try:
                os.link(path, scratch, dst_dir_fd=parent, follow_symlinks=False)
            except OSError as err:
                if err.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EACCES):
                    raise
            else:
                nodes.strip(f"/proc/self/fd/{parent}/{scratch}", item.mode)
                return
        nodes.copy(path, os.lstat(path), item.mode, parent, scratch)

    def _link(self, item: Change, scratch: str) -> bool:
        """Another name for a file that is kept already, if it really is that file."""
        first = os.lstat(f"{self.upper}/{item.same_as}")
        try:
            source, origin = self.tree.parent(item.same_as)
            source = os.dup(source)
        except OSError:
            return False
        try:
            found = nodes.look(origin, source)
            if found is None or (found.st_size, found.st_mtime_ns) != (first.st_size, first.st_mtime_ns):
                return False
            parent, _ = self.tree.parent(item.path)
            os.link(origin, scratch, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
            return True
        except FileExistsError:
            raise
        except OSError as err:
            if err.errno in _STOPS:
                raise
            return False
        finally:
            os.close(source)

    def _attributes(self, item: Change, parent: int, name: str, now: os.stat_result | None) -> None:
        if now is None:
            raise _Conflict
        if item.kind == "dir":
            if item.op == "mode":
                self.late.append(item)
            return
        source = f"{self.upper}/{item.path}"
        self._log_attributes(item, f"/proc/self/fd/{parent}/{name}", now)
        info = os.lstat(source)
        times = (info.st_atime_ns, info.st_mtime_ns)
        wanted = nodes.attributes(source) if item.op == "mode" else None
        if item.op == "times":
            os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)
        else:
            nodes.dress(parent, name, item.mode, wanted, times, link=item.kind == "link")

    def _log_attributes(self, item: Change, path: str, now: os.stat_result) -> None:
        info = os.lstat(f"{self.upper}/{item.path}")
        mode = stat.S_IMODE(now.st_mode)
        lift = is_closed(now) and os.geteuid() == now.st_uid
        if lift:
            os.chmod(path, mode | 0o400)
        attributes = nodes.attributes(path)
        if lift:
            os.chmod(path, mode)
        self.record.log(
            op="mode",
            path=item.path,
            kind=item.kind,
            mode=mode,
            times=[now.st_atime_ns, now.st_mtime_ns],
            x=undo.pack(attributes),
            new=[now.st_ino, now.st_size, info.st_mtime_ns],
            was=[now.st_ino, now.st_size, now.st_mtime_ns],
            own=[now.st_ino],
        )

    def settle(self, folders: Iterable[Folder]) -> None:
        """Modes, attributes and times of folders, the deepest first."""
        todo: list[tuple[str, Change | None]] = [(item.path, item) for item in self.late]
        todo += [(folder.path, None) for folder in folders]
        for path, item in sorted(todo, key=lambda entry: (entry[0].count("/"), entry[0] != ""), reverse=True):
            try:
                self._settle_one(path, item)
            except OSError as err:
                self.failed.append((path, err.strerror or str(err)))

    def _settle_one(self, path: str, item: Change | None) -> None:
        source = f"{self.upper}/{path}"
        info = os.lstat(source)
        times = (info.st_atime_ns, info.st_mtime_ns)
        if item is None:
            # looked at without opening it: opening would count as touching
            parent, name = self.tree.parent(path)
            now = os.stat(name or self.lower, dir_fd=parent, follow_symlinks=False)
            if now.st_mtime_ns != info.st_mtime_ns:
                os.utime(f"/proc/self/fd/{self.tree.folder(path)}", ns=times)
            return
        parent, name = self.tree.parent(path)
        if item.op == "mode":
            now = os.stat(name, dir_fd=parent, follow_symlinks=False)
            self.record.folder(path, now)
            self._log_attributes(item, f"/proc/self/fd/{parent}/{name}", now)
        self.tree.opened.pop(path, None)
        nodes.dress(parent, name, item.mode, nodes.attributes(source), times)
