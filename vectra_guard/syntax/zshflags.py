"""zsh's parameter flags on known values: ``${(L)x}`` ``${(j:,:)x}`` ``${(s: :)x}`` ``${(e)x}`` ``${(P)x}`` ``${=x}``.

A flag that is not understood leaves the value as it is; those change how text is shown or sorted.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.state import State, Val

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

ARGUMENT = re.compile(r"([js])(.)(.*?)\2", re.DOTALL)


def apply(w: Commands, flags: str, items: list[str], st: State) -> tuple[list[str], tuple[int, ...]]:
    """The items after the flags, and the commands that expanding them ran."""
    arguments = {found.group(1): found.group(3) for found in ARGUMENT.finditer(flags)}
    letters = ARGUMENT.sub("", flags)
    sources: tuple[int, ...] = ()
    if "j" in arguments or "F" in letters:
        items = [arguments.get("j", "\n").join(items)]
    if arguments.get("s"):
        items = [piece for item in items for piece in item.split(arguments["s"])]
    elif "f" in letters:
        items = [line for item in items for line in item.splitlines()]
    elif "=" in letters or "z" in letters:
        items = [word for item in items for word in item.split()]
    out: list[str] = []
    for item in items:
        if "e" in letters and UNKNOWN not in item:
            field = w.expanded_again(item, st)
            item, sources = "".join(field.text), sources + field.sources
        if "L" in letters or "U" in letters:
            item = item.lower() if "L" in letters else item.upper()
        elif "C" in letters:
            item = item.title()
        if "Q" in letters:
            item = re.sub(r"\\(.)|['\"]", r"\1", item)
        elif "q" in letters:
            item = quote(item)
        out.append(item)
    return out, sources


def indirect(w: Commands, flags: str, value: Val | None, st: State) -> Val | None:
    """``(P)``: the value is the name of the variable that is meant."""
    if value is None or "P" not in ARGUMENT.sub("", flags):
        return value
    return w.lookup(value.text, st) if UNKNOWN not in value.text else None
