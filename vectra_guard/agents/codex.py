"""Codex CLI: a ``PreToolUse`` hook on ``Bash`` in ``hooks.json``. It can only refuse.

Its schema knows ``ask`` and ``updatedInput``, but a field it does not act on counts as a failed hook, and a failed
hook lets the command run: so the answer is nothing or a plain deny. Source: the hooks documentation of Codex and the
JSON schema of its hook outputs.
"""

from __future__ import annotations

from typing import Any

from vectra_guard.agents.adapter import Agent, Entry, Question, Verdict, instead, text
from vectra_guard.model import Action


def read(payload: Any) -> Question | None:
    if payload["tool_name"] != "Bash":
        return None
    return Question(text(payload["tool_input"]["command"]), text(payload.get("cwd", "")))


def answer(verdict: Verdict, payload: Any) -> dict[str, Any]:
    if verdict.action is Action.HOST and not verdict.rewritten:
        return {}
    said = {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": instead(verdict)}
    return {"hookSpecificOutput": said}


AGENT = Agent(
    name="codex",
    asks=False,
    rewrites=False,
    entry=Entry(
        user=".codex/hooks.json",
        project=".codex/hooks.json",
        path=("hooks", "PreToolUse"),
        entry={"matcher": "^Bash$", "hooks": [{"type": "command", "command": "{command}", "timeout": 10}]},
    ),
    read=read,
    answer=answer,
    limits="Cannot ask or rewrite: the agent is told the sandboxed form. Versions before 0.124 need hooks switched on.",
)
