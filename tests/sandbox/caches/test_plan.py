"""Where caches are, and what is mounted for them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from vectra_guard.config.schema import Config, Sandbox
from vectra_guard.model import Mount
from vectra_guard.sandbox import caches
from vectra_guard.sandbox.caches import plan
from vectra_guard.sandbox.caches.table import ROWS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "guard"))
    made = tmp_path / "home"
    made.mkdir()
    return made


def planned(
    home: Path, *names: str, overlay: bool = True, config: Config | None = None, workspace: str = "", **env: str
) -> tuple[dict[str, Mount], dict[str, str]]:
    mounts, variables = caches.mounts(
        names, home=str(home), env=env, config=config or Config(), overlay=overlay, workspace=workspace
    )
    return {mount.target: mount for mount in mounts}, variables


DEFAULTS = {
    "npm": [".npm"],
    "yarn": [".cache/yarn", ".yarn/berry"],
    "pnpm": [".local/share/pnpm/store", ".cache/pnpm"],
    "bun": [".bun/install/cache"],
    "pip": [".cache/pip"],
    "uv": [".cache/uv"],
    "poetry": [".cache/pypoetry"],
    "cargo": [".cargo/registry", ".cargo/git"],
    "go": ["go/pkg/mod", ".cache/go-build"],
    "gem": [".gem/specs"],
    "bundler": [".bundle/cache"],
    "maven": [".m2/repository"],
    "gradle": [".gradle/caches", ".gradle/wrapper"],
    "composer": [".cache/composer"],
}


def test_every_row_has_its_default_here() -> None:
    assert set(DEFAULTS) == set(ROWS)


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name: str, home: Path) -> None:
    mounts, variables = planned(home, name)
    assert list(mounts) == [f"{home}/{path}" for path in DEFAULTS[name]]
    assert {value for value in variables.values() if value.startswith("/")} <= set(mounts)
    assert not os.path.exists(plan.root())  # planning creates nothing


def test_credentials_beside_a_cache_are_not_mounted(home: Path) -> None:
    for name in ("cargo", "gem", "maven", "gradle", "bundler"):
        for target in planned(home, name)[0]:
            assert target.removeprefix(f"{home}/") not in (".cargo", ".gem", ".m2", ".gradle", ".bundle")


def test_variables_win_over_settings_and_settings_over_defaults(home: Path) -> None:
    (home / ".npmrc").write_text("cache=~/npm-elsewhere\n")
    assert list(planned(home, "npm")[0]) == [f"{home}/npm-elsewhere"]
    mounts, variables = planned(home, "npm", npm_config_cache="/var/cache/npm")
    assert list(mounts) == ["/var/cache/npm"]
    assert variables["npm_config_cache"] == "/var/cache/npm"


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("pip", ".config/pip/pip.conf", "[global]\ncache-dir = {}\n"),
        ("uv", ".config/uv/uv.toml", 'cache-dir = "{}"\n'),
        ("yarn", ".yarnrc", 'cache-folder "{}"\n'),
        ("pnpm", ".npmrc", "store-dir={}\n"),
        ("go", ".config/go/env", "GOMODCACHE={}\n"),
        ("maven", ".m2/settings.xml", "<settings><localRepository>{}</localRepository></settings>\n"),
        ("composer", ".config/composer/config.json", '{{"config": {{"cache-dir": "{}"}}}}\n'),
    ],
)
def test_settings_of_each_manager(name: str, file: str, text: str, home: Path) -> None:
    path = home / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.format("/srv/elsewhere"))
    assert "/srv/elsewhere" in planned(home, name)[0]


@pytest.mark.parametrize("place", ["/", "/home", "{home}", "{home}/..", "{guard}/vectra-guard", "{guard}", "relative"])
def test_what_is_no_cache_folder_is_not_mounted(place: str, home: Path, tmp_path: Path) -> None:
    value = place.format(home=home, guard=tmp_path / "guard")
    assert value not in planned(home, "pip", PIP_CACHE_DIR=value)[0]
    assert not set(planned(home, "pip", PIP_CACHE_DIR=value)[0]) - {f"{home}/.cache/pip"}


def test_a_cache_in_the_project_is_left_alone(home: Path) -> None:
    project = home / "project"
    (project / ".cache").mkdir(parents=True)
    assert planned(home, "pip", workspace=str(project), PIP_CACHE_DIR=f"{project}/.cache")[0] == {}


def test_host_cache_below_and_own_layer_on_top(home: Path) -> None:
    (home / ".npm").mkdir()
    mount = planned(home, "npm")[0][f"{home}/.npm"]
    assert mount.kind == "overlay"
    assert mount.source == f"{home}/.npm"
    assert mount.upper.startswith(f"{plan.root()}/runs/")


def test_without_overlays_a_folder_of_our_own(home: Path) -> None:
    (home / ".npm").mkdir()
    mount = planned(home, "npm", overlay=False)[0][f"{home}/.npm"]
    assert (mount.kind, mount.source) == ("rw", f"{plan.root()}/npm/plain")


def test_a_host_cache_that_holds_a_mount_is_no_lower_layer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = plan._Points()
    assert points.can_overlay(str(home), str(home))
    points._kinds[f"{home}/.npm/inner"] = "ext4"
    assert not points.can_overlay(f"{home}/.npm", str(home))
    points._kinds[f"{home}/.cache"] = "nfs"
    assert not points.can_overlay(f"{home}/other", f"{home}/.cache/x")


def test_switched_off_and_further_folders(home: Path) -> None:
    assert planned(home, "npm", config=Config(sandbox=Sandbox(enable_cache=False))) == ({}, {})
    config = replace(Config(), sandbox=Sandbox(cache_dirs=("~/.own", "/", "~")))
    assert list(planned(home, config=config)[0]) == [f"{home}/.own"]
