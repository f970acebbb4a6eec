"""The metrics for other programs: JSON, CSV (one row a run), and the text format that Prometheus reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable

from vectra_guard.store.metrics import BUCKETS, MetricsStore, to_json

PREFIX = "vectra_guard"
LABELS = (
    ("place", "runs_total", "place", "Lines and commands judged, by where they went."),
    ("decision", "decisions_total", "decision", "Decisions, by outcome."),
    ("risk", "risk_total", "risk", "Decisions, by risk."),
    ("runtime", "runtime_total", "runtime", "Runs, by runtime."),
    ("answer", "answers_total", "answer", "Questions, by answer."),
    ("rule", "rule_hits_total", "rule", "Findings, by rule."),
    ("shell", "shell_total", "shell", "Decisions, by shell."),
)
SUMS = (
    ("asked", "prompts_asked_total", "Questions asked."),
    ("avoided", "prompts_avoided_total", "Runs that needed no question thanks to the sandbox or to trust."),
    ("cacheable", "cacheable_total", "Runs with a package cache."),
    ("cache_hit", "cache_hits_total", "Runs that a package cache served."),
)


def as_json(store: MetricsStore, last: int) -> str:
    return json.dumps(store.summary(last), indent=2) + "\n"


def as_csv(store: MetricsStore, last: int) -> str:
    """A header, then one row a run. A cell that a spreadsheet would take for a formula is made text."""
    rows = [to_json(run) for run in store.history(last)]
    out = io.StringIO()
    names = list(rows[0]) if rows else ["timestamp", "command"]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([cell(row[name]) for name in names])
    return out.getvalue()


def as_prometheus(store: MetricsStore, last: int) -> str:
    """Totals only; ``last`` does not matter here."""
    del last
    totals = store.totals()
    lines: list[str] = []
    for kind, name, label, doc in LABELS:
        lines += _header(name, "counter", doc)
        for key, value in totals.get(kind, {}).items():
            lines.append(f'{PREFIX}_{name}{{{label}="{_escape(key)}"}} {value:.0f}')
    sums = totals.get("sum", {})
    for key, name, doc in SUMS:
        lines += [*_header(name, "counter", doc), f"{PREFIX}_{name} {sums.get(key, 0):.0f}"]
    lines += _header("duration_seconds", "histogram", "Duration of runs.")
    lines += _histogram(totals.get("duration", {}))
    lines += [f"{PREFIX}_duration_seconds_sum {sums.get('duration', 0.0):.6f}"]
    lines += [f"{PREFIX}_duration_seconds_count {sums.get('timed', 0):.0f}"]
    return "\n".join(lines) + "\n"


FORMATS: dict[str, Callable[[MetricsStore, int], str]] = {
    "json": as_json,
    "csv": as_csv,
    "prometheus": as_prometheus,
}


def _histogram(buckets: dict[str, float]) -> Iterable[str]:
    below = 0.0
    for bound in (*map(str, BUCKETS), "+Inf"):
        below += buckets.get(bound, 0)
        yield f'{PREFIX}_duration_seconds_bucket{{le="{bound}"}} {below:.0f}'


def _header(name: str, kind: str, doc: str) -> list[str]:
    return [f"# HELP {PREFIX}_{name} {doc}", f"# TYPE {PREFIX}_{name} {kind}"]


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def cell(value: object) -> object:
    """A value for CSV; what a spreadsheet would take for a formula is made text."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
