"""Lua as shell lines."""

from __future__ import annotations

from vectra_guard.syntax.inline import common as c
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK
from vectra_guard.syntax.inline.lexer import Dialect
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Ref, Value
from vectra_guard.syntax.inline.reader import Language, Reader


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    reader = Reader(source, _LUA, depth)
    reader.run()
    return reader.effects


def _compile(r: Reader, args: list[Value]) -> Value:
    """load(text)() — the call that follows has nothing more to say."""
    if args and isinstance(args[0], (str, Ref)):
        r.code(args[0] if isinstance(args[0], str) else UNK)
    return UNKNOWN


def _require(r: Reader, args: list[Value]) -> Value:
    return Ref(c.first(args))


def _request(r: Reader, args: list[Value]) -> Value:
    if len(args) > 1:
        return r.effects.send(c.first(args), c.first(args, 1))
    return r.effects.fetch(c.first(args))


_CALLS = {
    "os.execute": c.run_line, "io.popen": c.run_line, "os.remove": c.delete("-f"), "os.rename": c.paths("mv", 2),
    "io.open": c.open_file, "io.lines": c.read_file, "load": _compile, "loadstring": _compile,
    "dofile": c.run_file("lua"), "loadfile": c.run_file("lua"), "require": _require, "os.getenv": c.environment,
    "string.char": c.char, "string.reverse": c.reverse, "table.concat": c.join, "print": c.show, "io.write": c.show,
    "socket.tcp": c.constant(Ref("socket.tcp()")), "socket.connect": c.socket, "socket.http.request": _request,
    "http.request": _request, "vim.fn.system": c.run_line, "lfs.rmdir": c.first_path("rmdir"),
    "ffi.C.system": c.run_line, "uv.spawn": c.run_program, "nixio.exec": c.run_list,
}  # fmt: skip

_LUA = Language(
    Dialect("lua", ("--",), backtick="", interpolating="", raw="\"'", regex=False),
    program="lua",
    calls=_CALLS,
    tails={"execute": c.run_line, "popen": c.run_line, "connect": c.socket, "receive": c.receive},
    concat=frozenset({".."}),
    members=frozenset({".", ":"}),
    skip=frozenset(["local", "return"]),
)
