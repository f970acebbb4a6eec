"""Many real processes at once, each a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys


def start(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *args], stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], seconds: float = 120) -> None:
    """Wait for a process that must have succeeded."""
    _, errors = process.communicate(timeout=seconds)
    assert process.returncode == 0, errors
