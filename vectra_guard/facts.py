"""What the evaluator may know of the world, gathered here because the core does no I/O.

Everything is read from files directly: no process is started. Each probe is one ``lstat``; a folder is never
listed here. What cannot be read is left out, and the evaluator then judges by names alone (the stricter way).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache

from vectra_guard.config.schema import ProductionIndicators
from vectra_guard.model import Facts, PathInfo, Request

CERTAIN = ("HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
"""Exported variables that a line may be assumed to see with the value the guard sees."""


PROFILES = ("AWS_PROFILE", "CLOUDSDK_ACTIVE_CONFIG_NAME", "AZURE_PROFILE")
OBSERVED = (*CERTAIN, *PROFILES, "KUBECONFIG")
"""Everything of an environment that ``gather`` looks at."""


def gather(
    cwd: str,
    home: str,
    indicators: ProductionIndicators,
    *,
    environ: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    functions: Mapping[str, str] | None = None,
) -> Facts:
    """The facts for a line typed in ``cwd``."""
    env = _own_environment() if environ is None else environ
    root = git_root(cwd)
    branch = git_branch(root) if root else ""
    variables = {name: env[name] for name in CERTAIN if env.get(name)}
    if home:
        variables["HOME"] = home
    variables["PWD"] = cwd
    return Facts(
        user=env.get("USER", ""),
        uid=os.getuid(),
        git_root=root,
        git_branch=branch,
        production=production(indicators, cwd, branch, env),
        aliases=aliases or {},
        functions=functions or {},
        variables=variables,
        # a line judged for another machine (its folder is not here): what is here says nothing of there
        path_info=path_info if os.path.isdir(cwd) else None,
    )


@cache
def _own_environment() -> dict[str, str]:
    """A plain copy: ``os.environ`` encodes and decodes at every look, on every line."""
    return dict(os.environ)


def _cached_text(path: str, limit: int) -> str:
    """The beginning of a file, read again only when it changed: most lines are typed where the last one was."""
    try:
        info = os.stat(path)
        stamp = (info.st_mtime_ns, info.st_size, info.st_ino)
        held = _texts.get(path)
        if held is None or held[0] != stamp:
            if len(_texts) > 200:
                _texts.clear()
            with open(path, encoding="utf-8", errors="replace") as file:
                held = _texts[path] = (stamp, file.read(limit))
        return held[1]
    except OSError:
        return ""


_texts: dict[str, tuple[tuple[int, int, int], str]] = {}


def path_info(path: str) -> PathInfo | None:
    """What is at an absolute path, from one ``lstat``; None when that cannot be told."""
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return PathInfo(exists=False)
    except (OSError, ValueError):
        return None
    return PathInfo(is_dir=stat.S_ISDIR(info.st_mode), is_link=stat.S_ISLNK(info.st_mode))


def git_root(folder: str) -> str | None:
    """The work tree that holds ``folder``, by the nearest ``.git`` (a folder, or a file in worktrees)."""
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder or not folder:
            return None
        folder = parent


def git_branch(root: str) -> str:
    """The branch that HEAD names; empty when detached or unreadable."""
    head = _cached_text(f"{root}/.git/HEAD", 4096).strip()
    if not head:
        folder = _cached_text(f"{root}/.git", 4096).partition("gitdir:")[2].strip()
        head = _cached_text(os.path.join(root, folder, "HEAD"), 4096).strip() if folder else ""
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""


def production(indicators: ProductionIndicators, cwd: str, branch: str, env: Mapping[str, str]) -> str:
    """Why this is a production context, or empty."""
    if branch and _any(indicators.branches, branch):
        return f"branch {branch}"
    host = _host()
    if _any(indicators.hosts, host):
        return f"host {host}"
    for variable in PROFILES:
        if env.get(variable) and _any(indicators.cloud_profiles, env[variable]):
            return f"{variable}={env[variable]}"
    context = kube_context(env) if indicators.kube_contexts else ""
    if context and _any(indicators.kube_contexts, context):
        return f"kube context {context}"
    for folder in indicators.paths:
        top = os.path.expanduser(folder).rstrip("/")
        if top and (cwd == top or cwd.startswith(top + "/")):
            return f"folder {top}"
    return ""


@cache
def _host() -> str:
    return os.uname().nodename


def kube_context(env: Mapping[str, str]) -> str:
    """``current-context`` of the kubectl configuration, found line by line (no YAML on the hot path)."""
    path = env.get("KUBECONFIG", "").partition(":")[0] or os.path.join(env.get("HOME", ""), ".kube", "config")
    found = _cached_text(path, 1 << 20).partition("current-context:")[2].partition("\n")[0]
    return found.strip().strip("\"'")


def _any(patterns: tuple[str, ...], value: str) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def here(line: str, *, argv: Sequence[str] | None = None, shell: str = "bash", interactive: bool) -> Request:
    """A request for this process's own working directory and home."""
    return Request(
        line=line,
        shell=shell,
        cwd=working_directory(),
        home=os.environ.get("HOME", ""),
        interactive=interactive,
        argv=tuple(argv) if argv is not None else None,
    )


def working_directory() -> str:
    """The working directory as the shell names it (``PWD``, through links) where that is true, else resolved."""
    named = os.environ.get("PWD", "")
    try:
        if named.startswith("/") and os.path.samefile(named, "."):
            return named
        return os.getcwd()
    except OSError:
        return named or "/"
