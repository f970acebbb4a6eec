"""What an agent waits for on each command: its hook, warm and cold, beside a bare interpreter in the same run.

``python bench/agents.py [ROUNDS]``. Uses a throw-away home. Prints medians in milliseconds and what was added to
``python -I -S -c pass`` started the same way by a shell.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from vectra_guard.agents import settings
from vectra_guard.errors import EvaluatorUnavailable
from vectra_guard.evaluator import client

REQUEST = json.dumps(
    {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "git status"}, "cwd": "/"}
).encode()


def milliseconds(command: str) -> float:
    started = time.perf_counter()
    subprocess.run(["/bin/sh", "-c", command], input=REQUEST, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1000


def wait_for_evaluator() -> None:
    while True:
        try:
            client.call("status")
        except EvaluatorUnavailable:
            time.sleep(0.02)
        else:
            return


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HOME": home, "XDG_RUNTIME_DIR": home}
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        hook, bare = settings.command("claude", sys.executable), f"{sys.executable} -I -S -c pass"
        milliseconds(hook)  # compiles what is compiled once
        wait_for_evaluator()
        warm, base = [], []
        for _ in range(rounds):
            base.append(milliseconds(bare))
            warm.append(milliseconds(hook))
        cold = []
        for _ in range(max(5, rounds // 10)):
            client.call("stop")
            time.sleep(0.2)
            cold.append(milliseconds(hook))
            wait_for_evaluator()
        client.call("stop")
        low = statistics.median(base)
        print(f"bare interpreter {low:6.1f} ms")
        for name, values in (("warm", warm), ("cold", cold)):
            middle = statistics.median(values)
            print(f"hook, {name:<10} {middle:6.1f} ms  added {middle - low:5.1f} ms  ratio {middle / low:4.2f}")


if __name__ == "__main__":
    main()
