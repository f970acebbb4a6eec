"""``vg cache``: the package caches of sandboxes. ``clean`` never touches the host's own caches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg cache", description="Package caches of sandboxes.", epilog="example: vg cache clean --older 30d"
    )
    actions = parser.add_subparsers(dest="action", metavar="list|clean")
    actions.add_parser("list").add_argument("--json", action="store_true", help="for programs")
    clean = actions.add_parser("clean")
    clean.add_argument("--older", default="", help="only what was last used longer ago: 12h 30d 2w")
    options = parser.parse_args(args or ["list"])
    return {"list": _list, "clean": _clean}[options.action](options)


def _list(options: argparse.Namespace) -> int:
    from vectra_guard.report import text
    from vectra_guard.sandbox import caches

    found = caches.entries()
    if options.json:
        print(json.dumps([entry._asdict() for entry in found], indent=2))
    elif not found:
        print("There are no caches yet: the first install in a sandbox makes one.")
    else:
        rows = [(e.key, text.size(e.size), str(e.layers), text.when(e.used)) for e in found]
        text.table(("cache", "size", "layers", "last used"), rows)
    return 0


def _clean(options: argparse.Namespace) -> int:
    from vectra_guard.report import text
    from vectra_guard.sandbox import caches
    from vectra_guard.store.trust import parse_duration

    freed, busy = caches.clean((parse_duration(options.older) or 0.0) if options.older else 0.0)
    print(f"freed {text.size(freed)}")
    for name in busy:
        print(f"{name}: in use, left alone")
    return 0
