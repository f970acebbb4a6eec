"""What the walker carries: values of variables, the state of the shell at a place in the line, commands being built."""

from __future__ import annotations

from dataclasses import dataclass, field

from vectra_guard.model import UNKNOWN, Command, Redirect, Span, Word
from vectra_guard.syntax.tree import Function


@dataclass(slots=True)
class Val:
    """A variable's value. ``items``: an array's elements; ``keys``: an associative array's."""

    text: str
    items: list[str] | None = None
    keys: dict[str, str] | None = None
    sources: tuple[int, ...] = ()
    variables: tuple[str, ...] = ()
    glob: bool = False
    ref: str = ""  # the variable that this one is another name of (declare -n)

    def at(self, index: str) -> str | None:
        """One element, or None where it is not known."""
        if self.keys is not None:
            return self.keys.get(index.strip("'\""), UNKNOWN)
        items = self.items if self.items is not None else [self.text]
        try:
            number = int(index, 0)
        except ValueError:
            return None
        if -len(items) <= number < len(items):
            return items[number]
        return ""


UNSET = Val("")
"""The value of a variable that the line has unset."""


@dataclass(slots=True)
class Out:
    """Standard output of something: its text (UNKNOWN in it where not known) and the commands that wrote it."""

    text: str
    sources: tuple[int, ...] = ()


NOTHING = Out("")


@dataclass(slots=True)
class Draft:
    """A ``Command`` while it is built: the same fields, still open."""

    index: int
    top: int
    span: Span
    words: list[Word]
    name: str = ""
    assigns: list[tuple[str, Word]] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    wrappers: tuple[str, ...] = ()
    privileged: bool = False
    place: str = ""
    via: str = ""
    cwd: str = ""
    stdin_from: int | None = None
    stdout_to: int | None = None
    stdin_text: str | None = None
    background: bool = False
    in_loop: bool = False
    defined_only: bool = False
    insert_at: int | None = None
    replace: tuple[Span, str] | None = None

    def freeze(self) -> Command:
        return Command(
            tuple(self.words), self.span, self.index, self.top, self.name, tuple(self.assigns),
            tuple(self.redirects), self.wrappers, self.privileged, self.place, self.via, self.cwd,
            self.stdin_from, self.stdout_to, self.stdin_text, self.background, self.in_loop, self.defined_only,
            self.insert_at, self.replace,
        )  # fmt: skip


class State:
    """The shell at one place of the line. ``fork`` for what runs in a subshell or deeper, sharing nothing that
    the inner may change but the file system."""

    __slots__ = (
        "aliases", "args", "background", "calls", "cwd", "defined_only", "depth", "dialect", "functions", "in_loop",
        "inp_from", "inp_text", "inplace", "place", "privileged", "replace", "stack", "taint", "taint_vars", "top",
        "vars", "via", "wrappers",
    )  # fmt: skip

    def __init__(self, cwd: str, dialect: str):
        self.cwd = cwd
        self.dialect = dialect
        self.vars: dict[str, Val] = {}
        self.functions: dict[str, Function] = {}
        self.aliases: dict[str, str] = {}
        self.args: list[str] | None = None
        self.calls: tuple[Function, ...] = ()
        self.stack: tuple[str, ...] = ()
        self.wrappers: tuple[str, ...] = ()
        self.privileged = False
        self.place = ""
        self.via = ""
        self.top = -1
        self.background = False
        self.in_loop = False
        self.defined_only = False
        self.inplace = True
        self.depth = 0
        self.inp_text: str | None = None
        self.inp_from: int | None = None
        self.taint: tuple[int, ...] = ()
        self.taint_vars: tuple[str, ...] = ()
        self.replace: tuple[Span, str] | None = None

    def share(self) -> State:
        """The same shell, with a context of its own: what it assigns is seen outside."""
        new = State.__new__(State)
        new.cwd, new.dialect, new.vars, new.functions = self.cwd, self.dialect, self.vars, self.functions
        new.aliases, new.args, new.calls, new.stack = self.aliases, self.args, self.calls, self.stack
        new.wrappers, new.privileged, new.place, new.via = self.wrappers, self.privileged, self.place, self.via
        new.top, new.background, new.in_loop = self.top, self.background, self.in_loop
        new.defined_only, new.inplace, new.depth = self.defined_only, self.inplace, self.depth
        new.inp_text, new.inp_from = self.inp_text, self.inp_from
        new.taint, new.taint_vars, new.replace = self.taint, self.taint_vars, self.replace
        return new

    def fork(self) -> State:
        """A subshell."""
        new = self.share()
        new.vars = dict(self.vars)
        new.functions = dict(self.functions)
        new.aliases = dict(self.aliases)
        return new

    def clean(self) -> State:
        """A new shell process: exported or not, its variables are kept (a guess on the safe side), its functions
        and aliases are not."""
        new = self.share()
        new.vars = dict(self.vars)
        new.functions = {}
        new.aliases = {}
        new.args = []
        new.inplace = False
        new.inp_text, new.inp_from = self.inp_text, self.inp_from
        return new
