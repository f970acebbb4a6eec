"""``vg undo``: bring back what the last keep (or the one of an id) overwrote or deleted, and take away what it added.

Asks first, at a terminal; elsewhere it needs ``--yes``. Exit status 0; 3 refused (newer changes, or a no); 64 nothing
to undo; 125 it stopped half way, and can be run again.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from vectra_guard.errors import Refused, UsageError

if TYPE_CHECKING:
    import argparse


def run(args: list[str]) -> int:
    options = _parser().parse_args(args)
    if options.list:
        return _list(options)
    from vectra_guard.sandbox.workspace import restore, summary, undo

    entry = undo.find(options.id)
    if options.files:
        return _files(list(restore.files(entry)), options)
    only = [_relative(path, entry.workspace) for path in options.only]
    if not options.yes:
        what = ", ".join(map(summary.safe, only)) if only else f"{entry.steps:,} changes"
        _ask(f"undo {what} of `{summary.safe(entry.command)}` in {summary.safe(entry.workspace)}?")
    done = restore.restore(entry, force=options.force, only=only)
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
        epilog="examples: vg undo --list; vg undo 3fa1 --yes; vg undo --only src/main.py",
    )
    parser.add_argument("id", nargs="?", default="", help="which keep (default: the last)")
    parser.add_argument("--list", action="store_true", help="what can be undone")
    parser.add_argument("--files", action="store_true", help="the files of one keep")
    parser.add_argument("--only", nargs="+", default=[], metavar="PATH", help="only these files or folders")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--force", action="store_true", help="also over files that changed since; those are lost")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def _relative(path: str, workspace: str) -> str:
    """From the root of the workspace: as written there, or as seen from the working directory inside it."""
    path = os.path.normpath(path)
    here = os.path.relpath(os.path.realpath("."), workspace)
    if path.startswith("/"):
        path = os.path.relpath(path, workspace)
    elif here != "." and not here.startswith(".."):
        path = os.path.normpath(f"{here}/{path}")
    if path.startswith(".."):
        raise UsageError(f"{path} lies outside of {workspace}, where that keep was")
    return "" if path == "." else path


def _files(found: list[tuple[str, str]], options: argparse.Namespace) -> int:
    from vectra_guard.report import text
    from vectra_guard.sandbox.workspace import summary

    if options.json:
        print(json.dumps([{"path": path, "undo": what} for path, what in found], indent=2))
    else:
        text.table(("path", "undone it"), [(summary.safe(path), what) for path, what in found])
    return 0


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
