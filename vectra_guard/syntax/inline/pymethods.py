"""Methods of the values that python code holds: text, paths, files, sockets, processes, web connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.emit import MAX_VALUE, UNK, clean
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Value, expanded, flat, joined, text

if TYPE_CHECKING:
    from vectra_guard.syntax.inline.pywalk import Walker

Args = list[Value]
Keywords = dict[str, Value]

_FOLDED = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "swapcase",
        "title",
        "capitalize",
        "replace",
        "split",
        "rsplit",
        "splitlines",
        "zfill",
        "removeprefix",
        "removesuffix",
        "partition",
        "rpartition",
        "index",
        "find",
        "count",
        "startswith",
        "endswith",
        "center",
        "ljust",
        "rjust",
        "hex",
    ]
)


def text_method(w: Walker, base: str | bytes, name: str, args: Args, keywords: Keywords) -> Value:
    if name == "join":
        parts = args[0] if args and isinstance(args[0], list) else None
        if parts is None:
            if args and isinstance(args[0], Obj):
                return flat(w.effects, args[0])
            return text(base).join(args[0]) if args and isinstance(args[0], str) and emit.is_known(args[0]) else UNK
        if isinstance(base, bytes) and all(isinstance(part, bytes) for part in parts):
            return base.join(parts)
        return text(base).join(map(text, parts))
    if name == "format":
        return _format(text(base), args, keywords)
    if name in ("encode", "decode"):
        from vectra_guard.syntax.inline.pycalls import _recode

        kind = text(args[0]) if args else ""
        if kind:
            return _recode(base, kind, w)
        return text(base) if name == "decode" else base
    if name == "read":
        return base  # io.BytesIO(x).read()
    if isinstance(base, str) and not emit.is_known(base):
        return base if name in ("strip", "rstrip", "lstrip", "replace", "lower", "read") else (
            [base] if name in ("split", "splitlines", "readlines") else UNK)  # fmt: skip
    if name in _FOLDED and not keywords and all(isinstance(a, (str, bytes, int)) or a is None for a in args):
        if any(isinstance(a, int) and abs(a) > MAX_VALUE for a in args):
            return UNKNOWN
        try:
            result = getattr(base, name)(*args)
        except (TypeError, ValueError, AttributeError):
            return UNKNOWN
        if isinstance(result, tuple):
            return list(result)
        return result
    if name == "translate" or name == "maketrans":
        return UNK
    return UNKNOWN


def _format(pattern: str, args: Args, keywords: Keywords) -> str:
    """``str.format`` by hand: only fields of a number or a name, everything else is unknown."""
    out = []
    place = 0
    rest = pattern.replace("{{", "\0").replace("}}", "\1")
    head, *fields = rest.split("{")
    out.append(head)
    for field in fields:
        name, _, tail = field.partition("}")
        name = name.partition(":")[0].partition("!")[0]
        if name == "":
            value = args[place] if place < len(args) else UNKNOWN
            place += 1
        elif name.isdigit() and len(name) < 4:
            value = args[int(name)] if int(name) < len(args) else UNKNOWN
        else:
            value = keywords.get(name, UNKNOWN)
        out.append(text(value) + tail)
    return emit.bounded("".join(out).replace("\0", "{").replace("\1", "}"))


def object_method(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    reader = _KINDS.get(base.kind)
    return reader(w, base, name, args, keywords) if reader is not None else UNKNOWN


def _path(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    from vectra_guard.syntax.inline.pycalls import open_file

    target = base.text
    first = text(args[0]) if args else UNK
    command = {"unlink": "rm -f", "rmdir": "rmdir", "mkdir": "mkdir -p", "touch": "touch"}.get(name)
    if command:
        w.effects.on_paths(command, target)
    elif name in ("write_text", "write_bytes"):
        w.effects.write(target, flat(w.effects, args[0]) if args else UNK)
    elif name in ("read_text", "read_bytes"):
        return w.effects.read_file(target)
    elif name == "open":
        return open_file(w, target, first if args else text(keywords.get("mode", "r")))
    elif name in ("rename", "replace"):
        w.effects.on_paths("mv", target, first)
    elif name == "symlink_to":
        w.effects.on_paths("ln -s", first, target)
    elif name == "chmod":
        mode = args[0] if args else UNKNOWN
        w.effects.add(f"chmod {format(mode, 'o') if isinstance(mode, int) else chr(34) + '$__unknown' + chr(34)} "
                      f"{emit.path(target)}")  # fmt: skip
    elif name in ("glob", "rglob"):
        pattern = f"**/{first}" if name == "rglob" and first != "*" else "**" if name == "rglob" else first
        return [Obj("path", joined(target, emit.matching(pattern)))]
    elif name == "iterdir":
        return [Obj("path", joined(target, emit.matching("*")))]
    elif name == "joinpath":
        return Obj("path", joined(target, *map(text, args)))
    elif name == "expanduser":
        return Obj("path", expanded(target))
    elif name in ("resolve", "absolute", "with_suffix"):
        return base
    elif name in ("as_posix", "__str__"):
        return target
    return UNKNOWN


def _file(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    if name in ("read", "readline", "readlines", "__iter__"):
        return w.effects.read_file(base.text) if base.fields.get("mode") == "r" else UNK
    if name in ("write", "writelines", "truncate") and base.fields.get("mode") != "r":
        data = flat(w.effects, args[0]) if args else ""
        if name == "truncate":
            data = ""
        append = "a" in text(base.fields.get("mode"))
        written = base.fields.get("data", "") + data
        base.fields["data"] = emit.bounded(written)
        base.fields["line"] = w.effects.write(base.text, base.fields["data"], base.fields["line"], append=append)
    return base if name in ("__enter__", "makefile", "detach") else UNKNOWN


def _response(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    return base if name == "__enter__" else base.text


def _process(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    words = base.fields.get("argv") or []
    if name in ("communicate", "write", "send", "sendline") and (args or "input" in keywords) and words:
        given = args[0] if args else keywords["input"]
        w.effects.pipe_into(words, flat(w.effects, given))
    if name == "communicate":
        return [base.text, base.text]
    return base.text if name.startswith("read") else UNKNOWN


def _socket(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    from vectra_guard.syntax.inline.pycalls import _connect

    if name in ("connect", "connect_ex"):
        _connect(w, args, keywords)
    elif name == "bind":
        address = args[0] if args else UNKNOWN
        w.effects.listen(text(address[1]) if isinstance(address, list) and len(address) > 1 else UNK)
    elif name == "accept":
        return [base, UNKNOWN]
    elif name in ("send", "sendall", "sendto", "write", "sendfile"):
        if name == "sendto" and len(args) > 1 and w.effects.network is None:
            _connect(w, args[-1:], keywords)
        w.effects.send_socket(flat(w.effects, args[0]) if args else "")
    elif name in ("recv", "recvfrom", "read", "readline", "recv_into"):
        return w.effects.receive_socket()
    elif name in ("fileno", "makefile", "__enter__"):
        return base
    return UNKNOWN


def _connection(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    from vectra_guard.syntax.inline.pycalls import _exchange

    if name == "request" and args:
        verb = text(args[0])
        url = base.text + (text(args[1]) if len(args) > 1 else "/")
        data = args[2] if len(args) > 2 else keywords.get("body", UNKNOWN)
        base.fields["answer"] = _exchange(w, url, data, verb)
    if name == "getresponse":
        return base.fields.get("answer", UNKNOWN)
    return UNKNOWN


def _code(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    return UNKNOWN


def _archive(w: Walker, base: Obj, name: str, args: Args, keywords: Keywords) -> Value:
    if name in ("extractall", "extract"):
        into = text(args[0]) if args else text(keywords.get("path", "."))
        w.effects.add(f"tar -xf {emit.path(base.text)} -C {emit.path(clean(into))}")
    return UNKNOWN


_KINDS = {
    "path": _path,
    "file": _file,
    "response": _response,
    "process": _process,
    "socket": _socket,
    "connection": _connection,
    "code": _code,
    "archive": _archive,
}
