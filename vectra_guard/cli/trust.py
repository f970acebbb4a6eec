"""``vg trust``: the approvals that are remembered.

``add`` judges the command like any other (nothing is run) and remembers each of its parts; a critical command is
refused. ``remove`` takes a command, an id or the beginning of either, and asks when several entries match. Exit
status 0; 3 refused; 64 usage; 125 the store could not be used.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from vectra_guard.errors import Refused, UsageError
from vectra_guard.report.notice import visible

if TYPE_CHECKING:
    import argparse

    from vectra_guard.store.trust import TrustEntry, TrustStore


def run(args: list[str]) -> int:
    options = _parser().parse_args(args)
    if not options.action:
        options = _parser().parse_args(["list", *args])
    actions = {"list": _list, "show": _show, "add": _add, "remove": _remove, "clean": _clean}
    actions |= {"export": _export, "import": _import}
    return actions[options.action](options, _store())


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg trust",
        description="Approvals that are remembered.",
        epilog="example: vg trust add 'npm test' --duration 7d",
    )
    actions = parser.add_subparsers(dest="action", metavar="list|show|add|remove|clean|export|import")
    for name in ("list", "show", "remove", "export"):
        sub = actions.add_parser(name)
        sub.add_argument("--json", action="store_true", help="for programs")
        if name in ("show", "remove"):
            sub.add_argument("entry", help="a command, an id, or the beginning of either")
        if name == "list":
            sub.add_argument("--here", action="store_true", help="only what holds in this folder")
            sub.add_argument("--sort", choices=("approved", "used", "expires", "command"), default="approved")
            sub.add_argument("filter", nargs="?", default="", help="only commands that contain this")
        if name == "remove":
            sub.add_argument("--yes", action="store_true", help="remove all that match without asking")
    add = actions.add_parser("add", epilog="example: vg trust add 'git push --force' --duration 24h --max-uses 3")
    add.add_argument("command")
    add.add_argument("--anywhere", action="store_true", help="not only in this repository or folder")
    add.add_argument("--duration", default="", help="30m 24h 7d 2w never (default: trust.default_duration)")
    add.add_argument("--max-uses", type=int)
    add.add_argument("--note", default="")
    add.add_argument("--tag", action="append", default=[])
    add.add_argument("--shell", choices=("bash", "zsh", "fish", "sh"), default="bash")
    actions.add_parser("clean", help="forget what has ended")
    actions.add_parser("import", help="entries of an export, or the original system's trust.json").add_argument("file")
    return parser


def _store() -> TrustStore:
    from vectra_guard.config import layers
    from vectra_guard.facts import working_directory
    from vectra_guard.store import db
    from vectra_guard.store.trust import TrustStore

    config = layers.load(working_directory()).config
    return TrustStore(db.open(config.sandbox.trust_store_path or None))


def as_json(entry: TrustEntry) -> dict[str, Any]:
    from vectra_guard.store import exchange

    return {**exchange.to_json(entry), "live": entry.live(time.time())}


def _list(options: argparse.Namespace, store: TrustStore) -> int:
    from vectra_guard.facts import git_root, working_directory

    entries = [e for e in store.list() if options.filter in e.command]
    if options.here:
        cwd = working_directory()
        place = os.path.realpath(git_root(cwd) or cwd)
        entries = [e for e in entries if e.scope == "anywhere" or e.folder == place]
    orders: dict[str, Any] = {
        "approved": lambda e: -e.approved_at,
        "used": lambda e: -(e.last_used or 0),
        "expires": lambda e: e.expires_at or float("inf"),
        "command": lambda e: e.command,
    }
    entries.sort(key=orders[options.sort])
    if options.json:
        print(json.dumps([as_json(e) for e in entries], indent=2))
    elif not entries:
        print("Nothing is remembered. [r]emember in a question, or `vg trust add COMMAND`, adds an entry.")
    else:
        from vectra_guard.report import text

        text.table(
            ("id", "command", "where", "until", "uses", "last used"),
            [
                (
                    e.id,
                    visible(e.command),
                    visible(e.folder) if e.scope == "here" else "anywhere",
                    _until(e),
                    f"{e.use_count}/{e.max_uses}" if e.max_uses else str(e.use_count),
                    text.when(e.last_used),
                )
                for e in entries
            ],
        )
    return 0


def _until(entry: TrustEntry) -> str:
    from vectra_guard.report import text

    if not entry.live(time.time()):
        return "ended"
    return text.when(entry.expires_at) if entry.expires_at else "never ends"


def _show(options: argparse.Namespace, store: TrustStore) -> int:
    found = store.find(options.entry)
    if not found:
        raise UsageError(f"no entry matches {options.entry!r}; `vg trust list` shows all")
    if options.json:
        print(json.dumps([as_json(e) for e in found], indent=2))
        return 0
    for entry in found:
        for name, value in as_json(entry).items():
            print(f"{name:<12} {visible(str(value))}")
    return 0


def _add(options: argparse.Namespace, store: TrustStore) -> int:
    from vectra_guard import policy
    from vectra_guard.config import layers
    from vectra_guard.facts import git_root, here
    from vectra_guard.guard import Guard
    from vectra_guard.model import Risk
    from vectra_guard.store.trust import parse_duration

    request = here(options.command, shell=options.shell, interactive=True)
    duration = parse_duration(options.duration or layers.load(request.cwd).config.trust.default_duration)
    judged = Guard.open().judge(request)
    if judged.decision.risk == Risk.CRITICAL:
        raise Refused(f"a critical command is never trusted: {judged.decision.reason}")
    for fingerprint, part in policy.fingerprints(judged.script, request):
        entry = store.add(
            fingerprint,
            part,
            now=time.time(),
            scope="anywhere" if options.anywhere else "here",
            folder=git_root(request.cwd) or request.cwd,
            duration=duration,
            max_uses=options.max_uses,
            note=options.note,
            tags=options.tag,
        )
        where = "anywhere" if options.anywhere else f"in {visible(entry.folder)}"
        print(f"{entry.id}  {visible(entry.command)}  trusted {where}, until {_until(entry)}")
    return 0


def _remove(options: argparse.Namespace, store: TrustStore) -> int:
    found = store.find(options.entry)
    if not found:
        raise UsageError(f"no entry matches {options.entry!r}; `vg trust list` shows all")
    if len(found) > 1 and not options.yes:
        for entry in found:
            print(f"{entry.id}  {visible(entry.command)}")
        if not sys.stdin.isatty():
            raise UsageError(f"{len(found)} entries match; say which by its id, or --yes for all")
        sys.stdout.write(f"remove these {len(found)} entries? [y/N] ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("nothing was removed")
    count = store.remove([e.id for e in found])
    print(json.dumps([e.id for e in found]) if options.json else f"removed {count}")
    return 0


def _clean(options: argparse.Namespace, store: TrustStore) -> int:
    print(f"removed {store.clean(time.time())} that had ended")
    return 0


def _export(options: argparse.Namespace, store: TrustStore) -> int:
    from vectra_guard.store import exchange

    print(exchange.dump(store.list()))
    return 0


def _import(options: argparse.Namespace, store: TrustStore) -> int:
    from vectra_guard import policy
    from vectra_guard.facts import here
    from vectra_guard.guard import Guard
    from vectra_guard.model import Risk
    from vectra_guard.store import exchange

    guard = Guard.open()

    def fingerprints(command: str) -> tuple[tuple[str, str], ...]:
        request = here(command, interactive=True)
        judged = guard.judge(request)
        return () if judged.decision.risk == Risk.CRITICAL else policy.fingerprints(judged.script, request)

    try:
        with open(options.file, encoding="utf-8") as file:
            found = exchange.parse(file.read(), time.time(), fingerprints)
    except OSError as err:
        raise UsageError(f"{options.file}: {err.strerror}") from err
    print(f"imported {store.restore(found.entries)} of {len(found.entries)}")
    for command in found.left_out:
        print(f"left out (ended, critical or not readable): {visible(command)}")
    return 0
