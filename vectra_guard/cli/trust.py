"""``vg trust``: the approvals that are remembered.

``add`` judges the command like any other (nothing is run) and remembers each of its parts with the content of the
files that they run; a critical command is refused. A command with ``*``, ``?`` or ``[`` is a pattern: what it would
have covered of the last 100 runs is shown, and saving it is confirmed. ``remove`` takes a command, an id or the
beginning of either, and asks when several entries match. Exit status 0; 3 refused; 64 usage; 125 the store could not
be used.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from vectra_guard.errors import Refused, UsageError
from vectra_guard.report.notice import visible
from vectra_guard.report.text import confirmed

if TYPE_CHECKING:
    import argparse

    from vectra_guard.guard import Guard
    from vectra_guard.store.db import Connection
    from vectra_guard.store.metrics import Run
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
            sub.add_argument("filter", nargs="?", default="", help="only where command, note or a tag contain this")
        if name == "remove":
            sub.add_argument("--yes", action="store_true", help="remove all that match without asking")
    add = actions.add_parser(
        "add",
        epilog="examples: vg trust add 'git push --force' --duration 24h --max-uses 3; vg trust add 'npm run *'",
    )
    add.add_argument("command")
    add.add_argument("--anywhere", action="store_true", help="not only in this repository or folder")
    add.add_argument("--duration", default="", help="30m 24h 7d 2w never (default: trust.default_duration)")
    add.add_argument("--max-uses", type=int)
    add.add_argument("--note", default="")
    add.add_argument("--tag", action="append", default=[])
    add.add_argument("--exact", action="store_true", help="no pattern: * ? [ mean what the shell makes of them")
    add.add_argument("--yes", action="store_true", help="save a pattern without asking")
    add.add_argument("--shell", choices=("bash", "zsh", "fish", "sh"), default="bash")
    actions.add_parser("clean", help="forget what has ended")
    actions.add_parser("import", help="entries of an export, or the original system's trust.json").add_argument("file")
    return parser


def _store() -> TrustStore:
    from vectra_guard.store.trust import TrustStore

    return TrustStore(_database())


def _database() -> Connection:
    from vectra_guard.config import layers
    from vectra_guard.facts import working_directory
    from vectra_guard.store import db

    config = layers.load(working_directory()).config
    return db.open(config.sandbox.trust_store_path or None)


def as_json(entry: TrustEntry) -> dict[str, Any]:
    from vectra_guard.store import exchange

    return {**exchange.to_json(entry), "live": entry.live(time.time())}


def _list(options: argparse.Namespace, store: TrustStore) -> int:
    from vectra_guard.facts import git_root, working_directory

    entries = [e for e in store.list() if any(options.filter in text for text in (e.command, e.note, *e.tags))]
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
    from vectra_guard.facts import git_root, here
    from vectra_guard.guard import Guard
    from vectra_guard.model import Risk
    from vectra_guard.store import scripts
    from vectra_guard.store.trust import parse_duration

    request = here(options.command, shell=options.shell, interactive=True)
    guard = Guard.open()
    common: dict[str, Any] = {
        "now": time.time(),
        "scope": "anywhere" if options.anywhere else "here",
        "folder": git_root(request.cwd) or request.cwd,
        "duration": parse_duration(options.duration or guard.config(request.cwd).config.trust.default_duration),
        "max_uses": options.max_uses,
        "note": options.note,
        "tags": options.tag,
    }
    if not options.exact and any(c in options.command for c in "*?["):
        _confirm_pattern(options, guard)
        _say_added(store.add_pattern(options.command, **common))
        return 0
    judged = guard.judge(request)
    if judged.decision.risk == Risk.CRITICAL:
        raise Refused(f"a critical command is never trusted: {judged.decision.reason}")
    for part in policy.all_parts(judged.script, request):
        _say_added(store.add(part.fingerprint, part.text, script_paths=scripts.of_runs(part.runs), **common))
    return 0


def _say_added(entry: TrustEntry) -> None:
    where = "anywhere" if entry.scope == "anywhere" else f"in {visible(entry.folder)}"
    files = f", while {', '.join(map(os.path.basename, entry.scripts))} stays as it is" if entry.scripts else ""
    print(f"{entry.id}  {visible(entry.command)}  trusted {where}, until {_until(entry)}{visible(files)}")


def _confirm_pattern(options: argparse.Namespace, guard: Guard) -> None:
    """Show what the pattern would have covered, and ask. Refused when the answer is not yes."""
    from vectra_guard.store.metrics import MetricsStore
    from vectra_guard.store.trust import covers

    words = options.command.split()
    if any(c in words[0] for c in "*?["):
        raise UsageError("a pattern begins with the name of a command; --exact for a command that is meant as it is")
    runs = MetricsStore(_database()).history(100)
    hits = [run for run in runs if any(covers(words, seen) for seen in _as_typed(guard, run))]
    print(f"the pattern {visible(options.command)} covers {len(hits)} of the last {len(runs)} runs:")
    lines = list(dict.fromkeys(run.command for run in hits))
    for line in lines[:10]:
        print(f"  {visible(line)}")
    if len(lines) > 10:
        print(f"  and {len(lines) - 10} more")
    print("It also covers whatever else fits it; what is critical is never covered.")
    if not options.yes and not confirmed("save it?"):
        raise Refused("nothing was saved; --yes saves without asking")


def _as_typed(guard: Guard, run: Run) -> list[tuple[str, ...]]:
    from vectra_guard import policy
    from vectra_guard.model import Request

    request = Request(run.command, shell=run.shell or "bash", cwd=run.cwd or "/", home=os.environ.get("HOME", ""))
    return [part.words for part in policy.all_parts(guard.judge(request).script, request) if part.words]


def _remove(options: argparse.Namespace, store: TrustStore) -> int:
    found = store.find(options.entry)
    if not found:
        raise UsageError(f"no entry matches {options.entry!r}; `vg trust list` shows all")
    if len(found) > 1 and not options.yes:
        for entry in found:
            print(f"{entry.id}  {visible(entry.command)}")
        if not sys.stdin.isatty():
            raise UsageError(f"{len(found)} entries match; say which by its id, or --yes for all")
        if not confirmed(f"remove these {len(found)} entries?"):
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
        if judged.decision.risk == Risk.CRITICAL:
            return ()
        return tuple((part.fingerprint, part.text) for part in policy.all_parts(judged.script, request))

    try:
        with open(options.file, encoding="utf-8") as file:
            found = exchange.parse(file.read(), time.time(), fingerprints)
    except OSError as err:
        raise UsageError(f"{options.file}: {err.strerror}") from err
    print(f"imported {store.restore(found.entries)} of {len(found.entries)}")
    for command in found.left_out:
        print(f"left out (ended, critical or not readable): {visible(command)}")
    return 0
