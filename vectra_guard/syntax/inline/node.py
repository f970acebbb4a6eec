"""JavaScript (node, deno, bun) as shell lines."""

from __future__ import annotations

import json

from vectra_guard.syntax.inline import common as c
from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK
from vectra_guard.syntax.inline.lexer import Dialect
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Ref, Value, flat, text
from vectra_guard.syntax.inline.reader import Handler, Language, Reader


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    reader = Reader(source, _NODE, depth)
    value = reader.run()
    if isinstance(value, Ref) and value.name == "os.environ":
        flat(reader.effects, value)  # node -p process.env
    elif isinstance(value, str):
        reader.effects.show(value)
    return reader.effects


def _require(r: Reader, args: list[Value]) -> Value:
    name = args[0] if args else UNKNOWN
    if isinstance(name, str) and emit.is_known(name):
        return Ref(name.removeprefix("node:"))
    return Ref("child_process")  # a module whose name is hidden: the worst one


def _remove(r: Reader, args: list[Value]) -> Value:
    options = next((value for value in args[1:] if isinstance(value, dict)), {})
    r.effects.delete([c.first(args)], "-rf" if "recursive" in options else "-f")
    return UNKNOWN


def _remove_directory(r: Reader, args: list[Value]) -> Value:
    if any(isinstance(value, dict) and "recursive" in value for value in args[1:]):
        return _remove(r, args)
    return c.first_path("rmdir")(r, args)


def _exec_tail(r: Reader, args: list[Value]) -> Value:
    """``x.exec(…)``: a regular expression's, unless the code has to do with child processes."""
    return c.run_line(r, args) if "child_process" in r.source else UNKNOWN


def _run_code(r: Reader, args: list[Value]) -> Value:
    value = args[0] if args else UNKNOWN
    if isinstance(value, Obj):
        value = value.text
    return r.code(value if isinstance(value, str) else UNK) if args and not isinstance(value, (int, Ref)) else UNKNOWN


def _function(r: Reader, args: list[Value]) -> Value:
    return _run_code(r, args[-1:])


def _stringify(r: Reader, args: list[Value]) -> Value:
    value = args[0] if args else UNKNOWN
    return json.dumps(value) if isinstance(value, str) and emit.is_known(value) else value


def _timer(r: Reader, args: list[Value]) -> Value:
    return r.code(args[0]) if args and isinstance(args[0], str) and args[0] != UNK else UNKNOWN


def _buffer(r: Reader, args: list[Value]) -> Value:
    if args and isinstance(args[0], list):
        return c.char(r, args)
    kind = c.first(args, 1) if len(args) > 1 else ""
    if kind.startswith("base64"):
        return c.decode64(r, args)
    return c.unhex(r, args) if kind == "hex" else args[0] if args else UNKNOWN


def _stream(mode: str) -> Handler:
    def act(r: Reader, args: list[Value]) -> Value:
        return r.open(c.first(args), mode)

    return act


def _request(r: Reader, args: list[Value]) -> Value:
    target = args[0] if args else UNKNOWN
    if isinstance(target, dict):
        host = text(target.get("hostname", target.get("host", UNKNOWN)))
        url = f"https://{host}{text(target.get('path', ''))}"
        return Obj("upload", url)
    return c.fetch(r, args)


def _deno_command(r: Reader, args: list[Value]) -> Value:
    options = args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
    return c.run_program(r, [c.first(args), options.get("args", [])])


def _deno_run(r: Reader, args: list[Value]) -> Value:
    options = args[0] if args and isinstance(args[0], dict) else {}
    words = options.get("cmd", args[0] if args else UNKNOWN)
    return c.run_list(r, words if isinstance(words, list) else [UNK if words is UNKNOWN else words])


_RUN, _SPAWN, _RM = c.run_line, c.run_program, c.delete("-f")
_SYNC = ("", "Sync")

