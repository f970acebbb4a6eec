"""Short forms of what was read, for tables of expectations."""

from __future__ import annotations

from vectra_guard import syntax
from vectra_guard.model import UNKNOWN, Command, Facts, Request, Script

CWD, HOME = "/home/dev/app", "/home/dev"


def script(line: str, shell: str = "bash", partial: bool = False, **facts: object) -> Script:
    request = Request(line, shell, CWD, HOME, partial=partial)
    return syntax.read(request, Facts(user="dev", **facts))  # type: ignore[arg-type]


def text(command: Command) -> str:
    """``name arg arg``: ``?`` for what is not known, ``_`` for an empty word."""
    words = [command.name, *(w.text for w in command.words[1:])]
    return " ".join(w or "_" for w in words).replace(UNKNOWN, "?")


def commands(line: str, shell: str = "bash", **facts: object) -> list[str]:
    """Every command with words, in order."""
    return [text(c) for c in script(line, shell, **facts).commands if c.words]
