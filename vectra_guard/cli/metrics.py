"""``vg metrics``: what ran, where, with which decision, and what it cost.

``show --json`` has the original system's field names and more. ``reset`` asks first. Exit status 0; 3 when the answer
to ``reset`` is no; 125 when the store cannot be used.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from vectra_guard.errors import Refused, UsageError
from vectra_guard.report.notice import visible
from vectra_guard.report.text import confirmed

if TYPE_CHECKING:
    import argparse

    from rich.console import Group

    from vectra_guard.store.metrics import MetricsStore

EVERYTHING = 1 << 30
"""More rows than are ever kept."""


def run(args: list[str]) -> int:
    options = _parser().parse_args(args or ["show"])
    if not options.action:
        options = _parser().parse_args(["show", *args])
    actions = {"show": _show, "history": _history, "export": _export, "reset": _reset}
    actions |= {"report": _report, "watch": _watch}
    return actions[options.action](options, _store())


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg metrics", description="What ran, where, and what it cost.", epilog="example: vg metrics show --json"
    )
    actions = parser.add_subparsers(dest="action", metavar="show|history|export|report|watch|reset")
    actions.add_parser("show").add_argument("--json", action="store_true", help="for programs")
    history = actions.add_parser("history")
    history.add_argument("--json", action="store_true", help="for programs")
    history.add_argument("-n", type=int, default=20, help="how many (20)")
    export = actions.add_parser("export", epilog="example: vg metrics export --format prometheus")
    export.add_argument("--format", choices=("json", "csv", "prometheus"), default="json")
    report = actions.add_parser("report", epilog="example: vg metrics report -o week.html")
    report.add_argument("--html", action="store_true", help="the only format so far; may be left out")
    report.add_argument("-o", "--output", default="vectra-guard-report.html", help="the file to write")
    watch = actions.add_parser("watch", epilog="example: vg metrics watch --interval 5")
    watch.add_argument("--interval", type=float, default=2.0, help="seconds between two looks (2)")
    actions.add_parser("reset").add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _store() -> MetricsStore:
    from vectra_guard.config import layers
    from vectra_guard.facts import working_directory
    from vectra_guard.store import db
    from vectra_guard.store.metrics import MetricsStore

    config = layers.load(working_directory()).config
    return MetricsStore(db.open(config.sandbox.trust_store_path or None), config.metrics.history)


def _show(options: argparse.Namespace, store: MetricsStore) -> int:
    summary = store.summary()
    if options.json:
        print(json.dumps(summary, indent=2))
        return 0
    for name, value in _rows(summary):
        print(f"{name:<24} {value}")
    return 0


def _rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    from vectra_guard.report.text import seconds

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
        ("added by a sandbox", f"{seconds(summary['p50_overhead'])}, {seconds(summary['p95_overhead'])}"),
        ("added by judging", f"{seconds(summary['p50_line_overhead'])}, {seconds(summary['p95_line_overhead'])}"),
    ]
    for name in ("by_risk_level", "by_runtime", "by_rule", "by_shell", "by_folder"):
        most = sorted(summary[name].items(), key=lambda item: -item[1])[:6]
        counts = ", ".join(f"{visible(key)} {count}" for key, count in most)
        rows.append((name.replace("_", " "), counts or "-"))
    return rows


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


def _report(options: argparse.Namespace, store: MetricsStore) -> int:
    from vectra_guard.report import html

    text = html.page(store.summary(), store.days(), store.durations())
    try:
        with open(options.output, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as err:
        raise UsageError(f"{options.output}: {err.strerror}; -o names another file") from err
    print(f"{options.output}: written; open it in a browser")
    return 0


def _watch(options: argparse.Namespace, store: MetricsStore) -> int:
    """A view that follows what happens, until Ctrl-C."""
    if not sys.stdout.isatty():
        raise UsageError("watch draws on a terminal; `vg metrics show --json` is for programs")
    # rich costs 60 ms: only what is watched pays for it
    import time

    from rich.live import Live

    try:
        with Live(_view(store), auto_refresh=False, screen=True) as live:
            while True:
                time.sleep(max(0.2, options.interval))
                live.update(_view(store), refresh=True)
    except KeyboardInterrupt:
        return 0


def _view(store: MetricsStore) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from vectra_guard.report.text import seconds

    figures = Table.grid(padding=(0, 2))
    for name, value in _rows(store.summary()):
        figures.add_row(Text(name), Text(value, overflow="ellipsis", no_wrap=True))
    last = Table(box=None, pad_edge=False, title="last runs", title_justify="left", expand=True)
    for head in ("", "risk", "took", "command"):
        last.add_column(head, no_wrap=True, overflow="ellipsis", ratio=1 if head == "command" else None)
    for run in reversed(store.history(10)):
        last.add_row(run.place, run.risk, seconds(run.duration), Text(visible(run.command)))
    return Group(figures, Text(""), last, Text("Ctrl-C ends", style="dim"))


def _reset(options: argparse.Namespace, store: MetricsStore) -> int:
    if not options.yes and not confirmed("forget all runs and totals?"):
        raise Refused("nothing was forgotten; --yes forgets without asking")
    store.reset()
    print("forgotten")
    return 0
