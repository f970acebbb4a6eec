"""``vg audit``: the log of decisions, in which each record is tied to the one before it.

``verify`` prints the last hash; keep it elsewhere and give it back with ``--expect`` to find out whether the whole log
was written anew. Status 0; 2 when ``verify`` finds a break; 125 when the log cannot be read. What is written is
``logging.audit``. ``push`` sends what was not sent yet to an OpenTelemetry collector (extra ``otel``).
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from vectra_guard.store import audit

if TYPE_CHECKING:
    import argparse

COLUMNS = (
    "seq",
    "time",
    "decision",
    "risk",
    "runtime",
    "status",
    "answer",
    "shell",
    "cwd",
    "command",
    "reason",
    "rules",
)


def run(args: list[str]) -> int:
    options = _parser().parse_args(args or ["show"])
    if not options.action:
        options = _parser().parse_args(["show", *args])
    return {"show": _show, "verify": _verify, "export": _export, "push": _push}[options.action](options)


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg audit", description="The log of decisions.", epilog="example: vg audit show -n 50"
    )
    actions = parser.add_subparsers(dest="action", metavar="show|verify|export|push")
    show = actions.add_parser("show", help="the last decisions")
    show.add_argument("-n", type=int, default=20, help="how many (20)")
    show.add_argument("--json", action="store_true", help="for programs")
    check = actions.add_parser("verify", help="look for records that were changed, added or removed")
    check.add_argument("--expect", metavar="HASH", default="", help="a hash that must still be in the chain")
    check.add_argument("--json", action="store_true", help="for programs")
    export = actions.add_parser(
        "export", help="all of it, oldest first", epilog="example: vg audit export --format csv"
    )
    export.add_argument("--format", choices=("json", "csv"), default="json", help="json: one record a line")
    push = actions.add_parser("push", help="send new records to an OpenTelemetry collector")
    push.add_argument("--endpoint", metavar="URL", default="", help="else OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return parser


def _show(options: argparse.Namespace) -> int:
    from vectra_guard.report import text
    from vectra_guard.report.notice import visible

    last = list(deque(audit.records(), maxlen=max(options.n, 0)))
    if options.json:
        print(json.dumps(last, indent=2))
        return 0
    if not last:
        print("No decision is logged. What is written: vg config show logging.audit")
        return 0
    rows = [
        (text.when(r["time"]), r["decision"], r["risk"], visible(r["cwd"]), visible(r["command"]), visible(r["reason"]))
        for r in last
    ]
    text.table(("when", "decision", "risk", "folder", "command", "reason"), rows)
    return 0


def _verify(options: argparse.Namespace) -> int:
    found = audit.verify(options.expect)
    broken = bool(found.breaks) or not found.expected_found
    if options.json:
        value: dict[str, Any] = {"ok": not broken, "records": found.records, "head": found.head}
        value["breaks"] = [{"place": place, "what": what} for place, what in found.breaks]
        print(json.dumps(value | {"expected_found": found.expected_found}, indent=2))
        return 2 if broken else 0
    for place, what in itertools.islice(found.breaks, 20):
        print(f"{place}: {what}")
    if not found.expected_found:
        print("the expected hash is not in the chain: the log was written anew, or it was rotated out")
    print(f"{found.records:,} records, {'BROKEN' if broken else 'whole'}; head {found.head}")
    return 2 if broken else 0


def _export(options: argparse.Namespace) -> int:
    if options.format == "json":
        for entry in audit.records():
            sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")
        return 0
    import csv  # this format only

    from vectra_guard.store.export import cell

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in audit.records():
        writer.writerow([cell(entry.get(name, "")) for name in COLUMNS])
    return 0


def _push(options: argparse.Namespace) -> int:
    from vectra_guard.report import otel

    first, count = audit.pushed(), 0
    new = (entry for entry in audit.records() if entry["seq"] > first)
    for seq in otel.push(new, options.endpoint):
        audit.set_pushed(seq)  # after each batch: what arrived is not sent again
        count = seq - first
    print(f"sent {count:,} records")
    return 0
