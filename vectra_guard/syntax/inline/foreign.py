"""Languages without a reader of their own: what a program that starts others says in its strings, as shell lines.

If the text names a way to run a program (R's ``system``, Haskell's ``callCommand``, ``"…".execute()``) each of its
string literals is taken for a shell line, and if it names a way to delete, for a path. That errs towards danger, and
only in code that does start programs.
"""

from __future__ import annotations

import re

from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, clean

RUNS = re.compile(
    r"\b(?:system2?|shell(?:-command)?|callCommand|readProcess|rawSystem|os\.cmd|:os\.cmd|System\.cmd|Sys\.command"
    r"|open_process\w*|execute|ProcessBuilder|getRuntime|Process|spawn|run|run-program|run-shell-command|exec|sh"
    r"|pipe|do shell script|qx|EXECUTE_COMMAND_LINE|shellout|execvp?|popen)\b|\.!!?|process\._"
)
DELETES = re.compile(
    r"\b(?:unlink|rm_rf!?|removeDirectoryRecursive|removePathForcibly|deleteDirectory|rmtree|rmdir_all|remove_all"
    r"|delete-directory|delete-tree|delete-file|deleteRecursively|deleteDir)\b"
)
STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
ESCAPES = re.compile(r"\\(.)", re.DOTALL)
SHELL = re.compile(r"\s*(?:/\S*/)?(?:ba|z|da|k)?sh\s+-\w*c\s+[\"'](.*)[\"']\s*", re.DOTALL)


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    effects = Effects()
    text = clean(source.replace("\0", UNK))
    runs, deletes = RUNS.search(text), DELETES.search(text)
    if runs or deletes:
        for found in STRINGS.finditer(text):
            written = next(group for group in (*found.groups(), "") if group is not None)
            literal = ESCAPES.sub(lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), written)
            if runs and literal.strip() and not literal.startswith("-"):
                effects.run(literal)
            if deletes:
                effects.delete([literal], "-rf")
    if UNK in text and runs:
        effects.run(UNK)
    return effects
