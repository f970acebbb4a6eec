"""PowerShell as shell lines: its cmdlets by name and alias; other commands as they are.

Only what stands in plain pipelines is read, with single assignments; script blocks are read as if they ran.
"""

from __future__ import annotations

from collections.abc import Callable

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, UNKNOWN_CODE, clean
from vectra_guard.syntax.inline.pyvalues import expanded

_ALIASES = {
    "iex": "invoke-expression", "iwr": "invoke-webrequest", "irm": "invoke-restmethod", "curl": "invoke-webrequest",
    "wget": "invoke-webrequest", "ri": "remove-item", "rm": "remove-item", "del": "remove-item",
    "erase": "remove-item", "rd": "remove-item", "rmdir": "remove-item", "gc": "get-content", "cat": "get-content",
    "type": "get-content", "sc": "set-content", "ac": "add-content", "cp": "copy-item", "copy": "copy-item",
    "cpi": "copy-item", "mv": "move-item", "move": "move-item", "mi": "move-item", "gci": "get-childitem",
    "dir": "get-childitem", "ls": "get-childitem", "saps": "start-process", "start": "start-process",
    "spps": "stop-process", "kill": "stop-process", "gi": "get-item", "clc": "clear-content", "ni": "new-item",
    "echo": "write-output", "write": "write-output",
}  # fmt: skip
_VALUED = frozenset(["-uri", "-outfile", "-path", "-literalpath", "-body", "-method", "-filepath",
    "-argumentlist", "-name", "-destination", "-value", "-id", "-infile", "-headers", "-command", "-ea",
    "-erroraction", "-useragent", "-filter", "-include"])  # fmt: skip
_SILENT = ("write-", "get-", "test-", "select-", "where-", "foreach-", "sort-", "measure-", "format-",
    "convertto-",
           "convertfrom-", "out-string", "out-null", "out-host", "group-", "new-object", "join-path",
               "split-path",
           "import-module", "start-sleep", "set-location", "cd", "$", "(", "@", "if", "for", "function",
               "param",
           "try", "}", "{", "[", "return", "while", "else", "%", "?")  # fmt: skip

_MAX_NESTED = 12  # each level reads its text again
_MAX_COMMANDS = 600  # weighted by length


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    shell = _PowerShell(depth)
    shell.run(clean(source.replace("\0", UNK)))
    return shell.effects


def _native(part: str) -> bool:
    """Is this a program of the system, written as for any shell?"""
    words = part.split()
    name = words[0].lower() if words else ""
    if name in ("curl", "wget") and not any(word.lower() in _VALUED for word in words):
        return "$" not in part
    cmdlet = name in _ALIASES or name in _CMDLETS or "-" in name[1:] or name.startswith(_SILENT)
    return name[:1].isalpha() and not cmdlet and not any(c in part for c in "$({;")


