"""What holds for every line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_guard import syntax
from vectra_guard.model import Facts, Request, Risk

from .canonical import commands, script

SHELLS = ("bash", "zsh", "fish")
PIECES = [
    "rm",
    "-rf",
    "/",
    " ",
    " ",
    "\n",
    ";",
    "&",
    "&&",
    "|",
    "||",
    "(",
    ")",
    "{",
    "}",
    "$(",
    "${",
    "$((",
    "))",
    "`",
    "'",
    '"',
    "\\",
    "$'",
    "<",
    ">",
    "<<",
    "<<<",
    "EOF",
    "\nEOF\n",
    "if ",
    "then ",
    "fi",
    "for ",
    "in ",
    "do ",
    "done",
    "case ",
    "esac",
    ";;",
    "f()",
    "function ",
    "x=",
    "=(",
    "$x",
    "${x:-",
    "*",
    "?",
    "[",
    "]",
    "~",
    "#",
    "!",
    "a",
    "é",
    "\0",
    "\udcff",
    "\t",
    "\r",
    "eval ",
    "sh -c ",
    "sudo ",
    "xargs ",
    "echo ",
    "[[ ",
    " ]]",
    "begin",
    "end",
    "set ",
    "and ",
    "switch ",
    "alias a=",
    "%s",
    "{a,b}",
    "{1..9}",
    "@(",
    "time ",
    "coproc ",
    "2>&1",
    "&>",
    "<(",
    ">(",
    "=",
    "+=",
    "${!x}",
    "${#x}",
    "printf -v x ",
    "read x",
    "trap ",
    "find . -exec ",
    "ssh h ",
    "\\;",
    "env -S",
    "git -c ",
    "docker run i ",
    "python3 -c ",
    "awk ",
    "| base64 -d |",
]
lines = st.one_of(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.text(max_size=80))


@settings(max_examples=400, deadline=None)
@given(line=lines, shell=st.sampled_from(SHELLS), partial=st.booleans())
def test_any_text_is_read_and_spans_are_inside(line: str, shell: str, partial: bool) -> None:
    read = script(line, shell, partial)
    assert not [p for p in read.problems if p.startswith("The line could not be read")], read.problems
    size = len(line.encode("utf-8", "surrogateescape" if not _lone(line) else "surrogatepass"))
    for number, command in enumerate(read.commands):
        assert command.index == number
        assert 0 <= command.top < len(read.commands)
        for start, end in (command.span, *(w.span for w in command.words)):
            assert 0 <= start <= end <= size
        assert command.insert_at is None or 0 <= command.insert_at < size
        assert all(0 <= s < len(read.commands) for w in command.words for s in w.sources)


def _lone(line: str) -> bool:
    return any(0xD800 <= ord(c) <= 0xDFFF and not 0xDC80 <= ord(c) <= 0xDCFF for c in line)


words = st.text(
    st.characters(codec="ascii", exclude_characters="\0\n\r", categories=["L", "N", "P", "S", "Zs"]),
    min_size=1,
    max_size=12,
)


def _quotings(word: str) -> list[str]:
    single = "'" + word.replace("'", "'\\''") + "'"
    double = '"' + "".join("\\" + c if c in '"$`\\' else c for c in word) + '"'
    escaped = "".join("\\" + c for c in word)
    ansi = "$'" + "".join(f"\\x{ord(c):02x}" for c in word) + "'"
    return [single, double, escaped, ansi, "''" + single, single + '""']


@settings(max_examples=150, deadline=None)
@given(st.lists(words, min_size=1, max_size=4))
def test_quoting_a_word_differently_changes_nothing(args: list[str]) -> None:
    expected = ["tool", *args]
    for form in range(6):
        line = " ".join(["tool", *(_quotings(a)[form] for a in args)])
        for shell in ("bash", "zsh"):
            assert [w.text for w in script(line, shell).commands[0].words] == expected, line


@pytest.mark.parametrize("line", ["rm -rf /", "a | b && c", "for i in a b; do rm $i; done", "x=1; echo $x"])
@given(comment=st.text(st.characters(exclude_characters="\n\0"), max_size=30))
@settings(max_examples=30, deadline=None)
def test_a_comment_changes_nothing(line: str, comment: str) -> None:
    for shell in SHELLS[: 2 if "do" in line or "=" in line else 3]:
        assert commands(f"{line} #{comment}", shell) == commands(line, shell)
        assert commands(f"# {comment}\n{line}", shell) == commands(line, shell)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "rm",
                "-rf",
                "./x",
                "a=b",
                "git",
                "push",
                "@1",
                "50%",
                "a,b",
                "x:y",
                "if",
                "ls",
                "cd",
                "-c",
                "make",
                "-f",
                "docker",
                "run",
                "python3",
                "-m",
                "uv",
                "find",
                "-exec",
                "rebase",
                "flatpak-spawn",
                "npm",
                "exec",
                "tar",
                "./m.py",
            ]
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_fast_path_agrees_with_the_full_reading(args: list[str]) -> None:
    from vectra_guard.syntax.full import read_full

    line = " ".join(args)
    for shell in SHELLS:
        request = Request(line, shell, "/c", "/h")
        quick = syntax.fast.plain(request, Facts())
        if quick is not None:
            assert quick == read_full(request, Facts())


HUGE = {
    "word": "a" * 100_000,
    "words": "echo " + "x " * 50_000,
    "parens": "(" * 10_000,
    "subs": "$(" * 10_000,
    "braces": "{" * 10_000,
    "params": "${" * 10_000,
    "ticks": "`" * 10_001,
    "quotes": "'" * 99_999,
    "arith": "$((" * 9_999,
    "lists": "a;" * 50_000,
    "pipes": "a|" * 50_000,
    "ifs": "if " * 30_000,
    "heredocs": "<<a " * 5_000,
    "functions": "f(){ " * 5_000,
    "product": "echo " + "{a,b}" * 40,
    "range": "echo {1..999999999}",
    "slashes": "\\" * 99_999,
    "fish": "begin;" * 9_999,
    "globs": "x=" + "a" * 5_000 + "; echo ${x//*a*a*a*b/}",
    "evals": "eval " * 20_000,
    "sudo": "sudo " * 20_000,
    "doubling": "a=x;" + "a=$a$a;" * 60 + "echo $a",
    "recursion": "f(){ f; f; f; f; }; f",
    "alias": "alias a='a;a' b='a;a;a'; b",
    "mutual": "f(){ g; g; }; g(){ f; f; }; f",
    "loops": "for a in {1..20}; do " * 4 + "x; " + "done; " * 4,
    "megabyte": "echo " + "word " * 200_000,
    "nul": "\0" * 100_000,
    "bytes": "\udcff" * 100_000,
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("shell", SHELLS)
def test_size_and_shape(name: str, shell: str) -> None:
    start = time.process_time()
    read = script(HUGE[name], shell)
    assert time.process_time() - start < 3.0
    assert not [p for p in read.problems if p.startswith("The line could not be read")], read.problems
    assert read.commands or read.floor >= Risk.MEDIUM


@pytest.mark.parametrize(
    "line",
    [
        "( " * 500 + "rm x" + ")" * 500,
        "a;" * 4000 + "rm x",
        "$(" * 100 + "rm x" + ")" * 100,
        "echo " + "{a,b}" * 12 + "; rm x",
    ],
)
def test_past_a_cap_is_high(line: str) -> None:
    assert script(line).floor == Risk.HIGH


def test_argv_is_taken_as_it_is() -> None:
    read = syntax.read(Request("x", argv=("sh", "-c", "rm -rf $HOME"), cwd="/c", home="/h"), Facts())
    assert [[w.text for w in c.words] for c in read.commands] == [["sh", "-c", "rm -rf $HOME"], ["rm", "-rf", "/h"]]
    read = syntax.read(Request("rm", argv=("rm", "*", "$x")), Facts())
    assert [w.text for w in read.commands[0].words] == ["rm", "*", "$x"]
    assert not read.commands[0].words[1].glob
