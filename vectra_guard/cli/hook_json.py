"""``vg hook-json --format NAME``: one request of a coding agent's hook on stdin, one answer on stdout.

The seam behind ``vg agent install``; docs/agents.md has the payloads. Judges by itself and starts an evaluator for the
next time, which then answers the hook's small client directly (``vectra_guard/agents/client.py``). Status 0 with an
answer, whatever it is; a payload that cannot be read is refused in the agent's own words.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from vectra_guard import agents
from vectra_guard.facts import working_directory

if TYPE_CHECKING:
    from vectra_guard.evaluate import Judgement


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg hook-json",
        description="Answer one request of a coding agent's hook.",
        epilog="example: vg hook-json --format claude < request.json",
    )
    parser.add_argument("--format", required=True, choices=sorted(agents.AGENTS), help="whose payload it is")
    name = parser.parse_args(args).format
    raw = sys.stdin.buffer.read()
    try:
        payload = json.loads(raw)
    except ValueError as err:
        print(agents.refusal(name, f"the request is not JSON: {err}"))
        return 0
    _warm_up()
    text, judged = _respond(name, payload)
    if text:
        print(text, flush=True)
    if judged is not None:
        agents.count(judged)
    return 0


def _respond(name: str, payload: object) -> tuple[str, Judgement | None]:
    # rules and parser: only needed where no evaluator answered
    from vectra_guard import shells
    from vectra_guard.guard import Guard

    guard, home = Guard.open(), os.environ.get("HOME", "")
    return agents.respond(
        name, payload, cwd=working_directory(), home=home, vg=shells.vg(), judge=guard.judge, use=guard.use
    )


def _warm_up() -> None:
    """Start the resident evaluator. It ends by itself when there is one already, or when nobody asks any more."""
    from vectra_guard.evaluator.client import START

    null = subprocess.DEVNULL
    subprocess.Popen(START, stdin=null, stdout=null, stderr=null, start_new_session=True)
