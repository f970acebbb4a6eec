"""Text that one command hands to another or to a file, where the line itself says it, and what bad text looks like."""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN
from vectra_guard.rules.view import Context, View

# Each alternative is linear: no nested repeats over the same characters.
ATTACK = re.compile(
    r"/dev/(tcp|udp)/|LD_PRELOAD|\b(curl|wget|fetch)\b[^\n|]{0,400}\|\s*(sudo\s+)?\w*sh\b|"
    r"\bnc(at)?\b[^\n]{0,200}\s-[ec]\b|"
    r"\bbase64\s+(-d|--decode|-D)|NOPASSWD|\$\((curl|wget)\b|<\((curl|wget)\b|\bmkfifo\b|\bsocat\b[^\n]{0,200}exec:|"
    r"\balias\s+(sudo|ssh|su|ls|cd)=|PROMPT_COMMAND=|\bchmod\s+[ugo]*\+?s\b|\bchmod\s+[2467][0-7]{3}\b|"
    r"\brm\s+-\w*r\w*\s+[\"']?(/|~|\$HOME)[\"']?(\s|$|[*;}|&])|\bimport\s+socket\b|\bfsockopen\b|stratum\+tcp|xmrig",
    re.IGNORECASE,
)
HARMLESS_SETTING = re.compile(
    r"^\s*(#.*|export\s+\w+=[^;|&`]*|\w+=[^;|&`]*|alias\s+[\w.-]+=[^|`]*|eval \"?\$\([\w./-]+( [\w./-]+)*\)\"?|"
    r"(source|\.)\s+[^;|&`$<>()]+|\[ [^`|]* \] && \\?\. [^`|;]*|set\s[\w\s-]*|setopt\s.*|autoload\s.*|compinit|"
    r"plugins=.*|syntax on|bind\s[^`$]*|umask\s\d+|fish_add_path\s[\w/.~$ -]+|fpath\+?=.*)?\s*$"
)
FOREIGN_PATH = re.compile(
    r"^\s*(source|\.)\s+[\"']?(/tmp|/var/tmp|/dev/shm)/|"
    r"\bPATH=[\"']?([^\n]{0,400}:)?(/tmp|/var/tmp|/dev/shm|\.)(/|:|[\"']|$)",
    re.MULTILINE,
)
"""A search path, or a file of settings, on which anybody can put something."""


def attack_text(text: str | None) -> bool:
    return text is not None and ATTACK.search(text[:20_000]) is not None


def harmless_settings(text: str | None) -> bool:
    """Only lines such as people add to their start-up files: exports, aliases, sourcing, known initialisers."""
    if text is None or UNKNOWN in text or len(text) > 20_000:
        return False
    if attack_text(text) or FOREIGN_PATH.search(text):
        return False
    return all(HARMLESS_SETTING.match(line) for line in text.splitlines())


def output_text(context: Context, view: View, depth: int = 0) -> str | None:
    """What the command writes to its standard output, where that can be known from the line; else None."""
    if depth > 5:
        return None
    name = view.name
    if name in ("echo", "printf", "print"):
        words = [w for w in view.words if not re.fullmatch(r"-[neE]+", w.text)]
        return " ".join(w.text for w in words)
    if name in ("", ":", "true") or (name == "exec" and not view.words):
        return ""
    if name in ("cat", "tee", "sponge"):
        args = view.parsed.args
        if name == "cat" and args and args[0].text != "-":
            return None if any("harmless-device" not in view.tags(w) for w in args) else ""
        return input_text(context, view, depth)
    return None


def input_text(context: Context, view: View, depth: int = 0) -> str | None:
    command = view.command
    if command.stdin_text is not None:
        return command.stdin_text
    for redirect in command.redirects:
        if redirect.op in ("<<", "<<-", "<<<"):
            return redirect.target.text
        if redirect.op == "<" and redirect.target.text == "/dev/null":
            return ""
    if command.stdin_from is not None:
        return output_text(context, context.views[command.stdin_from], depth + 1)
    return None
