"""``vg review``: what runs on a copy-on-write view have changed, and whether it is kept.

An id may be shortened, and left out where only one review waits. Exit status 0; 3 where something could not be kept
because it changed on the host meanwhile; 64 usage; 125 it could not be done (then it can be tried again).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from vectra_guard.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from vectra_guard.sandbox.workspace import pending
    from vectra_guard.sandbox.workspace.changes import Changes

COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "~": "\x1b[33m", "%": "\x1b[33m", "!": "\x1b[1;31m"}
_DIFF = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m", "d": "\x1b[1m", "#": "\x1b[1;31m"}
_LEFT = 3


def run(args: list[str]) -> int:
    options = _parser().parse_args(args or ["list"])
    if not options.action:
        options = _parser().parse_args(["list", *args])
    actions = {"list": _list, "show": _show, "keep": _keep, "pick": _keep, "drop": _drop}
    return actions[options.action](options)


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg review",
        description="Look at what a run changed, then keep or drop it.",
        epilog="examples: vg review show 3fa1 --diff; vg review pick 3fa1 src docs/a.md",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    actions = parser.add_subparsers(dest="action", metavar="list|show|keep|drop|pick")
    for name, text in (
        ("list", "reviews that wait"),
        ("show", "what would change"),
        ("keep", "make it so"),
        ("drop", "forget it; the workspace stays as it is"),
        ("pick", "keep only some paths"),
    ):
        sub = actions.add_parser(name, help=text)
        sub.add_argument("--json", action="store_true", help="for programs")
        if name != "list":
            sub.add_argument("id", nargs=None if name == "pick" else "?", default="", help="the id, or its beginning")
        if name == "show":
            sub.add_argument("--diff", action="store_true", help="line by line, in the pager")
            sub.add_argument("--all", action="store_true", help="every path, not one screen")
        if name == "pick":
            sub.add_argument("paths", nargs="+", help="files or folders, from the root of the workspace")
        if name in ("keep", "pick"):
            sub.add_argument("--force", action="store_true", help="also over what changed on the host meanwhile")
    return parser


def _chosen(ident: str) -> pending.Review:
    from vectra_guard.sandbox.workspace import pending

    if ident:
        return pending.load(ident)
    found = pending.waiting()
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError("no review waits")
    raise UsageError(f"{len(found)} reviews wait; say which: {', '.join(review.id for review in found[:8])}")


def _list(options: argparse.Namespace) -> int:
    from vectra_guard.report import text
    from vectra_guard.sandbox.workspace import pending, summary

    soon, gone = pending.tidy()
    found = pending.waiting()
    for review in found:
        review.settle()
    if options.json:
        print(json.dumps([facts(review, review.changes()) for review in found], indent=2))
        return 0
    for review in gone:
        _say(f"vg: review {review.id} was cleaned, as was said before ({summary.safe(review.command)})")
    for review in soon:
        _say(f"vg: review {review.id} is over the limit and is cleaned tomorrow: keep or drop it")
    if not found:
        print("No review waits.")
        return 0
    rows = []
    for review in found:
        total = summary.totals(review.changes())
        what = f"+{total.added:,} ~{total.changed:,} -{total.deleted:,}" + (" !" if total.flagged else "")
        state = {"keeping": "interrupted: keep it again", "running": "run was killed"}.get(review.state, "waits")
        command, place = summary.safe(review.command), summary.safe(_short(review.workspace))
        rows.append((review.id, text.when(review.when), place, command, what, state))
    text.table(("id", "when", "workspace", "command", "changes", "state"), rows)
    return 0


def _show(options: argparse.Namespace) -> int:
    review = _chosen(options.id)
    found = review.changes()
    if options.json:
        print(json.dumps({**facts(review, found), "items": items(found)}, indent=2))
    elif options.diff:
        page(diff(review, found))
    else:
        height = len(found.items) + 12 if options.all else shutil.get_terminal_size().lines - 3
        for line in screen(review, found, height=height):
            print(line)
    return 0


def screen(
    review: pending.Review, found: Changes, *, width: int = 0, height: int = 0, colour: bool | None = None
) -> list[str]:
    """The summary as lines for the terminal: what is asked about."""
    from vectra_guard.sandbox.workspace import summary, tracked

    size = shutil.get_terminal_size()
    title = f"review {review.id}: {review.command} in {_short(review.workspace)}"
    known = tracked.recoverable(review.workspace, found)
    rows = summary.rows(
        found,
        title=title,
        note=known.sentence() if known else "",
        width=max(20, width or size.columns - 1),
        height=max(6, height or size.lines - 4),
    )
    colour = _coloured(sys.stdout) if colour is None else colour
    return [f"{COLOURS[row.sign]}{row.text}\x1b[0m" if colour and row.sign in COLOURS else row.text for row in rows]


def diff(review: pending.Review, found: Changes) -> Iterable[str]:
    from vectra_guard.sandbox.workspace import diff as differ

    return differ.lines(review.workspace, review.upper, found)


def page(lines: Iterable[str], terminal: int | None = None) -> None:
    """Through the user's pager on ``terminal`` (default: standard output, if that is one), else straight out."""
    import subprocess  # only here

    if terminal is None and not sys.stdout.isatty():
        for line in lines:
            print(line)
        return
    colour = "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb"
    command = os.environ.get("VG_PAGER") or os.environ.get("PAGER") or "less"
    env = {**os.environ, "LESS": os.environ.get("LESS", "FRX")}
    try:
        pager = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, stdout=terminal, env=env)  # noqa: S602
    except OSError:
        pager = None
    out = pager.stdin if pager is not None and pager.stdin is not None else sys.stdout.buffer
    try:
        for line in lines:
            start = _DIFF.get(line[:1], "") if colour else ""
            out.write(f"{start}{line}{chr(27) + '[0m' if start else ''}\n".encode("utf-8", "replace"))
        if pager is not None:
            out.close()
    except BrokenPipeError:
        pass  # they have seen enough
    if pager is not None:
        pager.wait()


