"""``vg validate FILE…``: judge what scripts, Makefiles, Dockerfiles, workflows and package.json scripts would run.

Runs nothing. A folder stands for every such file below it. Status 2 when something is at or above ``--fail-on`` (high
by default), a file that cannot be read as what it is included; 64 for a file that is not there. A finding is accepted
by a comment ``vg-ignore: RULE`` on its line or the line above, and counted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict

from vectra_guard import validate
from vectra_guard.errors import UsageError
from vectra_guard.guard import Guard
from vectra_guard.model import Request, Risk
from vectra_guard.validate import Row

IGNORE = re.compile(r"vg-ignore:\s*([\w.,\s-]+)")
UNREADABLE = "validate.unreadable"
USUAL = frozenset(("flow.unknown-command", "flow.unknown-code"))
"""Odd at a prompt, usual in a script, which calls its tools by variables: medium here."""


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg validate",
        description="Judge what files would run; run nothing.",
        epilog="example: vg validate --format sarif . > vg.sarif",
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", help="a file, or a folder for all below it")
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    parser.add_argument("--fail-on", choices=[r.label for r in Risk], default="high", help="status 2 from here on")
    parser.add_argument("--show", choices=[r.label for r in Risk], default="medium", help="leave out what is below")
    parser.add_argument("--no-ignore", action="store_true", help="vg-ignore comments count for nothing")
    options = parser.parse_args(args)
    guard, rows, ignored = Guard.open(), [], 0
    for path in _files(options.paths):
        found, accepted = _judge(guard, path, use_ignores=not options.no_ignore)
        ignored += accepted
        rows += [row for row in found if row.risk >= Risk[options.show.upper()]]
    _print(rows, ignored, options.format)
    return 2 if any(row.risk >= Risk[options.fail_on.upper()] for row in rows) else 0


def _files(paths: list[str]) -> Iterator[str]:
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, names, files in os.walk(path):
            names[:] = sorted(name for name in names if name not in validate.SKIPPED)
            for name in sorted(files):
                found = os.path.join(folder, name)
                if os.path.isfile(found) and validate.reader(found, _first_line(found)):
                    yield os.path.relpath(found) if not path.startswith("/") else found


def _first_line(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.readline(256).decode("utf-8", "replace")
    except OSError:
        return ""


def _judge(guard: Guard, path: str, *, use_ignores: bool) -> tuple[list[Row], int]:
    """The findings of one file, and how many more its comments accept."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as err:
        raise UsageError(f"{path}: {err.strerror}") from err
    try:
        blocks = validate.blocks(path, text)
    except validate.Unreadable as err:
        return [Row(path, err.line, UNREADABLE, Risk.HIGH, f"Not judged: {err}.", "", "unreadable file", "")], 0
    folder = os.path.dirname(os.path.abspath(path))
    rows: dict[tuple[int, str], Row] = {}
    for block in blocks:
        request = Request(block.text, block.shell, folder, os.environ.get("HOME", ""), interactive=False)
        raw = block.text.encode("utf-8", "surrogateescape")
        for finding in guard.judge(request).decision.findings:
            line = max(block.line + raw.count(b"\n", 0, finding.span.start), 1)
            usual = finding.rule in USUAL or (finding.undecided and block.foreign)
            row = Row(
                path=path,
                line=line,
                rule=finding.rule,
                risk=min(finding.risk, Risk.MEDIUM) if usual else finding.risk,
                message=finding.message,
                instead=finding.instead,
                category=finding.category,
                where=block.where,
            )
            rows.setdefault((line, finding.rule), row)
    lines = text.split("\n")
    kept = [row for row in rows.values() if not (use_ignores and _accepted(row, lines))]
    return sorted(kept, key=lambda row: (row.line, -row.risk)), len(rows) - len(kept)


def _accepted(row: Row, lines: list[str]) -> bool:
    return any(
        row.rule in re.split(r"[,\s]+", found[1])
        for line in lines[max(row.line - 2, 0) : row.line]
        if (found := IGNORE.search(line))
    )


def _print(rows: list[Row], ignored: int, form: str) -> None:
    from vectra_guard.report.notice import visible

    if form == "sarif":
        from vectra_guard.report import sarif

        print(json.dumps(sarif.report(rows), indent=2))
    elif form == "json":
        print(json.dumps([asdict(row) | {"risk": row.risk.label} for row in rows], indent=2))
    else:
        for row in rows:
            where = f" [{row.where}]" if row.where else ""
            print(f"{visible(row.path)}:{row.line}: {row.risk.label}: {visible(row.message)} ({row.rule}){where}")
            if row.instead:
                print(f"    instead: {visible(row.instead)}")
        if ignored:
            print(f"{ignored} accepted by comments")
