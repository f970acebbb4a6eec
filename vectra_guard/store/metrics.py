"""What was run, decided and answered: one row a run, and totals that outlive the rows.

A row is written with its totals in one transaction, so that no run is counted twice or not at all. Only the last
``keep`` rows stay. Commands and reasons are redacted before they are written. Averages and counts are over all
runs since the last reset; percentiles, folders and the history are over the rows that are kept.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from sqlite3 import Row
from typing import Any

from vectra_guard.redact import redact
from vectra_guard.store import db
from vectra_guard.store.text import storable

LONGEST_COMMAND = 4096
"""Characters of a command that are kept; a pasted file is no command worth reading in a history."""
LONGEST_READ = 16 * LONGEST_COMMAND
"""Characters that are looked at for secrets: what is kept must not begin behind the point where looking ended."""
DAYS_KEPT = 400
"""Days of which the counts by day stay."""
BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Upper bounds, in seconds, of the histogram of durations."""

COLUMNS = (
    "time", "command", "decision", "mode", "runtime", "level", "network", "cache_hit", "risk", "rules", "reason",
    "status", "duration", "overhead", "answer", "shell", "cwd", "trusted",
)  # fmt: skip
_INSERT = f"INSERT INTO runs ({', '.join(COLUMNS)}) VALUES ({', '.join(':' + name for name in COLUMNS)})"  # noqa: S608
_FIRST = "INSERT OR IGNORE INTO totals VALUES ('time', 'first', ?)"
_LAST = "INSERT INTO totals VALUES ('time', 'last', ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)"


@dataclass(frozen=True, slots=True)
class Run:
    """One line or command: what was decided, where it ran, how it ended."""

    time: float
    command: str
    decision: str  # host sandbox ask block
    runtime: str  # host, none (not run), or the sandbox's name
    risk: str
    mode: str = ""  # the sandbox mode in force
    level: str = ""
    network: str = ""
    cache_hit: bool | None = None  # None: no cache was in play
    rules: Sequence[str] = ()
    reason: str = ""
    status: int | None = None  # None: not known
    duration: float | None = None
    overhead: float = 0.0
    answer: str = ""  # empty: nothing was asked
    shell: str = ""
    cwd: str = ""
    trusted: bool = False

    @property
    def place(self) -> str:
        """host, sandbox, or where it went instead: blocked by the guard, declined by the user."""
        if self.runtime == "host":
            return "host"
        if self.runtime != "none":
            return "sandbox"
        return "declined" if self.answer else "blocked"

    @property
    def avoided(self) -> bool:
        """Whether it ran without a question only thanks to the sandbox or to trust."""
        sandboxed = self.place == "sandbox" and self.risk != "low"
        return not self.answer and (sandboxed or (self.trusted and self.place == "host"))


