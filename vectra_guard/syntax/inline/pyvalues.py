"""The values of python code that is only read: their kinds, and the operations that fold without running anything."""

from __future__ import annotations

import ast
from typing import Any

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import ENVIRONMENT, Effects
from vectra_guard.syntax.inline.emit import MAX_VALUE, UNK, clean

Value = Any
"""str, bytes, int, float, None, list, dict, Ref, Obj, Func or UNKNOWN: whatever the code read builds."""


class Unknown:
    __slots__ = ()


UNKNOWN = Unknown()


class Ref:
    """A dotted name that stands for itself: a module, or something in one."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name.removeprefix("builtins.").removeprefix("__builtins__.").removeprefix("__builtin__.")


class Obj:
    """Something with methods that matter: ``kind`` is path, file, response, process, socket, code, web or sink."""

    __slots__ = ("fields", "kind", "text")

    def __init__(self, kind: str, text: str = UNK, **fields: Value) -> None:
        self.kind = kind
        self.text = text
        self.fields: dict[str, Value] = fields


class Func:
    """A function or lambda of the code itself."""

    __slots__ = ("args", "body")

    def __init__(self, args: ast.arguments, body: list[ast.stmt] | ast.expr) -> None:
        self.args = args
        self.body = body


CONSTANTS: dict[str, Value] = {
    "os.sep": "/", "os.path.sep": "/", "os.curdir": ".", "os.pardir": "..", "os.devnull": "/dev/null",
    "os.linesep": "\n", "sys.executable": "python3", "os.name": "posix", "sys.platform": "linux",
    "string.ascii_lowercase": "abcdefghijklmnopqrstuvwxyz",
    "string.ascii_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.ascii_letters": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.digits": "0123456789", "signal.SIGKILL": 9, "signal.SIGTERM": 15, "True": UNKNOWN, "False": False,
}  # fmt: skip


def text(value: Value) -> str:
    """The value as text with marks."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return clean(value.decode("utf-8", "replace"))
    if isinstance(value, (int, float)):
        return str(value) if abs(value) < 1e30 else UNK
    if isinstance(value, Obj):
        return value.text
    if isinstance(value, Ref):
        if value.name == "os.environ":
            return ENVIRONMENT
        known = CONSTANTS.get(value.name)
        return text(known) if known is not None else UNK
    if isinstance(value, (list, dict)):
        # what it discloses when printed or sent: the parts that are not plain
        parts = [text(v) for v in (value.values() if isinstance(value, dict) else value)]
        return "".join(part for part in parts if part != UNK and not emit.is_known(part)) or UNK
    return UNK


def flat(effects: Effects, value: Value) -> str:
    """As ``text``, but an open file is its content, and the environment is said to be read."""
    if isinstance(value, Obj) and value.kind == "file":
        return effects.read_file(value.text)
    if isinstance(value, Ref) and value.name == "os.environ":
        return effects.read("env")
    if isinstance(value, (list, dict)):
        parts = [flat(effects, v) for v in (value.values() if isinstance(value, dict) else value)]
        return "".join(part for part in parts if part != UNK and not emit.is_known(part)) or UNK
    return text(value)


def argv(value: Value) -> list[str]:
    """A list of words, or one."""
    if isinstance(value, list):
        return [text(part) for part in value]
    return [text(value)]


def is_text(value: Value) -> bool:
    return isinstance(value, (str, bytes))


def operate(op: ast.operator, left: Value, right: Value) -> Value:
    """``left op right`` where it can be known."""
    if isinstance(left, Ref) and left.name in CONSTANTS:
        left = CONSTANTS[left.name]
    if isinstance(right, Ref) and right.name in CONSTANTS:
        right = CONSTANTS[right.name]
    if isinstance(op, ast.Add):
        return _add(left, right)
    if isinstance(op, ast.Mod) and is_text(left):
        return percent(text(left), right)
    if isinstance(op, ast.Div) and isinstance(left, Obj) and left.kind == "path":
        return Obj("path", joined(left.text, text(right)))
    if isinstance(op, ast.BitOr) and isinstance(left, Ref):
        return Ref(f"{left.name}|{right.name}") if isinstance(right, Ref) else left
    if isinstance(op, ast.Mult):
        return _multiply(left, right)
    if isinstance(left, int) and isinstance(right, int):
        return _integers(op, left, right)
    return UNKNOWN


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left + right
    if is_text(left) or is_text(right) or (isinstance(left, Obj) and isinstance(right, Obj)):
        return text(left) + text(right)
    return UNKNOWN


