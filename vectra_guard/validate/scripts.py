"""Scripts: for a shell as they are; for another interpreter as its standard input, which the evaluator reads too."""

from __future__ import annotations

import os
import re

from vectra_guard.validate.block import Block

SHELLS = {"sh": "sh", "dash": "sh", "ash": "sh", "ksh": "bash", "bash": "bash", "zsh": "zsh", "fish": "fish"}
OTHERS = {
    "python": "python3", "python3": "python3", "perl": "perl", "ruby": "ruby", "node": "node", "php": "php",
    "lua": "lua",
}  # fmt: skip
EXTENSIONS = {
    ".sh": "sh", ".bash": "bash", ".zsh": "zsh", ".fish": "fish", ".ksh": "ksh", ".py": "python", ".pl": "perl",
    ".rb": "ruby", ".js": "node", ".mjs": "node", ".php": "php", ".lua": "lua",
}  # fmt: skip
END = "VG_END_OF_SCRIPT"


def interpreter(path: str, first_line: str) -> str:
    """The name of what runs the file, by ``#!`` before the extension; empty when nothing here does."""
    found = re.match(r"#!\s*(\S+)(?:\s+(?:-S\s+)?(\S+))?", first_line)
    name = EXTENSIONS.get(os.path.splitext(path)[1], "")
    if found:
        name = os.path.basename(found[1])
        name = os.path.basename(found[2] or "") if name == "env" else name
    name = re.sub(r"[\d.]+$", "", name)
    return name if name in SHELLS or name in OTHERS else ""


def read(path: str, text: str) -> list[Block]:
    name = interpreter(path, text.partition("\n")[0])
    if name in SHELLS:
        return [Block(text, 1, SHELLS[name])]
    return [foreign(name, text, 1)]


def foreign(name: str, text: str, line: int, where: str = "") -> Block:
    """Code of another language as its interpreter's standard input. Its first line is line ``line`` of the file."""
    end = "" if text.endswith("\n") else "\n"
    return Block(f"{OTHERS[name]} - <<'{END}'\n{text}{end}{END}\n", line - 1, "sh", where, foreign=True)
