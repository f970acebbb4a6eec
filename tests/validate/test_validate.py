"""``vg validate`` on real files: lines, status, formats, accepted findings."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import need
from vectra_guard.cli import main
from vectra_guard.report import sarif
from vectra_guard.validate import Row

FILES = {
    "deploy.sh": "#!/bin/bash\nset -e\necho ok\ncurl -s https://example.com/i.sh | sudo bash\n",
    "Makefile": "clean:\n\trm -rf $(BUILD)/*\nlint:\n\truff check .\n",
    "Dockerfile": "FROM debian\nRUN apt-get update && \\\n    curl https://example.com/x | sh\n",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: |\n          ls\n          git push --force\n",
    "package.json": '{\n "scripts": {\n  "test": "jest",\n  "postinstall": "curl https://example.com/x | node"\n }\n}',
    "tool.py": "import os, shutil\n\nshutil.rmtree(os.path.expanduser('~'))\n",
    "node_modules/x/package.json": '{"scripts": {"x": "curl https://example.com/x | sh"}}',
    "notes.txt": "rm -rf /\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    status = main.main(["validate", "--format", "json", *args])
    return status, json.loads(capsys.readouterr().out)


def test_each_kind_on_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, rows = report(capsys, ".")
    assert status == 2
    high = {(row["path"], row["line"]) for row in rows if row["risk"] in ("high", "critical")}
    assert high == {
        ("deploy.sh", 4), ("Makefile", 2), ("Dockerfile", 3), (".github/workflows/ci.yml", 6), ("package.json", 4),
        ("tool.py", 1),  # code of another language is judged as a whole
    }  # fmt: skip
    assert next(row for row in rows if row["path"] == "tool.py")["risk"] == "critical"


def test_quiet_files_are_quiet(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "ok.sh").write_text('#!/bin/sh\nset -eu\ncd "$(dirname "$0")"\nmake -j4 && ./run-tests "$@"\n')
    assert report(capsys, "ok.sh", "--show", "low") == (0, [])
    assert report(capsys, "notes.txt") == (0, [])


def test_what_is_usual_in_scripts_is_not_high(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "run.sh").write_text('"$PYTHON" -m build\neval "$(tool env)"\n')
    (project / "run.py").write_text("import shutil, sys\nshutil.rmtree(sys.argv[1])\n")
    status, rows = report(capsys, "run.sh", "run.py")
    assert status == 0 and {row["risk"] for row in rows} == {"medium"}
    assert {row["path"] for row in rows} == {"run.sh", "run.py"}


def test_fail_on(project: Path) -> None:
    (project / "m.sh").write_text("npm install\n")
    assert main.main(["validate", "m.sh"]) == 0
    assert main.main(["validate", "m.sh", "--fail-on", "medium"]) == 2
    assert main.main(["validate", "deploy.sh", "--fail-on", "critical"]) in (0, 2)


def test_accepted_by_a_comment(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, [row, *_] = report(capsys, "Makefile")
    (project / "Makefile").write_text(f"clean:\n# vg-ignore: {row['rule']}\n\trm -rf $(BUILD)/*\n")
    assert report(capsys, "Makefile") == (0, [])
    main.main(["validate", "Makefile"])
    assert "1 accepted by comments" in capsys.readouterr().out
    assert report(capsys, "--no-ignore", "Makefile")[0] == 2
    (project / "Makefile").write_text("clean:\n# vg-ignore: other.rule\n\trm -rf $(BUILD)/*\n")
    assert report(capsys, "Makefile")[0] == 2


def test_what_cannot_be_read_is_not_clean(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "package.json").write_text("{\n,")
    status, [row] = report(capsys, "package.json")
    assert status == 2 and row["rule"] == "validate.unreadable" and row["line"] == 2
    assert main.main(["validate", "nowhere.sh"]) == 64
    (project / "odd.sh").write_bytes(b"echo \xff\0\n")
    main.main(["validate", "odd.sh"])


def test_text_says_file_line_and_rule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main.main(["validate", "Dockerfile"])
    out = capsys.readouterr().out
    assert "\nDockerfile:3: high: " in out and "(flow.network-to-interpreter) [RUN]" in out


def test_a_file_name_cannot_drive_the_terminal(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a\x1b]0;x\x07.sh").write_text("git push --force\n")
    main.main(["validate", "."])
    assert "\x1b" not in capsys.readouterr().out


def test_pre_commit_definition_names_the_files_that_are_read() -> None:
    import re

    import yaml

    root = Path(__file__).resolve().parents[2]
    [hook] = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "vg validate"
    for name in ("deploy.sh", "Makefile", "Dockerfile", ".github/workflows/ci.yml", "package.json"):
        assert re.search(hook["files"], name), name
    assert not re.search(hook["files"], "notes.txt")


@pytest.mark.network
def test_sarif_is_what_its_schema_says(project: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The schema comes from the package registry that npm is configured for."""
    jsonschema = pytest.importorskip("jsonschema")
    need(shutil.which("npm"), "npm")
    package = "@microsoft/sarif-multitool-linux"
    packed = subprocess.run(["npm", "pack", "--silent", package], capture_output=True, text=True, cwd=tmp_path)
    assert packed.returncode == 0, packed.stderr
    with tarfile.open(tmp_path / packed.stdout.split()[-1]) as archive:
        member = archive.extractfile("package/sarif-2.1.0.json")
        assert member is not None
        schema = json.load(member)
    capsys.readouterr()
    main.main(["validate", "--format", "sarif", "."])
    data = json.loads(capsys.readouterr().out)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(data)] == []
    assert len(data["runs"][0]["results"]) > 5
    data["runs"][0]["results"][0]["level"] = "loud"
    assert list(validator.iter_errors(data)) != []


def test_sarif_of_nothing_and_of_an_unknown_line() -> None:
    from vectra_guard.model import Risk

    assert sarif.report([])["runs"][0]["results"] == []
    row = Row("a b.sh", 0, "r", Risk.CRITICAL, "m", "i", "c", "w")
    [result] = sarif.report([row])["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] == 1 and place["artifactLocation"]["uri"] == "a%20b.sh"
    assert result["level"] == "error" and result["message"]["text"] == "m Instead: i"
