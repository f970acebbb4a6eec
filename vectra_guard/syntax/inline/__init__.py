"""Program text given inline (``python -c``, ``perl -e``, ``awk`` …) as the equivalent lines of POSIX shell.

``translate`` does not run anything and does not judge: it only says, in shell, what the code would run, delete,
write, read, send or fetch and execute, so that one decision core judges all languages. Code that only computes or
prints becomes no line at all. It never raises: code that cannot be read falls back to a scan for dangerous calls,
and what lies past a cap becomes a line of unknown code (``sh -c "$__unknown"``), never silence.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import MAX_SOURCE, UNKNOWN_CODE
from vectra_guard.syntax.inline.table import LANGUAGES, Interpreter, code_of, interpreter, language_of

__all__ = ["LANGUAGES", "Interpreter", "code_of", "interpreter", "language_of", "printed", "translate"]

_READERS = {
    "python": "python",
    "perl": "perl",
    "ruby": "ruby",
    "node": "node",
    "php": "php",
    "lua": "lua",
    "awk": "awk",
    "sed": "sed",
    "vim": "vim",
    "emacs": "emacs",
    "powershell": "powershell",
    "tcl": "tcl",
    "foreign": "foreign",
}
"""Language -> module of this package with ``read(source, depth, stdin) -> Effects``. Imported when first needed:
python's ``ast`` alone costs milliseconds, and most lines hold no code."""

_RAW = frozenset({"perl", "php"})  # print adds no newline
_loaded: dict[str, Callable[[str, int, str | None], Effects]] = {}


def translate(language: str, source: str, depth: int = 0) -> list[str]:
    """The equivalent shell lines of ``source``; each may span several physical lines. ``depth`` counts code in
    code (``eval`` of a constant)."""
    return printed(language, source, depth)[0]


def printed(language: str, source: str, depth: int = 0, stdin: str | None = None) -> tuple[list[str], str | None]:
    """As ``translate``, and with it what the code prints, where that is known and the code does nothing else.
    ``stdin``: what it can read."""
    if language not in _READERS or not source.strip():
        return [], None
    if len(source) > MAX_SOURCE or depth > 8:
        return [UNKNOWN_CODE], None
    if "\0" in source and language != "sed" and not source.strip("\0 ;\n\t"):
        return [UNKNOWN_CODE], None  # the whole program is a variable's value
    read = _loaded.get(language)
    if read is None:
        read = import_module(f"{__name__}.{_READERS[language]}").read
        _loaded[language] = read
    try:
        effects = read(source, depth, stdin)
        lines = effects.finish()
    except (RecursionError, MemoryError, ValueError, OverflowError, LookupError, TypeError, AttributeError):
        # Code built to break the reader is not code to pass in silence.
        return [UNKNOWN_CODE], None
    if lines or not effects.shown:
        return lines, None
    return lines, "".join(effects.shown) if language in _RAW else "\n".join(effects.shown) + "\n"
