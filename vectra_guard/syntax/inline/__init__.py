"""Program text given inline (``python -c``, ``perl -e``, ``awk`` …) as the equivalent lines of POSIX shell.

``translate`` does not run anything and does not judge: it only says, in shell, what the code would run, delete,
write, read, send or fetch and execute, so that one decision core judges all languages. Code that only computes or
prints becomes no line at all. It never raises: code that cannot be read falls back to a scan for dangerous calls,
and what lies past a cap becomes a line of unknown code (``sh -c "$__unknown"``), never silence.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from vectra_guard.syntax.inline.emit import MAX_SOURCE, UNKNOWN_CODE
from vectra_guard.syntax.inline.table import LANGUAGES, Interpreter, code_of, interpreter, language_of

__all__ = ["LANGUAGES", "Interpreter", "code_of", "interpreter", "language_of", "translate"]

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
}
"""Language -> module of this package with ``read(source, depth) -> list[str]``. Imported when first needed:
python's ``ast`` alone costs milliseconds, and most lines hold no code."""

_loaded: dict[str, Callable[[str, int], list[str]]] = {}


def translate(language: str, source: str, depth: int = 0) -> list[str]:
    """The equivalent shell lines of ``source``; each may span several physical lines. ``depth`` counts code in
    code (``eval`` of a constant)."""
    if language not in _READERS or not source.strip():
        return []
    if len(source) > MAX_SOURCE or depth > 8:
        return [UNKNOWN_CODE]
    if "\0" in source and language != "sed" and not source.strip("\0 ;\n\t"):
        return [UNKNOWN_CODE]  # the whole program is a variable's value
    read = _loaded.get(language)
    if read is None:
        read = import_module(f"{__name__}.{_READERS[language]}").read
        _loaded[language] = read
    try:
        return read(source, depth)
    except (RecursionError, MemoryError, ValueError, OverflowError, LookupError, TypeError, AttributeError):
        # Code built to break the reader is not code to pass in silence.
        return [UNKNOWN_CODE]
