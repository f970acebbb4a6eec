"""The history files of bash, zsh and fish as lines: read, never written.

Knows the shells' own formats (bash with or without times, zsh plain and extended with its escaped bytes, fish's list).
A file that is missing or cannot be read counts as empty; of a long one only the end is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

LARGEST = 16 << 20
"""Bytes of one file that are read, from its end."""

EXTENDED = re.compile(rb"^: \d+:\d+;")


def default_files(home: str) -> dict[str, str]:
    """Shell -> where its history lies unless the user moved it."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local/share")
    zsh = os.path.join(os.environ.get("ZDOTDIR") or home, ".zsh_history")
    return {
        "bash": os.path.join(home, ".bash_history"),
        "zsh": zsh if os.path.exists(zsh) else os.path.join(home, ".zhistory"),
        "fish": os.path.join(data, "fish/fish_history"),
    }


def lines(shell: str, path: str) -> list[str]:
    """The commands of one history file, oldest first; one that was typed over several lines is one."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LARGEST))
            data = file.read(LARGEST)
    except OSError:
        return []
    return [line for raw in READERS[shell](data) if (line := os.fsdecode(raw).strip())]


def _bash(data: bytes) -> list[bytes]:
    """Without times a line is a command; with them (``#1700000000``) a command is all up to the next time."""
    rows = data.split(b"\n")
    if not any(re.fullmatch(rb"#\d{9,}", row) for row in rows):
        return rows
    commands: list[list[bytes]] = []
    for row in rows:
        if re.fullmatch(rb"#\d{9,}", row):
            commands.append([])
        elif commands:
            commands[-1].append(row)
        else:
            commands.append([row])
    return [b"\n".join(command) for command in commands]


def _zsh(data: bytes) -> list[bytes]:
    """A backslash at the end continues; a byte after 0x83 has its sixth bit turned."""
    plain = re.sub(rb"\x83(.)", lambda m: bytes([m[1][0] ^ 32]), data, flags=re.DOTALL)
    rows = re.split(rb"(?<!\\)\n", plain)
    return [EXTENDED.sub(b"", row).replace(b"\\\n", b"\n") for row in rows]


def _fish(data: bytes) -> list[bytes]:
    found = re.findall(rb"^- cmd: (.*)$", data, re.MULTILINE)
    return [re.sub(rb"\\(n|\\)", lambda m: b"\n" if m[1] == b"n" else b"\\", row) for row in found]


READERS: dict[str, Callable[[bytes], list[bytes]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
