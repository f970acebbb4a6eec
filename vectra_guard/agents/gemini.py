"""Gemini CLI: a ``BeforeTool`` hook on ``run_shell_command``. It can rewrite, not ask.

Source: the hooks reference of Gemini CLI (``decision``, ``reason``, ``hookSpecificOutput.tool_input``).
"""

from __future__ import annotations

from typing import Any

from vectra_guard.agents.adapter import Agent, Entry, Question, Verdict, text
from vectra_guard.model import Action


def read(payload: Any) -> Question | None:
    if payload["tool_name"] != "run_shell_command":
        return None
    given = payload["tool_input"]
    # `dir_path` (older: `directory`) is relative to the folder that the agent works in
    folder = text(given.get("dir_path") or given.get("directory") or "")
    base = text(payload.get("cwd", ""))
    return Question(text(given["command"]), folder if folder.startswith("/") else f"{base}/{folder}".rstrip("/"))


def answer(verdict: Verdict, payload: Any) -> dict[str, Any]:
    if verdict.action is Action.HOST and not verdict.rewritten:
        return {}
    if verdict.action in (Action.BLOCK, Action.ASK):
        return {"decision": "deny", "reason": verdict.reason}
    changed = {**payload["tool_input"], "command": verdict.rewritten}
    said = {"hookEventName": "BeforeTool", "tool_input": changed}
    return {"hookSpecificOutput": said, "systemMessage": verdict.reason}


AGENT = Agent(
    name="gemini",
    asks=False,
    rewrites=True,
    entry=Entry(
        user=".gemini/settings.json",
        project=".gemini/settings.json",
        path=("hooks", "BeforeTool"),
        entry={
            "matcher": "run_shell_command",
            "hooks": [{"type": "command", "name": "vectra-guard", "command": "{command}", "timeout": 10000}],
        },
    ),
    read=read,
    answer=answer,
    limits="Cannot ask: what would ask is refused, and the agent is told what to do instead.",
)
