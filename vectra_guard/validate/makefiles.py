"""Recipes of a Makefile. Each logical line is a block, since make gives each to a shell of its own.

Variables that the file sets are filled in; others stay unknown, as ``make`` fills in nothing for them. Functions of
make other than ``shell`` are unknown. Does not read what is included.
"""

from __future__ import annotations

import re

from vectra_guard.validate.block import Block

_ASSIGN = re.compile(r"(?:export\s+|override\s+)*([\w.-]+)\s*(?:::?:?|[?+!])?=\s*(.*?)\s*(?<!\\)(?:#.*)?$")
_RULE = re.compile(r"([^\t#=:][^=:]*?)\s*::?(?!=)(.*)$")
_BUILT_IN = {"RM": "rm -f", "MAKE": "make", "CC": "cc", "CXX": "c++", "AR": "ar", "LD": "ld", "CURDIR": "."}
_DEPTH = 8  # of variables in variables; more is a loop


def read(path: str, text: str) -> list[Block]:
    lines = text.split("\n")
    values, found, target, number = dict(_BUILT_IN), [], "", 0
    recipes: list[tuple[str, int, str]] = []
    while number < len(lines):
        start = number
        logical = lines[number]
        while _continues(lines[number]) and number + 1 < len(lines):
            number += 1
            logical += "\n" + lines[number].removeprefix("\t")
        number += 1
        if logical.startswith("\t") and target:
            recipes.append((logical, start + 1, target))
        elif assigned := _ASSIGN.match(logical.replace("\\\n", " ")):
            values[assigned[1]] = assigned[2]
        elif rule := _RULE.match(logical):
            target = rule[1].strip()
            if ";" in rule[2]:
                recipes.append((rule[2].partition(";")[2], start + 1, target))
    for recipe, line, name in recipes:
        command = _fill(recipe.lstrip("\t @+-"), {**values, "@": name}, _DEPTH)
        if command.strip():
            found.append(Block(command, line, "sh", f"target {name}"))
    return found


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _fill(text: str, values: dict[str, str], depth: int) -> str:
    """``$(NAME)`` by its value, ``$(shell X)`` by ``$(X)``, ``$$`` by ``$``; the unknown by a variable not set."""
    out, at = [], 0
    while (dollar := text.find("$", at)) >= 0:
        out.append(text[at:dollar])
        opener = text[dollar + 1 : dollar + 2]
        if opener not in ("(", "{"):
            out.append("$" if opener == "$" else _value(opener, values, depth))
            at = dollar + 2
            continue
        end = _closing(text, dollar + 1)
        out.append(_value(text[dollar + 2 : end], values, depth))
        at = end + 1
    return "".join([*out, text[at:]])


def _closing(text: str, opener: int) -> int:
    pair = {"(": ")", "{": "}"}[text[opener]]
    level = 0
    for at in range(opener, len(text)):
        level += (text[at] == text[opener]) - (text[at] == pair)
        if level == 0:
            return at
    return len(text)


def _value(name: str, values: dict[str, str], depth: int) -> str:
    if name.startswith("shell "):
        return f"$({_fill(name[6:], values, depth - 1)})" if depth else "${VG_MAKE}"
    if name in values and depth:
        return _fill(values[name], values, depth - 1)
    return "${" + (name if re.fullmatch(r"[A-Za-z_]\w*", name) else "VG_MAKE") + "}"
