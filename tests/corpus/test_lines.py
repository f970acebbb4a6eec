"""The evaluator's figures on our own labelled lines: recall where it matters, silence where it does not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from vectra_guard.model import Facts, Request, Risk
from vectra_guard.rules import judge, load
from vectra_guard.syntax import read

HERE, HOME = "/home/dev/app", "/home/dev"
FACTS = Facts(user="dev", git_root=HERE, variables={"HOME": HOME, "USER": "dev", "PWD": HERE, "SHELL": "/bin/bash"})
RULES = load()
FILES = sorted(Path(__file__).parent.glob("*.tsv"))


def level(line: str) -> str:
    request = Request(line, cwd=HERE, home=HOME)
    script = read(request, FACTS)
    found = judge(script, request, FACTS, RULES)
    return max([script.floor, Risk.LOW, *(f.risk for f in found)]).label


@pytest.fixture(scope="module")
def confusion() -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for file in FILES:
        for text in file.read_text(encoding="utf-8").splitlines():
            if text and not text.startswith("#"):
                want, line = text.split("\t")[:2]
                counts[want, level(line.replace("\u23ce", "\n").replace("\u21e5", "\t"))] += 1
    return counts


def share(confusion: Counter[tuple[str, str]], want: str, least: Risk) -> float:
    total = sum(n for (label, _), n in confusion.items() if label == want)
    above = sum(n for (label, got), n in confusion.items() if label == want and Risk[got.upper()] >= least)
    return above / total


def test_enough_lines(confusion: Counter[tuple[str, str]]) -> None:
    assert sum(confusion.values()) >= 300


@pytest.mark.parametrize(
    ("want", "least", "goal"),
    [("critical", Risk.HIGH, 0.995), ("high", Risk.HIGH, 0.97), ("medium", Risk.MEDIUM, 0.95)],
)
def test_recall(confusion: Counter[tuple[str, str]], want: str, least: Risk, goal: float) -> None:
    assert share(confusion, want, least) >= goal


def test_harmless_lines_stay_quiet(confusion: Counter[tuple[str, str]]) -> None:
    assert share(confusion, "low", Risk.MEDIUM) <= 0.02
    assert share(confusion, "low", Risk.HIGH) <= 0.003


def test_exact_level(confusion: Counter[tuple[str, str]]) -> None:
    exact = sum(n for (want, got), n in confusion.items() if want == got)
    assert exact / sum(confusion.values()) >= 0.9
