"""zsh: every accept key, whole constructs, history, state and terminal, in a real pty. Marker files are the truth."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.hooks.harness import PROMPT, Session, executable, kill_evaluator

pytestmark = pytest.mark.pty


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Session]:
    need(shutil.which("zsh"), "zsh is not installed")
    with Session("zsh", tmp_path) as session:
        yield session


def zsh(tmp_path: Path, **options: object) -> Session:
    need(shutil.which("zsh"), "zsh is not installed")
    return Session("zsh", tmp_path, **options)  # type: ignore[arg-type]


# --- the five verdicts -------------------------------------------------------------------------------------------


def test_a_harmless_line_runs_once_and_untouched(shell: Session) -> None:
    assert shell.run("echo hello >> $M/a; echo $?") == ["0"]
    assert shell.count("a") == 1
    assert shell.history() == ["echo hello >> $M/a; echo $?"]


def test_a_blocked_line_does_not_run_and_says_why(shell: Session) -> None:
    assert shell.run("echo blockme >> $M/b") == ["vg: not run: blockme"]
    assert shell.run("echo $?") == ["3"]
    assert shell.count("b") == 0
    assert shell.history() == ["echo blockme >> $M/b", "echo $?"]


def test_a_rewritten_line_keeps_the_state_of_the_shell(shell: Session) -> None:
    out = shell.run("cd / && rewriteme echo in >> $M/r && typeset kept=1 && setopt extendedglob && alias q='echo Q'")
    assert out == ["[granted]"]
    assert shell.read("r") == "in\n"
    assert shell.run("echo $kept $PWD ${options[extendedglob]}; q") == ["1 / on", "Q"]


def test_a_rewritten_line_in_pipes_loops_and_the_background(shell: Session) -> None:
    shell.run("print one | rewriteme cat >> $M/p; echo ${pipestatus[1]} >> $M/p")
    assert shell.read("p") == "one\n0\n"
    shell.run("for i in 1 2 3; do rewriteme echo $i >> $M/l; done")
    assert shell.read("l") == "1\n2\n3\n"
    shell.run("rewriteme sleep 0.2 & wait $!; echo $? >> $M/w")
    assert shell.read("w") == "0\n"
    assert shell.run("jobs") == []


def test_exit_statuses_of_rewritten_lines(shell: Session) -> None:
    shell.run("rewriteme false")
    assert shell.run("echo $?") == ["1"]
    shell.run("rewriteme sh -c 'exit 7'")
    assert shell.run("echo $?") == ["7"]


def test_the_previous_status_is_there_in_a_rewritten_line(shell: Session) -> None:
    shell.run("(exit 5)")
    shell.run("echo $? >> $M/s; rewriteme true")
    assert shell.read("s") == "5\n"


def test_a_warning_is_shown_and_the_line_runs(shell: Session) -> None:
    assert shell.run("echo warnme >> $M/w") == ["vg: warned"]
    assert shell.count("w") == 1


@pytest.mark.parametrize(("key", "times"), [("y", 1), ("n", 0), ("\r", 0), ("\x03", 0)])
def test_an_answer_to_the_question(shell: Session, key: str, times: int) -> None:
    shell.send("typeset asked=$(echo askme >> $M/k; echo 1)\r")
    shell.wait_text(r"\]\? *$")
    before = shell.prompts()
    shell.send(key)
    shell.wait_prompt(before)
    assert shell.count("k") == times
    assert shell.run("echo st=$? asked=$asked")[-1] == ("st=0 asked=1" if times else "st=3 asked=")
    assert shell.history()[0] == "typeset asked=$(echo askme >> $M/k; echo 1)"


# --- keys --------------------------------------------------------------------------------------------------------

ACCEPT_KEYS = {
    "enter": "\r", "ctrl-j": "\n", "ctrl-o": "\x0f", "alt-a": "\x1ba", "vi command enter": "\x1b\r",
}  # fmt: skip


@pytest.mark.parametrize("key", ACCEPT_KEYS)
def test_every_key_that_accepts_is_judged(tmp_path: Path, key: str) -> None:
    mode = "bindkey -v" if key.startswith("vi") else "bindkey -e"
    with zsh(tmp_path, rc_after=mode) as shell:
        # some of these keys leave the line for another time: the count of prompts says nothing, the answer does
        shell.send("echo blockme >> $M/x" + ACCEPT_KEYS[key])
        shell.wait_text("not run: blockme")
        assert shell.count("x") == 0


def test_widgets_of_the_user_are_judged(tmp_path: Path) -> None:
    widgets = """
    mine() { BUFFER="echo blockme >> \\$M/x"; zle .accept-line }; zle -N mine; bindkey '^Xm' mine
    enter() { zle .accept-line }; zle -N accept-line enter
    bindkey -s '^Xs' 'echo blockme >> $M/y^M'
    """
    with zsh(tmp_path, rc_after=widgets) as shell:
        assert shell.run("", end="\x18m") == ["vg: not run: blockme"]
        shell.run("", end="\x18s")
        shell.run("echo blockme >> $M/z")
        assert [shell.count(m) for m in "xyz"] == [0, 0, 0]
        assert shell.text().count("not run: blockme") == 3


def test_vi_command_mode_and_switching_later(shell: Session) -> None:
    shell.run("bindkey -v")
    shell.run("echo blockme >> $M/v\x1b")
    shell.run("echo fine >> $M/v\x1b")
    assert shell.count("v") == 1


def test_incremental_search_then_enter(shell: Session) -> None:
    shell.run("echo needle >> $M/n; : blockme")
    shell.run("echo other")
    shell.run("\x12needle")
    assert shell.count("n") == 0
    assert shell.text().count("not run") == 2


def test_menu_completion_accept(tmp_path: Path) -> None:
    rc = "autoload -Uz compinit; compinit -D; zstyle ':completion:*' menu select; zmodload zsh/complist\n"
    rc += "bindkey -M menuselect '^M' .accept-line"
    with zsh(tmp_path, rc_before=rc) as shell:
        (shell.home / "dd").mkdir()
        for name in ("blockme1", "blockme2"):
            (shell.home / "dd" / name).touch()
        shell.run("touch $M/m; echo dd/\t\t\t")
        assert shell.count("m") == 0 and not (shell.markers / "m").exists()
        assert "not run: blockme" in shell.text()


# --- constructs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "marker"),
    [
        (["for i in 1 2 3; do", "echo $i >> $M/c", "done"], "1\n2\n3\n"),
        (["echo 'a", "b' >> $M/c"], "a\nb\n"),
        (["echo one \\", "two >> $M/c"], "one two\n"),
        (["cat <<E >> $M/c", "blockme is data", "E"], "blockme is data\n"),
        (["if true; then", "", "echo x >> $M/c", "fi"], "x\n"),
        (["for i in 1 2; do", "rewriteme echo $i >> $M/c", "done"], "1\n2\n"),
        (["cat <<E | rewriteme cat >> $M/c", "first", "second", "E"], "first\nsecond\n"),
        (["rewriteme echo a \\", "b >> $M/c"], "a b\n"),
        (["for i in 1 2; do", "echo askyes $i >> $M/c", "done"], "askyes 1\naskyes 2\n"),
    ],
)
def test_constructs_typed_over_lines_run_once(shell: Session, lines: list[str], marker: str) -> None:
    before = shell.prompts()
    for line in lines[:-1]:
        shell.send(line + "\r")
        shell.wait_text(r"> *$")
    shell.send(lines[-1] + "\r")
    shell.wait(lambda: shell.read("c") == marker, f"{marker!r}, not {shell.read('c')!r}")
    shell.wait_prompt(before)
    assert shell.history() == ["\\n".join(lines)]
    assert shell.read("c") == marker
    assert "__vg" not in shell.text()


@pytest.mark.parametrize(
    "lines",
    [
        ["for i in 1 2; do", "echo blockme >> $M/c", "done"],
        ["echo fine >> $M/c &&", "echo blockme >> $M/c"],
        ["echo start \\", "blockme >> $M/c"],
    ],
)
def test_a_bad_construct_runs_not_even_in_part(shell: Session, lines: list[str]) -> None:
    before = shell.prompts()
    for line in lines:
        shell.send(line + "\r")
        shell.pump(0.3)
    shell.wait_text("not run: blockme")
    shell.wait_prompt(before)
    assert shell.count("c") == 0
    assert shell.run("echo $?")[-1] == "3"
    assert "__vg" not in shell.text()


def test_a_question_about_a_construct(shell: Session) -> None:
    before = shell.prompts()
    shell.send("for i in 1 2; do\r")
    shell.send("echo askme $i >> $M/c\r")
    shell.send("done\r")
    shell.wait_text(r"\]\? *$")
    shell.send("y")
    shell.wait_prompt(before)
    assert shell.read("c") == "askme 1\naskme 2\n"
    assert "__vg" not in shell.text()


def test_interrupt_at_the_continuation_prompt(shell: Session) -> None:
    shell.send("echo 'half >> $M/h\r")
    shell.wait_text(r"more> *$")
    before = shell.prompts()
    shell.send("\x03")
    shell.wait_prompt(before)
    shell.run("echo whole >> $M/h")
    assert shell.read("h") == "whole\n"


def test_pastes(shell: Session) -> None:
    shell.paste("echo p1 >> $M/p\necho blockme >> $M/p\necho p3 >> $M/p")
    shell.run("")
    assert shell.count("p") == 0
    shell.paste("echo q1 >> $M/p\necho q2 >> $M/p")
    shell.run("")
    assert shell.read("p") == "q1\nq2\n"
    shell.run("bindkey -r '^[[200~'; unset zle_bracketed_paste")
    before = shell.prompts()
    shell.send("echo a >> $M/plain\recho blockme >> $M/plain\recho c >> $M/plain\r")
    shell.wait_prompt(before, 3)
    assert shell.read("plain") == "a\nc\n"


def test_type_ahead_while_a_command_runs(shell: Session) -> None:
    before = shell.prompts()
    shell.send("sleep 0.5\r")
    shell.pump(0.2)
    shell.send("echo ahead >> $M/t\recho blockme >> $M/t\recho last >> $M/t\r")
    shell.wait_prompt(before, 4)
    assert shell.read("t") == "ahead\nlast\n"


# --- history -----------------------------------------------------------------------------------------------------


def test_history_expansion_is_judged_and_stored_expanded(shell: Session) -> None:
    shell.run("echo blockme >> $M/h")
    shell.run("!!")
    shell.run("!echo")
    assert shell.text().count("not run: blockme") == 3
    shell.run("echo one two >> $M/h")
    shell.run("echo !$ rewriteme")
    shell.run("echo x !nosuchevent", prompts=1)
    assert shell.count("h") == 1
    assert shell.judged()[-2] == "echo $M/h rewriteme"
    assert shell.history()[:2] == ["echo blockme >> $M/h", "echo blockme >> $M/h"]
    assert "echo $M/h rewriteme" in shell.history()


def test_words_of_a_rewritten_line_are_words_in_history(shell: Session) -> None:
    shell.run("rewriteme echo first last")
    shell.run("echo !$ >> $M/h")
    assert shell.read("h") == "last\n"


def test_history_options(tmp_path: Path) -> None:
    with zsh(tmp_path, rc_after="setopt histignoredups histignorespace") as shell:
        for _ in range(2):
            shell.run("echo blockme")
            shell.run("echo blockme")
        shell.run(" echo blockme secret")
        shell.run(" rewriteme true")
        assert shell.history() == ["echo blockme"]


def test_the_history_file_holds_what_was_typed(tmp_path: Path) -> None:
    with zsh(tmp_path, rc_after="setopt incappendhistory extendedhistory") as shell:
        for line in ("echo a", "echo blockme", "rewriteme echo c", "echo d"):
            shell.run(line)
        rows = (shell.home / ".history").read_text().splitlines()
        assert [row.partition(";")[2] for row in rows] == ["echo a", "echo blockme", "rewriteme echo c", "echo d"]
        assert all(int(row.split(":")[1]) > 1_000_000_000 for row in rows)


def test_arrow_up_after_a_refusal_and_a_rewrite(shell: Session) -> None:
    shell.run("echo blockme >> $M/u")
    shell.send("\x1b[A")
    shell.wait(lambda: shell.cursor_line().endswith("echo blockme >> $M/u"), "the refused line")
    shell.run("\x15rewriteme echo r >> $M/u")
    shell.run("\x1b[A")
    assert shell.read("u") == "r\nr\n"


def test_hooks_of_the_user_see_what_was_typed(tmp_path: Path) -> None:
    rc = """
    preexec() { print -r -- "pre:$1" >> $M/seen }
    zshaddhistory() { print -rn -- "add:$1" >> $M/seen; [[ $1 != *forget* ]] }
    another() { print -rn -- "two:$1" >> $M/seen }
    zshaddhistory_functions+=(another)
    """
    with zsh(tmp_path, rc_before=rc) as shell:
        shell.run("echo blockme")
        shell.run("rewriteme echo x")
        shell.run("rewriteme echo forget")
        shell.run("echo plain")
        seen = shell.read("seen")
        assert "__vg" not in seen and "exec --grant" not in seen
        for line in ("echo blockme", "rewriteme echo x", "echo plain"):
            assert seen.count(f"add:{line}\n") == seen.count(f"two:{line}\n") == seen.count(f"pre:{line}\n") == 1
        assert shell.history() == ["echo blockme", "rewriteme echo x", "echo plain"]


# --- what runs is what was judged --------------------------------------------------------------------------------


def test_aliases_and_functions_of_the_line_are_sent(shell: Session) -> None:
    shell.run("fn() { echo block''me; }; outer() { fn; }")
    shell.run("alias al='echo block''me'; alias -g GL='block''me'; alias -s sfx='echo block''me'")
    for line in ("al >> $M/m", "echo GL >> $M/m", "x.sfx >> $M/m"):
        shell.run(line)
    log = shell.log.read_text()
    assert "'al': 'echo block" in log and "'-g GL': 'block" in log and "'-s sfx': 'echo block" in log
    shell.run("outer >/dev/null")
    assert "['fn', 'outer']" in shell.log.read_text()


def test_a_nul_byte_is_refused(shell: Session) -> None:
    shell.run("echo warm")
    shell.run("echo a\x16\x00 >> $M/n")
    assert shell.count("n") == 0
    assert "NUL byte" in shell.text()


def test_long_and_odd_text(shell: Session) -> None:
    long = "x" * 6000
    shell.run(f"echo {long} >> $M/l")
    assert shell.read("l") == long + "\n"
    shell.run("echo 'žluť 漢字 🙂' >> $M/u")
    assert shell.read("u") == "žluť 漢字 🙂\n"
    shell.run("rewriteme echo 'ž!漢' \"a\\!b\" >> $M/u")
    assert shell.read("u").splitlines()[1] == "ž!漢 a\\!b"


def test_a_later_hook_that_changes_the_line_is_noticed(tmp_path: Path) -> None:
    rc = """
    sneaky() { [[ $BUFFER == swap* ]] && BUFFER='echo blockme >> $M/x' }; zle -N sneaky
    autoload -Uz add-zle-hook-widget; add-zle-hook-widget line-finish sneaky
    """
    with zsh(tmp_path, rc_after=rc) as shell:
        shell.run("swap it")
        assert shell.count("x") == 0
        assert "not run: blockme" in shell.text()


def test_the_backstop_judges_what_came_past_the_widget(tmp_path: Path) -> None:
    # put in place behind the guard's own look, which happens before each prompt
    rc = "zle-line-init() { zle -N zle-line-finish nothing }; nothing() { : }; zle -N zle-line-init"
    with zsh(tmp_path, rc_after=rc) as shell:
        shell.run("echo fine >> $M/x")
        assert "bound around the guard" in shell.text()
        shell.run("echo blockme >> $M/x")
        shell.run("echo also fine >> $M/x")
        assert shell.read("x") == "fine\nalso fine\n"
        assert shell.text().count("bound around the guard") == 1


def test_the_backstop_hands_back_a_line_that_must_be_changed(tmp_path: Path) -> None:
    with zsh(tmp_path) as shell:
        shell.run("nothing() { : }; early() { zle -N zle-line-finish nothing }; zle -N zle-line-init early")
        shell.send("rewriteme echo r >> $M/x\r")
        shell.wait_text("press Enter to have it judged")
        assert shell.count("x") == 0
        shell.wait(lambda: shell.cursor_line().endswith("rewriteme echo r >> $M/x"), "the line back in the editor")


def test_another_line_finish_widget_is_put_beside_ours(shell: Session) -> None:
    shell.run("theirs() { print -n x >> $M/theirs }; zle -N zle-line-finish theirs")
    shell.run("echo blockme >> $M/b")
    shell.run("echo fine >> $M/b")
    assert shell.read("b") == "fine\n"
    assert len(shell.read("theirs")) >= 2
    assert "bound around" not in shell.text()


# --- options, plugins, prompts -----------------------------------------------------------------------------------

OPTIONS = [
    "set -x", "setopt ksharrays", "setopt nounset", "IFS=ab", "setopt shwordsplit globsubst", "setopt errexit",
    "setopt warncreateglobal warnnestedvar", "setopt ignorebraces", "setopt noaliases", "setopt nobanghist",
    "setopt errreturn", "setopt cshjunkiequotes", "emulate sh", "emulate ksh", "setopt interactivecomments correct",
]  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
def test_options_of_the_user(tmp_path: Path, option: str) -> None:
    with zsh(tmp_path, rc_before=option if option not in ("set -x", "setopt errexit") else "") as shell:
        if option in ("set -x", "setopt errexit"):
            shell.run(option)
        shell.run("echo fine >> $M/o")
        shell.run("rewriteme echo changed >> $M/o")
        if option != "setopt errexit":
            shell.run("echo blockme >> $M/o")
        assert shell.read("o") == "fine\nchanged\n"
        noise = [row for row in shell.lines() if "__vg" in row]
        assert [row for row in noise if not row.endswith("> __vg_refused")] == []


PLUGINS = [
    "/usr/share/zsh-autosuggestions/zsh-autosuggestions.zsh",
    "/usr/share/zsh-syntax-highlighting/zsh-syntax-highlighting.zsh",
]


@pytest.mark.parametrize("place", ["rc_before", "rc_after"])
def test_with_autosuggestions_and_syntax_highlighting(tmp_path: Path, place: str) -> None:
    need(all(os.path.exists(p) for p in PLUGINS), "zsh-autosuggestions and zsh-syntax-highlighting")
    with zsh(tmp_path, **{place: "\n".join(f"source {p}" for p in PLUGINS)}) as shell:
        shell.run("echo fine >> $M/p")
        shell.run("echo blockme >> $M/p")
        shell.run("rewriteme echo changed >> $M/p")
        assert shell.read("p") == "fine\nchanged\n"
        assert f"{PROMPT}echo blockme >> $M/p" in shell.lines()
        assert f"{PROMPT}rewriteme echo changed >> $M/p" in shell.lines()
        assert "__vg" not in shell.text()


def test_two_line_and_right_prompts_and_a_wrapped_line_at_the_bottom(tmp_path: Path) -> None:
    with zsh(tmp_path, rc_before="PS1=$'top\\nvgt> ' RPS1='right'", rows=10, columns=40) as shell:
        for _ in range(4):
            shell.run("echo fill")
        shell.run("echo blockme " + "y" * 60)
        shell.run("rewriteme echo " + "z" * 60)
        text = shell.text()
        assert "__vg" not in text and "exec --grant" not in text
        assert text.count("not run: blockme") == 1
        assert text.replace("\n", "").count("z" * 60) == 2


def test_vared_select_and_read_are_left_alone(shell: Session) -> None:
    shell.run("v=old")
    shell.send("vared v\r")
    shell.wait_text(r"old *$")
    before = shell.prompts()
    shell.send(" blockme\r")
    shell.wait_prompt(before)
    assert shell.run("echo $v") == ["old blockme"]
    before = shell.prompts()
    shell.send("read answer\r")
    shell.pump(0.3)
    shell.send("blockme\r")
    shell.wait_prompt(before)
    assert shell.run("echo $answer") == ["blockme"]


def test_control_d_empty_lines_and_comments(shell: Session) -> None:
    shell.run("")
    shell.run("   ")
    shell.run("setopt interactivecomments")
    shell.run("# blockme is a comment only to zsh")
    assert shell.run("echo still here") == ["still here"]
    shell.send("\x04")
    shell.child.expect_exact([__import__("pexpect").EOF])


def test_edit_command_line(tmp_path: Path) -> None:
    editor = executable(tmp_path / "editor", 'echo "echo blockme >> \\$M/e" > "$1"\n')
    rc = f"autoload -Uz edit-command-line; zle -N edit-command-line; bindkey '^Xe' edit-command-line; EDITOR={editor}"
    with zsh(tmp_path, rc_after=rc) as shell:
        shell.send("echo fine\x18e")
        shell.wait(lambda: "blockme" in shell.text(), "the edited line")
        shell.run("")
        assert shell.count("e") == 0


# --- life and death of the evaluator -----------------------------------------------------------------------------


def test_evaluator_killed_between_lines(shell: Session) -> None:
    shell.run("echo one >> $M/k")
    kill_evaluator(shell)
    shell.run("echo two >> $M/k")
    shell.run("echo blockme >> $M/k")
    assert shell.read("k") == "one\ntwo\n"


def test_evaluator_killed_while_judging(shell: Session) -> None:
    shell.run("echo warm")
    before = shell.prompts()
    shell.send("echo slowme >> $M/k\r")
    shell.pump(0.3)
    kill_evaluator(shell)
    shell.wait_prompt(before)
    assert shell.count("k") <= 1
    shell.run("echo after >> $M/k")
    assert shell.read("k").endswith("after\n")


@pytest.mark.parametrize("word", ["hangme", "crashme", "spinme", "raiseme"])
def test_a_judgement_that_fails_refuses_the_line_only(shell: Session, word: str) -> None:
    shell.run(f"echo {word} >> $M/h")
    assert shell.run("echo $?") == ["3"]
    shell.run("echo fine >> $M/h")
    assert shell.read("h") == "fine\n"


def test_interrupt_while_judging_runs_nothing(shell: Session) -> None:
    before = shell.prompts()
    shell.send("echo slowme >> $M/i\r")
    shell.pump(0.3)
    shell.send("\x03")
    shell.wait_prompt(before)
    shell.run("echo next >> $M/i")
    assert shell.read("i") == "next\n"
    assert "__vg" not in shell.text()
    assert not any("__vg" in row for row in shell.history())


def test_a_broken_python_refuses_and_the_way_out_works(tmp_path: Path) -> None:
    with zsh(tmp_path, env={"PATH": "/usr/bin:/bin"}) as shell:
        shell.run("echo warm")
        working = shell.python.read_text()
        shell.python.write_text("#!/bin/sh\nexit 1\n")
        kill_evaluator(shell)
        time.sleep(0.1)
        out = shell.run("echo no >> $M/x")
        assert out == ["vg: evaluator unavailable, not run. Type vg-off to switch the guard off in this shell."]
        started = time.monotonic()
        shell.run("echo no >> $M/x")
        assert time.monotonic() - started < 1.5
        assert shell.count("x") == 0
        assert shell.run("vg-status")[0].startswith("vg: degraded")
        assert shell.run("vg-off") == ["vg: off in this shell. Type vg-on to switch it on again."]
        shell.run("echo yes >> $M/x; echo blockme >> $M/x")
        assert shell.count("x") == 2
        shell.run("vg-on")
        shell.run("echo no >> $M/x")
        assert shell.count("x") == 2
        shell.python.write_text(working)
        end = time.monotonic() + 20  # lines are refused at once for a while; then it recovers by itself
        while shell.run("echo back >> $M/back") and time.monotonic() < end:
            time.sleep(0.5)
        assert shell.count("back") == 1
        shell.send("exit\r")
        shell.child.expect_exact([__import__("pexpect").EOF])


def test_vg_off_inside_something_else_does_not_count(shell: Session) -> None:
    shell.run("true; vg-off")
    shell.run("eval vg-off")
    shell.run("echo blockme >> $M/x")
    assert shell.count("x") == 0


def test_nothing_is_left_lying_about(shell: Session) -> None:
    shell.run("echo x | rewriteme cat")
    assert shell.run("jobs; env | grep -i '^_*vg'; ls /proc/$$/fd") == ["0  1  10  2"]
    assert shell.run("zsh -c 'echo ${+functions[vg-off]}'") == ["0"]


def test_inert_where_it_must_be(tmp_path: Path) -> None:
    for env in ({"TERM": "dumb"}, {"VG_SANDBOX": "1"}):
        (tmp_path / str(len(env) + len(list(tmp_path.iterdir())))).mkdir()
        with zsh(tmp_path, env=env, wait=False) as shell:
            shell.wait(lambda s=shell: s.prompts() >= 1, "a prompt")
            shell.send("echo ${+functions[vg-off]} blockme >> $M/x\r")
            shell.wait_count("x")
            assert shell.read("x") == "0 blockme\n"
            assert shell.evaluator() == []


def test_nested_shell_and_exec(shell: Session) -> None:
    shell.run("zsh")
    shell.run("echo blockme >> $M/x")
    shell.run("exit")
    shell.run("exec zsh")
    shell.run("echo blockme >> $M/x")
    shell.run("echo fine >> $M/x")
    assert shell.read("x") == "fine\n"
    assert shell.text().count("not run: blockme") == 2


def test_suspend_and_resume_a_rewritten_command(shell: Session) -> None:
    before = shell.prompts()
    shell.send("rewriteme sh -c 'sleep 0.5; read x; echo got $x >> $M/z'\r")
    shell.wait_text("granted|refused")
    shell.send("\x1a")
    shell.wait_prompt(before)
    assert "rewriteme" in "\n".join(shell.run("jobs"))
    before = shell.prompts()
    shell.send("fg\r")
    shell.pump(0.7)
    shell.send("input\r")
    shell.wait_prompt(before)
    assert shell.read("z") == "got input\n"


def test_no_process_is_started_for_a_harmless_line(shell: Session) -> None:
    shell.run("echo warm")
    first = int(shell.run("sh -c 'echo $$'")[0])
    for _ in range(10):
        shell.run("echo harmless >/dev/null")
    assert int(shell.run("sh -c 'echo $$'")[0]) - first >= 1
    forks = [int(shell.value("$(</proc/sys/kernel/ns_last_pid)")) for _ in range(2)]
    assert forks[0] >= first
