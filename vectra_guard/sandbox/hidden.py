"""What must not be reachable inside although it lies below something that is mounted.

The guard's own folders, secrets under home, dotenv files of the project. Finding is bounded in time; masking is
done by the runtime, last of all mounts.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import os
from collections.abc import Mapping

from vectra_guard.paths import APP
from vectra_guard.sandbox.project import SECRET_FILES, SECRET_FOLDERS

_SAMPLES = (".example", ".sample", ".template", ".dist", ".defaults", ".tpl", ".md")
_SKIP = frozenset("node_modules .git .hg .svn .venv venv __pycache__ .tox .nox target dist build vendor .cache".split())
_MOST_FOLDERS = 400
_DEEPEST = 4


def guard_folders(home: str, env: Mapping[str, str], uid: int, store: str = "") -> tuple[str, ...]:
    """Where the guard keeps configuration, state, sockets; at the default places and where XDG variables point.

    The names are platformdirs'; it is not imported because it would cost 3 ms of every run.
    """
    out = {f"/etc/{APP}", f"/tmp/{APP}-{uid}", f"/run/user/{uid}/{APP}"}  # noqa: S108 - named to be hidden
    for variable, default in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_RUNTIME_DIR", ""),
    ):
        if default:
            out.add(f"{home}/{default}/{APP}")
        base = env.get(variable, "")
        if base.startswith("/"):
            out.add(f"{base}/{APP}")
    if store:
        path = os.path.abspath(os.path.expanduser(store))
        out.update((path, f"{path}-wal", f"{path}-shm"))
    return tuple(sorted(out))


def secrets(home: str) -> tuple[str, ...]:
    return tuple(f"{home}/{name}" for name in (*SECRET_FOLDERS, *SECRET_FILES))


def dotenv_files(workspace: str, cwd: str) -> tuple[str, ...]:
    """Dotenv files of the project, found within bounds: four levels, 400 folders, no dependency folders."""
    found: set[str] = set()
    queue = [(workspace, 0)]
    if cwd != workspace:
        queue.insert(0, (cwd, _DEEPEST))
    seen = 0
    while queue and seen < _MOST_FOLDERS:
        folder, depth = queue.pop(0)
        seen += 1
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = entry.name
                    if _is_dotenv(name):
                        path = os.path.realpath(entry.path)
                        if os.path.isfile(path) and path.startswith(workspace + "/"):
                            found.add(path)
                    elif depth < _DEEPEST and name not in _SKIP and entry.is_dir(follow_symlinks=False):
                        queue.append((entry.path, depth + 1))
        except OSError:
            continue
    return tuple(sorted(found))


def _is_dotenv(name: str) -> bool:
    return (name == ".env" or name.startswith(".env.")) and not name.endswith(_SAMPLES)
