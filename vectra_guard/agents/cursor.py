"""Cursor: a ``beforeShellExecution`` hook. It can ask, not rewrite.

Source: the hooks documentation of Cursor (``permission``, ``user_message``, ``agent_message``, ``failClosed``).
"""

from __future__ import annotations

from typing import Any

from vectra_guard.agents.adapter import Agent, Entry, Question, Verdict, instead, text
from vectra_guard.model import Action


def read(payload: Any) -> Question | None:
    if payload.get("hook_event_name", "beforeShellExecution") != "beforeShellExecution":
        return None
    roots = payload.get("workspace_roots") or [""]
    return Question(text(payload["command"]), text(payload.get("cwd") or roots[0]))


def answer(verdict: Verdict, payload: Any) -> dict[str, Any]:
    if verdict.action is Action.HOST and not verdict.rewritten:
        return {}
    permission = "ask" if verdict.action is Action.ASK else "deny"
    return {"permission": permission, "user_message": verdict.reason, "agent_message": instead(verdict)}


AGENT = Agent(
    name="cursor",
    asks=True,
    rewrites=False,
    entry=Entry(
        user=".cursor/hooks.json",
        project=".cursor/hooks.json",
        path=("hooks", "beforeShellExecution"),
        entry={"command": "{command}", "timeout": 10, "failClosed": True},
        base={"version": 1},
    ),
    read=read,
    answer=answer,
    limits="Cannot rewrite: the agent is told the sandboxed form and runs that.",
)
