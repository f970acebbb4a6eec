"""Every run is counted once, totals outlive rows, nothing secret is written."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from vectra_guard.config.schema import Config, Metrics, Sandbox
from vectra_guard.store import db, record
from vectra_guard.store.export import FORMATS
from vectra_guard.store.metrics import MetricsStore, Run, percentile

HOST = Run(1000.0, "git status", "host", "host", "low", status=0, duration=0.5, shell="zsh", cwd="/a")
BOXED = Run(
    1001.0, "npm install x", "sandbox", "bubblewrap", "medium", mode="auto", level="balanced", network="restricted",
    cache_hit=True, rules=("install.npm",), reason="networked install", status=7, duration=1.5, overhead=0.05,
    shell="bash", cwd="/b",
)  # fmt: skip
MISSED = replace(BOXED, cache_hit=False)
BLOCKED = Run(1002.0, "rm -rf /", "block", "none", "critical", rules=("delete.root",), status=3)
DECLINED = Run(1003.0, "git push -f", "ask", "none", "high", answer="no", status=3)
ASKED = Run(1004.0, "git push -f", "host", "host", "high", answer="host", status=0, duration=1.0)
TRUSTED = Run(1005.0, "git push -f", "host", "host", "high", trusted=True, status=0, duration=1.0)
ALL = (HOST, BOXED, MISSED, BLOCKED, DECLINED, ASKED, TRUSTED)


@pytest.fixture
def store(tmp_path: Path) -> MetricsStore:
    return MetricsStore(db.open(str(tmp_path / "a.db")))


def test_summary_counts_each_run_where_it_belongs(store: MetricsStore) -> None:
    for run in ALL:
        store.record(run)
    summary = store.summary()
    assert {name: summary[name] for name in summary if name.endswith("_executions")} == {
        "total_executions": 5, "host_executions": 3, "sandbox_executions": 2, "cached_executions": 1,
    }  # fmt: skip
    assert summary["average_duration"] == pytest.approx((0.5 + 1.5 + 1.5 + 1.0 + 1.0) / 5)
    assert summary["by_risk_level"] == {"low": 1, "medium": 2, "critical": 1, "high": 3}
    assert summary["by_runtime"] == {"host": 3, "bubblewrap": 2, "none": 2}
    assert summary["last_updated"] == "1970-01-01T00:16:45.000Z"
    assert (summary["blocked"], summary["declined"], summary["total_judged"]) == (1, 1, 7)
    assert (summary["asked"], summary["avoided"]) == (2, 3)
    assert summary["cache_hit_rate"] == 0.5
    assert (summary["p50_duration"], summary["p95_duration"]) == (1.0, 1.5)
    assert (summary["p50_overhead"], summary["p95_overhead"]) == (0.05, 0.05)
    assert summary["by_rule"] == {"install.npm": 2, "delete.root": 1}
    assert summary["by_shell"] == {"zsh": 1, "bash": 2}
    assert summary["by_folder"] == {"/b": 2, "/a": 1}
    assert summary["by_answer"] == {"no": 1, "host": 1}
    assert json.loads(json.dumps(summary)) == summary


def test_history_has_the_originals_names(store: MetricsStore) -> None:
    store.record(BOXED)
    (item,) = store.summary()["execution_history"]
    assert {
        "command": "npm install x", "mode": "sandbox", "runtime": "bubblewrap", "duration": 1.5, "cached": True,
        "risk_level": "medium", "exit_code": 7, "reason": "networked install", "timestamp": "1970-01-01T00:16:41.000Z",
    }.items() <= item.items()  # fmt: skip


def test_a_run_comes_back_as_it_was(store: MetricsStore) -> None:
    store.record_many(ALL)
    assert store.history() == ALL
    assert store.history(2) == ALL[-2:]


def test_nothing_yet(store: MetricsStore) -> None:
    summary = store.summary()
    assert summary["total_executions"] == 0
    assert summary["average_duration"] == 0.0
    assert summary["last_updated"] is summary["cache_hit_rate"] is summary["p95_duration"] is None
    store.record_many(())
    assert store.history() == ()


def test_totals_outlive_the_rows(tmp_path: Path) -> None:
    store = MetricsStore(db.open(str(tmp_path / "a.db")), keep=5)
    for number in range(12):
        store.record(replace(HOST, time=float(number)))
    assert [run.time for run in store.history()] == [7.0, 8.0, 9.0, 10.0, 11.0]
    assert store.summary()["total_executions"] == 12
    store.reset()
    assert store.summary()["total_executions"] == len(store.history()) == 0
    MetricsStore(db.open(str(tmp_path / "a.db")), keep=0).record(HOST)
    assert store.history() == ()
    assert store.summary()["total_executions"] == 1


def test_secrets_and_pasted_files_are_not_stored(store: MetricsStore, tmp_path: Path) -> None:
    store.record(replace(HOST, command="TOKEN=s3cr3tvalue x \udcff " + "y" * 10_000, reason="password=s3cr3tvalue"))
    assert not any(b"s3cr3tvalue" in path.read_bytes() for path in tmp_path.iterdir())
    (run,) = store.history()
    assert len(run.command) == 4096


def test_csv_is_one_row_a_run_and_no_formula(store: MetricsStore) -> None:
    store.record_many((BOXED, replace(HOST, command="=HYPERLINK(1)", reason='a\nb,"c"')))
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](store, 100))))
    assert [row["command"] for row in rows] == ["npm install x", "'=HYPERLINK(1)"]
    assert rows[1]["reason"] == 'a\nb,"c"'
    assert rows[0]["rules"] == "install.npm"


def test_prometheus_text(store: MetricsStore) -> None:
    store.record_many((*ALL, replace(BLOCKED, rules=('a"\\\n',))))
    text = FORMATS["prometheus"](store, 100)
    assert 'vectra_guard_runs_total{place="sandbox"} 2\n' in text
    assert 'vectra_guard_rule_hits_total{rule="a\\"\\\\\\n"} 1\n' in text
    assert 'vectra_guard_duration_seconds_bucket{le="1.0"} 3\n' in text
    assert 'vectra_guard_duration_seconds_bucket{le="+Inf"} 5\n' in text
    assert "vectra_guard_duration_seconds_count 5\n" in text
    assert all(line.startswith(("#", "vectra_guard_")) for line in text.splitlines())


def test_json_export_is_the_summary(store: MetricsStore) -> None:
    store.record_many(ALL)
    assert json.loads(FORMATS["json"](store, 3))["execution_history"] == store.summary(3)["execution_history"]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([1.0], 50, 1.0), ([1.0], 95, 1.0), ([1, 2, 3, 4], 50, 2), (list(range(1, 101)), 95, 95)],
)
def test_percentile_is_the_nearest_rank(values: list[float], percent: int, expected: float | None) -> None:
    assert percentile(values, percent) == expected


def fields(run: Run) -> dict[str, object]:
    return {"command": run.command, "decision": run.decision, "runtime": run.runtime, "risk": run.risk}


def test_finished_runs_are_counted_as_configured(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    both = Config(sandbox=Sandbox(trust_store_path=path), metrics=Metrics(history=1))
    off = replace(both, metrics=Metrics(enabled=False))
    host_only = replace(both, sandbox=Sandbox(trust_store_path=path, enable_metrics=False))
    for config in (both, off, host_only):
        for run in (HOST, BOXED):
            assert record.finished(config, **fields(run)) == ""  # type: ignore[arg-type]
    summary = MetricsStore(db.open(path)).summary()
    assert (summary["host_executions"], summary["sandbox_executions"]) == (2, 1)
    assert len(summary["execution_history"]) == 1


def test_metrics_off_writes_nothing_at_all(tmp_path: Path) -> None:
    config = Config(sandbox=Sandbox(trust_store_path=str(tmp_path / "a.db")), metrics=Metrics(enabled=False))
    assert record.finished(config, **fields(HOST)) == ""  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_used_is_said_not_raised(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = Config(sandbox=Sandbox(trust_store_path=str(tmp_path / "file" / "a.db")))
    assert "cannot be used" in record.finished(config, **fields(HOST))  # type: ignore[arg-type]


def test_a_store_kept_open_follows_the_configuration_and_recovers(tmp_path: Path) -> None:
    one, two = (Config(sandbox=Sandbox(trust_store_path=str(tmp_path / name / "a.db"))) for name in ("one", "two"))
    (tmp_path / "two").write_text("in the way")
    keeper = record.Keeper()
    assert keeper.finished(one, **fields(HOST)) == ""  # type: ignore[arg-type]
    assert "cannot be used" in keeper.finished(two, **fields(HOST))  # type: ignore[arg-type]
    (tmp_path / "two").unlink()
    for config in (two, one, one):
        assert keeper.finished(config, **fields(HOST)) == ""  # type: ignore[arg-type]
    keeper.close()
    counts = [MetricsStore(db.open(c.sandbox.trust_store_path)).summary()["total_executions"] for c in (one, two)]
    assert counts == [3, 1]
