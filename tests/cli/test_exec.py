"""What the options of ``vg exec`` ask for."""

from __future__ import annotations

import pytest

from vectra_guard.cli.exec import parse


@pytest.mark.parametrize("said", [["--review"], ["--workspace", "review"], ["--workspace=ro"]])
def test_a_view_of_the_project_is_a_sandbox_whatever_the_risk(said: list[str]) -> None:
    assert parse([*said, "--", "true"])[0].flags["sandbox.mode"] == "always"


def test_what_is_said_of_the_mode_stands() -> None:
    assert parse(["--review", "--mode", "risky", "--", "true"])[0].flags["sandbox.mode"] == "risky"
    assert "sandbox.mode" not in parse(["--direct", "--", "true"])[0].flags
