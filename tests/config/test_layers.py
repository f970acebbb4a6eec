"""Precedence, sources, locks, and: a mistake in one file never loosens anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.conftest import Place
from vectra_guard.config import allow, layers
from vectra_guard.config.layers import VARIABLES
from vectra_guard.config.reading import KEYS
from vectra_guard.config.schema import Config
from vectra_guard.errors import ConfigError


def test_nothing_configured_is_the_defaults(place: Place) -> None:
    loaded = place.load()
    assert loaded.config == Config() == layers.defaults().config
    assert loaded.sources == {}
    assert loaded.problems == ()


def test_later_layers_win_and_say_where(place: Place) -> None:
    place.system.write_text("preset: production\nguard_level: low\nsandbox: {timeout: 50}\n")
    place.user.write_text("\nguard_level: medium\nsandbox:\n  memory: 2g\n")
    place.project.write_text("guard_level: high\n")
    loaded = place.load(flags={"sandbox.mode": "never"}, env={"VG_SANDBOX_TIMEOUT": "20"})
    config = loaded.config
    assert (config.guard_level, config.sandbox.mode, config.sandbox.timeout) == ("high", "never", 20)
    assert (config.sandbox.memory, config.sandbox.security_level) == ("2g", "strict")
    assert {name: loaded.sources[name] for name in ("guard_level", "sandbox.mode", "sandbox.timeout")} == {
        "guard_level": f"{place.project}:1",
        "sandbox.mode": "flag",
        "sandbox.timeout": "environment VG_SANDBOX_TIMEOUT",
    }
    assert loaded.sources["sandbox.memory"] == f"{place.user}:4"
    assert loaded.sources["sandbox.security_level"] == "preset production"
    assert loaded.flagged("sandbox.mode")
    assert not loaded.flagged("guard_level")
    assert loaded.problems == ()


def test_the_users_preset_replaces_the_systems(place: Place) -> None:
    place.system.write_text("preset: production\n")
    place.user.write_text("preset: developer\n")
    assert place.load().config.sandbox.security_level == "balanced"


def test_locked_keys_stay(place: Place) -> None:
    place.system.write_text("lock: [guard_level, env_protection]\nguard_level: high\n")
    place.user.write_text("guard_level: low\nenv_protection: {enabled: false}\nsandbox: {timeout: 5}\n")
    place.project.write_text("guard_level: paranoid\n")
    loaded = place.load(env={"VG_GUARD_LEVEL": "paranoid"})
    assert loaded.config.guard_level == "high"
    assert loaded.config.env_protection.enabled
    assert loaded.config.sandbox.timeout == 5
    assert sum("locked by" in problem for problem in loaded.problems) == 4
    with pytest.raises(ConfigError, match="locked by"):
        place.load(flags={"guard_level": "off"})


@pytest.mark.parametrize("which", ["user", "project"])
def test_only_the_system_file_locks(place: Place, which: str) -> None:
    getattr(place, which).write_text("lock: [guard_level]\n")
    loaded = place.load(flags={"guard_level": "high"})
    assert loaded.config.guard_level == "high"
    assert "may lock" in loaded.problems[0]


def test_a_wrong_project_file_takes_nothing_else_with_it(place: Place) -> None:
    place.user.write_text("guard_level: paranoid\n")
    place.project.write_text("guard_level: hgih\n")
    loaded = place.load()
    assert loaded.config.guard_level == "paranoid"
    assert f"{place.project}:1" in loaded.problems[0]


def test_a_wrong_user_file_keeps_its_last_good_values(place: Place) -> None:
    place.user.write_text("guard_level: paranoid\npolicies:\n  denylist: [halt]\n  rules:\n  - {id: x}\n")
    good = place.load().config
    place.user.write_text("guard_level: {")
    for _ in range(2):
        loaded = place.load()
        assert loaded.config == good
        assert "stays in force" in loaded.problems[0]
    place.user.write_text("guard_level: low\n")
    assert place.load().config.guard_level == "low"
    place.user.unlink()
    assert place.load().config == Config()


def test_a_file_that_was_never_right_counts_as_empty(place: Place) -> None:
    place.system.write_text("guard_level: high\n")
    place.user.write_text("nonsense\n")
    loaded = place.load()
    assert loaded.config.guard_level == "high"
    assert "nothing of this file" in loaded.problems[0]


def test_a_wrong_variable_is_ignored_and_said(place: Place) -> None:
    place.user.write_text("guard_level: paranoid\n")
    loaded = place.load(env={"VG_GUARD_LEVEL": "nonsense", "VG_SANDBOX_TIMEOUT": "x", "VG_OTHER": "1"})
    assert loaded.config.guard_level == "paranoid"
    assert len(loaded.problems) == 2


def test_a_wrong_flag_is_an_error(place: Place) -> None:
    with pytest.raises(ConfigError, match="did you mean `high`"):
        place.load(flags={"guard_level": "hihg"})


def test_an_unknown_preset_names_the_shipped_ones(place: Place) -> None:
    place.user.write_text("preset: prodction\nguard_level: high\n")
    loaded = place.load()
    assert loaded.config.guard_level == "high"
    assert "ci-cd, developer, production" in loaded.problems[0]
    place.user.write_text("preset: ../../etc/passwd\n")
    assert "there is no preset" in place.load().problems[0]
    with pytest.raises(ConfigError, match="there is no preset"):
        layers.check(str(place.repo))


def test_check_raises_what_load_survives(place: Place) -> None:
    layers.check(str(place.repo))
    place.project.write_text("guard_leve: low\n")
    with pytest.raises(ConfigError, match=f"{place.project}:1"):
        layers.check(str(place.repo))


@pytest.mark.parametrize("mode", [0o666, 0o622, 0o602])
def test_a_file_that_everybody_can_write_is_not_used(place: Place, mode: int) -> None:
    place.user.write_text("guard_level: off\n")
    place.user.chmod(mode)
    loaded = place.load()
    assert loaded.config == Config()
    assert "chmod go-w" in loaded.problems[0]
    place.user.chmod(0o664)
    assert place.load().config.guard_level == "off"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_users_file_of_somebody_else_is_not_used(place: Place) -> None:
    place.user.write_text("guard_level: off\n")
    os.chown(place.user, 65534, 65534)
    assert place.load().config == Config()


def test_the_nearest_project_file_up_to_the_repository_root_counts(place: Place) -> None:
    below = place.repo / "a" / "b"
    below.mkdir(parents=True)
    (place.repo.parent / "vectra-guard.yaml").write_text("guard_level: paranoid\n")
    assert layers.load(str(below), env={}).config.guard_level == "auto"
    place.project.write_text("guard_level: high\n")
    assert layers.load(str(below), env={}).config.guard_level == "high"
    (below.parent / "vectra-guard.yaml").write_text("guard_level: paranoid\n")
    assert layers.load(str(below), env={}).config.guard_level == "paranoid"
    assert layers.load(str(below), env={}, project=False).config.guard_level == "auto"


def test_outside_a_repository_only_this_folder_counts(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "plain" / "sub"
    folder.mkdir(parents=True)
    (folder.parent / "vectra-guard.yaml").write_text("guard_level: paranoid\n")
    assert layers.load(str(folder), env={}).config.guard_level == "auto"
    assert layers.load(str(folder.parent), env={}).config.guard_level == "paranoid"


def test_odd_things_in_place_of_the_project_file_are_survived(place: Place) -> None:
    os.mkfifo(place.project)
    assert place.load().config == Config()
    place.project.unlink()
    place.project.mkdir()
    assert place.load().config == Config()
    place.project.rmdir()
    place.project.symlink_to("/dev/zero")
    assert place.load().config == Config()
    place.project.unlink()
    place.project.symlink_to(place.project)
    assert place.load().config == Config()


def test_accepting_a_project_file_is_for_its_content(place: Place) -> None:
    place.project.write_text("guard_level: low\nprompt: {notices: none}\npolicies: {rules: [{id: a}]}\n")
    before = place.load()
    assert before.config.guard_level == "auto"
    assert before.config.prompt.notices == "all"
    assert before.config.policies.rules[0].project
    assert [("`vg config allow`" in p) for p in before.problems] == [True, True]
    assert not layers.is_allowed(str(place.project))
    allow.allow(str(place.project))
    assert before.changed()
    after = place.load()
    assert (after.config.guard_level, after.config.prompt.notices, after.problems) == ("low", "none", ())
    assert not after.config.policies.rules[0].project
    assert layers.is_allowed(str(place.project))
    place.project.write_text("guard_level: off\n")
    assert place.load().config.guard_level == "auto"


def test_a_broken_accepted_file_is_not_accepted_any_more(place: Place) -> None:
    place.project.write_text("guard_level: low\n")
    allow.allow(str(place.project))
    assert place.load().config.guard_level == "low"
    place.project.write_text("guard_level: {")
    assert place.load().config.guard_level == "auto"


def test_accepting_is_for_one_path_and_can_be_taken_back(place: Place, tmp_path: Path) -> None:
    place.project.write_text("guard_level: low\n")
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    (other / "vectra-guard.yaml").write_text("guard_level: low\n")
    allow.allow(str(place.project))
    allow.allow(str(place.project))
    assert len(Path(allow.file()).read_text().splitlines()) == 1
    assert Path(allow.file()).stat().st_mode & 0o777 == 0o600
    assert layers.load(str(other), env={}).config.guard_level == "auto"
    assert allow.forget(str(place.project))
    assert not allow.forget(str(place.project))
    assert place.load().config.guard_level == "auto"


def test_a_list_of_pins_that_others_can_write_counts_for_nothing(place: Place) -> None:
    place.project.write_text("guard_level: low\n")
    allow.allow(str(place.project))
    Path(allow.file()).chmod(0o622)
    assert place.load().config.guard_level == "auto"


def test_a_wrong_file_cannot_be_accepted(place: Place) -> None:
    place.project.write_text("guard_leve: low\n")
    with pytest.raises(ConfigError, match="did you mean"):
        allow.allow(str(place.project))


def test_changes_are_noticed(place: Place) -> None:
    loaded = place.load()
    assert not loaded.changed()
    for path in (place.project, place.user, place.system):
        path.write_text("guard_level: high\n")
        assert loaded.changed()
        loaded = place.load()
        assert not loaded.changed()
        stat = path.stat()
        path.write_text("guard_level: auto\n")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # same size and time, other content
        assert loaded.changed()
        loaded = place.load()
        path.unlink()
        assert loaded.changed()
        loaded = place.load()


def test_every_key_but_rules_has_a_variable() -> None:
    assert set(VARIABLES.values()) == set(KEYS) - {"policies.rules"}
    assert VARIABLES["VG_GUARD_LEVEL"] == "guard_level"
    assert VARIABLES["VG_SANDBOX_SECURITY_LEVEL"] == "sandbox.security_level"
