"""``vg suggest``: what would have asked in your own shell history, and what would remove most of those questions.

Reads the histories of bash, zsh and fish, judges their lines and runs nothing; nothing of them is kept. Trust entries
and settings are written only after a yes (or ``--apply``). Exit status 0; 64 usage.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vectra_guard.errors import UsageError
from vectra_guard.redact import redact
from vectra_guard.report.notice import visible
from vectra_guard.report.text import confirmed

if TYPE_CHECKING:
    import argparse

    from vectra_guard.guard import Guard
    from vectra_guard.learning import Remedy, Replay

SHOWN = 10
"""Lines that asked, most often first."""


def run(args: list[str]) -> int:
    options = _parser().parse_args(args)
    from vectra_guard import learning
    from vectra_guard.guard import Guard

    lines = _history(options)
    guard = Guard.open()
    replayed = learning.replay(guard, lines, os.environ.get("HOME", ""))
    offered = learning.remedies(replayed)
    if options.json:
        print(redact(json.dumps(learning.as_json(replayed, offered), indent=2)))
        return 0
    _show(replayed, offered)
    if offered and (options.apply or confirmed(f"\napply {'these' if len(offered) > 1 else 'this'}?")):
        for remedy, _gain in offered:
            _apply(remedy, guard)
    return 0


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg suggest",
        description="Replay your shell history through the guard; nothing is run.",
        epilog="example: vg suggest --shell zsh",
    )
    parser.add_argument("--shell", choices=("bash", "zsh", "fish"), help="only this shell's history")
    parser.add_argument("--file", help="a history file of that shell, elsewhere than usual")
    parser.add_argument("--json", action="store_true", help="for programs; changes nothing")
    parser.add_argument("--apply", action="store_true", help="apply what is suggested without asking")
    return parser


def _history(options: argparse.Namespace) -> list[tuple[str, str]]:
    from vectra_guard import shellhistory

    files = shellhistory.default_files(os.environ.get("HOME", ""))
    if options.file:
        if not options.shell:
            raise UsageError("--file needs --shell: the formats differ")
        files = {options.shell: options.file}
    elif options.shell:
        files = {options.shell: files[options.shell]}
    lines = [(shell, line) for shell, path in files.items() for line in shellhistory.lines(shell, path)]
    if not lines:
        raise UsageError(f"no history found in {', '.join(files.values())}; name one: --shell zsh --file PATH")
    return lines


def _show(replayed: Replay, offered: Sequence[tuple[Remedy, int]]) -> None:
    counts = ", ".join(f"{name} {count}" for name, count in replayed.decisions.most_common())
    print(f"{replayed.total} lines of history judged, none run: {counts}")
    if not replayed.asked:
        print("None of them would have asked.")
        return
    print(f"\n{replayed.questions} would have asked:")
    for asked in replayed.asked[:SHOWN]:
        rule = asked.decision.findings[0].rule if asked.decision.findings else ""
        print(f"  {asked.count:>4} x  {visible(redact(asked.line))[:100]}   {rule}")
    if len(replayed.asked) > SHOWN:
        print(f"  and {len(replayed.asked) - SHOWN} other lines")
    if offered:
        print("\nwhat would remove most of these questions:")
    for remedy, gain in offered:
        print(f"  {gain:>4} fewer:  {_command(remedy)}")


def _command(remedy: Remedy) -> str:
    """What a person would type for it."""
    import shlex

    if remedy.kind == "setting":
        return f"vg config set {remedy.text.replace('=', ' ')}"
    exact = " --exact" if remedy.kind == "entry" and any(c in remedy.text for c in "*?[") else ""
    return f"vg trust add --anywhere{exact} {visible(redact(shlex.quote(remedy.text)))}"


def _apply(remedy: Remedy, guard: Guard) -> None:
    from vectra_guard.config import layers, reading, write
    from vectra_guard.facts import working_directory
    from vectra_guard.store import db
    from vectra_guard.store.trust import TrustStore, parse_duration

    config = guard.config(working_directory()).config
    if remedy.kind == "setting":
        key, _, value = remedy.text.partition("=")
        write.set_key(layers.user_file(), key, reading.from_text(key, value, "vg suggest"))
        print(f"{layers.user_file()}: {key} is {value}")
        return
    store = TrustStore(db.open(config.sandbox.trust_store_path or None))
    now, duration = time.time(), parse_duration(config.trust.default_duration)
    if remedy.kind == "pattern":
        entry = store.add_pattern(remedy.text, now=now, scope="anywhere", duration=duration, note="vg suggest")
    else:
        entry = store.add(
            remedy.fingerprint, remedy.text, now=now, scope="anywhere", duration=duration, note="vg suggest"
        )
    print(f"{entry.id}  {visible(entry.command)}  trusted anywhere for {config.trust.default_duration}")
