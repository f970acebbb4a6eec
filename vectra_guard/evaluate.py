"""The one seam: what the hooks, ``vg exec``, ``vg check`` and the agent adapters all call. Pure.

Reads the line, judges every command in it, and decides. An exception in here is a bug; callers treat it as a
refusal (fail closed), never as permission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vectra_guard import policy, rules, syntax
from vectra_guard.config.schema import Config
from vectra_guard.model import Decision, Facts, Request, Script
from vectra_guard.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision with what it was made of."""

    request: Request
    script: Script
    decision: Decision


def evaluate(
    request: Request,
    facts: Facts,
    config: Config,
    ruleset: RuleSet,
    trust: policy.TrustLookup | None = None,
    sources: Mapping[str, str] | None = None,
) -> Judgement:
    """Judge one request. ``trust`` is asked only for lines that would otherwise ask or be sandboxed."""
    script = syntax.read(request, facts)
    findings = rules.judge(script, request, facts, ruleset)
    decision = policy.decide(script, findings, request, facts, config, trust, sources)
    return Judgement(request, script, decision)
