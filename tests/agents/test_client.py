"""The command that an agent really runs: warm through the resident evaluator, cold by itself, else refusing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents import payloads
from tests.conftest import need
from vectra_guard import agents
from vectra_guard.agents import settings
from vectra_guard.errors import EvaluatorUnavailable
from vectra_guard.evaluator import client


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A throw-away home with no evaluator. One that a test started is ended."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path if name == "HOME" else runtime))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "package.json").write_text("{}")
    yield tmp_path
    with contextlib.suppress(EvaluatorUnavailable):
        client.call("stop")


def hook(name: str, payload: Any, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """As the agent does: the entry's command by a shell, the payload on standard input."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return subprocess.run(
        ["/bin/sh", "-c", settings.command(name, sys.executable)],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        **kwargs,
    )


def evaluator() -> dict[str, Any]:
    end = time.monotonic() + 30
    while True:
        try:
            return client.call("status")
        except EvaluatorUnavailable:
            assert time.monotonic() < end, "no evaluator came"
            time.sleep(0.05)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_cold_then_warm_say_the_same(place: Path) -> None:
    payload = payloads.claude("npm install left-pad", str(place))
    cold = hook("claude", payload)
    assert cold.returncode == 0 and cold.stderr == ""
    evaluator()
    answer = client.call("status")
    warm = hook("claude", payload)
    assert json.loads(warm.stdout) == json.loads(cold.stdout)
    assert client.call("status")["pid"] == answer["pid"]
    said = json.loads(warm.stdout)["hookSpecificOutput"]["updatedInput"]["command"]
    assert said.endswith(" exec -- npm install left-pad")
    assert hook("claude", payloads.claude("ls", str(place))).stdout == ""


def test_the_warm_client_starts_no_second_interpreter(place: Path) -> None:
    hook("claude", payloads.claude("ls", "/"))
    evaluator()
    code = (
        "import sys, runpy; sys.argv = ['client', 'claude']\n"
        f"runpy.run_path({settings.CLIENT!r}, run_name='__main__')\n"
        "assert 'vectra_guard' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        input=json.dumps(payloads.claude("git push --force", str(place))),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "ask"


@pytest.mark.parametrize("text", ["", "{", "\0", "nonsense", "\x7f" * 2_000_000])
def test_what_is_no_request_is_refused_warm_and_cold(place: Path, text: str) -> None:
    def refused() -> bool:
        done = subprocess.run(
            ["/bin/sh", "-c", settings.command("claude", sys.executable)],
            input=text.encode(),
            capture_output=True,
            timeout=60,
        )
        return done.returncode == 2 or b'"deny"' in done.stdout

    assert refused()
    hook("claude", payloads.claude("ls", "/"))
    evaluator()
    assert refused()


def test_a_folder_of_somebody_else_is_not_asked(place: Path) -> None:
    """An evaluator's folder that is open to others could hold anybody's socket."""
    hook("claude", payloads.claude("ls", "/"))
    evaluator()
    folder = place / "run/vectra-guard"
    folder.chmod(0o777)
    # judged by itself: the same answer, from the slow path, which says what is wrong with the folder
    done = hook("codex", payloads.codex("git push --force", str(place)))
    folder.chmod(0o700)
    assert '"deny"' in done.stdout


def test_a_guard_that_is_gone_refuses(place: Path) -> None:
    command = settings.command("claude", sys.executable).replace(settings.CLIENT, "/nowhere" + settings.MARK)
    done = subprocess.run(["/bin/sh", "-c", command], input="{}", capture_output=True, text=True)
    assert done.returncode == 2
    assert "vg agent install claude" in done.stderr
    command = settings.command("claude", "/nowhere/python")
    assert subprocess.run(["/bin/sh", "-c", command], input=b"{}", capture_output=True).returncode == 2


def test_a_refusal_is_counted(place: Path) -> None:
    hook("codex", payloads.codex("git push --force", str(place)))
    rows = subprocess.run(
        [sys.executable, "-m", "vectra_guard", "metrics", "show", "--json"], capture_output=True, text=True, cwd=place
    )
    assert json.loads(rows.stdout)["by_risk_level"].get("high") == 1, rows.stdout


def test_opencode_runs_the_plugin_that_is_written(place: Path) -> None:
    need(shutil.which("node"), "node")
    adapter = agents.agent("opencode")
    path = settings.place(adapter, str(place), project=False)
    settings.install(adapter, path, sys.executable)
    module = place / "plugin.mjs"
    shutil.copy(path, module)
    script = """
        import { VectraGuard } from "./plugin.mjs"
        const hooks = await VectraGuard({ directory: process.cwd() })
        for (const command of ["ls", "npm install left-pad", "git push --force"]) {
          const output = { args: { command } }
          try { await hooks["tool.execute.before"]({ tool: "bash" }, output); console.log(output.args.command) }
          catch (err) { console.log("refused: " + err.message) }
        }
        const other = { args: { command: "rm -rf ~" } }
        await hooks["tool.execute.before"]({ tool: "read" }, other)
        console.log(other.args.command)
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], cwd=place, capture_output=True, text=True, env=dict(os.environ)
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "ls", done.stderr
    assert lines[1].endswith("exec -- npm install left-pad")
    assert lines[2].startswith("refused: vg (high)")
    assert lines[3] == "rm -rf ~"


def test_many_agents_at_once(place: Path) -> None:
    """Each gets its own answer, and one warm child stays."""
    hook("claude", payloads.claude("ls", "/"))
    evaluator()
    lines = ["npm install left-pad", "git push --force", "ls", "rm -rf ~"] * 5
    running = [
        subprocess.Popen(
            ["/bin/sh", "-c", settings.command("opencode", sys.executable)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in lines
    ]
    answers = [
        process.communicate(json.dumps(payloads.opencode(line, str(place))), timeout=60)[0]
        for process, line in zip(running, lines, strict=True)
    ]
    assert [a[:7] for a in answers] == ['{"comma', '{"deny"', "", '{"deny"'] * 5
    end = time.monotonic() + 20
    while len(left := children(evaluator()["pid"])) > 1:
        assert time.monotonic() < end, left
        time.sleep(0.05)
