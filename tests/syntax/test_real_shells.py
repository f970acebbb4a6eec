"""The reading against the shells themselves: what is said to be known must be what they make of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import need
from vectra_guard import syntax
from vectra_guard.model import Facts, Request

BASH = [
    "a'b'\"c\"\\d",
    "$'a\\tb\\x41\\101\\u00e9\\cA\\e'",
    "{a,b}{1..3}",
    "{a,{b,c}d}e",
    "{01..10..3}",
    "a{,b}",
    "{a}",
    "{a,b",
    "x{1..1}y",
    "~ ~/x a~ '~'",
    '$HOME/x "$HOME"',
    "${HOME#/*/} ${HOME##*/} ${HOME%/*} ${HOME%%/*}",
    "$((1+2*3)) $((7/2)) $((-7%3)) $((1<<4|3)) $((5>3?1:2))",
    "$((010+0x1f)) $((2#101))",
    '$(echo a b) "$(echo a b)"',
    "`echo a`",
    "$(printf '%s-' a b c) $(printf '%03d %x %c' 7 255 xyz)",
    "$(echo -e 'a\\tb\\n\\n')x",
    "$(echo abc | tr a-c A-C) $(echo abc | rev) $(echo a:b:c | cut -d: -f2,3)",
    "$(echo aGVsbG8= | base64 -d)",
    "$(echo hello | base64)",
    "$(echo 68656c6c6f | xxd -r -p)",
    "$(seq 3) $(seq 5 -2 1)",
    "$(basename /a/b.c .c) $(dirname /a/b/c) $(dirname a)",
    "$(echo a/b/c | sed 's/\\//-/g') $(echo foo | sed s/o/0/) $(echo abc | sed 'y/abc/xyz/')",
    "$(printf 'a\\nb\\nc\\n' | head -n 2 | tail -1)",
    "$(printf abc | head -c 2)",
    "$(echo aabb | tr -s a) $(echo a1b2 | tr -d 0-9) $(echo abc | tr -cd ab)",
    '"a\\"b\\$c\\`d\\e"',
    "a\\\nb",
    "'' \"\" x''",
    "$(cat <<< hi) $(cat <<E\nx $((1+1))\nE\n)",
    "$(echo '$HOME' \"'q'\")",
]
WITH_SETUP = [
    (
        "x=abcabc",
        "${x/b/-} ${x//b/-} ${x/#a/-} ${x/%c/-} ${x^} ${x^^} ${x:2} ${x:1:2} ${x: -2} ${#x} ${x:-d} ${x:+s}",
    ),
    ("x='a  b' y=", '$x "$x" pre$x $y "$y" z$y'),
    ("IFS=,; x=a,b", '$x "$x"'),
    ("a=(p 'q r' s)", '${a[@]} "${a[@]}" "${a[*]}" ${#a[@]} ${a[1]} ${a[-1]} ${a[@]:1:1} $a'),
    ("a=(p); a+=(q); a[4]=z", "${a[@]} ${#a}"),
    ("x=v; v=w", "${!x}"),
    ("set -- p 'q r'", '$# $1 $2 "$@" "$*" ${@:2}'),
    ("printf -v x '%s' q; read a b <<< 'u v w'", "$x $a $b"),
    ("declare -u x=abc; declare -A h=([k]=v)", "$x ${h[k]}"),
    ('f() { echo "<$1>"; }', "$(f q)"),
    ("x=1; x+=2", "$x $((x+1))"),
    ("x=/a/b.tar.gz", "${x##*/} ${x%.*} ${x%%.*} ${x#*.}"),
    ("x=; for i in 1 2; do x=$x$i; done", "$x"),
]


def _lines(shell: str, text: str, cwd: Path) -> list[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": "/home/dev", "LC_ALL": "C.UTF-8"}
    flags = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run([shell, *flags, "-c", text], env=env, cwd=cwd, capture_output=True, timeout=20)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _read(shell: str, line: str, cwd: Path) -> list[str]:
    read = syntax.read(Request(line, shell, str(cwd), "/home/dev"), Facts(user="dev"))
    found = [c for c in read.commands if c.words and c.top == c.index][-1]
    assert all(w.known for w in found.words), found.words
    return [w.text for w in found.words[2:]]


@pytest.mark.parametrize("words", BASH)
def test_bash_words(words: str, tmp_path: Path) -> None:
    need(shutil.which("bash") and shutil.which("xxd"), "bash and xxd")
    line = f"printf '%s\\0' {words}"
    assert _read("bash", line, tmp_path) == _lines("bash", line, tmp_path)


@pytest.mark.parametrize(("setup", "words"), WITH_SETUP)
def test_bash_state(setup: str, words: str, tmp_path: Path) -> None:
    need(shutil.which("bash"), "bash")
    line = f"{setup}; printf '%s\\0' {words}"
    assert _read("bash", line, tmp_path) == _lines("bash", line, tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        "a'b'\"c\"\\d",
        "{a,b}{1..3}",
        "~/x $HOME",
        "$(echo a b)",
        "$((1+2))",
        "$'a\\tb'",
        "${HOME:t} ${HOME:h}",
        "x",
        "'a''b'",
        "a\\ b",
    ],
)
def test_zsh_words(words: str, tmp_path: Path) -> None:
    need(shutil.which("zsh"), "zsh")
    line = f"printf '%s\\0' {words}"
    assert _read("zsh", line, tmp_path) == _lines("zsh", line, tmp_path)


@pytest.mark.parametrize(
    ("setup", "words"), [("x='a b'", '$x "$x" p$x'), ("a=(p 'q r')", '$a "$a" ${a[1]} $a[2] ${#a}'), ("x=", "z$x $x")]
)
def test_zsh_state(setup: str, words: str, tmp_path: Path) -> None:
    need(shutil.which("zsh"), "zsh")
    line = f"{setup}; printf '%s\\0' {words}"
    assert _read("zsh", line, tmp_path) == _lines("zsh", line, tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        "a'b'\"c\"\\d",
        "'it\\'s' 'a\\\\b' 'a\\nb'",
        '"a\\$b\\"c"',
        "\\x41\\t\\u00e9",
        "{a,b}c",
        "~/x $HOME",
        "(echo a b)",
        "(printf 'a\\nb\\n')",
        '"$(echo a b)"',
        "(string join - a b) (string upper x) (string replace a b abc)",
        "(echo aGVsbG8= | base64 -d)",
    ],
)
def test_fish_words(words: str, tmp_path: Path) -> None:
    need(shutil.which("fish"), "fish")
    line = f"printf '%s\\0' {words}"
    assert _read("fish", line, tmp_path) == _lines("fish", line, tmp_path)


@pytest.mark.parametrize(
    ("setup", "words"),
    [("set x a 'b c'", '$x "$x" $x[2]'), ("set -l y", 'p "$y"'), ("set x 0; for i in 1 2; set x $x $i; end", "$x")],
)
def test_fish_state(setup: str, words: str, tmp_path: Path) -> None:
    need(shutil.which("fish"), "fish")
    line = f"{setup}; printf '%s\\0' {words}"
    assert _read("fish", line, tmp_path) == _lines("fish", line, tmp_path)
