"""The security levels as data: one row each, the table of the documentation in code.

It does not decide which level applies, nor enforce anything: ``spec`` reads a row, the runtimes enforce it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from vectra_guard.model import NetworkMode, SecurityLevel, WorkspaceMode

MIB = 1024 * 1024
GIB = 1024 * MIB


class Level(NamedTuple):
    network: NetworkMode
    home: Literal["visible", "tools", "hidden"]
    """visible: read-only, secrets masked; tools: empty but for toolchains, settings and caches; hidden: empty but
    for the program that is run."""
    workspace: WorkspaceMode
    memory: int
    cpus: float
    pids: int
    tmp_size: int
    capabilities: tuple[str, ...]  # containers only: bubblewrap drops all at every level
    seccomp: Literal["default", "strict"]
    environment: Literal["allowlist", "minimal"]
    noexec_tmp: bool = False
    protect: bool = True  # git hooks and configuration of the workspace read-only: they run later, outside


LEVELS: dict[SecurityLevel, Level] = {
    "permissive": Level(
        network="full",
        home="visible",
        workspace="direct",
        memory=2 * GIB,
        cpus=2,
        pids=512,
        tmp_size=2 * GIB,
        capabilities=("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID"),
        seccomp="default",
        environment="allowlist",
        protect=False,
    ),
    "balanced": Level(
        network="restricted",
        home="tools",
        workspace="direct",
        memory=GIB,
        cpus=1,
        pids=256,
        tmp_size=GIB,
        capabilities=("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"),
        seccomp="default",
        environment="allowlist",
    ),
    "strict": Level(
        network="restricted",
        home="hidden",
        workspace="review",
        memory=512 * MIB,
        cpus=0.5,
        pids=100,
        tmp_size=512 * MIB,
        capabilities=("CHOWN", "DAC_OVERRIDE"),
        seccomp="strict",
        environment="allowlist",
    ),
    "paranoid": Level(
        network="none",
        home="hidden",
        workspace="review",
        memory=256 * MIB,
        cpus=0.25,
        pids=50,
        tmp_size=256 * MIB,
        capabilities=(),
        seccomp="strict",
        environment="minimal",
        noexec_tmp=True,
    ),
}
