"""A line that only defines functions or aliases runs nothing: calling them later is judged then, with the definition.

Not so for a name that something else runs without being asked (a hook of the shell) or that takes the place of a
command people trust. Fails towards danger: when the line does anything else too, its definitions count as run.
"""

from __future__ import annotations

import re

from vectra_guard.rules.view import Context
from vectra_guard.syntax.names import BUILTINS

EVENT = re.compile(r"function\s[^;\n]{0,200}\s(?:--on-\w+|--wraps|-[evjps])\b")
"""A function of fish that something else calls."""
FISH = re.compile(r"(?:^|[\s;])function\s+([^\s;]+)")
FUNCTION = re.compile(r"(?:^|[\s;&(){])(?:function\s+([^\s(){};]+)|([^\s(){};&|$'\"]+)\s*\(\s*\))")
HOOKS = re.compile(
    r"^(TRAP\w+|precmd|preexec|chpwd|periodic|zsh_directory_name|zshexit|zshaddhistory|command_not_found_handler?|fish_\w+|PROMPT_COMMAND|"
    r"_\w*|prompt\w*|zle-.*|__\w+)$"
)

ROLES = ("harmless_readers", "interpreters", "writers", "file_readers", "filters")


def drop_harmless(context: Context) -> None:
    """Takes back the findings in bodies when the line is nothing but harmless definitions."""
    commands = context.script.commands
    line = context.request.line[:20_000]
    fish = context.request.shell == "fish"
    if not any(c.defined_only for c in commands) or (fish and EVENT.search(line)):
        return
    names: set[str] = set()
    for command in commands:
        if command.defined_only:
            continue
        if command.name != "alias" or command.redirects or command.via:
            return
        names.update(w.text.partition("=")[0] for w in command.words[1:])
    for match in (FISH if fish else FUNCTION).finditer(line):
        names.add(match.group(1) or match.group(match.lastindex or 1))
    if not names or any(_trusted(context, name) for name in names):
        return
    context.findings[:] = [
        f
        for f in context.findings
        if f.command < 0 or not commands[f.command].defined_only or f.category == "the guard itself"
    ]


def _trusted(context: Context, name: str) -> bool:
    rules = context.rules
    resolved = rules.resolve(name)
    return (
        HOOKS.match(name) is not None
        or name in BUILTINS.get("bash", ())
        or rules.tool(resolved) is not None
        or any(resolved in rules.role(role) for role in ROLES)
    )
