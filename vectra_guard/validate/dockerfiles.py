"""``RUN`` lines of a Dockerfile: shell form, exec form and here-documents, with ``ENV`` and ``ARG`` filled in.

Does not read what is copied in, and not ``ONBUILD``, ``CMD`` and ``ENTRYPOINT``, which run later, in a container.
"""

from __future__ import annotations

import json
import re
import shlex

from vectra_guard.validate.block import Block, Unreadable, with_variables

_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
_FLAG = re.compile(r"\s*--\S+(?:\s|\\\n)+")
_HERE = re.compile(r"<<(-?)(['\"]?)(\w+)\2")


def read(path: str, text: str) -> list[Block]:
    lines = text.split("\n")
    values: dict[str, str] = {}
    found: list[Block] = []
    shell, number = "sh", 0
    while number < len(lines):
        start = number
        logical, number = _logical(lines, number)
        match = _INSTRUCTION.match(logical)
        if match is None or logical.lstrip().startswith("#"):
            continue
        word, rest = match[1].upper(), match[2]
        if word == "FROM":
            shell = "sh"
        elif word in ("ENV", "ARG"):
            values |= _assignments(rest)
        elif word == "SHELL":
            shell = _shell_of(rest, start + 1)
        elif word == "RUN":
            if ends := [here[3] for here in _HERE.finditer(rest)]:
                first = number
                number = _after(lines, number, ends)
                rest = "\n".join([rest, *lines[first:number]])
            if shell:
                found.append(Block(with_variables(_command(rest, start + 1), values), start + 1, shell, "RUN"))
    return found


def _logical(lines: list[str], number: int) -> tuple[str, int]:
    """One instruction with its continuation lines; comments between those are dropped as docker drops them."""
    parts = [lines[number]]
    while re.search(r"\\\s*$", parts[-1]) and number + 1 < len(lines):
        number += 1
        parts[-1] = re.sub(r"\\\s*$", "\\\\", parts[-1])
        parts.append("\\" if lines[number].lstrip().startswith("#") or not lines[number].strip() else lines[number])
    return "\n".join(parts), number + 1


def _after(lines: list[str], number: int, ends: list[str]) -> int:
    """The line after the here-documents that end with ``ends``."""
    for end in ends:
        while number < len(lines) and lines[number].lstrip("\t") != end:
            number += 1
        number += 1
    return min(number, len(lines))


def _command(rest: str, line: int) -> str:
    while flag := _FLAG.match(rest):
        rest = "\n" * flag[0].count("\n") + rest[flag.end() :]
    if rest.lstrip().startswith("["):
        try:
            return shlex.join(json.loads(rest.replace("\\\n", "\n")))
        except (ValueError, TypeError):
            return rest  # docker takes what is not a JSON list as shell form
    here = re.fullmatch(r"\s*<<-?(['\"]?)(\w+)\1\s*\n(.*)", rest, re.DOTALL)
    # a here-document alone is the script itself: its first line is kept free so that the numbers stay right
    return "\n" + here[3].rpartition(here[2])[0] if here else rest


def _assignments(rest: str) -> dict[str, str]:
    """``NAME=value …``, or the old ``NAME value`` of ENV. A default that names another variable stays unknown."""
    try:
        words = shlex.split(rest.replace("\\\n", " "))
    except ValueError:
        return {}
    if words and "=" not in words[0]:
        pairs = [(words[0], " ".join(words[1:]))] if len(words) > 1 else []
    else:
        pairs = [(name, value) for name, _, value in (word.partition("=") for word in words)]
    return {name: value for name, value in pairs if "$" not in value}


def _shell_of(rest: str, line: int) -> str:
    try:
        program = json.loads(rest)[0]
    except (ValueError, LookupError) as err:
        raise Unreadable(line, f"SHELL wants a JSON list ({err})") from err
    name = str(program).rsplit("/", 1)[-1]
    return name if name in ("sh", "bash", "zsh", "fish") else ""
