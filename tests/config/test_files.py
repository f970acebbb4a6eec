"""What was right in a file is kept: no YAML parser in ``vg exec``, and nobody else's data is believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.config.conftest import Place
from vectra_guard.config import files
from vectra_guard.config.schema import Config

LOAD = """
import sys
from vectra_guard import paths
paths.SYSTEM_CONFIG = sys.argv[2]
from vectra_guard.config import layers
loaded = layers.load(sys.argv[1], env={})
print(loaded.config.guard_level, *sorted({"yaml", "ruamel", "platformdirs"} & set(sys.modules)))
"""

FULL = """
guard_level: high
policies: {allowlist: [a b], denylist: [c], rules: [{id: x, words: [a, b], risk: 2}]}
sandbox: {timeout: 5, cpus: 1.5, env: {A: b}, bind_mounts: ['/x:ro']}
"""


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once."""
    monkeypatch.setattr(files, "RACY", -1e12)


def fresh_process(place: Place) -> str:
    return subprocess.run(
        [sys.executable, "-c", LOAD, str(place.repo), str(place.system)], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.usefixtures("calm")
def test_the_second_process_needs_no_yaml(place: Place) -> None:
    place.user.write_text(FULL)
    place.project.write_text("guard_level: paranoid\n")
    loaded = place.load()
    assert loaded.config.guard_level == "paranoid"
    assert fresh_process(place) == "paranoid"
    assert place.load() == loaded


def test_no_file_needs_no_yaml(place: Place) -> None:
    assert fresh_process(place) == "auto"


@pytest.mark.usefixtures("calm")
def test_kept_values_are_the_same_values(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.user.write_text(FULL)
    first = place.load()
    monkeypatch.setattr(files, "_fresh", lambda *_: pytest.fail("read again"))
    assert place.load() == first
    assert first.config.sandbox.bind_mounts == ("/x:ro",)
    assert first.config.policies.rules[0].data == {"id": "x", "words": ["a", "b"], "risk": 2}


def test_a_file_that_has_just_changed_is_read_again(place: Place) -> None:
    """Within one tick of the clock a change of the same size cannot be seen."""
    place.user.write_text("guard_level: high\n")
    place.load()
    (kept,) = (place.state / "config").iterdir()
    assert json.loads(kept.read_text())["identity"] is None


@pytest.mark.usefixtures("calm")
def test_the_kept_form_is_private(place: Place) -> None:
    place.user.write_text("guard_level: high\n")
    place.load()
    (kept,) = (place.state / "config").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize("spoil", ["mode", "link", "garbage", "other path", "other schema", "not an object"])
def test_a_kept_form_that_is_not_ours_is_not_believed(place: Place, spoil: str) -> None:
    place.user.write_text("guard_level: high\n")
    place.load()
    (kept,) = (place.state / "config").iterdir()
    data = json.loads(kept.read_text())
    data["values"] = [["guard_level", "off", "forged"]]
    if spoil == "other path":
        data["path"] = "/x"
    if spoil == "other schema":
        data["schema"] = 1
    kept.write_text({"garbage": "{", "not an object": "[]"}.get(spoil, json.dumps(data)))
    if spoil == "mode":
        kept.chmod(0o666)
    if spoil == "link":
        kept.rename(kept.parent / "elsewhere")
        kept.symlink_to("elsewhere")
    assert place.load().config.guard_level == "high"


@pytest.mark.usefixtures("calm")
def test_a_state_folder_that_cannot_be_used_costs_only_time(place: Place, settle: Callable[[Path], None]) -> None:
    place.state.parent.mkdir(parents=True, exist_ok=True)
    place.state.write_text("a file where the folder should be")
    place.user.write_text("guard_level: high\n")
    settle(place.user)
    assert place.load().config.guard_level == "high"
    assert place.load().problems == ()


@pytest.mark.usefixtures("calm")
def test_what_json_cannot_hold_is_read_each_time(place: Place) -> None:
    place.user.write_text("policies: {rules: [{id: x, when: 2020-01-01, 1: a}]}\n")
    first = place.load()
    assert place.load() == first
    assert first.config.policies.rules[0].data[1] == "a"


def test_a_file_that_cannot_be_read_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.user.write_text("guard_level: off\n")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    loaded = place.load()
    assert loaded.config == Config()
    assert "Permission denied" in loaded.problems[0]
