"""Setting a key keeps everything else of the file, and nothing wrong is ever written."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_guard.config import reading, write
from vectra_guard.config.describe import template
from vectra_guard.errors import ConfigError

MINE = """\
# my settings, do not touch
guard_level:   "high"    # because
sandbox:
  # quick
  mode: 'auto'
  env_whitelist:
    - ONE   # first

    - TWO
  timeout: 30

policies:
    allowlist: [git status, "ls -la"]
    denylist:
    - a very long line that no tool should ever fold just because it is longer than eighty characters, my friend
"""


def test_only_the_key_changes(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(MINE)
    write.set_key(str(path), "sandbox.timeout", 60)
    after = path.read_text()
    # spaces may change; no word, no quote, no comment, no order
    assert after.split() == MINE.replace("timeout: 30", "timeout: 60").split()
    assert max(map(len, after.splitlines())) == max(map(len, MINE.splitlines()))
    assert (tmp_path / "c.yaml.bak").read_text() == MINE
    assert reading.read(str(path))["sandbox.timeout"].value == 60


def test_new_file_new_section_new_key(tmp_path: Path) -> None:
    path = tmp_path / "new" / "c.yaml"
    write.set_key(str(path), "guard_level", "off")
    write.set_key(str(path), "sandbox.allowed_hosts", ("a.example", "b.example:8080"))
    write.set_key(str(path), "sandbox.env", {"A": "1"})
    found = {name: value.value for name, value in reading.read(str(path)).items()}
    assert found == {
        "guard_level": "off",
        "sandbox.allowed_hosts": ("a.example", "b.example:8080"),
        "sandbox.env": {"A": "1"},
    }


def test_a_commented_template_stays(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(template())
    write.set_key(str(path), "preset", "developer")
    write.set_key(str(path), "prompt.notices", "none")
    text = path.read_text()
    assert text.startswith(template().rstrip())
    assert {name: v.value for name, v in reading.parse(text, "f").items()} == {
        "preset": "developer",
        "prompt.notices": "none",
    }


def test_taking_a_key_out(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(MINE)
    write.edit(str(path), {"sandbox.timeout": None, "prompt.notices": None, "guard_level": "low"})
    found = reading.read(str(path))
    assert "sandbox.timeout" not in found
    assert found["guard_level"].value == "low"


@pytest.mark.parametrize("text", ["guard_level: [", "- a\n", "guard_leve: low\n", "a: &x 1\n"])
def test_a_wrong_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        write.set_key(str(path), "guard_level", "low")
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_wrong_value_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(MINE)
    with pytest.raises(ConfigError, match="one of"):
        write.set_key(str(path), "guard_level", "nonsense")
    assert path.read_text() == MINE


def test_links_and_modes_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.yaml", tmp_path / "c.yaml"
    real.write_text("guard_level: low\n")
    real.chmod(0o600)
    link.symlink_to(real)
    write.set_key(str(link), "guard_level", "high")
    assert link.is_symlink()
    assert real.read_text() == "guard_level: high\n"
    assert real.stat().st_mode & 0o777 == (tmp_path / "dotfiles.yaml.bak").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be"):
        write.set_key(str(tmp_path / "file" / "c.yaml"), "guard_level", "low")
