"""A sed script as shell lines: the ``e`` command, ``s///e``, ``w`` and ``r``. What -i does to files is not here."""

from __future__ import annotations

from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, UNKNOWN_CODE, clean


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    script = _Sed(clean(source.replace("\0", UNK)))
    script.run()
    return script.effects


class _Sed:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.effects = Effects()

    def run(self) -> None:
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char in "/\\":
                self.address(char)
            elif char == "s":
                self.substitution()
            elif char == "y":
                self.section(self.take())
                self.section(self.text[self.at - 1 : self.at])
            elif char == "e":
                self.execute(self.line())
            elif char in "wW":
                self.file(self.line())
            elif char in "rR":
                name = self.line().strip()
                if name and name not in ("/dev/stdin", "-"):
                    self.effects.read_file(name)
            elif char in "aic#":
                self.line()
            elif char in "btT:":
                while self.at < len(self.text) and self.text[self.at] not in ";\n}":
                    self.at += 1

    def take(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        return char

    def address(self, char: str) -> None:
        self.section(self.take() if char == "\\" else "/")

    def section(self, delimiter: str) -> str:
        """Up to the delimiter, which is passed. A bracket expression may hold it."""
        start, text = self.at, self.text
        at = start
        while at < len(text):
            if text[at] == "\\":
                at += 1
            elif text[at] == delimiter or (text[at] == "\n" and delimiter != "\n" and delimiter == "/"):
                break
            at += 1
        self.at = at + 1
        return text[start:at]

    def line(self) -> str:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        result = self.text[self.at : end]
        self.at = end + 1
        return result

    def substitution(self) -> None:
        delimiter = self.take()
        if not delimiter or delimiter in "\n\\":
            return
        self.section(delimiter)
        replacement = self.section(delimiter)
        executes = False
        while self.at < len(self.text):
            flag = self.text[self.at]
            if flag == "e":
                executes = True
            elif flag in "wW":
                self.at += 1
                self.file(self.line())
                break
            elif not (flag in "gpiImM" or flag.isdigit()):
                break
            self.at += 1
        if executes:
            plain = "&" not in replacement and "\\" not in replacement and UNK not in replacement
            self.effects.run(replacement) if plain and replacement.strip() else self.effects.add(UNKNOWN_CODE)

    def execute(self, command: str) -> None:
        command = command.strip().rstrip("}")
        if command.startswith(";") or not command:
            self.effects.add(UNKNOWN_CODE)  # the pattern space itself is run
        else:
            self.effects.run(command)

    def file(self, name: str) -> None:
        name = name.strip()
        if name and not name.startswith("/dev/std"):
            self.effects.truncate(name)
