"""``vg undo``: bring back what the last keep (or the one of an id) overwrote or deleted, and take away what it added.

Asks first, at a terminal; elsewhere it needs ``--yes``. Exit status 0; 3 refused (newer changes, or a no); 64 nothing
to undo; 125 it stopped half way, and can be run again.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from vectra_guard.errors import Refused

if TYPE_CHECKING:
    import argparse


def run(args: list[str]) -> int:
    options = _parser().parse_args(args)
    if options.list:
        return _list(options)
    from vectra_guard.sandbox.workspace import summary, undo

    entry = undo.find(options.id)
    if not options.yes:
        _ask(f"undo {entry.steps:,} changes of `{summary.safe(entry.command)}` in {summary.safe(entry.workspace)}?")
    done = undo.restore(entry, force=options.force)
    if options.json:
        print(json.dumps({"id": entry.id, **done._asdict()}, indent=2))
    else:
        print(f"brought back {done.restored:,}, took away {done.removed:,} that were new")
        for path in done.left[:10]:
            print(f"left alone, something newer is in the way: {summary.safe(path)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg undo",
        description="Bring back what was overwritten or deleted when a review was kept.",
        epilog="example: vg undo --list; vg undo 3fa1 --yes",
    )
    parser.add_argument("id", nargs="?", default="", help="which keep (default: the last)")
    parser.add_argument("--list", action="store_true", help="what can be undone")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--force", action="store_true", help="also over files that changed since; those are lost")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def _list(options: argparse.Namespace) -> int:
    from vectra_guard.report import text
    from vectra_guard.sandbox.workspace import summary, undo

    undo.trim()
    found = undo.entries()
    if options.json:
        print(json.dumps([entry._asdict() for entry in found], indent=2))
    elif not found:
        print("There is nothing to undo.")
    else:
        rows = [
            (
                e.id,
                text.when(e.when),
                summary.safe(e.workspace),
                summary.safe(e.command),
                str(e.steps),
                text.size(e.size),
            )
            for e in found
        ]
        text.table(("id", "kept", "workspace", "command", "changes", "size"), rows)
    return 0


def _ask(question: str) -> None:
    if not (os.isatty(0) and os.isatty(2)):
        raise Refused("nobody can be asked here; vg undo --yes does it without asking")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("nothing was undone")
