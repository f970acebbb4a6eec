"""The shipped folders are found in a checkout and in an installed wheel, and never a stale copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_guard import data_files
from vectra_guard.errors import GuardError


def lay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "vectra_guard"
    package.mkdir()
    monkeypatch.setattr(data_files, "PACKAGE", str(package))
    return package


def test_this_checkout_has_both() -> None:
    for name in ("presets", "shell-hooks"):
        assert Path(data_files.folder(name)).is_dir()  # type: ignore[arg-type]


def test_wheel_uses_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = lay_out(tmp_path, monkeypatch)
    (package / "_data" / "presets").mkdir(parents=True)
    (tmp_path / "presets").mkdir()  # some other package's folder in site-packages
    assert data_files.folder("presets") == str(package / "_data" / "presets")


def test_checkout_wins_over_a_stale_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = lay_out(tmp_path, monkeypatch)
    (package / "_data" / "presets").mkdir(parents=True)
    (tmp_path / "presets").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    assert data_files.folder("presets") == str(tmp_path / "presets")


def test_incomplete_installation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, monkeypatch)
    with pytest.raises(GuardError, match="not complete"):
        data_files.folder("shell-hooks")
