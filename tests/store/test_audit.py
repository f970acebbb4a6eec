"""The audit log: tampering is found, writers do not hurt each other, secrets stay out, a full disk loses one record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vectra_guard.cli import main
from vectra_guard.config.schema import Config, Logging, Metrics
from vectra_guard.errors import StoreError
from vectra_guard.store import audit, record


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "vectra-guard/audit/log.jsonl"


def write(count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        audit.append({"command": f"cmd {number}", "reason": "", "cwd": "/", "risk": "high", "time": 1.0})


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines(keepends=True)


def test_an_untouched_log_is_whole(log: Path) -> None:
    assert audit.verify() == audit.Verdict(0, audit.START, (), True)
    write(5)
    found = audit.verify()
    assert (found.records, found.breaks) == (5, ())
    assert found.head == json.loads(lines(log)[-1])["hash"]
    assert [r["command"] for r in audit.records()] == [f"cmd {n}" for n in range(5)]
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("how", ["change", "remove", "repeat", "swap", "garbage", "new hash"])
def test_tampering_is_found(log: Path, at: int, how: str) -> None:
    write(5)
    rows = lines(log)
    if how == "change":
        rows[at] = rows[at].replace(f"cmd {at}", "ls")
    elif how == "remove":
        del rows[at]
    elif how == "repeat":
        rows.insert(at, rows[at])
    elif how == "swap":
        rows[at], rows[at - 1] = rows[at - 1], rows[at]
    elif how == "garbage":
        rows[at] = "\0\xff{\n"
    else:
        entry = json.loads(rows[at])
        entry["command"] = "ls"
        rows[at] = json.dumps(entry | {"hash": audit.digest(entry)}) + "\n"
    log.write_text("".join(rows))
    # the first kept record may have lost those before it to rotation, and only the noted head tells
    breaks = audit.verify().breaks
    assert breaks or (how == "remove" and at == 0)
    if how == "remove" and at == 0:
        assert not audit.verify(expect=json.loads(lines(log)[0])["hash"][::-1]).expected_found


def test_a_log_that_was_deleted_or_written_anew(log: Path) -> None:
    write(3)
    noted = audit.verify().head
    log.unlink()
    assert audit.verify().breaks
    (log.parent / "head").unlink()
    write(3, 10)
    assert audit.verify().breaks == () and audit.verify().expected_found
    assert not audit.verify(expect=noted).expected_found


def test_rotation_keeps_the_chain(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 1000)
    monkeypatch.setattr(audit, "KEPT", 3)
    write(100)
    names = sorted(p.name for p in log.parent.iterdir())
    assert len([n for n in names if n.startswith("log-")]) == 3
    found = audit.verify()
    assert found.breaks == () and 0 < found.records < 100
    assert [*audit.records()][-1]["seq"] == 100


def test_several_processes_at_once(log: Path) -> None:
    code = (
        "import sys; from vectra_guard.store import audit\n"
        "for n in range(40): audit.append({'command': sys.argv[1], 'reason': '', 'cwd': '/', 'n': n})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, f"p{n}"]) for n in range(6)]
    assert [p.wait() for p in running] == [0] * 6
    assert audit.verify().breaks == ()
    seen: dict[str, list[int]] = {}
    for entry in audit.records():
        seen.setdefault(entry["command"], []).append(entry["n"])
    assert seen == {f"p{n}": list(range(40)) for n in range(6)}


def test_secrets_stay_out(log: Path) -> None:
    audit.append({"command": "curl -H 'Authorization: Bearer abcdef0123456789' x", "reason": "", "cwd": "/"})
    assert "abcdef0123456789" not in log.read_text()


def test_what_cannot_be_written_says_so_and_changes_nothing(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(2)
    before = log.read_bytes()
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:10]))
    with pytest.raises(StoreError, match="full"):
        write(1, 2)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(log.parents[2]))
    assert log.read_bytes() == before
    write(1, 2)
    assert audit.verify().breaks == ()


def finished(config: Config, risk: str, runtime: str) -> str:
    fields: dict[str, Any] = {
        "command": f"{risk} {runtime}",
        "decision": "host",
        "risk": risk,
        "reason": "",
        "cwd": "/",
    }
    return record.finished(config, runtime=runtime, **fields)


@pytest.mark.parametrize(
    ("setting", "kept"),
    [("off", []), ("risky", ["low none", "high host"]), ("all", ["low host", "low none", "high host"])],
)
def test_the_key_says_what_is_kept(setting: Any, kept: list[str]) -> None:
    config = Config(logging=Logging(audit=setting), metrics=Metrics(enabled=False))
    for risk, runtime in (("low", "host"), ("low", "none"), ("high", "host")):
        assert finished(config, risk, runtime) == ""
    assert [r["command"] for r in audit.records()] == kept


def test_the_command(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = Config()
    finished(config, "high", "none")
    assert main.main(["audit"]) == 0
    assert "high none" in capsys.readouterr().out
    assert main.main(["audit", "verify", "--json"]) == 0
    head = json.loads(capsys.readouterr().out)["head"]
    assert main.main(["audit", "verify", "--expect", head]) == 0
    assert main.main(["audit", "verify", "--expect", "0" * 63 + "1"]) == 2
    capsys.readouterr()
    assert main.main(["audit", "export", "--format", "csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.startswith("seq,time,decision") and "high none" in row
    assert main.main(["audit", "export"]) == 0
    assert json.loads(capsys.readouterr().out)["hash"] == head
    log.write_text(log.read_text().replace("high", "low"))
    assert main.main(["audit", "verify"]) == 2
    assert "log.jsonl:1: was changed" in capsys.readouterr().out
