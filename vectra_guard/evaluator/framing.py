"""Bytes from the hooks to ``Message`` and answers back to bytes. Pure; the format is drawn in ``protocol``.

A record that makes no sense is dropped: the shell that sent it gets no answer and refuses the line (fails closed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_RECORD = 4 << 20  # bytes; a shell that sends more without a delimiter is not talking to us
MAX_MESSAGE = 3000  # characters of an answer that is shown, well below a pipe's 64 KiB

_FUNCTION_NAME = re.compile(r"\s*(?:function\s+)?(?:-\S+\s+)*([^\s(){}]+)")


ALIAS_KINDS = {"a": "", "g": "-g ", "u": "-s "}
"""Tag -> how ``Facts.aliases`` names that kind: a global alias of zsh works in any place, a suffix alias by ending."""


@dataclass(frozen=True, slots=True)
class Message:
    """One question of a hook, or one JSON call of ``vg`` (then only ``json`` is set)."""

    seq: str = ""
    pid: int = 0
    shell: str = ""
    version: str = ""
    cwd: str = ""
    line: str = ""
    expanded: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] | None = None  # what the shell exports, of ``facts.OBSERVED`` and settings; None: not said
    status: int | None = None
    millis: int | None = None
    continues: bool = False
    comments: bool = True
    want: str = ""
    ident: str = ""
    spooled: bool = False  # the record itself lies in a file, too long for a pipe
    json: str = ""

    @property
    def text(self) -> str:
        """What will run: the line after history expansion."""
        return self.expanded or self.line


class Framer:
    """Cuts a byte stream at double NULs. A half record before an opening delimiter is thrown away with it."""

    __slots__ = ("buffer",)

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        self.buffer += data
        if len(self.buffer) > MAX_RECORD:
            self.buffer = b""
        while (end := self.buffer.find(b"\0\0")) >= 0:
            record, self.buffer = self.buffer[:end].strip(b"\0"), self.buffer[end + 2 :]
            if record:
                yield record


def parse(record: bytes) -> Message | None:
    """The message in a record; None when it is not one."""
    fields: dict[str, str] = {}
    aliases: dict[str, str] = {}
    functions: dict[str, str] = {}
    environ: dict[str, str] = {}
    for part in record.decode("utf-8", "surrogateescape").split("\0"):
        tag, value = part[:1], part[1:]
        if tag in ALIAS_KINDS:
            name, _, text = value.partition("=")
            aliases[ALIAS_KINDS[tag] + name] = text
        elif tag == "f":
            if found := _FUNCTION_NAME.match(value):
                functions[found.group(1)] = value
        elif tag == "e":
            name, _, text = value.partition("=")
            environ[name] = text
        else:
            fields[tag] = value
    if "j" in fields:
        return Message(json=fields["j"])
    if not fields.get("s"):
        return None
    return Message(
        seq=fields["s"],
        pid=_number(fields.get("p")) or 0,
        shell=fields.get("k", ""),
        version=fields.get("v", ""),
        cwd=fields.get("d", ""),
        line=fields.get("c", ""),
        expanded=fields.get("x", ""),
        aliases=aliases,
        functions=functions,
        environ=environ or None,
        status=_number(fields.get("z")),
        millis=_number(fields.get("t")),
        continues=fields.get("q") == "1",
        comments=fields.get("n") != "1",
        want=fields.get("m", ""),
        ident=fields.get("i", ""),
        spooled=fields.get("l") == "1",
    )


def answer(seq: str, verdict: str, payload: str = "") -> bytes:
    """The bytes of one answer. NULs cannot travel in it, so none are let in."""
    return f"{seq} {verdict} {payload}".replace("\0", "").encode("utf-8", "surrogateescape") + b"\0"


def shorten(message: str) -> str:
    """One line, printable, short enough for a pipe: what is shown in the terminal must not drive it."""
    clean = "".join(c if c.isprintable() else " " for c in message)
    return clean if len(clean) <= MAX_MESSAGE else clean[: MAX_MESSAGE - 1] + "…"


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None
