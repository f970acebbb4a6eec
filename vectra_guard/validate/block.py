"""One text that a file would have run, and one thing found in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from vectra_guard.model import Risk

_NAME = re.compile(r"[A-Za-z_]\w*\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """``text`` for ``shell`` (a name that ``model.Request`` knows).

    Its first line is line ``line`` of the file, from 1, and each further line of it one further line of the file.
    ``where`` says which part of the file it is.
    """

    text: str
    line: int
    shell: str = "sh"
    where: str = ""
    foreign: bool = False  # code of another language, read as a whole


@dataclass(frozen=True, slots=True)
class Row:
    """One finding in a file. ``line`` from 1, 0 when unknown."""

    path: str
    line: int
    rule: str
    risk: Risk
    message: str
    instead: str
    category: str
    where: str


class Unreadable(ValueError):
    """The file is not what its name says; ``line`` from 1, or 0 when unknown."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def with_variables(text: str, values: Mapping[str, str]) -> str:
    """``text`` with what is known of its environment set before it, on its first line: lines stay where they are."""
    known = [
        f"{name}={shlex.quote(value)}; " for name, value in values.items() if _NAME.match(name) and "\n" not in value
    ]
    return "".join(known) + text
