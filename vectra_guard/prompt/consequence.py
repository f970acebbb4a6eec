"""What a command would do to what is here, in one sentence: counted, never tried.

Files are counted up to a bound and a time; a longer count says "more than". git is only asked what it knows, with
everything off that a repository's settings could make it run. What cannot be told gives no sentence.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import iglob
from itertools import islice

from vectra_guard.facts import git_root
from vectra_guard.messages import _, plural
from vectra_guard.model import UNKNOWN, Decision
from vectra_guard.report.text import size

DELETERS = frozenset(("rm", "unlink", "shred", "trash", "trash-put", "rimraf"))
MOST_FILES = 200_000
LONGEST = 2.0
"""Seconds of counting."""
MOST_MATCHES = 10_000
"""Names that a glob is followed to."""
QUIET_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")

INDEXED = re.compile(r"([^\0]+)\0  ctime: .*\n  mtime: (\d+):(\d+)\n.*\n.*\n  size: (\d+)\t.*\n")
"""One entry of ``git ls-files -z --debug``."""


@dataclass(slots=True)
class Count:
    files: int = 0
    bytes: int = 0
    untracked: int = 0
    more: bool = False


def of(decision: Decision) -> str:
    """The sentence for the parts that ask, or empty."""
    try:
        for part in decision.parts:
            for cwd, words in part.runs if part.asks else ():
                name = os.path.basename(words[0])
                if name in DELETERS:
                    return _deletion(cwd, words)
                if name == "git" and len(words) > 1:
                    return _git(cwd, words)
    except (OSError, ValueError, subprocess.SubprocessError):
        pass
    return ""


def _deletion(cwd: str, words: Sequence[str]) -> str:
    if any(UNKNOWN in word for word in words):
        return ""
    count = _count(list(_targets(cwd, words[1:])), cwd)
    if not count.files:
        return ""
    number = _("more than {n}").format(n=f"{count.files:,}") if count.more else ""
    text = plural("Deletes {n} file", "Deletes {n} files", count.files, number) + f", {size(count.bytes)}"
    if not git_root(cwd):
        return f"{text}, {_('not in git')}"
    if count.untracked:
        text += ", " + plural("{n} of them not in git", "{n} of them not in git", count.untracked)
    return text


def _targets(cwd: str, words: Iterable[str]) -> Iterator[str]:
    only_names = False
    for word in words:
        if word == "--" and not only_names:
            only_names = True
        elif only_names or not word.startswith("-"):
            path = os.path.join(cwd, os.path.expanduser(word))
            globbed = any(c in word for c in "*?[") and not os.path.lexists(path)
            yield from islice(iglob(path), MOST_MATCHES) if globbed else (path,)


def _count(targets: Sequence[str], cwd: str) -> Count:
    tracked = _tracked(cwd, targets)
    count, end = Count(), time.monotonic() + LONGEST
    for path, info in _files(targets):
        count.files += 1
        count.bytes += info.st_size
        count.untracked += path not in tracked
        if count.files >= MOST_FILES or time.monotonic() > end:
            count.more = True
            break
    return count


def _files(targets: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below that is no folder, by real paths of its folders; links are not followed."""
    waiting = [os.path.join(os.path.realpath(os.path.dirname(t)), os.path.basename(t)) for t in map(_bare, targets)]
    while waiting:
        path = waiting.pop()
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                waiting += [entry.path for entry in os.scandir(path)]
            else:
                yield path, os.lstat(path)
        except OSError:
            continue


def _bare(path: str) -> str:
    return os.path.normpath(path)


def _tracked(cwd: str, targets: Sequence[str]) -> frozenset[str]:
    root = git_root(cwd)
    if not root or not targets:
        return frozenset()
    below = [os.path.relpath(os.path.realpath(t), os.path.realpath(root)) for t in targets[:1000]]
    listed = _ask_git(root, "ls-files", "-z", "--", *(f":(literal){name}" for name in below))
    real = os.path.realpath(root)
    return frozenset(os.path.join(real, name) for name in listed.split("\0") if name)


def _git(cwd: str, words: Sequence[str]) -> str:
    tell = GIT.get(words[1])
    return tell(cwd, words[2:]) if tell else ""


def _push(cwd: str, words: Sequence[str]) -> str:
    count = _ask_git(cwd, "rev-list", "--count", "HEAD..@{upstream}").strip()
    if not count.isdigit() or count == "0":
        return ""
    return plural(
        "Drops {n} commit that the remote has and this branch has not (as last fetched).",
        "Drops {n} commits that the remote has and this branch has not (as last fetched).",
        int(count),
    )


def _clean(cwd: str, words: Sequence[str]) -> str:
    would = _ask_git(cwd, "clean", "--dry-run", *(w for w in words if w not in ("-i", "--interactive")))
    lines = sum(line.startswith("Would remove") for line in would.splitlines())
    if not lines:
        return ""
    return plural(
        "Deletes {n} file or folder that git does not know.",
        "Deletes {n} files and folders that git does not know.",
        lines,
    )


def _discard(cwd: str, words: Sequence[str]) -> str:
    """By size and time against the index: to compare contents, git would run a repository's own filters."""
    listed = _ask_git(cwd, "ls-files", "-z", "--debug")
    changed = 0
    for name, seconds, nanos, length in INDEXED.findall(listed):
        try:
            info = os.lstat(os.path.join(cwd, name))
        except OSError:
            changed += 1
            continue
        when = int(seconds) * 1_000_000_000 + int(nanos)
        changed += info.st_size != int(length) or info.st_mtime_ns != when
    if not changed:
        return ""
    return plural(
        "{n} file has changes that are not committed.",
        "{n} files have changes that are not committed.",
        changed,
    )


GIT = {"push": _push, "clean": _clean, "reset": _discard, "checkout": _discard, "restore": _discard}


def _ask_git(cwd: str, *words: str) -> str:
    """What git prints, in English; empty where it fails or takes too long."""
    env = {**os.environ, "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        [*QUIET_GIT, *words],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LONGEST,
        check=False,
    )
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""
