"""Where nobody is there to look: what the configuration or a condition decides, statuses and the JSON summary."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e import shell as guarded
from tests.workspace.trees import differences, snapshot
from vectra_guard.errors import UsageError
from vectra_guard.sandbox.workspace import condition

pytestmark = pytest.mark.sandbox


@pytest.fixture
def home(tmp_path: Path) -> Path:
    project = tmp_path / "home/project"
    (project / "src").mkdir(parents=True)
    (project / "src/a").write_text("a\n")
    (project / "package.json").write_text("{}\n")
    return tmp_path / "home"


def configure(home: Path, text: str) -> None:
    folder = home / ".config/vectra-guard"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(text)


def review(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return guarded.vg(home, "exec", "--review", *words, cwd=home / "project")


def pending(home: Path) -> list[str]:
    return [entry["id"] for entry in json.loads(guarded.vg(home, "review", "list", "--json").stdout)]


def test_by_default_it_waits(home: Path) -> None:
    before = snapshot(home / "project")
    made = review(home, "--", "sh", "-c", "rm -r src; exit 5")
    assert made.returncode == 5 and "vg review show" in made.stderr, made
    assert differences(before, snapshot(home / "project")) == []
    assert len(pending(home)) == 1


@pytest.mark.parametrize(("wanted", "there"), [("keep", False), ("drop", True)])
def test_the_configuration_decides(home: Path, wanted: str, there: bool) -> None:
    configure(home, f"sandbox:\n  review_unattended: {wanted}\n")
    made = review(home, "--", "rm", "-r", "src")
    assert made.returncode == 0, made
    assert (home / "project/src").exists() is there
    assert pending(home) == []


def test_a_condition_decides(home: Path) -> None:
    facts = home / "facts.json"
    words = ("--keep-if", "deleted == 0 and flagged == 0", "--summary", str(facts), "--")
    made = review(home, *words, "sh", "-c", "echo new > new")
    assert made.returncode == 0, made
    assert (home / "project/new").read_text() == "new\n"
    told = json.loads(facts.read_text())
    assert told["status"] == 0 and told["reviews"][0]["state"] == "kept" and told["reviews"][0]["added"] == 1
    for script in ("rm new", "echo x > .envrc"):
        made = review(home, *words, "sh", "-c", script)
        assert made.returncode == 3, made
        assert json.loads(facts.read_text())["reviews"][0]["state"] == "pending"
    assert (home / "project/new").exists() and not (home / "project/.envrc").exists()
    assert len(pending(home)) == 2
    made = review(home, *words, "true")
    assert made.returncode == 0
    assert json.loads(facts.read_text()) == {"status": 0, "reviews": []}


def test_a_wrong_condition_runs_nothing(home: Path) -> None:
    made = review(home, "--keep-if", "deleted = 0", "--", "rm", "-r", "src")
    assert made.returncode == 64 and "deleted == 0" in made.stderr
    made = guarded.vg(home, "exec", "--direct", "--keep-if", "deleted == 0", "--", "true", cwd=home / "project")
    assert made.returncode == 64
    assert pending(home) == []


def test_a_condition_alone_asks_for_a_view(home: Path) -> None:
    made = guarded.vg(home, "exec", "--keep-if", "added < 2", "--", "touch", "one", cwd=home / "project")
    assert made.returncode == 0 and (home / "project/one").exists(), made
    made = guarded.vg(home, "exec", "--keep-if", "added < 2", "--", "touch", "two", "three", cwd=home / "project")
    assert made.returncode == 3 and not (home / "project/two").exists()


def test_times_of_folders_alone_are_no_question(home: Path) -> None:
    assert review(home, "--", "sh", "-c", "touch x; rm x").stderr.count("review show") == 0
    assert review(home, "--", "touch", "src/a").stderr.count("review show") == 1


VALUES = {"added": 3, "changed": 0, "deleted": 1, "mode": 0, "flagged": 0, "bytes_added": 10, "bytes_deleted": 0}
VALUES |= {"status": 0}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("added == 3", True),
        ("added<=2", False),
        ("deleted == 0 or added > 2", True),
        ("not deleted == 1", False),
        ("deleted == 0 and added == 3 or status == 0", True),
        ("deleted == 0 and (added == 3 or status == 0)", False),
        ("bytes_added < 100 and 1 < 2", True),
        ("flagged != 0", False),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    assert condition.parse(text)(VALUES) is holds


@pytest.mark.parametrize(
    "text",
    ["", "added", "added = 1", "__import__ == 1", "added == -1", "added == 1 added", "(added == 1", "added == 'x'",
     "(" * 250, "added == 1 and", "not", "other > 1", "added == 1; x", "x" * 5000],
)  # fmt: skip
def test_wrong_conditions_name_the_place(text: str) -> None:
    with pytest.raises(UsageError, match="keep-if"):
        condition.parse(text)
