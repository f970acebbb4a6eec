"""The shells that can be guarded: one row each. A new shell is a hook file and a row here.

``render`` puts absolute paths into the hook's text, so that a guarded shell starts without asking anybody where
things are. Fails with GuardError when the hook files are missing.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass

from vectra_guard import data_files
from vectra_guard.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shell:
    name: str
    hook: str  # file name in shell-hooks
    rc: str  # start-up file of an interactive shell, ``{HOME}`` and ``{CONFIG}`` filled in
    check: tuple[str, ...]  # argv before a file's name that checks its syntax


SHELLS: dict[str, Shell] = {
    "bash": Shell("bash", "vg.bash", "{HOME}/.bashrc", ("bash", "-n")),
    "zsh": Shell("zsh", "vg.zsh", "{ZDOTDIR}/.zshrc", ("zsh", "-f", "-n")),
    "fish": Shell("fish", "vg.fish", "{CONFIG}/fish/config.fish", ("fish", "--no-config", "--no-execute")),
}


def installed() -> list[str]:
    """Guardable shells that are on this machine."""
    return [name for name in SHELLS if shutil.which(name)]


def rc_file(shell: str) -> str:
    home = os.path.expanduser("~")
    return _row(shell).rc.format(
        HOME=home,
        ZDOTDIR=os.environ.get("ZDOTDIR") or home,
        CONFIG=os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config",
    )


def interpreter() -> str:
    """The Python that runs this, by its absolute path: a version manager's shim would cost 90 ms a start."""
    return os.path.abspath(sys.executable)


def vg() -> str:
    """The ``vg`` that belongs to this installation."""
    beside = os.path.join(os.path.dirname(interpreter()), "vg")
    return beside if os.access(beside, os.X_OK) else shutil.which("vg") or beside


def hook_source(shell: str) -> str:
    return os.path.join(data_files.folder("shell-hooks"), _row(shell).hook)


def render(shell: str, *, python: str, vg: str) -> str:
    """The hook's text with the paths of the interpreter and of ``vg`` in it, quoted for that shell."""
    with open(hook_source(shell), encoding="utf-8") as file:
        text = file.read()
    return text.replace("@VG_PYTHON@", _quote(shell, python)).replace("@VG_BIN@", _quote(shell, vg))


def _quote(shell: str, text: str) -> str:
    """``text`` for the inside of single quotes. fish knows a backslash there, the others leave and come back."""
    if shell == "fish":
        return text.replace("\\", "\\\\").replace("'", "\\'")
    return text.replace("'", "'\\''")


def _row(shell: str) -> Shell:
    if shell not in SHELLS:
        raise UsageError(f"{shell}: not one of {', '.join(SHELLS)}")
    return SHELLS[shell]
