"""Reviews that wait: they survive the terminal, a crash of the guard and, once settled on disk, a reboot.

::

    reviews/ID/meta    JSON: workspace, command, when, state, where the upper layer lies
    reviews/ID/modes   true modes of nodes that had to be opened up to be read, one JSON line each
    reviews/ID/lock    held while the run, a keep or a drop is at work
    reviews/ID/upper   the upper layer, unless it is still in memory

A review whose run or keep was killed is listed too: keeping it goes on where it stopped. Nothing is cleaned without a
notice at least a day before. Fails with UsageError for an id that is not there, GuardError for what cannot be read.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from vectra_guard.errors import GuardError, UsageError
from vectra_guard.paths import private_dir, state_dir
from vectra_guard.redact import redact
from vectra_guard.sandbox.caches.store import remove_tree
from vectra_guard.sandbox.workspace import apply, nodes, undo
from vectra_guard.sandbox.workspace.changes import Changes, read

MAX_BYTES = 5 * 10**9
MAX_DAYS = 30
_DAY = 86400


def root() -> str:
    return f"{state_dir()}/reviews"


class Result(NamedTuple):
    """How a keep ended."""

    kept: apply.Kept
    left: Changes  # what still waits: conflicts, failures, what was not picked
    undo: str = ""  # id for `vg undo`; empty: not to be undone
    why_no_undo: str = ""


class Review:
    """One review. Change it only between ``lock`` and ``unlock``."""

    def __init__(self, ident: str, meta: dict[str, Any]) -> None:
        self.id = ident
        self.path = f"{root()}/{ident}"
        self.workspace: str = meta["workspace"]
        self.command: str = meta["command"]
        self.when: float = meta["when"]
        self.since: int = meta["since"]
        self.state: str = meta["state"]  # running, pending, keeping
        self.status: int | None = meta["status"]
        self.upper: str = meta["upper"]
        self.warned: float = meta["warned"]
        self._lock = -1

    def save(self) -> None:
        names = ("workspace", "command", "when", "since", "state", "status", "upper", "warned")
        undo.write_json(f"{self.path}/meta", {name: getattr(self, name) for name in names})

    def lock(self) -> bool:
        """False: somebody else is at work with it."""
        if self._lock >= 0:
            return True
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(f"{self.path}/lock", flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        self._lock = fd
        return True

    def unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # -- reading -----------------------------------------------------------------------------------------------

    def changes(self, *, secrets: bool = True) -> Changes:
        """What waits, as the workspace is now."""
        return read(
            self.workspace, self.upper, since=self.since, ours=self._ours(), modes=self._modes(), secrets=secrets
        )

    def changed(self) -> bool:
        """Is there any change but to the times of folders? Stops at the first."""
        found = read(self.workspace, self.upper, modes=self._modes(), first=True).items
        return any((item.op, item.kind) != ("times", "dir") for item in found)

    def _ours(self) -> set[int]:
        """Inodes that earlier keeps of this review touched themselves."""
        return {inode for step in undo.read_log(f"{undo.root()}/{self.id}") for inode in step.get("own", ())}

    def _modes(self) -> dict[str, int]:
        out: dict[str, int] = {}
        with contextlib.suppress(FileNotFoundError), open(f"{self.path}/modes", encoding="utf-8") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    path, mode = json.loads(line)
                    out.setdefault(path, mode)
        return out

    def open_up(self) -> None:
        """Let us read everything in the upper layer that its owner's permissions close. The true modes are
        written down before."""
        if os.geteuid() == 0:
            return
        fd = os.open(f"{self.path}/modes", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            known = {os.lstat(f"{self.upper}/{path}").st_ino: mode for path, mode in self._modes().items()}
            todo = [""]
            while todo:
                at = todo.pop()
                for name in sorted(os.listdir(f"{self.upper}/{at}")):
                    path = f"{at}/{name}" if at else name
                    info = os.lstat(f"{self.upper}/{path}")
                    folder = stat.S_ISDIR(info.st_mode)
                    need = 0o700 if folder else 0o400 if stat.S_ISREG(info.st_mode) else 0
                    mode = stat.S_IMODE(info.st_mode)
                    if (mode & need != need or info.st_ino in known) and not self._kept(
                        path, info
                    ):  # of hard links, each name is written down
                        mode = known.setdefault(info.st_ino, mode)
                        os.write(fd, json.dumps([path, mode]).encode() + b"\n")
                        os.chmod(f"{self.upper}/{path}", mode | need)
                    if folder:
                        todo.append(path)
        finally:
            os.close(fd)

    def _kept(self, path: str, info: os.stat_result) -> bool:
        """Is it the very file that the workspace has by now? Then its mode is not ours to lift."""
        there = nodes.look(f"{self.workspace}/{path}")
        return there is not None and (there.st_ino, there.st_dev) == (info.st_ino, info.st_dev)

    def settle(self) -> None:
        """Move an upper layer that is in memory to the disk."""
        target = f"{self.path}/upper"
        if self.upper == target:
            return
        with self._working():
            remove_tree(f"{target}.part")
            fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                nodes.copy_tree(self.upper, fd, "upper.part", marks=True)
                os.rename(f"{target}.part", target)
            except OSError as err:
                raise GuardError(f"the review {self.id} cannot be moved to disk: {err.strerror}") from err
            finally:
                os.close(fd)
            old, self.upper = self.upper, target
            self.save()
            remove_tree(os.path.dirname(old))

    # -- deciding ----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _working(self) -> Any:
        held = self._lock >= 0
        if not self.lock():
            raise GuardError(f"the review {self.id} is in use by another vg (or its run goes on); try again later")
        try:
            yield
        finally:
            if not held:
                self.unlock()

    def keep(self, only: Sequence[str] | None = None, *, force: bool = False) -> Result:
        """Apply all, or what is at or below ``only``. Conflicts wait on unless ``force``."""
        with self._working():
            self.open_up()
            record = undo.Record(self.id, self.workspace, self.command)
            try:
                record.recover()
                self.state = "keeping"
                self.save()
                found = self.changes(secrets=False)
                if only is not None:
                    found = apply.pick(found, only)
                    if not found.items:
                        raise UsageError(f"review {self.id} has no change at or below {only[0]!r}")
                kept = apply.keep(self.workspace, self.upper, found, record, force=force)
            finally:
                record.close()
            left = self.changes(secrets=False)
            waiting = [item for item in left.items if item.op != "times" or item.path in kept.conflicts]
            why = self._trimmed()
            if waiting:
                self.state = "pending"
                self.save()
            else:
                self.remove()
                left = Changes(())
            return Result(kept, left, "" if why else self.id, why)

    def _trimmed(self) -> str:
        """Hold the undo store to its cap; the sentence when this very keep does not fit."""
        undo.trim(busy=self.id)
        entry = next((entry for entry in undo.entries() if entry.id == self.id), None)
        if entry is not None and entry.size > undo.MAX_BYTES:
            remove_tree(f"{undo.root()}/{self.id}")
            return "what was replaced is larger than the undo store holds"
        return ""

    def drop(self) -> None:
        with self._working():
            if self.state == "keeping":
                record = undo.Record(self.id, self.workspace, self.command)
                record.recover()
                record.close()
            self.remove()

    def remove(self) -> None:
        # the name goes first: what is left of a killed removal is swept by the next listing
        gone = f"{root()}/.gone-{self.id}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.path, gone)
        if not self.upper.startswith(f"{self.path}/"):
            remove_tree(os.path.dirname(self.upper))
        remove_tree(gone)
        self.unlock()

    def size(self) -> int:
        total = 0
        for folder, _, names in os.walk(self.upper):
            for name in names:
                with contextlib.suppress(OSError):
                    total += os.lstat(f"{folder}/{name}").st_size
        return total


def create(workspace: str, argv: Sequence[str], since: int, memory: str = "") -> Review:
    """A new review, locked, for a run that is about to start. ``memory``: the folder in memory for its upper."""
    import shlex  # only here

    private_dir(state_dir())
    private_dir(root())
    ident = os.urandom(4).hex()
    path = f"{root()}/{ident}"
    meta = {
        "workspace": workspace,
        "command": redact(shlex.join(argv)),
        "when": time.time(),
        "since": since,
        "state": "running",
        "status": None,
        "upper": f"{memory}/{ident}/upper" if memory else f"{path}/upper",
        "warned": 0.0,
    }
    review = Review(ident, meta)
    try:
        os.mkdir(path, 0o700)
        review.lock()
        review.save()
    except OSError as err:
        raise GuardError(f"{path}: cannot be written ({err.strerror}); no review is possible") from err
    return review


def load(ident: str) -> Review:
    """The review of that id, or the only one whose id begins so."""
    try:
        names = [name for name in os.listdir(root()) if name.startswith(ident) and name[0] != "."]
    except OSError:
        names = []
    if ident in names:
        names = [ident]
    if not ident or not names:
        raise UsageError(f"no review {ident!r} waits; `vg review list` shows those that do")
    if len(names) > 1:
        raise UsageError(f"{ident} stands for {len(names)} reviews; give more of the id")
    try:
        with open(f"{root()}/{names[0]}/meta", encoding="utf-8") as file:
            return Review(names[0], json.load(file))
    except (OSError, ValueError, KeyError) as err:
        raise GuardError(f"the review {names[0]} is damaged: {root()}/{names[0]}") from err


def waiting() -> list[Review]:
    """All reviews whose run is over (or was killed), newest first. Leftovers are swept."""
    out = []
    try:
        names = sorted(os.listdir(root()))
    except OSError:
        return []
    for name in names:
        if name.startswith("."):
            remove_tree(f"{root()}/{name}")
            continue
        try:
            review = load(name)
        except GuardError:
            continue
        if not os.path.isdir(review.upper):
            if review.lock():
                review.remove()  # it was in memory when the machine went down, and never settled
            continue
        if review.state == "running":
            if not review.lock():
                continue  # its run goes on
            review.unlock()
        out.append(review)
    return sorted(out, key=lambda review: review.when, reverse=True)


def tidy(now: float | None = None) -> tuple[list[Review], list[Review]]:
    """Reviews over the caps: those that will be cleaned a day from their first notice, and those that just were."""
    now = time.time() if now is None else now
    soon, gone = [], []
    total = 0
    for review in waiting():
        total += review.size()
        if total <= MAX_BYTES and review.when > now - MAX_DAYS * _DAY:
            continue
        if not review.warned:
            review.warned = now
            review.save()
        if now - review.warned < _DAY:
            soon.append(review)
        elif review.lock():
            review.remove()
            gone.append(review)
    return soon, gone
