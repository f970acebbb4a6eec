"""The layers of configuration become the one that is in force, and each value keeps its source.

Lowest first: defaults, preset, system file, user file, project file (nearest upward, to the repository root),
environment, flags. The system file may lock keys. A project file and the environment can only tighten: a cloned
repository, or whatever sets variables, must not switch the guard off. ``vg config allow`` accepts a project file,
pinned to its content.

A file that is wrong never switches the guard off and takes no other file with it: its last good values stay (without
any, it counts as empty). What does not count, and why, is in ``Loaded.problems``. Only a flag raises ConfigError: the
person who typed it is there to read it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from vectra_guard import data_files, paths
from vectra_guard.config import allow as pins
from vectra_guard.config import files, reading, tighten
from vectra_guard.config.files import Source
from vectra_guard.config.reading import KEYS, SECTIONS, Value
from vectra_guard.config.schema import Config
from vectra_guard.errors import ConfigError, GuardError

FLAG = "flag"
Stamp = tuple[tuple[str, int, int, int, int] | tuple[str], ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is in force in one folder."""

    config: Config
    sources: Mapping[
        str, str
    ]  # dotted key -> "preset NAME", FILE:LINE, "environment VG_…", "flag"; not there: defaults
    problems: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # looked at, whether they exist or not
    stamp: Stamp = ()

    def changed(self) -> bool:
        """Whether a file that this was made of has changed, come or gone. A few ``stat`` calls."""
        return _stamp(self.files) != self.stamp

    def flagged(self, name: str) -> bool:
        """Whether this key was said on the command line."""
        return self.sources.get(name) == FLAG


def defaults() -> Loaded:
    return Loaded(Config(), {})


def load(
    cwd: str,
    *,
    flags: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    project: bool = True,
) -> Loaded:
    """The configuration in force in ``cwd``. ``flags``: dotted key -> text, from a command line. Without
    ``project`` the project's file is left out."""
    candidates = project_candidates(cwd) if project else []
    looked_at = (paths.SYSTEM_CONFIG, user_file(), pins.file(), *candidates)
    stamp = _stamp(looked_at)  # before reading: what changes meanwhile is noticed next time
    stack = _Stack()
    system = stack.open(paths.SYSTEM_CONFIG, owned=True)
    mine = stack.open(user_file(), owned=True)
    named = mine.values.get("preset") or system.values.get("preset")
    if named:
        stack.apply(stack.preset(named))
    stack.apply(system.values)
    stack.lock(system.values)
    stack.apply(_without_lock(mine, stack))
    nearest = next((path for path in candidates if os.path.isfile(path)), None)
    if nearest:
        _apply_project(stack, stack.open(nearest, owned=False))
    stack.apply(_environment(os.environ if env is None else env, stack), whose=ENVIRONMENT)
    stack.apply_flags(flags or {})
    return Loaded(build(stack.values), stack.sources, tuple(stack.problems), looked_at, stamp)


def _apply_project(stack: _Stack, source: Source) -> None:
    """An accepted file counts like the user's own; its rules may then lower as well as raise."""
    values = dict(_without_lock(source, stack))
    accepted = not source.problem and pins.is_allowed(source.path, source.digest)
    rules = values.get("policies.rules")
    if rules and not accepted:
        values["policies.rules"] = Value(tuple(replace(rule, project=True) for rule in rules.value), rules.where)
    whose = "" if accepted else PROJECT
    if "preset" in values:
        stack.apply(stack.preset(values["preset"]), whose)
    stack.apply(values, whose)


def check(cwd: str) -> None:
    """Raise the first mistake in a file that matters in ``cwd``, for ``vg config check``."""
    for path in (paths.SYSTEM_CONFIG, user_file(), project_file(cwd)):
        if path and os.path.isfile(path):
            values = reading.read(path)
            if "preset" in values:
                preset_values(values["preset"])


PROJECT = "project"
ENVIRONMENT = "environment"


