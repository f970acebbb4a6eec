"""Start-up files: installing is idempotent, and taking out gives back the old bytes."""

from __future__ import annotations

import os

import pytest

from vectra_guard import shells
from vectra_guard.cli import hook
from vectra_guard.errors import GuardError

CONTENTS = [b"", b"alias a=b\n", b"no newline at the end", b"# caf\xe9 \xff\n\n\n", b"a\r\nb\r\n"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("ZDOTDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("shell", sorted(shells.SHELLS))
@pytest.mark.parametrize("content", CONTENTS)
def test_there_and_back(home, shell: str, content: bytes) -> None:
    rc = shells.rc_file(shell)
    os.makedirs(os.path.dirname(rc), exist_ok=True)
    with open(rc, "wb") as file:
        file.write(content)
    hook.install(shell)
    with open(rc, "rb") as file:
        first = file.read()
    assert first.startswith(content)
    assert os.fsencode(hook.hook_file(shell)) in first
    hook.install(shell)
    with open(rc, "rb") as file:
        assert file.read() == first
    hook.uninstall(shell)
    if content:
        with open(rc, "rb") as file:
            assert file.read() == content
    assert not os.path.exists(hook.hook_file(shell))


def test_a_file_that_was_not_there_is_gone_again(home) -> None:
    hook.install("bash")
    hook.uninstall("bash")
    assert not os.path.exists(shells.rc_file("bash"))


def test_mode_and_links_are_kept(home) -> None:
    real = home / "dotfiles.bashrc"
    real.write_text("x=1\n")
    real.chmod(0o640)
    os.symlink(real, home / ".bashrc")
    hook.install("bash")
    assert os.path.islink(home / ".bashrc")
    assert real.stat().st_mode & 0o777 == 0o640
    hook.uninstall("bash")
    assert real.read_text() == "x=1\n"


def test_what_was_added_below_stays(home) -> None:
    rc = home / ".bashrc"
    rc.write_text("above\n")
    hook.install("bash")
    rc.write_text(rc.read_text() + "below\n")
    hook.uninstall("bash")
    assert rc.read_text() == "above\nbelow\n"


def test_a_broken_block_is_left_alone(home) -> None:
    rc = home / ".bashrc"
    rc.write_text(f"{hook.BEGIN}\nsomething\n")
    with pytest.raises(GuardError, match="by hand"):
        hook.uninstall("bash")
    assert rc.read_text() == f"{hook.BEGIN}\nsomething\n"
