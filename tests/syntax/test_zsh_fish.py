"""zsh and fish: their own syntax, read to the same commands."""

from __future__ import annotations

import pytest

from vectra_guard.model import Risk

from .canonical import commands, script

RM = "rm -rf /"

ZSH = [
    "noglob rm -rf /",
    "nocorrect rm -rf /",
    "repeat 3 rm -rf /",
    "for d (/) rm -rf $d",
    "for d in /; rm -rf $d",
    "foreach d (/)\nrm -rf $d\nend",
    "if [[ -f x ]] { rm -rf / }",
    "if [[ -f x ]] { ls } elif [[ a ]] { ls } else { rm -rf / }",
    "while [[ a ]] { rm -rf / }",
    "() { rm -rf $1 } /",
    "f() { rm -rf / }; f",
    "function f g { rm -rf / }; g",
    "a=(rm -rf /); $a",
    "a=(x rm -rf /); $a[2] -rf /",
    "cat =(rm -rf /)",
    "=rm -rf /",
    "x='rm -rf /'; ${=x}",
    "x='rm -rf /'; eval $x",
    "rm -rf / &!",
    "rm -rf / &|",
    "{ rm -rf / } always { ls }",
    "print -r 'rm -rf /' | zsh",
    "zsh -c 'rm -rf /'",
    "emulate sh -c 'rm -rf /'",
    'echo ${(f)"$(rm -rf /)"}',
    "echo ${$(rm -rf /)#x}",
    "coproc rm -rf /",
    "[[ -n $x ]] && { rm -rf / }",
    "echo hi >! x; rm -rf /",
    "rm -rf / >>| x",
    "if true; then { rm -rf / }; fi",
]


@pytest.mark.parametrize("line", ZSH)
def test_zsh(line: str) -> None:
    read = script(line, "zsh")
    assert RM in commands(line, "zsh"), commands(line, "zsh")
    assert read.problems == ()


@pytest.mark.parametrize(
    "line",
    ["ls *(om[1])", "ls **/*(.)", "print -l *.(c|h)", "echo ^x", "ls (a|b)*", "vim =ls", "a[1]=x", "echo $#a $a[1,2]"],
)
def test_zsh_words_that_are_fine(line: str) -> None:
    assert script(line, "zsh").problems == ()


def test_zsh_does_not_split_variables() -> None:
    assert commands("x='a b'; rm $x", "zsh") == ["rm a b"]
    assert len(script("x='a b'; rm $x", "zsh").commands[-1].words) == 2


def test_zsh_textual_aliases() -> None:
    facts = {"aliases": {"-g G": "| grep", "-s txt": "less", "ll": "ls -l"}}
    assert commands("ll G x", "zsh", **facts) == ["ls -l", "grep x"]
    assert commands("notes.txt", "zsh", **facts) == ["less notes.txt"]
    assert commands("echo 'a G b'", "zsh", **facts) == ["echo a G b"]
    assert all(c.insert_at is None for c in script("ll G x", "zsh", **facts).commands)


FISH = [
    "rm -rf /",
    "set x rm -rf /; $x",
    "set -gx d /; rm -rf $d",
    "rm -rf (echo /)",
    "rm -rf $(echo /)",
    'rm -rf "$(echo /)"',
    "true; and rm -rf /",
    "false; or rm -rf /",
    "not rm -rf /",
    "begin; rm -rf /; end",
    "begin; ls; rm -rf /; end | cat",
    "if test x; rm -rf /; end",
    "if test x; ls; else if true; ls; else; rm -rf /; end",
    "while true; rm -rf /; end",
    "for d in / b; rm -rf $d; end",
    "function f; rm -rf $argv; end; f /",
    "function f -a d; rm -rf $d; end; f /",
    "function f --argument-names d\nrm -rf $d\nend\nf /",
    "switch x; case x; rm -rf /; case '*'; ls; end",
    "eval 'rm -rf /'",
    "eval rm -rf /",
    "echo 'rm -rf /' | source",
    "echo 'rm -rf /' | sh",
    "source (echo 'rm -rf /' | psub)",
    "bash (echo 'rm -rf /' | psub)",
    "fish -c 'rm -rf /'",
    "bash -c 'rm -rf /'",
    "command rm -rf /",
    "exec rm -rf /",
    "env X=1 rm -rf /",
    "X=1 rm -rf /",
    "sudo rm -rf /",
    "r\\x6d -rf /",
    "r'm' -rf \"/\"",
    "echo / | while read d; rm -rf $d; end",
    "set x a rm; $x[2] -rf /",
    "(echo rm) -rf /",
    "rm -rf (string join '' / '')",
    "echo 2>| rm -rf /",
    "ls &| rm -rf /",
    "alias l 'rm -rf /'; l",
    "alias l='rm -rf /'; l",
    "ls && rm -rf /",
    "ls || rm -rf /",
    "trap 'rm -rf /' EXIT",
    "rm -rf / &",
    "time rm -rf /",
    "builtin eval 'rm -rf /'",
    "set e rm; and $e -rf /",
]


@pytest.mark.parametrize("line", FISH)
def test_fish(line: str) -> None:
    read = script(line, "fish")
    assert RM in commands(line, "fish"), commands(line, "fish")
    assert read.problems == ()


@pytest.mark.parametrize(
    "line",
    [
        "echo 'rm -rf /'",
        "echo rm -rf /",
        "# rm -rf /",
        "echo \\$(x) \\(rm -rf /\\)",
        'echo "(rm -rf /)"',
        "set x 'rm -rf /'",
    ],
)
def test_fish_text(line: str) -> None:
    assert not [c for c in commands(line, "fish") if c.startswith("rm ")]


def test_fish_words() -> None:
    assert commands("echo 'it\\'s' \"a\\$b\" \\x41 {a,b}c ~/x $HOME", "fish") == [
        "echo it's a$b A ac bc /home/dev/x /home/dev"
    ]
    word = script('rm -rf "$dir/"', "fish").commands[0].words[2]
    assert (word.text, word.variables) == ("\0/", ("dir",))
    assert [w.text for w in script("rm (printf 'a b\\nc')", "fish").commands[0].words] == ["rm", "a b", "c"]


@pytest.mark.parametrize("line", ["end; rm x", "if true; rm x", "echo 'a", "rm x )", "else; rm x", "echo (rm x"])
def test_fish_errors_are_never_low(line: str) -> None:
    assert script(line, "fish").floor >= Risk.MEDIUM
