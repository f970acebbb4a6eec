"""``vg shell``: open a guarded interactive shell without touching any start-up file.

The user's own start-up files are read as usual, then the hook. The small files that arrange this lie in the user's
cache folder. Replaces this process; fails before that with one sentence when the shell is not there. ``-c LINE`` runs
one line as ``vg-shell`` does; ``--bash-env`` writes a file for ``BASH_ENV`` and prints its path.
"""

from __future__ import annotations

import os
import shlex
import shutil

from vectra_guard import paths, shells, whole_files
from vectra_guard.cli import as_shell
from vectra_guard.cli.hook import write_hook
from vectra_guard.errors import UsageError

BASH_ENV = """\
# bash reads this before it runs a script or `bash -c LINE` where BASH_ENV names it. The line is handed to the guard
# first; what the guard lets through comes back with VG_JUDGED set to it. Scripts are not seen here.
if [[ -n ${{BASH_EXECUTION_STRING+x}} && ${{VG_SANDBOX-}} != 1 ]]; then
  if [[ ${{VG_JUDGED-}} == "$BASH_EXECUTION_STRING" ]]; then
    unset VG_JUDGED
  else
    __vg_flags=${{-//[!eufx]/}}
    (($#)) || [[ $0 != *bash ]] && set -- "$0" "$@"
    exec {python} -I -m vectra_guard.cli.as_shell ${{__vg_flags:+-$__vg_flags}} -c "$BASH_EXECUTION_STRING" "$@"
    exit 125
  fi
fi
"""
ZSH_FILES = (".zshenv", ".zprofile", ".zshrc", ".zlogin")


def run(args: list[str]) -> int:  # noqa: RET503 - execve does not return
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg shell",
        description="Open a guarded shell; no start-up file is changed.",
        epilog="example: vg shell --shell zsh",
    )
    parser.add_argument("--shell", choices=sorted(shells.SHELLS), default=_own_shell())
    parser.add_argument("-c", dest="line", metavar="LINE", help="run one line instead, as vg-shell does")
    parser.add_argument("--bash-env", action="store_true", help="print a file for BASH_ENV: every bash -c is judged")
    options = parser.parse_args(args)
    if options.bash_env:
        print(bash_env())
        return 0
    if options.line is not None:
        return as_shell.run(options.shell, ["-c", options.line])
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


def bash_env() -> str:
    """Write the file for ``BASH_ENV``; its path."""
    path = os.path.join(paths.private_dir(paths.data_dir()), "bash-env.bash")
    whole_files.replace(path, BASH_ENV.format(python=shlex.quote(shells.interpreter())).encode(), 0o600)
    return path


def _own_shell() -> str:
    name = os.path.basename(os.environ.get("SHELL", ""))
    return name if name in shells.SHELLS else "bash"


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
