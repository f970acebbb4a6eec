"""The layers of configuration become the one that is in force, and each value keeps its source.

Lowest first: defaults, preset, system file, user file, project file (nearest upward, to the repository root),
environment, flags. The system file may lock keys. A project file and the environment can only tighten: a cloned
repository, or whatever sets variables, must not switch the guard off. ``vg config allow`` accepts a project file,
pinned to its content. What was not accepted is named in ``Loaded.problems``; a file that is wrong raises ConfigError.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from vectra_guard import data_files, paths
from vectra_guard.config import reading
from vectra_guard.config.reading import KEYS, Value
from vectra_guard.config.schema import Config
from vectra_guard.errors import ConfigError

ALLOWED = "allowed-projects"
"""File in the user's configuration folder: ``SHA-256 PATH`` of each accepted project file."""

Stamp = tuple[tuple[str, int, int, int] | tuple[str], ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is in force in one folder."""

    config: Config
    sources: Mapping[str, str]  # dotted key -> "preset NAME", FILE:LINE, "environment VG_…", "flag"; not there: defaults
    problems: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # looked at, whether they exist or not
    stamp: Stamp = ()

    def changed(self) -> bool:
        """Whether a file that this was made of has changed, come or gone. A few ``stat`` calls."""
        return _stamp(self.files) != self.stamp


def defaults() -> Loaded:
    return Loaded(Config(), {})


def load(
    cwd: str,
    *,
    flags: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    project: bool = True,
) -> Loaded:
    """The configuration in force in ``cwd``. ``flags``: dotted key -> text, from a command line."""
    user = user_file()
    candidates = project_candidates(cwd) if project else []
    allowed = allowed_file()
    files = (paths.SYSTEM_CONFIG, user, allowed, *candidates)
    stack = _Stack()
    system = _read(paths.SYSTEM_CONFIG)
    mine = _read(user)
    nearest = next((path for path in candidates if os.path.isfile(path)), None)
    theirs = reading.read(nearest, project=True) if nearest else {}
    for layer in (mine, system):  # the highest that names a preset decides
        if "preset" in layer:
            stack.apply(_preset(layer["preset"]), "")
            break
    stack.apply(system, "")
    stack.lock(system)
    stack.apply(mine, "")
    if nearest:
        accepted = is_allowed(nearest)
        if "preset" in theirs:
            stack.apply(_preset(theirs["preset"]), "" if accepted else nearest)
        stack.apply(theirs, "" if accepted else nearest)
    stack.apply(_environment(os.environ if env is None else env), "the environment")
    stack.apply({k: Value(reading.from_text(k, v, "flag"), "flag") for k, v in (flags or {}).items()}, "")
    return Loaded(_build(stack.values), stack.sources, tuple(stack.problems), files, _stamp(files))


class _Stack:
    """Values as they pile up."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[str] = []
        self.locked: dict[str, str] = {}

    def lock(self, layer: Mapping[str, Value]) -> None:
        entry = layer.get("lock")
        if entry is None:
            return
        for name in KEYS:
            if name in entry.value or name.partition(".")[0] in entry.value:
                self.locked[name] = entry.where

    def apply(self, layer: Mapping[str, Value], only_tightens: str) -> None:
        """``only_tightens``: whose values these are, where they may only tighten; empty: anything goes."""
        for name, (value, where) in layer.items():
            if name not in KEYS:
                continue
            if name in self.locked:
                self.problems.append(f"{where}: `{name}` is locked by {self.locked[name]}; ignored")
                continue
            if only_tightens:
                old = self.values.get(name, KEYS[name].default)
                tighter = tightened(name, old, value)
                if tighter is None:
                    self.problems.append(loosens(name, where, only_tightens))
                    continue
                value = tighter
            self.values[name] = value
            self.sources[name] = where


def loosens(name: str, where: str, whose: str) -> str:
    way = "" if whose == "the environment" else "; `vg config allow` accepts this file"
    return f"{where}: `{name}` would loosen the guard and is ignored{way}"


def tightened(name: str, old: Any, new: Any) -> Any:
    """The value that ``new`` may become where only tightening is allowed; None: it would loosen."""
    if old == new:
        return old
    direction, order = KEYS[name].metadata["tighten"], KEYS[name].metadata["order"]
    if direction == "grow":
        return (*old, *(item for item in new if item not in old))
    allowed = {
        "order": lambda: order.index(new) >= order.index(old),
        "shrink": lambda: set(new) <= set(old),
        "true": lambda: new is True,
        "false": lambda: new is False,
        # zero means no limit
        "less": lambda: new > 0 and (old == 0 or new < old),
        "user": lambda: False,
    }
    return new if allowed[direction]() else None


def _build(values: Mapping[str, Any]) -> Config:
    def make(cls: Any, prefix: str) -> Any:
        hints = get_type_hints(cls)
        given = {}
        for field in fields(cls):
            name = prefix + field.name
            if is_dataclass(hints[field.name]):
                given[field.name] = make(hints[field.name], f"{field.name}.")
            elif name in values:
                given[field.name] = values[name]
        return cls(**given)

    made: Config = make(Config, "")
    return made


def _read(path: str) -> dict[str, Value]:
    return reading.read(path) if os.path.isfile(path) else {}


def _preset(named: Value) -> dict[str, Value]:
    path = os.path.join(data_files.folder("presets"), f"{named.value}.yaml")
    if not os.path.isfile(path) or "/" in named.value:
        shipped = sorted(name.removesuffix(".yaml") for name in os.listdir(data_files.folder("presets")))
        raise ConfigError(f"there is no preset `{named.value}`; shipped: {', '.join(shipped)}", named.where)
    source = f"preset {named.value}"
    return {name: Value(value, source) for name, (value, _) in reading.read(path).items()}


def _environment(env: Mapping[str, str]) -> dict[str, Value]:
    """``VG_GUARD_LEVEL``, ``VG_SANDBOX_MODE`` … : VG_, then the dotted key in capitals with underscores."""
    found = {}
    for name in KEYS:
        variable = "VG_" + name.replace(".", "_").upper()
        text = env.get(variable)
        if text and name != "policies.rules":
            where = f"environment {variable}"
            found[name] = Value(reading.from_text(name, text, where), where)
    return found


def user_file() -> str:
    return os.path.join(paths.config_dir(), "config.yaml")


def project_candidates(cwd: str) -> list[str]:
    """Where a project file would be, nearest first, up to the repository root (without one: only ``cwd``)."""
    found = []
    folder = cwd
    while True:
        found.append(os.path.join(folder, paths.PROJECT_CONFIG))
        if os.path.lexists(os.path.join(folder, ".git")):
            return found
        parent = os.path.dirname(folder)
        if parent == folder or not folder:
            return found[:1]
        folder = parent


def project_file(cwd: str) -> str | None:
    return next((path for path in project_candidates(cwd) if os.path.isfile(path)), None)


def allowed_file() -> str:
    return os.path.join(paths.config_dir(), ALLOWED)


def is_allowed(path: str) -> bool:
    """Whether the user accepted this project file with this content."""
    try:
        with open(allowed_file(), encoding="utf-8", errors="surrogateescape") as file:
            return _pin(path) in file.read().splitlines()
    except OSError:
        return False


def allow(path: str) -> None:
    """Accept a project file as it is now. Raises ConfigError when it is wrong, or cannot be pinned."""
    reading.read(path, project=True)
    try:
        paths.private_dir(paths.config_dir())
        with open(allowed_file(), "a", encoding="utf-8", errors="surrogateescape") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(_pin(path) + "\n")
    except OSError as err:
        raise ConfigError(f"cannot be written ({err.strerror})", allowed_file()) from err


def _pin(path: str) -> str:
    with open(path, "rb") as file:
        return f"{hashlib.sha256(file.read()).hexdigest()} {os.path.realpath(path)}"


def _stamp(files: tuple[str, ...]) -> Stamp:
    made: list[tuple[str, int, int, int] | tuple[str]] = []
    for path in files:
        try:
            info = os.stat(path)
        except OSError:
            made.append((path,))
        else:
            made.append((path, info.st_mtime_ns, info.st_size, info.st_ino))
    return tuple(made)
