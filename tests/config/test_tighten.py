"""A project file and the environment can make the guard stricter, never looser: each key of the schema is tried."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.config.conftest import Place
from vectra_guard.config import tighten
from vectra_guard.config.layers import VARIABLES
from vectra_guard.config.reading import KEYS
from vectra_guard.config.tighten import NETWORK_OF_LEVEL, tightened
from vectra_guard.sandbox.levels import LEVELS

DIRECTIONS: dict[str, dict[str, tuple[Any, Any, Any]]] = {
    # what the user has, a looser value, a stricter one
    "true": {"*": (True, False, True)},
    "false": {"*": (False, True, False)},
    "less": {"*": (100, 200, 50)},
    "grow": {"*": (["one"], [], ["two"])},
    "shrink": {"*": (["one", "two"], ["one", "three"], ["one"])},
    "user": {
        "sandbox.runtime": ("podman", "docker", None), "sandbox.image": ("a", "b", None),
        "sandbox.images": ({"npm": "a"}, {"npm": "b"}, None), "sandbox.cache_dirs": (["/a"], ["/b"], None),
        "sandbox.seccomp_profile": ("strict", "none", None), "sandbox.env": ({"A": "1"}, {"LD_PRELOAD": "/x"}, None),
        "sandbox.memory": ("1g", "64g", None), "sandbox.cpus": (1.0, 64.0, None), "sandbox.pids": (10, 9999, None),
        "sandbox.enable_metrics": (True, False, None), "sandbox.log_output": (False, True, None),
        "sandbox.trust_store_path": ("/a", "/b", None), "prompt.notices": ("all", "none", None),
        "prompt.emoji": (False, True, None), "prompt.color": (False, True, None),
        "prompt.screen_reader": (True, False, None), "prompt.language": ("de", "en", None),
        "prompt.timeout": (10, 99, None), "trust.default_duration": ("1h", "never", None),
        "trust.suggest_after": (5, 1, None), "metrics.enabled": (True, False, None), "metrics.history": (50, 0, None),
        "logging.level": ("info", "error", None), "logging.file": ("/a", "/b", None),
    },
}  # fmt: skip

HOSTS = {"sandbox.allowed_hosts", "sandbox.private_hosts"}
MOUNTS = {"sandbox.bind_mounts"}


def cases() -> list[tuple[str, Any, Any, Any]]:
    made = []
    for name, key in KEYS.items():
        direction = key.metadata["tighten"]
        if direction == "order":
            order = key.metadata["order"]
            made += [(name, order[n], order[n - 1], order[n]) for n in range(1, len(order))]
            made += [(name, order[n - 1], None, order[n]) for n in range(1, len(order))]
            continue
        table = DIRECTIONS[direction]
        entry = table.get(name) or table["*"]
        if name in MOUNTS:
            entry = (["/one", "/two"], ["/one", "/"], ["/one"])
        if name == "policies.rules":
            entry = ([{"id": "one"}], [], [{"id": "two"}])
        made.append((name, *entry))
    return made


def text(name: str, value: Any) -> str:
    section, _, key = name.rpartition(".")
    return yaml.safe_dump({section: {key: value}} if section else {key: value})


def value_of(place: Place, name: str, env: dict[str, str] | None = None) -> Any:
    value: Any = place.load(env=env).config
    for part in name.split("."):
        value = getattr(value, part)
    if name == "policies.rules":
        return tuple(rule.data for rule in value)
    return value


def frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def test_every_key_of_the_schema_is_tried() -> None:
    assert {name for name, *_ in LOOSER} == set(KEYS)
    assert {name for name, *_ in STRICTER} == {n for n, key in KEYS.items() if key.metadata["tighten"] != "user"}
    assert all(key.metadata["tighten"] in tighten.RULES for key in KEYS.values())


LOOSER = [(name, mine, looser) for name, mine, looser, _ in cases() if looser is not None]
STRICTER = [(name, mine, stricter) for name, mine, _, stricter in cases() if stricter is not None]
BY_VARIABLE = [case for case in LOOSER if case[0] not in {"policies.rules", *tighten.HARMLESS}]


@pytest.mark.parametrize(("name", "mine", "looser"), LOOSER)
def test_a_project_file_cannot_loosen(place: Place, name: str, mine: Any, looser: Any) -> None:
    place.user.write_text(text(name, mine))
    assert value_of(place, name) == frozen(mine)
    place.project.write_text(text(name, looser))
    assert value_of(place, name) == frozen(mine)
    if KEYS[name].metadata["tighten"] != "grow":  # a shorter list is no mistake: entries are added, none goes
        (problem,) = place.load().problems
        assert f"{place.project}:" in problem
        assert name in problem


@pytest.mark.parametrize(("name", "mine", "stricter"), STRICTER)
def test_a_project_file_can_tighten(place: Place, name: str, mine: Any, stricter: Any) -> None:
    place.user.write_text(text(name, mine))
    place.project.write_text(text(name, stricter))
    want = frozen(mine) + frozen(stricter) if KEYS[name].metadata["tighten"] == "grow" else frozen(stricter)
    assert value_of(place, name) == want
    assert place.load().problems == ()


@pytest.mark.parametrize(("name", "mine", "looser"), BY_VARIABLE)
def test_the_environment_cannot_loosen(place: Place, name: str, mine: Any, looser: Any) -> None:
    variable = next(v for v, key in VARIABLES.items() if key == name)
    shown = ",".join(looser) if isinstance(looser, list) else str(looser)
    if isinstance(looser, dict):
        shown = ",".join(f"{k}={v}" for k, v in looser.items())
    place.user.write_text(text(name, mine))
    assert value_of(place, name, {variable: shown}) == frozen(mine)


def test_the_environment_may_set_what_is_harmless(place: Place) -> None:
    env = {"VG_PROMPT_EMOJI": "no", "VG_PROMPT_COLOR": "no", "VG_PROMPT_LANGUAGE": "de", "VG_PROMPT_SCREEN_READER": "1"}
    prompt = place.load(env=env).config.prompt
    assert (prompt.emoji, prompt.color, prompt.language, prompt.screen_reader) == (False, False, "de", True)


def test_the_projects_preset_can_only_tighten_too(place: Place) -> None:
    place.user.write_text("guard_level: paranoid\nsandbox: {security_level: paranoid}\n")
    place.project.write_text("preset: developer\n")
    config = place.load().config
    assert (config.guard_level, config.sandbox.security_level) == ("paranoid", "paranoid")
    place.user.write_text("guard_level: low\n")
    place.project.write_text("preset: production\n")
    config = place.load().config
    assert (config.guard_level, config.sandbox.security_level) == ("high", "strict")


def test_a_copied_preset_is_a_project_file(place: Place) -> None:
    """``cp presets/production.yaml vectra-guard.yaml``"""
    from vectra_guard import data_files

    with open(f"{data_files.folder('presets')}/production.yaml", encoding="utf-8") as file:
        place.project.write_text(file.read())
    assert place.load().config.guard_level == "high"


@pytest.mark.parametrize(
    ("level", "old", "new", "accepted"),
    [
        ("paranoid", "level", "restricted", False),  # `level` is no network at all here
        ("paranoid", "level", "none", True),
        ("balanced", "level", "restricted", True),
        ("balanced", "level", "full", False),
        ("permissive", "level", "restricted", True),
        ("permissive", "restricted", "level", False),
        ("permissive", "full", "level", True),
        ("strict", "none", "level", False),
    ],
)
def test_network_is_compared_by_what_it_means(place: Place, level: str, old: str, new: str, accepted: bool) -> None:
    place.user.write_text(f"sandbox: {{security_level: {level}, network_mode: {old}}}\n")
    place.project.write_text(f"sandbox: {{network_mode: {new}}}\n")
    assert place.load().config.sandbox.network_mode == (new if accepted else old)


def test_the_meaning_of_level_is_the_sandboxes() -> None:
    assert {level: row.network for level, row in LEVELS.items()} == NETWORK_OF_LEVEL


def test_guard_level_auto_is_stricter_than_medium() -> None:
    """It is medium, and high in production and for root."""
    assert tightened("guard_level", "auto", {"guard_level": "medium"}.__getitem__) == "auto"
    assert tightened("guard_level", "medium", {"guard_level": "auto"}.__getitem__) is None
