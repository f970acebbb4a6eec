"""Which files a trusted command would run, and whether they are still what was trusted.

Knows the common ways to run a file by name; reads it to hash it. What it cannot read counts as changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence

INTERPRETERS = frozenset(
    ["sh", "bash", "zsh", "fish", "dash", "ksh", "python", "python3", "node", "deno", "bun", "ruby", "perl", "php"]
)
SOURCING = frozenset((".", "source"))
MANIFESTS: Mapping[str, tuple[str, ...]] = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "gmake": ("GNUmakefile", "makefile", "Makefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml"),
    "npm": ("package.json",),
    "yarn": ("package.json",),
    "pnpm": ("package.json",),
    "composer": ("composer.json",),
    "rake": ("Rakefile",),
    "invoke": ("tasks.py",),
}
LARGEST = 16 << 20
"""Bytes of a file that are read at most; a larger one cannot be vouched for."""


def run_by(argv: Sequence[str], cwd: str) -> tuple[str, ...]:
    """Absolute paths of the existing files whose content decides what ``argv`` does."""
    if not argv:
        return ()
    name = os.path.basename(argv[0])
    found: list[str] = []
    if "/" in argv[0]:
        found.append(argv[0])
    if name in INTERPRETERS or name in SOURCING:
        found += [next((word for word in argv[1:] if not word.startswith("-")), "")]
    found += MANIFESTS.get(name, ())
    absolute = (os.path.join(cwd, path) for path in found if path)
    return tuple(dict.fromkeys(path for path in absolute if os.path.isfile(path)))


def digest(path: str) -> str:
    """SHA-256 of a file's content; empty when it cannot be read whole."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError:
        return ""
    return hashlib.sha256(data).hexdigest() if len(data) <= LARGEST else ""


def digests(paths: Iterable[str]) -> dict[str, str]:
    """Path -> digest, to keep with a trust entry."""
    return {path: digest(path) for path in paths}


def changed(kept: Mapping[str, str]) -> tuple[str, ...]:
    """The paths whose content is not what was trusted."""
    return tuple(path for path, was in kept.items() if not was or digest(path) != was)
