"""GitHub Copilot CLI: a ``preToolUse`` hook on the tool ``bash``. It can only refuse.

The documentation of the command line says that deny alone is acted on. ``toolArgs`` is a JSON text inside the JSON.
Source: the hooks configuration reference of GitHub Copilot.
"""

from __future__ import annotations

import json
from typing import Any

from vectra_guard.agents.adapter import Agent, Entry, Question, Verdict, instead, text
from vectra_guard.model import Action


def read(payload: Any) -> Question | None:
    if payload["toolName"] != "bash":
        return None
    given = payload["toolArgs"]
    given = json.loads(given) if isinstance(given, str) else given
    return Question(text(given["command"]), text(payload.get("cwd", "")))


def answer(verdict: Verdict, payload: Any) -> dict[str, Any]:
    if verdict.action is Action.HOST and not verdict.rewritten:
        return {}
    return {"permissionDecision": "deny", "permissionDecisionReason": instead(verdict)}


AGENT = Agent(
    name="copilot",
    asks=False,
    rewrites=False,
    entry=Entry(
        user=".copilot/hooks/vectra-guard.json",
        project=".github/hooks/vectra-guard.json",
        path=("hooks", "preToolUse"),
        entry={"type": "command", "bash": "{command}", "timeoutSec": 10},
        base={"version": 1},
    ),
    read=read,
    answer=answer,
    limits="Cannot ask or rewrite: the agent is told the sandboxed form.",
)
