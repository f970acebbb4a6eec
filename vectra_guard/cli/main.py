"""``vg``: the table of commands and the one place where errors become a message and an exit status.

Each command is one small module with ``run(args) -> int``, imported only when it is used. A mistake of ours ends as
one sentence and status 125; ``VG_DEBUG=1`` shows the traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module

from vectra_guard import __version__
from vectra_guard.errors import GuardError

COMMANDS: dict[str, tuple[str, str]] = {
    "exec": ("exec", "run a command or a line under the guard"),
    "check": ("check", "judge a line, a file or a batch; run nothing"),
    "validate": ("validate", "judge what scripts, Makefiles, Dockerfiles and workflows would run"),
    "explain": ("explain", "show each step of a decision"),
    "trust": ("trust", "list, add and remove approvals"),
    "suggest": ("suggest", "what your shell history would have asked, and how to be asked less"),
    "metrics": ("metrics", "what ran, where, and what it cost"),
    "audit": ("audit", "the log of decisions; show, verify, export"),
    "preset": ("preset", "list, show and use shipped presets"),
    "config": ("config", "show, check and change the configuration"),
    "cache": ("cache", "list and clean package caches of sandboxes"),
    "review": ("review", "what sandboxed runs changed: look, then keep or drop"),
    "undo": ("undo", "bring back what a kept review overwrote or deleted"),
    "init": ("init", "write a commented configuration file"),
    "hook": ("hook", "print or install the hook of a shell"),
    "agent": ("agent", "put the guard in front of a coding agent"),
    "mcp": ("mcp", "serve the guard to agents over MCP"),
    "hook-json": ("hook_json", ""),  # for the agents
    "shell": ("shell", "open a guarded shell; no start-up file is changed"),
    "doctor": ("doctor", "check what works on this machine"),
    "completion": ("completion", "print completions for a shell"),
    "ask": ("ask", ""),  # for the hooks
}


def main(argv: list[str] | None = None) -> int:
    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in ("-h", "--help", "help"):
        _help()
        return 0 if args else 64
    if args[0] in ("-V", "--version"):
        print(f"vg {__version__}")
        return 0
    found = COMMANDS.get(args[0])
    if found is None:
        return _unknown(args[0])
    return guarded(lambda: int(import_module(f"vectra_guard.cli.{found[0]}").run(args[1:])))


def guarded(work: Callable[[], int]) -> int:
    """The status of ``work``; a mistake, theirs or ours, becomes one sentence and its status."""
    try:
        status = work()
        sys.stdout.flush()
        return status
    except GuardError as err:
        _say(str(err))
        return err.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # the reader of our output went away: not an error, and no complaint at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as err:
        if os.environ.get("VG_DEBUG"):
            raise
        _say(f"internal error ({type(err).__name__}: {err}); VG_DEBUG=1 shows where. Nothing more was run.")
        return 125


def _say(text: str) -> None:
    try:
        sys.stderr.write(f"vg: {text}\n")
    except (OSError, UnicodeError):
        pass


def _unknown(word: str) -> int:
    import difflib  # only a typing mistake pays for it

    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f" Did you mean `vg {near[0]}`?" if near else ""
    _say(f"there is no command `{word}`.{hint} `vg --help` lists all.")
    return 64


def _help() -> None:
    print("usage: vg COMMAND [options]\n")
    for name, (_, text) in COMMANDS.items():
        if text:
            print(f"  {name:<11} {text}")
    print("\nexamples:\n  vg exec -- npm install\n  vg check 'rm -rf \"$DIR\"/*'\n  vg hook zsh --install")
    print("\n`vg COMMAND --help` says more. In a guarded shell: vg-off, vg-on, vg-status.")


if __name__ == "__main__":
    sys.exit(main())
