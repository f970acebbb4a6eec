"""``vg mcp``: the guard as an MCP server over standard input and output, for agents that have no hook.

Tools: check_command, explain, run_sandboxed, list_pending_reviews. Nothing in it can approve, trust, keep or loosen:
a run is always in the sandbox, on a copy of the files, and its changes wait for a person's `vg review`. Needs the
extra ``mcp``; without it a sentence says how to get it (status 125).
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from vectra_guard import shells
from vectra_guard.cli import check
from vectra_guard.errors import GuardError
from vectra_guard.facts import working_directory
from vectra_guard.guard import Guard
from vectra_guard.model import Request

MAX_OUTPUT = 50_000
"""Characters of each stream that are handed on, the last ones: what an agent reads it also pays for."""
MAX_SECONDS = 600

ABOUT = """Vectra Guard judges shell commands and runs them in a sandbox. Use check_command before a command that
deletes, installs, uploads or changes shared things; use run_sandboxed to run one without touching the user's files:
what it changed waits until the user keeps it with `vg review`. Nothing here can approve a command or keep a change."""


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg mcp",
        description="Serve the guard over MCP on standard input and output.",
        epilog="example: claude mcp add vectra-guard -- vg mcp",
    )
    parser.parse_args(args)
    try:
        # an optional extra, and some 400 ms to import
        from mcp.server import MCPServer
    except ImportError as err:
        raise GuardError(f"the MCP server needs an extra ({err}); install it: pip install 'vectra-guard[mcp]'") from err
    server = MCPServer("vectra-guard", instructions=ABOUT)
    tools = Tools()
    for tool in (tools.check_command, tools.explain, tools.run_sandboxed, tools.list_pending_reviews):
        server.tool()(tool)
    server.run()
    return 0


class Tools:
    """What the server offers. Each docstring is what an agent reads; a wrong argument raises ToolError."""

    def __init__(self) -> None:
        self._guard = Guard.open()

    def check_command(self, command: str, cwd: str = "") -> dict[str, Any]:
        """Judge a shell command without running it: risk (low, medium, high, critical), what would happen, and why."""
        request = Request(command, "bash", _folder(cwd), os.environ.get("HOME", ""), by_program=True)
        return check.answer(self._guard.judge(request))

    def explain(self, command: str, cwd: str = "") -> str:
        """Each step of the guard's decision about a shell command, in words. Nothing is run."""
        return _vg("explain", "--", command, cwd=cwd).stdout

    def run_sandboxed(self, command: str, cwd: str = "", timeout_seconds: int = 120) -> dict[str, Any]:
        """Run a shell command in a sandbox, on a copy of the project's files. Returns status, output and what changed.

        The changes wait: only the user can keep them. Status 3: refused; 124: time-out; 125: no sandbox could be made.
        """
        seconds = str(max(1, min(timeout_seconds, MAX_SECONDS)))
        before = {review["id"] for review in _pending()}
        done = _vg("exec", "--mode", "always", "--review", "--timeout", seconds, "--line", command, cwd=cwd)
        reviews = [review for review in _pending() if review["id"] not in before]
        return {
            "status": done.returncode,
            "stdout": done.stdout[-MAX_OUTPUT:],
            "stderr": done.stderr[-MAX_OUTPUT:],
            "reviews": [review | {"changes": _changes(review["id"])} for review in reviews],
        }

    def list_pending_reviews(self) -> list[dict[str, Any]]:
        """Sandboxed runs whose changes wait for the user, who looks with `vg review show ID` and keeps or drops."""
        return _pending()


def _pending() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_vg("review", "list", "--json").stdout or "[]")
    return found


def _changes(ident: str) -> Any:
    return json.loads(_vg("review", "show", "--json", ident).stdout or "{}")


def _vg(*words: str, cwd: str = "") -> subprocess.CompletedProcess[str]:
    """Our own command in a process of its own: what it runs cannot touch the server or its streams."""
    return subprocess.run(
        [shells.vg(), *words],
        cwd=_folder(cwd),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        check=False,
    )


def _folder(cwd: str) -> str:
    folder = cwd or working_directory()
    if not os.path.isdir(folder):
        from mcp.server.mcpserver.exceptions import ToolError  # there is a server: it has been imported

        raise ToolError(f"{folder}: no such folder")
    return folder
