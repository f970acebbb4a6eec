"""Findings of ``vg validate`` as SARIF 2.1.0, which code hosts and editors show beside the line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vectra_guard import __version__
from vectra_guard.model import Risk
from vectra_guard.validate import Row

LEVELS = {Risk.LOW: "note", Risk.MEDIUM: "note", Risk.HIGH: "warning", Risk.CRITICAL: "error"}


def report(rows: Sequence[Row]) -> dict[str, Any]:
    """One run. Paths are relative where they were given so."""
    rules = sorted({row.rule: row for row in rows}.items())
    index = {rule: number for number, (rule, _) in enumerate(rules)}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Vectra Guard",
                        "semanticVersion": __version__,
                        "rules": [
                            {"id": rule, "shortDescription": {"text": row.category or rule}} for rule, row in rules
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(row, index[row.rule]) for row in rows],
            }
        ],
    }


def _result(row: Row, rule: int) -> dict[str, Any]:
    return {
        "ruleId": row.rule,
        "ruleIndex": rule,
        "level": LEVELS[row.risk],
        "message": {"text": row.message + (f" Instead: {row.instead}" if row.instead else "")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(row.path)},
                    "region": {"startLine": max(row.line, 1)},
                }
            }
        ],
        "properties": {"risk": row.risk.label, "where": row.where},
    }


def _uri(path: str) -> str:
    from urllib.parse import quote  # only a report in this form needs it

    return ("file://" if path.startswith("/") else "") + quote(path)
