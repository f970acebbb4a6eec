"""The copy-on-write view that a run works on: where its upper layer lies, and what is left of it afterwards.

The upper layer is in memory where the machine has plenty (writing over an existing file there costs no flush to the
disk), else on disk; what waits for an answer moves to disk (``pending.settle``). Either way it lies outside the
workspace, under a folder that only the user can enter, and no sandbox sees it. Refuses with SandboxError where an
overlay cannot be, and says why: the command then has not started.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import replace

from vectra_guard.errors import GuardError, SandboxError
from vectra_guard.model import SandboxSpec
from vectra_guard.paths import APP, private_dir
from vectra_guard.sandbox.caches.store import remove_tree
from vectra_guard.sandbox.workspace import nodes, pending

MEMORY_ROOM = 2 * 1024**3
MEMORY_LEFT = 1024**3
"""A view is held in memory if there is this much room for it, and this much left over even if it fills the room."""
_SHM = "/dev/shm"  # noqa: S108 - owner and mode of the folder in it are checked


class View:
    """The view of one run. ``finish`` or ``cancel`` ends it."""

    def __init__(self, review: pending.Review, spec: SandboxSpec) -> None:
        self.review = review
        self.spec = spec

    def finish(self, status: int) -> str:
        """The id of the review that now waits, or empty when the run changed nothing."""
        remove_tree(f"{self.review.upper}.work")
        self.review.open_up()
        if not self.review.changed():
            self.cancel()
            return ""
        self.review.state, self.review.status = "pending", status
        self.review.save()
        self.review.unlock()
        return self.review.id

    def cancel(self) -> None:
        self.review.remove()


def prepare(spec: SandboxSpec) -> View:
    """Make the layers, and put them into the mount of the workspace."""
    reason = refusal(spec.workspace)
    if reason:
        raise SandboxError(f"no review is possible here: {reason}; --direct runs without one")
    # stamps of files lag behind this clock by a few milliseconds at most: what they miss, the command has seen
    review = pending.create(spec.workspace, list(spec.argv), time.time_ns(), _place())
    try:
        for path in (review.upper, f"{review.upper}.work"):
            os.makedirs(path, mode=0o700)
        info = os.stat(spec.workspace)
        nodes.set_attributes(review.upper, nodes.attributes(spec.workspace))
        os.chmod(review.upper, stat.S_IMODE(info.st_mode))
        os.utime(review.upper, ns=(info.st_atime_ns, info.st_mtime_ns))
    except OSError as err:
        review.remove()
        raise SandboxError(f"the copy-on-write view cannot be made: {err.strerror} ({err.filename})") from err
    mounts = tuple(
        replace(mount, upper=review.upper)
        if mount.kind == "overlay" and mount.target == spec.workspace and not mount.upper
        else mount
        for mount in spec.mounts
    )
    return View(review, replace(spec, mounts=mounts))


def refusal(workspace: str) -> str:
    """Why the workspace cannot be the lower layer of an overlay, or empty."""
    inside = workspace.rstrip("/") + "/"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            point = line.split(" ", 5)[4].encode("utf-8", "surrogateescape").decode("unicode_escape", "replace")
            if point.startswith(inside):
                return f"something is mounted in the workspace, at {point}"
    for folder in (pending.root(), _SHM):
        if folder.startswith(inside):
            return f"the guard's own files lie in the workspace ({folder})"
    return ""


def _place() -> str:
    """The folder for the upper layer: in memory if there is room, or empty: beside the review on disk."""
    try:
        found = os.statvfs(_SHM)
        room = found.f_bavail * found.f_frsize
        if room < MEMORY_ROOM or _available() - room < MEMORY_LEFT:
            return ""
        base = private_dir(f"{_SHM}/{APP}-{os.getuid()}")
        os.setxattr(base, "user.overlay.probe", b"y")  # old kernels have no user attributes there
        return base
    except (OSError, GuardError):
        return ""


def _available() -> int:
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0
