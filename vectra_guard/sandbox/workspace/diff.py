"""The changes of a review as a unified diff to read: every line safe for the terminal, binaries by size.

Not a patch to apply: names and lines are escaped, long lines and files are cut, and it says where.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from vectra_guard.sandbox.workspace.changes import Change, Changes
from vectra_guard.sandbox.workspace.summary import human, safe

_MOST_BYTES = 400_000
_MOST_LINES = 4000
_LONGEST = 2000


def lines(lower: str, upper: str, changes: Changes) -> Iterator[str]:
    """Lines without colour; their first characters say what they are, as in any diff."""
    for item in changes.shown:
        if item.kind == "dir" and item.op == "added":
            continue  # what is in it follows
        yield from _one(lower, upper, item)


def _one(lower: str, upper: str, item: Change) -> Iterator[str]:
    name = safe(item.path)
    yield f"diff {item.op} {name}"
    if item.marks:
        yield f"# needs eyes: {', '.join(item.marks)}"
    if item.old_mode is not None and item.op not in ("deleted",) and item.old_mode != item.mode:
        yield f"old mode {item.old_mode:04o}"
        yield f"new mode {item.mode:04o}"
    if item.op == "deleted" and item.kind == "dir":
        yield f"-folder with {item.files:,} files, {human(item.size)}"
        yield from (f"-  {safe(path)}" for path in _names(f"{lower}/{item.path}"))
        return
    if item.op == "mode":
        return
    before = _text(f"{lower}/{item.path}") if item.op != "added" else []
    after = _text(f"{upper}/{item.path}") if item.op != "deleted" else []
    if before is None or after is None:
        yield f"binary, large or not a file: {human(item.old_size)} before, {human(item.size)} now"
        return
    yield f"--- {'/dev/null' if item.op == 'added' else name}"
    yield f"+++ {'/dev/null' if item.op == 'deleted' else name}"
    yield from _hunks(before, after)


def _hunks(before: list[str], after: list[str]) -> Iterator[str]:
    if not before or not after:
        sign, whole = ("+", after) if after else ("-", before)
        yield from (f"{sign}{line}" for line in whole[:_MOST_LINES])
        if len(whole) > _MOST_LINES:
            yield f"# and {len(whole) - _MOST_LINES:,} lines more"
        return
    import difflib  # only to show a diff

    if len(before) + len(after) > _MOST_LINES:
        yield f"# too long to compare line by line: {len(before):,} lines before, {len(after):,} now"
        return
    yield from list(difflib.unified_diff(before, after, lineterm=""))[2:]


def _text(path: str) -> list[str] | None:
    """The lines of a text file, the target of a link; None for anything else."""
    try:
        if os.path.islink(path):
            return [f"-> {safe(os.readlink(path))}"]
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    if len(data) > _MOST_BYTES or b"\0" in data:
        return None
    text = data.decode("utf-8", "surrogateescape")
    return [safe(line)[:_LONGEST] for line in text.splitlines()]


def _names(path: str) -> Iterator[str]:
    count = 0
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            count += 1
            if count > 200:
                yield "..."
                return
            yield os.path.relpath(f"{folder}/{name}", path)
