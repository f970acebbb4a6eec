"""What the sandbox costs over raw bubblewrap with the same options, in the same run.

    python bench/sandbox.py [RUNS]

Rows: the bare program; bwrap with the options of a balanced run; the same through ``sandbox.run`` in one process;
with restricted network; ``vg exec -- true`` as a command of its own. Medians and 95th percentiles in ms, and the
ratio to raw bwrap. The last table says where the time of ``vg exec`` goes, by module imported.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from vectra_guard import sandbox
from vectra_guard.config.schema import Config, Sandbox
from vectra_guard.model import Network, SandboxSpec
from vectra_guard.sandbox import confine, session, spawn
from vectra_guard.sandbox.runtimes import bubblewrap

VG = str(Path(sys.executable).with_name("vg"))


def plan(cwd: str, network: str) -> SandboxSpec:
    config = Config(sandbox=Sandbox(network_mode=network))  # type: ignore[arg-type]
    return sandbox.plan(["true"], cwd=cwd, config=config, env=os.environ, home=os.environ["HOME"])


def bare() -> None:
    subprocess.run(["true"], check=True)


def raw(spec: SandboxSpec, binary: str) -> Callable[[], None]:
    root = os.getuid() == 0
    ids = (1000, 1000) if root else (os.getuid(), os.getgid())
    options = bubblewrap.arguments(spec, root=root, uid=ids[0], gid=ids[1], new_session=False)

    def run() -> None:
        pipes = spawn.Pipes(options)
        words = ["bwrap", *pipes.first[:2], "--", *spec.argv]
        pid = os.fork()
        if pid == 0:
            spawn.execute(spawn.Start(binary, words, pipes.passed, shield=False, before=confine.Steps()))
        os.waitpid(pid, 0)
        pipes.close()

    return run


def measure(runs: int, body: Callable[[], object]) -> tuple[float, float]:
    body()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        body()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def imports(command: list[str], cwd: str) -> list[tuple[float, str]]:
    done = subprocess.run([sys.executable, "-X", "importtime", *command], cwd=cwd, capture_output=True, text=True)
    rows = []
    for line in done.stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if own.strip().isdigit():
            rows.append((int(own) / 1e3, rest.partition("|")[2].strip()))
    return sorted(rows, reverse=True)


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    binary = bubblewrap.binary()
    reason = "no bwrap" if binary is None else None
    if reason is None:
        sandbox.choose("bubblewrap")
    if binary is None:
        print(reason)
        return 1
    with tempfile.TemporaryDirectory() as cwd:
        closed = plan(cwd, "none")
        opened = SandboxSpec(**{n: getattr(closed, n) for n in closed.__slots__} | {"network": Network("restricted")})
        command = [VG, "exec", "--mode", "always", "--network", "none", "--", "true"]
        rows: dict[str, Callable[[], object]] = {
            "true": bare,
            "raw bwrap, same options": raw(closed, binary),
            "sandbox.run": lambda: session.run(closed, binary),
            "sandbox.run, restricted network": lambda: session.run(opened, binary),
            "python -c pass": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        }
        tried = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
        if tried.returncode != 0:
            print(f"vg exec does not run here: {tried.stderr.strip()}")
        else:
            rows["vg exec -- true"] = lambda: subprocess.run(command, cwd=cwd, check=True, stderr=subprocess.DEVNULL)
        baseline = 0.0
        for name, body in rows.items():
            middle, high = measure(runs, body)
            baseline = middle if name.startswith("raw") else baseline
            ratio = f"{middle / baseline:6.2f}x  {middle - baseline:+7.1f} ms" if baseline else ""
            print(f"{name:34s} {middle:7.1f} {high:7.1f}  {ratio}")
        print(f"mounts: {len(closed.mounts)}")
        print("\nimports of vg exec, own time:")
        for own, module in imports(command, cwd)[:14]:
            print(f"{own:7.1f} ms  {module}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
