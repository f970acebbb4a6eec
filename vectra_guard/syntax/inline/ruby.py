"""Ruby as shell lines."""

from __future__ import annotations

from vectra_guard.syntax.inline import common as c
from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import clean
from vectra_guard.syntax.inline.lexer import Dialect
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Ref, Value
from vectra_guard.syntax.inline.reader import Language, Reader


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    reader = Reader(source, _RUBY, depth)
    reader.effects.stdin = stdin
    reader.subject = UNKNOWN if stdin is None else clean(stdin.rstrip("\n"))
    reader.run()
    return reader.effects


def _send(r: Reader, args: list[Value]) -> Value:
    return r.call(args[0], args[1:]) if args else UNKNOWN


def _popen(r: Reader, args: list[Value]) -> Value:
    given = args[0] if args else UNKNOWN
    return c.run_list(r, given if isinstance(given, list) else [given])


def _http_post(r: Reader, args: list[Value]) -> Value:
    return c.post(r, args)


def _exec(r: Reader, args: list[Value]) -> Value:
    """spawn and exec can wire a socket to the command's descriptors."""
    options = [value for value in args if isinstance(value, dict)]
    if any(isinstance(v, Obj) and v.kind == "socket" for option in options for v in option.values()):
        r.effects.tied = True
    return c.run_list(r, args)


def _fetch_text(r: Reader, args: list[Value]) -> Value:
    return r.effects.fetch(c.first(args))


def _to_environment(r: Reader, args: list[Value]) -> Value:
    return Ref("os.environ")


def _gets(r: Reader, args: list[Value]) -> Value:
    return r.subject if r.effects.stdin is not None else UNKNOWN


_RM_RF, _RM = c.delete("-rf"), c.delete("-f")

_CALLS = {
    **{f"{prefix}{name}": _exec for prefix in ("", "Kernel.", "Process.", "PTY.") for name in ("system",
        "exec", "spawn")},
    **{f"{place}{name}": _gets for place in ("", "STDIN.", "$stdin.", "ARGF.") for name in ("gets", "read")},
    "IO.popen": _popen, "Open3.capture2": _exec, "Open3.capture3": _exec, "Open3.capture2e": _exec,
    "Open3.popen3": _exec, "Open3.popen2": _exec, "Open3.pipeline": _exec, "syscall": c.same,
    "FileUtils.rm_rf": _RM_RF, "FileUtils.rm_r": _RM_RF, "FileUtils.rm": _RM, "FileUtils.rm_f": _RM,
    "FileUtils.remove_dir": _RM_RF, "FileUtils.remove_entry": _RM_RF, "FileUtils.rmtree": _RM_RF,
    "FileUtils.remove_entry_secure": _RM_RF, "FileUtils.safe_unlink": _RM, "FileUtils.remove": _RM,
    "File.delete": _RM, "File.unlink": _RM, "Dir.rmdir": c.paths("rmdir", 0), "Dir.delete": c.paths("rmdir", 0),
    "Dir.unlink": c.paths("rmdir", 0), "FileUtils.mv": c.paths("mv", 2), "File.rename": c.paths("mv", 2),
    "FileUtils.cp": c.paths("cp", 2), "FileUtils.cp_r": c.paths("cp -r", 2), "File.symlink": c.paths("ln -s", 2),
    "FileUtils.ln_s": c.paths("ln -s", 2), "FileUtils.chmod": c.chmod, "File.chmod": c.chmod,
    "FileUtils.chmod_R": c.chmod, "File.truncate": c.first_path("truncate -s 0"),
    "FileUtils.mkdir_p": c.first_path("mkdir -p"), "FileUtils.touch": c.first_path("touch"),
    "Dir.chdir": c.first_path("cd"), "File.write": c.write_file, "IO.write": c.write_file,
    "File.binwrite": c.write_file, "File.read": c.read_file, "IO.read": c.read_file, "IO.readlines": c.read_file,
    "File.readlines": c.read_file, "File.binread": c.read_file, "File.foreach": c.read_file,
    "File.open": c.open_file, "File.new": c.open_file, "open": c.open_file, "Kernel.open": c.open_file,
    "URI.open": c.open_file, "URI": c.same, "URI.parse": c.same, "Net.HTTP.get": _fetch_text,
    "Net.HTTP.get_response": c.fetch, "Net.HTTP.get_print": _fetch_text, "Net.HTTP.post": _http_post,
    "Net.HTTP.post_form": _http_post, "HTTP.get": c.fetch, "HTTParty.get": c.fetch, "HTTParty.post": c.fetch,
    "TCPSocket.new": c.socket, "TCPSocket.open": c.socket, "UDPSocket.new": c.socket, "Socket.tcp": c.socket,
    "eval": c.evaluate, "instance_eval": c.evaluate, "class_eval": c.evaluate, "Kernel.eval": c.evaluate,
    "load": c.run_file("ruby"), "send": _send, "public_send": _send, "__send__": _send, "Kernel.send": _send,
    "Kernel.public_send": _send, "Object.send": _send, "method": lambda r, args: Ref(c.first(args)),
    "Process.kill": c.kill, "fork": c.fork, "Process.fork": c.fork, "Base64.decode64": c.decode64,
    "Base64.strict_decode64": c.decode64, "Base64.urlsafe_decode64": c.decode64, "Base64.encode64": c.encode64,
    "Base64.strict_encode64": c.encode64, "ENV.fetch": c.environment, "os.environ.fetch": c.environment,
    "os.environ.to_h": _to_environment, "os.environ.each": _to_environment, "os.environ.inspect": _to_environment,
    "os.environ.to_a": _to_environment, "os.environ.to_s": _to_environment, "os.environ.map": _to_environment,
    "puts": c.show_all, "print": c.show_all, "p": c.show_all, "pp": c.show_all, "$stdout.puts":
        c.show_all, "Dir.glob": c.glob, "Dir.children": c.constant([emit.matching("*")]),
    "Dir": c.glob, "File.join": c.path_join, "File.expand_path": lambda r, args: _expanded(args),
    "Dir.home": c.constant(emit.variable("HOME")), "STDIN.reopen": c.tie, "reopen": c.tie, "require": c.same,
    "sh": c.run_line, "sprintf": c.formatted, "format": c.formatted, "Integer": c.same, "String":
        c.same, "Pathname.new": lambda r, args: Obj("path", c.first(args)),
}  # fmt: skip


def _expanded(args: list[Value]) -> Value:
    from vectra_guard.syntax.inline.pyvalues import expanded

    return expanded(c.first(args))


_RUBY = Language(
    Dialect("ruby", ("#",), interpolating='"', hole="#{", sigils="$@", percent=True, heredoc="<<", newlines=True),
    program="ruby",
    calls=_CALLS,
    tails={"reopen": c.tie, "rm_rf": _RM_RF, "instance_eval": c.evaluate, "rm_r": _RM_RF},
    concat=frozenset({"+"}),
    members=frozenset({".", "::", "&."}),
    bare=True,
    skip=frozenset(["return", "yield", "not", "then"]),
    environment=frozenset({"ENV"}),
)
