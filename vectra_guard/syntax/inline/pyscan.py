"""Python text that does not parse: put python 2 right, or look for dangerous names outside strings and comments."""

from __future__ import annotations

UNKNOWN_NAME = "__vg_unknown"

_DANGER = frozenset(
    [
        "system",
        "popen",
        "popen2",
        "Popen",
        "subprocess",
        "call",
        "check_call",
        "check_output",
        "rmtree",
        "unlink",
        "remove",
        "removedirs",
        "exec",
        "eval",
        "execfile",
        "compile",
        "execl",
        "execv",
        "execve",
        "execvp",
        "spawn",
        "socket",
        "urlopen",
        "urllib",
        "urllib2",
        "requests",
        "__import__",
        "pty",
        "getattr",
        "ctypes",
        "importlib",
        "getoutput",
        "os",
        "shutil",
    ]
)


def modernised(text: str) -> str:
    """``print x``, ``exec x`` and ``except E, e`` of python 2 in the form of python 3; all else untouched."""
    lines = []
    for line in text.split("\n"):
        body = line.lstrip(" \t")
        indent = line[: len(line) - len(body)]
        lines.append(indent + ";".join(map(_statement, _split(body))))
    return "\n".join(lines)


def _statement(text: str) -> str:
    body = text.lstrip(" \t")
    head = text[: len(text) - len(body)]
    for name in ("print", "exec"):
        rest = body[len(name) :]
        separate = rest[:1] in (" ", "\t", '"', "'", "`")
        if body.startswith(name) and separate and not rest.lstrip().startswith(("(", "=")):
            argument = rest.strip()
            if argument.startswith(">>"):
                argument = argument.partition(",")[2]
            return f"{head}{name}({argument.removesuffix(',')})"
        if body == name:
            return f"{head}{name}()"
    if body.startswith("except ") and "," in body and "(" not in body:
        return head + body.replace(",", " as", 1)
    return text


def _split(line: str) -> list[str]:
    """At semicolons outside strings."""
    parts = []
    start = 0
    for at, char, quoted in _outside(line):
        if char == ";" and not quoted:
            parts.append(line[start:at])
            start = at + 1
    parts.append(line[start:])
    return parts


def _outside(text: str) -> list[tuple[int, str, bool]]:
    """Each character with whether it stands in a string."""
    result = []
    quote = ""
    skip = False
    for at, char in enumerate(text):
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif quote:
            if char == quote or char == "\n":
                quote = ""
        elif char in "'\"":
            quote = char
        result.append((at, char, bool(quote)))
    return result


def names_danger(text: str) -> bool:
    """Does a dangerous name stand outside strings? An unbalanced quote hides nothing past its line."""
    name: list[str] = []
    for _, char, quoted in _outside(text):
        if not quoted and (char.isalnum() or char == "_"):
            name.append(char)
            continue
        if name and "".join(name) in _DANGER:
            return True
        name = []
    return "".join(name) in _DANGER
