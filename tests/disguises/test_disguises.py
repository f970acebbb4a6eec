"""Dangerous lines stay dangerous in every disguise, their harmless twins stay harmless, and mere text is no danger."""

from __future__ import annotations

import pytest

from vectra_guard.model import Facts, Request, Risk
from vectra_guard.rules import judge, load
from vectra_guard.syntax import read

from .forms import LIVE, TEXT, Form, fits, render
from .payloads import PAYLOADS

VARIABLES = {"HOME": "/home/dev", "USER": "dev", "PWD": "/home/dev/app", "SHELL": "/bin/bash"}
FACTS = Facts(user="dev", git_root="/home/dev/app", git_branch="main", variables=VARIABLES)
RULES = load()


def risk(line: str, shell: str = "bash") -> Risk:
    request = Request(line, shell, cwd="/home/dev/app", home="/home/dev")
    script = read(request, FACTS)
    return max([script.floor, *(f.risk for f in judge(script, request, FACTS, RULES))])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_undisguised(shell: str) -> None:
    for payload in PAYLOADS:
        if shell == "bash" or payload.portable:
            assert risk(payload.line, shell) >= payload.level, payload.line
            assert risk(payload.twin, shell) == Risk.LOW, payload.twin


@pytest.mark.parametrize("form", LIVE, ids=lambda form: f"{form.shell}: {form.template}")
def test_live(form: Form) -> None:
    missed = [
        line for p in PAYLOADS if fits(form, p) and risk(line := render(form.template, p.line), form.shell) < p.level
    ]
    assert missed == []


@pytest.mark.parametrize("form", [x for x in LIVE if not x.own], ids=lambda form: f"{form.shell}: {form.template}")
def test_twin(form: Form) -> None:
    raised = [
        line for p in PAYLOADS if fits(form, p) and risk(line := render(form.template, p.twin), form.shell) > Risk.LOW
    ]
    assert raised == []


@pytest.mark.parametrize(("shell", "template"), TEXT, ids=lambda text: text)
def test_only_text(shell: str, template: str) -> None:
    raised = [
        line
        for p in PAYLOADS
        if (shell == "bash" or p.portable) and risk(line := render(template, p.line), shell) > Risk.LOW
    ]
    assert raised == []
