"""Package caches for sandboxes: fast without letting a sandbox write the host's caches.

A sandbox sees the host's cache below, what earlier successful runs fetched above it, and writes to a layer
of its own on top (``store``). In order::

    names = for_command(argv)
    mounts, env = mounts(names, home=…, env=…, config=…)      plan; creates nothing
    lease = begin(spec.mounts)                                before the run; mount lease.mounts
    hit = lease.finish(ok=status == 0, received=bytes)        after it; True, False, or None: not known
"""

from __future__ import annotations

from vectra_guard.sandbox.caches.plan import mounts
from vectra_guard.sandbox.caches.store import Entry, Lease, begin, clean, entries
from vectra_guard.sandbox.caches.triggers import for_command

__all__ = ["Entry", "Lease", "begin", "clean", "entries", "for_command", "mounts"]
