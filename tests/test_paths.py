"""The folders are the ones that platformdirs names, and private folders are private."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from vectra_guard import paths
from vectra_guard.errors import GuardError


@pytest.mark.parametrize("kind", ["config", "state", "data", "cache"])
@pytest.mark.parametrize("value", [None, "", "  ", "/somewhere/else", "relative"])
def test_folders_are_platformdirs(
    kind: str, value: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    variable = f"XDG_{kind.upper()}_HOME"
    if value is None:
        monkeypatch.delenv(variable, raising=False)
    else:
        monkeypatch.setenv(variable, value)
    assert getattr(paths, f"{kind}_dir")() == getattr(platformdirs, f"user_{kind}_dir")(paths.APP)


def test_private_folder_is_made_and_checked(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert paths.private_dir(str(folder)) == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o750)
    with pytest.raises(GuardError, match="chmod 700"):
        paths.private_dir(str(folder))
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "a")
    with pytest.raises(GuardError, match="not a folder of yours"):
        paths.private_dir(str(link))
