"""Where the guard keeps its files. One place, so that sandboxes can hide all of them.

Every folder belongs to the user alone. ``runtime_dir`` must be found by the shell hooks without starting Python,
so its rule is this simple one and not platformdirs': ``$XDG_RUNTIME_DIR/vectra-guard``, else
``/tmp/vectra-guard-UID``.
"""

from __future__ import annotations

import os
import stat
import sys

from vectra_guard.errors import GuardError

APP = "vectra-guard"
PLATFORM: str = sys.platform


def runtime_dir() -> str:
    """Folder of the resident evaluator's endpoints. Not created here."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base.startswith("/"):
        return f"{base}/{APP}"
    return f"/tmp/{APP}-{os.getuid()}"  # noqa: S108 - owner and mode are checked by ``private_dir``


def config_dir() -> str:
    return _user_folder("config", "XDG_CONFIG_HOME", ".config")


def state_dir() -> str:
    return _user_folder("state", "XDG_STATE_HOME", ".local/state")


def data_dir() -> str:
    return _user_folder("data", "XDG_DATA_HOME", ".local/share")


def cache_dir() -> str:
    return _user_folder("cache", "XDG_CACHE_HOME", ".cache")


def _user_folder(kind: str, variable: str, default: str) -> str:
    """What platformdirs answers. On Linux its rule is this short, and importing it costs 16 ms of each ``vg``."""
    if PLATFORM == "linux":
        base = os.environ.get(variable, "").strip()
        return os.path.join(base if base.startswith("/") else os.path.expanduser(f"~/{default}"), APP)
    import platformdirs

    return str(getattr(platformdirs, f"user_{kind}_dir")(APP))


SYSTEM_CONFIG = f"/etc/{APP}/config.yaml"
PROJECT_CONFIG = f"{APP}.yaml"


def private_dir(path: str) -> str:
    """Create ``path`` with mode 0700, or check that it is ours and nobody else's; returns it.

    Raises GuardError when it belongs to somebody else, is a link, or is open to others.
    """
    try:
        os.makedirs(path, mode=0o700)
    except FileExistsError:
        pass
    except OSError as err:
        raise GuardError(f"{path}: cannot create this folder ({err.strerror}); the guard needs it") from err
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise GuardError(f"{path}: not a folder of yours; remove it, then try again")
    if info.st_mode & 0o077:
        raise GuardError(f"{path}: open to other users; run: chmod 700 {path}")
    return path