class _Stack:
    """Values as they pile up."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[str] = []
        self.locked: dict[str, str] = {}

    def open(self, path: str, *, owned: bool) -> Source:
        found = files.source(path, owned=owned) or Source(path)
        if found.problem:
            self.problems.append(found.problem)
        return found

    def preset(self, named: Value) -> dict[str, Value]:
        try:
            return preset_values(named)
        except GuardError as err:
            self.problems.append(str(err))
            return {}

    def lock(self, layer: Mapping[str, Value]) -> None:
        entry = layer.get("lock")
        if entry is None:
            return
        for name in KEYS:
            if name in entry.value or name.partition(".")[0] in entry.value:
                self.locked[name] = entry.where

    def current(self, name: str) -> Any:
        return self.values.get(name, KEYS[name].default)

    def apply(self, layer: Mapping[str, Value], whose: str = "") -> None:
        """``whose``: PROJECT or ENVIRONMENT, which may only tighten; empty: anything goes. All is compared with what
        was in force below this layer, so that the order of keys does not matter."""
        below = dict(self.values)
        for name, (value, where) in layer.items():
            if name not in KEYS:
                continue
            if name in self.locked:
                self.problems.append(f"{where}: `{name}` is locked by {self.locked[name]}; ignored")
                continue
            if whose and not (whose == ENVIRONMENT and name in tighten.HARMLESS):
                value = tighten.tightened(name, value, lambda key: below.get(key, KEYS[key].default))
                if value is None:
                    self.problems.append(_loosens(name, where, whose))
                    continue
            if name in self.values and self.values[name] == value and whose:
                continue  # the layer below says so already
            self.values[name] = value
            self.sources[name] = where

    def apply_flags(self, flags: Mapping[str, str]) -> None:
        for name, text in flags.items():
            if name in self.locked:
                raise ConfigError(f"`{name}` is locked by {self.locked[name]}", FLAG)
            self.values[name] = reading.from_text(name, text, FLAG)
            self.sources[name] = FLAG


def _loosens(name: str, where: str, whose: str) -> str:
    way = "" if whose == ENVIRONMENT else "; `vg config allow` accepts this file"
    what = "is for the user to set" if KEYS[name].metadata["tighten"] == "user" else "would loosen the guard"
    return f"{where}: `{name}` {what}; ignored{way}"


def _without_lock(source: Source, stack: _Stack) -> Mapping[str, Value]:
    if "lock" in source.values:
        stack.problems.append(f"{source.values['lock'].where}: only {paths.SYSTEM_CONFIG} may lock keys; ignored")
    return source.values


def preset_values(named: Value) -> dict[str, Value]:
    """The values of a shipped preset. ConfigError when there is none of that name."""
    path = preset_path(named.value)
    if path is None:
        raise ConfigError(f"there is no preset `{named.value}`; shipped: {', '.join(preset_names())}", named.where)
    found = files.source(path, owned=False)
    if found is None or found.problem:
        raise ConfigError(found.problem if found else "this installation is not complete", path)
    source = f"preset {named.value}"
    return {name: Value(value, source) for name, (value, _) in found.values.items()}


def preset_names() -> list[str]:
    shipped = os.listdir(data_files.folder("presets"))
    return sorted(name.removesuffix(".yaml") for name in shipped if name.endswith(".yaml"))


def preset_path(name: str) -> str | None:
    return os.path.join(data_files.folder("presets"), f"{name}.yaml") if name in preset_names() else None


def build(values: Mapping[str, Any]) -> Config:
    """The configuration that has these values by dotted name, already checked, and defaults for the rest."""
    given: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, _, key = name.rpartition(".")
        given.setdefault(section, {})[key] = value
    parts = {section: _SECTION_TYPES[section](**given[section]) for section in SECTIONS if section in given}
    return Config(**given.get("", {}), **parts)


_SECTION_TYPES: dict[str, Any] = {
    entry.name: entry.default_factory for entry in fields(Config) if entry.name in SECTIONS
}


def _environment(env: Mapping[str, str], stack: _Stack) -> dict[str, Value]:
    """``VG_GUARD_LEVEL``, ``VG_SANDBOX_MODE`` … : VG_, then the dotted key in capitals with underscores."""
    found = {}
    for variable, text in env.items():
        name = VARIABLES.get(variable)
        if name and text:
            where = f"environment {variable}"
            try:
                found[name] = Value(reading.from_text(name, text, where), where)
            except ConfigError as err:
                stack.problems.append(f"{err}; ignored")
    return found


VARIABLES = {"VG_" + name.replace(".", "_").upper(): name for name in KEYS if name != "policies.rules"}
"""Environment variable -> key. Rules are for files."""


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


ALLOWED = pins.FILE
allow = pins.allow


def is_allowed(path: str) -> bool:
    """Whether the user accepted this project file as it is now."""
    found = files.source(path, owned=False)
    return found is not None and not found.problem and pins.is_allowed(path, found.digest)


def _stamp(looked_at: Sequence[str]) -> Stamp:
    made: list[tuple[str, int, int, int, int] | tuple[str]] = []
    for path in looked_at:
        try:
            info = os.stat(path)
        except OSError:
            made.append((path,))
        else:
            made.append((path, info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino))
    return tuple(made)