class _PowerShell:
    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.effects = Effects()
        self.names: dict[str, str] = {}
        self.nested = self.count = 0

    def run(self, source: str) -> None:
        lowered = source.lower()
        if "tcpclient" in lowered and "sockets" in lowered:
            self.socket(source, lowered)
        for statement in _split(source, ";\n"):
            self.pipeline([part.strip() for part in _split(statement, "|")])

    def socket(self, source: str, lowered: str) -> None:
        rest = source[lowered.index("tcpclient") + len("tcpclient") :]
        values = rest.strip("' \"").lstrip("(").partition(")")[0].replace("'", "").replace('"', "").split(",")
        host, port = (values[0].strip(), values[1].strip()) if len(values) > 1 else (UNK, UNK)
        self.effects.network = (host, port)
        self.effects.tied = self.effects.runs_shell = "iex" in lowered or "invoke-expression" in lowered or (
            "cmd" in lowered or "process" in lowered)  # fmt: skip

    def pipeline(self, parts: list[str]) -> None:
        value = ""
        if all(map(_native, parts)):
            self.effects.run(" | ".join(parts))
            return
        for part in parts:
            name, equals, rest = part.partition("=")
            if equals and name.strip().startswith("$") and " " not in name.strip():
                self.names[name.strip().lower()] = self.expression(rest.strip())
                continue
            value = self.command(part, value)

    def expression(self, text: str) -> str:
        """A value: a literal, a variable, a download, a command in parentheses."""
        body = text.strip()
        lowered = body.lower()
        if "downloadstring(" in lowered or "downloaddata(" in lowered:
            return self.effects.fetch(self.argument(body, lowered.index("download")))
        if lowered.startswith("$env:"):
            name = body[5:].partition(" ")[0]
            return emit.variable("HOME" if name.lower() == "userprofile" else name)
        if lowered in self.names:
            return self.names[lowered]
        if body[:1] in "'\"" and body[-1:] == body[:1] and len(body) > 1:
            return "".join(_words(body))
        if "+" in body and body[:1] in "'\"$(":
            return "".join(self.expression(part.strip(" ()")) for part in _split(body, "+"))
        if body.startswith(("(", "$(")):
            inner = body.lstrip("$").removeprefix("(")
            return self.command(inner.rpartition(")")[0] or inner, "")
        if body[:1].isalpha():
            return self.command(body, "")
        return UNK

    def argument(self, body: str, at: int) -> str:
        inner = body[at:].partition("(")[2]
        return self.expression(_split(inner, ",)")[0])

    def word(self, text: str) -> str:
        lowered = text.lower()
        if lowered.startswith("$env:"):
            return self.expression(text)
        if lowered.startswith("$"):
            return self.names.get(lowered, emit.variable("HOME") if lowered == "$home" else UNK)
        if text.startswith("("):
            return self.expression(text)
        return expanded(text.replace("\\", "/"))

    def command(self, text: str, piped: str) -> str:
        """One command of a pipeline. Its value is what it hands on."""
        self.nested += 1
        self.count += 1 + len(text) // 1000
        if self.nested > _MAX_NESTED or self.count > _MAX_COMMANDS:
            self.effects.add(UNKNOWN_CODE)
            value = UNK
        else:
            value = self._command(text, piped)
        self.nested -= 1
        return value

    def _command(self, text: str, piped: str) -> str:
        words = _words(text)
        while words and words[0] in ("&", "."):
            words = words[1:]
        if not words:
            return ""
        for mark in (">", ">>"):
            if mark in words[1:-1]:
                place = words.index(mark)
                self.effects.write(self.word(words[place + 1]), expanded(" ".join(words[1:place])), append=mark == ">>")
                words = words[:place]
        name = words[0].lower()
        name = _ALIASES.get(name, name)
        options, operands = self.options(words[1:])
        if name == "invoke-expression":
            raw = text.strip()[len(words[0]) :].strip() if not piped else ""
            return self.evaluate(piped or self.expression(raw))
        if name in _CMDLETS:
            return _CMDLETS[name](self, options, operands, piped)
        lowered = text.lower()
        if "downloadfile(" in lowered:
            values = _split(text[lowered.index("downloadfile(") + 13 :], ",)")
            into = self.expression(values[1]) if len(values) > 1 else "download"
            self.effects.fetch(self.expression(values[0]), into)
            return ""
        if "downloadstring(" in lowered or text.startswith(("'", '"', "$", "(")):
            return self.expression(text)
        if (name[0].isalpha() or name[0] in "./~") and not name.startswith(_SILENT):
            self.effects.run_words([self.word(word) for word in words])
        return ""

    def options(self, words: list[str]) -> tuple[dict[str, str], list[str]]:
        options: dict[str, str] = {}
        operands: list[str] = []
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            if word.startswith("-") and len(word) > 1 and word[1].isalpha():
                name = word.lower()
                if name in _VALUED and at < len(words):
                    options[name] = self.word(words[at])
                    at += 1
                else:
                    options[name] = ""
            else:
                operands.append(self.word(word.rstrip(",")))
        return options, operands

    def evaluate(self, value: str) -> str:
        if value and emit.is_known(value) and self.depth < 6:
            self.depth += 1
            self.run(value)
            self.depth -= 1
        elif emit.sole_output(value) is not None:
            self.effects.run_code(value, "pwsh")
        else:
            self.effects.add(UNKNOWN_CODE)
        return ""


Cmdlet = Callable[[_PowerShell, dict[str, str], list[str], str], str]


def _target(options: dict[str, str], operands: list[str], *names: str) -> str:
    for name in names:
        if name in options:
            return options[name]
    return operands[0] if operands else UNK