class MetricsStore:
    """The runs of one user."""

    def __init__(self, conn: db.Connection, keep: int = 100) -> None:
        self._conn = conn
        self._keep = keep

    def record(self, run: Run) -> None:
        self.record_many((run,))

    def record_many(self, runs: Iterable[Run]) -> None:
        """Write rows and totals together, all or nothing."""
        prepared = [(run, _values(run)) for run in runs]
        sums: dict[tuple[str, str], float] = {}
        for run, _ in prepared:
            for entry, value in _counts(run):
                sums[entry] = sums.get(entry, 0.0) + value
        with db.transaction(self._conn):
            self._conn.executemany(_INSERT, [values for _, values in prepared])
            self._conn.executemany(
                "INSERT INTO totals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
                [(kind, name, value) for (kind, name), value in sums.items()],
            )
            self._conn.executemany(_FIRST, [(run.time,) for run, _ in prepared])
            self._conn.executemany(_LAST, [(run.time,) for run, _ in prepared])
            self._conn.execute("DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?", (self._keep,))
            oldest = _day(max((run.time for run, _ in prepared), default=0.0) - DAYS_KEPT * 86400)
            self._conn.execute("DELETE FROM totals WHERE kind = 'day' AND name < ?", (oldest,))

    def history(self, last: int | None = None) -> tuple[Run, ...]:
        """The last runs, oldest first; all that are kept unless ``last`` says fewer."""
        count = self._keep if last is None else last
        rows = db.query(self._conn, "SELECT * FROM runs ORDER BY id DESC LIMIT ?", (count,))
        return tuple(_run(row) for row in reversed(rows))

    def totals(self) -> dict[str, dict[str, float]]:
        """Kind -> name -> sum, since the last reset."""
        found: dict[str, dict[str, float]] = {}
        for row in db.query(self._conn, "SELECT kind, name, value FROM totals ORDER BY kind, name"):
            found.setdefault(row["kind"], {})[row["name"]] = row["value"]
        return found

    def days(self, last: int = 90) -> dict[str, dict[str, float]]:
        """Day -> place (host, sandbox, blocked, declined) and prompts (asked, avoided) -> count, oldest first, for the
        last days on which anything was counted, with the empty days between them."""
        found: dict[str, dict[str, float]] = {}
        for name, value in self.totals().get("day", {}).items():
            day, _, what = name.partition(" ")
            found.setdefault(day, {})[what] = value
        if not found:
            return {}
        first, final = (date.fromisoformat(day) for day in (min(found), max(found)))
        first = max(first, final - timedelta(days=last - 1))
        every = (str(first + timedelta(days=n)) for n in range((final - first).days + 1))
        return {day: found.get(day, {}) for day in every}

    def durations(self) -> dict[str, float]:
        """Upper bound in seconds -> how many runs took at most that and more than the one before."""
        counts = self.totals().get("duration", {})
        return {name: counts.get(name, 0) for name in (*map(str, BUCKETS), "+Inf")}

    def summary(self, last: int | None = None) -> dict[str, Any]:
        """Everything at a glance, with the original system's names. Durations are in seconds."""
        totals = self.totals()
        runs = self.history(last)
        place = totals.get("place", {})
        sums, times = totals.get("sum", {}), totals.get("time", {})
        host, sandbox = int(place.get("host", 0)), int(place.get("sandbox", 0))
        timed = sums.get("timed", 0)
        cached, cacheable = int(sums.get("cache_hit", 0)), int(sums.get("cacheable", 0))
        durations = [run.duration for run in runs if run.duration is not None and run.place in ("host", "sandbox")]
        overheads = [run.overhead for run in runs if run.place == "sandbox"]
        judged = [run.overhead for run in runs if run.place == "host" and not run.answer]
        return {
            "total_executions": host + sandbox,
            "host_executions": host,
            "sandbox_executions": sandbox,
            "cached_executions": cached,
            "average_duration": sums.get("duration", 0.0) / timed if timed else 0.0,
            "by_risk_level": _whole(totals.get("risk")),
            "by_runtime": _whole(totals.get("runtime")),
            "execution_history": [to_json(run) for run in runs],
            "last_updated": _iso(times["last"]) if times else None,
            "since": _iso(times["first"]) if times else None,
            "total_judged": int(sum(place.values())),
            "blocked": int(place.get("blocked", 0)),
            "declined": int(place.get("declined", 0)),
            "asked": int(sums.get("asked", 0)),
            "avoided": int(sums.get("avoided", 0)),
            "cache_hit_rate": cached / cacheable if cacheable else None,
            "p50_duration": percentile(durations, 50),
            "p95_duration": percentile(durations, 95),
            "p50_overhead": percentile(overheads, 50),
            "p95_overhead": percentile(overheads, 95),
            "p50_line_overhead": percentile(judged, 50),
            "p95_line_overhead": percentile(judged, 95),
            "by_decision": _whole(totals.get("decision")),
            "by_answer": _whole(totals.get("answer")),
            "by_rule": _whole(totals.get("rule")),
            "by_shell": _whole(totals.get("shell")),
            "by_folder": _tally(run.cwd for run in runs),
        }

    def reset(self) -> None:
        """Forget every run and every total."""
        with db.transaction(self._conn):
            self._conn.execute("DELETE FROM runs")
            self._conn.execute("DELETE FROM totals")


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None


def to_json(run: Run) -> dict[str, Any]:
    """One run with plain values: the original's names first, then ours."""
    data = asdict(run)
    return {
        "timestamp": _iso(data.pop("time")),
        "command": data.pop("command"),
        "mode": run.place,
        "runtime": data.pop("runtime"),
        "duration": data.pop("duration"),
        "risk_level": data.pop("risk"),
        "cached": run.cache_hit is True,
        "exit_code": data.pop("status"),
        "reason": data.pop("reason"),
        "sandbox_mode": data.pop("mode"),
        "rules": list(data.pop("rules")),
        **data,
    }


def _counts(run: Run) -> Iterable[tuple[tuple[str, str], float]]:
    """What a run adds to which totals."""
    day = _day(run.time)
    yield ("place", run.place), 1
    yield ("day", f"{day} {run.place}"), 1
    yield ("decision", run.decision), 1
    yield ("risk", run.risk), 1
    yield ("shell", run.shell), 1
    yield ("runtime", run.runtime), 1
    for rule in dict.fromkeys(run.rules):
        yield ("rule", rule), 1
    if run.answer:
        yield ("answer", run.answer), 1
        yield ("sum", "asked"), 1
        yield ("day", f"{day} asked"), 1
    if run.avoided:
        yield ("sum", "avoided"), 1
        yield ("day", f"{day} avoided"), 1
    if run.cache_hit is not None:
        yield ("sum", "cacheable"), 1
        yield ("sum", "cache_hit"), float(run.cache_hit)
    if run.duration is not None and run.place in ("host", "sandbox"):
        yield ("sum", "timed"), 1
        yield ("sum", "duration"), run.duration
        bound = next((str(b) for b in BUCKETS if run.duration <= b), "+Inf")
        yield ("duration", bound), 1


def _values(run: Run) -> dict[str, Any]:
    values = asdict(run)
    values["command"] = storable(redact(run.command[:LONGEST_READ])[:LONGEST_COMMAND])
    values["reason"] = storable(redact(run.reason))
    values["cwd"] = storable(run.cwd)
    values["rules"] = json.dumps(list(run.rules))
    return values


def _run(row: Row) -> Run:
    values = {name: row[name] for name in COLUMNS}
    values["rules"] = tuple(json.loads(row["rules"]))
    values["cache_hit"] = None if row["cache_hit"] is None else bool(row["cache_hit"])
    values["trusted"] = bool(row["trusted"])
    return Run(**values)


def _whole(counts: dict[str, float] | None) -> dict[str, int]:
    return {name: int(value) for name, value in (counts or {}).items() if name}


def _tally(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        if name:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _day(seconds: float) -> str:
    """The day in the user's own zone."""
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"
