"""How much of what a run deleted or overwrote git could bring back.

Asks git on the host, of the workspace as it still is, without its background helpers and within a time limit.
Fails towards not knowing: None where there is no repository, no git, or no answer in time.
"""

from __future__ import annotations

import subprocess
from typing import NamedTuple

from vectra_guard.sandbox.workspace.changes import Changes

_GIT = ("git", "--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_MOST_NAMED = 500
_PATIENCE = 3.0


class Recoverable(NamedTuple):
    clean: int  # tracked, and the same as in the last commit
    lost: int  # not tracked, or changed since

    def sentence(self) -> str:
        if not self.lost:
            return "git has all of what was deleted or overwritten"
        if not self.clean:
            return "git has none of what was deleted or overwritten"
        return f"git has {self.clean:,} of the deleted or overwritten files, not the other {self.lost:,}"


def recoverable(workspace: str, changes: Changes) -> Recoverable | None:
    gone = [item for item in changes.items if item.op in ("deleted", "changed", "type")]
    files = sum(item.files if item.op != "changed" else 1 for item in gone)
    if not files:
        return None
    paths = [item.path for item in gone] if len(gone) <= _MOST_NAMED else []
    tracked = _ask(workspace, "ls-files", "-z", "--", *paths)
    dirty = _ask(workspace, "diff-index", "--relative", "--name-only", "-z", "HEAD", "--", *paths)
    if tracked is None or dirty is None:
        return None
    clean = tracked - dirty
    if not paths:
        named = {item.path for item in gone}
        folders = tuple(f"{item.path}/" for item in gone if "dir" in (item.kind, item.old_kind))
        clean = {path for path in clean if path in named or path.startswith(folders)}
    return Recoverable(min(files, len(clean)), max(0, files - len(clean)))


def _ask(workspace: str, *words: str) -> set[str] | None:
    try:
        done = subprocess.run(
            [*_GIT, *words], cwd=workspace, capture_output=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {part.decode("utf-8", "surrogateescape") for part in done.stdout.split(b"\0") if part}
