"""Single nodes of a file tree: what they are, and an exact copy of one.

A copy has the content (holes stay holes), mode, times, and extended attributes of its source; not the bookkeeping
attributes of the overlay. Names are never followed: a link is copied as a link. Fails with the OSError of the
system; a half made copy stays under the name it was given, for the caller to remove.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable

KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
OVERLAY_PREFIXES = ("user.overlay.", "trusted.overlay.", "user.fuseoverlayfs.")
_NOT_COPIED = (*OVERLAY_PREFIXES, "security.selinux", "security.ima", "security.evm", "system.nfs4_acl")
_CHUNK = 1 << 20
_SMALL = 1 << 16


def kind(info: os.stat_result) -> str:
    return KINDS.get(stat.S_IFMT(info.st_mode), "device")


def look(path: str, folder: int | None = None) -> os.stat_result | None:
    """lstat, or None for what is not there."""
    try:
        return os.stat(path, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_whiteout(path: str, info: os.stat_result) -> bool:
    if stat.S_ISCHR(info.st_mode):
        return info.st_rdev == 0
    return stat.S_ISREG(info.st_mode) and not info.st_size and has_mark(path, "whiteout")


def has_mark(path: str, name: str) -> bool:
    """Does the overlay's bookkeeping attribute ``name`` stand on it?"""
    for prefix in OVERLAY_PREFIXES:
        with contextlib.suppress(OSError):
            os.getxattr(path, prefix + name, follow_symlinks=False)
            return True
    return False


def is_opaque(path: str) -> bool:
    for prefix in OVERLAY_PREFIXES:
        with contextlib.suppress(OSError):
            if os.getxattr(path, f"{prefix}opaque", follow_symlinks=False) in (b"y", b"1"):
                return True
    return False


def attributes(path: str) -> dict[str, bytes]:
    """Extended attributes (access lists among them) that belong to the file itself."""
    out = {}
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return {}
    for name in names:
        if not name.startswith(_NOT_COPIED):
            with contextlib.suppress(OSError):
                out[name] = os.getxattr(path, name, follow_symlinks=False)
    return out


def set_attributes(path: str, wanted: dict[str, bytes], *, follow: bool = False) -> None:
    """Make the extended attributes equal to ``wanted``. What the file system cannot hold is left out."""
    try:
        present = os.listxattr(path, follow_symlinks=follow)
    except OSError:
        return
    for name in present:
        if name not in wanted and not name.startswith(_NOT_COPIED):
            _tolerant(os.removexattr, path, name, follow=follow)
    for name, value in wanted.items():
        _tolerant(os.setxattr, path, name, value, follow=follow)


def strip(path: str, mode: int) -> None:
    """Take the overlay's bookkeeping off a file, and give it its mode."""
    now = stat.S_IMODE(os.lstat(path).st_mode)
    marked = [name for name in os.listxattr(path, follow_symlinks=False) if name.startswith(OVERLAY_PREFIXES)]
    if marked and not now & 0o200 and os.geteuid():
        os.chmod(path, now | 0o200)  # an ordinary user may take it off only a file that can be written
        now |= 0o200
    for name in marked:
        _tolerant(os.removexattr, path, name, follow=False)
    if now != mode:
        os.chmod(path, mode)


def _tolerant(call: object, *args: object, follow: bool) -> None:
    try:
        call(*args, follow_symlinks=follow)  # type: ignore[operator]
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT):
            raise


