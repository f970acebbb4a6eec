"""Seccomp profiles in the JSON form of the Open Container Initiative (the one podman and docker take), compiled.

``compile_file(path, machine)`` gives the instructions between the shipped prologue (foreign ABIs, typing into
terminals) and the end. Rules are tried in the order of the file and the first whose arguments match decides; what
no rule names gets ``defaultAction``. ``includes`` and ``excludes`` are read for a process without capabilities,
which is what every command inside is. Names that this processor does not have are skipped, as runtimes do.

The format: https://github.com/opencontainers/runtime-spec, config-linux.md, "Seccomp", and containers-common's
``includes``/``excludes``. Not supported, and an error: SCMP_ACT_TRACE and SCMP_ACT_NOTIFY, which need a helper
process. Anything wrong is a ConfigError with the file and the place in it; nothing is guessed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from vectra_guard.errors import ConfigError
from vectra_guard.sandbox.syscalls import COLUMN, NUMBERS

Instruction = tuple[int, int, int, int]
_LOAD, _AND, _EQ, _GT, _GE, _JUMP, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x35, 0x05, 0x06
_ARGUMENT = 16
_WORD = 0xFFFFFFFF
_LARGEST_FILE = 1024 * 1024
_MOST_INSTRUCTIONS = 4000  # the kernel takes 4096 (BPF_MAXINSNS)
_FAIL = "fail"  # where a comparison that does not hold leads; filled in by _resolved

_ACTIONS = {
    "SCMP_ACT_ALLOW": 0x7FFF0000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
}
_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_SHORT = {"x86_64": ("amd64", "x86_64"), "aarch64": ("arm64", "aarch64")}

Comparison = tuple[int, str, int, int]  # argument, operator, value, second value


class _Place:
    """A value in the file, with the way to it for messages."""

    def __init__(self, value: Any, file: str, way: str = "") -> None:
        self.value = value
        self.file = file
        self.way = way

    def wrong(self, message: str) -> NoReturn:
        raise ConfigError(f"sandbox.seccomp_profile: {self.way or 'the file'} {message}", self.file)

    def get(self, name: str, kind: type, default: Any = None) -> _Place:
        value = self.value.get(name)
        found = _Place(default if value is None else value, self.file, f"{self.way}.{name}" if self.way else name)
        if not isinstance(found.value, kind) or (kind is int and isinstance(found.value, bool)):
            found.wrong("is missing" if value is None else f"is no {_KINDS[kind]}")
        return found

    def items(self, kind: type) -> Iterator[_Place]:
        for index, value in enumerate(self.value):
            item = _Place(value, self.file, f"{self.way}[{index}]")
            if not isinstance(value, kind):
                item.wrong(f"is no {_KINDS[kind]}")
            yield item


_KINDS = {dict: "object", list: "list", str: "text", int: "number"}


def compile_file(path: str, machine: str) -> list[Instruction]:
    """Instructions for ``path``, for a program that has the call's number loaded. ConfigError names what is wrong."""
    top = _read(path)
    architectures = [item.value for item in top.get("architectures", list, []).items(str)]
    maps = top.get("archMap", list, []).items(dict)
    architectures += [item.get("architecture", str).value for item in maps]
    if architectures and _ARCHITECTURES[machine] not in architectures:
        top.wrong(f"is for {', '.join(architectures)}, not for this processor ({_ARCHITECTURES[machine]})")
    default = _action(top, "defaultAction", "defaultErrnoRet", errno.EPERM)
    calls: dict[int, list[tuple[tuple[Comparison, ...], int]]] = {}
    for rule in top.get("syscalls", list, []).items(dict):
        action = _action(rule, "action", "errnoRet", errno.EPERM)
        names = [item.value for item in rule.get("names", list, [rule.value.get("name")]).items(str)]
        conditions = _conditions(rule)
        if not _applies(rule, machine):
            continue
        for name in names:
            number = NUMBERS.get(name, (None, None))[COLUMN[machine]]
            if number is not None:
                calls.setdefault(number, []).extend((condition, action) for condition in conditions)
    out: list[Instruction] = []
    for number, rules in calls.items():
        out += _block(number, rules, default)
    if len(out) > _MOST_INSTRUCTIONS:
        top.wrong("compiles to more than the kernel takes; name fewer system calls")
    return [*out, (_RETURN, 0, 0, default)]


