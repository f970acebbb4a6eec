"""Bring back what a keep overwrote or deleted: all of it, or only some paths.

Goes backwards through the log of the undo store; a step that was never done, or is undone already, changes nothing, so
it can be run again after it was cut off. Refuses to run over anything newer unless told. What was asked for by path
leaves the store; the rest stays there until it is asked for or expires.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from vectra_guard.errors import GuardError, Refused, UsageError
from vectra_guard.sandbox.caches.store import remove_tree
from vectra_guard.sandbox.workspace import nodes
from vectra_guard.sandbox.workspace.tree import Tree, move
from vectra_guard.sandbox.workspace.undo import PREFIX, Entry, read_log, remove, root, unpack


class Undone(NamedTuple):
    restored: int
    removed: int  # what the keep had added
    left: tuple[str, ...]  # something newer is in the way, and stays; what was there before stays in the store


def newer(entry: Entry, only: Sequence[str] = ()) -> list[str]:
    """Paths that changed since the keep: ``restore`` would run over them."""
    steps: dict[str, list[dict[str, Any]]] = {}
    for step in _steps(entry, only):
        steps.setdefault(step["path"], []).append(step)
    with contextlib.closing(Tree(entry.workspace)) as tree:
        return [path for path, known in steps.items() if _is_newer(tree, path, known)]


def files(entry: Entry) -> Iterator[tuple[str, str]]:
    """What the keep did, for ``vg undo --files``: (path, what undoing it does), files of deleted folders too."""
    words = {"added": "goes away", "deleted": "comes back", "changed": "old content", "mode": "old attributes"}
    for step in _steps(entry, ()):
        yield step["path"], words[step["op"]]
        held = f"{root()}/{entry.id}/old/{step.get('n')}"
        if step["op"] == "deleted" and step["kind"] == "dir":
            for folder, _, names in os.walk(held):
                for name in sorted(names):
                    yield f"{step['path']}{folder[len(held) :]}/{name}", words["deleted"]


def _steps(entry: Entry, only: Sequence[str]) -> list[dict[str, Any]]:
    return [
        step
        for step in read_log(f"{root()}/{entry.id}")
        if step["op"] != "folder" and (not only or any(_is_below(step["path"], path) for path in only))
    ]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/") or not folder


def _is_newer(tree: Tree, path: str, steps: list[dict[str, Any]]) -> bool:
    """Is there anything at ``path`` that was neither there before nor put there by the keep?"""
    try:
        parent, name = tree.parent(path)
    except OSError:
        return False
    now = nodes.look(name, parent)
    if now is None:
        return steps[-1]["op"] in ("changed", "mode")
    if stat.S_ISDIR(now.st_mode):
        # what was put into it has steps of its own, and a newer file in it keeps it alive
        return all(step["kind"] != "dir" for step in steps)
    found = [now.st_ino, now.st_size, now.st_mtime_ns]
    return all(found not in (step.get("new"), step.get("was")) for step in steps)


def _is_old(now: os.stat_result, step: dict[str, Any]) -> bool:
    """Is it still, or again, what was there before?"""
    return [now.st_ino, now.st_size, now.st_mtime_ns] == step.get("was")


def restore(entry: Entry, *, force: bool = False, only: Sequence[str] = ()) -> Undone:
    """Put everything back as it was before the keep, or what is at or below the paths ``only``; Refused over newer
    changes, unless forced."""
    path = f"{root()}/{entry.id}"
    steps = _steps(entry, only)
    parts = [(wanted, step) for wanted in only for step in _holders(entry, wanted)]
    missing = [p for p in only if not any(p == w for w, _ in parts) and not any(_is_below(s["path"], p) for s in steps)]
    if missing:
        raise UsageError(f"{entry.id} has nothing of {missing[0]!r}; `vg undo {entry.id} --files` shows what it has")
    blocked = [] if force else newer(entry, only)
    if blocked:
        raise Refused(
            f"{len(blocked)} of the files changed since, the first is {blocked[0]!r}; "
            "vg undo --force goes over them, and what is newer is then lost"
        )
    counts = {"restored": 0, "removed": 0}
    left: list[str] = []
    scratch = f"{PREFIX}{entry.id}-undo"
    old = os.open(f"{path}/old", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.closing(Tree(entry.workspace)) as tree:
            for step in reversed(steps):
                _undo(tree, step, old, scratch, counts, left)
            for wanted, step in parts:
                _take_out(tree, step, f"{path}/old", wanted, scratch, force=force)
                counts["restored"] += 1
            folders = [step for step in read_log(path) if step["op"] == "folder"] if not only else []
            for step in sorted(folders, key=lambda step: step["path"], reverse=True):
                with contextlib.suppress(OSError):
                    _folder_back(tree, step)
    except OSError as err:
        raise GuardError(f"undo stopped ({err.strerror}: {err.filename!r}); run it again when that is mended") from err
    finally:
        os.close(old)
    if not only and not left:
        remove_tree(path)
    return Undone(counts["restored"], counts["removed"], tuple(left))


def _holders(entry: Entry, wanted: str) -> list[dict[str, Any]]:
    """The step that took a whole folder in which ``wanted`` was."""
    for step in reversed(_steps(entry, ())):
        inside = step["op"] == "deleted" and step["kind"] == "dir" and wanted.startswith(f"{step['path']}/")
        held = f"{root()}/{entry.id}/old/{step.get('n')}{wanted[len(step['path']) :]}"
        if inside and os.path.lexists(held):
            return [step]
    return []


def _take_out(tree: Tree, step: dict[str, Any], store: str, path: str, scratch: str, *, force: bool) -> None:
    """One file or folder out of a folder that was deleted as a whole, with the folders that lead to it."""
    top: str = step["path"]
    inside = path[len(top) + 1 :]
    made: list[tuple[str, os.stat_result]] = []
    with contextlib.closing(Tree(f"{store}/{step['n']}")) as held:
        leading = inside.split("/")[:-1]
        for depth in range(len(leading) + 1):
            folder = "/".join([top, *leading[:depth]])
            parent, name = tree.parent(folder)
            if nodes.look(name, parent) is None:
                os.mkdir(name, 0o700, dir_fd=parent)
                made.append((folder, os.fstat(held.folder("/".join(leading[:depth])))))
        source, base = held.parent(inside)
        parent, name = tree.parent(path)
        if nodes.look(name, parent) is not None:
            if not force:
                raise Refused(f"{path!r} is there again; vg undo --force goes over it, and what is newer is then lost")
            tree.forget(path)
            remove(f"/proc/self/fd/{parent}/{name}")
        times = os.fstat(source)
        _bring(parent, name, source, base, os.stat(base, dir_fd=source, follow_symlinks=False), scratch)
        # what is brought back later is to find the folder's own times
        os.utime(f"/proc/self/fd/{source}", ns=(times.st_atime_ns, times.st_mtime_ns))
        for folder, info in reversed(made):
            parent, name = tree.parent(folder)
            nodes.dress(parent, name, stat.S_IMODE(info.st_mode), None, (info.st_atime_ns, info.st_mtime_ns))


def _folder_back(tree: Tree, step: dict[str, Any]) -> None:
    fd = tree.folder(step["path"])
    os.chmod(f"/proc/self/fd/{fd}", step["mode"])
    tree.opened.pop(step["path"], None)
    os.utime(f"/proc/self/fd/{fd}", ns=tuple(step["times"]))


def _undo(tree: Tree, step: dict[str, Any], old: int, scratch: str, counts: dict[str, int], left: list[str]) -> None:
    try:
        parent, name = tree.parent(step["path"])
    except OSError:
        left.append(step["path"])  # its folder was moved or replaced since
        return
    now = nodes.look(name, parent)
    if step["op"] == "mode":
        if now is not None:
            times = None if step["kind"] == "dir" else tuple(step["times"])
            link = stat.S_ISLNK(now.st_mode)
            nodes.dress(parent, name, step["mode"], unpack(step["x"]), times, link=link)
            counts["restored"] += 1
        return
    number = step.get("n")
    held = nodes.look(str(number), old) if number is not None else None
    if number is not None and held is None:
        return  # not done, or undone already
    if held is not None and now is not None and stat.S_ISDIR(held.st_mode) and stat.S_ISDIR(now.st_mode):
        # parts of it were brought back by name before
        tree.forget(step["path"])
        _merge(parent, name, old, str(number), step["path"], scratch, left)
        counts["restored"] += 1
        return
    if now is not None and not _is_old(now, step):
        if not _clear(tree, step, parent, name, now, held):
            left.append(step["path"])
            return
        counts["removed"] += number is None
    if held is not None:
        _bring(parent, name, old, str(number), held, scratch)
        counts["restored"] += 1


def _clear(
    tree: Tree, step: dict[str, Any], parent: int, name: str, now: os.stat_result, held: os.stat_result | None
) -> bool:
    """Make room. A file that a file will replace stays until then."""
    if stat.S_ISDIR(now.st_mode):
        tree.forget(step["path"])
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError as err:
            if err.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
    elif held is None or stat.S_ISDIR(held.st_mode):
        os.unlink(name, dir_fd=parent)
    return True


def _merge(parent: int, name: str, old: int, held: str, path: str, scratch: str, left: list[str]) -> None:
    """What is still in a held folder into the one that is there; what would cover something newer is left."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    source = target = -1
    try:
        source, target = os.open(held, flags, dir_fd=old), os.open(name, flags, dir_fd=parent)
        own = os.fstat(source)
        for item in os.listdir(source):
            info = os.stat(item, dir_fd=source, follow_symlinks=False)
            now = nodes.look(item, target)
            if now is None:
                _bring(target, item, source, item, info, scratch)
            elif stat.S_ISDIR(info.st_mode) and stat.S_ISDIR(now.st_mode):
                _merge(target, item, source, item, f"{path}/{item}", scratch, left)
            else:
                left.append(f"{path}/{item}")
    finally:
        for fd in (source, target):
            if fd >= 0:
                os.close(fd)
    nodes.dress(parent, name, stat.S_IMODE(own.st_mode), None, (own.st_atime_ns, own.st_mtime_ns))


def _bring(parent: int, name: str, old: int, number: str, held: os.stat_result, scratch: str) -> None:
    if not stat.S_ISDIR(held.st_mode):
        now = nodes.look(name, parent)
        if now is not None and now.st_ino == held.st_ino and now.st_dev == held.st_dev:
            os.unlink(number, dir_fd=old)  # two names of one file: a rename would do nothing
            return
    if move(old, number, parent, name):
        return
    source = f"/proc/self/fd/{old}/{number}"
    remove(f"/proc/self/fd/{parent}/{scratch}")
    nodes.copy_tree(source, parent, scratch, owner=True)
    os.rename(scratch, name, src_dir_fd=parent, dst_dir_fd=parent)
    remove(source)
