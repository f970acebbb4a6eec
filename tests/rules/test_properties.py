"""Properties that no line may break: no exception, wrappers never lower, echo never raises, time stays linear."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_guard.model import Facts, Request, Risk
from vectra_guard.rules import judge, load
from vectra_guard.syntax import read

HERE, HOME = "/home/dev/app", "/home/dev"
FACTS = Facts(user="dev", git_root=HERE, variables={"HOME": HOME, "USER": "dev", "PWD": HERE})
RULES = load()
LINES = [
    text.split("\t")[1]
    for file in sorted((Path(__file__).parent.parent / "corpus").glob("*.tsv"))
    for text in file.read_text(encoding="utf-8").splitlines()
    if text and not text.startswith("#") and "\u23ce" not in text
]
SPECIAL = set("|&;<>()$`{}#!?*\n'\"\\~[]=")
SIMPLE = [line for line in LINES if not set(line) & SPECIAL and line.split()[0] not in ("cd", "source")]


def risk(line: str, shell: str = "bash") -> Risk:
    request = Request(line, shell, HERE, HOME)
    script = read(request, FACTS)
    return max([script.floor, *(f.risk for f in judge(script, request, FACTS, RULES))])


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["bash", "zsh", "fish", "sh"]))
def test_any_text_is_judged(line: str, shell: str) -> None:
    assert risk(line, shell) in Risk


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(LINES), st.sampled_from(LINES), st.integers(0, 80), st.sampled_from("|&;<>$(){}\"'\\ *~\0\n/-="))
def test_any_mutation_is_judged(one: str, other: str, at: int, mark: str) -> None:
    assert risk(one[:at] + mark + other[at:]) in Risk


@pytest.mark.parametrize("wrapper", ["sudo", "env", "nice -n 5", "nohup", "timeout 9", "command", "time", "xargs -I@@"])
def test_a_wrapper_never_lowers(wrapper: str) -> None:
    lower = [line for line in SIMPLE if risk(f"{wrapper} {line}") < risk(line)]
    builtin = ("export", "history", "unset", "trap", "set", "kill", "vg-off", "alias", "eval", "declare")
    assert [line for line in lower if not line.startswith(builtin)] == []


def test_text_in_echo_never_raises() -> None:
    assert [line for line in SIMPLE if risk(f'echo "{line}"') > Risk.LOW] == []


def test_a_comment_changes_nothing() -> None:
    assert [line for line in SIMPLE if risk(f"{line} # rm -rf /") != risk(line)] == []


def test_quoting_changes_nothing() -> None:
    def quoted(line: str) -> str:
        return " ".join(f"'{word}'" for word in line.split())

    keywords = ("time ", "if ", "for ", "while ", "coproc ", "function ")
    assert [x for x in SIMPLE if not x.startswith(keywords) and risk(quoted(x)) != risk(x)] == []


@pytest.mark.parametrize(
    "line",
    ["rm " + "[a" * 50_000, "cat " + "*a" * 50_000, "git push " + "+x " * 30_000, "chmod " + "4" * 99_000 + " x"],
)
def test_size_costs_linear_time(line: str) -> None:
    request = Request(line, "bash", HERE, HOME)
    script = read(request, FACTS)
    start = time.perf_counter()
    judge(script, request, FACTS, RULES)
    assert time.perf_counter() - start < 5  # a hundred times what it takes; the quadratic forms took minutes
