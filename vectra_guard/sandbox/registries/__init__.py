"""Which hosts this user's package managers really use. No registry is named in this program.

Each installed client is asked, or its settings are read, its built-in default included. Only the settings
of the user and the system count: what a project brings along cannot widen the network. Where a registry
keeps its files on another host, that host is found too.

The answer is kept in the user's cache folder as long as client, settings and environment stay what they
were, so that a launch reads one small file. Fails closed: a client that cannot be asked adds no host, and
is asked again the next time.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vectra_guard import paths
from vectra_guard.sandbox.registries import places

FORGES = (
    "github.com", "codeload.github.com", "*.githubusercontent.com",
    "gitlab.com", "bitbucket.org", "codeberg.org",
)  # fmt: skip
"""The big forges, allowed by default at public addresses: dependencies by git address live there."""


class Hosts(NamedTuple):
    """For ``Network.allow`` and, since a company's mirror is on a private address, ``Network.private``."""

    hosts: tuple[str, ...] = ()


class Manager(NamedTuple):
    """``module.function`` answers for it. ``settings``: weakest first. ``variables``: prefixes that
    matter."""

    module: str
    commands: tuple[str, ...]
    settings: tuple[str, ...]
    variables: tuple[str, ...]


_CONFIG = "${XDG_CONFIG_HOME:-~/.config}"
_NPMRC = (
    "/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc", "${NPM_CONFIG_GLOBALCONFIG}", "~/.npmrc",
    "${NPM_CONFIG_USERCONFIG}", "${npm_config_userconfig}",
)  # fmt: skip
_NPM_VARIABLES = ("npm_config_", "NPM_CONFIG_")

MANAGERS: dict[str, Manager] = {
    "pip": Manager(
        "python", ("pip", "pip3", "python3"),
        ("/etc/xdg/pip/pip.conf", "/etc/pip.conf", "~/.pip/pip.conf", f"{_CONFIG}/pip/pip.conf",
         "${PIP_CONFIG_FILE}"),
        ("PIP_",),
    ),
    "uv": Manager(
        "python", ("uv",),
        ("/etc/xdg/uv/uv.toml", "/etc/uv/uv.toml", f"{_CONFIG}/uv/uv.toml", "${UV_CONFIG_FILE}"),
        ("UV_",),
    ),
    "poetry": Manager(
        "python", ("poetry",), (f"{_CONFIG}/pypoetry/config.toml", "${POETRY_CONFIG_DIR}/config.toml"),
        ("POETRY_", "PIP_"),
    ),
    "npm": Manager("javascript", ("npm",), _NPMRC, _NPM_VARIABLES),
    "pnpm": Manager("javascript", ("pnpm", "npm"), (*_NPMRC, f"{_CONFIG}/pnpm/rc"), _NPM_VARIABLES),
    "yarn": Manager(
        "javascript", ("yarn", "npm"), (*_NPMRC, "~/.yarnrc", "~/.yarnrc.yml"), (*_NPM_VARIABLES, "YARN_")
    ),
    "bun": Manager(
        "javascript", ("bun", "npm"), (*_NPMRC, "~/.bunfig.toml", f"{_CONFIG}/.bunfig.toml"),
        (*_NPM_VARIABLES, "BUN_CONFIG_"),
    ),
    "cargo": Manager(
        "compiled", ("cargo",),
        ("${CARGO_HOME:-~/.cargo}/config", "${CARGO_HOME:-~/.cargo}/config.toml"), ("CARGO_", "RUSTUP_"),
    ),
    "go": Manager("compiled", ("go",), (f"{_CONFIG}/go/env", "${GOENV}"), ("GO",)),
    "gem": Manager("others", ("gem",), ("/etc/gemrc", "~/.gemrc", f"{_CONFIG}/gem/gemrc"), ("GEM", "RUBY")),
    "bundler": Manager(
        "others", ("bundle", "gem"),
        ("~/.bundle/config", f"{_CONFIG}/bundle/config", "${BUNDLE_USER_CONFIG}"), ("BUNDLE_", "GEM"),
    ),
    "composer": Manager(
        "others", ("composer",),
        ("~/.composer/config.json", f"{_CONFIG}/composer/config.json", "${COMPOSER_HOME}/config.json"),
        ("COMPOSER_",),
    ),
    "maven": Manager(
        "others", ("mvn",), ("/etc/maven/settings.xml", "~/.m2/settings.xml"), ("MAVEN_", "M2_", "MVN_")
    ),
    "gradle": Manager(
        "others", ("gradle", "mvn"),
        ("${GRADLE_USER_HOME:-~/.gradle}/init.gradle", "${GRADLE_USER_HOME:-~/.gradle}/init.gradle.kts",
         "${GRADLE_USER_HOME:-~/.gradle}/gradle.properties"),
        ("GRADLE_",),
    ),
}  # fmt: skip

