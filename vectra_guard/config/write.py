"""Change one key of a configuration file and keep everything else: comments, order, quoting.

The new text is checked against the schema before it replaces the file, atomically, with the old one kept beside it as
``FILE.bak``. Raises ConfigError; nothing is half-written.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

from vectra_guard.config import reading
from vectra_guard.errors import ConfigError

LONGEST_LINE = 4096
"""Lines are the user's: none is folded."""


def set_key(path: str, name: str, value: Any) -> None:
    """Set ``name`` (dotted) to ``value`` (already checked), creating the file and its folder where needed."""
    edit(path, {name: value})


def edit(path: str, changes: Mapping[str, Any]) -> None:
    """Set several keys at once; a value of None takes the key out."""
    old = _read(path)
    new = _edited(old, changes, path)
    reading.parse(new, path)
    _replace(path, old, new)


def _edited(old: str, changes: Mapping[str, Any], path: str) -> str:
    # ruamel.yaml costs 60 ms: only what edits a file pays for it
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.util import load_yaml_guess_indent

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = LONGEST_LINE
    try:
        data = yaml.load(old)
        _, _, offset = load_yaml_guess_indent(old, yaml=YAML())
    except YAMLError as err:
        raise ConfigError(f"not valid YAML: {err}", path) from err
    if offset is not None:
        yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    only_comments = data is None
    data = {} if only_comments else data
    if not isinstance(data, dict):
        raise ConfigError("the file must hold `key: value` lines", path)
    for name, value in changes.items():
        _change(data, name, value)
    out = io.StringIO()
    if data:
        yaml.dump(data, out)
    kept = f"{old.rstrip()}\n\n" if only_comments and old.strip() else ""
    return kept + out.getvalue()


def _change(data: dict[str, Any], name: str, value: Any) -> None:
    section, dot, key = name.rpartition(".")
    if dot and not isinstance(data.get(section), dict):
        if value is None:
            return
        data[section] = {}
    where = data[section] if dot else data
    if value is None:
        where.pop(key if dot else name, None)
    else:
        where[key if dot else name] = list(value) if isinstance(value, tuple) else value


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"cannot be read ({err})", path) from err


def _replace(path: str, old: str, new: str) -> None:
    """A link stays a link, and the file keeps its mode."""
    path = os.path.realpath(path)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o644
        for target, text in ((f"{path}.bak", old), (path, new)):
            if target.endswith(".bak") and not old:
                continue
            temporary = f"{target}.{os.getpid()}"
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                os.fchmod(fd, mode)
                file.write(text)
            os.replace(temporary, target)
    except OSError as err:
        raise ConfigError(f"cannot be written ({err.strerror}); nothing was changed", path) from err
