"""``vg metrics``: what ran, where, with which decision, and what it cost.

``show --json`` has the original system's field names and more. ``reset`` asks first. Exit status 0; 3 when the answer
to ``reset`` is no; 125 when the store cannot be used.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from vectra_guard.errors import Refused
from vectra_guard.report.notice import visible

if TYPE_CHECKING:
    import argparse

    from vectra_guard.store.metrics import MetricsStore


def run(args: list[str]) -> int:
    options = _parser().parse_args(args or ["show"])
    if not options.action:
        options = _parser().parse_args(["show", *args])
    actions = {"show": _show, "history": _history, "export": _export, "reset": _reset}
    return actions[options.action](options, _store())


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg metrics", description="What ran, where, and what it cost.", epilog="example: vg metrics show --json"
    )
    actions = parser.add_subparsers(dest="action", metavar="show|history|export|reset")
    actions.add_parser("show").add_argument("--json", action="store_true", help="for programs")
    history = actions.add_parser("history")
    history.add_argument("--json", action="store_true", help="for programs")
    history.add_argument("-n", type=int, default=20, help="how many (20)")
    export = actions.add_parser("export", epilog="example: vg metrics export --format prometheus")
    export.add_argument("--format", choices=("json", "csv", "prometheus"), default="json")
    actions.add_parser("reset").add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _store() -> MetricsStore:
    from vectra_guard.config import layers
    from vectra_guard.guard import working_directory
    from vectra_guard.store import db
    from vectra_guard.store.metrics import MetricsStore

    config = layers.load(working_directory()).config
    return MetricsStore(db.open(config.sandbox.trust_store_path or None))


def _show(options: argparse.Namespace, store: MetricsStore) -> int:
    from vectra_guard.report.text import seconds

    summary = store.summary()
    if options.json:
        print(json.dumps(summary, indent=2))
        return 0
    rate = summary["cache_hit_rate"]
    rows = [
        ("total runs", str(summary["total_executions"])),
        ("on the host", str(summary["host_executions"])),
        ("in a sandbox", str(summary["sandbox_executions"])),
        ("not run", str(summary["blocked"])),
        ("asked", str(summary["asked"])),
        ("questions avoided", str(summary["avoided"])),
        ("cache hits", f"{summary['cached_executions']}" + (f" ({rate:.0%})" if rate is not None else "")),
        ("average duration", seconds(summary["average_duration"])),
        ("median, 95th percentile", f"{seconds(summary['p50_duration'])}, {seconds(summary['p95_duration'])}"),
        ("added by the guard", f"{seconds(summary['p50_overhead'])}, {seconds(summary['p95_overhead'])}"),
    ]
    for name in ("by_risk_level", "by_runtime", "by_rule"):
        counts = ", ".join(f"{key} {count}" for key, count in list(summary[name].items())[:6])
        rows.append((name.replace("_", " "), counts or "-"))
    for name, value in rows:
        print(f"{name:<24} {value}")
    return 0


def _history(options: argparse.Namespace, store: MetricsStore) -> int:
    from vectra_guard.report import text

    rows = store.history(options.n)
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    text.table(
        ("time", "decision", "runtime", "risk", "status", "took", "command"),
        [
            (
                row["time"][:19].replace("T", " "),
                row["decision"] + (f" ({row['answer']})" if row["answer"] else ""),
                row["runtime"],
                row["risk"],
                "-" if row["status"] is None else str(row["status"]),
                text.seconds(row["duration"]),
                visible(row["command"]),
            )
            for row in rows
        ],
    )
    return 0


def _export(options: argparse.Namespace, store: MetricsStore) -> int:
    if options.format == "json":
        print(json.dumps({**store.summary(), "execution_history": store.history(1 << 30)}, indent=2))
    elif options.format == "csv":
        import csv

        rows = store.history(1 << 30)
        if rows:
            writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, "rules": " ".join(row["rules"])} for row in rows)
    else:
        print(prometheus(store.summary()), end="")
    return 0


def prometheus(summary: dict[str, Any]) -> str:
    """The text format that node_exporter's textfile collector reads."""
    lines = []

    def metric(name: str, kind: str, text: str, values: list[tuple[str, float | None]]) -> None:
        lines.extend([f"# HELP vectra_guard_{name} {text}", f"# TYPE vectra_guard_{name} {kind}"])
        lines.extend(f"vectra_guard_{name}{labels} {value}" for labels, value in values if value is not None)

    metric("runs_total", "counter", "Runs counted.", [("", summary["total_executions"])])
    for key, label in (("by_decision", "decision"), ("by_risk_level", "risk"), ("by_runtime", "runtime")):
        counts = [(f'{{{label}="{name}"}}', count) for name, count in summary[key].items()]
        metric(f"runs_by_{label}_total", "counter", f"Runs by {label}.", counts)
    metric("prompts_total", "counter", "Questions asked.", [("", summary["asked"])])
    metric("cache_hits_total", "counter", "Runs that the cache served.", [("", summary["cached_executions"])])
    quantiles = [('{quantile="0.5"}', summary["p50_duration"]), ('{quantile="0.95"}', summary["p95_duration"])]
    metric("duration_seconds", "gauge", "Duration of recent runs.", quantiles)
    quantiles = [('{quantile="0.5"}', summary["p50_overhead"]), ('{quantile="0.95"}', summary["p95_overhead"])]
    metric("overhead_seconds", "gauge", "Time that the guard added to recent runs.", quantiles)
    return "\n".join(lines) + "\n"


def _reset(options: argparse.Namespace, store: MetricsStore) -> int:
    if not options.yes:
        sys.stdout.write("forget all runs and totals? [y/N] ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("nothing was forgotten")
    store.reset()
    print("forgotten")
    return 0
