"""Opens up commands that run other commands. ``handler(name)`` gives the function for a command, or None.

Each adds the inner commands to the walk (with ``wrappers``, ``privileged``, ``place``) and returns their output, or
None where this use of the command runs nothing else (``sudo -l``). A new plain wrapper is a row in ``wrappers``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from vectra_guard.syntax import unwrap_lists as lists
from vectra_guard.syntax import unwrap_places as places
from vectra_guard.syntax import unwrap_tools as tools
from vectra_guard.syntax.interpreters import SHELLS, program, run_file, shell, versioned
from vectra_guard.syntax.opening import assignments, inner_state, piece, run_row, split_words
from vectra_guard.syntax.state import Draft, Out, State
from vectra_guard.syntax.wrappers import REMOTE, ROWS, SUBROWS, Row

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

__all__ = ["handler", "run_file", "versioned"]
Handler = Callable[["Commands", Draft, State], "Out | None"]


def handler(name: str) -> Handler | None:
    found = SPECIAL.get(name)
    if found is not None:
        return found
    if name in ROWS:
        return _row
    if name in SHELLS:
        return shell
    if name in SUBCOMMANDS:
        return _subrow
    if name in REMOTE:
        return places.remote
    if name.startswith(("ld-", "ld.so")) and ".so" in name:
        return _loader
    return program if name in _languages() else None


@cache
def _languages() -> frozenset[str]:
    from vectra_guard.syntax.inline.table import LANGUAGES  # most lines name no interpreter

    return frozenset(LANGUAGES)


def _row(w: Commands, draft: Draft, st: State) -> Out | None:
    return run_row(w, draft, st, ROWS[draft.name], 1)


SUBCOMMANDS = {name for name, _ in SUBROWS}


def _subrow(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    bare = SUBROWS.get((draft.name, ""))
    if bare is not None:
        return run_row(w, draft, st, bare, 1)
    for at in range(1, min(len(words), 8)):
        row = SUBROWS.get((draft.name, words[at].text))
        if row is not None:
            return run_row(w, draft, st, row, at + 1)
        if words[at].text[:1] != "-" and words[at - 1].text[:1] != "-":
            break
    return program(w, draft, st) if draft.name in _languages() else None


def _loader(w: Commands, draft: Draft, st: State) -> Out | None:
    row = Row("", "library-path preload argv0 inhibit-rpath audit glibc-hwcaps-prepend")
    return run_row(w, draft, st, row, 1)


def _applet(w: Commands, draft: Draft, st: State) -> Out | None:
    if len(draft.words) < 2 or draft.words[1].text[:1] == "-":
        return None
    return w.argv(draft.words[1:], inner_state(draft, st))


def _env(w: Commands, draft: Draft, st: State) -> Out | None:
    words = list(draft.words)
    inner = inner_state(draft, st)
    at = 1
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text.startswith(("-S", "--split-string", "-vS", "-iS")):
            value = text.partition("=")[2] if text[:2] == "--" and "=" in text else text.partition("S")[2]
            if text == "--split-string":
                value = ""
            rest = words[at + 1 :]
            if not value and rest:
                value, rest = rest[0].text, rest[1:]
            pieces = [piece(words[at], p) for p in split_words(value)]
            words = [words[0], *pieces, *rest]
            at = 1
            continue
        if text in ("-u", "--unset", "-C", "--chdir") and at + 1 < len(words):
            if text in ("-C", "--chdir"):
                inner.cwd = words[at + 1].text
            at += 2
            continue
        if text[:1] != "-":
            break
        at += 1
    at, assigns = assignments(words, at)
    if at >= len(words):
        return None
    return w.argv(words[at:], inner, assigns)


def _sudo(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    for word in words[1:]:
        if word.text in ("-e", "--edit", "-l", "--list", "-v", "-K", "-k", "--validate") and word.text[:1] == "-":
            if word.text in ("-k",):
                continue
            return None
        if word.text[:1] != "-":
            break
    inner = st.share()
    text = words[1].text if len(words) > 1 else ""
    return run_row(w, draft, inner, ROWS[draft.name], 1) if text or len(words) == 1 else None


def _runuser(w: Commands, draft: Draft, st: State) -> Out | None:
    """``runuser -u USER COMMAND``; without ``-u`` it is ``su``."""
    own = any(x.text[:2] == "-u" or x.text.startswith("--user") for x in draft.words[1:])
    return run_row(w, draft, st, ROWS["runuser" if own else "su"], 1)


def _capsh(w: Commands, draft: Draft, st: State) -> Out | None:
    """What follows ``--`` are the arguments of a shell."""
    for at, word in enumerate(draft.words):
        if word.text in ("--", "=="):
            return w.argv([piece(word, "bash"), *draft.words[at + 1 :]], inner_state(draft, st))
    return None


CLIENTS = ("sqlite3", "sqlite", "duckdb", "psql", "pgcli", "mysql", "mariadb", "ftp", "lftp", "dc")
SPECIAL: dict[str, Handler] = {
    "runuser": _runuser,
    "capsh": _capsh,
    "nix": tools.after_option("-c", "--command"),
    "sem": lists.parallel,
    "ansible": tools.ansible,
    "salt": tools.salt,
    "salt-call": tools.salt,
    "gcloud": tools.flag_texts("--command"),
    "az": tools.flag_texts("--scripts"),
    "incrontab": places.incrontab,
    "sudo": _sudo,
    "env": _env,
    "genv": _env,
    "xargs": lists.xargs,
    "gxargs": lists.xargs,
    "find": lists.find,
    "gfind": lists.find,
    "fd": lists.fd,
    "fdfind": lists.fd,
    "parallel": lists.parallel,
    "docker": places.container,
    "podman": places.container,
    "nerdctl": places.container,
    "docker-compose": places.container,
    "podman-compose": places.container,
    "buildah": places.container,
    "kubectl": places.kubectl,
    "oc": places.kubectl,
    "k3s": places.kubectl,
    "bwrap": places.bwrap,
    "screen": places.terminal,
    "tmux": places.terminal,
    "at": places.timed,
    "batch": places.timed,
    "crontab": places.crontab,
    "git": tools.git,
    "tar": tools.tar,
    "gtar": tools.tar,
    "bsdtar": tools.tar,
    "make": tools.make,
    "gmake": tools.make,
    "socat": tools.socat,
    "gdb": tools.gdb,
    "entr": lists.entr,
    "busybox": _applet,
    "toybox": _applet,
    "rsync": tools.flag_texts("-e", "--rsh", "--rsync-path"),
    "scp": places.ssh_options,
    "sftp": places.ssh_options,
    "zip": tools.flag_texts("-TT", "--unzip-command"),
    "man": tools.flag_texts("-P", "--pager"),
    "vagrant": _subrow,
    "split": tools.flag_texts("--filter"),
    "sort": tools.flag_texts("--compress-program"),
    "ncat": tools.flag_texts("--sh-exec", "-c", "--exec", "-e"),
    "xterm": places.gnu_terminal,
    "gnome-terminal": places.gnu_terminal,
    "konsole": places.gnu_terminal,
    "kitty": places.gnu_terminal,
    "alacritty": places.gnu_terminal,
    "wezterm": places.gnu_terminal,
    "flatpak-spawn": _subrow,
    "nix-shell": _subrow,
    "journalctl": tools.flag_texts("--pager"),
    **dict.fromkeys(CLIENTS, tools.client),
}
