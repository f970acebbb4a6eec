"""A throw-away home, system file and repository for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from vectra_guard import paths
from vectra_guard.config import layers
from vectra_guard.config.layers import Loaded


@dataclass(frozen=True)
class Place:
    """Where configuration comes from in a test."""

    user: Path
    system: Path
    project: Path
    repo: Path
    state: Path

    def load(self, flags: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None) -> Loaded:
        return layers.load(str(self.repo), flags=flags, env=env or {})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    home = tmp_path / "home"
    for name in ("config", "state", "cache", "data"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(home / name))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", str(tmp_path / "etc" / "config.yaml"))
    made = Place(
        user=home / "config" / "vectra-guard" / "config.yaml",
        system=tmp_path / "etc" / "config.yaml",
        project=tmp_path / "repo" / "vectra-guard.yaml",
        repo=tmp_path / "repo",
        state=home / "state" / "vectra-guard",
    )
    for file in (made.user, made.system, made.project):
        file.parent.mkdir(parents=True)
    (made.repo / ".git").mkdir()
    return made


@pytest.fixture
def settle() -> Callable[[Path], None]:
    """Make a file look as if it had not changed for a while, as far as that can be done."""

    def back(path: Path) -> None:
        os.utime(path, (1, 1))

    return back
