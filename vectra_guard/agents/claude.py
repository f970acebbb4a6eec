"""Claude Code: a ``PreToolUse`` hook on the tool ``Bash``. It can ask and rewrite.

The sandboxed form is given with ``allow``, since a changed input counts only with a decision; deny and ask rules of the
user's settings still come first. Source: the hooks reference of Claude Code.
"""

from __future__ import annotations

from typing import Any

from vectra_guard.agents.adapter import Agent, Entry, Question, Verdict, text
from vectra_guard.model import Action


def read(payload: Any) -> Question | None:
    if payload["tool_name"] != "Bash":
        return None
    return Question(text(payload["tool_input"]["command"]), text(payload.get("cwd", "")))


def answer(verdict: Verdict, payload: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"hookEventName": "PreToolUse", "permissionDecisionReason": verdict.reason}
    if verdict.action is Action.HOST and not verdict.rewritten:
        return {}
    if verdict.action is Action.BLOCK:
        said["permissionDecision"] = "deny"
    elif verdict.action is Action.ASK:
        said["permissionDecision"] = "ask"
    else:
        said["permissionDecision"] = "allow"
        said["updatedInput"] = {**payload["tool_input"], "command": verdict.rewritten}
    return {"hookSpecificOutput": said}


AGENT = Agent(
    name="claude",
    asks=True,
    rewrites=True,
    entry=Entry(
        user=".claude/settings.json",
        project=".claude/settings.json",
        path=("hooks", "PreToolUse"),
        entry={"matcher": "Bash", "hooks": [{"type": "command", "command": "{command}", "timeout": 10}]},
    ),
    read=read,
    answer=answer,
    limits="Sees the Bash tool; what a script that it starts does is judged by the line that starts it.",
)
