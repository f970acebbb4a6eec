"""What in a change needs eyes: things that run later, reach further, or hold a secret. Pure but for ``secret``.

A mark is a word for programs; ``MEANING`` has the sentence. Nothing is refused here, and a change without a mark is
not thereby harmless. Names are compared without regard to case, because some file systems do.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import os
import re
import stat

MEANING = {
    "setuid": "runs with its owner's or group's rights",
    "special": "not a file, folder or link",
    "link-out": "a link that leads out of the workspace",
    "runs-later": "other programs run or obey it later",
    "secret": "holds what looks like a key or password",
    "opened": "others may read or write it now",
    "executable": "became a program",
    "splits-link": "its other hard links keep the old content",
    "conflict": "changed on the host since the run began",
}

_NAMES = frozenset(
    """.envrc .bashrc .bash_profile .bash_login .bash_logout .profile .zshrc .zshenv .zprofile .zlogin .zlogout
    config.fish .inputrc .vimrc .exrc .nvimrc .gdbinit .lldbinit .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs .pypirc
    pip.conf package.json conftest.py sitecustomize.py usercustomize.py setup.py makefile gnumakefile justfile
    .pre-commit-config.yaml .gitmodules .gitattributes .gitconfig .gitlab-ci.yml .travis.yml jenkinsfile
    azure-pipelines.yml bitbucket-pipelines.yml vectra-guard.yaml .tool-versions mise.toml .mise.toml .python-version
    docker-compose.yml docker-compose.yaml compose.yaml compose.yml .netrc authorized_keys crontab
    build.rs .lldbinit lefthook.yml .claude.json claude.md agents.md .mcp.json""".split()
)
_ENDS = (".pth", ".desktop", ".service", ".timer", ".code-workspace", ".plist")
_PARTS = re.compile(
    r"(?:^|/)(?:\.git/(?:hooks/|config$|config\.worktree$|info/attributes$|modules/.*/(?:hooks/|config$))"
    r"|\.husky/|\.githooks/|\.github/(?:workflows|actions)/|\.circleci/|\.gitea/workflows/|\.forgejo/workflows/"
    r"|\.vscode/(?:tasks|launch|settings|extensions)\.json$|\.idea/|\.devcontainer/|\.cargo/config|\.direnv/"
    r"|\.claude/|\.cursor/|\.config/(?:autostart|systemd|fish)/|\.ssh/|\.local/bin/|\.mvn/|\.yarn/releases/)"
)
_DEPENDENCIES = re.compile(r"(?:^|/)(?:node_modules|site-packages|\.venv|venv|vendor|\.tox|\.nox|target|dist)/")
_SECRET_NAMES = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?!example|sample|template|dist)[\w.-]+)?|id_(?:rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass"
    r"|credentials(?:\.json)?|[^/]+\.(?:pem|key|p12|pfx|jks|keystore|kdbx))$"
)
_SECRET_TEXT = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----|(?<![\w-])(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}"
    rb"|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,}|sk-[\w-]{20,}|npm_[A-Za-z0-9]{30,}"
    rb"|pypi-[\w-]{30,}|hf_[A-Za-z0-9]{20,}|dckr_pat_[\w-]{16,})"
)
_SECRET_HINTS = tuple(
    b"PRIVATE KEY,AKIA,ASIA,ghp_,gho_,ghu_,ghs_,ghr_,github_pat_,glpat-,xox,AIza,sk-,npm_,pypi-,hf_,dckr_pat_".split(
        b","
    )
)
_SECRET_BYTES = 64 * 1024


def of_path(path: str) -> list[str]:
    low = path.lower()
    name = low.rpartition("/")[2]
    found = name in _NAMES or low.endswith(_ENDS) or _PARTS.search(low)
    if found and name in ("package.json", "setup.py", "makefile") and _DEPENDENCIES.search(low):
        return []  # of something installed: thousands, and run by nobody's habit
    return ["runs-later"] if found else []


def of_mode(mode: int, old_mode: int | None, kind: str) -> list[str]:
    out = []
    if kind == "file" and mode & (stat.S_ISUID | stat.S_ISGID):
        out.append("setuid")
    if kind in ("fifo", "socket", "device"):
        out.append("special")
    if old_mode is not None and kind in ("file", "dir"):
        if mode & ~old_mode & 0o066:
            out.append("opened")
        if kind == "file" and mode & 0o111 and not old_mode & 0o111:
            out.append("executable")
    return out


def of_link(root: str, path: str, target: str) -> list[str]:
    """``root``: the workspace on the host."""
    where = os.path.normpath(os.path.join(root, os.path.dirname(path), target))
    return [] if where == root or where.startswith(root.rstrip("/") + "/") else ["link-out"]


def may_hold_secret(path: str, size: int) -> bool:
    return size > 0 and not _DEPENDENCIES.search(path.lower())


def secret(file: str, path: str) -> bool:
    """Does the first part of ``file`` hold a key? A name that only keys have is enough, and all there is if ``file``
    is empty."""
    if _SECRET_NAMES.search(path.lower()):
        return True
    if not file:
        return False
    try:
        fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        data = os.read(fd, _SECRET_BYTES)
        # searching for plain words is many times faster than the pattern
        return any(hint in data for hint in _SECRET_HINTS) and bool(_SECRET_TEXT.search(data))
    except OSError:
        return False
    finally:
        os.close(fd)
