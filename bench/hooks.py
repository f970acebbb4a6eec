"""What the hooks cost: added time per harmless line, shell start-up, memory of the evaluator. Ratios, no limits.

    python bench/hooks.py [--shells bash,zsh,fish] [--lines 300]

A line's time is from the Enter key to the next prompt's first byte in a pty, the same line in a bare and in a guarded
shell, in turns in the same run. The judge is the real one where it can be loaded, else the tests' (said in the output).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.hooks import harness  # noqa: E402 - the checkout is put on the path first

LINE = ": git status --short README.md"
END = harness.PROMPT.rstrip().encode()


def one(session: harness.Session) -> float:
    """Seconds from Enter to the prompt."""
    session.send(LINE)
    session.pump(0.004)
    session.raw = b""
    started = time.perf_counter()
    session.send("\r")
    seen = b""
    while END not in seen.partition(b"\n")[2]:
        seen += session.child.read_nonblocking(1 << 16, timeout=10)
    return time.perf_counter() - started


def compare(shell: str, lines: int, real: bool, folder: Path) -> dict[str, float]:
    bare = harness.Session(shell, folder / "bare", hook=False)
    guarded = harness.Session(shell, folder / "guarded", real=real)
    times: dict[str, list[float]] = {"bare": [], "guarded": []}
    for _ in range(20):
        one(bare), one(guarded)
    for _ in range(lines):
        times["bare"].append(one(bare))
        times["guarded"].append(one(guarded))
    memory = sum(map(pss, guarded.evaluator()))
    bare.close()
    guarded.close()
    cut = {name: statistics.quantiles(values, n=100) for name, values in times.items()}
    return {
        "bare_p50_ms": cut["bare"][49] * 1e3,
        "added_p50_ms": (cut["guarded"][49] - cut["bare"][49]) * 1e3,
        "added_p99_ms": (cut["guarded"][98] - cut["bare"][98]) * 1e3,
        "evaluator_pss_mb": memory / 2**20,
    }


def pss(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def start_up(shell: str, real: bool, folder: Path) -> dict[str, float]:
    """Seconds of `shell -i` that only exits, with and without the hook, an evaluator already running."""
    keep = harness.Session(shell, folder / "keep", real=real)
    keep.run("true")
    bare = harness.Session(shell, folder / "none", hook=False)
    found = {}
    for name, session in (("bare", bare), ("guarded", keep)):
        runs = []
        for _ in range(15):
            started = time.perf_counter()
            subprocess.run(
                ["script", "-qec", f"{shell} -i -c exit", "/dev/null"], env=session.env, stdout=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            runs.append(time.perf_counter() - started)
        found[name] = statistics.median(runs)
    bare.close()
    keep.close()
    return {"start_bare_ms": found["bare"] * 1e3, "start_added_ms": (found["guarded"] - found["bare"]) * 1e3}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shells", default="bash,zsh,fish")
    parser.add_argument("--lines", type=int, default=300)
    options = parser.parse_args()
    try:
        from vectra_guard.evaluator.judge import GuardJudge

        GuardJudge()
        real = True
    except Exception as err:
        print(f"the real judge cannot be loaded ({err}); measuring with the tests' own", file=sys.stderr)
        real = False
    for shell in options.shells.split(","):
        if not shutil.which(shell):
            continue
        folder = Path(tempfile.mkdtemp(prefix="vgb"))
        for name in ("bare", "guarded", "keep", "none"):
            (folder / name).mkdir()
        figures = compare(shell, options.lines, real, folder) | start_up(shell, real, folder)
        print(json.dumps({"shell": shell, "real_judge": real} | {k: round(v, 3) for k, v in figures.items()}))
        shutil.rmtree(folder)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
