"""Find what a file would run, so that it can be judged without running it: scripts, Makefiles, Dockerfiles, workflows.

``blocks`` turns a file into texts for the evaluator, each with the line of the file where it stands. Reads only the
text it is given. A file that is not what its name says raises Unreadable with the line; whoever calls treats it as
not judged, never as clean.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from vectra_guard.validate import dockerfiles, makefiles, manifests, scripts, workflows
from vectra_guard.validate.block import Block, Row, Unreadable

SKIPPED = frozenset((".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", "target", "dist", "build"))
"""Folders that are not looked into: not written by the project, or written anew."""


def reader(path: str, first_line: str) -> Callable[[str, str], list[Block]] | None:
    """What reads this kind of file, by its name and, for scripts, by ``#!``. None: nothing that runs commands."""
    name = os.path.basename(path)
    folder = os.path.dirname(path).replace(os.sep, "/")
    if name in ("Makefile", "makefile", "GNUmakefile") or name.endswith(".mk"):
        return makefiles.read
    if name in ("Dockerfile", "Containerfile") or name.endswith((".Dockerfile", ".dockerfile")):
        return dockerfiles.read
    if name.startswith(("Dockerfile.", "Containerfile.")):
        return dockerfiles.read
    if name == "package.json":
        return manifests.read
    if name.endswith((".yml", ".yaml")):
        workflow = folder.endswith(".github/workflows") or name in ("action.yml", "action.yaml")
        return workflows.read if workflow else None
    return scripts.read if scripts.interpreter(path, first_line) else None


def blocks(path: str, text: str) -> list[Block]:
    """The commands of one file. Empty for a file that runs none. Raises Unreadable."""
    read = reader(path, text.partition("\n")[0])
    return read(path, text) if read else []


__all__ = ["SKIPPED", "Block", "Row", "Unreadable", "blocks", "reader"]
