"""Methods of values in the languages of ``reader``: text, lists, files, sockets, web responses, processes."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.emit import MAX_VALUE, UNK, clean
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Ref, Value, flat, text

if TYPE_CHECKING:
    from vectra_guard.syntax.inline.reader import Reader


def method(r: Reader, base: Value, name: str, args: list[Value]) -> Value:
    """``base.name(args)`` where ``base`` is not a bare name."""
    if isinstance(base, Obj):
        return _object(r, base, name, args)
    if name in ("then", "map", "forEach", "each", "tap") and args and isinstance(args[0], Ref):
        return r.call(args[0], [base if name != "map" or not isinstance(base, list) else (base or [UNKNOWN])[0]])
    if name in ("call", "apply", "send", "public_send", "__send__"):
        return r.call(args[0] if args and isinstance(args[0], str) else base, args[1:])
    if isinstance(base, list):
        return _list(base, name, args)
    if isinstance(base, str):
        return _string(r, base, name, args)
    handler = r.language.tails.get(name)
    return handler(r, args) if handler is not None and name not in ("exec", "system", "open") else UNKNOWN


_KEEPS = frozenset(("flatten", "compact", "uniq", "sort", "each", "map", "select", "to_a"))


def _list(base: list[Value], name: str, args: list[Value]) -> Value:
    if name == "join":
        return emit.bounded((text(args[0]) if args else "").join(map(text, base)))
    if name == "reverse":
        return base[::-1]
    if name == "pack":
        return packed(text(args[0]) if args else "", base)
    if name in ("first", "last", "pop", "shift") and base:
        return base[-1 if name in ("last", "pop") else 0]
    if name == "concat" and args and isinstance(args[0], list):
        return base + args[0]
    return base if name in _KEEPS else UNKNOWN


def packed(template: str, values: list[Value]) -> Value:
    """perl's and ruby's pack, for the templates that hide text."""
    kind = template[:1]
    if kind in ("H", "m") and values and isinstance(values[0], str) and emit.is_known(values[0]):
        if kind == "H":
            return unhexed(values[0])
        return base64.b64encode(values[0].encode()).decode()
    if kind in ("C", "c", "U", "W"):
        return characters(values)
    return "".join(map(text, values)) if kind in ("A", "a") else UNK


def unpacked(template: str, value: str) -> Value:
    if template[:1] in ("m", "u"):
        return [decoded64(value)]
    return UNKNOWN


def characters(values: list[Value]) -> str:
    if all(isinstance(v, int) and 0 <= v < 0x110000 for v in values):
        return clean("".join(map(chr, values)))
    return UNK


def unhexed(value: str) -> str:
    try:
        return clean(bytes.fromhex(value).decode("utf-8", "replace"))
    except ValueError:
        return UNK


def decoded64(value: str) -> str:
    try:
        plain = value.strip().replace("-", "+").replace("_", "/")
        return clean(base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace"))
    except (ValueError, binascii.Error):
        return UNK


def _string(r: Reader, base: str, name: str, args: list[Value]) -> Value:
    if name in ("reverse", "strreverse") and emit.is_known(base):
        return base[::-1]
    if name in ("split", "chars", "lines", "bytes"):
        if not emit.is_known(base):
            return [base]
        sep = text(args[0]) if args else " "
        if name == "chars" or sep == "":
            return list(base[:MAX_VALUE])
        return base.split(sep) if sep != UNK else UNKNOWN
    if name in ("unpack", "unpack1"):
        result = unpacked(text(args[0]) if args else "", base)
        return result[0] if name == "unpack1" and isinstance(result, list) else result
    if name in ("concat",):
        return base + "".join(map(text, args))
    if name in ("rep", "repeat") and args and isinstance(args[0], int):
        return base * args[0] if len(base) * args[0] <= MAX_VALUE else UNK
    if name in ("upcase", "toUpperCase", "upper", "downcase", "toLowerCase", "lower") and emit.is_known(base):
        return base.upper() if name.lower().startswith(("up", "toup")) else base.lower()
    if name in ("gsub", "sub", "replace", "tr") and emit.is_known(base):
        if len(args) == 2 and all(isinstance(a, str) and emit.is_known(a) for a in args) and args[0]:
            return base.replace(args[0], args[1]) if len(args[1]) < 100 else UNK
        return UNK
    if name == "toString" and args and text(args[0]) in ("base64",):
        return base
    if name in ("format",) and args:
        from vectra_guard.syntax.inline.pyvalues import percent

        return percent(base, args)
    if name in ("constantize", "to_sym", "intern"):
        return Ref(base) if name == "constantize" and emit.is_known(base) else base
    if name in ("length", "size", "include?", "match", "indexOf", "start_with?", "charCodeAt"):
        return UNKNOWN
    handler = r.language.tails.get(name)
    if handler is not None and name in ("execute",):
        return handler(r, [base, *args])
    return base


_READS = frozenset(["read", "gets", "readlines", "readline", "each_line", "lines", "text", "json",
    "body", "getline", "slurp", "recv", "sysread", "arrayBuffer", "toString", "recvfrom", "receive",
    "getlines", "buffer", "blob"])  # fmt: skip
_WRITES = frozenset(["write", "puts", "print", "send", "syswrite", "printf", "say", "end", "writeSync"])


def _object(r: Reader, base: Obj, name: str, args: list[Value]) -> Value:
    shown = "".join(flat(r.effects, value) for value in args)
    if base.kind == "socket":
        if name in _WRITES and args:
            r.effects.send_socket(shown)
        elif name in ("pipe", "fdopen"):
            r.effects.tied = True
        elif name in ("connect",) and args:
            return connected(r, args)
        elif name in _READS:
            return r.effects.receive_socket()
        elif name in ("on", "once"):
            r.effects.receives = True
        return base
    if base.kind == "file":
        if name in _READS:
            return flat(r.effects, base)
        if name in _WRITES:
            r.write(base, shown)
        return base
    if base.kind == "process":
        if name in _WRITES and args:
            r.write(base, shown)
        return base if name in ("stdin", "stdout", "on", "pipe") else base.text
    if base.kind == "response":
        if name in ("then", "map", "pipe", "on", "once"):
            for value in args:
                if isinstance(value, Ref):
                    r.call(value, [base.text])
                elif isinstance(value, Obj) and value.kind == "file":
                    r.write(value, base.text)
            return base
        return base.text if name in _READS else base
    return UNKNOWN


def connected(r: Reader, args: list[Value]) -> Obj:
    """A socket opened to (port, host), (host, port) or "host:port"."""
    plain = [value for value in args if isinstance(value, (str, int))]
    host = next((text(v) for v in plain if isinstance(v, str) and not v.isdigit()), "")
    port = next((text(v) for v in plain if isinstance(v, int) or (isinstance(v, str) and v.isdigit())), "")
    for value in args:
        if isinstance(value, dict):
            lowered = {str(k).lower(): v for k, v in value.items()}
            host = host or text(lowered.get("host", lowered.get("peeraddr", lowered.get("peerhost", ""))))
            port = port or text(lowered.get("port", lowered.get("peerport", "")))
            if "localport" in lowered:
                r.effects.listen(text(lowered["localport"]))
                return Obj("socket")
    host = host.removeprefix("tcp://").removeprefix("udp://")
    if ":" in host and not port:
        host, _, port = host.rpartition(":")
    r.effects.network = (host or UNK, port or UNK)
    return Obj("socket")
