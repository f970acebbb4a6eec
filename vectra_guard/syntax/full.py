"""The full reading of a line: reader, walker, and what only zsh's textual aliases need."""

from __future__ import annotations

import re

from vectra_guard.model import Facts, Request, Risk, Script, Span, Word
from vectra_guard.syntax.commands import read_text
from vectra_guard.syntax.context import TOO_LONG
from vectra_guard.syntax.state import State
from vectra_guard.syntax.tree import Source, byte_offsets
from vectra_guard.syntax.walk import Walker

MAX_LINE = 300_000
DIALECTS = {"zsh": "zsh", "fish": "fish"}


def read_full(request: Request, facts: Facts) -> Script:
    w = Walker(request, facts)
    st = State(request.cwd or "/", DIALECTS.get(request.shell, "bash"))
    if request.argv is not None:
        span = Span(0, len(request.line.encode("utf-8", "surrogatepass")))
        words = [Word(a, a, span, quoted=True) for a in request.argv]
        st.args = []
        w.argv(words, st)
        return w.script()
    line = request.line
    if len(line) > MAX_LINE:
        w.cap(TOO_LONG)
        line = line[:MAX_LINE]
    offsets = byte_offsets(line)
    src = Source(line, 0, None, offsets)
    if request.shell == "zsh" and any(key[:1] == "-" for key in facts.aliases):
        changed = _textual(line, facts)
        if changed != line:
            st.inplace = False
            src = Source(changed, 0, Span(0, offsets[-1] if offsets else len(line)))
    reading = read_text(src, st.dialect, 0, request.comments)
    w.reading(reading, request.partial)
    w.run(reading.body, st)
    if w.floor == Risk.LOW and not w.drafts and line.strip("\0 \t\r\n") and not _only_comment(reading, line):
        w.problem("Nothing in the line could be read as a command.", Risk.MEDIUM)
    return w.script()


def _only_comment(reading: object, line: str) -> bool:
    return all(not x.strip() or x.lstrip().startswith("#") for x in line.split("\n")) or bool(
        getattr(getattr(reading, "body", None), "items", None)
    )


PIECE = re.compile(r"'[^']*'?|\"(?:[^\"\\]|\\.)*\"?|\\.|[ \t\n;&|()<>]+|[^ \t\n;&|()<>'\"\\]+", re.DOTALL)


def _textual(line: str, facts: Facts) -> str:
    """zsh global aliases replace a word anywhere, suffix aliases put a command before a file name."""
    out: list[str] = []
    command = True
    pieces = PIECE.findall(line)
    for number, piece in enumerate(pieces):
        if piece[0] in " \t\n;&|()<>":
            command = any(c in piece for c in "\n;&|(") or (command and not out)
        else:
            alone = not (number and pieces[number - 1][0] not in " \t\n;&|()<>") and not (
                number + 1 < len(pieces) and pieces[number + 1][0] not in " \t\n;&|()<>"
            )
            text = facts.aliases.get("-g " + piece) if alone else None
            suffix = piece.rpartition(".")[2] if alone and command and "." in piece else ""
            if text is not None:
                piece = text
            elif suffix and "-s " + suffix in facts.aliases:
                piece = facts.aliases["-s " + suffix] + " " + piece
            command = False
        out.append(piece)
    return "".join(out)
