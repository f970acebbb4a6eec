"""From the start of the process that asks to the first drawing of the question, on a pseudo-terminal.

    python bench/prompt.py [ROUNDS]

Compared in the same run with an interpreter that only starts and prints, and with one that only imports
prompt_toolkit: what lies between is ours. Medians; the budget of the design is 200 ms for the first paint.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

ROOT = str(Path(__file__).resolve().parents[1])
QUESTION = """
import sys; sys.path.insert(0, {root!r})
from vectra_guard import prompt
from vectra_guard.config import layers
from vectra_guard.model import Action, Decision, Finding, Request, Risk, RiskyPart, Span
config = layers.load("/").config
finding = Finding("git.push-force", Risk.HIGH, "ask", "Overwrites the branch on the server.", Span(0, 16), 0, "Why.")
part = RiskyPart("f", "git push --force", Risk.HIGH, True, (("/", ("git", "push", "--force")),))
decision = Decision(Action.ASK, Risk.HIGH, "why", (finding,), parts=(part,))
prompt.ask(Request("git push --force", cwd="/", interactive=True), decision, config)
"""
CASES = {
    "interpreter": "print('[N]o')",
    "prompt_toolkit": "from prompt_toolkit.application import Application; print('[N]o')",
    "the question": QUESTION.format(root=ROOT),
}


def first_paint(code: str, home: str) -> float:
    env = {"HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    start = time.perf_counter()
    child = pexpect.spawn(sys.executable, ["-c", code], env=env, encoding="utf-8", timeout=30)
    child.expect_exact("[N]o")
    took = time.perf_counter() - start
    child.close(force=True)
    return took * 1000


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    taken: dict[str, list[float]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory() as home:
        for number in range(rounds + 1):
            for name, code in CASES.items():
                took = first_paint(code, home)
                if number:  # the first one warms the disk
                    taken[name].append(took)
    base = statistics.median(taken["interpreter"])
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"{name:<16} median {median:6.0f} ms   p95 {sorted(values)[-1 - len(values) // 20]:6.0f} ms"
              f"   {median / base:5.1f} x the interpreter")  # fmt: skip


if __name__ == "__main__":
    main()
