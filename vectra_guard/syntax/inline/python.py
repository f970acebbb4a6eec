"""Python code as shell lines: reads the syntax tree and follows the values that can be known.

Functions are followed when they are called; branches are all taken; loops over known lists run (to a bound), other
loops once. Text that is no python 3 is tried as python 2; what still does not parse and names something dangerous
outside its strings counts as unknown code.
"""

from __future__ import annotations

import ast
import warnings

from vectra_guard.syntax.inline import pyscan
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, UNKNOWN_CODE, clean
from vectra_guard.syntax.inline.pywalk import Walker

_MAX_SOURCE = 60_000  # building the tree costs 2 µs a character


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    effects = Effects()
    effects.stdin = stdin
    if "!" in source[:1] or "\n!" in source:  # ipython's way to run a shell command
        kept = []
        for line in source.split("\n"):
            if line[:1] == "!":
                effects.run(clean(line.lstrip("!")))
            else:
                kept.append(line)
        source = "\n".join(kept)
    tree = parse(source) if len(source) <= _MAX_SOURCE else None
    if tree is None:
        if len(source) > _MAX_SOURCE or pyscan.names_danger(source):
            effects.add(UNKNOWN_CODE)
        return effects
    walker = Walker(depth)
    walker.effects = effects
    walker.run(tree)
    return effects


def parse(source: str) -> ast.Module | None:
    """The tree of python 3, or of python 2 put right, with unknown parts as marks or as a name."""
    text = clean(source.replace("\0", UNK))
    candidates = [text]
    if UNK in text:
        candidates.append(text.replace(UNK, pyscan.UNKNOWN_NAME))
    for candidate in candidates:
        tree = _parse(candidate)
        if tree is None:
            older = pyscan.modernised(candidate)
            tree = _parse(older) if older != candidate else None
        if tree is not None:
            return tree
    return None


def _parse(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # '\d' in code that is only read is nobody's concern
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
