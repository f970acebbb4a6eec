"""Coding agents: which there are, and how one request of their hook becomes one answer.

Each adapter module says three things of its agent: which command a payload asks about, how a verdict is said in the
agent's own words, and where its hook is entered. ``respond`` is the seam between them and ``evaluate``; it never
raises: what cannot be read or judged is refused in words that the agent can read (fails closed).

A harmless command is answered with silence, so that the agent's own permissions stay in force; nothing in here can
approve, trust or loosen anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vectra_guard import rewrite
from vectra_guard.agents.adapter import Agent, Question, Verdict
from vectra_guard.model import Action, Decision, Request

if TYPE_CHECKING:
    from vectra_guard.evaluate import Judgement

AGENTS: dict[str, str] = {
    "claude": "Claude Code",
    "codex": "Codex CLI",
    "copilot": "GitHub Copilot CLI",
    "cursor": "Cursor",
    "gemini": "Gemini CLI",
    "opencode": "OpenCode",
}

NOT_JUDGED = "the guard could not judge this command, so it does not run ({why}). `vg doctor` shows what is wrong."


def agent(name: str) -> Agent:
    """The adapter of an agent of ``AGENTS``. Imported alone: a request pays for its own agent only."""
    found: Agent = import_module(f"vectra_guard.agents.{name}").AGENT
    return found


def respond(
    name: str,
    payload: Any,
    *,
    cwd: str,
    home: str,
    vg: str,
    judge: Callable[[Request], Judgement],
    use: Callable[[tuple[str, ...], str], bool],
) -> tuple[str, Judgement | None]:
    """What the hook of agent ``name`` prints for ``payload`` (its parsed JSON), and what was judged, if anything.

    ``cwd`` counts where the payload names no folder; ``use`` counts a use of trust entries and says whether each had
    one left. Empty text: nothing to say, the agent goes on by its own rules.
    """
    adapter = agent(name)
    try:
        question = adapter.read(payload)
        if question is None:
            return "", None
        # only where the hook can ask is there somebody to answer
        request = Request(question.line, "bash", question.cwd or cwd, home, interactive=adapter.asks, by_program=True)
        judged = judge(request)
        if judged.decision.trust_ids and not use(judged.decision.trust_ids, request.cwd):
            judged = judge(request)  # another shell had the last use
        answer = adapter.answer(_verdict(question.line, judged.decision, vg), payload)
    except Exception as err:  # whatever it is, it must end as a refusal the agent can read
        return refusal(name, f"{type(err).__name__}: {err}"), None
    return (json.dumps(answer) if answer else ""), judged


def refusal(name: str, why: str) -> str:
    """What the hook prints when nothing could be judged."""
    return json.dumps(agent(name).answer(Verdict(Action.BLOCK, "vg: " + NOT_JUDGED.format(why=why)), {}))


def count(judged: Judgement) -> None:
    """Write a refusal to the metrics. What runs is counted by ``vg exec``, or known to the agent alone."""
    decision = judged.decision
    if decision.action is not Action.BLOCK:
        return
    # sqlite3 and the configuration, after the answer
    from vectra_guard.config import layers
    from vectra_guard.store import record

    record.finished(
        layers.load(judged.request.cwd).config,
        command=judged.request.line,
        decision=decision.action.label,
        runtime="none",
        risk=decision.risk.label,
        rules=tuple(dict.fromkeys(finding.rule for finding in decision.findings)),
        reason=decision.reason,
        status=3,
        duration=0.0,
        shell=judged.request.shell,
        cwd=judged.request.cwd,
    )


def _verdict(line: str, decision: Decision, vg: str) -> Verdict:
    changed = bool(decision.insertions or decision.whole_line)
    rewritten = rewrite.apply(line, decision, vg) if changed else ""
    if decision.action is Action.ASK and not decision.host_offered:
        # critical: a person could only choose a sandbox or no, and an agent cannot show that question
        return Verdict(Action.BLOCK, _reason(decision, line, vg))
    return Verdict(decision.action, _reason(decision, line, vg), rewritten)


def _reason(decision: Decision, line: str, vg: str) -> str:
    """Why, and what to do instead. One paragraph that a model can act on."""
    text = f"vg ({decision.risk.label}): {decision.reason or 'refused by policy'}"
    instead = next((finding.instead for finding in decision.findings if finding.instead), "")
    if instead:
        text += f" Instead: {instead}"
    if decision.sandbox_offered:
        text += f" It may run on a copy of the files, to be looked at before it is kept: {in_review(line, vg)}"
    elif decision.action is Action.SANDBOX:
        text += " It runs in a sandbox."
    elif not instead and decision.action is not Action.HOST:
        text += " Leave it to the user, and say what it is needed for."
    return text


def in_review(line: str, vg: str) -> str:
    """The sandboxed form of a line whose changes wait for a person's yes."""
    return f"{vg} exec --review {rewrite.quote(line, 'bash')}"


__all__ = ["AGENTS", "Agent", "Question", "Verdict", "agent", "count", "refusal", "respond"]
