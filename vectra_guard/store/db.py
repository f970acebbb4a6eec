"""The state database: one SQLite file that every process of the user shares.

Opens, checks and migrates it, and gives the two ways to touch it: ``query`` and ``transaction``. Many processes
write at once: a writer takes its turn in short jittered steps, so that none starves. The file is the user's alone;
one with another owner or open to others is refused with what to do. One that is not a sound database is set aside
under a name that is told, and a fresh one takes its place: trust is lost then, never gained.

Every failure (wrong owner, full or read-only disk, locked for too long) is a StoreError, which callers survive:
the guard goes on without trust and without counting.
"""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from vectra_guard import paths
from vectra_guard.errors import GuardError, StoreError
from vectra_guard.store.migrations import MIGRATIONS

FILE = "state.db"
PATIENCE = 10.0
"""Seconds a process waits for its turn. A turn takes under a millisecond: only a stopped process makes others wait."""

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

T = TypeVar("T")


class Connection(sqlite3.Connection):
    """A connection that knows its file, to set it aside when it turns out to be corrupt."""

    path: str = ""
    inode: int = 0


def open(path: str | None = None) -> Connection:
    """The database, checked and migrated. Not to be shared by threads, nor carried over a fork."""
    where = os.path.expanduser(path) if path else _default_path()
    notes: list[str] = []
    for _ in range(3):
        inode = _prepare_file(where)
        try:
            conn = _connect(where, inode)
        except sqlite3.Error as err:
            if _code(err) not in CORRUPT:
                raise _failure(where, err) from err
            notes.append(set_aside(where, inode))
            continue
        return conn
    raise StoreError(f"{where}: still not a database after {'; '.join(filter(None, notes))}")


def query(conn: Connection, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
    """All rows of one reading statement."""
    try:
        return _patiently(lambda: conn.execute(sql, values).fetchall())
    except sqlite3.Error as err:
        raise _broken(conn, err) from err


@contextmanager
def transaction(conn: Connection) -> Iterator[Connection]:
    """All of the block is written, or nothing of it."""
    try:
        _patiently(lambda: conn.execute("BEGIN IMMEDIATE"))
        try:
            yield conn
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
    except sqlite3.Error as err:
        raise _broken(conn, err) from err


def set_aside(path: str, inode: int) -> str:
    """Move a corrupt database out of the way; returns the sentence that names it, or empty when another process
    was first. The write-ahead log goes first: left beside a fresh database it would be replayed into it."""
    import fcntl  # only here

    lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _inode(path) != inode:
            return ""
        _refuse_foreign_format(path)
        aside = f"{path}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        for suffix in ("-wal", "-shm", ""):
            try:
                os.rename(path + suffix, aside + suffix)
            except FileNotFoundError:
                continue
        return f"{path} was corrupt and is set aside as {aside}"
    except OSError as err:
        raise StoreError(f"{path}: corrupt, and it cannot be set aside ({err.strerror}); remove it") from err
    finally:
        os.close(lock)


def _default_path() -> str:
    try:
        return os.path.join(paths.private_dir(paths.state_dir()), FILE)
    except GuardError as err:
        raise StoreError(str(err)) from err


def _prepare_file(path: str) -> int:
    """Create the file with mode 0600, or check that it is ours alone; returns its inode.

    An existing file is only ever looked at, not opened: closing a descriptor would drop the locks that another
    connection of this process holds on it.
    """
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        info = os.stat(folder)
        if info.st_uid not in (os.getuid(), 0) or info.st_mode & 0o022:
            raise StoreError(f"{folder}: others can write to this folder; use a folder of your own for the database")
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            pass
        info = os.lstat(path)
    except OSError as err:
        raise StoreError(f"{path}: cannot be used ({err.strerror}); the guard goes on without trust") from err
    if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid():
        raise StoreError(f"{path}: not a file of yours; move it away, then try again")
    if info.st_mode & 0o077:
        raise StoreError(f"{path}: open to other users; run: chmod 600 {path}")
    return info.st_ino


def _connect(path: str, inode: int) -> Connection:
    # 0.1 s: the library's own waiting grows to steps in which a writer starves; `_patiently` starts it over
    conn = sqlite3.connect(path, timeout=0.1, isolation_level=None, factory=Connection)
    conn.path, conn.inode = path, inode
    try:
        conn.row_factory = sqlite3.Row
        _patiently(lambda: conn.execute("PRAGMA journal_mode=WAL").fetchone())
        conn.execute("PRAGMA synchronous=NORMAL")
        _migrate(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def _migrate(conn: Connection) -> None:
    def version() -> int:
        return int(_patiently(lambda: conn.execute("PRAGMA user_version").fetchone())[0])

    if version() == len(MIGRATIONS):
        return
    _patiently(lambda: conn.execute("BEGIN IMMEDIATE"))
    try:
        done = version()  # another process may have been first
        if done > len(MIGRATIONS):
            raise StoreError(f"{conn.path}: written by a newer Vectra Guard; update this one")
        for statements in MIGRATIONS[done:]:
            for statement in statements:
                conn.execute(statement)
        conn.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def _patiently(step: Callable[[], T]) -> T:
    """Run ``step``, again and again while another process has its turn."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return step()
        except sqlite3.OperationalError as err:
            if _code(err) not in BUSY or time.monotonic() > until:
                raise
        time.sleep(random.uniform(0.0005, 0.004))  # noqa: S311 - spreads writers, guards nothing


def _broken(conn: Connection, err: sqlite3.Error) -> StoreError:
    """The StoreError for a failure in use. A database found corrupt is set aside at once."""
    if _code(err) not in CORRUPT:
        return _failure(conn.path, err)
    conn.close()
    told = set_aside(conn.path, conn.inode)
    return StoreError(told or f"{conn.path}: was corrupt and has been replaced; try again")


def _failure(path: str, err: sqlite3.Error) -> StoreError:
    code = _code(err)
    if code in BUSY:
        return StoreError(f"{path}: another process kept it locked for {PATIENCE:.0f} s (is one stopped?)")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full; nothing was recorded")
    return StoreError(f"{path}: cannot be used ({err})")


def _code(err: sqlite3.Error) -> int:
    """The primary result code; extended codes carry it in their low byte."""
    return int(getattr(err, "sqlite_errorcode", 0) or 0) & 0xFF


def _inode(path: str) -> int:
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0


def _refuse_foreign_format(path: str) -> None:
    """A JSON file here is somebody's data (the original's trust.json), not a broken database."""
    import io  # this module's own `open` hides the built-in one

    with io.open(path, "rb") as file:  # noqa: UP020
        if file.read(64).lstrip()[:1] in (b"[", b"{"):
            raise StoreError(f"{path}: a JSON file, not a database; choose another path, then: vg trust import {path}")
