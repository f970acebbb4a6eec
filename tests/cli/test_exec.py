"""What the options of ``vg exec`` ask for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vectra_guard.cli.exec import parse


@pytest.mark.parametrize("said", [["--review"], ["--workspace", "review"], ["--workspace=ro"]])
def test_a_view_of_the_project_is_a_sandbox_whatever_the_risk(said: list[str]) -> None:
    assert parse([*said, "--", "true"])[0].flags["sandbox.mode"] == "always"


def test_what_is_said_of_the_mode_stands() -> None:
    assert parse(["--review", "--mode", "risky", "--", "true"])[0].flags["sandbox.mode"] == "risky"
    assert "sandbox.mode" not in parse(["--direct", "--", "true"])[0].flags


@pytest.mark.sandbox
def test_review_of_a_line_covers_redirections_and_builtins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``vg exec --review LINE`` is a run on a view as a whole: the line's own shell must not write past it."""
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "p").mkdir()
    (tmp_path / "p/file").write_text("old")
    done = subprocess.run(
        [sys.executable, "-m", "vectra_guard", "exec", "--review", "echo new > file; cd /; true"],
        cwd=tmp_path / "p",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "p/file").read_text() == "old"
