"""What can go wrong, and with which exit status the command line reports it.

::

    GuardError                125  the guard or the runtime could not do its job
    ├── UsageError             64  the command line was wrong
    ├── ConfigError            78  a configuration file was wrong (file, line, nearest valid name)
    ├── Refused                 3  the guard refused, or the user said no
    ├── SandboxError          125  the sandbox could not be built as asked; nothing was run
    ├── StoreError            125  the state database could not be used
    └── EvaluatorUnavailable  125  no resident evaluator answered in time

Only ``cli.main`` turns these into a message and a status; nothing else prints or exits.
Every message is one sentence for the user: what was wrong, where, and what to do.
"""

from __future__ import annotations


class GuardError(Exception):
    """Base of everything this package raises on purpose."""

    status = 125


class UsageError(GuardError):
    status = 64


class ConfigError(GuardError):
    """A configuration file is wrong. ``where`` is ``FILE:LINE`` where that is known."""

    status = 78

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class Refused(GuardError):
    status = 3


class SandboxError(GuardError):
    pass


class StoreError(GuardError):
    pass


class EvaluatorUnavailable(GuardError):
    pass
