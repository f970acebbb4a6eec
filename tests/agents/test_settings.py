"""Entering the hook: nothing of the user's is lost, twice is once, and taking it out gives the old bytes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vectra_guard import agents
from vectra_guard.agents import settings
from vectra_guard.cli import main
from vectra_guard.errors import GuardError

JSON_AGENTS = [name for name in agents.AGENTS if not agents.agent(name).entry.text]
PYTHON = "/opt/some where/python"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def file_of(name: str, home: Path) -> Path:
    return Path(settings.place(agents.agent(name), str(home), project=False))


@pytest.mark.parametrize("name", agents.AGENTS)
def test_from_nothing_and_back(home: Path, name: str) -> None:
    path = file_of(name, home)
    assert main.main(["agent", "install", name]) == 0
    assert settings.MARK in path.read_text()
    once = path.read_bytes()
    assert main.main(["agent", "install", name]) == 0
    assert path.read_bytes() == once
    assert main.main(["agent", "uninstall", name]) == 0
    assert [p for p in home.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("name", JSON_AGENTS)
def test_the_users_own_file_keeps_its_keys_and_comes_back_to_the_byte(home: Path, name: str) -> None:
    path, adapter = file_of(name, home), agents.agent(name)
    theirs: dict[str, object] = {"zeta": [1, {"ü": None}], "alpha": "x"}
    node = theirs
    for key in adapter.entry.path[:-1]:
        node[key] = node = {"other": True}
    node[adapter.entry.path[-1]] = [{"matcher": "Read", "hooks": []}]
    before = json.dumps(theirs, indent="\t", ensure_ascii=False).encode() + b"\n\n"
    path.parent.mkdir(parents=True)
    path.write_bytes(before)
    path.chmod(0o640)
    assert settings.install(adapter, str(path), PYTHON)
    data = json.loads(path.read_text())
    assert list(data)[:2] == ["zeta", "alpha"] and data["zeta"] == theirs["zeta"]
    assert path.read_text().startswith('{\n\t"zeta"')
    found = data
    for key in adapter.entry.path:
        found = found[key]
    assert found[0] == {"matcher": "Read", "hooks": []} and settings.MARK in json.dumps(found[1])
    assert path.stat().st_mode & 0o777 == 0o640
    assert settings.uninstall(adapter, str(path))
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


@pytest.mark.parametrize("name", JSON_AGENTS)
def test_a_change_made_meanwhile_stays(home: Path, name: str) -> None:
    path, adapter = file_of(name, home), agents.agent(name)
    path.parent.mkdir(parents=True)
    path.write_text('{"alpha": 1}')
    settings.install(adapter, str(path), PYTHON)
    data = json.loads(path.read_text()) | {"new": True}
    path.write_text(json.dumps(data))
    settings.uninstall(adapter, str(path))
    assert json.loads(path.read_text()) == {"alpha": 1, "new": True} | adapter.entry.base


def test_another_versions_entry_is_replaced(home: Path) -> None:
    path, adapter = file_of("claude", home), agents.agent("claude")
    settings.install(adapter, str(path), "/old/python")
    assert settings.status(adapter, str(path), "/old/python") == "installed"
    assert settings.status(adapter, str(path), PYTHON) == "outdated"
    settings.install(adapter, str(path), PYTHON)
    assert path.read_text().count(settings.MARK) == 1
    assert settings.status(adapter, str(path), PYTHON) == "installed"


@pytest.mark.parametrize("content", ['{"a": 1, // why\n}', "[]", '{"hooks": []}', '{"hooks": {"PreToolUse": {}}}'])
def test_a_file_that_cannot_be_merged_is_left_alone(home: Path, content: str) -> None:
    path = file_of("claude", home)
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(GuardError, match="nothing was changed") as caught:
        settings.install(agents.agent("claude"), str(path), PYTHON)
    assert str(path) in str(caught.value)
    assert path.read_text() == content
    assert main.main(["agent", "install", "claude"]) == 125


def test_a_file_of_the_same_name_that_is_not_ours_stays(home: Path) -> None:
    path = file_of("opencode", home)
    path.parent.mkdir(parents=True)
    path.write_text("export const Mine = 1\n")
    assert main.main(["agent", "install", "opencode"]) == 125
    assert path.read_text() == "export const Mine = 1\n"


def test_without_a_name_only_agents_that_are_used(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["agent", "install"]) == 64
    (home / ".gemini").mkdir()
    (home / ".config/opencode").mkdir(parents=True)
    (home / ".config/other").mkdir(parents=True)
    assert main.main(["agent", "install"]) == 0
    capsys.readouterr()
    assert main.main(["agent", "status", "--json"]) == 0
    rows = {row["id"]: row["status"] for row in json.loads(capsys.readouterr().out)}
    assert rows == dict.fromkeys(agents.AGENTS, "absent") | {"gemini": "installed", "opencode": "installed"}


def test_in_a_project(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "p").mkdir()
    monkeypatch.chdir(home / "p")
    assert main.main(["agent", "install", "--project", "claude", "copilot"]) == 0
    assert sorted(str(p.relative_to(home)) for p in home.rglob("*.json")) == [
        "p/.claude/settings.json",
        "p/.github/hooks/vectra-guard.json",
    ]


def test_an_agent_nobody_knows(home: Path) -> None:
    assert main.main(["agent", "install", "nobody"]) == 64
