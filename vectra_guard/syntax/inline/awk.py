"""awk as shell lines: system(), commands in pipes, files written, and gawk's sockets."""

from __future__ import annotations

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, UNKNOWN_CODE, clean
from vectra_guard.syntax.inline.lexer import Dialect, Token, tokens
from vectra_guard.syntax.inline.pyvalues import percent

_AWK = Dialect("awk", ("#",), interpolating='"', raw="", backtick="")
_END = Token("end", "")
_COMPUTES = frozenset(("+", "-", "*", "%", "^", "!", "~", "!~", "==", "&&", "||", "++", "--", "+="))
_WORDS = frozenset(
    [
        "print",
        "printf",
        "getline",
        "if",
        "else",
        "while",
        "for",
        "do",
        "in",
        "BEGIN",
        "END",
        "function",
        "func",
        "return",
        "next",
        "exit",
        "delete",
        "break",
        "continue",
        "switch",
        "case",
        "nextfile",
        "BEGINFILE",
        "ENDFILE",
    ]
)


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    reader = _Awk(source)
    if stdin is not None and stdin.count("\n") <= 1:
        reader.names["$0"] = clean(stdin.rstrip("\n"))
    reader.run()
    return reader.effects


class _Awk:
    def __init__(self, source: str) -> None:
        self.tokens = tokens(source, _AWK)
        self.at = 0
        self.effects = Effects()
        if self.tokens and self.tokens[-1].kind == "code":  # cut off by the lexer's cap
            self.effects.add(UNKNOWN_CODE)
        self.names: dict[str, str] = {}
        self.nested = 0

    def peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else _END

    def run(self) -> None:
        while self.at < len(self.tokens):
            before = self.at
            token = self.peek()
            if token.kind == "name" and token.value in ("print", "printf"):
                self.at += 1
                self.printing(token.value)
            elif token.kind == "name" and token.value == "getline":
                self.getline()
            else:
                self.after(self.concatenation())
            if self.at == before:
                self.at += 1

    def after(self, value: str) -> None:
        """What follows a value: a pipe into getline makes it a command."""
        token = self.peek()
        if token.value in ("|", "|&") and self.peek(1).value == "getline":
            self.at += 2
            self.command(value, reads=True)

    def getline(self) -> None:
        self.at += 1
        if self.peek().kind == "name" and self.peek().value not in _WORDS:
            self.at += 1
        if self.peek().value == "<":
            self.at += 1
            name = self.concatenation()
            if name not in ("-", UNK):
                self.effects.read_file(name)

    def command(self, value: str, *, data: str = "", reads: bool = False) -> None:
        if value.startswith("/inet"):
            parts = value.split("/")
            self.effects.network = (parts[4] if len(parts) > 4 else UNK, parts[5] if len(parts) > 5 else UNK)
            self.effects.tied = True
            if reads:
                self.names["$0"] = self.effects.receive_socket()
                self.effects.receives = True
            else:
                self.effects.send_socket(data)
        elif data and emit.code(value).strip():
            line = emit.code(value)
            self.effects.add(f"printf %s {emit.word(data)} | {line}" if emit.is_known(data) else
                             f'printf %s "$__unknown" | {line}')  # fmt: skip
        else:
            self.effects.run(value)

    def printing(self, kind: str) -> None:
        values: list[str] = []
        while self.at < len(self.tokens):
            token = self.peek()
            if token.kind == "op" and token.value == ",":
                self.at += 1
                continue
            before = self.at
            value = self.concatenation()
            if self.at == before:
                break
            values.append(value)
        data = " ".join(values) or UNK
        if kind == "printf" and values:
            data = str(percent(values[0], [_numeric(value) for value in values[1:]]))
        token = self.peek()
        if token.kind != "op":
            self.effects.show(data)
        elif token.value in (">", ">>"):
            self.at += 1
            target = self.concatenation()
            if not target.startswith(("/dev/std", "/dev/fd", "/dev/tty")):
                self.effects.write(target, data if emit.is_known(data) else UNK, append=token.value == ">>")
        elif token.value in ("|", "|&"):
            self.at += 1
            self.command(self.concatenation(), data=data)
        else:
            self.effects.show(data)

    def concatenation(self) -> str:
        """Values side by side are one text."""
        parts: list[str] = []
        while self.at < len(self.tokens):
            token = self.peek()
            if token.kind == "str":
                self.at += 1
                parts.append("".join(part for part in token.parts if isinstance(part, str)))
            elif token.kind == "num":
                self.at += 1
                parts.append(token.value)
            elif token.kind == "name" and token.value not in _WORDS:
                parts.append(self.named())
            elif token.kind == "op" and token.value == "(":
                self.at += 1
                parts.append(self.bracket())
            elif token.kind == "op" and token.value == "$":
                parts.append(self.field(self.peek(1).value))
                self.at += 2
            elif token.kind == "regex" or (token.kind == "op" and token.value in _COMPUTES):
                self.at += 1
                parts.append(UNK)
            else:
                break
        return emit.bounded("".join(parts))

    def field(self, number: str) -> str:
        line = self.names.get("$0", UNK)
        if number in ("0", "") or not number.isdigit() or line == UNK or not emit.is_known(line):
            return line
        fields = line.split()
        return fields[int(number) - 1] if int(number) <= len(fields) else ""

    def bracket(self) -> str:
        """Inside parentheses; pipes, assignments and commas all count."""
        values: list[str] = []
        self.nested += 1
        while self.at < len(self.tokens) and not (self.peek().kind == "op" and self.peek().value == ")"):
            before = self.at
            if self.peek().value == "getline":
                self.getline()
            else:
                values.append(self.concatenation() if self.nested < 100 else UNK)
                self.after(values[-1])
            if self.at == before:
                self.at += 1
        self.at += 1
        self.nested -= 1
        return values[0] if len(values) == 1 else UNK

    def named(self) -> str:
        name = self.peek().value
        self.at += 1
        token = self.peek()
        if token.kind == "op" and token.value == "(" and not token.spaced:
            return self.call(name)
        if token.kind == "op" and token.value == "(" and name == "system":
            return self.call(name)
        if token.kind == "op" and token.value == "[":
            return self.element(name)
        if token.kind == "op" and token.value == "=":
            self.at += 1
            self.names[name] = self.concatenation()
            return self.names[name]
        if name == "ENVIRON":
            self.effects.read("env")
        return self.names.get(name, UNK if name != "SUBSEP" else "")

    def element(self, name: str) -> str:
        self.at += 1
        key = self.concatenation()
        while self.at < len(self.tokens) and self.peek().value != "]":
            self.at += 1
        self.at += 1
        if name == "ENVIRON":
            return emit.variable(key) if emit.is_known(key) else self.effects.read("env")
        return UNK

    def call(self, name: str) -> str:
        self.at += 1
        values: list[str] = []
        while self.at < len(self.tokens) and not (self.peek().kind == "op" and self.peek().value == ")"):
            before = self.at
            values.append(self.concatenation())
            self.after(values[-1])
            if self.at == before:
                values.pop()
                self.at += 1
        self.at += 1
        if name == "system":
            if values:
                self.effects.run(values[0])
            else:
                self.effects.add(UNKNOWN_CODE)
        elif name == "sprintf" and values:
            return str(percent(values[0], [_numeric(value) for value in values[1:]]))
        elif name in ("tolower", "toupper") and values:
            return values[0].lower() if name == "tolower" else values[0].upper()
        return UNK


def _numeric(value: str) -> str | int:
    return int(value) if value.isdigit() and len(value) < 10 else value
