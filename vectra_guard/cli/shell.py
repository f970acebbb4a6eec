"""``vg shell``: open a guarded interactive shell without touching any start-up file.

The user's own start-up files are read as usual, then the hook. The small files that arrange this lie in the user's
cache folder. Replaces this process; fails before that with one sentence when the shell is not there.
"""

from __future__ import annotations

import os
import shutil

from vectra_guard import paths, shells
from vectra_guard.cli.hook import write_hook
from vectra_guard.errors import UsageError

ZSH_FILES = (".zshenv", ".zprofile", ".zshrc", ".zlogin")


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg shell",
        description="Open a guarded shell; no start-up file is changed.",
        epilog="example: vg shell --shell zsh",
    )
    parser.add_argument("--shell", choices=sorted(shells.SHELLS), default=_own_shell())
    options = parser.parse_args(args)
    program = shutil.which(options.shell)
    if program is None:
        raise UsageError(f"{options.shell} is not installed here; --shell takes another")
    folder = paths.private_dir(os.path.join(paths.cache_dir(), "shell"))
    hook = write_hook(options.shell, os.path.join(folder, f"vg.{options.shell}"))
    argv, env = command(options.shell, program, hook, folder, os.environ)
    os.execve(program, argv, env)


def command(
    shell: str, program: str, hook: str, folder: str, environ: os._Environ[str]
) -> tuple[list[str], dict[str, str]]:
    """(argv, environment) of the guarded shell; writes the start-up files that it needs into ``folder``."""
    env = dict(environ)
    if shell == "bash":
        rc = os.path.join(folder, "bashrc")
        _write(rc, f'[ -r ~/.bashrc ] && . ~/.bashrc\n. "{hook}"\n')
        return [program, "--rcfile", rc, "-i"], env
    if shell == "zsh":
        home = env.get("ZDOTDIR") or env.get("HOME", "")
        for name in ZSH_FILES:
            # each file is read with the user's own ZDOTDIR in force, and ours comes back for the next one
            text = f'ZDOTDIR="{home}"\n[[ -r "$ZDOTDIR/{name}" ]] && source "$ZDOTDIR/{name}"\n'
            text += f'source "{hook}"\n' if name == ".zshrc" else f'ZDOTDIR="{folder}"\n'
            _write(os.path.join(folder, name), text)
        env["ZDOTDIR"] = folder
        return [program, "-i"], env
    return [program, "-i", "-C", f"source '{hook}'"], env


def _own_shell() -> str:
    name = os.path.basename(os.environ.get("SHELL", ""))
    return name if name in shells.SHELLS else "bash"


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
