"""Lines that come from the history, or from an editor, are judged as what they are: what is judged is what runs."""

from __future__ import annotations

import pytest

from tests.hooks.conftest import Open
from tests.hooks.harness import executable

pytestmark = pytest.mark.pty
BOTH = pytest.mark.parametrize("kind", ["bash", "zsh"])


@BOTH
def test_history_expansion_names_the_same_line_for_the_judge_and_for_the_shell(open_shell: Open, kind: str) -> None:
    shell = open_shell(kind)
    shell.run("echo one >> $M/x")
    shell.run("echo two >> $M/x")
    for event in ("!!", "!-2", "!echo", "echo !:2 >> $M/y", "!?one?"):
        shell.run(event)
    # the judge was asked about each line in its expanded form, and that is what the files say
    asked = [line for line in shell.judged() if "$M/x" in line]
    assert [line.split()[1] for line in asked] == shell.read("x").split()
    assert len(asked) == 6


@BOTH
def test_a_refused_line_recalled_is_refused(open_shell: Open, kind: str) -> None:
    shell = open_shell(kind)
    shell.run("vg-off")
    shell.run("echo blockme >> $M/x")  # as if from another day's history: this one ran
    shell.run("vg-on")
    shell.run("echo between")
    for line in ("!-3", "!?blockme"):
        assert "not run: blockme" in "\n".join(shell.run(line)), line
    assert shell.count("x") == 1


@BOTH
@pytest.mark.parametrize("again", ["fc -s", "fc -e -", "r", "again"])
def test_a_line_run_again_by_fc_is_judged_and_stays_at_top_level(open_shell: Open, kind: str, again: str) -> None:
    shell = open_shell(kind)
    shell.run("alias again='fc -s'" + ("; alias r='fc -s'" if kind == "bash" else ""))
    shell.run("declare -i sum=40")
    shell.run("sum+=2 odd=no")
    shell.run(again)
    shell.run("declare -i other=1; other+=2")
    shell.run(f"{again} declare")
    assert shell.run("echo $sum $other") == ["44 3"]
    shell.run("echo block-me >> $M/x")
    assert "not run: blockme" in "\n".join(shell.run(f"{again} k-m=km"))
    assert shell.count("x") == 1
    assert shell.history()[-1] == "echo blockme >> $M/x"
    shell.run("plain true; echo $? >> $M/x")
    shell.run(f"{again} plain=rewriteme")
    assert shell.read("x").split() == ["block-me", "127", "0"]
    assert "[granted]" in shell.text()


@BOTH
def test_fc_that_finds_nothing_is_asked_about_as_it_stands(open_shell: Open, kind: str) -> None:
    shell = open_shell(kind)
    assert "fc:" in "\n".join(shell.run("fc -s nosuchline"))
    assert shell.judged()[-1] == "fc -s nosuchline"
    shell.run("fc -s nosuchline")
    assert shell.judged()[-1] == "fc -s nosuchline"
    assert any("nosuchline" in row for row in shell.run("fc -l"))


@BOTH
def test_what_an_editor_makes_of_a_line_of_the_history_is_judged(open_shell: Open, kind: str) -> None:
    shell = open_shell(kind)
    editor = executable(shell.home / "editor", 'cp "$1" "$M/before"; echo "echo blockme >> \\$M/x" > "$1"\n')
    shell.run(f"export FCEDIT={editor}")
    shell.run("echo before >> $M/x")
    shell.send("fc\r")
    shell.wait_cursor("echo blockme >> $M/x")
    assert shell.read("before") == "echo before >> $M/x\n"
    assert shell.run("") == ["vg: not run: blockme"]
    shell.send(f"fc -e {editor} -2\r")
    shell.wait_cursor("echo blockme >> $M/x")
    shell.run("\x15echo done")
    assert shell.count("x") == 1


@BOTH
def test_histverify_shows_the_line_first(open_shell: Open, kind: str) -> None:
    shell = open_shell(kind, rc_after="shopt -s histverify" if kind == "bash" else "setopt histverify")
    shell.run("echo one >> $M/x")
    shell.send("!!\r")
    shell.wait_cursor("echo one >> $M/x")
    assert shell.count("x") == 1
    shell.run("")
    assert shell.count("x") == 2
    assert shell.judged()[-1] == "echo one >> $M/x"


@BOTH
def test_a_hash_is_no_comment_where_the_shell_says_so(open_shell: Open, kind: str) -> None:
    off, on = ("shopt -u", "shopt -s") if kind == "bash" else ("unsetopt", "setopt")
    name = "interactive_comments"
    shell = open_shell(kind, rc_after=f"{off} {name}", real=True, wait=False)
    shell.wait_prompt(0)
    shell.run("mkdir -p ~/keep")
    shell.send("echo a # ; rm -rf ~ /\r")
    shell.wait_text("critical|home folder|Deletes")
    shell.send("\x03")
    shell.wait_text("not run")
    shell.run(f"{on} {name}")
    assert shell.run("echo a # ; rm -rf ~ /") == ["a"]
    assert (shell.home / "keep").is_dir()