def _read(path: str) -> _Place:
    import json  # only for who has a profile of their own

    where = os.path.expanduser(path)
    try:
        with open(where, "rb") as file:
            text = file.read(_LARGEST_FILE + 1)
        if len(text) > _LARGEST_FILE:
            raise ConfigError("sandbox.seccomp_profile: larger than 1 MiB", where)
        value = json.loads(text)
    except OSError as err:
        raise ConfigError(f"sandbox.seccomp_profile: {err.strerror}", where) from err
    except json.JSONDecodeError as err:
        raise ConfigError(f"sandbox.seccomp_profile: not JSON: {err.msg}", f"{where}:{err.lineno}") from err
    except (UnicodeDecodeError, RecursionError) as err:
        raise ConfigError("sandbox.seccomp_profile: not JSON", where) from err
    top = _Place(value, where)
    if not isinstance(value, dict):
        top.wrong("is no object")
    return top


def _action(place: _Place, name: str, number: str, default: int) -> int:
    action = place.get(name, str)
    if action.value not in _ACTIONS:
        action.wrong(f"is {action.value!r}; supported are {', '.join(_ACTIONS)}")
    error = place.get(number, int, default)
    if not 0 <= error.value < 4096:
        error.wrong(f"is {error.value}, no error number")
    return _ACTIONS[action.value] | (error.value if action.value == "SCMP_ACT_ERRNO" else 0)


def _applies(rule: _Place, machine: str) -> bool:
    """Without capabilities, a rule that includes some does not apply, and one that excludes some does."""
    include, exclude = rule.get("includes", dict, {}), rule.get("excludes", dict, {})
    here = _SHORT[machine]
    arches, but = ([item.value for item in place.get("arches", list, []).items(str)] for place in (include, exclude))
    if (arches and not set(arches) & set(here)) or set(but) & set(here):
        return False
    if not (_kernel_is(include) and not (exclude.value.get("minKernel") and _kernel_is(exclude))):
        return False
    return not include.get("caps", list, []).value


def _kernel_is(place: _Place) -> bool:
    wanted = place.get("minKernel", str, "0")
    try:
        return _version(os.uname().release) >= tuple(int(part) for part in wanted.value.split("."))
    except ValueError:
        wanted.wrong(f"is {wanted.value!r}, no kernel version such as 4.8")


def _version(text: str) -> tuple[int, ...]:
    major, _, rest = text.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return int(major), int(minor) if minor.isdigit() else 0


def _conditions(rule: _Place) -> list[tuple[Comparison, ...]]:
    """What the arguments must be: comparisons that must all hold. Two on one argument are alternatives (as runc
    reads them)."""
    found: list[Comparison] = []
    for item in rule.get("args", list, []).items(dict):
        index, operator = item.get("index", int), item.get("op", str)
        if not 0 <= index.value < 6:
            index.wrong(f"is {index.value}; a system call has arguments 0 to 5")
        if operator.value not in _COMPARE:
            operator.wrong(f"is {operator.value!r}; there are {', '.join(_COMPARE)}")
        values = [item.get(name, int, 0).value & (_WORD << 32 | _WORD) for name in ("value", "valueTwo")]
        found.append((index.value, operator.value, values[0], values[1]))
    if len({comparison[0] for comparison in found}) < len(found):
        return [(comparison,) for comparison in found]
    return [tuple(found)]


# --- instructions ------------------------------------------------------------------------------------------------

