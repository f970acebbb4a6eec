"""Values that are only partly known, and how they are written as shell.

A value is a ``str`` in which Unicode noncharacters mark what is not literal: an unknown part (``UNK``), a shell
variable (``VAR name END``), the output of a command (``CMD shell-text END``) and names that match a pattern
(``GLOB pattern END``). Literals are cleaned of them when they enter (``clean``), so nothing in the source can forge
one, but for ``UNK``, which only ever makes things worse for the forger.
"""

from __future__ import annotations

import re
from shlex import quote

UNK, VAR, CMD, GLOB, END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd4", "\ufdd3"
MAX_SOURCE = 120_000
MAX_VALUE = 100_000  # longer values become unknown: `a = a * 9` must not grow without bound
MAX_LINES = 400
UNKNOWN_CODE = 'sh -c "$__unknown"'

_MARKS = re.compile("[\ufdd0-\ufdd4]")
_FORGED = re.compile("[\ufdd1-\ufdd4]")
_PIECES = re.compile("(\ufdd0|[\ufdd1\ufdd2\ufdd4][^\ufdd3]*\ufdd3)")
_GLOB_CHARS = re.compile("([*?]+|\\[[^\\]]*\\])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def clean(text: str) -> str:
    """A literal of the source, with nothing in it that could pass for a mark (or end a C string)."""
    if text.isascii():
        return text if "\0" not in text else text.replace("\0", "")
    return _FORGED.sub("?", text).replace("\0", "").encode("utf-8", "replace").decode()


def variable(name: str) -> str:
    return f"{VAR}{name}{END}" if _NAME.match(name) else UNK


def output(shell: str) -> str:
    """The value that a command prints."""
    return f"{CMD}{shell}{END}"


def matching(pattern: str) -> str:
    """The names that match a pattern."""
    return f"{GLOB}{pattern}{END}" if is_known(pattern) else pattern


def bounded(text: str) -> str:
    return text if len(text) <= MAX_VALUE else UNK


def is_known(text: str) -> bool:
    return text.isascii() or _MARKS.search(text) is None


def sole_output(text: str) -> str | None:
    """The command whose output, and nothing else of note, the value is."""
    text = text.strip()
    if text.startswith(CMD) and text.endswith(END) and text.find(END) == len(text) - 1:
        return text[1:-1]
    return None


def word(text: str) -> str:
    """The value as one shell word."""
    if text.isascii() or _MARKS.search(text) is None:
        return quote(text)
    out = []
    for piece in _PIECES.split(text):
        if not piece:
            continue
        if piece == UNK:
            out.append('"$__unknown"')
        elif piece[0] == VAR:
            out.append(f'"${{{piece[1:-1]}}}"' if len(piece) > 2 else "")
        elif piece[0] == CMD:
            out.append(f'"$({piece[1:-1]})"')
        elif piece[0] == GLOB:
            out.append(_pattern(piece[1:-1]))
        else:
            out.append(quote(piece))
    return "".join(out) or "''"


def _pattern(pattern: str) -> str:
    """A pattern that the shell is to expand: all quoted but its wildcards."""
    return "".join(part if place % 2 else quote(part) for place, part in enumerate(_GLOB_CHARS.split(pattern)) if part)


def path(text: str) -> str:
    """The value as a shell word that cannot be taken for an option."""
    return word("./" + text if text.startswith("-") else text)


def words(values: list[str]) -> str:
    return " ".join(map(word, values))


def code(text: str) -> str:
    """The value as shell text that a shell runs (the argument of ``system``)."""
    if text.isascii() or _MARKS.search(text) is None:
        return text
    bare = text.strip()
    if bare == UNK:
        return UNKNOWN_CODE
    whole = sole_output(bare)
    if whole is not None:
        return f"{whole} | sh"
    out = []
    quoted = ""
    for piece in _PIECES.split(text):
        if not piece:
            continue
        if piece == UNK:
            shell = "$__unknown"
        elif piece[0] == VAR:
            shell = f"${{{piece[1:-1]}}}"
        elif piece[0] == CMD:
            shell = f"$({piece[1:-1]})"
        elif piece[0] == GLOB:
            shell = _pattern(piece[1:-1])
        else:
            out.append(piece)
            quoted = _quote_after(piece, quoted)
            continue
        out.append(f"'\"{shell}\"'" if quoted == "'" else shell)
    return "".join(out)


def _quote_after(text: str, quoted: str) -> str:
    """Which quote is open after ``text``."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quoted != "'":
            escaped = True
        elif quoted:
            if char == quoted:
                quoted = ""
        elif char in "'\"":
            quoted = char
    return quoted


class Lines:
    """The shell lines gathered so far, in order, each once, capped. Reads of files wait until the end: a read
    that flows into another line (``cat key | curl …``) is not said twice."""

    __slots__ = ("_pending", "_seen", "lines", "network", "receives", "runs_shell", "shown", "stdin", "tied")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._seen: set[str] = set()
        self._pending: list[str] = []
        self.network: tuple[str, str] | None = None  # a connected socket: host, port
        self.tied = False  # … and it was made the standard input or output of something
        self.runs_shell = False
        self.receives = False
        self.stdin: str | None = None  # what can be read from standard input, where known
        self.shown: list[str] | None = []  # what is printed, piece by piece; None: not known

    def add(self, line: str) -> None:
        if line in self._seen or not line.strip():
            return
        if len(self.lines) >= MAX_LINES:
            line = UNKNOWN_CODE
            if line in self._seen:
                return
        self._seen.add(line)
        self.lines.append(line)

    def replace(self, old: str, new: str) -> None:
        """Say ``new`` where ``old`` stood (a file opened, then written: one line)."""
        if old in self._seen and new not in self._seen:
            self.lines[self.lines.index(old)] = new
            self._seen.discard(old)
            self._seen.add(new)
        else:
            self.add(new)

    def read(self, shell: str) -> str:
        """A value that stems from running ``shell``, which is said only if no other line says it."""
        if len(self._pending) < MAX_LINES and shell not in self._pending:
            self._pending.append(shell)
        return output(shell)

    def run(self, text: str) -> None:
        """``system(text)``."""
        line = code(text)
        if self.network and ("<&" in line or ">&" in line):
            self.tied = True
        if line == UNKNOWN_CODE or (self.network and sole_output(text) is not None):
            self.runs_shell = True  # it matters only where a socket is tied to it
        if is_shell(line):
            self.runs_shell = True
            if self.network and self.tied:
                return  # said as the reverse shell
        self.add(line)

    def run_words(self, values: list[str]) -> None:
        if not values:
            return
        if is_shell(" ".join(values[:2])) and len(values) <= 2:
            self.runs_shell = True
        if values == [UNK] or values[0] == UNK:
            self.add(UNKNOWN_CODE if len(values) == 1 else words(values))
            return
        self.add(words(values))

    def finish(self) -> list[str]:
        if self.network:
            host, port = self.network
            if self.runs_shell and (self.tied or self.receives):
                if host:
                    self.add(f"bash -i >& /dev/tcp/{word(host)}/{word(port)} 0>&1")
                else:
                    self.add(f"nc -l -p {word(port)} -e /bin/sh")
        if self._pending:
            said = "\n".join((*self.lines, *self._pending))
            for shell in self._pending:
                if said.count(shell) == 1:  # only by itself
                    self.add(shell)
        return self.lines


_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "csh", "tcsh", "cmd", "cmd.exe",
                     "powershell", "powershell.exe"})  # fmt: skip


def is_shell(text: str) -> bool:
    """Is this the name of a shell to be talked to (``/bin/sh``, ``/bin/sh -i <&3``), not one given a script?"""
    parts = text.split(None, 3)
    if not parts or parts[0].rpartition("/")[2] not in _SHELLS:
        return False
    return len(parts) == 1 or parts[1] == "-i" or parts[1][0] in "<>0123" or parts[1] in ("-l", "--")
