"""PHP as shell lines."""

from __future__ import annotations

from vectra_guard.syntax.inline import common as c
from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.lexer import Dialect
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Ref, Value, flat
from vectra_guard.syntax.inline.reader import Language, Reader


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    reader = Reader(source.replace("<?php", "").replace("<?=", "echo ").replace("?>", ";"), _PHP, depth)
    reader.run()
    return reader.effects


def _run(r: Reader, args: list[Value]) -> Value:
    line = c.first(args)
    if r.effects.network and any(mark in line for mark in ("<&", ">&", "0<&")):
        r.effects.tied = True
    return c.run_line(r, args[:1])


def _pcntl_exec(r: Reader, args: list[Value]) -> Value:
    return c.run_program(r, args)


def _proc_open(r: Reader, args: list[Value]) -> Value:
    wired = args[1] if len(args) > 1 else UNKNOWN
    values = wired.values() if isinstance(wired, dict) else wired if isinstance(wired, list) else ()
    for value in values:
        inner = list(value.values()) if isinstance(value, dict) else [value]
        if any(isinstance(part, Obj) and part.kind == "socket" for part in inner):
            r.effects.tied = True
    if isinstance(args[0] if args else None, list):
        return c.run_list(r, args[:1])
    return c.run_line(r, args[:1])


def _filter_var(r: Reader, args: list[Value]) -> Value:
    return args[0] if args else UNKNOWN


def _put(r: Reader, args: list[Value]) -> Value:
    if args and isinstance(args[0], Obj):
        r.write(args[0], flat(r.effects, args[1]) if len(args) > 1 else "")
    return UNKNOWN


def _get(r: Reader, args: list[Value]) -> Value:
    if args and isinstance(args[0], Obj):
        if args[0].kind == "socket":
            return r.effects.receive_socket()
        return flat(r.effects, args[0])
    return UNKNOWN


def _copy(r: Reader, args: list[Value]) -> Value:
    if c.first(args).startswith(("http://", "https://", "ftp://")):
        return c.download(r, args)
    return c.paths("cp", 2)(r, args)


def _map_last(r: Reader, args: list[Value]) -> Value:
    return c.apply(r, [args[1], args[0]]) if len(args) > 1 else UNKNOWN


def _all_environment(r: Reader, args: list[Value]) -> Value:
    flat(r.effects, Ref("os.environ"))
    return UNKNOWN


_CALLS = {
    **dict.fromkeys(("system", "exec", "shell_exec", "passthru", "popen"), _run),
    "pcntl_exec": _pcntl_exec,
    "proc_open": _proc_open, "unlink": c.delete("-f"), "rmdir": c.first_path("rmdir"), "rename": c.paths("mv", 2),
    "copy": _copy, "symlink": c.paths("ln -s", 2), "chmod": c.chmod_last, "mkdir": c.first_path("mkdir"),
    "touch": c.first_path("touch"), "file_put_contents": c.write_file, "file_get_contents": c.read_file,
    "file": c.read_file, "readfile": c.read_file, "fopen": c.open_file, "fwrite": _put, "fputs": _put,
    "fread": _get, "fgets": _get, "stream_get_contents": _get, "fsockopen": c.socket, "pfsockopen": c.socket,
    "stream_socket_client": c.socket, "socket_connect": lambda r, args: c.socket(r, args[1:]),
    "eval": c.evaluate, "assert": c.evaluate, "create_function": lambda r, args: c.evaluate(r, args[1:]),
    "include": c.run_file("php"), "include_once": c.run_file("php"), "require": c.run_file("php"),
    "require_once": c.run_file("php"), "base64_decode": c.decode64, "base64_encode": c.encode64,
    "hex2bin": c.unhex, "str_rot13": c.rot13, "strrev": c.reverse, "chr": c.char, "gzinflate": c.inflate,
    "gzuncompress": c.inflate, "gzdecode": c.inflate, "implode": c.join, "join": c.join, "array_map": c.apply,
    "array_walk": _map_last, "call_user_func": lambda r, args: c.apply(r, [args[0], args[1:]]) if args else UNKNOWN,
    "call_user_func_array": c.apply, "glob": c.glob, "scandir": c.constant([emit.matching("*")]),
    "getenv": c.environment,
    "print": c.show_all, "echo": c.show_all,
    "print_r": c.show_all, "var_dump": c.show_all, "var_export": c.show_all, "json_encode": c.same,
    "phpinfo": _all_environment,
    "curl_init": lambda r, args: Obj("response", r.effects.fetch(c.first(args))) if args else UNKNOWN,
    "curl_exec": lambda r, args: args[0].text if args and isinstance(args[0], Obj) else UNKNOWN,
    "posix_kill": c.kill_last, "pcntl_fork": c.fork, "trim": _filter_var, "escapeshellarg": _filter_var,
    "strtolower": c.same, "chdir": c.first_path("cd"), "ftruncate": c.same, "sprintf": c.formatted,
}  # fmt: skip

_PHP = Language(
    Dialect("php", ("#", "//"), ("/*", "*/"), sigils="$", heredoc="<<<", regex=False),
    program="php",
    calls=_CALLS,
    tails={},
    concat=frozenset({"."}),
    members=frozenset({"->", "?->", "::"}),
    bare=True,
    skip=frozenset(["return", "global", "static", "public", "private", "new"]),
    folded=True,
    environment=frozenset({"_ENV", "_SERVER"}),
)
