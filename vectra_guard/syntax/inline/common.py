"""Handlers that the tables of several languages share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.emit import UNK
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Ref, Value, flat, text
from vectra_guard.syntax.inline.readermethods import (
    characters,
    connected,
    decoded64,
    packed,
    unhexed,
    unpacked,
)

if TYPE_CHECKING:
    from vectra_guard.syntax.inline.reader import Handler, Reader


def strings(args: list[Value]) -> list[str]:
    """The arguments as words, lists spread, options (hashes) left out."""
    out: list[str] = []
    for value in args:
        if isinstance(value, list):
            out.extend(strings(value))
        elif not isinstance(value, dict):
            out.append(text(value))
    return out


def first(args: list[Value], place: int = 0) -> str:
    return text(args[place]) if place < len(args) else UNK


def run_line(r: Reader, args: list[Value]) -> Value:
    """One string that a shell reads."""
    line = first(args)
    r.effects.run(line)
    return Obj("process", emit.output(emit.code(line)), argv=["sh"])


def run_list(r: Reader, args: list[Value]) -> Value:
    """perl's and ruby's system: one string is a shell line, more are words."""
    words = strings(args)
    if len(words) == 1:
        return run_line(r, [words[0]])
    r.effects.run_words(words)
    return Obj("process", emit.output(emit.words(words)), argv=words)


def run_program(r: Reader, args: list[Value]) -> Value:
    """node's spawn and execFile: a program and its words."""
    words = strings([value for value in args[:2] if isinstance(value, (str, list))])
    options = next((value for value in args[1:] if isinstance(value, dict)), {})
    if options.get("shell") is not None and len(words) >= 1:
        r.effects.run(" ".join(words))
    else:
        r.effects.run_words(words)
    return Obj("process", emit.output(emit.words(words)), argv=words)


def delete(flags: str) -> Handler:
    def act(r: Reader, args: list[Value]) -> Value:
        r.effects.delete(strings(args) or [UNK], flags)
        return UNKNOWN

    return act


def paths(command: str, count: int = 1) -> Handler:
    def act(r: Reader, args: list[Value]) -> Value:
        given = strings(args)
        r.effects.on_paths(command, *(given[:count] if count else given))
        return UNKNOWN

    return act


def first_path(command: str) -> Handler:
    return paths(command, 1)


def chmod(r: Reader, args: list[Value]) -> Value:
    """perl's and ruby's: the mode comes first."""
    return _chmod(r, args[0] if args else UNKNOWN, strings(args[1:]))


def chmod_last(r: Reader, args: list[Value]) -> Value:
    return _chmod(r, args[1] if len(args) > 1 else UNKNOWN, strings(args[:1]))


def _chmod(r: Reader, mode: Value, targets: list[str]) -> Value:
    shown = format(mode, "o") if isinstance(mode, int) else emit.word(text(mode))
    r.effects.add(f"chmod {shown} {' '.join(map(emit.path, targets or [UNK]))}")
    return UNKNOWN


def kill(r: Reader, args: list[Value]) -> Value:
    words = strings(args)
    r.effects.add(f"kill -{emit.word(words[0].lstrip('-') if words else UNK)} {emit.words(words[1:])}")
    return UNKNOWN


def kill_last(r: Reader, args: list[Value]) -> Value:
    words = strings(args)
    r.effects.add(f"kill -{emit.word(words[1] if len(words) > 1 else '15')} {emit.words(words[:1])}")
    return UNKNOWN


def read_file(r: Reader, args: list[Value]) -> Value:
    """A file, or what a URL answers where the language opens both."""
    if args and isinstance(args[0], int):
        return UNK  # a descriptor
    name = first(args)
    if name.startswith(("http://", "https://", "ftp://")):
        return r.effects.fetch(name)
    if name.startswith("php://"):
        return UNK
    return r.effects.read_file(name)


def write_file(r: Reader, args: list[Value]) -> Value:
    append = len(args) > 2 and (args[2] == 8 or (isinstance(args[2], Ref) and "APPEND" in args[2].name))
    r.effects.write(first(args), flat(r.effects, args[1]) if len(args) > 1 else UNK, append=append)
    return UNKNOWN


def append_file(r: Reader, args: list[Value]) -> Value:
    r.effects.write(first(args), flat(r.effects, args[1]) if len(args) > 1 else UNK, append=True)
    return UNKNOWN


def open_file(r: Reader, args: list[Value]) -> Value:
    """open(name, mode); a name that starts with a pipe is a command."""
    name = first(args)
    if name.startswith("|"):
        return run_line(r, [name[1:]])
    if name.startswith(("http://", "https://")):
        return Obj("response", r.effects.fetch(name))
    if name.startswith("php://"):
        return UNKNOWN
    return r.open(name, first(args, 1) if len(args) > 1 else "r")


def fetch(r: Reader, args: list[Value]) -> Value:
    target = args[0] if args else UNKNOWN
    options = next((value for value in args[1:] if isinstance(value, dict)), {})
    data = options.get("body", options.get("data", UNKNOWN))
    if data is not UNKNOWN:
        return Obj("response", r.effects.send(text(target), flat(r.effects, data), text(options.get("method", ""))))
    verb = text(options.get("method", "")).upper()
    if verb in ("DELETE", "PUT", "PATCH", "POST"):
        r.effects.add(f"curl -X {verb} {emit.word(text(target))}")
    return Obj("response", r.effects.fetch(text(target)))


