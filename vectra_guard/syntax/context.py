"""What a walk knows of the world: problems so far, variables, files of this line. Base of ``Walker``."""

from __future__ import annotations

from collections.abc import Callable

from vectra_guard.model import UNKNOWN, Facts, Redirect, Request, Risk, Word
from vectra_guard.syntax.names import normal
from vectra_guard.syntax.state import Draft, Out, State, Val
from vectra_guard.syntax.tree import Function, List, Reading, Var

MAX_FOLD = 65_536
MAX_EXPANDED = 500_000  # characters that expansions of one line may make, all together
TOO_DEEP = "The line is longer, or nested deeper, than is read."
TOO_LONG = "The line holds more commands than are read."


class Context:
    """One reading of one line."""

    def __init__(self, request: Request, facts: Facts):
        self.request = request
        self.facts = facts
        self.drafts: list[Draft] = []
        self.problems: list[str] = []
        self.floor = Risk.LOW
        self.files: dict[str, str] = {}  # written in this line: what they hold
        self.copies: dict[str, str] = {}  # copied or linked in this line: the command's real name
        self.fds: dict[int, str | None] = {}  # opened by exec: what can be read from them
        self.git_aliases: dict[str, Word] = {}  # set in this line
        self.procs: dict[str, Out] = {}
        self.sinks: dict[str, tuple[List, State]] = {}  # >(…) that wait for what is written to them
        self.pouring = False  # the target of an output redirection is being expanded
        self.called: set[str] = set()
        self.defined: dict[str, tuple[Function, State]] = {}
        self.text_read = 0
        self.budget = MAX_EXPANDED
        self.current: Draft | None = None  # the command whose words are being expanded

    # Problems

    def problem(self, sentence: str, floor: Risk) -> None:
        if sentence not in self.problems and len(self.problems) < 12:
            self.problems.append(sentence)
        self.floor = max(self.floor, floor)

    def afford(self, size: int) -> bool:
        """Is there room for an expansion of this size?"""
        self.budget -= size
        if self.budget < 0:
            self.cap(TOO_LONG)
        return self.budget >= 0

    def cap(self, sentence: str) -> None:
        self.problem(sentence, Risk.HIGH)

    def reading(self, reading: Reading, partial: bool) -> None:
        """What a reader reported. An unfinished prefix is no error while the user is still typing it."""
        if reading.capped:
            self.cap(TOO_DEEP)
        for sentence in reading.problems:
            self.problem(sentence, Risk.LOW if partial and reading.unfinished else Risk.MEDIUM)

    # Variables

    def home(self, st: State) -> str:
        value = st.vars.get("HOME")
        return value.text if value is not None else (self.request.home or self.facts.variables.get("HOME") or UNKNOWN)

    def user_home(self, name: str, st: State) -> str | None:
        if name == "+":
            return st.cwd
        if name == "-":
            return UNKNOWN
        if name == "root":
            return "/root"
        if name == self.facts.user and name:
            return self.home(st)
        if name and (name[0].isalpha() or name[0] == "_") and name.replace("-", "").replace("_", "").isalnum():
            return "/home/" + name
        return None

    def lookup(self, name: str, st: State) -> Val | None:
        value = st.vars.get(name)
        if value is not None:
            return self.lookup(value.ref, st) if value.ref and value.ref != name else value
        if name.isdigit():
            return self.positional(int(name), st)
        if name in ("@", "*"):
            return Val(" ".join(st.args)) if st.args is not None else None
        if name == "#":
            return Val(str(len(st.args))) if st.args is not None else None
        if name == "commands" and st.dialect == "zsh":
            return Val(UNKNOWN, None, LOCATED)
        if name == "argv" and st.args is not None and st.dialect in ("fish", "zsh"):
            return Val(" ".join(st.args), st.args)
        known = self.facts.variables.get(name)
        if known is not None and name not in ("PWD",):
            return Val(known)
        default = DEFAULTS.get(name)
        text = default(self, st) if default else None
        return Val(text) if text else None

    def positional(self, number: int, st: State) -> Val | None:
        if number == 0:
            return Val(st.dialect)
        if st.args is None:
            return None
        return Val(st.args[number - 1]) if number <= len(st.args) else Val("")

    def items(self, var: Var, st: State) -> list[str] | None:
        """The elements of a list, or None for what is not one."""
        if var.name in ("@", "*"):
            return st.args
        if var.indirect and var.index in ("@", "*"):
            value = self.lookup(var.name, st)
            if value is None or (value.items is None and value.keys is None):
                return None
            return list(value.keys) if value.keys else [str(n) for n in range(len(value.items or []))]
        name = var.name
        if var.indirect:
            value = self.lookup(name, st)
            name = value.text if value is not None else ""
            if name.endswith("[@]"):
                name = name[:-3]
        value = self.lookup(name, st)
        if value is None:
            return None
        if value.keys is not None:
            return list(value.keys.values()) if var.index in ("@", "*", "") else None
        if var.index not in ("@", "*", ""):
            return self.part(value, var.index, st)
        if value.items is None:
            return [value.text] if var.index else None
        return value.items

    def part(self, value: Val, index: str, st: State) -> list[str] | None:
        """``$x[2..3]`` of fish, ``$x[2,3]`` of a zsh array."""
        if st.dialect == "fish":
            return selected(value.items if value.items is not None else [value.text], index, "..")
        if st.dialect == "zsh" and "," in index and value.items is not None:
            return selected(value.items, index, ",")
        return None

    def content(self, path: str, st: State) -> str | None:
        """What a file holds, where this line wrote it."""
        proc = self.procs.get(path)
        if proc is not None:
            return proc.text if proc.text != UNKNOWN else None
        return self.files.get(normal(path, st.cwd)) if self.files else None

    def received(self, redirect: Redirect, st: State) -> str | None:
        """The text that an input redirection gives, where known."""
        target = redirect.target.text
        if redirect.op in ("<<", "<<-", "<<<"):
            return target
        if redirect.op in ("<", "<>"):
            return self.content(target, st)
        return self.fds.get(int(target)) if redirect.op == "<&" and target.isdigit() and int(target) > 2 else None

    def behind(self, draft: Draft, path: str, st: State) -> str | None:
        """What a path gives to this command: ``/dev/fd/3`` with ``3<<EOF``, a file of this line."""
        head, _, number = path.rpartition("/")
        if head in ("/dev/fd", "/proc/self/fd") and number.isdigit() and path not in self.procs:
            for redirect in draft.redirects:
                if redirect.fd == int(number) and redirect.op[0] == "<":
                    return self.received(redirect, st)
            return self.fds.get(int(number))
        return self.content(path, st)

    def write(self, path: str, text: str, append: bool, st: State) -> None:
        if UNKNOWN in path:
            return
        where = normal(path, st.cwd)
        before = self.files.get(where, "") if append else ""
        self.files[where] = (before + text)[:MAX_FOLD]
        self.copies.pop(where, None)


