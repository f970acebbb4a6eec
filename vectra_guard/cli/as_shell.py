"""``vg-shell``: for ``SHELL=vg-shell``, where a tool runs ``$SHELL -c LINE`` and cannot be given another command.

``vg-shell [options] -c LINE [NAME ARG…]`` is what ``vg exec`` does with that line, in the shell that ``VG_SHELL`` names
(bash). Other options go to that shell. A script on standard input is read whole and judged before any of it runs, a
script file is judged by the line that runs it, and without either it is a guarded interactive shell. Inside a sandbox
it is the plain shell. Status as of ``vg exec``. Does not see what shells that are started by their own path are told.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import NamedTuple

from vectra_guard.errors import UsageError
from vectra_guard.shells import SHELLS

TAKES_VALUE = frozenset(("-o", "+o", "-O", "+O", "--rcfile", "--init-file"))


class Call(NamedTuple):
    """How a shell was called: its other options, the text after ``-c`` (None without), and what follows."""

    options: tuple[str, ...]
    line: str | None
    rest: tuple[str, ...]


def parse(args: Sequence[str]) -> Call:
    """As bash, zsh and fish read their arguments: ``-lc LINE`` is ``-l -c LINE``."""
    options: list[str] = []
    wants_line, at = False, 0
    while at < len(args) and args[at][:1] in ("-", "+") and args[at] != "-":
        word = args[at]
        at += 1
        if word == "--":
            break
        if word[0] == "-" and word[1] != "-" and "c" in word[1:]:
            wants_line = True
            word = word.replace("c", "", 1)
        if word == "--command":
            wants_line = True
        elif word != "-":
            options.append(word)
            if word in TAKES_VALUE and at < len(args):
                options.append(args[at])
                at += 1
    if not wants_line:
        return Call(tuple(options), None, tuple(args[at:]))
    if at >= len(args):
        raise UsageError("-c needs a line to run")
    return Call(tuple(options), args[at], tuple(args[at + 1 :]))


def run(name: str, args: Sequence[str]) -> int:
    """What ``vg-shell ARGS`` does, with the shell ``name``."""
    program = shutil.which(name)
    if name not in SHELLS or program is None:
        raise UsageError(f"VG_SHELL={name}: not one of {', '.join(s for s in SHELLS if shutil.which(s))}")
    if os.environ.get("VG_SANDBOX") == "1":
        os.execv(program, [program, *args])
    # judging is only needed past this point
    from vectra_guard import execute

    call = parse(args)
    options = execute.Options(shell=name)
    if call.line is not None and not call.rest:
        return execute.run_line(call.line, options, call.options)
    if call.line is not None:
        return execute.run_argv([program, *call.options, "-c", call.line, *call.rest], options)
    if call.rest:
        return execute.run_argv([program, *call.options, *call.rest], options)
    if not os.isatty(0) and "-i" not in call.options:
        return execute.run_line(sys.stdin.read(), options, call.options)
    from vectra_guard.cli import shell

    return shell.run(["--shell", name])


def main() -> int:
    """The ``vg-shell`` command: mistakes end as in ``vg``."""
    from vectra_guard.cli.main import guarded

    return guarded(lambda: run(os.environ.get("VG_SHELL") or "bash", sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
