"""What the readers of bash, zsh and fish produce and the walker consumes: the shape of a line, nothing evaluated.

Positions are character offsets into the ``Source`` that a node was read from. No behaviour beyond mapping them
to the byte offsets of the line that was typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vectra_guard.model import Span


class Source:
    """A text that was read, and where it stands in the line: in place (``base``) or as part of a word (``fixed``)."""

    __slots__ = ("base", "fixed", "offsets", "text")

    def __init__(self, text: str, base: int = 0, fixed: Span | None = None, offsets: list[int] | None = None):
        self.text = text
        self.base = base
        self.fixed = fixed
        self.offsets = offsets

    def span(self, start: int, end: int) -> Span:
        if self.fixed is not None:
            return self.fixed
        if self.offsets is not None:
            return Span(self.offsets[start + self.base], self.offsets[end + self.base])
        return Span(start + self.base, end + self.base)

    def at(self, start: int) -> int | None:
        """The byte offset in the typed line, or None when this text does not stand there as it is."""
        return None if self.fixed is not None else self.span(start, start).start

    def inner(self, start: int, end: int) -> Source:
        """A part of this text as a source of its own, at the same place."""
        return Source(self.text[start:end], self.base + start, self.fixed, self.offsets)


def byte_offsets(text: str) -> list[int] | None:
    """Character index -> byte index in the UTF-8 form; None where they are the same."""
    if text.isascii():
        return None
    out = [0] * (len(text) + 1)
    total = 0
    for index, char in enumerate(text):
        out[index] = total
        code = ord(char)
        if code < 0x80 or 0xDC80 <= code <= 0xDCFF:
            total += 1
        elif code < 0x800:
            total += 2
        else:
            total += 3 if code < 0x10000 else 4
    out[len(text)] = total
    return out


@dataclass(slots=True)
class Lit:
    text: str
    quoted: bool


@dataclass(slots=True)
class Var:
    """``$name`` or ``${…}``: ``op`` is the operator and ``operand`` (``operand2``) what follows it."""

    name: str
    quoted: bool
    op: str = ""
    index: str = ""  # subscript as written
    indirect: bool = False
    operand: list[Part] | None = None
    operand2: list[Part] | None = None
    flags: str = ""  # zsh: (…) as written, = for ${=x}
    index_parts: list[Part] | None = None  # of a subscript that is expanded itself


@dataclass(slots=True)
class Sub:
    """``$(…)``, backticks, fish ``(…)``."""

    body: List
    quoted: bool
    lines: bool = False  # fish: split at newlines only
    index: str = ""  # fish: which of the lines


@dataclass(slots=True)
class Proc:
    """``<(…)``, ``>(…)``, zsh ``=(…)``."""

    op: str
    body: List


@dataclass(slots=True)
class Arith:
    parts: list[Part]
    quoted: bool


Part = Lit | Var | Sub | Proc | Arith


@dataclass(slots=True)
class Raw:
    """One word as written. ``plain``: its value, when it needs no evaluation at all."""

    src: Source
    start: int
    end: int
    plain: str | None = None
    parts: list[Part] = field(default_factory=list)
    brace: bool = False  # holds an unquoted brace


@dataclass(slots=True)
class Assign:
    name: str
    op: str  # = or +=
    index: str
    value: Raw | None
    items: list[Raw] | None = None  # name=(…)
    index_parts: list[Part] | None = None


@dataclass(slots=True)
class Redir:
    op: str
    fd: int
    target: Raw
    fd_name: str = ""  # {name}>file


@dataclass(slots=True)
class Simple:
    src: Source
    start: int
    end: int = 0
    assigns: list[Assign] = field(default_factory=list)
    words: list[Raw] = field(default_factory=list)
    redirects: list[Redir] = field(default_factory=list)
    prefix: list[str] = field(default_factory=list)  # noglob, nocorrect, time …: words before the command proper


@dataclass(slots=True)
class Pipe:
    stages: list[Node]
    both: list[bool] = field(default_factory=list)  # |& after stage n
    negated: bool = False


@dataclass(slots=True)
class List:
    items: list[tuple[Node, str]] = field(default_factory=list)  # node, the operator after it: ; & && || or ""


@dataclass(slots=True)
class Group:
    body: List
    subshell: bool
    redirects: list[Redir] = field(default_factory=list)


@dataclass(slots=True)
class Branch:
    """if, case: each arm may run."""

    arms: list[List]
    words: list[Raw] = field(default_factory=list)
    redirects: list[Redir] = field(default_factory=list)


@dataclass(slots=True)
class Loop:
    """``kind``: while (with ``cond``), for (over ``words``; None: the positional parameters), times."""

    kind: str
    body: List
    names: tuple[str, ...] = ()
    words: list[Raw] | None = None
    cond: List | None = None
    redirects: list[Redir] = field(default_factory=list)


@dataclass(slots=True)
class Function:
    names: list[str]
    body: Node
    src: Source
    start: int
    end: int
    redirects: list[Redir] = field(default_factory=list)
    params: tuple[str, ...] = ()  # fish: names for the arguments


@dataclass(slots=True)
class Coproc:
    body: Node


Node = Simple | Pipe | List | Group | Branch | Loop | Function | Coproc


class Cap(Exception):
    """The text is nested deeper, or is longer, than is read."""


@dataclass(slots=True)
class Reading:
    """What a reader made of a text."""

    body: List
    problems: list[str] = field(default_factory=list)
    unfinished: bool = False  # a quote, here-document or compound command is still open
    capped: bool = False
