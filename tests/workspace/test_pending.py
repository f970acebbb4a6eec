"""Reviews that wait, the store of old files, views in memory, and the two commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.workspace import mutate
from tests.workspace.trees import differences, snapshot
from vectra_guard.cli import review as review_command
from vectra_guard.cli import undo as undo_command
from vectra_guard.errors import GuardError, Refused, SandboxError, UsageError
from vectra_guard.model import Network, SandboxSpec
from vectra_guard.sandbox.workspace import nodes, pending, restore, tracked, undo, view


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src/a").write_text("a\n")
    (project / "b").write_text("b\n")
    yield tmp_path


def waiting(home: Path, memory: str = "") -> pending.Review:
    """A review as a run leaves it: b changed, src gone, a hook planted."""
    review = pending.create(str(home / "project"), ["sh", "-c", "x"], time.time_ns(), memory)
    upper = Path(review.upper)
    upper.mkdir(parents=True)
    shutil.copystat(home / "project", upper)
    (upper / "b").write_text("changed\n")
    os.mknod(upper / "src", 0o020000, 0)
    (upper / ".git/hooks").mkdir(parents=True)
    (upper / ".git/hooks/pre-commit").write_text("#!/bin/sh\n")
    review.state, review.status = "pending", 0
    review.save()
    review.unlock()
    return review


def test_the_folders_are_private_and_the_id_may_be_short(home: Path) -> None:
    review = waiting(home)
    assert os.stat(pending.root()).st_mode & 0o777 == 0o700
    assert os.stat(review.path).st_mode & 0o777 == 0o700
    assert pending.load(review.id[:3]).id == review.id
    for wrong in ("zz", "", "."):
        with pytest.raises(UsageError):
            pending.load(wrong)


def test_secrets_of_the_command_are_not_stored(home: Path) -> None:
    review = pending.create(str(home / "project"), ["curl", "-H", "Authorization: Bearer abcdef0123456789"], 0)
    assert "abcdef0123456789" not in Path(review.path, "meta").read_text()


def test_one_at_a_time(home: Path) -> None:
    review = waiting(home)
    assert review.lock()
    with pytest.raises(GuardError, match="in use"):
        pending.load(review.id).keep()
    review.unlock()


def test_a_killed_run_is_listed_and_one_that_goes_on_is_not(home: Path) -> None:
    review = waiting(home)
    review.state = "running"
    review.save()
    assert review.lock()
    assert pending.waiting() == []
    review.unlock()
    assert [found.id for found in pending.waiting()] == [review.id]


def test_a_view_in_memory_moves_to_disk(home: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    review = waiting(home, str(memory))
    items = review.changes().items
    review.settle()
    found = pending.load(review.id)
    assert found.upper == f"{found.path}/upper" and not list(memory.iterdir())
    assert [item._replace(seen=None) for item in found.changes().items] == [i._replace(seen=None) for i in items]
    found.keep()
    assert (home / "project/b").read_text() == "changed\n" and not (home / "project/src").exists()


def test_memory_that_was_lost_is_forgotten(home: Path, tmp_path: Path) -> None:
    review = waiting(home, str(tmp_path / "memory"))
    shutil.rmtree(tmp_path / "memory")
    assert pending.waiting() == []
    assert not os.path.exists(review.path)


def test_nothing_is_cleaned_without_a_notice_the_day_before(home: Path) -> None:
    review = waiting(home)
    now = time.time()
    assert pending.tidy(now) == ([], [])
    late = now + (pending.MAX_DAYS + 1) * 86400
    assert [r.id for r in pending.tidy(late)[0]] == [review.id]
    assert [r.id for r in pending.tidy(late + 3600)[0]] == [review.id]
    assert [r.id for r in pending.tidy(late + 90_000)[1]] == [review.id]
    assert pending.waiting() == []


def test_the_undo_store_has_caps(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = waiting(home)
    review.keep()
    assert len(undo.entries()) == 1
    monkeypatch.setattr(undo.time, "time", lambda: 10**11)
    assert len(undo.trim()) == 1
    assert undo.entries() == []


def test_more_than_the_store_holds_cannot_be_undone_and_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "MAX_BYTES", 1)
    result = waiting(home).keep()
    assert result.undo == "" and "larger" in result.why_no_undo
    assert undo.entries() == []
    with pytest.raises(UsageError):
        undo.find()


def test_a_full_disk_stops_and_goes_on_later(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = waiting(home)
    real = os.rename

    def full(source: str, *args: object, **more: object) -> None:
        if source == f"{undo.PREFIX}{review.id}":
            raise OSError(28, "No space left on device")
        real(source, *args, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        with pytest.raises(GuardError, match="No space"):
            review.keep()
    assert (home / "project/b").read_text() == "b\n"
    result = pending.load(review.id).keep()
    assert result.kept.conflicts == () and (home / "project/b").read_text() == "changed\n"
    before = home / "project/src"
    restore.restore(undo.find())
    assert (home / "project/b").read_text() == "b\n" and (before / "a").read_text() == "a\n"


def spec(workspace: Path) -> SandboxSpec:
    place = str(workspace)
    return SandboxSpec(("true",), place, "balanced", place, "review", Network("none"), viewed=(place,))


def test_a_mount_in_the_workspace_is_refused() -> None:
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split()[4] for line in file]
    inner = next((point for point in points if point.count("/") > 1), "")
    need(inner, "something that is mounted below another folder")
    with pytest.raises(SandboxError, match="mounted"):
        view.prepare(spec(Path(inner).parent))


def test_a_workspace_that_holds_the_state_is_refused(home: Path) -> None:
    with pytest.raises(SandboxError, match="own files"):
        view.prepare(spec(home))


def test_git_knows_what_could_be_brought_back(home: Path) -> None:
    need(shutil.which("git"), "git")
    project = home / "project"
    for words in (["init", "-q"], ["add", "src"], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    found = tracked.recoverable(str(project), waiting(home).changes())
    assert found == tracked.Recoverable(clean=1, lost=1)
    assert "1 of the deleted" in found.sentence()


def test_the_commands(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(home / "project")
    review = waiting(home)
    assert review_command.run([]) == 0
    assert review.id in capsys.readouterr().out
    assert review_command.run(["list", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts[0]["id"], facts[0]["deleted"], facts[0]["changed"], facts[0]["flagged"]) == (review.id, 1, 1, 1)
    assert review_command.run(["show"]) == 0
    shown = capsys.readouterr().out
    assert "! .git/hooks/pre-commit" in shown and "- src/" in shown and "~ b" in shown
    assert review_command.run(["show", review.id[:4], "--diff"]) == 0
    assert "+changed" in capsys.readouterr().out
    assert review_command.run(["pick", review.id, "src", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] >= 1
    assert not (home / "project/src").exists() and (home / "project/b").read_text() == "b\n"
    assert review_command.run(["keep"]) == 0
    assert "vg undo" in capsys.readouterr().out
    assert undo_command.run(["--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == review.id
    with pytest.raises(Refused):  # nobody to ask
        undo_command.run([])
    assert undo_command.run(["--yes"]) == 0
    assert differences(before, snapshot(home / "project")) == []
    with pytest.raises(UsageError):
        review_command.run(["drop"])
    waiting(home)
    assert review_command.run(["drop"]) == 0
    assert pending.waiting() == []


def test_copies_are_exact(tmp_path: Path) -> None:
    """Where no link can be made: holes, attributes, times, links."""
    import random

    source, target = tmp_path / "one", tmp_path / "two"
    mutate.build(str(source), random.Random(3))
    with open(source / "sparse", "wb") as file:
        file.write(b"head")
        file.truncate(50_000_000)
        file.seek(30_000_000)
        file.write(b"middle")
    (source / "big").write_bytes(os.urandom(300_000))
    os.link(source / "big", source / "second")
    folder = os.open(tmp_path, os.O_RDONLY)
    nodes.copy_tree(str(source), folder, "two", owner=True)
    os.close(folder)
    assert differences(snapshot(source), snapshot(target)) == []
    assert os.stat(target / "sparse").st_blocks * 512 < 1_000_000
