"""The formats of the three shells' histories; for zsh, bash and fish also what the real shells write."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import need
from vectra_guard import shellhistory


@pytest.mark.parametrize(
    ("shell", "data", "lines"),
    [
        ("bash", b"ls\n\ngit push\n", ["ls", "git push"]),
        ("bash", b"#1700000000\nfor i in 1\ndo x\ndone\n#1700000001\nls # a\n", ["for i in 1\ndo x\ndone", "ls # a"]),
        ("zsh", b"ls\n: 1700000000:0;echo a\\\nb\n: 1700000001:5;git push\n", ["ls", "echo a\nb", "git push"]),
        ("zsh", b": 1:0;echo \xc3\x83\xa4\n", ["echo Ä"]),
        ("fish", b"- cmd: echo a\\nb \\\\n\n  when: 1\n  paths:\n    - x\n- cmd: ls\n", ["echo a\nb \\n", "ls"]),
        ("bash", b"\xff\xfe rm\n", ["\udcff\udcfe rm"]),
    ],
)
def test_formats(shell: str, data: bytes, lines: list[str], tmp_path: Path) -> None:
    file = tmp_path / "history"
    file.write_bytes(data)
    assert shellhistory.lines(shell, str(file)) == lines


def test_missing_and_unreadable_files_are_empty(tmp_path: Path) -> None:
    assert shellhistory.lines("zsh", str(tmp_path / "no")) == shellhistory.lines("zsh", str(tmp_path)) == []


def test_of_a_long_file_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shellhistory, "LARGEST", 8)
    (tmp_path / "h").write_text("echo long ago\nls\npwd\n")
    assert shellhistory.lines("bash", str(tmp_path / "h"))[-2:] == ["ls", "pwd"]


WRITE = {
    "bash": ["bash", "--norc", "-c", "set -o history; HISTFILE=$1; history -s 'echo ä'; history -s ls; history -w",
             "-"],
    "zsh": ["zsh", "-f", "-i", "-c", "HISTSIZE=9 SAVEHIST=9; setopt extendedhistory; print -rs 'echo ä'; print -rs ls; "
            "fc -W $1", "-"],
}  # fmt: skip


@pytest.mark.parametrize("shell", WRITE)
def test_what_the_real_shell_writes(shell: str, tmp_path: Path) -> None:
    need(shutil.which(shell), f"{shell} is not installed")
    file = tmp_path / "history"
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    subprocess.run([*WRITE[shell], str(file)], env=env, check=True, stdin=subprocess.DEVNULL)
    assert shellhistory.lines(shell, str(file))[-2:] == ["echo ä", "ls"]
