"""From managers to mounts and variables. Reads settings and mounts of the host; creates nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence

from vectra_guard import paths
from vectra_guard.config.schema import Config
from vectra_guard.model import Mount
from vectra_guard.sandbox import registries
from vectra_guard.sandbox.caches.table import ROWS, Folder
from vectra_guard.sandbox.hidden import guard_folders
from vectra_guard.sandbox.registries import places

NO_UPPER = frozenset({"overlay", "nfs", "nfs4", "cifs", "smb3", "9p", "vfat", "exfat", "ecryptfs", "virtiofs"})
"""File systems that cannot be the writable layer of an overlay."""


def root() -> str:
    """The guard's package caches. Sandboxes never see it, only the layers mounted from it."""
    return f"{paths.cache_dir()}/packages"


def new_run() -> str:
    return f"{os.getpid()}-{os.urandom(6).hex()}"


def mounts(
    names: Iterable[str],
    *,
    home: str,
    env: Mapping[str, str],
    config: Config,
    overlay: bool = True,
    workspace: str = "",
) -> tuple[tuple[Mount, ...], dict[str, str]]:
    """Mounts and variables for the caches of ``names`` and the configuration's ``cache_dirs``.

    ``overlay``: can the runtime mount overlays? Nothing is created: ``store.begin`` does that before the run.
    """
    if not config.sandbox.enable_cache:
        return (), {}
    run = new_run()
    out: list[Mount] = []
    variables: dict[str, str] = {}
    points = _Points() if overlay else None
    guards = (*guard_folders(home, env, os.getuid(), config.sandbox.trust_store_path), paths.cache_dir())
    for name in names:
        row = ROWS.get(name)
        if row is None:
            continue
        variables |= dict(row.env)
        variables |= {passed: env[passed] for passed in row.passed if env.get(passed)}
        for folder in row.folders:
            path = _place(name, folder, env, home)
            if path and _sane(path, home, workspace, guards):
                out.append(_mount(f"{name}.{folder.part}".rstrip("."), path, run, points))
                if folder.variable:
                    variables[folder.variable] = path
    for text in config.sandbox.cache_dirs:
        path = places.expand(text, env, home)
        if path and _sane(path, home, workspace, guards):
            out.append(_mount("dir." + re.sub(r"[^\w.-]+", "_", path.strip("/"))[-80:], path, run, points))
    targets = {mount.target: mount for mount in reversed(out)}
    return tuple(mount for mount in out if targets[mount.target] is mount), variables


def _place(name: str, folder: Folder, env: Mapping[str, str], home: str) -> str | None:
    """Where the manager keeps the folder on the host: variable, settings, default."""
    *variables, default = folder.where
    path = places.first(variables, env, home)
    if path is None and folder.setting:
        path = _setting(name, folder.setting, env, home)
    return path or places.expand(default, env, home)


def _setting(name: str, key: str, env: Mapping[str, str], home: str) -> str | None:
    found = None
    for path in registries.settings_files(name, env, home):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                matches = _values(file.read(), key, path.rpartition(".")[2])
        except OSError:
            continue
        if matches:
            found = places.expand(matches[-1].strip(), env, home) or found
    return found


def _values(text: str, key: str, kind: str) -> list[str]:
    """What a settings file says for ``key``: XML, JSON, or lines of ``key = value`` in any of their dialects."""
    name = re.escape(key)
    if kind == "xml":
        return re.findall(rf"<{name}>([^<]+)</{name}>", re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    if kind == "json":
        return re.findall(rf'"{name}"\s*:\s*"([^"]+)"', text)
    return re.findall(rf"""^[ \t"]*{name}"?[ \t]*[=: \t][ \t]*["']?([^"'\n#]+)""", text, re.MULTILINE)


def _sane(path: str, home: str, workspace: str, guards: Iterable[str]) -> bool:
    """A cache is a folder of its own: not home or what holds it, and not what the project already shows."""
    own = os.path.realpath(path)
    if own.count("/") < 2 or places.inside(home, own) or places.inside(os.path.realpath(home), own):
        return False
    if any(places.inside(own, guard) or places.inside(guard, own) for guard in guards):
        return False
    return not (workspace and places.inside(own, os.path.realpath(workspace)))


def _mount(key: str, path: str, run: str, points: _Points | None) -> Mount:
    base = root()
    if points is None or not points.can_overlay(path, base):
        return Mount(f"{base}/{key}/plain", path, "rw")
    lower = os.path.realpath(path) if os.path.isdir(path) else f"{base}/empty"
    return Mount(lower, path, "overlay", upper=f"{base}/runs/{run}/{key}/upper")


class _Points:
    """The host's mount points, read once."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                before, _, after = line.partition(" - ")
                point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), before.split(" ")[4])
                self._kinds[point] = after.split(" ")[0]

    def can_overlay(self, lower: str, upper: str) -> bool:
        """No mount below ``lower`` (the kernel refuses those in a user namespace), and a fit place for
        ``upper``."""
        own = os.path.realpath(lower)
        if any(point != own and places.inside(point, own) for point in self._kinds):
            return False
        kind = self._kind_of(os.path.realpath(upper))
        return kind not in NO_UPPER and not kind.startswith("fuse")

    def _kind_of(self, path: str) -> str:
        while path not in self._kinds and path != "/":
            path = os.path.dirname(path)
        return self._kinds.get(path, "")


def keys(found: Sequence[Mount]) -> dict[str, Mount]:
    """The guard's own cache mounts among ``found``, by their key."""
    base = root()
    out = {}
    for mount in found:
        if mount.kind == "overlay" and mount.upper.startswith(f"{base}/runs/"):
            out[mount.upper.split("/")[-2]] = mount
        elif mount.kind == "rw" and mount.source.startswith(f"{base}/") and mount.source.endswith("/plain"):
            out[mount.source.split("/")[-2]] = mount
    return out