_CALLS = {
    **{f"child_process.exec{s}": _RUN for s in _SYNC}, **{f"child_process.spawn{s}": _SPAWN for s in _SYNC},
    **{f"child_process.execFile{s}": _SPAWN for s in _SYNC}, "child_process.fork": c.run_file("node"),
    **{f"fs.rm{s}": _remove for s in _SYNC}, **{f"fs.unlink{s}": _RM for s in _SYNC},
    **{f"fs.rmdir{s}": _remove_directory for s in _SYNC}, **{f"fs.writeFile{s}": c.write_file for s in _SYNC},
    **{f"fs.appendFile{s}": c.append_file for s in _SYNC}, **{f"fs.readFile{s}": c.read_file for s in _SYNC},
    **{f"fs.rename{s}": c.paths("mv", 2) for s in _SYNC}, **{f"fs.copyFile{s}": c.paths("cp", 2) for s in _SYNC},
    **{f"fs.cp{s}": c.paths("cp -r", 2) for s in _SYNC}, **{f"fs.chmod{s}": c.chmod_last for s in _SYNC},
    **{f"fs.symlink{s}": c.paths("ln -s", 2) for s in _SYNC},
    **{f"fs.mkdir{s}": c.first_path("mkdir -p") for s in _SYNC},
    **{f"fs.truncate{s}": c.first_path("truncate -s 0") for s in _SYNC},
    "fs.readdirSync": c.constant([emit.matching("*")]),
    "fs.createWriteStream": _stream("w"), "fs.createReadStream": _stream("r"), "fs-extra.removeSync": c.delete("-rf"),
    "fs-extra.remove": c.delete("-rf"), "rimraf": c.delete("-rf"), "rimraf.sync": c.delete("-rf"),
    "shelljs.exec": _RUN, "shelljs.rm": c.delete("-rf"), "execa": _SPAWN, "require": _require, "import": _require,
    "process.binding": _require, "process.getBuiltinModule": _require, "net.connect": c.socket,
    "net.createConnection": c.socket, "tls.connect": c.socket, "net.Socket": c.constant(Obj("socket")),
    "net.Socket()": c.constant(Obj("socket")), "eval": _run_code, "Function": _function, "setTimeout": _timer,
    "setInterval": _timer, "vm.runInThisContext": _run_code, "vm.runInNewContext": _run_code,
    "vm.runInContext": _run_code, "Script": _run_code, "fetch": c.fetch, "axios.get": c.fetch, "axios": c.fetch,
    "axios.post": c.post, "http.get": c.fetch, "https.get": c.fetch, "http.request": _request,
    "https.request": _request, "Buffer.from": _buffer, "Buffer": _buffer, "atob": c.decode64, "btoa": c.encode64,
    "String.fromCharCode": c.char, "path.join": c.path_join, "path.resolve": c.path_join,
    "os.homedir": c.constant(emit.variable("HOME")), "process.kill": c.kill_last, "console.log": c.show,
    "console.error": c.show, "console.table": c.show, "console.dir": c.show, "process.stdout.write": c.show,
    "JSON.stringify": _stringify, "encodeURIComponent": c.same, "Object.entries": c.same, "Object.values": c.same,
    "Deno.Command": _deno_command, "Deno.run": _deno_run, "Deno.removeSync": _remove, "Deno.remove": _remove,
    "Deno.readTextFileSync": c.read_file, "Deno.readTextFile": c.read_file, "Deno.writeTextFile": c.write_file,
    "Deno.writeTextFileSync": c.write_file, "Deno.env.toObject": c.constant(Ref("os.environ")),
    "Deno.env.get": c.environment, "Bun.spawn": _deno_run, "Bun.spawnSync": _deno_run, "Bun.write": c.write_file,
    "Bun.$": _RUN, "process.chdir": c.first_path("cd"),
}  # fmt: skip

_TAILS = {
    "require": _require, "_load": _require, "execSync": _RUN, "spawnSync": _SPAWN, "execFileSync": _SPAWN,
    "exec": _exec_tail, "pipe": c.tie, "spawn": _SPAWN, "execFile": _SPAWN, "rmSync": _remove,
        "unlinkSync": _RM,
    "createRequire": c.constant(Ref("require")),
}  # fmt: skip

_NODE = Language(
    Dialect("node", ("//",), ("/*", "*/"), interpolating="", raw="\"'", backtick="str", hole="${"),
    program="node",
    calls=_CALLS,
    tails=_TAILS,
    concat=frozenset({"+"}),
    members=frozenset({".", "?."}),
    skip=frozenset(
        [
            "const",
            "let",
            "var",
            "return",
            "new",
            "await",
            "async",
            "import",
            "export",
            "default",
            "typeof",
            "void",
            "delete",
            "throw",
            "yield",
        ]
    ),
    globals={"process.env": Ref("os.environ")},
)
