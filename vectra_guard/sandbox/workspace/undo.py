"""What a keep overwrote or deleted, and how to bring it back.

::

    undo/ID/meta     JSON: workspace, command, when
    undo/ID/log      one JSON line for each step, written before the step is done
    undo/ID/old/N    what stood there: hard links and renames where the file system allows, else copies

The log is also what an interrupted keep learns from which inodes it touched itself; ``restore`` goes backwards
through it. A store is capped in bytes and days, oldest first out; one keep larger than the cap cannot be undone, and
says so.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import stat
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from vectra_guard.errors import UsageError
from vectra_guard.paths import private_dir, state_dir
from vectra_guard.sandbox.caches.store import remove_tree
from vectra_guard.sandbox.workspace import nodes
from vectra_guard.sandbox.workspace.tree import Tree, move

MAX_BYTES = 10**9
MAX_DAYS = 7
PREFIX = ".vg-keep-"
"""Of the names that a step in flight uses in the workspace."""


def root() -> str:
    return f"{state_dir()}/undo"


class Entry(NamedTuple):
    """One keep that can be undone."""

    id: str
    workspace: str
    command: str
    when: float
    size: int
    steps: int


class Record:
    """Where one keep leaves what it replaces. Opening an existing one goes on with it."""

    def __init__(self, ident: str, workspace: str, command: str) -> None:
        private_dir(state_dir())
        self.id = ident
        self.path = f"{private_dir(root())}/{ident}"
        os.makedirs(f"{self.path}/old", mode=0o700, exist_ok=True)
        meta = f"{self.path}/meta"
        if not os.path.exists(meta):
            write_json(meta, {"workspace": workspace, "command": command, "when": time.time()})
        self.inodes: set[int] = set()
        self._log = os.open(f"{self.path}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._old = os.open(f"{self.path}/old", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.number = 0
        self.folders: set[str] = set()
        for step in read_log(self.path):
            self.inodes.update(step.get("own", ()))
            self.number = max(self.number, step.get("n", 0))
            if step["op"] == "folder":
                self.folders.add(step["path"])

    def log(self, **step: Any) -> None:
        self.inodes.update(step.get("own", ()))
        os.write(self._log, json.dumps(step, separators=(",", ":")).encode() + b"\n")

    def folder(self, path: str, info: os.stat_result) -> None:
        """Remember a folder as it is before something in it changes."""
        if path in self.folders:
            self.inodes.add(info.st_ino)
            return
        self.folders.add(path)
        times = [info.st_atime_ns, info.st_mtime_ns]
        self.log(op="folder", path=path, times=times, mode=stat.S_IMODE(info.st_mode), own=[info.st_ino])

    def hold(self, parent: int, name: str, number: int, info: os.stat_result) -> None:
        """Keep a second name, or a copy, of what is about to be replaced."""
        try:
            os.link(name, str(number), src_dir_fd=parent, dst_dir_fd=self._old, follow_symlinks=False)
        except OSError as err:
            if err.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EACCES):
                raise
            source = f"/proc/self/fd/{parent}/{name}"
            nodes.copy(source, info, stat.S_IMODE(info.st_mode), self._old, str(number), owner=True)

    def take(self, parent: int, name: str, number: int) -> None:
        """Move what is deleted in here. Across file systems it is first renamed where it stands, then copied."""
        new = str(number)
        if nodes.look(name, parent) is not None and move(parent, name, self._old, new):
            return
        aside = f"{PREFIX}{self.id}-{number}"
        if nodes.look(name, parent) is not None:
            os.rename(name, aside, src_dir_fd=parent, dst_dir_fd=parent)
        if nodes.look(aside, parent) is None:
            return
        part = f"{new}.part"
        if nodes.look(new, self._old) is None:
            remove_tree(f"{self.path}/old/{part}")
            nodes.copy_tree(f"/proc/self/fd/{parent}/{aside}", self._old, part, owner=True)
            os.rename(part, new, src_dir_fd=self._old, dst_dir_fd=self._old)
        remove(f"/proc/self/fd/{parent}/{aside}")

    def recover(self) -> None:
        """Finish a move that was cut off, and clear what a killed keep left in the workspace under names of ours."""
        with open(f"{self.path}/meta", encoding="utf-8") as file:
            workspace = json.load(file)["workspace"]
        with contextlib.closing(Tree(workspace)) as tree:
            for step in read_log(self.path):
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    if step["op"] == "folder":
                        os.unlink(f"{PREFIX}{self.id}", dir_fd=tree.folder(step["path"]))
                    elif step["op"] == "deleted":
                        parent, name = tree.parent(step["path"])
                        if nodes.look(f"{PREFIX}{self.id}-{step['n']}", parent) is not None:
                            self.take(parent, name, step["n"])

    def close(self) -> None:
        for fd in (self._log, self._old):
            os.close(fd)


def write_json(path: str, value: Any) -> None:
    """Whole or not at all."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.new", path)


def remove(path: str) -> None:
    """Remove a node, a folder with all below. Never follows a link."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            remove_tree(path)
        else:
            os.unlink(path)


def read_log(path: str) -> Iterator[dict[str, Any]]:
    """The steps; a last line that was cut off by a crash belongs to a step that was not done."""
    try:
        with open(f"{path}/log", encoding="utf-8") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)
    except FileNotFoundError:
        return


def pack(values: dict[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(value).decode() for name, value in values.items()}


def unpack(values: dict[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in values.items()}


# -- the store -------------------------------------------------------------------------------------------------


def entries() -> list[Entry]:
    """What can be undone, newest first."""
    out = []
    try:
        names = os.listdir(root())
    except OSError:
        return []
    for name in names:
        path = f"{root()}/{name}"
        try:
            with open(f"{path}/meta", encoding="utf-8") as file:
                meta = json.load(file)
            steps = sum(step["op"] != "folder" for step in read_log(path))
            out.append(Entry(name, meta["workspace"], meta["command"], meta["when"], _size(f"{path}/old"), steps))
        except (OSError, ValueError, KeyError):
            continue  # half made or half removed: `trim` takes it away in time
    return sorted(out, key=lambda entry: entry.when, reverse=True)


def _size(path: str) -> int:
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(f"{folder}/{name}").st_size
    return total


def find(ident: str = "") -> Entry:
    """The entry of that id (its beginning is enough), or the newest."""
    found = [entry for entry in entries() if entry.id.startswith(ident)]
    if not found:
        raise UsageError(f"nothing to undo{f' under {ident}' if ident else ''}; `vg undo --list` shows what there is")
    if ident and len(found) > 1 and found[0].id != ident:
        raise UsageError(f"{ident} stands for {len(found)} entries; give more of the id")
    return found[0]


def trim(busy: str = "") -> list[Entry]:
    """Remove what is too old or over the cap, oldest first, but not ``busy``; what was removed."""
    gone = []
    total = 0
    for entry in entries():
        total += entry.size
        if entry.id != busy and (total > MAX_BYTES or entry.when < time.time() - MAX_DAYS * 86400):
            remove_tree(f"{root()}/{entry.id}")
            gone.append(entry)
    return gone
