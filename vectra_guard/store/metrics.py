"""What ran, where, with which decision, and what it cost. Commands are redacted before they are written.

Totals are kept apart from the rows and survive pruning; the rows are the last ``metrics.history`` runs. Every write is
one transaction: processes at once lose nothing. Durations are seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Any

from vectra_guard.redact import redact
from vectra_guard.store import db
from vectra_guard.store.text import storable

KEPT = 100
LONGEST = 4096
"""Characters of a command that are kept."""

SAMPLES = 10_000
"""Rows looked at for percentiles, the newest."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, or one line that was not let run (runtime ``none``)."""

    time: float
    command: str
    decision: str  # what was done: host, sandbox, block (an ask ends as one of them)
    runtime: str  # host, none, bubblewrap, podman, docker
    risk: str
    mode: str = ""
    level: str = ""
    network: str = ""
    cache_hit: bool | None = None
    rules: Sequence[str] = field(default=())
    reason: str = ""
    status: int | None = None
    duration: float | None = None
    overhead: float = 0.0
    answer: str = ""  # what a person answered; empty: was not asked
    shell: str = ""
    cwd: str = ""
    trusted: bool = False


class MetricsStore:
    """The runs of one user."""

    def __init__(self, conn: db.Connection) -> None:
        self._conn = conn

    def record(self, run: Run, keep: int = KEPT) -> None:
        self.record_many([run], keep)

    def record_many(self, runs: Iterable[Run], keep: int = KEPT) -> None:
        with db.transaction(self._conn):
            for run in runs:
                self._conn.execute(
                    "INSERT INTO runs (time, command, decision, mode, runtime, level, network, cache_hit, risk, rules,"
                    " reason, status, duration, overhead, answer, shell, cwd, trusted)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    _values(run),
                )
                self._count(run)
            self._conn.execute(
                "DELETE FROM runs WHERE id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?)", (max(keep, 0),)
            )

    def _count(self, run: Run) -> None:
        sandboxed = run.runtime not in ("host", "none")
        counts: list[tuple[str, str, float]] = [
            ("count", "total", 1),
            ("count", "sandbox" if sandboxed else ("host" if run.runtime == "host" else "blocked"), 1),
            ("risk", run.risk, 1),
            ("runtime", run.runtime, 1),
            ("decision", run.decision, 1),
            ("shell", run.shell or "other", 1),
            *(("rule", rule, 1) for rule in run.rules),
        ]
        if run.answer:
            counts.append(("count", "asked", 1))
        elif run.trusted or sandboxed:
            counts.append(("count", "avoided", 1))
        if run.cache_hit is not None:
            counts += [("count", "cacheable", 1), ("count", "cached", int(run.cache_hit))]
        if run.duration is not None:
            counts += [("sum", "duration", run.duration), ("count", "timed", 1)]
        for kind, name, value in counts:
            self._conn.execute(
                "INSERT INTO totals VALUES (?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET value = value + excluded.value",
                (kind, name, value),
            )

    def history(self, count: int = KEPT) -> list[dict[str, Any]]:
        """The newest runs, newest first."""
        return [_row(row) for row in db.query(self._conn, "SELECT * FROM runs ORDER BY id DESC LIMIT ?", (count,))]

    def summary(self) -> dict[str, Any]:
        """Under the original system's names, and more."""
        totals = db.query(self._conn, "SELECT kind, name, value FROM totals ORDER BY kind, value DESC")
        by: dict[str, dict[str, float]] = {}
        for row in totals:
            by.setdefault(row["kind"], {})[row["name"]] = row["value"]
        counts = {name: int(value) for name, value in by.get("count", {}).items()}
        timed, cacheable = counts.get("timed", 0), counts.get("cacheable", 0)
        samples = db.query(
            self._conn, "SELECT time, duration, overhead FROM runs ORDER BY id DESC LIMIT ?", (SAMPLES,)
        )
        durations = sorted(row["duration"] for row in samples if row["duration"] is not None)
        overheads = sorted(row["overhead"] for row in samples)
        return {
            "total_executions": counts.get("total", 0),
            "host_executions": counts.get("host", 0),
            "sandbox_executions": counts.get("sandbox", 0),
            "cached_executions": counts.get("cached", 0),
            "average_duration": by.get("sum", {}).get("duration", 0.0) / timed if timed else 0.0,
            "by_risk_level": _whole(by.get("risk", {})),
            "by_runtime": _whole(by.get("runtime", {})),
            "execution_history": self.history(),
            "last_updated": _iso(samples[0]["time"]) if samples else None,
            "blocked": counts.get("blocked", 0),
            "asked": counts.get("asked", 0),
            "avoided": counts.get("avoided", 0),
            "cache_hit_rate": counts.get("cached", 0) / cacheable if cacheable else None,
            "p50_duration": percentile(durations, 0.5),
            "p95_duration": percentile(durations, 0.95),
            "p50_overhead": percentile(overheads, 0.5),
            "p95_overhead": percentile(overheads, 0.95),
            "by_decision": _whole(by.get("decision", {})),
            "by_rule": _whole(by.get("rule", {})),
            "by_shell": _whole(by.get("shell", {})),
        }

    def reset(self) -> None:
        with db.transaction(self._conn):
            self._conn.execute("DELETE FROM runs")
            self._conn.execute("DELETE FROM totals")


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` of all do not exceed (nearest rank)."""
    if not ordered:
        return None
    return ordered[max(0, min(len(ordered) - 1, -(-int(share * len(ordered) * 1000) // 1000) - 1))]


def _values(run: Run) -> tuple[Any, ...]:
    command = storable(redact(run.command[:LONGEST]))
    return (
        run.time, command, run.decision, run.mode, run.runtime, run.level, run.network, run.cache_hit, run.risk,
        json.dumps(list(run.rules)), storable(redact(run.reason)), run.status, run.duration, run.overhead, run.answer,
        run.shell, storable(run.cwd), run.trusted,
    )  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    data = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates its values
    data["rules"] = json.loads(row["rules"])
    data["cache_hit"] = None if row["cache_hit"] is None else bool(row["cache_hit"])
    data["trusted"] = bool(row["trusted"])
    data["time"] = _iso(row["time"])
    return data


def _whole(counts: dict[str, float]) -> dict[str, int]:
    return {name: int(value) for name, value in counts.items()}


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03d}Z"
