"""``vg doctor``: what works on this machine, what is weaker than asked for, and what to do about it.

Each line is the answer of a real trial, not of a look for a file. Exit status 0 when the guard can do its main job, 1
when it cannot.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from typing import NamedTuple

from vectra_guard.errors import GuardError
from vectra_guard.facts import working_directory


class Check(NamedTuple):
    what: str
    ok: bool
    text: str
    needed: bool = True  # the main job fails without it


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg doctor", description="What works on this machine.", epilog="example: vg doctor --json"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(args)
    checks = [check for group in (_judging, _configuration, _state, _shells, _sandbox) for check in _safely(group)]
    if options.json:
        print(json.dumps([check._asdict() for check in checks], indent=2))
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else ('FAIL' if check.needed else 'weak')}  {check.what:<22} {check.text}")
    return int(any(check.needed and not check.ok for check in checks))


def _safely(group: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from group()
    except (GuardError, OSError) as err:
        yield Check(group.__name__.strip("_"), False, str(err))


def _judging() -> Iterator[Check]:
    import time

    from vectra_guard.evaluator import client
    from vectra_guard.facts import here
    from vectra_guard.guard import Guard

    guard = Guard.open()
    start = time.perf_counter()
    judged = guard.judge(here("rm -rf /", interactive=True))
    took = (time.perf_counter() - start) * 1000
    yield Check("rules", judged.decision.risk.label == "critical", f"`rm -rf /` is critical ({took:.1f} ms)")
    try:
        client.call("status")
        yield Check("evaluator", True, "resident and answering", needed=False)
    except GuardError:
        yield Check("evaluator", False, "not running; the first guarded shell starts it", needed=False)


def _configuration() -> Iterator[Check]:
    from vectra_guard.config import layers

    loaded = layers.load(working_directory())
    files = [path for path in loaded.files if os.path.isfile(path)]
    yield Check("configuration", True, ", ".join(files) or "defaults")
    for problem in loaded.problems:
        yield Check("configuration", False, problem, needed=False)


def _state() -> Iterator[Check]:
    from vectra_guard.config import layers
    from vectra_guard.store import db
    from vectra_guard.store.trust import TrustStore

    conn = db.open(layers.load(working_directory()).config.sandbox.trust_store_path or None)
    yield Check("state database", True, f"{conn.path or 'open'} ({len(TrustStore(conn).list())} trust entries)")


def _shells() -> Iterator[Check]:
    from vectra_guard import shells
    from vectra_guard.cli.hook import BEGIN

    for name in shells.SHELLS:
        if not shutil.which(name):
            continue
        rc = shells.rc_file(name)
        try:
            with open(rc, encoding="utf-8", errors="replace") as file:
                loaded = BEGIN in file.read()
        except OSError:
            loaded = False
        text = f"{rc} loads the hook" if loaded else f"not hooked; run: vg hook {name} --install"
        yield Check(f"shell {name}", loaded, text, needed=False)


def _sandbox() -> Iterator[Check]:
    from vectra_guard.config import layers
    from vectra_guard.sandbox import probe, runtimes

    level = layers.load(working_directory()).config.sandbox.security_level
    for name in runtimes.RUNTIMES:
        reason = runtimes.get(name).probe(level)
        yield Check(f"runtime {name}", reason is None, reason or f"works at level {level}")
    overlay = probe.overlay()
    text = "copy-on-write caches and reviews" if overlay else "no overlay here: caches are kept apart, no review"
    yield Check("overlay", overlay, text, needed=False)
    yield from _enforced(level)


def _enforced(level: str) -> Iterator[Check]:
    """A real run of ``true``: what it reports as not enforced."""
    import tempfile

    from vectra_guard import sandbox
    from vectra_guard.config.schema import Config, Sandbox

    with tempfile.TemporaryDirectory(dir=os.path.expanduser("~")) as folder:
        config = Config(sandbox=Sandbox(security_level=level))  # type: ignore[arg-type]
        spec = sandbox.plan(("true",), cwd=folder, config=config, env=os.environ, home=os.path.expanduser("~"))
        outcome = sandbox.run(spec)
    yield Check("sandboxed run", outcome.status == 0, f"network {spec.network.mode}, status {outcome.status}")
    for sentence in outcome.degraded:
        yield Check("not enforced", False, sentence, needed=False)
