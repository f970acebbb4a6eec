"""Which folder is the project: the one place where a sandboxed command may write.

The git root, else the nearest folder with a manifest, else the folder itself; never the home folder, a system
folder, ``/tmp`` itself or a folder of secrets. Also what git needs to see besides it (worktrees, submodules).
Fails by raising SandboxError with what to do instead.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import os
from typing import NamedTuple

from vectra_guard.errors import SandboxError

MANIFESTS = frozenset(
    (
        "package.json pyproject.toml setup.py setup.cfg requirements.txt Pipfile Cargo.toml go.mod Gemfile pom.xml "
        "build.gradle build.gradle.kts composer.json Makefile CMakeLists.txt meson.build deno.json mix.exs "
        "Package.swift pubspec.yaml build.sbt project.clj stack.yaml cabal.project vectra-guard.yaml"
    ).split()
)
_SYSTEM = (
    "/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /lost+found /nix /opt /proc /run /sbin /snap /sys /usr /var"
).split()
_WHOLE = ("/", "/home", "/root", "/tmp", "/var/tmp", "/srv", "/mnt", "/media", "/data", "/work", "/Users")  # noqa: S108
"""Folders that hold many projects: too much to hand to one command. What lies below them is fine."""
_SYSTEM_EXCEPT = ("/var/tmp/", "/var/www/", "/var/lib/jenkins/", "/run/media/", "/opt/")  # noqa: S108
SECRET_FOLDERS = (
    ".ssh .gnupg .aws .azure .kube .docker .config/gcloud .config/gh .config/doctl .config/hub .config/op "
    ".config/sops .config/rclone .config/google-chrome .config/chromium .config/BraveSoftware .mozilla .thunderbird "
    ".password-store .local/share/keyrings .local/share/kwalletd .pki .vault-token.d .oci .terraform.d "
    ".config/vectra-guard .local/share/vectra-guard .local/state/vectra-guard .cache/vectra-guard .claude .codex"
).split()
SECRET_FILES = (
    ".netrc .git-credentials .config/git/credentials .pypirc .npmrc .yarnrc.yml .pgpass .my.cnf .vault-token "
    ".cargo/credentials .cargo/credentials.toml .gem/credentials .m2/settings.xml .m2/settings-security.xml "
    ".gradle/gradle.properties .config/pip/pip.conf .pip/pip.conf .config/pypoetry/auth.toml .composer/auth.json "
    ".config/composer/auth.json .bash_history .zsh_history .local/share/fish/fish_history .python_history "
    ".node_repl_history .psql_history .mysql_history .lesshst .viminfo .Xauthority .ICEauthority .terraformrc "
    ".boto .s3cfg .dockercfg .influxdbv2 .rediscli_history .wget-hsts .smbcredentials .env"
).split()


class Git(NamedTuple):
    """What git needs of a working tree: its own folder, and the common one when that lies elsewhere."""

    root: str
    folder: str  # the .git folder (for worktrees and submodules outside ``root``)
    common: str  # where objects, refs, hooks and configuration are


def git_of(start: str, stop: str) -> Git | None:
    """The innermost git working tree that holds ``start``, without running git. ``stop`` itself is not looked at."""
    folder = start
    while folder not in ("/", stop):
        entry = f"{folder}/.git"
        if os.path.isdir(entry):
            return Git(folder, entry, entry)
        if os.path.isfile(entry):
            own = _linked(entry, "gitdir:")
            if own and os.path.isfile(f"{own}/HEAD"):
                return Git(folder, own, _linked(f"{own}/commondir", "") or own)
        folder = os.path.dirname(folder)
    return None


def _linked(path: str, prefix: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.readline(4096).strip()
    except OSError:
        return ""
    if not text.startswith(prefix):
        return ""
    target = os.path.join(os.path.dirname(path), text[len(prefix) :].strip())
    return os.path.realpath(target)


def find(cwd: str, home: str) -> str:
    """The project folder for ``cwd`` (both without symbolic links). SandboxError where none can be."""
    git = git_of(cwd, home)
    if git is not None:
        root = git.root
    else:
        root = cwd
        folder = cwd
        while folder not in ("/", home):
            try:
                names = os.listdir(folder)
            except OSError:
                names = []
            if not MANIFESTS.isdisjoint(names):
                root = folder
                break
            folder = os.path.dirname(folder)
    if refusal(root, home):
        root = cwd
    reason = refusal(root, home)
    if reason:
        raise SandboxError(f"{root} cannot be the project folder of a sandbox: {reason}; change into a project first")
    return root


def refusal(path: str, home: str) -> str:
    """Why ``path`` must not be writable inside, or an empty string."""
    if path == home:
        return "it is the home folder"
    if path in _WHOLE:
        return "it holds more than one project"
    if home and (home + "/").startswith(path + "/"):
        return "the home folder lies in it"
    for folder in SECRET_FOLDERS:
        secret = f"{home}/{folder}"
        if path == secret or path.startswith(secret + "/"):
            return "it holds secrets"
    for folder in _SYSTEM:
        if (path == folder or path.startswith(folder + "/")) and not path.startswith(_SYSTEM_EXCEPT):
            return "it is a system folder"
    return ""


def is_exposed(path: str, mounted: str) -> bool:
    """Whether ``path`` lies below, or is, the folder ``mounted``."""
    return path == mounted or path.startswith(mounted.rstrip("/") + "/")
