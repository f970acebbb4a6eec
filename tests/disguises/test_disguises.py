"""Dangerous lines stay dangerous in every disguise, their harmless twins stay harmless, and mere text is no danger.

Each disguise is tried with a third of the lines here; ``python -m tests.disguises`` tries all and prints shares.
"""

from __future__ import annotations

import pytest

from vectra_guard.model import Risk

from .forms import LIVE, TEXT, Form, fits, render
from .judged import risk
from .payloads import PAYLOADS, Payload


def some(name: str) -> tuple[Payload, ...]:
    return PAYLOADS[sum(map(ord, name)) % 3 :: 3]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_undisguised(shell: str) -> None:
    for payload in PAYLOADS:
        if shell == "bash" or payload.portable:
            assert risk(payload.line, shell) >= payload.level, payload.line
            assert risk(payload.twin, shell) == Risk.LOW, payload.twin


@pytest.mark.parametrize("form", LIVE, ids=lambda form: f"{form.shell}: {form.template}")
def test_live(form: Form) -> None:
    tried = [(p, render(form.template, p.line)) for p in some(form.template) if fits(form, p)]
    assert [line for p, line in tried if risk(line, form.shell) < p.level] == []


@pytest.mark.parametrize("form", [x for x in LIVE if not x.own], ids=lambda form: f"{form.shell}: {form.template}")
def test_twin(form: Form) -> None:
    tried = [render(form.template, p.twin) for p in some(form.template) if fits(form, p)]
    assert [line for line in tried if risk(line, form.shell) > Risk.LOW] == []


@pytest.mark.parametrize(("shell", "template"), TEXT, ids=lambda text: text)
def test_only_text(shell: str, template: str) -> None:
    tried = [render(template, p.line) for p in some(template) if shell == "bash" or p.portable]
    assert [line for line in tried if risk(line, shell) > Risk.LOW] == []
