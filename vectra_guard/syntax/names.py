"""Names of commands: which program a path means, and which commands the shell has inside."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.params import matches


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


BIN_FOLDERS = frozenset({"bin", "sbin", ".bin", "libexec", "Scripts", "applets"})

_POSIX = word_set(
    ". : alias bg break cd command continue eval exec exit export fc fg getopts hash jobs kill read readonly"
    " return set shift times trap type ulimit umask unalias unset wait test [ echo printf pwd true false"
)
BUILTINS: Mapping[str, frozenset[str]] = {
    "sh": _POSIX | {"local"},
    "bash": _POSIX | word_set(
    "source builtin caller compgen complete compopt declare dirs disown enable help history let local logout"
    " mapfile popd pushd readarray shopt suspend typeset bind [[ (("
),
    "zsh": _POSIX | word_set(
    "source builtin autoload bindkey declare dirs disable disown emulate enable float functions getln history"
    " integer let limit local log logout noglob nocorrect popd print pushd pushln rehash sched setopt suspend"
    " typeset unfunction unhash unlimit unsetopt vared whence where which zcompile zle zmodload zparseopts"
    " zstyle compdef zmv [[ (("
),
    "fish": word_set(
    "alias and begin bg bind block break breakpoint builtin case cd command commandline complete contains"
    " continue count disown echo else emit end eval exec exit false fg for function functions history if jobs"
    " math not or printf pwd random read realpath return set set_color source status string switch test time"
    " trap true type ulimit umask wait while [ . : abbr argparse dirh dirs cdh fish_add_path funced funcsave"
    " nextd popd prevd pushd export"
),
}  # fmt: skip
"""Per shell: what it runs itself. Not all of them change its state (echo); ``shellstate.CHANGES_STATE`` do."""


def normal(path: str, cwd: str) -> str:
    """An absolute path without ``.`` and ``..``; links are not followed."""
    if not path.startswith("/"):
        path = cwd.rstrip("/") + "/" + path
    made = posixpath.normpath(path)
    return made[1:] if made.startswith("//") else made


TELLING = word_set(
    "rm sh bash dash zsh dd cat nc ncat chmod chown mkfs shred mv cp curl wget sudo python3 perl kill find tee base64"
)


def matched(pattern: str) -> str:
    """A command whose name is a glob: the program that it would most tellingly match, else not known."""
    for folder in ("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/") if "/" in pattern else ("",):
        for name in sorted(TELLING):
            if matches(folder + name, pattern):
                return name
    return UNKNOWN


def command_name(text: str, copies: Mapping[str, str], cwd: str) -> str:
    """The name by which a command is known. A path into a folder of programs is its base name, and so is a copy
    made in this line; any other path (``./rm``, ``../deploy.sh``) is some file and stays as it is."""
    if copies:
        real = copies.get(normal(text, cwd)) if "/" in text else copies.get("bin:" + text)
        if real:
            return real
    if "/" not in text:
        return text
    folder, _, base = text.rpartition("/")
    folder = folder.rstrip("/")
    if base.startswith(("ld-", "ld.so")) and ".so" in base:
        return base
    if folder.rpartition("/")[2] in BIN_FOLDERS:
        return base
    return text
