"""``vg mcp`` in a real session of the official client, with real sandboxed runs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

mcp = pytest.importorskip("mcp")
from mcp.client.stdio import stdio_client  # noqa: E402


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/p").mkdir()
    (tmp_path / "home/p/kept.txt").write_text("old\n")
    return tmp_path / "home"


def session(home: Path, work: Callable[[Any], Awaitable[None]]) -> None:
    """Run ``work`` with a session of a server that lives in ``home``."""
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(home), "LANG": "C.UTF-8"}

    async def talk() -> None:
        server = mcp.StdioServerParameters(
            command=sys.executable, args=["-m", "vectra_guard", "mcp"], env=env, cwd=str(home / "p")
        )
        async with stdio_client(server) as streams, mcp.ClientSession(*streams) as client:
            await client.initialize()
            await work(client)

    asyncio.run(asyncio.wait_for(talk(), 120))


def value(result: Any) -> Any:
    """What a tool returned."""
    found = result.structured_content
    return found["result"] if set(found) == {"result"} else found


def test_nothing_is_offered_that_could_approve_or_keep(home: Path) -> None:
    async def work(client: Any) -> None:
        tools = await client.list_tools()
        assert {tool.name for tool in tools.tools} == {
            "check_command", "explain", "run_sandboxed", "list_pending_reviews",
        }  # fmt: skip
        assert all(tool.description for tool in tools.tools)

    session(home, work)


def test_check_and_explain_run_nothing(home: Path) -> None:
    async def work(client: Any) -> None:
        judged = value(await client.call_tool("check_command", {"command": "rm -rf ~ && touch ran"}))
        assert judged["risk"] == "critical" and judged["decision"] == "block"
        assert value(await client.call_tool("check_command", {"command": "ls"}))["risk"] == "low"
        assert value(await client.call_tool("check_command", {"command": "vg trust add 'rm x'"}))["risk"] == "high"
        said = await client.call_tool("explain", {"command": "git push --force"})
        assert "git" in said.content[0].text
        wrong = await client.call_tool("check_command", {"command": "ls", "cwd": "/nowhere"})
        assert wrong.is_error and "/nowhere" in wrong.content[0].text

    session(home, work)
    assert not (home / "p/ran").exists()


@pytest.mark.sandbox
def test_a_run_changes_nothing_until_a_person_keeps_it(home: Path) -> None:
    async def work(client: Any) -> None:
        command = "echo out; echo err >&2; echo new > kept.txt; touch added; exit 7"
        ran = value(await client.call_tool("run_sandboxed", {"command": command}))
        assert ran["status"] == 7 and ran["stdout"] == "out\n" and "err" in ran["stderr"], ran
        assert (home / "p/kept.txt").read_text() == "old\n" and not (home / "p/added").exists()
        [review] = ran["reviews"]
        assert review["id"] and "added" in json.dumps(review["changes"])
        assert [r["id"] for r in value(await client.call_tool("list_pending_reviews", {}))] == [review["id"]]
        late = value(await client.call_tool("run_sandboxed", {"command": "sleep 60", "timeout_seconds": 1}))
        assert late["status"] == 124
        fatal = value(await client.call_tool("run_sandboxed", {"command": f"rm -rf {home}/p/* ~"}))
        assert (home / "p/kept.txt").exists(), fatal

    session(home, work)


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ImportError('no mcp here')\n")
    done = subprocess.run(
        [sys.executable, "-m", "vectra_guard", "mcp"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 125
    assert "vectra-guard[mcp]" in done.stderr