def selected(items: list[str], index: str, between: str) -> list[str] | None:
    """Elements ``first..last``, counted from one, or from the end where negative."""
    first, dots, last = index.partition(between)
    try:
        start = int(first or "1")
        end = int(last or "-1") if dots else start
    except ValueError:
        return None
    start = start - 1 if start > 0 else len(items) + start
    end = end if end > 0 else len(items) + end + 1
    return items[max(0, start) : max(0, end)]


class Located(dict[str, str]):
    """zsh's ``$commands``: where each program lies."""

    def get(self, key: str, default: object = None) -> str:
        return "/usr/bin/" + key


LOCATED = Located()
DEFAULTS: dict[str, Callable[[Context, State], str | None]] = {
    "HOME": lambda w, st: w.home(st),
    "USER": lambda w, st: w.facts.user,
    "LOGNAME": lambda w, st: w.facts.user,
    "USERNAME": lambda w, st: w.facts.user,
    "PWD": lambda w, st: st.cwd,
    "SHELL": lambda w, st: "/bin/" + (w.request.shell or "bash"),
    "BASH": lambda w, st: "/bin/bash",
    "IFS": lambda w, st: " \t\n",
    "UID": lambda w, st: str(w.facts.uid),
    "EUID": lambda w, st: str(w.facts.uid),
    "OSTYPE": lambda w, st: "linux-gnu",
}
"""Variables that every shell has, unless the line set them."""
