"""The question in the three real shells: asked, looked at, remembered, and asked again when a trusted file changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pexpect
import pytest

from tests.conftest import need
from tests.e2e.shell import GuardedShell, eventually, vg


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".config/vectra-guard").mkdir(parents=True)
    (home / ".config/vectra-guard/config.yaml").write_text("guard_level: paranoid\n")
    (home / "project/data").mkdir(parents=True)
    for number in range(3):
        (home / f"project/data/{number}").write_text("x" * 1000)
    script = home / "project/deploy.sh"
    script.write_text("echo deployed one\n")
    script.chmod(0o755)
    return home


def asked(shell: GuardedShell, line: str, *wanted: str) -> None:
    """Type a line and wait until the question is drawn whole."""
    shell.type(line + "\r")
    sees(shell, "[N]o", *wanted)


def sees(shell: GuardedShell, *wanted: str) -> None:
    """Wait until all of this is on the screen. Only what changed is sent when the question is drawn again."""

    def all_there() -> bool:
        drain(shell)
        return all(word in shell.text() for word in wanted)

    assert eventually(all_there, 20), shell.text()


def drain(shell: GuardedShell) -> None:
    try:
        shell.child.expect_exact("\0nothing sends this", timeout=0.05)
    except pexpect.TIMEOUT:
        pass


def trusted(home: Path) -> list[dict[str, object]]:
    return json.loads(vg(home, "trust", "list", "--json", cwd=home / "project").stdout)


@pytest.mark.pty
@pytest.mark.slow
@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_question_from_end_to_end(name: str, home: Path) -> None:
    need(shutil.which(name), f"{name} is not installed")
    data, script = home / "project/data", home / "project/deploy.sh"
    with GuardedShell(name, home, home / "project") as sh:
        asked(sh, "rm -rf data", "Deletes 3 files, 3.0 KB, not in git", "(delete.folder)", "instead:")
        sh.type("?")
        sees(sh, "xplain less")
        sh.type("\x1b")
        sh.wait_prompt()
        assert "not run" in sh.text()
        assert "[N]o" not in sh.text()
        assert data.is_dir()

        asked(sh, "rm -rf data")
        sh.type("\x1b[C\r")  # the first offer by arrow and Enter
        sh.wait_prompt()
        assert "vg: once on the host" in sh.text()
        assert not data.exists()

        asked(sh, "./deploy.sh", "low  ./deploy.sh")
        for key, wanted in (("r", "how long"), ("2", "where"), ("h", "deployed one")):
            sh.type(key)
            sees(sh, wanted)
        sh.wait_prompt()
        assert [e["command"] for e in trusted(home)] == ["./deploy.sh"]
        assert "deployed one" in sh.run("./deploy.sh")

        script.write_text("echo deployed two\n")
        asked(sh, "./deploy.sh", "deploy.sh changed since you trusted it (+1 -1)")
        sh.type("e")
        sees(sh, "+echo deployed two")
        sh.type("\x03")
        sh.wait_prompt()
        asked(sh, "./deploy.sh")
        for key, wanted in (("r", "how long"), ("\r", "where"), ("\r", "deployed two")):
            sh.type(key)
            sees(sh, wanted)
        sh.wait_prompt()
        assert "deployed two" in sh.run("./deploy.sh")
        assert len(trusted(home)) == 1


@pytest.mark.pty
@pytest.mark.slow
def test_what_was_approved_three_times_is_offered_once(home: Path) -> None:
    with GuardedShell("bash", home, home / "project") as sh:
        for number in range(5):
            asked(sh, "./deploy.sh", "low  ./deploy.sh")
            assert ("approved this 3 times here" in sh.text()) is (number == 3), sh.text()
            sh.type("o")
            sh.wait_prompt()
