"""Real processes at once: nothing is lost, nothing is counted twice, and no kill leaves a broken store."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.store.helpers import finish, start
from vectra_guard.store import db
from vectra_guard.store.metrics import MetricsStore
from vectra_guard.store.trust import TrustStore

PROCESSES = 24
ROUNDS = 25

WORK = """
import sys, time
from vectra_guard.store import db
from vectra_guard.store.metrics import MetricsStore, Run
from vectra_guard.store.trust import TrustStore
path, me, rounds, shared, limited = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
got = 0
for number in range(rounds):
    conn = db.open(path)  # as every `vg exec` does
    trust = TrustStore(conn)
    entry = trust.add(f"{me}-{number}", "cmd", now=time.time(), scope="anywhere")
    assert trust.use([shared], time.time()) == (shared,)
    got += len(trust.use([limited], time.time()))
    if number % 2:
        assert trust.remove([entry.id]) == 1
    MetricsStore(conn).record(Run(time.time(), "cmd", "host", "host", "low", status=0, duration=0.001))
    conn.close()
print(got)
"""
ENDLESS = """
import sys, time
from vectra_guard.store import db
from vectra_guard.store.metrics import MetricsStore, Run
from vectra_guard.store.trust import TrustStore
number = 0
while True:
    conn = db.open(sys.argv[1])
    for _ in range(5):
        number += 1
        MetricsStore(conn, keep=20).record(Run(time.time(), "cmd" * 300, "host", "host", "low", rules=("r",)))
        TrustStore(conn).add(f"{sys.argv[2]}-{number}", "cmd", now=time.time(), scope="anywhere", max_uses=1)
        TrustStore(conn).clean(time.time())
"""


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")  # not there yet: they create and migrate it at once, too
    warm = TrustStore(db.open(str(tmp_path / "other.db")))
    assert warm.list() == ()
    store = TrustStore(db.open(path))
    shared = store.add("shared", "x", now=time.time(), scope="anywhere").id
    limited = store.add("limited", "x", now=time.time(), scope="anywhere", max_uses=100).id
    running = [start(WORK, path, f"p{n}", str(ROUNDS), shared, limited) for n in range(PROCESSES)]
    for process in running:
        finish(process)
    total = PROCESSES * ROUNDS
    kept = store.get(shared)
    assert kept
    assert kept.use_count == total
    used_up = store.get(limited)
    assert used_up
    assert used_up.use_count == 100
    left = PROCESSES * (ROUNDS - ROUNDS // 2)
    assert len(store.list()) == left + 2
    summary = MetricsStore(db.open(path)).summary()
    assert summary["total_executions"] == summary["by_risk_level"]["low"] == total
    assert len(summary["execution_history"]) == 100


def test_first_open_by_many_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    code = "import sys; from vectra_guard.store import db; from vectra_guard.store.trust import TrustStore;"
    code += "TrustStore(db.open(sys.argv[1])).add(sys.argv[2], 'x', now=1.0, scope='anywhere')"
    for process in [start(code, path, f"p{n}") for n in range(20)]:
        finish(process)
    assert len(TrustStore(db.open(path)).list()) == 20


def test_corrupt_file_met_by_many_at_once_is_set_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database" * 1000)
    path.chmod(0o600)
    code = "import sys; from vectra_guard.store import db; from vectra_guard.store.trust import TrustStore;"
    code += "TrustStore(db.open(sys.argv[1])).add(sys.argv[2], 'x', now=1.0, scope='anywhere')"
    for process in [start(code, str(path), f"p{n}") for n in range(12)]:
        finish(process)
    assert len(TrustStore(db.open(str(path))).list()) == 12
    assert len(list(tmp_path.glob("a.db.corrupt-*"))) == 1


@pytest.mark.slow
def test_kill_at_any_moment_leaves_a_sound_store(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    db.open(path).close()
    dice = random.Random(7)
    for generation in range(12):
        running = [start(ENDLESS, path, f"g{generation}p{n}") for n in range(3)]
        time.sleep(dice.uniform(0.15, 0.6))
        for process in running:
            process.send_signal(signal.SIGKILL)
        for process in running:
            process.communicate(timeout=20)
            assert process.returncode == -signal.SIGKILL
        conn = db.open(path)
        assert db.query(conn, "PRAGMA integrity_check")[0][0] == "ok"
        totals = MetricsStore(conn).totals()
        # one row is counted under both, or under none
        assert sum(totals.get("place", {}).values()) == sum(totals.get("risk", {}).values())
        conn.close()
    assert list(tmp_path.glob("*corrupt*")) == []