def _multiply(left: Value, right: Value) -> Value:
    if isinstance(right, (str, bytes, list)):
        left, right = right, left
    if isinstance(left, (str, bytes, list)) and isinstance(right, int):
        return left * right if len(left) * max(right, 0) <= MAX_VALUE else UNKNOWN
    if isinstance(left, (int, float)) and isinstance(right, (int, float)) and abs(left) < 1e15 > abs(right):
        return left * right
    return UNKNOWN


def percent(pattern: str, right: Value) -> Value:
    values = right if isinstance(right, list) else [right]
    pieces = pattern.replace("%%", "\0").split("%")
    result = [pieces[0]]
    mapping = right if isinstance(right, dict) else None
    for place, piece in enumerate(pieces[1:]):
        rest = piece
        name = ""
        if rest.startswith("("):
            name, _, rest = rest[1:].partition(")")
        rest = rest.lstrip("#0- +123456789.")
        kind, rest = rest[:1], rest[1:]
        positional = values[place] if place < len(values) else UNKNOWN
        value = positional if mapping is None else mapping.get(name, UNKNOWN)
        if kind == "c" and isinstance(value, int):
            value = _character(value)
        elif kind in ("x", "o") and isinstance(value, int):
            value = format(value, kind)
        result.append(text(value) + rest)
    return "".join(result).replace("\0", "%")


def _character(value: int) -> Value:
    return clean(chr(value)) if 0 <= value < 0x110000 else UNKNOWN


def _integers(op: ast.operator, left: int, right: int) -> Value:
    if isinstance(op, ast.Sub):
        return left - right
    if isinstance(op, ast.BitXor):
        return left ^ right
    if isinstance(op, ast.BitOr):
        return left | right
    if isinstance(op, ast.BitAnd):
        return left & right
    if isinstance(op, ast.FloorDiv) and right:
        return left // right
    if isinstance(op, ast.Mod) and right:
        return left % right
    if isinstance(op, ast.LShift) and 0 <= right < 64:
        return left << right
    if isinstance(op, ast.RShift) and right >= 0:
        return left >> right
    return UNKNOWN


def item(holder: Value, key: Value) -> Value:
    """``holder[key]``."""
    if isinstance(holder, Ref):
        if holder.name in CONSTANTS:
            return item(CONSTANTS[holder.name], key)
        if holder.name == "os.environ":
            return emit.variable(key) if isinstance(key, str) else UNK
        if isinstance(key, str) and key.isidentifier():  # sys.modules["os"], vars(os)["system"]
            if holder.name in ("sys.modules", "globals()", "locals()"):
                return Ref(key)
            return Ref(f"{holder.name.removesuffix('.__dict__')}.{key}")
        return UNKNOWN
    if isinstance(holder, str) and not emit.is_known(holder):
        return holder if emit.sole_output(holder) else UNK
    if isinstance(holder, (str, bytes, list)) and isinstance(key, (int, slice)):
        try:
            return holder[key]
        except (IndexError, ValueError, OverflowError, TypeError):
            return UNKNOWN
    if isinstance(holder, dict):
        return holder.get(key, UNKNOWN) if isinstance(key, (str, int)) else UNKNOWN
    if isinstance(holder, Obj):
        return holder.text if holder.kind in ("response", "process") else UNKNOWN
    return UNKNOWN


def joined(*parts: str) -> str:
    """``os.path.join``."""
    result = ""
    for part in parts:
        if part.startswith("/") or not result:
            result = part
        else:
            result = result + part if result.endswith("/") else f"{result}/{part}"
    return result


def expanded(path: str) -> str:
    """``os.path.expanduser``."""
    if path == "~" or path.startswith("~/"):
        return emit.variable("HOME") + path[1:]
    if path.startswith("~"):
        user, slash, rest = path[1:].partition("/")
        return (f"/home/{user}" if user != "root" else "/root") + slash + rest
    return path
