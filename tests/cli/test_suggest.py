"""``vg suggest`` on made-up histories: nothing runs, what is offered removes what it says, yes applies it."""

from __future__ import annotations

import json
from pathlib import Path

import pexpect
import pytest

from tests.e2e.shell import VG, environment, vg

FORCE = "git push --force origin main"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    lines = [FORCE] * 4 + [f"terraform destroy -target={n}" for n in range(3)] + ["rm -rf ~/x", "rm -rf ~/y", "ls"] * 2
    lines += [f"touch {home}/marker", "kubectl delete ns prod-1", "rm -rf ~"]
    (home / ".bash_history").write_text("\n".join(lines) + "\n")
    (home / ".zsh_history").write_text(f": 1700000000:0;{FORCE}\n")
    fish = home / ".local/share/fish"
    fish.mkdir(parents=True)
    (fish / "fish_history").write_text(f"- cmd: {FORCE}\n  when: 1700000000\n- cmd: echo export API_KEY=s3cr3tvalue\n")
    (home / ".config/vectra-guard").mkdir(parents=True)
    (home / ".config/vectra-guard/config.yaml").write_text("guard_level: medium\n")
    return home


def test_what_would_have_asked_and_what_helps(home: Path) -> None:
    made = vg(home, "suggest", "--json")
    found = json.loads(made.stdout)
    assert found["lines"] == 19
    asked = {one["line"]: one["count"] for one in found["asked"]}
    assert asked[FORCE] == 6
    assert found["asked"][0]["line"] == FORCE
    assert found["remedies"][0] == {"kind": "entry", "text": FORCE, "removes": 6}
    assert {"kind": "pattern", "text": "terraform destroy *", "removes": 3} in found["remedies"]
    assert not any(one["text"].startswith("rm") and one["kind"] == "pattern" for one in found["remedies"])
    assert len(found["remedies"]) == 3
    assert not (home / "marker").exists()
    assert "s3cr3tvalue" not in made.stdout
    assert json.loads(vg(home, "suggest", "--json", "--shell", "zsh").stdout)["lines"] == 1


def test_applied_on_yes_and_only_then(home: Path) -> None:
    for answer, entries in (("n", 0), ("y", 3)):
        asked = pexpect.spawn(VG, ["suggest"], env=environment(home), cwd=str(home), encoding="utf-8", timeout=60)
        asked.expect_exact(f"vg trust add --anywhere '{FORCE}'")
        asked.expect_exact("[y/N] ")
        asked.sendline(answer)
        asked.expect(pexpect.EOF)
        assert len(json.loads(vg(home, "trust", "list", "--json").stdout)) == entries
    for line in (FORCE, "terraform destroy -target=9"):
        assert json.loads(vg(home, "check", "--json", line).stdout)["decision"] == "host"
    assert FORCE not in [one["line"] for one in json.loads(vg(home, "suggest", "--json").stdout)["asked"]]


def test_the_level_is_suggested_where_it_was_raised(home: Path) -> None:
    config = home / ".config/vectra-guard/config.yaml"
    config.write_text("# mine\nguard_level: auto\nproduction_indicators:\n  paths: [/nonexistent/project]\n")
    (home / ".bash_history").write_text("\n".join(f"sudo apt-get install p{n}" for n in range(9)) + "\n")
    made = json.loads(vg(home, "suggest", "--json", "--shell", "bash").stdout)
    assert made["questions"] == 9
    assert made["remedies"][0]["removes"] == 9
    assert vg(home, "suggest", "--shell", "bash", "--apply").returncode == 0
    assert json.loads(vg(home, "suggest", "--json", "--shell", "bash").stdout)["questions"] == 0


def test_no_history_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    made = vg(tmp_path / "empty", "suggest")
    assert (made.returncode, "--file PATH" in made.stderr) == (64, True)
    assert vg(tmp_path / "empty", "suggest", "--file", "x").returncode == 64
