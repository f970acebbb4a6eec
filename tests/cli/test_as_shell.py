"""``vg-shell`` and ``BASH_ENV``: programs that run ``$SHELL -c LINE`` or ``bash -c LINE`` are judged too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import need
from vectra_guard.cli.as_shell import Call, parse
from vectra_guard.errors import UsageError

SHELL = [sys.executable, "-m", "vectra_guard.cli.as_shell"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "VG_SHELL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "precious").mkdir()
    return tmp_path


def run(*args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SHELL, *args], capture_output=True, text=True, timeout=60, **kwargs)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    ("args", "call"),
    [
        (["-c", "x"], Call((), "x", ())),
        (["-lc", "x", "n", "a"], Call(("-l",), "x", ("n", "a"))),
        (["-l", "-e", "-o", "pipefail", "-c", "x"], Call(("-l", "-e", "-o", "pipefail"), "x", ())),
        (["-ec", "x"], Call(("-e",), "x", ())),
        (["+o", "posix", "--norc", "-c", "x"], Call(("+o", "posix", "--norc"), "x", ())),
        (["-c", "--", "x"], Call((), "x", ())),
        (["script", "-c", "x"], Call((), None, ("script", "-c", "x"))),
        (["-x", "script"], Call(("-x",), None, ("script",))),
        ([], Call((), None, ())),
        (["-i"], Call(("-i",), None, ())),
        (["--command", "x"], Call((), "x", ())),
    ],
)
def test_arguments_are_read_as_a_shell_reads_them(args: list[str], call: Call) -> None:
    assert parse(args) == call


def test_c_without_a_line() -> None:
    with pytest.raises(UsageError):
        parse(["-c"])


def test_harmless_lines_run_as_in_the_shell(place: Path) -> None:
    done = run("-c", "cd / && pwd; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "/\n", "")
    assert run("-c", 'echo "$0-$1"', "name", "a b").stdout == "name-a b\n"
    assert run("-e", "-c", "false; echo no").stdout == ""
    assert run(input="echo from stdin\n").stdout == "from stdin\n"
    (place / "s.sh").write_text("echo script $1\n")
    assert run("s.sh", "arg").stdout == "script arg\n"


def test_risky_lines_do_not_run(place: Path) -> None:
    for args in (["-c", "rm -rf ~"], ["-lc", "rm -rf ~"], ["-c", 'rm -rf "$1"', "x", str(place)]):
        done = run(*args)
        assert done.returncode == 3 and "vg" in done.stderr, args
    assert run(input="echo a\nrm -rf ~\n").returncode == 3
    assert (place / "precious").is_dir()


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_another_shell(place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need(shutil.which(name), name)
    monkeypatch.setenv("VG_SHELL", name)
    line = "echo (string upper ok)" if name == "fish" else 'print -r -- "${(U):-ok}"'
    assert run("-c", line).stdout == "OK\n"
    assert run("-c", "rm -rf ~").returncode == 3
    monkeypatch.setenv("VG_SHELL", "csh")
    assert run("-c", "ls").returncode == 64


def test_a_program_that_uses_shell(place: Path) -> None:
    """make takes its shell by name, as editors and agents do."""
    need(shutil.which("make"), "make")
    (place / "vg-shell").write_text(f'#!/bin/sh\nexec {" ".join(SHELL)} "$@"\n')
    (place / "vg-shell").chmod(0o755)
    (place / "Makefile").write_text("ok:\n\t@echo fine\nbad:\n\t@rm -rf $$HOME\n")
    make = ["make", f"SHELL={place}/vg-shell"]
    assert subprocess.run([*make, "ok"], capture_output=True, text=True).stdout == "fine\n"
    assert subprocess.run([*make, "bad"], capture_output=True, text=True).returncode != 0
    assert (place / "precious").is_dir()


def test_bash_env(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "vectra_guard", "shell", "--bash-env"], capture_output=True, text=True, check=True
    )
    monkeypatch.setenv("BASH_ENV", made.stdout.strip())

    def bash(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", *args], capture_output=True, text=True, timeout=60, env=dict(os.environ))

    assert bash("-c", "echo one; exit 4").returncode == 4
    assert bash("-c", 'echo "$1-$#"', "n", "a b", "c").stdout == "a b-2\n"
    assert bash("-ec", "false; echo no").stdout == ""
    assert bash("-c", "bash -c 'echo inner; bash -c \"echo deeper\"'").stdout == "inner\ndeeper\n"
    assert bash("-c", "echo ${VG_JUDGED-none}").stdout == "none\n"
    for line in ("rm -rf ~", "bash -c 'rm -rf ~'", 'x=rm; bash -c "$x -rf $HOME"'):
        assert bash("-c", line).returncode == 3, line
    (place / "s.sh").write_text("echo script\n")
    assert bash("s.sh").stdout == "script\n"
    assert (place / "precious").is_dir()


def test_vg_shell_c(place: Path) -> None:
    command = [sys.executable, "-m", "vectra_guard", "shell", "--shell", "bash", "-c"]
    assert subprocess.run([*command, "echo hi"], capture_output=True, text=True).stdout == "hi\n"
    assert subprocess.run([*command, "rm -rf ~"], capture_output=True).returncode == 3
