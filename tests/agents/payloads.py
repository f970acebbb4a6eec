"""One request of each agent's hook, with every field that its documentation shows; only command and folder vary."""

from __future__ import annotations

import json
from typing import Any


def claude(line: Any, cwd: str) -> dict[str, Any]:
    return {
        "session_id": "b9c1f3b4-5a53-4a3b-9f3e-0e8a3a3f7c11",
        "transcript_path": "/home/u/.claude/projects/x/b9c1f3b4.jsonl",
        "cwd": cwd,
        "permission_mode": "default",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": line, "description": "What it does", "timeout": 120000},
        "tool_use_id": "toolu_01ABC123",
    }


def codex(line: Any, cwd: str) -> dict[str, Any]:
    return {
        "session_id": "0199a213-81c0-7800-8aa1-bbab2a035a53",
        "turn_id": "1",
        "transcript_path": None,
        "cwd": cwd,
        "hook_event_name": "PreToolUse",
        "model": "gpt",
        "permission_mode": "default",
        "tool_name": "Bash",
        "tool_use_id": "call_1",
        "tool_input": {"command": line},
    }


def copilot(line: Any, cwd: str) -> dict[str, Any]:
    return {
        "timestamp": 1704614600000,
        "cwd": cwd,
        "toolName": "bash",
        "toolArgs": json.dumps({"command": line, "description": "What it does"}),
    }


def cursor(line: Any, cwd: str) -> dict[str, Any]:
    return {
        "conversation_id": "668320d2-2fd8-4888-b33c-2a466fec86e7",
        "generation_id": "490b90b7-a2ce-4c2c-bb76-cb77b125df2f",
        "model": "default",
        "hook_event_name": "beforeShellExecution",
        "cursor_version": "2.0.77",
        "workspace_roots": [cwd],
        "command": line,
        "cwd": "",
    }


def gemini(line: Any, cwd: str) -> dict[str, Any]:
    return {
        "session_id": "abc123",
        "transcript_path": "/home/u/.gemini/tmp/x/chats/session.json",
        "cwd": cwd,
        "hook_event_name": "BeforeTool",
        "timestamp": "2026-01-28T12:00:00.000Z",
        "tool_name": "run_shell_command",
        "tool_input": {"command": line, "description": "What it does"},
    }


def opencode(line: Any, cwd: str) -> dict[str, Any]:
    return {"tool": "bash", "args": {"command": line, "description": "What it does"}, "cwd": cwd}


ALL = {f.__name__: f for f in (claude, codex, copilot, cursor, gemini, opencode)}
