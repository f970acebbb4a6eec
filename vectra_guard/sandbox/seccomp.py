"""Seccomp programs in plain Python: no libseccomp. x86_64 and aarch64.

``program(profile)`` gives the bytes that bubblewrap takes on ``--seccomp``. Profiles: ``default`` (what no build
or install needs), ``strict`` (also tracing, chroot, device nodes, every socket family but unix and internet),
``none`` (only what is refused always: typing into the user's terminal by TIOCSTI and TIOCLINUX), or the path of a
JSON profile, which ``profile`` compiles; what is refused always is refused there too.

It does not filter by path or address: namespaces and mounts do that. Fails by raising SandboxError before
anything runs (ConfigError for a bad profile file): an unknown profile name, or an architecture without a program, is
never an unfiltered run.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import errno
import os
import struct

from vectra_guard.errors import ConfigError, SandboxError
from vectra_guard.sandbox.syscalls import AUDIT_ARCH, COLUMN, NUMBERS

_LOAD, _EQ, _GE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16  # offsets into struct seccomp_data; arguments are 8 bytes each
_X32_BIT = 0x40000000

TIOCSTI, TIOCLINUX = 0x5412, 0x541C
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag that clone takes
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16

_ADMIN = (
    "acct adjtimex clock_adjtime clock_settime settimeofday delete_module init_module finit_module kexec_load "
    "kexec_file_load reboot swapon swapoff syslog sethostname setdomainname quotactl quotactl_fd vhangup iopl "
    "ioperm modify_ldt uselib _sysctl nfsservctl lookup_dcookie fanotify_init"
).split()
_MOUNTS = (
    "mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr setns unshare"
).split()
_ATTACK_SURFACE = (
    "bpf perf_event_open userfaultfd keyctl add_key request_key open_by_handle_at pidfd_getfd kcmp".split()
)
_TRACING = "ptrace process_vm_readv process_vm_writev process_madvise".split()
_RARE = "chroot mknod mknodat personality name_to_handle_at move_pages migrate_pages".split()
_ABSENT = ("io_uring_setup", "io_uring_enter", "io_uring_register")  # ENOSYS: programs fall back to epoll

DENIED = {
    "none": (),
    "default": (*_ADMIN, *_MOUNTS, *_ATTACK_SURFACE),
    "strict": (*_ADMIN, *_MOUNTS, *_ATTACK_SURFACE, *_TRACING, *_RARE),
}
_FAMILIES = {
    "default": (_AF_UNIX, _AF_INET, _AF_INET6),  # and netlink, for its route protocol alone
    "strict": (_AF_UNIX, _AF_INET, _AF_INET6),
}

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


def _refuse(error: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | error)


def _when_call(number: int, body: list[Instruction]) -> list[Instruction]:
    """``body`` runs for that system call only; it may leave another word loaded when it falls through."""
    return [(_EQ, 0, len(body) + 1, number), *body, (_LOAD, 0, 0, _NUMBER)]


def _terminal(column: int) -> list[Instruction]:
    number = NUMBERS["ioctl"][column]
    assert number is not None
    return _when_call(
        number,
        [(_LOAD, 0, 0, _ARGUMENT + 8), (_EQ, 1, 0, TIOCSTI), (_EQ, 0, 1, TIOCLINUX), _refuse(errno.EPERM)],
    )


def _namespaces(column: int) -> list[Instruction]:
    clone, clone3 = NUMBERS["clone"][column], NUMBERS["clone3"][column]
    assert clone is not None
    assert clone3 is not None
    # clone3 hides its flags behind a pointer; without it the C library uses clone
    return [
        (_EQ, 0, 1, clone3),
        _refuse(errno.ENOSYS),
        *_when_call(
            clone,
            [(_LOAD, 0, 0, _ARGUMENT), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), _refuse(errno.EPERM)],
        ),
    ]


def _sockets(column: int, families: tuple[int, ...], netlink_route: bool) -> list[Instruction]:
    number = NUMBERS["socket"][column]
    assert number is not None
    refuse = _refuse(errno.EAFNOSUPPORT)
    tail: list[Instruction] = [refuse]
    if netlink_route:
        # getifaddrs needs NETLINK_ROUTE (protocol 0); the other protocols are kernel interfaces no build needs
        tail = [
            (_EQ, 1, 0, _AF_NETLINK),
            refuse,
            (_LOAD, 0, 0, _ARGUMENT + 16),
            (_EQ, 1, 0, 0),
            refuse,
        ]
    tests: list[Instruction] = []
    for index, family in enumerate(families):
        tests.append((_EQ, len(families) - index - 1 + len(tail), 0, family))
    return _when_call(number, [(_LOAD, 0, 0, _ARGUMENT), *tests, *tail])


def build(profile: str, machine: str) -> list[Instruction]:
    """The instructions of a shipped profile, or of the file that ``profile`` is the path of."""
    column = COLUMN[machine]
    out: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQ, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),  # another ABI (32 bit) would have other numbers: all of this could be passed by
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        out += [(_GE, 0, 1, _X32_BIT), _refuse(errno.ENOSYS)]
    out += _terminal(column)
    if profile not in DENIED:
        from vectra_guard.sandbox.profile import compile_file  # only for who has a profile of their own

        return [*out, *compile_file(profile, machine)]
    if profile != "none":
        out += _namespaces(column)
        out += _sockets(column, _FAMILIES[profile], netlink_route=profile == "default")
        for names, error in ((_ABSENT, errno.ENOSYS), (DENIED[profile], errno.EPERM)):
            for name in names:
                number = NUMBERS[name][column]
                if number is not None:
                    out += [(_EQ, 0, 1, number), _refuse(error)]
    out.append((_RETURN, 0, 0, _ALLOW))
    return out


def encode(instructions: list[Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def program(profile: str, machine: str = "") -> bytes:
    """The program of ``default``, ``strict``, ``none`` or a file; SandboxError or ConfigError for anything else."""
    machine = machine or os.uname().machine
    if machine not in COLUMN:
        raise SandboxError(f"no seccomp program for {machine} processors; use a container runtime here")
    if profile not in DENIED and "/" not in profile and not profile.endswith(".json"):
        raise ConfigError(
            f"sandbox.seccomp_profile: {profile!r} is not one of default, strict, none, nor the path of a JSON file"
        )
    return encode(build(profile, machine))
