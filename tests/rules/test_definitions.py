"""A definition alone is harmless; one that a shell runs by itself, shadows a command, or is called is not."""

from __future__ import annotations

import pytest

from vectra_guard.model import Facts, Request, Risk
from vectra_guard.rules import judge, load
from vectra_guard.syntax import read

FACTS = Facts(user="dev", variables={"HOME": "/home/dev", "USER": "dev"})
RULES = load()


def risk(line: str) -> Risk:
    request = Request(line, cwd="/home/dev/app", home="/home/dev")
    return max((f.risk for f in judge(read(request, FACTS), request, FACTS, RULES)), default=Risk.LOW)


@pytest.mark.parametrize("line", ["wipe_all() { rm -rf /; }", "function zap { rm -rf ~; }", "alias zap='rm -rf /'"])
def test_only_defined(line: str) -> None:
    assert risk(line) == Risk.LOW


@pytest.mark.parametrize(
    "line",
    [
        "ls() { rm -rf /; }", "alias ls='rm -rf /'", "precmd() { rm -rf /; }", "zap() { rm -rf /; }; zap",
        "zap() { rm -rf /; }; trap zap EXIT", "zap() { rm -rf /; }; $x", "alias zap='rm -rf /'\nzap",
        "cd() { rm -rf /; }", ":(){ :|:& };:",
    ],
)  # fmt: skip
def test_run_or_shadowing(line: str) -> None:
    assert risk(line) == Risk.CRITICAL