SETTINGS: dict[str, tuple[str, ...]] = {name: manager.settings for name, manager in MANAGERS.items()}
"""Patterns of the files that each manager reads (see ``places``); ``settings_files`` gives those that
exist."""


def settings_files(name: str, env: Mapping[str, str], home: str) -> tuple[str, ...]:
    """The manager's settings files of the user and the system that are there, weakest first."""
    found = places.expand_all(SETTINGS.get(name, ()), env, home)
    return tuple(path for path in found if os.path.isfile(path))


def for_manager(name: str, env: Mapping[str, str], home: str, project: str = "") -> Hosts:
    """The hosts of one manager. ``project``: programs that lie in it are not asked."""
    manager = MANAGERS.get(name)
    if manager is None:
        return Hosts()
    key = _key(name, manager, env, home, project)
    kept = _recall(name, key)
    if kept is not None:
        return Hosts(kept)
    from vectra_guard.sandbox.registries.base import Question  # only where the kept answer is stale

    module = importlib.import_module(f"{__name__}.{manager.module}")
    question = Question(
        env, home, project, settings_files(name, env, home), lambda other: settings_files(other, env, home)
    )
    answer = getattr(module, name)(question)
    hosts = tuple(dict.fromkeys(host for host in answer.hosts if host))
    if answer.complete:
        _remember(name, key, hosts)
    return Hosts(hosts)


def for_managers(names: Iterable[str], env: Mapping[str, str], home: str, project: str = "") -> Hosts:
    found = (host for name in names for host in for_manager(name, env, home, project).hosts)
    return Hosts(tuple(dict.fromkeys(found)))


def lists(
    names: Iterable[str], env: Mapping[str, str], home: str, project: str = ""
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(allow, private) for ``Network``: the forges and the registries of ``names``; of all managers when a
    command names none (a script may call any)."""
    hosts = for_managers(tuple(names) or MANAGERS, env, home, project).hosts
    return (*FORGES, *hosts), hosts


# -- the kept answers --------------------------------------------------------------------------------------


def _stamp(path: str | None) -> str:
    if path is None:
        return "-"
    try:
        info = os.stat(path)
    except OSError:
        return f"{path} -"
    return f"{path} {info.st_mtime_ns} {info.st_size}"


def _key(name: str, manager: Manager, env: Mapping[str, str], home: str, project: str) -> str:
    """Changes whenever the answer might. A digest, for the environment may hold passwords."""
    import hashlib

    parts = [name, home]
    parts += [_stamp(places.find_command(command, env, project)) for command in manager.commands]
    parts += [_stamp(path) for path in places.expand_all(manager.settings, env, home)]
    parts += sorted(f"{key}={value}" for key, value in env.items() if key.startswith(manager.variables))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _file(name: str) -> str:
    return f"{paths.cache_dir()}/registries/{name}"


def _recall(name: str, key: str) -> tuple[str, ...] | None:
    try:
        with open(_file(name), encoding="utf-8") as file:
            stored, *hosts = file.read().splitlines()
    except (OSError, ValueError):
        return None
    return tuple(hosts) if stored == key else None


def _remember(name: str, key: str, hosts: tuple[str, ...]) -> None:
    """Keep the answer; a cache that cannot be written only costs time."""
    path = _file(name)
    new = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(fd, "w", encoding="utf-8") as file:
            file.write("\n".join((key, *hosts)) + "\n")
        os.replace(new, path)
    except OSError:
        return
