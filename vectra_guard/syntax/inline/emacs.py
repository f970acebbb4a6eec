"""Emacs Lisp given to ``emacs --eval`` as shell lines."""

from __future__ import annotations

from typing import Any

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, clean
from vectra_guard.syntax.inline.pyvalues import expanded, percent

_MAX_DEPTH = 200
_RUNS = frozenset({"shell-command", "shell-command-to-string", "async-shell-command", "compile",
                   "shell-command-on-region",
                   "call-process-shell-command", "start-process-shell-command", "grep", "eshell-command"})  # fmt: skip
_PROGRAM = {"call-process": (0, 4), "start-process": (2, 3), "process-file": (0, 4), "process-lines": (0, 1),
            "start-file-process": (2, 3), "make-term": (1, 3), "term": (0, 1), "ansi-term": (0, 1),
            "call-process-region": (2, 6)}  # fmt: skip


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    lisp = _Lisp(clean(source.replace("\0", UNK)))
    lisp.run()
    return lisp.effects


class _Symbol(str):
    __slots__ = ()


class _Lisp:
    def __init__(self, text: str) -> None:
        self.text = text
        self.effects = Effects()
        self.names: dict[str, str] = {}

    def run(self) -> None:
        for form in _parse(self.text):
            self.value(form)

    def value(self, form: Any) -> str:
        if isinstance(form, _Symbol):
            return self.names.get(form, UNK)
        if isinstance(form, str):
            return form
        if not form or not isinstance(form[0], _Symbol):
            for part in form:
                self.value(part)
            return UNK
        name = str(form[0])
        if name in ("setq", "setq-default", "defvar", "let", "let*", "setenv"):
            return self.binding(name, form)
        if name == "quote":
            return UNK
        return self.call(name, [self.value(part) for part in form[1:]])

    def binding(self, name: str, form: list[Any]) -> str:
        result = UNK
        if name.startswith("let"):
            for pair in form[1] if len(form) > 1 and isinstance(form[1], list) else []:
                if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], _Symbol):
                    self.names[pair[0]] = self.value(pair[1])
            for part in form[2:]:
                result = self.value(part)
            return result
        for place in range(1, len(form) - 1, 2):
            result = self.value(form[place + 1])
            if isinstance(form[place], _Symbol):
                self.names[form[place]] = result
        return result

    def call(self, name: str, args: list[str]) -> str:
        effects = self.effects
        first = args[0] if args else UNK
        if name in _RUNS:
            line = first
            if name == "start-process-shell-command":
                line = args[-1] if args else UNK
            elif name == "shell-command-on-region" and len(args) > 2:
                line = args[2]
            effects.run(line)
            return emit.output(emit.code(line))
        if name in _PROGRAM:
            at, rest = _PROGRAM[name]
            effects.run_words([*args[at : at + 1], *args[rest:]])
        elif name in ("delete-file", "move-file-to-trash"):
            effects.delete([first])
        elif name == "delete-directory":
            effects.delete([first], "-rf") if len(args) > 1 else effects.on_paths("rmdir", first)
        elif name in ("rename-file", "copy-file", "copy-directory", "make-symbolic-link"):
            command = {"rename-file": "mv", "copy-file": "cp", "copy-directory": "cp -r"}.get(name, "ln -s")
            effects.on_paths(command, *args[:2])
        elif name in ("write-region", "append-to-file") and len(args) > 2:
            effects.write(args[2], first, append=name == "append-to-file")
        elif name in ("with-temp-file", "write-file"):
            effects.truncate(first)
        elif name in ("insert-file-contents", "find-file", "insert-file"):
            return effects.read_file(first)
        elif name in ("url-retrieve-synchronously", "url-retrieve", "url-insert-file-contents"):
            return effects.fetch(first)
        elif name == "url-copy-file" and len(args) > 1:
            effects.fetch(first, args[1])
        elif name in ("eval", "read", "eval-buffer") and args:
            return self.evaluate(name, first)
        elif name == "concat":
            return emit.bounded("".join(args))
        elif name == "format" and args:
            return str(percent(first, args[1:]))
        elif name == "getenv":
            return emit.variable(first)
        elif name in ("expand-file-name", "substitute-in-file-name"):
            return expanded(first)
        elif name == "base64-decode-string":
            from vectra_guard.syntax.inline.readermethods import decoded64

            return decoded64(first)
        elif name == "shell":
            effects.run("sh")
        return UNK

    def evaluate(self, name: str, source: str) -> str:
        if name == "read":
            return source
        if emit.sole_output(source) is not None:
            self.effects.run_code(source, "emacs --script /dev/stdin")
        elif emit.is_known(source):
            for form in _parse(source):
                if isinstance(form, list):
                    self.value(form)
        return UNK


def _parse(text: str) -> list[Any]:
    """Forms as nested lists; strings as ``str``, everything else as ``_Symbol``. Too deep is cut off flat."""
    top: list[Any] = []
    stack = [top]
    at, size = 0, len(text)
    while at < size:
        char = text[at]
        at += 1
        if char in "([":
            inner: list[Any] = []
            stack[-1].append(inner)
            if len(stack) < _MAX_DEPTH:
                stack.append(inner)
        elif char in ")]":
            if len(stack) > 1:
                stack.pop()
        elif char == '"':
            value, at = _string(text, at)
            stack[-1].append(value)
        elif char == ";":
            end = text.find("\n", at)
            at = size if end < 0 else end
        elif char not in " \t\n\r'`,#":
            start = at - 1
            while at < size and text[at] not in " \t\n\r()[]\"';":
                at += 1
            stack[-1].append(_Symbol(text[start:at]))
    return top


def _string(text: str, at: int) -> tuple[str, int]:
    out = []
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
            out.append({"n": "\n", "t": "\t"}.get(text[at], text[at]))
        else:
            out.append(text[at])
        at += 1
    return "".join(out), at + 1
