"""What each agent is told: silence for what is harmless, the sandboxed form, a question or a refusal for the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.agents import payloads
from vectra_guard import agents
from vectra_guard.guard import Guard

HARMLESS, INSTALL, FORCED, FATAL = "git status", "npm install left-pad", "git push --force", "rm -rf ~"


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard.open()


@pytest.fixture
def told(guard: Guard, tmp_path: Path) -> Any:
    """The parsed answer to a line; None for silence."""
    (tmp_path / "package.json").write_text("{}")

    def tell(name: str, line: str, payload: Any = None) -> Any:
        payload = payloads.ALL[name](line, str(tmp_path)) if payload is None else payload
        text, _ = agents.respond(
            name, payload, cwd="/", home="/home/u", vg="vg", judge=guard.judge, use=lambda *_: True
        )
        return json.loads(text) if text else None

    return tell


@pytest.mark.parametrize("name", agents.AGENTS)
def test_harmless_is_silence(told: Any, name: str) -> None:
    assert told(name, HARMLESS) is None


@pytest.mark.parametrize("name", agents.AGENTS)
def test_another_tool_is_silence(told: Any, name: str) -> None:
    payload = payloads.ALL[name](FATAL, "/")
    for key in ("tool_name", "toolName", "tool", "hook_event_name"):
        if key in payload:
            payload[key] = "read_file"
    assert told(name, FATAL, payload) is None


def test_claude(told: Any) -> None:
    said = told("claude", INSTALL)["hookSpecificOutput"]
    assert said["permissionDecision"] == "allow" and said["hookEventName"] == "PreToolUse"
    assert said["updatedInput"] == {
        "command": "vg exec -- npm install left-pad",
        "description": "What it does",
        "timeout": 120000,
    }
    assert told("claude", FORCED)["hookSpecificOutput"]["permissionDecision"] == "ask"
    assert told("claude", FATAL)["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_codex_says_deny_or_nothing(told: Any) -> None:
    for line in (INSTALL, FORCED, FATAL):
        said = told("codex", line)
        assert set(said) == {"hookSpecificOutput"}
        assert set(said["hookSpecificOutput"]) == {"hookEventName", "permissionDecision", "permissionDecisionReason"}
        assert said["hookSpecificOutput"]["permissionDecision"] == "deny"
    reason = told("codex", INSTALL)["hookSpecificOutput"]["permissionDecisionReason"]
    assert reason.endswith("Run this instead: vg exec -- npm install left-pad")


def test_copilot(told: Any) -> None:
    said = told("copilot", INSTALL)
    assert said["permissionDecision"] == "deny"
    assert said["permissionDecisionReason"].endswith("vg exec -- npm install left-pad")
    assert told("copilot", FORCED)["permissionDecision"] == "deny"


def test_cursor(told: Any) -> None:
    assert told("cursor", INSTALL)["permission"] == "deny"
    assert told("cursor", INSTALL)["agent_message"].endswith("vg exec -- npm install left-pad")
    assert told("cursor", FORCED)["permission"] == "ask"
    assert told("cursor", FATAL)["permission"] == "deny"


def test_gemini(told: Any, tmp_path: Path) -> None:
    said = told("gemini", INSTALL)
    assert said["hookSpecificOutput"]["tool_input"]["command"] == "vg exec -- npm install left-pad"
    assert "decision" not in said
    assert told("gemini", FORCED)["decision"] == "deny"
    # its own folder argument counts: artefacts of the project may go, the same name in a system folder may not
    payload = payloads.gemini("rm -rf *", str(tmp_path))
    payload["tool_input"]["dir_path"] = "/etc"
    assert told("gemini", "", payload)["decision"] == "deny"


def test_opencode(told: Any) -> None:
    assert told("opencode", INSTALL) == {"command": "vg exec -- npm install left-pad"}
    assert set(told("opencode", FORCED)) == {"deny"}


@pytest.mark.parametrize("name", agents.AGENTS)
def test_what_is_told_can_be_acted_on(told: Any, name: str) -> None:
    assert "vg (critical)" in json.dumps(told(name, FATAL))
    assert "vg (high)" in json.dumps(told(name, FORCED))


@pytest.mark.parametrize("name", agents.AGENTS)
@pytest.mark.parametrize("broken", [None, [], "x", 1, {}, "command: null", "command: 7"])
def test_nonsense_is_refused(guard: Guard, name: str, broken: Any) -> None:
    by_line = {"command: null": None, "command: 7": 7}
    payload = payloads.ALL[name](by_line[broken], "/") if str(broken) in by_line else broken
    text, judged = agents.respond(
        name, payload, cwd="/", home="/home/u", vg="vg", judge=guard.judge, use=lambda *_: True
    )
    assert judged is None
    assert "could not judge" in text and "vg doctor" in text and "deny" in text


def test_a_judge_that_fails_refuses() -> None:
    def broken(_request: Any) -> Any:
        raise RuntimeError("boom")

    payload = payloads.claude("ls", "/")
    text, judged = agents.respond("claude", payload, cwd="/", home="/", vg="vg", judge=broken, use=lambda *_: True)
    assert judged is None
    assert json.loads(text)["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_a_guard_of_its_own_cannot_be_loosened(told: Any) -> None:
    """An agent that types the guard's own way out is asked about or refused like anybody else."""
    for line in ("vg trust add 'rm -rf /'", "vg config allow", "vg agent uninstall claude", "vg exec --host -- ls"):
        assert told("codex", line) is not None, line
        assert told("claude", line)["hookSpecificOutput"]["permissionDecision"] == "ask", line
    assert told("claude", "vg exec -- npm test") is None
