"""Typed in real shells: a destructive line shows what it did, and one key keeps or drops it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.e2e.shell import GuardedShell, eventually
from tests.workspace.trees import differences, snapshot

SHELLS = ("bash", "zsh", "fish")
pytestmark = [pytest.mark.pty, pytest.mark.sandbox, pytest.mark.slow]
KEYS = "(Enter) "


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    project = home / "project"
    (project / "src/deep").mkdir(parents=True)
    (project / "package.json").write_text('{"name": "p"}\n')
    for number in range(20):
        (project / f"src/deep/{number}.py").write_text(f"print({number})\n")
    (project / "src/.env").write_text("TOKEN=x\n")  # hidden from code that could send it, not from rm
    os.link(project / "src/deep/1.py", project / "src/linked")
    os.utime(project / "src/deep/2.py", (1_600_000_000, 1_600_000_000))
    (home / ".bashrc").write_text("# mine\n")
    return home


@pytest.fixture(params=SHELLS)
def sh(request: pytest.FixtureRequest, home: Path):
    need(shutil.which(request.param), f"{request.param} is not installed")
    with GuardedShell(request.param, home, home / "project") as shell:
        yield shell


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on this machine."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def answer(sh: GuardedShell, line: str, keys: str) -> str:
    """Type a line, wait for the question, press keys; the screen when it was asked."""
    sh.type(line + "\r")
    sh.child.expect_exact(KEYS)
    shown = sh.text()
    for key in keys[:-1]:
        sh.type(key)
        sh.child.expect_exact(KEYS)
    sh.type(keys[-1])
    sh.wait_prompt()
    return shown


def test_look_then_drop_then_keep_then_undo(sh: GuardedShell, home: Path) -> None:
    project = home / "project"
    before = snapshot(project)
    shown = answer(sh, "rm -rf src", "d")
    assert "deleted 22" in shown and "- src/" in shown, shown
    assert sh.status() == 3
    assert differences(before, snapshot(project)) == []
    sh.run("vg undo --yes")
    assert differences(before, snapshot(project)) == []  # there is nothing to undo
    answer(sh, "rm -rf src && touch after", "k")
    assert sh.status() == 0
    assert not (project / "src").exists() and (project / "after").exists()
    (project / "after").unlink()
    assert "brought back" in sh.run("vg undo --yes")
    assert differences(strip(before), strip(snapshot(project))) == []


def strip(found: dict) -> dict:
    """Without the times of the project folder itself: `after` came and went in it."""
    return {key: value for key, value in found.items() if key != "."}


def test_enter_waits_and_a_paste_is_no_answer(home: Path) -> None:
    project = home / "project"
    before = snapshot(project)
    with GuardedShell("bash", home, project) as sh:
        sh.type("rm -rf src\r")
        sh.child.expect_exact(KEYS)
        for sent in ("\x1b[200~k\x1b[201~", "kd", "\x1b[A", "x"):  # pasted, two at once, an arrow, no offer
            sh.type(sent)
            eventually(lambda: False, 0.2)
        sh.type("\r")
        sh.wait_prompt()
        assert sh.status() == 3
        assert differences(before, snapshot(project)) == []
        out = sh.run("vg review list")
        assert "rm -rf src" in out
        sh.run("vg review keep")
        assert not (project / "src").exists()


def test_view_and_pick(home: Path) -> None:
    project = home / "project"
    (project / "one.txt").write_text("alpha\n")
    (project / "two.txt").write_text("alpha\n")
    with GuardedShell("bash", home, project, env={"PAGER": "cat"}) as sh:
        sh.type("sed -i s/alpha/beta/ *.txt\r")
        sh.child.expect_exact(KEYS)
        assert "~ one.txt" in sh.text() and "~ two.txt" in sh.text()
        sh.type("v")
        sh.child.expect_exact(KEYS)
        assert "-alpha" in sh.text() and "+beta" in sh.text()
        sh.type("p")
        sh.child.expect_exact("Enter: back): ")
        sh.type("o*.txt\r")
        sh.child.expect_exact(KEYS)
        sh.type("d")
        sh.wait_prompt()
        assert sh.status() == 0
    assert (project / "one.txt").read_text() == "beta\n"
    assert (project / "two.txt").read_text() == "alpha\n"


def test_a_planted_hook_is_shown_marked(sh: GuardedShell, home: Path) -> None:
    project = home / "project"
    subprocess.run(["git", "init", "-q"], cwd=project, env=sh.env, check=True)
    (home / "i.sh").write_text(
        f"mkdir -p {home}/.local/bin; echo tool > {home}/.local/bin/tool; echo evil >> {home}/.bashrc\n"
        "echo '#!/bin/sh' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo installed\n"
    )
    (home / ".ssh").mkdir()
    (home / ".ssh/id_rsa").write_text("KEY\n")
    before = snapshot(home / "project"), snapshot(home / ".ssh"), (home / ".bashrc").read_text()
    with served(home) as url:
        shown = answer(sh, f"curl -s {url}/i.sh | sh", "d")
    assert "installed" in shown
    for path in ("project/.git/hooks/pre-commit", ".local/bin/tool", ".bashrc"):
        assert f"! {path}" in shown, shown
    assert (snapshot(home / "project"), snapshot(home / ".ssh"), (home / ".bashrc").read_text()) == before
    assert not (home / ".local/bin").exists()
