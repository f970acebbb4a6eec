"""Reserved words, operators and sentences that the reader of bash and zsh shares."""

from __future__ import annotations

import re

RESERVED = re.compile(
    r"(?:if|then|elif|else|fi|while|until|do|done|for|foreach|select|case|esac|in|function|coproc|time|repeat|end"
    r"|always|\{|\}|!|\[\[)(?=[\s;&|()<>]|$)"
)
CLOSERS = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}", "end", "always", "in"})
ASSIGN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([^\]\n]*)\])?(\+?=)")
REDIRECT = re.compile(r"(\d{1,9}|\{[A-Za-z_]\w*\})?(<<<|<<-|<<|<>|<&|<|&>>[|!]?|&>[|!]?|>>[|!]?|>&[|!]?|>[|!]?)")
REDIRECT_BASH = re.compile(r"(\d{1,9}|\{[A-Za-z_]\w*\})?(<<<|<<-|<<|<>|<&|<|&>>|&>|>>|>&|>\||>)")
BODY_WORDS = frozenset({"then", "do"})
PREFIXES = frozenset({"noglob", "nocorrect", "-", "nohistory"})
DECLARES = frozenset({"declare", "typeset", "export", "local", "readonly", "alias", "integer", "float"})
MAX_COMMANDS = 3000
CLOSES_AFTER = ("", " ", "\t", "\n", ";", "&", "|", ")", "}", "<", ">")
ANONYMOUS = "(anon)"
UNEXPECTED = "The shell would not accept this line: {} is out of place."
NOT_CLOSED = "A compound command is never closed."
FOR_NAME = re.compile(r"[A-Za-z_]\w*|\d+")
NUMBERS = re.compile(r"<\d*-\d*>")
DEFINES = re.compile(r"\([ \t]*\)")
COPROC_NAME = re.compile(r"[A-Za-z_]\w*(?=[ \t]+[({])")
