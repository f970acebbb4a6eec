"""Tcl and expect scripts as shell lines: ``exec``, ``spawn``, ``system``, ``open |…``, and deleted files."""

from __future__ import annotations

from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, clean

_MAX_DEPTH = 20
_TALKS = frozenset(
    {"sh", "bash", "zsh", "ksh", "dash", "fish", "ssh", "su", "sudo", "telnet", "docker", "kubectl", "login"}
)


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    effects = Effects()
    effects.shown = None  # what its programs print is not known
    _script(clean(source.replace("\0", UNK)), effects, depth)
    return effects


def _script(text: str, effects: Effects, depth: int) -> None:
    for words in _commands(text):
        name, rest = words[0], words[1:]
        if name == "system":  # expect hands its words, joined, to a shell
            effects.run(" ".join(rest) or UNK)
        elif name in ("exec", "spawn", "overlay"):
            while rest and rest[0][:1] == "-":
                rest = rest[1:]
            effects.runs_shell |= bool(rest) and rest[0].rpartition("/")[2] in _TALKS
            if any(word in ("|", ">", ">>", "<", "2>", ">&", "|&") for word in rest):
                effects.run(" ".join(rest))
            else:
                effects.run_words(rest)
        elif name in ("send", "exp_send") and effects.runs_shell:
            effects.run(rest[-1].replace("\\r", "").strip() if rest else UNK)
        elif name == "open" and rest and rest[0][:1] == "|":
            effects.run(rest[0][1:])
        elif name == "file" and rest[:1] == ["delete"]:
            effects.delete([word for word in rest[1:] if word[:1] != "-"], "-rf")
        elif depth < _MAX_DEPTH:
            for word in rest:
                if " " in word or "\n" in word:  # the body of a proc, an if, an expect
                    _script(word, effects, depth + 1)


def _commands(text: str) -> list[list[str]]:
    """Commands as lists of words. Braces and double quotes group; ``[…]`` is a command of its own, read first."""
    out: list[list[str]] = []
    words: list[str] = []
    word: list[str] = []
    at, level, quoted, some = 0, 0, False, False
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\" and at < len(text):
            word.append({"n": "\n", "r": "\n", "t": "\t"}.get(text[at], text[at]))
            at += 1
        elif level:
            level += (char == "{") - (char == "}")
            if level:
                word.append(char)
        elif quoted:
            quoted = char != '"'
            if quoted:
                word.append(char)
        elif char == "{" and not word:
            level, some = 1, True
        elif char == '"' and not word:
            quoted = some = True
        elif char in " \t\r[]\n;":
            if word or some:
                words.append("".join(word))
                word, some = [], False
            if char in "[]\n;" and words:
                out.append(words)
                words = []
        else:
            word.append(char)
    if word or some:
        words.append("".join(word))
    return [*out, words] if words else out
