"""Which folders under home hold programs: every folder on PATH with the root that it belongs to.

A version manager's root (``.pyenv``, ``.nvm`` …) is known by name; any other ``bin`` folder brings its parent when
that looks like an installation prefix; links out of ``~/.local/bin`` and the interpreters of virtual environments
are followed. What is found is shown read-only. What is missed makes a program fail to start, never more readable.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import os
from collections.abc import Iterable

ROOTS = (
    ".pyenv .rbenv .nodenv .goenv .jenv .phpenv .plenv .tfenv .asdf .nvm .volta .fnm .n .sdkman .rustup .bun .deno "
    ".rvm .ghcup .cabal .opam .dotnet .krew .linuxbrew .jbang .pixi .rye .proto .gem .dart-sdk .pub-cache "
    "miniconda3 anaconda3 miniforge3 mambaforge micromamba google-cloud-sdk go/bin sdk "
    ".local/share/fnm .local/share/mise .local/share/rtx .local/share/pnpm .local/share/uv .local/share/pipx "
    ".local/share/pypoetry .local/share/coursier .local/share/gem .local/share/virtualenvs .local/pipx "
    ".config/composer/vendor .composer/vendor .config/yarn/global .yarn/bin .cargo/bin .cargo/env .poetry .npm-global"
).split()
_NEEDS = {".cargo/bin": (".rustup",), ".config/yarn/global": (".yarn/bin",), ".nvm": (".nvmrc",)}
_PINS = (".tool-versions", ".python-version", ".node-version", ".nvmrc", ".ruby-version", ".java-version", ".sdkmanrc")
_SHARED = (".local", ".config", ".cache", ".local/share", "Documents", "Downloads", "Desktop", "src", "projects")
_PREFIX_MARKS = ("lib", "lib64", "libexec", "share", "include", "pyvenv.cfg", "conda-meta")


def visible(path: str, home: str, extra: Iterable[str] = (), hidden: Iterable[str] = ()) -> list[str]:
    """Paths under ``home`` to show read-only, sorted, none below another. ``path`` is the value of PATH; ``extra``
    are virtual environments; nothing that leads into ``hidden`` is followed."""
    found: set[str] = set()
    blocked = tuple(hidden)
    for folder in path.split(":"):
        if folder.startswith("/"):
            _add_folder(folder, home, found)
    for folder in extra:
        if folder:
            _add_environment(folder, home, found)
    if found:
        found.update(f"{home}/{name}" for name in _PINS if os.path.isfile(f"{home}/{name}"))
    kept = {item for item in found if not any(_within(item, gone) or _within(gone, item) for gone in blocked)}
    return outermost(kept)


def elsewhere(folders: Iterable[str], home: str, shown: Iterable[str]) -> list[str]:
    """The same for folders that are neither under home nor in ``shown`` (``/srv/tools/bin``, an environment made
    from an interpreter in ``/data``): each with its installation, and the interpreter it was made from."""
    known = list(shown)
    found: set[str] = set()
    queue = list(folders)
    while queue and len(found) < 40:
        folder = os.path.realpath(queue.pop(0))
        if _within(folder, home) or any(_within(folder, item) for item in known) or not os.path.isdir(folder):
            continue
        parent = os.path.dirname(folder)
        has_prefix = any(os.path.exists(f"{parent}/{mark}") for mark in ("lib", "pyvenv.cfg", "conda-meta"))
        root = parent if has_prefix and parent not in ("/", "/usr") and not _within(home, parent) else folder
        if _within(home, root):
            continue
        found.add(root)
        known.append(root)
        base = base_python(root)
        if base:
            queue.append(base)
    return outermost(found)


def program(name: str, path: str, cwd: str, home: str) -> list[str]:
    """What one program needs under home: its own root, what its links lead to, its interpreter."""
    found: set[str] = set()
    where = (
        name
        if "/" in name
        else next(
            (f"{folder}/{name}" for folder in path.split(":") if folder and os.access(f"{folder}/{name}", os.X_OK)), ""
        )
    )
    if not where:
        return []
    where = os.path.normpath(os.path.join(cwd, where))
    for _ in range(8):
        _add_file(where, home, found)
        if not os.path.islink(where):
            break
        where = os.path.normpath(os.path.join(os.path.dirname(where), os.readlink(where)))
    _add_file(_interpreter(where), home, found)
    return outermost(found)


def _add_folder(folder: str, home: str, found: set[str]) -> None:
    folder = os.path.normpath(folder)
    real = os.path.realpath(folder)
    for item in {folder, real}:
        if not _within(item, home) or not os.path.isdir(item):
            continue
        root = root_of(item, home)
        _add_root(root, home, found)
        if root == item and root[len(home) + 1 :] not in ROOTS:
            _add_links(item, home, found)
    name = os.path.basename(folder)
    if name in ("bin", "Scripts"):
        _add_environment(os.path.dirname(folder), home, found)


def _add_links(folder: str, home: str, found: set[str]) -> None:
    """A folder of launchers (``~/.local/bin``): what its links and its scripts' interpreters lead to."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names[:400]:
        where = f"{folder}/{name}"
        if os.path.islink(where):
            _add_file(os.path.realpath(where), home, found)
        else:
            _add_file(_interpreter(where), home, found)


