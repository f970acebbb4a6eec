"""Limits without control groups: rlimits set on the sandbox's first process, and a watchdog over the whole tree.

``apply`` sets what the kernel enforces by itself and returns sentences for what it does not enforce here.
``Watchdog`` adds up memory and processes; its user ends the sandbox when it names a limit that was passed.
A watchdog is late by its interval: a burst can pass the limit for some tens of milliseconds.
"""

from __future__ import annotations

import os
import resource
from dataclasses import replace

from vectra_guard.model import Limits

FAST, SLOW = 0.05, 0.15  # seconds between looks: near a limit, and far from all
_PAGE = resource.getpagesize()


def apply(pid: int, limits: Limits, *, root: bool) -> list[str]:
    """Set what can be set on ``pid``, from which everything inside inherits. Returns what is not enforced."""
    if limits.pids and not root:
        # counted by user namespace, so the user's other processes do not count; the kernel exempts root
        _lower(pid, resource.RLIMIT_NPROC, limits.pids)
    if limits.file_size:
        _lower(pid, resource.RLIMIT_FSIZE, limits.file_size)
    if limits.memory:
        # a wall against bursts that outrun the watchdog; twice, because reserved is not used
        _lower(pid, resource.RLIMIT_DATA, 2 * limits.memory)
    _lower(pid, resource.RLIMIT_CORE, 0)
    return _affinity(pid, limits.cpus) if limits.cpus else []


def _lower(pid: int, kind: int, value: int) -> None:
    _, hard = resource.prlimit(pid, kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.prlimit(pid, kind, (value, value))


def _affinity(pid: int, cpus: float) -> list[str]:
    """Bind to as many processors as the limit rounds up to. Which ones differs by run, to spread the load."""
    allowed = sorted(os.sched_getaffinity(0))
    count = max(1, int(-(-cpus // 1)))
    if count < len(allowed):
        first = pid % len(allowed)
        os.sched_setaffinity(pid, {allowed[(first + index) % len(allowed)] for index in range(count)})
    if count > cpus and count <= len(allowed):
        return [f"cpus: {cpus:g} asked for, {count} given (fractions need control groups)"]
    return []


class Watchdog:
    """Looks at the tree below ``pid`` now and then."""

    def __init__(self, pid: int, limits: Limits, *, root: bool) -> None:
        self.pid = pid
        self.limits = limits if root else replace(limits, pids=0)  # the kernel counts them for all but root
        self.interval = FAST

    @property
    def needed(self) -> bool:
        return bool(self.limits.memory or self.limits.pids)

    def look(self) -> str:
        """The limit that is passed, as a sentence; empty when none is."""
        memory, pids = self.limits.memory, self.limits.pids
        tree, threads = walk(self.pid)
        if pids and threads > pids:
            return f"more than {pids} processes"
        used = sum(_resident(pid) for pid in tree) if memory else 0
        near = (memory and used > memory // 2) or (pids and threads > pids // 2)
        self.interval = FAST if near else SLOW
        if memory and used > memory:
            # shared pages were counted once for each process: count them by their share before acting
            used = sum(_proportional(pid) for pid in tree)
            if used > memory:
                return f"more than {human(memory)} of memory"
        return ""


def walk(pid: int) -> tuple[list[int], int]:
    """``pid`` and every process below it, and how many threads they are."""
    out = [pid]
    count = 0
    for process in out:
        try:
            threads = os.listdir(f"/proc/{process}/task")
            count += len(threads)
            for thread in threads:
                with open(f"/proc/{process}/task/{thread}/children", "rb") as file:
                    out += map(int, file.read().split())
        except OSError:
            continue
    return out, count


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return _resident(pid)
    return 0


def human(size: int) -> str:
    for unit, factor in (("g", 1024**3), ("m", 1024**2), ("k", 1024)):
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size} bytes"
