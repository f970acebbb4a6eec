"""What a command would do here: counted on real files and repositories, changing nothing."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from vectra_guard.model import UNKNOWN, Action, Decision, Risk, RiskyPart
from vectra_guard.prompt import consequence


def said(cwd: Path, line: str) -> str:
    part = RiskyPart("f", line, Risk.HIGH, True, ((str(cwd), tuple(shlex.split(line))),))
    return consequence.of(Decision(Action.ASK, Risk.HIGH, "", parts=(part,)))


def git(cwd: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", *words],
        cwd=cwd, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    (repo / "src/deep").mkdir(parents=True)
    for number in range(5):
        (repo / f"src/deep/f{number}").write_text("x" * 1000)
    git(repo, "init", "-q")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "x")
    (repo / "src/new").write_text("y")
    return repo


def test_a_deletion_in_a_repository(repo: Path) -> None:
    assert said(repo, "rm -rf src") == "Deletes 6 files, 5.0 KB, 1 of them not in git"
    assert said(repo / "src", "rm -rf -- deep") == "Deletes 5 files, 5.0 KB"
    assert said(repo, "rm -rf src/*") == "Deletes 6 files, 5.0 KB, 1 of them not in git"
    assert said(repo, "rm src/new missing") == "Deletes 1 file, 1 B, 1 of them not in git"
    assert said(repo, "rm -rf missing") == ""
    assert (repo / "src/new").exists()


def test_a_deletion_elsewhere_and_links(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_text("123")
    (tmp_path / "a/out").symlink_to("/usr")
    assert said(tmp_path, "rm -rf a").startswith("Deletes 2 files, ")
    assert said(tmp_path, "rm -rf a").endswith(", not in git")


def test_a_count_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consequence, "MOST_FILES", 3)
    for number in range(9):
        (tmp_path / str(number)).write_text("")
    assert said(tmp_path, "rm -rf .") == "Deletes more than 3 files, 0 B, not in git"


def test_what_is_not_known_says_nothing(repo: Path) -> None:
    assert said(repo, f"rm -rf {UNKNOWN}x") == said(repo, "curl u") == said(repo, "git") == ""
    quiet = RiskyPart("f", "rm -rf src", Risk.HIGH, False, ((str(repo), ("rm", "-rf", "src")),))
    assert consequence.of(Decision(Action.ASK, Risk.HIGH, "", parts=(quiet,))) == ""


def test_git(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    git(tmp_path, "clone", "-q", "bare.git", "one")
    one = tmp_path / "one"
    git(one, "commit", "-q", "--allow-empty", "-m", "theirs")
    git(one, "push", "-q")
    git(one, "reset", "-q", "--hard", "HEAD~1")
    assert said(one, "git push --force").startswith("Drops 1 commit that the remote has")
    assert said(one, "git reset --hard") == ""
    (one / "src/deep/f1").write_text("changed")
    (one / "junk").write_text("")
    assert said(one, "git checkout .") == "1 file has changes that are not committed."
    assert said(one, "git clean -fd") == "Deletes 1 file or folder that git does not know."
    assert (one / "junk").exists()


def test_settings_of_a_repository_run_nothing(repo: Path) -> None:
    marker = repo.parent / "marker"
    script = repo.parent / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "filter.x.clean",
        "filter.x.smudge",
        "diff.external",
        "core.pager",
        "diff.x.textconv",
    ):
        git(repo, "config", key, str(script))
    (repo / ".gitattributes").write_text("* filter=x diff=x\n")
    (repo / "src/deep/f1").write_text("z" * 1000)
    for line in ("rm -rf src", "git push --force", "git clean -fdx", "git reset --hard", "git checkout ."):
        said(repo, line)
    assert not marker.exists()