def post(r: Reader, args: list[Value]) -> Value:
    return Obj("response", r.effects.send(first(args), flat(r.effects, args[1]) if len(args) > 1 else ""))


def download(r: Reader, args: list[Value]) -> Value:
    r.effects.fetch(first(args), first(args, 1))
    return UNKNOWN


def evaluate(r: Reader, args: list[Value]) -> Value:
    value = args[0] if args else UNKNOWN
    if value is UNKNOWN or isinstance(value, (int, dict, list)):
        # eval { … } of perl has been read as a block; a value that is only computed is not code
        if r.language.dialect.name in ("perl",) or not args:
            return UNKNOWN
        r.code(UNK)
        return UNKNOWN
    return r.code(value)


def show(r: Reader, args: list[Value]) -> Value:
    """Printing. What is printed to a file or socket is written there."""
    if args and isinstance(args[0], Obj) and args[0].kind in ("file", "socket", "process"):
        r.write(args[0], "".join(flat(r.effects, value) for value in args[1:]))
    else:
        show_all(r, args)
    return UNKNOWN


def show_all(r: Reader, args: list[Value]) -> Value:
    """Printing to standard output, whatever it is."""
    r.effects.show(" ".join(flat(r.effects, value) for value in args))
    return UNKNOWN


def tie(r: Reader, args: list[Value]) -> Value:
    """Descriptors joined: it matters once there is a socket."""
    r.effects.tied = True
    return UNKNOWN


def receive(r: Reader, args: list[Value]) -> Value:
    return r.effects.receive_socket()


def formatted(r: Reader, args: list[Value]) -> Value:
    from vectra_guard.syntax.inline.pyvalues import percent

    return percent(first(args), args[1:]) if args else UNK


def environment(r: Reader, args: list[Value]) -> Value:
    """getenv: one variable, or all of them."""
    return emit.variable(first(args)) if args else Ref("os.environ")


def same(r: Reader, args: list[Value]) -> Value:
    return args[0] if args else UNKNOWN


def reverse(r: Reader, args: list[Value]) -> Value:
    if len(args) == 1 and isinstance(args[0], list):
        return args[0][::-1]
    if len(args) > 1:
        return args[::-1]
    value = first(args)
    return value[::-1] if emit.is_known(value) else UNK


def join(r: Reader, args: list[Value]) -> Value:
    """perl's join(sep, list) and php's implode(sep, list)."""
    if args and isinstance(args[0], list):
        return "".join(map(text, args[0]))
    return emit.bounded(first(args).join(strings(args[1:])))


def path_join(r: Reader, args: list[Value]) -> Value:
    return "/".join(part.rstrip("/") if part != "/" else "" for part in strings(args))


def glob(r: Reader, args: list[Value]) -> Value:
    return [emit.matching(pattern) for part in strings(args) for pattern in part.split()]


def decode64(r: Reader, args: list[Value]) -> Value:
    value = flat(r.effects, args[0]) if args else UNK
    return decoded64(value) if emit.is_known(value) else r.effects.decoded(value)


def encode64(r: Reader, args: list[Value]) -> Value:
    value = flat(r.effects, args[0]) if args else UNK
    return r.effects.encoded(value)


def unhex(r: Reader, args: list[Value]) -> Value:
    value = first(args)
    return unhexed(value) if emit.is_known(value) else r.effects.decoded(value, "xxd -r -p")


def inflate(r: Reader, args: list[Value]) -> Value:
    return r.effects.decoded(first(args), "zcat")


def rot13(r: Reader, args: list[Value]) -> Value:
    import codecs  # only here: few lines hide behind rot13

    value = first(args)
    return codecs.encode(value, "rot13") if emit.is_known(value) else UNK


def char(r: Reader, args: list[Value]) -> Value:
    return characters([value for part in args for value in (part if isinstance(part, list) else [part])])


def pack(r: Reader, args: list[Value]) -> Value:
    return packed(first(args), args[1:])


def unpack(r: Reader, args: list[Value]) -> Value:
    return unpacked(first(args), first(args, 1))


def socket(r: Reader, args: list[Value]) -> Value:
    return connected(r, args)


def apply(r: Reader, args: list[Value]) -> Value:
    """array_map, call_user_func: a function by name, then what it is called on."""
    if not args:
        return UNKNOWN
    given = args[1] if len(args) > 1 and isinstance(args[1], list) else args[1:]
    return r.call(args[0], list(given))


def fork(r: Reader, args: list[Value]) -> Value:
    if r.loops or r.follows("while", "until"):
        r.effects.add(":(){ :|:& };:")
    return UNKNOWN


def constant(value: Value) -> Handler:
    return lambda r, args: value


def run_file(program: str) -> Handler:
    def act(r: Reader, args: list[Value]) -> Value:
        name = first(args)
        if name.startswith(("http://", "https://")):
            r.effects.run_code(r.effects.fetch(name), program)
        elif emit.sole_output(name) is not None:
            r.effects.run_code(name, program)
        elif args and isinstance(args[0], str) and "/" in name:
            r.effects.run_words([program, name])
        return UNKNOWN

    return act
