"""The ``scripts`` of a package.json. Each is one line for ``sh``."""

from __future__ import annotations

import json

from vectra_guard.validate.block import Block, Unreadable


def read(path: str, text: str) -> list[Block]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as err:
        raise Unreadable(err.lineno, f"not JSON ({err.msg})") from err
    scripts = data.get("scripts") if isinstance(data, dict) else None
    if not isinstance(scripts, dict):
        return []
    found, at = [], max(text.find('"scripts"'), 0)
    for name, command in scripts.items():
        # in the order of the file, so that a name that stands elsewhere too is found in its place
        key = text.find(json.dumps(name, ensure_ascii=False), at)
        at = key if key >= 0 else at
        if isinstance(command, str):
            found.append(Block(command.replace("\n", " "), text.count("\n", 0, at) + 1, "sh", f"script {name}"))
    return found
