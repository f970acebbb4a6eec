"""What a run changed, read from the upper layer of its copy-on-write view.

Only the upper layer is walked, and of the lower one what the upper layer covers: untouched files cost nothing.
A copy-up in which nothing differs is no change, so what has been kept already does not appear again: reading is how
an interrupted keep finds what is left to do. Names are taken as they are; ``summary`` makes them safe to show.

Where the owner's permissions close a node of the lower layer to us it is opened up for the time of the reading; that
leaves its mode and times as they were.

Not seen: that a file had other hard links which a direct run would have changed too (marked ``splits-link``).
Fails with GuardError when the upper layer cannot be read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Set
from typing import NamedTuple

from vectra_guard.errors import GuardError
from vectra_guard.sandbox.workspace import marks, nodes

SECRET_LOOKS = 2000
"""Into how many files one reading looks for secrets; names are judged of all."""


class Seen(NamedTuple):
    """A node of the lower layer as it was read: what ``apply`` expects to find."""

    ino: int
    size: int
    mtime: int
    ctime: int

    @staticmethod
    def of(info: os.stat_result) -> Seen:
        return Seen(info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


class Change(NamedTuple):
    """One path that differs. ``op``: added, changed (content), deleted (with all below), type (was another kind),
    mode (permissions or attributes only), times (only those)."""

    path: str
    op: str
    kind: str  # file dir link fifo socket device; of a deleted one, what it was
    size: int = 0  # bytes now; of a deleted folder, of all below
    old_size: int = 0
    mode: int = 0
    old_mode: int | None = None
    old_kind: str = ""
    target: str = ""  # of a link
    files: int = 1  # of a deleted folder: how many files and links were below
    marks: tuple[str, ...] = ()
    same_as: str = ""  # a hard link to this path
    seen: Seen | None = None


class Folder(NamedTuple):
    """A folder of both layers: working in it changes its times, which are set last of all."""

    path: str
    seen: Seen


class Changes(NamedTuple):
    items: tuple[Change, ...]
    folders: tuple[Folder, ...] = ()

    @property
    def shown(self) -> tuple[Change, ...]:
        """Without those that only touch times."""
        return tuple(item for item in self.items if item.op != "times")


def read(
    lower: str,
    upper: str,
    *,
    since: int = 0,
    ours: Set[int] = frozenset(),
    modes: Mapping[str, int] | None = None,
    first: bool = False,
    secrets: bool = True,
) -> Changes:
    """``since``: nanoseconds; a file of the lower layer that changed later is a conflict, but for the inodes
    ``ours``. ``modes``: the true modes of nodes of the upper layer that had to be opened up to be read.
    ``first``: stop at the first change that is more than the times of a folder. ``secrets``: look into files for
    keys."""
    reader = _Reader(lower, upper, since, ours, modes or {}, first)
    reader.looks = SECRET_LOOKS if secrets and not first else 0
    try:
        reader.folder("", inherited=False, below=True)
        top = os.stat(lower)
        if not reader.conflict(top):
            reader.folders.append(Folder("", Seen.of(top)))
    except _Enough:
        pass
    except OSError as err:
        raise GuardError(f"the changes of the run cannot be read: {err.strerror} ({err.filename!r})") from err
    finally:
        reader.close()
    return Changes(tuple(reader.items), tuple(reader.folders))


def is_closed(info: os.stat_result) -> bool:
    """Do its own permissions keep its owner out?"""
    need = 0o700 if stat.S_ISDIR(info.st_mode) else 0o400
    return info.st_mode & need != need and not stat.S_ISLNK(info.st_mode)


class _Enough(Exception):
    """One change was asked for, and is found."""


class _Reader:
    def __init__(
        self, lower: str, upper: str, since: int, ours: Set[int], modes: Mapping[str, int], first: bool
    ) -> None:
        self.first = first
        self.looks = 0
        self.lower, self.upper, self.since, self.ours, self.modes = lower, upper, since, ours, modes
        self.items: list[Change] = []
        self.folders: list[Folder] = []
        self.links: dict[int, str] = {}
        self.closed: list[tuple[str, int]] = []
        self.uid = os.geteuid()

    def _open_up(self, path: str, old: os.stat_result, need: int) -> None:
        mode = stat.S_IMODE(old.st_mode)
        if mode & need != need and self.uid and old.st_uid == self.uid:
            self.closed.append((path, mode))
            os.chmod(path, mode | need)

    def close(self, down_to: int = 0) -> None:
        while len(self.closed) > down_to:
            path, mode = self.closed.pop()
            os.chmod(path, mode)

    def folder(self, at: str, *, inherited: bool, below: bool) -> None:
        """``inherited``: a folder above replaced the lower one's. ``below``: the lower layer has a folder here."""
        upper = f"{self.upper}/{at}" if at else self.upper
        opaque = inherited or (below and nodes.is_opaque(upper))
        with os.scandir(upper) as entries:
            found = sorted((entry.name, entry.stat(follow_symlinks=False), entry.path) for entry in entries)
        for name, info, full in found:
            path = f"{at}/{name}" if at else name
            old = nodes.look(f"{self.lower}/{path}") if below else None
            if nodes.is_whiteout(full, info):
                if old is not None:
                    self._add(self._deleted(path, old))
            elif stat.S_ISDIR(info.st_mode):
                self._directory(path, info, old, opaque)
            else:
                self._leaf(path, full, info, old)
        if opaque and below:
            names = {name for name, _, _ in found}
            lower = f"{self.lower}/{at}" if at else self.lower
            for name in sorted(os.listdir(lower)):
                path = f"{at}/{name}" if at else name
                old = nodes.look(f"{self.lower}/{path}") if name not in names else None
                if old is not None:
                    self._add(self._deleted(path, old))

    def _add(self, item: Change) -> None:
        self.items.append(item)
        if self.first and (item.op, item.kind) != ("times", "dir"):
            raise _Enough

    def _mode(self, path: str, info: os.stat_result) -> int:
        return self.modes.get(path, stat.S_IMODE(info.st_mode))

    def conflict(self, old: os.stat_result | None) -> bool:
        if not self.since or old is None or old.st_ctime_ns <= self.since or old.st_ino in self.ours:
            return False
        return not is_closed(old)  # opening it up to read changed its stamp

    def _deleted(self, path: str, old: os.stat_result) -> Change:
        mode = stat.S_IMODE(old.st_mode)
        if not stat.S_ISDIR(old.st_mode):
            found = ("conflict",) if self.conflict(old) else ()
            return Change(
                path, "deleted", nodes.kind(old), old.st_size, old.st_size, mode, mode, marks=found, seen=Seen.of(old)
            )
        files, size, conflict = self._below(f"{self.lower}/{path}", old)
        found = ("conflict",) if conflict else ()
        return Change(path, "deleted", "dir", size, size, mode, mode, files=files, marks=found, seen=Seen.of(old))

    def _below(self, path: str, old: os.stat_result) -> tuple[int, int, bool]:
        files = size = 0
        conflict = self.conflict(old)
        todo = [path]
        while todo:
            try:
                with os.scandir(todo.pop()) as entries:
                    for entry in entries:
                        info = entry.stat(follow_symlinks=False)
                        conflict = conflict or self.conflict(info)
                        if stat.S_ISDIR(info.st_mode):
                            todo.append(entry.path)
                        else:
                            files += 1
                            size += info.st_size
            except OSError:
                continue  # closed to us: apply will say so
        return files, size, conflict

    def _directory(self, path: str, info: os.stat_result, old: os.stat_result | None, opaque: bool) -> None:
        mode = self._mode(path, info)
        found: list[str] = []
        if old is None:
            self._add(Change(path, "added", "dir", mode=mode, files=0))
        elif not stat.S_ISDIR(old.st_mode):
            self._add(self._retyped(path, "dir", mode, 0, "", old, found))
        else:
            old_mode = stat.S_IMODE(old.st_mode)
            full = f"{self.upper}/{path}"
            if mode != old_mode or nodes.attributes(full) != self._attributes(f"{self.lower}/{path}", old):
                found += marks.of_mode(mode, old_mode, "dir")
                found += ["conflict"] if self.conflict(old) else []
                self._add(
                    Change(path, "mode", "dir", mode=mode, old_mode=old_mode, marks=tuple(found), seen=Seen.of(old))
                )
            elif not self.conflict(old):
                self.folders.append(Folder(path, Seen.of(old)))
                if info.st_mtime_ns != old.st_mtime_ns:
                    self._add(Change(path, "times", "dir", mode=mode, old_mode=old_mode, seen=Seen.of(old), files=0))
            self._open_up(f"{self.lower}/{path}", old, 0o700)
            self.folder(path, inherited=opaque, below=True)
            return
        self.folder(path, inherited=True, below=False)

    def _retyped(
        self, path: str, kind: str, mode: int, size: int, target: str, old: os.stat_result, found: list[str]
    ) -> Change:
        gone = self._deleted(path, old)
        return Change(
            path,
            "type",
            kind,
            size,
            gone.size,
            mode,
            gone.mode,
            gone.kind,
            target,
            gone.files,
            tuple(dict.fromkeys((*found, *gone.marks))),
            seen=gone.seen,
        )

    def _leaf(self, path: str, full: str, info: os.stat_result, old: os.stat_result | None) -> None:
        kind = nodes.kind(info)
        mode = self._mode(path, info)
        old_mode = stat.S_IMODE(old.st_mode) if old else None
        target = os.readlink(full) if kind == "link" else ""
        same_as = self.links.setdefault(info.st_ino, path) if info.st_nlink > 1 else ""
        op = "added" if old is None else self._compare(path, full, info, old, mode, target)
        if op in ("", "mode", "times") and same_as not in ("", path) and not self._linked(path, same_as):
            op = "changed"
        if not op:
            return
        size = info.st_size if kind == "file" else 0
        found = marks.of_path(path) if op in ("added", "changed", "type") else []
        found += marks.of_mode(mode, old_mode if kind == "file" else None, kind)
        if kind == "link":
            found += marks.of_link(self.lower, path, target)
        elif kind == "file" and op in ("added", "changed", "type") and self._new_secret(path, full, size, op):
            found.append("secret")
        if old is not None and op == "changed" and old.st_nlink > 1 and nodes.has_mark(full, "origin"):
            found.append("splits-link")
        if same_as == path:
            same_as = ""
        if op == "type" and old is not None:
            self._add(self._retyped(path, kind, mode, size, target, old, found)._replace(same_as=same_as))
            return
        if self.conflict(old):
            found.append("conflict")
        self._add(
            Change(
                path,
                op,
                kind,
                size,
                old.st_size if old else 0,
                mode,
                old_mode,
                target=target,
                marks=tuple(found),
                same_as=same_as,
                seen=Seen.of(old) if old else None,
            )
        )

    def _new_secret(self, path: str, full: str, size: int, op: str) -> bool:
        if not marks.may_hold_secret(path, size):
            return False
        self.looks -= 1
        if not marks.secret(full if self.looks >= 0 else "", path):
            return False
        return op != "changed" or not marks.secret(f"{self.lower}/{path}", path)

    def _linked(self, one: str, other: str) -> bool:
        """Are both one file in the lower layer?"""
        first, second = nodes.look(f"{self.lower}/{one}"), nodes.look(f"{self.lower}/{other}")
        return first is not None and second is not None and first.st_ino == second.st_ino

    def _attributes(self, lower: str, old: os.stat_result) -> dict[str, bytes]:
        depth = len(self.closed)
        self._open_up(lower, old, 0o400)
        try:
            return nodes.attributes(lower)
        finally:
            self.close(depth)

    def _same(self, full: str, lower: str, old: os.stat_result) -> bool:
        depth = len(self.closed)
        self._open_up(lower, old, 0o400)
        try:
            return nodes.same_content(full, lower)
        finally:
            self.close(depth)

    def _compare(self, path: str, full: str, info: os.stat_result, old: os.stat_result, mode: int, target: str) -> str:
        """The op for a node that both layers have; empty when nothing differs."""
        if info.st_ino == old.st_ino and info.st_dev == old.st_dev:
            return ""  # kept already: both are one file
        if stat.S_IFMT(info.st_mode) != stat.S_IFMT(old.st_mode):
            return "type"
        lower = f"{self.lower}/{path}"
        if stat.S_ISREG(info.st_mode):
            if info.st_size != old.st_size or (info.st_size and not self._same(full, lower, old)):
                return "changed"
            if mode != stat.S_IMODE(old.st_mode) or nodes.attributes(full) != self._attributes(lower, old):
                return "mode"
        elif stat.S_ISLNK(info.st_mode):
            if target != os.readlink(lower):
                return "changed"
        elif mode != stat.S_IMODE(old.st_mode):
            return "mode"
        return "times" if info.st_mtime_ns != old.st_mtime_ns else ""
