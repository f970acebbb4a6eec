"""``vg trust`` as a person uses it, against a real store."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pexpect
import pytest

from tests.e2e.shell import VG, environment, vg
from vectra_guard.store import db
from vectra_guard.store.metrics import MetricsStore, Run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def entries(home: Path, *args: str) -> list[dict[str, object]]:
    return json.loads(vg(home, "trust", "list", "--json", *args).stdout)


def decision(home: Path, line: str) -> str:
    return json.loads(vg(home, "check", "--json", line).stdout)["decision"]


def terminal(home: Path, *args: str) -> pexpect.spawn:
    return pexpect.spawn(VG, list(args), env=environment(home), cwd=str(home), encoding="utf-8", timeout=60)


def ran(home: Path, *lines: str) -> None:
    state = home / ".local/state/vectra-guard"
    state.mkdir(parents=True, mode=0o700)
    store = MetricsStore(db.open(str(state / "state.db")))
    store.record_many(Run(time.time(), line, "host", "host", "low", shell="bash", cwd=str(home)) for line in lines)


def test_original_examples(home: Path) -> None:
    assert vg(home, "trust", "add", "npm test").returncode == 0
    listed = vg(home, "trust", "list")
    assert "npm test" in listed.stdout
    assert vg(home, "trust", "remove", "npm test").stdout == "removed 1\n"
    assert entries(home) == []


def test_a_pattern_is_shown_with_what_it_covers_and_saved_on_yes(home: Path) -> None:
    ran(home, "npm run a", "npm run a", "npm run b", "npm test", "x=1 npm run c", "sudo npm run d")
    asked = terminal(home, "trust", "add", "npm run *")
    asked.expect_exact("covers 3 of the last 6 runs")
    asked.expect_exact("npm run a")
    asked.expect_exact("npm run b")
    asked.expect_exact("save it? [y/N] ")
    asked.sendline("n")
    asked.expect(pexpect.EOF)
    asked.wait()
    assert asked.exitstatus == 3
    assert entries(home) == []
    asked = terminal(home, "trust", "add", "npm run *")
    asked.expect_exact("save it? [y/N] ")
    asked.sendline("y")
    asked.expect(pexpect.EOF)
    assert [(e["command"], e["pattern"]) for e in entries(home)] == [("npm run *", True)]
    assert vg(home, "trust", "add", "* x").returncode == 64
    assert vg(home, "trust", "add", "npm *").returncode == 3  # nobody there to say yes


def test_a_pattern_decides_but_never_a_critical_line(home: Path) -> None:
    assert decision(home, "git push --force origin x") == "ask"
    assert vg(home, "trust", "add", "--yes", "git push *").returncode == 0
    assert decision(home, "git push --force origin x") == "host"
    assert decision(home, "A=1 git push --force origin x") == "ask"
    assert vg(home, "trust", "add", "--yes", "rm *").returncode == 0
    assert decision(home, "rm -rf ~") == "block"


def test_what_runs_a_file_holds_while_the_file_does(home: Path) -> None:
    script = home / "deploy.sh"
    script.write_text("echo one\n")
    script.chmod(0o755)
    added = vg(home, "trust", "add", "curl -sO http://x.example/y && bash deploy.sh && git push --force")
    assert "while deploy.sh stays as it is" in added.stdout
    kept = {e["command"]: list(e["scripts"]) for e in entries(home)}
    assert kept["bash deploy.sh"] == [str(script)]
    assert kept["git push --force"] == []


def test_list_is_sorted_and_filtered(home: Path) -> None:
    vg(home, "trust", "add", "b one", "--anywhere", "--tag", "deploy", "--note", "because")
    vg(home, "trust", "add", "a two", "--duration", "30m", "--max-uses", "2")
    assert [e["command"] for e in entries(home, "--sort", "command")] == ["a two", "b one"]
    assert [e["command"] for e in entries(home, "--sort", "expires")] == ["a two", "b one"]
    assert [e["command"] for e in entries(home, "deploy")] == ["b one"]
    assert [e["command"] for e in entries(home, "because")] == ["b one"]
    shown = vg(home, "trust", "show", "a t").stdout
    assert re.search(r"max_uses +2", shown)
    assert [e["command"] for e in json.loads(vg(home, "trust", "list", "--here", "--json", cwd=Path("/")).stdout)] == [
        "b one"
    ]


def test_remove_asks_when_several_match(home: Path) -> None:
    for line in ("npm run a", "npm run b", "yarn"):
        vg(home, "trust", "add", line)
    assert vg(home, "trust", "remove", "npm").returncode == 64
    asked = terminal(home, "trust", "remove", "npm")
    asked.expect_exact("remove these 2 entries? [y/N] ")
    asked.sendline("y")
    asked.expect_exact("removed 2")
    left = entries(home)
    assert [e["command"] for e in left] == ["yarn"]
    assert vg(home, "trust", "remove", str(left[0]["id"])[:5]).stdout == "removed 1\n"
    assert vg(home, "trust", "remove", "yarn").returncode == 64


def test_export_and_import_and_the_originals_file(home: Path, tmp_path: Path) -> None:
    vg(home, "trust", "add", "git push --force", "--anywhere", "--duration", "never")
    export = tmp_path / "export.json"
    export.write_text(vg(home, "trust", "export").stdout)
    vg(home, "trust", "remove", "git push --force")
    assert vg(home, "trust", "import", str(export)).stdout == "imported 1 of 1\n"
    assert decision(home, "git  push --force") == "host"
    original = tmp_path / "trust.json"
    item = {
        "command": "terraform destroy", "command_hash": "0", "approved_at": "2026-01-31T12:00:00Z",
        "expires_at": "0001-01-01T00:00:00Z", "use_count": 3, "note": "old",
    }  # fmt: skip
    original.write_text(json.dumps([item, {**item, "command": "rm -rf /"}]))
    said = vg(home, "trust", "import", str(original)).stdout
    assert "imported 1 of 1" in said
    assert "left out (ended, critical or not readable): rm -rf /" in said
    assert decision(home, "terraform destroy") == "host"


def test_mistakes_point_at_the_fix(home: Path) -> None:
    assert "vg trust list" in vg(home, "trust", "show", "nothing").stderr
    assert "30m, 24h, 7d" in vg(home, "trust", "add", "x", "--duration", "soon").stderr
    refused = vg(home, "trust", "add", "rm -rf /")
    assert (refused.returncode, "never trusted" in refused.stderr) == (3, True)
