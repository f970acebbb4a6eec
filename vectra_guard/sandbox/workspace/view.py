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
from collections.abc import Sequence
from dataclasses import replace

from vectra_guard.errors import GuardError, SandboxError
from vectra_guard.model import SandboxSpec
from vectra_guard.paths import APP, private_dir
from vectra_guard.sandbox.caches.store import remove_tree
from vectra_guard.sandbox.project import is_exposed
from vectra_guard.sandbox.workspace import nodes, pending

MEMORY_ROOM = 2 * 1024**3
MEMORY_LEFT = 1024**3
"""A view is held in memory if there is this much room for it, and this much left over even if it fills the room."""
_SHM = "/dev/shm"  # noqa: S108 - owner and mode of the folder in it are checked


class View:
    """The views of one run, a review for each folder. ``finish`` or ``cancel`` ends them."""

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self.reviews: list[pending.Review] = []

    def add(self, folder: str) -> None:
        """Make the layers of ``folder``, and put them into its mount."""
        # stamps of files lag behind this clock by a few milliseconds at most: what they miss, the command has seen
        review = pending.create(folder, list(self.spec.argv), time.time_ns(), _place())
        self.reviews.append(review)
        for path in (review.upper, f"{review.upper}.work"):
            os.makedirs(path, mode=0o700)
        info = os.stat(folder)
        nodes.set_attributes(review.upper, nodes.attributes(folder))
        os.chmod(review.upper, stat.S_IMODE(info.st_mode))
        os.utime(review.upper, ns=(info.st_atime_ns, info.st_mtime_ns))
        mounts = (
            replace(mount, upper=review.upper) if mount.kind == "overlay" and mount.target == folder else mount
            for mount in self.spec.mounts
        )
        self.spec = replace(self.spec, mounts=tuple(mounts))

    def finish(self, status: int) -> str:
        """The ids of the reviews that now wait, or empty when the run changed nothing."""
        waiting = []
        for review in self.reviews:
            remove_tree(f"{review.upper}.work")
            review.open_up()
            if not review.changed():
                review.remove()
                continue
            review.state, review.status = "pending", status
            review.save()
            review.unlock()
            waiting.append(review.id)
        return " ".join(waiting)

    def cancel(self) -> None:
        for review in self.reviews:
            review.remove()


def prepare(spec: SandboxSpec) -> View:
    """Make a view of each folder that the run is to see as one."""
    for folder in spec.viewed:
        reason = refusal(folder, spec.hide)
        if reason:
            raise SandboxError(f"no review is possible here: {reason}; --direct runs without one")
    view = View(spec)
    try:
        for folder in spec.viewed:
            view.add(folder)
    except (OSError, GuardError) as err:
        view.cancel()
        why = f"{err.strerror} ({err.filename})" if isinstance(err, OSError) else str(err)
        raise SandboxError(f"the copy-on-write view cannot be made: {why}") from err
    return view


def refusal(folder: str, hidden: Sequence[str] = ()) -> str:
    """Why ``folder`` cannot be the lower layer of an overlay, or empty. ``hidden``: what the run does not see."""
    inside = folder.rstrip("/") + "/"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            point = line.split(" ", 5)[4].encode("utf-8", "surrogateescape").decode("unicode_escape", "replace")
            if point.startswith(inside):
                return f"something is mounted in {folder}, at {point}"
    for own in (pending.root(), _SHM):
        if own.startswith(inside) and not any(is_exposed(own, path) for path in hidden):
            return f"the guard's own files lie in {folder} ({own})"
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
