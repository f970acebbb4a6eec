"""``vg metrics``: what ran, where, with which decision, and what it cost.

``show --json`` has the original system's field names and more. ``reset`` asks first. Exit status 0; 3 when the answer
to ``reset`` is no; 125 when the store cannot be used.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from vectra_guard.errors import Refused
from vectra_guard.report.notice import visible
from vectra_guard.report.text import confirmed

if TYPE_CHECKING:
    import argparse

    from vectra_guard.store.metrics import MetricsStore

EVERYTHING = 1 << 30
"""More rows than are ever kept."""


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
    from vectra_guard.facts import working_directory
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
        ("blocked", str(summary["blocked"])),
        ("declined", str(summary["declined"])),
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
    from vectra_guard.store.metrics import to_json

    runs = store.history(options.n)
    if options.json:
        print(json.dumps([to_json(run) for run in runs], indent=2))
        return 0
    text.table(
        ("time", "decision", "runtime", "risk", "status", "took", "command"),
        [
            (
                text.when(run.time),
                run.decision + (f" ({run.answer})" if run.answer else ""),
                run.runtime,
                run.risk,
                "-" if run.status is None else str(run.status),
                text.seconds(run.duration),
                visible(run.command),
            )
            for run in runs
        ],
    )
    return 0


def _export(options: argparse.Namespace, store: MetricsStore) -> int:
    from vectra_guard.store.export import FORMATS

    sys.stdout.write(FORMATS[options.format](store, EVERYTHING))
    return 0


def _reset(options: argparse.Namespace, store: MetricsStore) -> int:
    if not options.yes and not confirmed("forget all runs and totals?"):
        raise Refused("nothing was forgotten; --yes forgets without asking")
    store.reset()
    print("forgotten")
    return 0
