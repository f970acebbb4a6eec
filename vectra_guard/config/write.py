"""Change one key of a configuration file and keep everything else: comments, order, quoting.

The new text is checked against the schema before it replaces the file, atomically, with the old one kept beside it as
``FILE.bak``. Raises ConfigError; nothing is half-written.
"""

from __future__ import annotations

import io
import os
from typing import Any

from vectra_guard.config import reading
from vectra_guard.errors import ConfigError


def set_key(path: str, name: str, value: Any) -> None:
    """Set ``name`` (dotted) to ``value`` (already checked), creating the file and its folder where needed."""
    edit(path, {name: value})


def edit(path: str, changes: dict[str, Any]) -> None:
    # ruamel.yaml costs 60 ms: only what edits a file pays for it
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    old = _read(path)
    yaml = YAML()
    yaml.preserve_quotes = True
    try:
        data = yaml.load(old) if old.strip() else {}
    except YAMLError as err:
        raise ConfigError(f"not valid YAML: {err}", path) from err
    data = {} if data is None else data
    for name, value in changes.items():
        section, dot, key = name.rpartition(".")
        where = data
        if dot:
            if data.get(section) is None:
                data[section] = {}
            where = data[section]
        where[key if dot else name] = list(value) if isinstance(value, tuple) else value
    out = io.StringIO()
    yaml.dump(data, out)
    reading.parse(out.getvalue(), path)
    _replace(path, old, out.getvalue())


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"cannot be read ({err})", path) from err


def _replace(path: str, old: str, new: str) -> None:
    path = os.path.realpath(path)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        for target, text in ((f"{path}.bak", old), (path, new)):
            if target.endswith(".bak") and not old:
                continue
            temporary = f"{target}.{os.getpid()}"
            with open(temporary, "x", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, target)
    except OSError as err:
        raise ConfigError(f"cannot be written ({err.strerror}); nothing was changed", path) from err
