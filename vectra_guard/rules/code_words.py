"""Which words of an interpreter's argv are code: the value of ``-c`` or ``-e``, else the script, else its stdin."""

from __future__ import annotations

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.rules.view import View

CODE_FLAGS = (
    "-c", "-e", "-E", "-r", "--eval", "--print", "-p", "--command", "--execute", "-Command", "-EncodedCommand", "-B",
    "-R",
)  # fmt: skip
PLAIN = frozenset(("eval", "source", "."))
NOT_CODE = {
    "python": {"-E", "-B", "-R", "-r"},
    "perl": {"-c", "-p", "-r"},
    "ruby": {"-c", "-p", "-r"},
    "node": {"-c", "-r"},
}
SHELL_ONLY_C = frozenset(["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "mksh", "yash", "csh", "tcsh"])


def code_words(view: View) -> list[Word]:
    if reads_makefile(view):
        return []
    if view.name == "eval":
        return list(view.words)
    if view.name in PLAIN:
        return list(view.words[:1])
    if runs_source(view):
        return list(view.words[1:2])
    found = _flag_values(view)
    if found:
        return found
    if view.name == "python" and any(w.text == "-m" for w in view.words[:4]):
        return []  # a module of this machine; what it runs has rules of its own
    args = _positional(view)
    return args[:1]


def _flag_values(view: View) -> list[Word]:
    """Values of the options that take code; read leniently, since every interpreter clusters differently."""
    avoid = NOT_CODE.get(view.name, set())
    flags = ("-c", "--command") if view.name in SHELL_ONLY_C else CODE_FLAGS
    words = view.words
    for at, word in enumerate(words):
        text = word.text
        if text[:1] != "-":
            if text[:1] == UNKNOWN and not word.quoted:
                continue
            break
        wanted = text in flags and text not in avoid
        last = f"-{text[-1]}"
        clustered = text[1:2] != "-" and len(text) > 2 and last in ("-c", "-e") and last in flags and last not in avoid
        if (wanted or clustered) and at + 1 < len(words):
            return [words[at + 1]]
    return []


def _positional(view: View) -> list[Word]:
    words = list(view.words)
    out = []
    skip = False
    for word in words:
        if skip:
            skip = False
            continue
        text = word.text
        if text in ("-o", "-O", "-W", "-X", "-I", "-m", "--rcfile", "--init-file") and view.name != "perl":
            skip = True
            continue
        if text[:1] in ("-", "+") and text != "-":
            continue
        out.append(word)
    return out


def runs_source(view: View) -> bool:
    """``go run FILE``."""
    return view.name == "go" and bool(view.words) and view.words[0].text == "run"


def reads_makefile(view: View) -> bool:
    """``make -f -``: the recipes come from standard input."""
    return view.name in ("make", "gmake") and any(w.text in ("-", "/dev/stdin") for w in view.parsed.values("--file"))


def reads_stdin_as_code(view: View) -> bool:
    if reads_makefile(view):
        return True
    if runs_source(view):
        return False
    if view.name in PLAIN:
        return view.name != "eval" and bool(view.words) and view.words[0].text in ("/dev/stdin", "/dev/fd/0", "-")
    if any(w.text == "-s" for w in view.words) and view.name in SHELL_ONLY_C:
        return True
    if _flag_values(view) or (any(w.text == "-m" for w in view.words) and view.name == "python"):
        return False
    args = _positional(view)
    return not args or args[0].text in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