def _add_file(path: str, home: str, found: set[str]) -> None:
    if path and _within(path, home) and os.path.exists(path):
        folder = os.path.dirname(path)
        root = root_of(folder, home)
        _add_root(path if root in (home, folder) else root, home, found)
        if os.path.basename(folder) == "bin":
            _add_environment(os.path.dirname(folder), home, found)


def _add_root(root: str, home: str, found: set[str]) -> None:
    found.add(root)
    for need in _NEEDS.get(root[len(home) + 1 :], ()):
        if os.path.exists(f"{home}/{need}"):
            found.add(f"{home}/{need}")


def _add_environment(folder: str, home: str, found: set[str]) -> None:
    """A virtual environment, and the interpreter that it was made from."""
    base = base_python(folder)
    if base is None:
        return
    if _within(folder, home):
        found.add(folder)
    for item in (base, os.path.realpath(base)):
        if _within(item, home) and os.path.isdir(item):
            root = root_of(item, home)
            found.add(root if root != home else item)


def base_python(folder: str) -> str | None:
    """The folder of the interpreter that the virtual environment ``folder`` was made from."""
    try:
        with open(f"{folder}/pyvenv.cfg", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                key, _, value = line.partition("=")
                if key.strip() == "home":
                    return value.strip()
    except OSError:
        pass
    return None


def _interpreter(path: str) -> str:
    """The interpreter of a script's first line, or an empty string."""
    try:
        with open(path, "rb") as file:
            if file.read(2) != b"#!":
                return ""
            line = file.readline(512).split()
    except OSError:
        return ""
    return os.fsdecode(line[0]) if line else ""


def root_of(folder: str, home: str) -> str:
    """The installation that ``folder`` (under home) belongs to; itself when it belongs to none."""
    relative = folder[len(home) + 1 :]
    for root in ROOTS:
        if _within(relative, root):
            return f"{home}/{root}"
    parent = os.path.dirname(folder)
    if os.path.basename(folder) in ("bin", "sbin", "libexec") and parent != home:
        shared = parent[len(home) + 1 :] in _SHARED
        if not shared and any(os.path.exists(f"{parent}/{mark}") for mark in _PREFIX_MARKS):
            return parent
    return folder


def outermost(paths: Iterable[str]) -> list[str]:
    """Sorted, without those that lie below another."""
    out: list[str] = []
    for path in sorted(paths, key=lambda item: item.split("/")):
        if not out or not _within(path, out[-1]):
            out.append(path)
    return out


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
