"""A line becomes the simple commands it would run: ``read(request, facts) -> Script``.

Pure, and never raises: what cannot be read raises the script's floor instead (MEDIUM for what the shell would not
accept, HIGH for what lies past a cap).

How commands are shown:

- ``name`` is the base name for a bare word or a path into a folder of programs (``/usr/bin/git``,
  ``.venv/bin/pip``, ``node_modules/.bin/x``); a copy or link made in the line has the name of its original; any other
  path (``./deploy.sh``, ``./rm``, ``/tmp/x``) stays the path as it is; ``UNKNOWN`` where it is not known.
- a wrapper is a command of its own, the commands in it follow, with ``wrappers`` and ``top``.
- commands in ``$(…)`` have ``via="substitution"`` and follow the command whose word they stand in.
- ``via``: substitution string stdin source file function alias trap variable xargs find cron make expect, a
  language (python …), or ``recursion``: a function that calls itself (with ``background`` or a pipe: a fork bomb).
- redirections of a compound command are a command without words, before what is inside.
- ``<(…)`` is the word ``/dev/fd/N`` with ``sources``.
- ``((`` and ``[[`` are commands of that name.
- ``stdin_text`` may hold ``UNKNOWN`` where it is known in part.
"""

from __future__ import annotations

from vectra_guard.model import Facts, Request, Risk, Script
from vectra_guard.syntax.fast import plain
from vectra_guard.syntax.names import BUILTINS
from vectra_guard.syntax.shellstate import CHANGES_STATE

__all__ = ["BUILTINS", "CHANGES_STATE", "read"]

FAILED = "The line could not be read: {}."


def read(request: Request, facts: Facts) -> Script:
    """Everything ``request.line`` (or ``request.argv``) would run."""
    if request.argv is None:
        quick = plain(request, facts)
        if quick is not None:
            return quick
    from vectra_guard.syntax.full import read_full

    try:
        return read_full(request, facts)
    except (RecursionError, MemoryError) as error:
        return Script((), (FAILED.format(type(error).__name__),), Risk.HIGH)
    except Exception as error:  # a bug here must not open the gate, nor stop the shell
        return Script((), (FAILED.format(type(error).__name__),), Risk.HIGH)
