"""Folders of the workspace as descriptors: every step below the root refuses links, so that nobody can swap one in
and have the guard write elsewhere.

A folder that its own permissions close to us is opened up for the time of the work, and closed again by ``close``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable

_OPEN = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST = 128
_ALL = 0o700


class Tree:
    def __init__(self, root: str, touched: Callable[[str, os.stat_result], None] | None = None) -> None:
        """``touched`` is told each folder before it is first worked in."""
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._open: dict[str, int] = {}
        self._known: set[str] = set()
        self._touched = touched
        self.opened: dict[str, int] = {}
        """Folders that were closed to us, and the modes they had."""

    def parent(self, path: str) -> tuple[int, str]:
        """The folder that holds ``path``, and the name in it. OSError when it is not there or is a link."""
        folder, _, name = path.rpartition("/")
        return self.folder(folder), name

    def folder(self, path: str) -> int:
        fd = self._open.get(path)
        if fd is None:
            if len(self._open) >= _MOST:
                self.forget()
            if path:
                above, _, name = path.rpartition("/")
                fd = os.open(name, _OPEN, dir_fd=self.folder(above))
            else:
                fd = os.dup(self._root)
            self._open[path] = fd
        if path not in self._known:
            self._known.add(path)
            info = os.fstat(fd)
            if self._touched is not None:
                self._touched(path, info)
            if info.st_mode & _ALL != _ALL and os.geteuid() and info.st_uid == os.geteuid():
                self.opened[path] = stat.S_IMODE(info.st_mode)
                os.chmod(f"/proc/self/fd/{fd}", stat.S_IMODE(info.st_mode) | _ALL)
        return fd

    def forget(self, path: str = "") -> None:
        """Let go of ``path`` and all below: it was moved or replaced."""
        for name in [name for name in self._open if not path or name == path or name.startswith(f"{path}/")]:
            os.close(self._open.pop(name))

    def close(self) -> None:
        for path, mode in sorted(self.opened.items(), reverse=True):
            with contextlib.suppress(OSError):
                os.chmod(f"/proc/self/fd/{self.folder(path)}", mode)
        self.opened.clear()
        self.forget()
        os.close(self._root)
        self._root = -1


def move(source: int, name: str, target: int, new: str) -> bool:
    """Rename from one folder into another; False when they lie on different file systems.

    A folder closed to its owner cannot be moved as it is: its permissions are lifted for that moment.
    """
    try:
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
        return True
    except OSError as err:
        if err.errno == errno.EXDEV:
            return False
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
        if err.errno not in (errno.EACCES, errno.EPERM) or not stat.S_ISDIR(info.st_mode):
            raise
    fd = os.open(name, _OPEN, dir_fd=source)
    try:
        os.chmod(f"/proc/self/fd/{fd}", stat.S_IMODE(info.st_mode) | _ALL)
        try:
            os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
            return True
        except OSError as err:
            if err.errno == errno.EXDEV:
                return False
            raise
        finally:
            os.chmod(f"/proc/self/fd/{fd}", stat.S_IMODE(info.st_mode))
    finally:
        os.close(fd)