def same_content(one: str, other: str) -> bool:
    """Are two files of the same size equal? An unreadable one is taken for different."""
    first = second = -1
    try:
        first = os.open(one, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        second = os.open(other, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        while True:
            part = os.read(first, _CHUNK)
            if part != os.read(second, _CHUNK):
                return False
            if len(part) < _CHUNK:
                return True
    except OSError:
        return False
    finally:
        for fd in (first, second):
            if fd >= 0:
                os.close(fd)


def copy(source: str, info: os.stat_result, mode: int, parent: int, name: str, *, owner: bool = False) -> None:
    """Make ``name`` in the folder ``parent`` a copy of ``source``; a folder without what is in it.

    ``owner``: with its owner and group, as far as we may set them.
    """
    what = stat.S_IFMT(info.st_mode)
    if what == stat.S_IFREG:
        _copy_file(source, info, mode, parent, name, owner=owner)
        return
    if what == stat.S_IFLNK:
        os.symlink(os.readlink(source), name, dir_fd=parent)
    elif what == stat.S_IFDIR:
        os.mkdir(name, 0o700, dir_fd=parent)
    elif what == stat.S_IFIFO:
        os.mkfifo(name, 0o600, dir_fd=parent)
    else:
        os.mknod(name, what | 0o600, info.st_rdev, dir_fd=parent)
    if owner:
        _give(name, info, parent)
    dress(parent, name, mode, attributes(source), (info.st_atime_ns, info.st_mtime_ns), link=what == stat.S_IFLNK)


def _give(name: str | int, info: os.stat_result, parent: int | None = None) -> None:
    if (info.st_uid, info.st_gid) != (os.getuid(), os.getgid()):
        with contextlib.suppress(OSError):
            os.chown(name, info.st_uid, info.st_gid, dir_fd=parent, follow_symlinks=isinstance(name, int))


def _copy_file(source: str, info: os.stat_result, mode: int, parent: int, name: str, *, owner: bool) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        writing = os.open(name, flags, 0o600, dir_fd=parent)
        try:
            _copy_data(reading, writing, info)
            if owner:
                _give(writing, info)
            # an ordinary user may set attributes only while the file is writable: before the mode
            names = os.listxattr(reading) or os.listxattr(writing)
            if names:
                set_attributes(f"/proc/self/fd/{writing}", attributes(source), follow=True)
            os.fchmod(writing, mode)
            os.utime(writing, ns=(info.st_atime_ns, info.st_mtime_ns))
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_data(reading: int, writing: int, info: os.stat_result) -> None:
    sparse = info.st_blocks * 512 < info.st_size
    if info.st_size <= _SMALL and not sparse:
        _write(writing, os.read(reading, _SMALL + 1))
        return
    for start, end in _extents(reading, info.st_size) if sparse else ((0, info.st_size),):
        _copy_range(reading, writing, start, end)
    if os.fstat(writing).st_size != info.st_size:
        os.ftruncate(writing, info.st_size)


def _extents(fd: int, size: int) -> Iterable[tuple[int, int]]:
    position = 0
    while position < size:
        try:
            start = os.lseek(fd, position, os.SEEK_DATA)
        except OSError:
            return  # ENXIO: only a hole is left
        position = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, position


def _copy_range(reading: int, writing: int, start: int, end: int) -> None:
    while start < end:
        try:
            done = os.copy_file_range(reading, writing, min(end - start, 1 << 30), start, start)
        except OSError as err:
            if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            part = os.pread(reading, min(_CHUNK, end - start), start)
            os.lseek(writing, start, os.SEEK_SET)
            _write(writing, part)
            done = len(part)
        if not done:
            return
        start += done


def _write(fd: int, part: bytes) -> None:
    view = memoryview(part)
    while view:
        view = view[os.write(fd, view) :]


def dress(
    parent: int,
    name: str,
    mode: int,
    wanted: dict[str, bytes] | None,
    times: tuple[int, int] | None,
    *,
    link: bool = False,
) -> None:
    """Give a node its mode, attributes (None: as they are) and times, in the order that an ordinary user needs."""
    if not link:
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            here = f"/proc/self/fd/{fd}"
            if wanted or (wanted is not None and attributes_of(here)):
                os.chmod(here, 0o700)
                set_attributes(here, wanted, follow=True)
            os.chmod(here, mode)
        finally:
            os.close(fd)
    if times is not None:
        os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)


def attributes_of(path: str) -> list[str]:
    """Names of all extended attributes, following ``path``."""
    try:
        return os.listxattr(path)
    except OSError:
        return []


def copy_tree(source: str, parent: int, name: str, *, owner: bool = False, marks: bool = False) -> None:
    """A copy of everything below ``source``. ``marks``: which folders are opaque too, to move an upper layer."""
    info = os.lstat(source)
    if stat.S_ISDIR(info.st_mode):
        _copy_folder(source, info, parent, name, owner, marks, {})
    else:
        copy(source, info, stat.S_IMODE(info.st_mode), parent, name, owner=owner)


def _copy_folder(
    source: str, info: os.stat_result, parent: int, name: str, owner: bool, marks: bool, seen: dict[int, str]
) -> None:
    os.mkdir(name, 0o700, dir_fd=parent)
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        here = os.readlink(f"/proc/self/fd/{fd}")
        for item in os.listdir(source):
            path = f"{source}/{item}"
            at = os.lstat(path)
            if stat.S_ISDIR(at.st_mode):
                _copy_folder(path, at, fd, item, owner, marks, seen)
            elif at.st_ino in seen:
                os.link(seen[at.st_ino], item, dst_dir_fd=fd, follow_symlinks=False)
            else:
                copy(path, at, stat.S_IMODE(at.st_mode), fd, item, owner=owner)
                if at.st_nlink > 1:
                    seen[at.st_ino] = f"{here}/{item}"
        if owner:
            _give(fd, info)
        if marks and is_opaque(source):
            os.setxattr(f"/proc/self/fd/{fd}", "user.overlay.opaque", b"y")
    finally:
        os.close(fd)
    times = (info.st_atime_ns, info.st_mtime_ns)
    dress(parent, name, stat.S_IMODE(info.st_mode), attributes(source), times)
