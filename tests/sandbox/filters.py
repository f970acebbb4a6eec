"""What the kernel would answer to a system call under a seccomp program: its interpreter, in small."""

from __future__ import annotations

from vectra_guard.sandbox import seccomp
from vectra_guard.sandbox.syscalls import AUDIT_ARCH

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x50000


def judge(profile: str, machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    words = {0: number, 4: AUDIT_ARCH[machine] if arch is None else arch}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        words[16 + 8 * index], words[20 + 8 * index] = value & 0xFFFFFFFF, value >> 32
    accumulator = at = 0
    instructions = seccomp.build(profile, machine)
    while True:
        code, true, false, constant = instructions[at]
        at += 1
        if code == 0x20:
            accumulator = words[constant]
        elif code == 0x54:
            accumulator &= constant
        elif code == 0x05:
            at += constant
        elif code == 0x06:
            return constant
        else:
            holds = {
                0x15: accumulator == constant,
                0x25: accumulator > constant,
                0x35: accumulator >= constant,
                0x45: bool(accumulator & constant),
            }[code]
            at += true if holds else false
