"""Perl as shell lines."""

from __future__ import annotations

from vectra_guard.syntax.inline import common as c
from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, clean
from vectra_guard.syntax.inline.lexer import Dialect
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Ref, Value, flat, text
from vectra_guard.syntax.inline.reader import Language, Reader


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    reader = Reader(source, _PERL, depth)
    reader.effects.stdin = stdin
    if stdin is not None:
        reader.names["_"] = clean(stdin.rstrip("\n"))  # -n and -p
    reader.run()
    return reader.effects


def _open(r: Reader, args: list[Value]) -> Value:
    """open(FH, "spec") and open(FH, mode, name): files, and commands through a pipe."""
    rest = c.strings(args[1:])
    if not rest:
        return UNKNOWN
    mode, name = (rest[0].strip(), rest[1]) if len(rest) > 1 else _spec(rest[0])
    handle = args[0]
    if mode in ("|-", "-|", "|"):
        words = rest[1:] if len(rest) > 2 else []
        opened = c.run_list(r, list(words)) if words else c.run_line(r, [name])
    elif (mode.startswith((">", "+")) and name.startswith("&")) or name.startswith("&") or mode.endswith("&"):
        return c.tie(r, args)
    else:
        opened = r.open(name, "a" if mode.startswith(">>") else "w" if ">" in mode else "r")
    if isinstance(handle, Ref):
        r.names[handle.name] = opened
    else:
        _bind_last_variable(r, opened)
    return UNKNOWN


def _bind_last_variable(r: Reader, opened: Value) -> None:
    """``open my $fh, …``: the variable was passed without a value."""
    for place in range(r.at - 1, max(r.at - 40, -1), -1):
        token = r.tokens[place]
        if token.value == "open" and place + 1 < len(r.tokens):
            for following in r.tokens[place + 1 : place + 5]:
                if following.kind == "var":
                    r.names[following.value] = opened
                    return
            return


def _spec(spec: str) -> tuple[str, str]:
    spec = spec.strip()
    if spec.startswith("|"):
        return "|", spec[1:].strip()
    if spec.endswith("|"):
        return "-|", spec[:-1].strip()
    for mode in ("+>>", "+<", "+>", ">>", ">", "<"):
        if spec.startswith(mode):
            return mode, spec[len(mode) :].strip()
    return "<", spec


def _print(r: Reader, args: list[Value]) -> Value:
    values = list(args)
    if values and isinstance(values[0], Ref):
        values[0] = r.names.get(values[0].name, values[0])
    return c.show(r, values)


def _connect(r: Reader, args: list[Value]) -> Value:
    for value in args[1:]:
        if isinstance(value, list) and len(value) == 2:
            r.effects.network = (text(value[1]), text(value[0]))
            return Obj("socket")
    r.effects.network = r.effects.network or (UNK, UNK)
    return Obj("socket")


def _inet(r: Reader, args: list[Value]) -> Value:
    pairs: dict[str | int, Value] = {}
    flat_args: list[Value] = []
    for place, value in enumerate(args):
        if isinstance(value, dict):
            pairs.update(value)
        elif isinstance(value, Ref) and place + 1 < len(args):
            pairs[value.name] = args[place + 1]
        else:
            flat_args.append(value)
    return c.socket(r, [pairs, *flat_args] if pairs else flat_args)


def _sleep_do(r: Reader, args: list[Value]) -> Value:
    return c.run_file("perl")(r, args) if args and isinstance(args[0], str) else UNKNOWN


def _rename(r: Reader, args: list[Value]) -> Value:
    return c.paths("mv", 2)(r, args)


def _http_get(r: Reader, args: list[Value]) -> Value:
    return r.effects.fetch(c.first(args))


def _values(r: Reader, args: list[Value]) -> Value:
    return args[0] if args else UNKNOWN


def _printed_environment(r: Reader, args: list[Value]) -> Value:
    if args and isinstance(args[0], Ref) and args[0].name == "os.environ":
        flat(r.effects, args[0])
    return args[0] if args else UNKNOWN


def _syscall_write(r: Reader, args: list[Value]) -> Value:
    return _print(r, args[:2])


def _open_three(r: Reader, args: list[Value]) -> Value:
    """open2 and open3: handles first, then the command."""
    words = [value for value in args if isinstance(value, str) and value and value != UNK]
    return c.run_list(r, list(words) or [UNK])


_DELETE_TREE = c.delete("-rf")

_CALLS = {
    "system": c.run_list, "exec": c.run_list, "CORE.system": c.run_list, "CORE.exec": c.run_list,
    "readpipe": c.run_line, "open2": _open_three, "open3": _open_three, "IPC.Open3.open3": _open_three,
    "unlink": c.delete("-f"), "rmdir": c.paths("rmdir", 0), "rmtree": _DELETE_TREE,
    "remove_tree": _DELETE_TREE, "File.Path.rmtree": _DELETE_TREE, "File.Path.remove_tree": _DELETE_TREE,
    "rename": _rename, "move": _rename, "copy": c.paths("cp", 2), "File.Copy.copy": c.paths("cp", 2),
    "File.Copy.move": _rename, "symlink": c.paths("ln -s", 2), "link": c.paths("ln", 2), "chmod": c.chmod,
    "kill": c.kill, "fork": c.fork, "open": _open, "print": _print, "say": _print, "printf": _print,
    "syswrite": _syscall_write, "eval": c.evaluate, "do": _sleep_do, "require": _sleep_do, "glob": c.glob,
    "readdir": c.constant([emit.matching("*")]),
    "join": c.join, "reverse": c.reverse, "scalar": _values, "chr": c.char, "pack": c.pack, "unpack":
        c.unpack,
    "decode_base64": c.decode64, "MIME.Base64.decode_base64": c.decode64, "encode_base64": c.encode64,
    "IO.Socket.INET.new": _inet, "IO.Socket.INET6.new": _inet, "IO.Socket.SSL.new": _inet, "connect": _connect,
    "sockaddr_in": lambda r, args: list(args), "pack_sockaddr_in": lambda r, args: list(args), "inet_aton": c.same,
    "get": _http_get, "LWP.Simple.get": _http_get, "getstore": c.download, "LWP.Simple.getstore": c.download,
    "getprint": _http_get, "LWP.Simple.getprint": _http_get, "truncate": c.first_path("truncate -s 0"),
    "keys": _printed_environment, "values": _printed_environment, "each": _printed_environment,
    "map": _printed_environment,
    "mkdir": c.first_path("mkdir"), "chdir": c.first_path("cd"), "lc": c.same, "sprintf": c.formatted,
    "q": c.same, "shift": c.constant(UNK), "POSIX.system": c.run_list,
}  # fmt: skip

_PERL = Language(
    Dialect(
        "perl",
        ("#",),
        sigils="$@%",
        operators=frozenset(["q", "qq", "qw", "qx", "m", "s", "tr", "y", "qr"]),
        heredoc="<<",
    ),
    program="perl",
    calls=_CALLS,
    tails={"get": _http_get, "fdopen": c.tie, "rmtree": _DELETE_TREE},
    concat=frozenset({"."}),
    members=frozenset({"->", "::"}),
    bare=True,
    skip=frozenset(["my", "our", "local", "return", "use", "no", "ref", "defined"]),
    environment=frozenset({"ENV"}),
    globals={"ARGV": UNKNOWN, "^X": "perl"},
)