def _web(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
    url = _target(options, operands, "-uri")
    if "-infile" in options:
        return ps.effects.upload(url, options["-infile"])
    if "-body" in options:
        return ps.effects.send(url, options["-body"], options.get("-method", ""))
    return ps.effects.fetch(url, options.get("-outfile", ""))


def _remove(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
    recursive = any(name.startswith("-r") for name in options)
    targets = [options[n] for n in ("-path", "-literalpath") if n in options] + operands
    if not targets:
        targets = [piped or UNK]
        recursive = True
    ps.effects.delete([_matching(part) for part in targets], "-rf" if recursive else "-f")
    return ""


def _matching(text: str) -> str:
    return emit.matching(text) if "*" in text else text


def _children(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
    target = _target(options, operands, "-path", "-literalpath")
    if target.lower().startswith("env:"):
        return ps.effects.read("env")
    return emit.matching(f"{target.rstrip('/*')}/*") if target != UNK and emit.is_known(target) else emit.matching("*")


def _content(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
    return ps.effects.read_file(_target(options, operands, "-path", "-literalpath"))


def _writing(append: bool) -> Cmdlet:
    def act(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
        data = options.get("-value", piped or (operands[1] if len(operands) > 1 else UNK))
        ps.effects.write(_target(options, operands, "-path", "-filepath", "-literalpath"), data, append=append)
        return ""

    return act


def _two(command: str) -> Cmdlet:
    def act(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
        source = _target(options, operands, "-path", "-literalpath")
        into = options.get("-destination", operands[-1] if len(operands) > 1 else UNK)
        ps.effects.on_paths(command, source, into)
        return ""

    return act


def _start(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
    given = options.get("-argumentlist", "")
    ps.effects.run_words([_target(options, operands, "-filepath"), *given.split(), *operands[1:]])
    return ""


def _fixed(line: str) -> Cmdlet:
    def act(ps: _PowerShell, options: dict[str, str], operands: list[str], piped: str) -> str:
        ps.effects.add(
            line
            if "{}" not in line
            else line.replace("{}", emit.word(_target(options, operands, "-name", "-id", "-path")))
        )
        return ""

    return act


_CMDLETS: dict[str, Cmdlet] = {
    "invoke-webrequest": _web, "invoke-restmethod": _web, "remove-item": _remove, "get-childitem": _children,
    "get-content": _content, "set-content": _writing(False), "add-content": _writing(True),
    "out-file": _writing(False), "tee-object": _writing(False), "copy-item": _two("cp -r"), "move-item": _two("mv"),
    "start-process": _start, "stop-process": _fixed("pkill {}"), "stop-computer": _fixed("shutdown -h now"),
    "restart-computer": _fixed("shutdown -r now"), "format-volume": _fixed("mkfs {}"),
    "clear-disk": _fixed('wipefs -a "$__unknown"'), "clear-content": _fixed(": > {}"),
    "clear-recyclebin": _fixed("rm -rf ~/.local/share/Trash/files"), "stop-service": _fixed("systemctl stop {}"),
    "set-executionpolicy": _fixed(""),
}  # fmt: skip


def _split(text: str, separators: str) -> list[str]:
    """At separators outside quotes and brackets."""
    parts: list[str] = []
    start = depth = 0
    quote = ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in separators and (depth == 0 or (char == ")" and depth == 0)):
            parts.append(text[start:at])
            start = at + 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
    parts.append(text[start:])
    return parts


def _words(text: str) -> list[str]:
    """Words with their quotes removed; parentheses stay whole."""
    words: list[str] = []
    current: list[str] = []
    quote, depth, started = "", 0, False
    for char in text:
        if quote:
            if char == quote:
                quote = ""
                if depth:
                    current.append(char)
            else:
                current.append(char)
        elif char in "'\"":
            quote, started = char, True
            if depth:
                current.append(char)
        elif char in " \t\n" and depth == 0:
            if current or started:
                words.append("".join(current))
            current, started = [], False
        else:
            depth += (char == "(") - (char == ")" and depth > 0)
            if char != "`":
                current.append(char)
    if current or started:
        words.append("".join(current))
    return words
