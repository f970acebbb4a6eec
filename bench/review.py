"""Review, keep, drop and undo on a tree of many files, against the plain tools in the same run.

    python bench/review.py [FILES]

Prints one line a figure: seconds, and the ratio to `cp -a` or the direct command where there is one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    value = call()
    return time.perf_counter() - began, value


def grow(root: Path, files: int) -> None:
    for number in range(files):
        folder = root / f"d{number // 100:04}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        (folder / f"f{number:06}").write_bytes(b"x" * 4000 + b"%d\n" % number)


def show(what: str, seconds: float, beside: float | None = None, of: str = "") -> None:
    ratio = f"   {seconds / beside:6.2f} x {of}" if beside else ""
    print(f"{what:<46} {seconds * 1000:9.1f} ms{ratio}", flush=True)


def main() -> int:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    base = Path(tempfile.mkdtemp(prefix="vg-bench-review-", dir="/var/tmp"))
    try:
        os.environ.update(HOME=str(base / "home"), XDG_STATE_HOME=str(base / "home/state"))
        project = base / "home/project"
        grow(project, files)
        (project / "Makefile").write_text("all:\n")
        return measure(project, files)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def measure(project: Path, files: int) -> int:
    from vectra_guard import sandbox
    from vectra_guard.config.schema import Config, Sandbox
    from vectra_guard.sandbox.workspace import pending, restore, summary, undo

    config = Config(sandbox=Sandbox(network_mode="none"))
    os.chdir(project)

    def run(script: str, mode: str) -> Any:
        spec = sandbox.plan(
            ["sh", "-c", script],
            cwd=str(project),
            config=config,
            env=dict(os.environ),
            home=os.environ["HOME"],
            workspace_mode=mode,  # type: ignore[arg-type]
        )
        return sandbox.run(spec, runtime="bubblewrap")

    def review(script: str) -> tuple[float, Any]:
        seconds, outcome = timed(lambda: run(script, "review"))
        return seconds, pending.load(outcome.review) if outcome.review else None

    copy = min(timed(lambda: subprocess.run(["cp", "-a", "d0000", "../c"], check=True))[0] for _ in range(1))
    shutil.rmtree("../c")
    copy, _ = timed(lambda: subprocess.run(["cp", "-a", ".", "../copy"], check=True))
    shutil.rmtree("../copy")
    show(f"cp -a of {files} files", copy)
    direct = sorted(timed(lambda: run("true", "direct"))[0] for _ in range(7))[3]
    viewed = sorted(timed(lambda: run("true", "review"))[0] for _ in range(7))[3]
    show("run of `true`, direct", direct)
    show("run of `true`, on a view", viewed, direct, "direct")

    _, few = review("echo a >> d0000/f000001; rm d0000/f000002; echo n > new")
    seconds, found = timed(few.changes)
    show("three changes: read", seconds)
    show("three changes: summary", timed(lambda: summary.text(found))[0])
    show("three changes: keep", timed(few.keep)[0])
    show("three changes: undo", timed(lambda: restore.restore(undo.find()))[0])

    script = 'for d in d*; do for f in $d/*; do echo x >> "$f"; done; done'
    seconds, many = review(script)
    show(f"append to all {files}: run on a view", seconds)
    seconds, found = timed(many.changes)
    show(f"{len(found.items)} changes: read", seconds)
    show(f"{len(found.items)} changes: summary", timed(lambda: summary.text(found))[0])
    show(f"{len(found.items)} changes: keep", timed(many.keep)[0], copy, "cp -a")
    show(f"{len(found.items)} changes: undo", timed(lambda: restore.restore(undo.find()))[0])

    seconds, gone = review("rm -rf d*")
    show("rm -rf of all: run on a view", seconds)
    seconds, found = timed(gone.changes)
    show("rm -rf of all: read", seconds)
    show("rm -rf of all: summary", timed(lambda: summary.text(found))[0])
    show("rm -rf of all: keep", timed(gone.keep)[0])
    show("rm -rf of all: undo", timed(lambda: restore.restore(undo.find()))[0])
    _, gone = review("rm -rf d*")
    show("rm -rf of all: drop", timed(gone.drop)[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