def _keep(options: argparse.Namespace) -> int:
    only = [_relative(path) for path in options.paths] if options.action == "pick" else None
    return keep(_chosen(options.id), only, force=options.force, as_json=options.json)


def keep(
    review: pending.Review, only: Sequence[str] | None = None, *, force: bool = False, as_json: bool = False
) -> int:
    """Keep, and say how it went; the exit status."""
    result = review.keep(only, force=force)
    kept = result.kept
    if as_json:
        value = {
            "id": review.id,
            "kept": kept.done,
            "conflicts": list(kept.conflicts),
            "failed": [{"path": path, "reason": reason} for path, reason in kept.failed],
            "left": len(result.left.shown),
            "undo": result.undo,
        }
        print(json.dumps(value, indent=2))
    else:
        good, bad = told(review, result)
        for text in good:
            print(text)
        for text in bad:
            _say(text)
    return _LEFT if kept.conflicts or kept.failed else 0


def told(review: pending.Review, result: pending.Result) -> tuple[list[str], list[str]]:
    """How a keep went: what was done, and what was not."""
    from vectra_guard.sandbox.workspace.summary import safe

    kept = result.kept
    undo = f"vg undo {result.undo} brings the old files back" if result.undo else result.why_no_undo
    bad = [f"vg: left alone, it changed on the host meanwhile: {safe(path)}" for path in kept.conflicts[:10]]
    bad += [f"vg: could not be kept: {safe(path)} ({reason})" for path, reason in kept.failed[:10]]
    if bad:
        bad.append(f"vg: {len(result.left.shown):,} changes still wait: vg review show {review.id}")
    return [f"kept {kept.done:,} changes; {undo}"], bad


def _drop(options: argparse.Namespace) -> int:
    review = _chosen(options.id)
    review.drop()
    print(json.dumps({"id": review.id, "dropped": True}) if options.json else "dropped; the workspace is as it was")
    return 0


def _relative(path: str) -> str:
    clean = os.path.normpath(path)
    if clean.startswith(("/", "..")):
        raise UsageError(f"{path}: give paths from the root of the workspace, as `vg review show` writes them")
    return "" if clean == "." else clean


def facts(review: pending.Review, found: Changes) -> dict[str, Any]:
    """One review in numbers, for programs."""
    from vectra_guard.sandbox.workspace import summary

    total = summary.totals(found)
    names = ("id", "workspace", "command", "when", "state", "status")
    return {**{name: getattr(review, name) for name in names}, **total._asdict()}


def items(found: Changes) -> list[dict[str, Any]]:
    """Every change, for programs. A path that is not UTF-8 has its bytes escaped as ``\\udcXX``."""
    fields = ("path", "op", "kind", "size", "old_size", "mode", "old_mode", "old_kind", "target", "files", "marks")
    return [{name: getattr(item, name) for name in fields} for item in found.shown]


def _short(path: str) -> str:
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path == home or path.startswith(f"{home}/") else path


def _coloured(stream: Any) -> bool:
    return "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb" and stream.isatty()


def _say(text: str) -> None:
    from vectra_guard.report import notice

    notice.say(text)
