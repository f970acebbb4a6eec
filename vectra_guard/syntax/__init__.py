"""A line becomes the simple commands that it would run: ``read(request, facts) -> Script``. Pure, never raises.

Our own reader for bash, sh, zsh and fish: it accepts everything, so that a line that a shell would reject is still
judged piece by piece (floor medium), and what lies past a cap of size or depth is high. A line of plain words takes
a fast path without the reader.
"""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN, Command, Facts, Request, Risk, Script, Span, Word
from vectra_guard.syntax.names import BUILTINS, command_name
from vectra_guard.syntax.shellstate import CHANGES_STATE, HANDLERS
from vectra_guard.syntax.state import State
from vectra_guard.syntax.tree import Source, byte_offsets
from vectra_guard.syntax.unwrap import handler
from vectra_guard.syntax.walk import Walker, read_text

__all__ = ["BUILTINS", "CHANGES_STATE", "read"]

MAX_SIZE = 1 << 20
PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+-][A-Za-z0-9_./:=,@%+ -]*")
"""Characters that no shell here gives a meaning to (``=`` not in the first word, which is looked at apart)."""

NOT_PLAIN = frozenset(
    "if then elif else fi while until do done for foreach select case esac function coproc time repeat end begin and"
    " or not in switch noglob nocorrect always nohistory".split()
)


def read(request: Request, facts: Facts) -> Script:
    """Everything that the line would run, in order."""
    if request.argv is not None:
        return _argv(request, facts)
    line = request.line
    if len(line) < 400 and PLAIN.fullmatch(line):
        script = _plain(line, request, facts)
        if script is not None:
            return script
    if len(line) > MAX_SIZE:
        return Script((), ("The line is longer than is read.",), Risk.HIGH)
    return _walk(request, facts)


def _plain(line: str, request: Request, facts: Facts) -> Script | None:
    """One command of plain words that wraps nothing, or None."""
    words, at = [], 0
    for text in line.split(" "):
        if text:
            words.append(Word(text, text, Span(at, at + len(text))))
        at += len(text) + 1
    if not words:
        return Script(())
    first = words[0].text
    if "=" in first or first in NOT_PLAIN or first in facts.aliases or first in facts.functions:
        return None
    name = command_name(first, {}, request.cwd)
    if name in HANDLERS or handler(name) is not None or name[-1:].isdigit() or name.endswith(".exe"):
        return None
    if request.shell == "zsh" and any(f"-g {w.text}" in facts.aliases or w.text[:1] in "=" for w in words):
        return None
    if request.shell == "fish" and "%" in line:
        return None
    span = Span(words[0].span.start, words[-1].span.end)
    insert = None if name in CHANGES_STATE else span.start
    return Script((Command(tuple(words), span, 0, 0, name, cwd=request.cwd, insert_at=insert),))


def _walk(request: Request, facts: Facts) -> Script:
    walker = Walker(request, facts)
    state = State(request.cwd, request.shell or "bash")
    line = request.line.replace(UNKNOWN, "\N{REPLACEMENT CHARACTER}")
    try:
        reading = read_text(Source(line, 0, None, byte_offsets(line)), state.dialect, 0)
        walker.reading(reading, request.partial)
        walker.run(reading.body, state)
    except RecursionError:
        walker.cap("The line is nested deeper than is read.")
    if UNKNOWN in request.line:
        walker.problem("The line holds a NUL character, which shells treat differently.", Risk.HIGH)
    return walker.script()


def _argv(request: Request, facts: Facts) -> Script:
    """Words that are already expanded: nothing of them is read as shell text, but what they hand to a shell is."""
    walker = Walker(request, facts)
    state = State(request.cwd, "bash")
    span = Span(0, len(request.line.encode("utf-8", "surrogateescape")))
    state.functions = {}
    words = [Word(text.replace(UNKNOWN, ""), text, span, True) for text in request.argv or ()]
    try:
        walker.argv(words, state)
    except RecursionError:
        walker.cap("The command is nested deeper than is read.")
    return walker.script()