Draft = tuple[int, str | int, str | int, int]


def _block(number: int, rules: Sequence[tuple[tuple[Comparison, ...], int]], default: int) -> list[Instruction]:
    """Everything about one system call. It ends in a decision, so nothing after it needs the number again."""
    body: list[Instruction] = []
    for comparisons, action in rules:
        draft = [step for comparison in comparisons for step in _compare(comparison)]
        body += _resolved([*draft, (_RETURN, 0, 0, action)])
        if not comparisons:
            break
    else:
        body.append((_RETURN, 0, 0, default))
    if len(body) < 256:
        return [(_EQ, 0, len(body), number), *body]
    return [(_EQ, 1, 0, number), (_JUMP, 0, 0, len(body)), *body]


def _resolved(draft: list[Draft]) -> list[Instruction]:
    """Names of places as distances: ``fail`` is behind the end."""
    out: list[Instruction] = []
    for at, (code, true, false, constant) in enumerate(draft):
        far = {_FAIL: len(draft) - at - 1}
        out.append((code, far.get(true, true), far.get(false, false), constant))  # type: ignore[arg-type]
    return out


def _compare(comparison: Comparison) -> list[Draft]:
    index, operator, value, second = comparison
    low, high = _ARGUMENT + 8 * index, _ARGUMENT + 8 * index + 4
    draft: list[Draft] = _COMPARE[operator](low, high, value, second)
    return draft


def _halves(value: int) -> tuple[int, int]:
    return value & _WORD, value >> 32


def _equal(low: int, high: int, value: int, _second: int) -> list[Draft]:
    return _masked(low, high, _WORD << 32 | _WORD, value)


def _masked(low: int, high: int, mask: int, value: int) -> list[Draft]:
    mask_low, mask_high = _halves(mask)
    value_low, value_high = _halves(value)
    return [
        (_LOAD, 0, 0, high), (_AND, 0, 0, mask_high), (_EQ, 0, _FAIL, value_high),
        (_LOAD, 0, 0, low), (_AND, 0, 0, mask_low), (_EQ, 0, _FAIL, value_low),
    ]  # fmt: skip


def _not_equal(low: int, high: int, value: int, _second: int) -> list[Draft]:
    value_low, value_high = _halves(value)
    return [(_LOAD, 0, 0, high), (_EQ, 0, 2, value_high), (_LOAD, 0, 0, low), (_EQ, _FAIL, 0, value_low)]


def _above(test: int) -> Any:
    """Greater (or equal) on 64 bits: by the upper half, and by the lower one where those are equal."""

    def compare(low: int, high: int, value: int, _second: int) -> list[Draft]:
        value_low, value_high = _halves(value)
        return [
            (_LOAD, 0, 0, high), (_GT, 3, 0, value_high), (_EQ, 0, _FAIL, value_high),
            (_LOAD, 0, 0, low), (test, 0, _FAIL, value_low),
        ]  # fmt: skip

    return compare


def _below(test: int) -> Any:
    """Less (or equal): not greater-or-equal (or greater)."""

    def compare(low: int, high: int, value: int, _second: int) -> list[Draft]:
        value_low, value_high = _halves(value)
        return [
            (_LOAD, 0, 0, high), (_GT, _FAIL, 0, value_high), (_EQ, 0, 2, value_high),
            (_LOAD, 0, 0, low), (test, _FAIL, 0, value_low),
        ]  # fmt: skip

    return compare


_COMPARE: dict[str, Any] = {
    "SCMP_CMP_EQ": _equal,
    "SCMP_CMP_NE": _not_equal,
    "SCMP_CMP_MASKED_EQ": _masked,
    "SCMP_CMP_GT": _above(_GT),
    "SCMP_CMP_GE": _above(_GE),
    "SCMP_CMP_LT": _below(_GE),
    "SCMP_CMP_LE": _below(_GT),
}
