"""Decisions as plain JSON objects and back, for the socket between ``vg`` and the evaluator and for ``--json``.

Risks and actions travel as their names. A shape that does not fit raises GuardError: the two ends are of different
versions, and the caller decides from scratch.
"""

from __future__ import annotations

from typing import Any

from vectra_guard.errors import GuardError
from vectra_guard.model import Action, Decision, Finding, Insertion, Risk, RiskyPart, Span, Step


def finding_to_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "risk": finding.risk.label,
        "remedy": finding.remedy,
        "message": finding.message,
        "span": list(finding.span),
        "command": finding.command,
        "why": finding.why,
        "instead": finding.instead,
        "category": finding.category,
        "undecided": finding.undecided,
        "manager": finding.manager,
    }


def finding_from_json(data: dict[str, Any]) -> Finding:
    return Finding(**{**data, "risk": Risk[data["risk"].upper()], "span": Span(*data["span"])})


def _part_to_json(part: RiskyPart) -> dict[str, Any]:
    return {
        "fingerprint": part.fingerprint,
        "text": part.text,
        "risk": part.risk.label,
        "asks": part.asks,
        "runs": [[folder, list(words)] for folder, words in part.runs],
        "words": list(part.words),
        "changed": list(part.changed),
    }


def _part_from_json(data: dict[str, Any]) -> RiskyPart:
    runs = tuple((str(folder), tuple(words)) for folder, words in data["runs"])
    words, changed = tuple(data["words"]), tuple(data["changed"])
    return RiskyPart(**{**data, "risk": Risk[data["risk"].upper()], "runs": runs, "words": words, "changed": changed})


def decision_to_json(decision: Decision) -> dict[str, Any]:
    return {
        "action": decision.action.label,
        "risk": decision.risk.label,
        "reason": decision.reason,
        "findings": [finding_to_json(f) for f in decision.findings],
        "steps": [[s.name, s.outcome, s.source] for s in decision.steps],
        "insertions": [
            [
                i.offset,
                i.command,
                i.kind,
                [list(i.replace[0]), i.replace[1]] if i.replace else None,
                i.asked,
                list(i.keep_env),
                i.review,
            ]
            for i in decision.insertions
        ],
        "whole_line": decision.whole_line,
        "review": decision.review,
        "sandbox_offered": decision.sandbox_offered,
        "host_offered": decision.host_offered,
        "trusted": decision.trusted,
        "trust_ids": list(decision.trust_ids),
        "parts": [_part_to_json(p) for p in decision.parts],
        "warning": decision.warning,
    }


def decision_from_json(data: dict[str, Any]) -> Decision:
    try:
        return Decision(
            **{
                **data,
                "action": Action[data["action"].upper()],
                "risk": Risk[data["risk"].upper()],
                "findings": tuple(finding_from_json(f) for f in data["findings"]),
                "steps": tuple(Step(*s) for s in data["steps"]),
                "insertions": tuple(
                    Insertion(o, c, kind, (Span(*r[0]), r[1]) if r else None, asked, tuple(names), review)
                    for o, c, kind, r, asked, names, review in data["insertions"]
                ),
                "trust_ids": tuple(data["trust_ids"]),
                "parts": tuple(_part_from_json(p) for p in data["parts"]),
            }
        )
    except (KeyError, TypeError, ValueError) as err:
        raise GuardError(f"the evaluator answered in another version's words ({err!r})") from err
