"""Which files a trusted command would run, and whether they are still what was trusted.

Knows the common ways to run a file by name; reads it to hash it. What it cannot read counts as changed. Files that
such a file reads in turn (an included Makefile, a sourced script) are not followed.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence

from vectra_guard.redact import redact
from vectra_guard.store.text import storable

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
IN_FOLDER = frozenset(("-C", "--directory", "--prefix", "--dir", "--cwd", "-d", "--working-directory"))
"""Options of the tools above that name the folder to work in, as a word of its own."""
FROM_FILE = frozenset(("-f", "--file", "--makefile", "--justfile", "--taskfile", "--rakefile"))
LARGEST = 16 << 20
"""Bytes of a file that are read at most; a larger one cannot be vouched for."""
LARGEST_KEPT = 256 << 10
"""Bytes of a file whose text is kept to show later what changed."""


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
    if name in MANIFESTS:
        folder = _after(argv, IN_FOLDER)
        named = _after(argv, FROM_FILE)
        found += [os.path.join(folder, file) for file in ((named,) if named else MANIFESTS[name])]
    absolute = (os.path.join(cwd, path) for path in found if path)
    return tuple(dict.fromkeys(path for path in absolute if os.path.isfile(path)))


def of_runs(runs: Iterable[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """The same for several (folder, words)."""
    return tuple(dict.fromkeys(path for cwd, words in runs for path in run_by(words, cwd)))


def _after(argv: Sequence[str], options: frozenset[str]) -> str:
    return next((value for word, value in itertools.pairwise(argv) if word in options), "")


def digest(path: str) -> str:
    """SHA-256 of a file's content; empty when it cannot be read whole."""
    data = _read(path)
    return hashlib.sha256(data).hexdigest() if data is not None else ""


def contents(paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Path -> (digest, redacted text; empty for what is too long to keep), for a trust entry."""
    found = {}
    for path in paths:
        data = _read(path)
        digest = hashlib.sha256(data).hexdigest() if data is not None else ""
        found[path] = (digest, _text(data) if data is not None and len(data) <= LARGEST_KEPT else "")
    return found


def changed(kept: Mapping[str, str]) -> tuple[str, ...]:
    """The paths whose content is not what was trusted."""
    return tuple(path for path, was in kept.items() if not was or digest(path) != was)


def diff(old: str | None, path: str) -> list[str]:
    """The lines of a unified diff from a kept text to the file as it is now, secrets redacted in both."""
    import difflib  # only a question about a changed file pays for it

    data = _read(path)
    if data is None:
        return ["it is not there any more, or cannot be read"]
    if not old or len(data) > LARGEST_KEPT:
        return ["its old text is not kept: read it before you go on"]
    lines = difflib.unified_diff(old.splitlines(), _text(data).splitlines(), "trusted", "now", n=1, lineterm="")
    return list(lines) or ["what changed is hidden: it looks like a secret"]


def _read(path: str) -> bytes | None:
    """Nothing for what is no plain file: reading a pipe would wait."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not os.path.isfile(path):
                return None
            data = file.read(LARGEST + 1)
    except OSError:
        return None
    return data if len(data) <= LARGEST else None


def _text(data: bytes) -> str:
    return storable(redact(data.decode("utf-8", "surrogateescape")))
