"""The fast path: a line of plain words needs no parser. Anything out of the ordinary returns None: the full reading
decides then, so the fast path can be wrong in one direction only.
"""

from __future__ import annotations

import re

from vectra_guard.model import Command, Facts, Request, Script, Span, Word
from vectra_guard.syntax.names import command_name, word_set
from vectra_guard.syntax.shellstate import CHANGES_STATE, HANDLERS
from vectra_guard.syntax.unwrap import handler
from vectra_guard.syntax.wrappers import SUBROWS

PLAIN_LINE = re.compile(r"[A-Za-z0-9_./:=,@%+ -]*")
WORD = re.compile(r"[^ ]+")
RESERVED = word_set(
    "if then else elif fi while until do done for in case esac select function time coproc repeat foreach end"
    " always noglob nocorrect - begin not and or switch nohistory"
)
_INTERPRETER = ("-",)
TRIGGERS: dict[str, tuple[str, ...]] = {
    "git": (
        *("-c", "--config-env", "bisect", "submodule", "rebase", "filter-branch", "difftool", "mergetool"),
        *(
            "--upload-pack",
            "--receive-pack",
            "--exec",
            "--extcmd",
            "-u",
            "-x",
            "-O",
            "alias.",
            "--open",
            "--tree-filter",
            "--index-filter",
        ),
    ),
    "docker": ("run", "exec", "create"),
    "podman": ("run", "exec", "create"),
    "kubectl": ("exec", "run", "debug"),
    "make": ("-f", "--f", "--m", "--e"),
    "find": ("-exec", "-ok"),
    "tar": ("-I", "-F", "--"),
    "python": _INTERPRETER,
    "python3": _INTERPRETER,
    "node": _INTERPRETER,
    "ruby": _INTERPRETER,
    "perl": _INTERPRETER,
    "php": _INTERPRETER,
    "cd": ("-",),
    "less": ("+",),
    "psql": ("-",),
}
"""Commands that can run others, and the beginnings of the words without which they do not."""
for _name, _sub in SUBROWS:
    TRIGGERS[_name] = (*TRIGGERS.get(_name, ()), _sub)  # an empty one makes every word a trigger
_NONE: dict[str, str] = {}


def plain(request: Request, facts: Facts) -> Script | None:
    line = request.line
    if PLAIN_LINE.fullmatch(line) is None:
        return None
    words: list[Word] = []
    for found in WORD.finditer(line):
        text = found.group()
        words.append(Word(text, text, Span(found.start(), found.end())))
    if not words:
        return Script(())
    first = words[0].text
    if "=" in first or first in RESERVED or first in facts.aliases or first in facts.functions:
        return None
    if request.shell == "zsh":
        if "=" in line or "%" in line or any(key[:1] == "-" for key in facts.aliases):
            return None
    elif request.shell == "fish" and "%" in line:
        return None
    name = command_name(first, _NONE, request.cwd) if "/" in first else first
    triggers = TRIGGERS.get(name)
    if triggers is not None:
        if any(w.text.startswith(triggers) for w in words[1:]) or len(words) == 1:
            return None
    elif name in HANDLERS or handler(name) is not None or name[-1:].isdigit():
        return None
    if "~" in line:
        return None
    span = Span(words[0].span.start, words[-1].span.end)
    at = None if name in CHANGES_STATE else words[0].span.start
    command = Command(tuple(words), span, 0, 0, name, cwd=request.cwd or "/", insert_at=at)
    return Script((command,))
