"""The database file: private, migrated, set aside when corrupt, and every failure one that callers survive."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from vectra_guard.errors import StoreError
from vectra_guard.store import db
from vectra_guard.store.migrations import MIGRATIONS
from vectra_guard.store.trust import TrustStore

FULL = """
import resource, sys
from vectra_guard.errors import StoreError
from vectra_guard.store import db
from vectra_guard.store.metrics import MetricsStore, Run
store = MetricsStore(db.open(sys.argv[1]), keep=10**6)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))  # what a full disk looks like to one process
try:
    for number in range(10_000):
        store.record(Run(float(number), "x" * 2000, "host", "host", "low"))
except StoreError as err:
    print(err)
    sys.exit(0)
sys.exit(1)
"""
READ_ONLY = """
import os, sys
from vectra_guard.errors import StoreError
from vectra_guard.store import db, trust
os.setuid(65534)  # root can write everywhere
try:
    db.open(sys.argv[1])
except StoreError as err:
    print(err)
    sys.exit(0)
sys.exit(1)
"""


def test_default_place_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    conn = db.open()
    TrustStore(conn).add("f", "ls", now=1.0, scope="anywhere")
    folder = Path(conn.path).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}


def test_is_wal_and_migrated(tmp_path: Path) -> None:
    conn = db.open(str(tmp_path / "a.db"))
    assert db.query(conn, "PRAGMA journal_mode")[0][0] == "wal"
    assert db.query(conn, "PRAGMA user_version")[0][0] == len(MIGRATIONS)


def test_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    conn = db.open(str(path))
    conn.execute("PRAGMA user_version=999")
    conn.close()
    with pytest.raises(StoreError, match="newer"):
        db.open(str(path))
    assert list(tmp_path.glob("*corrupt*")) == []


def test_failed_transaction_writes_nothing(tmp_path: Path) -> None:
    conn = db.open(str(tmp_path / "a.db"))
    with pytest.raises(RuntimeError), db.transaction(conn):
        conn.execute("INSERT INTO totals VALUES ('a', 'b', 1)")
        raise RuntimeError
    assert db.query(conn, "SELECT * FROM totals") == []
    with db.transaction(conn):
        conn.execute("INSERT INTO totals VALUES ('a', 'b', 1)")
    assert len(db.query(conn, "SELECT * FROM totals")) == 1


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
def test_file_open_to_others_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.db"
    db.open(str(path)).close()
    path.chmod(mode)
    with pytest.raises(StoreError, match=f"chmod 600 {path}"):
        db.open(str(path))


def test_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(StoreError, match="others can write"):
        db.open(str(folder / "a.db"))


def test_link_is_refused(tmp_path: Path) -> None:
    db.open(str(tmp_path / "a.db")).close()
    (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
    with pytest.raises(StoreError, match="not a file of yours"):
        db.open(str(tmp_path / "link.db"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_wrong_owner_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    db.open(str(path)).close()
    os.chown(path, 65534, 65534)
    with pytest.raises(StoreError, match="not a file of yours"):
        db.open(str(path))


def test_garbage_is_set_aside_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"no database at all" * 100)
    path.chmod(0o600)
    conn = db.open(str(path))
    assert TrustStore(conn).list() == ()
    aside = list(tmp_path.glob("a.db.corrupt-*"))
    assert len(aside) == 1
    assert aside[0].read_bytes().startswith(b"no database")


def test_corruption_found_later_is_set_aside_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    conn = db.open(str(path))
    store = TrustStore(conn)
    for number in range(300):
        store.add(f"f{number}", "ls " * 50, now=1.0, scope="anywhere")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    size = path.stat().st_size
    with open(path, "r+b") as file:  # the header stays sound, the pages do not
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    store = TrustStore(db.open(str(path)))
    with pytest.raises(StoreError, match="set aside"):
        store.list()
    assert TrustStore(db.open(str(path))).list() == ()
    assert len([p for p in tmp_path.glob("a.db.corrupt-*") if not p.name.endswith(("-wal", "-shm"))]) == 1


def test_somebody_elses_json_is_never_moved(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_text('[{"command": "ls"}]' + " " * 1000)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="vg trust import"):
        db.open(str(path))
    assert path.read_text().startswith("[")


def test_full_disk_is_a_store_error_and_the_store_stays_sound(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    done = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert path in done.stdout
    conn = db.open(path)
    assert db.query(conn, "PRAGMA integrity_check")[0][0] == "ok"


def test_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    if os.getuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(StoreError, match="without trust"):
            db.open(str(tmp_path / "a.db"))
        return
    tmp_path.chmod(0o555)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(tmp_path / "a.db")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "without trust" in done.stdout


def test_a_stopped_writer_delays_but_never_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "PATIENCE", 0.3)
    path = str(tmp_path / "a.db")
    db.open(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    conn = db.open(path)
    assert TrustStore(conn).list() == ()  # readers do not wait
    with pytest.raises(StoreError, match="locked"):
        TrustStore(conn).add("f", "ls", now=1.0, scope="anywhere")
    holder.execute("ROLLBACK")
    TrustStore(conn).add("f", "ls", now=1.0, scope="anywhere")
