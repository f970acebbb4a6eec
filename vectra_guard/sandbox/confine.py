"""What bubblewrap cannot do by itself, done in the forked child before it starts.

- Memory file systems on which nothing can be executed, in a mount namespace of the child's own, for bubblewrap to
  bind: it keeps the flag, but has no option that sets it.
- A Landlock domain, where namespaces leave something open: with the host's network the host's abstract sockets (X11,
  D-Bus), and with a stream that is the user's terminal, signals to the process group, which the guard is in (it
  could be stopped, and its limits with it). From Linux 6.12 on.

``plan`` is pure but for asking the kernel; ``Steps.take`` raises OSError, and then nothing is run.
"""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from typing import Any, NamedTuple

from vectra_guard import paths
from vectra_guard.model import Mount, SandboxSpec

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_SLAVE = 2, 4, 8, 0x4000, 1 << 19
_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same on every architecture
_RULESET_VERSION = 1
_SCOPE_ABSTRACT_SOCKET, _SCOPE_SIGNAL = 1, 2
_SCOPES_SINCE = 6  # version of Landlock
_NO_NEW_PRIVILEGES = 38
NO_SCOPES = "abstract sockets of the host: reachable with the host's network (needs Landlock of Linux 6.12)"


class Steps(NamedTuple):
    base: str = ""  # where the memory file systems are mounted
    noexec: tuple[Mount, ...] = ()
    scoped: bool = False

    def take(self) -> None:
        if self.noexec:
            _mount_noexec(self.base, self.noexec)
        if self.scoped:
            _enter_domain()


def plan(spec: SandboxSpec, *, own_group: bool = True) -> tuple[SandboxSpec, Steps, list[str]]:
    """What is to be done for ``spec``, the spec as bubblewrap is then to see it, and what is not enforced.
    ``own_group``: the command will be in a process group apart from ours."""
    steps, degraded = Steps(), []
    if spec.network.mode == "full" or not own_group:
        steps = steps._replace(scoped=_version() >= _SCOPES_SINCE)
        if spec.network.mode == "full" and not steps.scoped:
            degraded.append(NO_SCOPES)
    if spec.noexec_tmp:
        base = f"{paths.private_dir(paths.runtime_dir())}/noexec"
        memory = [mount for mount in spec.mounts if mount.kind == "tmpfs"]
        memory.append(Mount("", "/dev/shm", "tmpfs", size=spec.limits.tmp_size, mode=0o1777))  # noqa: S108 - inside
        steps = steps._replace(base=base, noexec=tuple(memory))
        made = {mount.target: Mount(f"{base}/{index}", mount.target, "rw") for index, mount in enumerate(memory)}
        mounts = [made[mount.target] if mount.kind == "tmpfs" else mount for mount in spec.mounts]
        spec = replace(spec, mounts=(*mounts, made["/dev/shm"]))  # noqa: S108
    return spec, steps, degraded


def _library() -> Any:
    import ctypes  # 2 ms, and most runs need nothing of it

    return ctypes.CDLL(None, use_errno=True)


def _version() -> int:
    """Of Landlock; 0: the kernel has none."""
    return max(0, int(_library().syscall(_CREATE_RULESET, None, 0, _RULESET_VERSION)))


def _mount_noexec(base: str, wanted: tuple[Mount, ...]) -> None:
    libc = _library()
    uid, gid = os.getuid(), os.getgid()
    _check(libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if uid else 0)), "a namespace for noexec mounts")
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)

    def mount(source: bytes | None, target: str, flags: int, data: str = "") -> None:
        _check(libc.mount(source, os.fsencode(target), source, flags, data.encode()), f"mount {target}")

    mount(None, "/", _MS_REC | _MS_SLAVE)
    os.makedirs(base, mode=0o700, exist_ok=True)
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    mount(b"tmpfs", base, flags, "mode=700,size=64k")
    for index, item in enumerate(wanted):
        folder = f"{base}/{index}"
        os.mkdir(folder)
        mount(b"tmpfs", folder, flags, f"mode={item.mode:o}" + (_room(item.size) if item.size else ""))


def _room(size: int) -> str:
    """Empty files cost memory too: as many as there are pages."""
    return f",size={size},nr_inodes={size // 4096 + 1024}"


def _enter_domain() -> None:
    """From here on neither signals nor abstract sockets reach beyond this process's children."""
    libc = _library()
    attributes = struct.pack("QQQ", 0, 0, _SCOPE_ABSTRACT_SOCKET | _SCOPE_SIGNAL)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    _check(ruleset, "Landlock")
    _check(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
    _check(libc.syscall(_RESTRICT_SELF, ruleset, 0), "Landlock")
    os.close(ruleset)


def _check(result: int, what: str) -> None:
    if result < 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
