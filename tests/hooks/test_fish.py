"""fish: every accept key, whole constructs, history, state and terminal, in a real pty. Marker files are the truth."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.conftest import need
from tests.hooks.harness import PROMPT, Session, kill_evaluator

pytestmark = pytest.mark.pty


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Session]:
    with fish(tmp_path) as session:
        yield session


def fish(tmp_path: Path, **options: object) -> Session:
    need(shutil.which("fish"), "fish is not installed")
    # or fish spends its first half minute on reading all manual pages, in a process of its own
    quiet = "mkdir -p ~/.local/share/fish/generated_completions ~/.cache/fish/generated_completions\n"
    options["rc_before"] = quiet + str(options.get("rc_before", ""))
    return Session("fish", tmp_path, **options)  # type: ignore[arg-type]


# --- the five verdicts -------------------------------------------------------------------------------------------


def test_a_harmless_line_runs_once_and_untouched(shell: Session) -> None:
    assert shell.run("echo hello >> $M/a; echo $status") == ["0"]
    assert shell.count("a") == 1
    assert shell.history() == ["echo hello >> $M/a; echo $status"]


def test_a_blocked_line_does_not_run_and_says_why(shell: Session) -> None:
    assert shell.run("echo blockme >> $M/b") == ["vg: not run: blockme"]
    assert shell.run("echo $status") == ["3"]
    assert shell.count("b") == 0


def test_a_rewritten_line_keeps_the_state_of_the_shell(shell: Session) -> None:
    out = shell.run("cd / && rewriteme echo in >> $M/r && set kept 1 && set -x seen 2; function fn; echo F; end")
    assert out == ["[granted]"]
    assert shell.read("r") == "in\n"
    assert shell.run("echo $kept $PWD (sh -c 'echo $seen') (fn)") == ["1 / 2 F"]


def test_a_rewritten_line_in_pipes_loops_and_the_background(shell: Session) -> None:
    shell.run("echo one | rewriteme cat >> $M/p; echo $pipestatus >> $M/p")
    assert shell.read("p") == "one\n0 0\n"
    shell.run("for i in 1 2 3; rewriteme echo $i >> $M/l; end")
    assert shell.read("l") == "1\n2\n3\n"
    shell.run("rewriteme sleep 0.2 & ; wait; echo done >> $M/w")
    assert shell.read("w") == "done\n"


def test_exit_statuses_and_the_previous_status(shell: Session) -> None:
    shell.run("rewriteme sh -c 'exit 7'")
    assert shell.run("echo $status") == ["7"]
    shell.run("sh -c 'exit 5'")
    shell.run("echo $status >> $M/s; rewriteme true")
    assert shell.read("s") == "5\n"


def test_a_warning_is_shown_and_the_line_runs(shell: Session) -> None:
    assert shell.run("echo warnme >> $M/w") == ["vg: warned"]
    assert shell.count("w") == 1


@pytest.mark.parametrize(("key", "times"), [("y", 1), ("n", 0), ("\r", 0), ("\x03", 0)])
def test_an_answer_to_the_question(shell: Session, key: str, times: int) -> None:
    shell.send("set asked (echo askme >> $M/k; echo 1)\r")
    shell.wait_text(r"\]\? *$")
    before = shell.prompts()
    shell.send(key)
    shell.wait_prompt(before)
    assert shell.count("k") == times
    assert shell.run('echo "asked=$asked"')[-1] == ("asked=1" if times else "asked=")


# --- keys --------------------------------------------------------------------------------------------------------

KEYS = {"enter": ("", "\r"), "ctrl-j": ("", "\n"), "vi insert": ("vi", "\r"), "vi command": ("vi", "\x1b\r")}


@pytest.mark.parametrize("key", KEYS)
def test_every_key_that_accepts_is_judged(tmp_path: Path, key: str) -> None:
    mode, keys = KEYS[key]
    with fish(tmp_path, rc_after="fish_vi_key_bindings" if mode else "") as shell:
        for line in ("echo blockme >> $M/x", "echo fine >> $M/x"):
            shell.send(line + keys[:-1])
            shell.pump(0.5 if mode else 0)  # or Escape and Enter are one key, Alt-Enter
            shell.run("", end=keys[-1])
        assert shell.read("x") == "fine\n"


def test_switching_to_vi_later(shell: Session) -> None:
    shell.run("fish_vi_key_bindings")
    shell.run("echo blockme >> $M/x")
    shell.send("echo blockme >> $M/x\x1b")
    shell.pump(0.5)
    shell.run("")
    assert shell.count("x") == 0


BINDINGS = {
    "a key for execute": ("bind \\cx execute", "\x18", 1),
    "a function that executes": ("function mine; commandline -f execute; end; bind \\cx mine", "\x18", 1),
    "enter of the user": ("function mine; commandline -f repaint execute; end; bind \\r mine", "\r", 1),
    "something before execute": ("bind \\cx end-of-line execute", "\x18\r", 1),
    "text and execute": (
        "function mine; commandline -r 'echo block''me >> $M/x'; commandline -f execute; end; bind \\cx mine",
        "\x18",
        1,
    ),
}


@pytest.mark.parametrize("place", ["rc_before", "rc_after", "user", "typed"])
@pytest.mark.parametrize("name", BINDINGS)
def test_bindings_of_the_user_are_judged(tmp_path: Path, name: str, place: str) -> None:
    text, keys, times = BINDINGS[name]
    rc = {place: text} if place.startswith("rc") else {}
    if place == "user":
        rc = {"rc_after": f"function fish_user_key_bindings\n{text}\nend"}
    with fish(tmp_path, **rc) as shell:
        if place == "typed":
            shell.run(text)
        shell.run("echo blockme >> $M/x", end=keys)
        assert shell.count("x") == 0
        assert shell.text().count("not run: blockme") == times
        assert "bound around" not in shell.text()


ABBREVIATIONS = {
    "plain": ("abbr -a zz echo blockme", "zz"),
    "anywhere": ("abbr -a --position anywhere zz blockme", "echo zz"),
    "regex and function": ("function zf; echo echo blockme; end; abbr -a zz --regex 'z.z' --function zf", "zaz"),
    "after a keyword": ("abbr -a zz echo blockme", "not zz"),
    "in a pipe": ("abbr -a zz echo blockme", "true | zz"),
}


@pytest.mark.parametrize("name", ABBREVIATIONS)
def test_abbreviations_are_expanded_before_they_are_judged(tmp_path: Path, name: str) -> None:
    text, typed = ABBREVIATIONS[name]
    with fish(tmp_path, rc_after=text) as shell:
        assert shell.run(typed)[-1:] == ["vg: not run: blockme"]
        shell.run("abbr -a yy 'echo yes >> $M/y'")
        shell.run("yy")
        assert shell.count("y") == 1
        assert shell.history()[-1] == "echo yes >> $M/y"


def test_the_pager(shell: Session) -> None:
    (shell.home / "dd").mkdir()
    for name in ("blockme1", "blockme2"):
        (shell.home / "dd" / name).touch()
    before = shell.prompts()
    shell.send("touch $M/pg; cat dd/\t\t\t")
    shell.wait_text("blockme2")
    shell.send("\r")
    shell.pump(0.5)
    shell.send("\r")
    shell.pump(0.5)
    if shell.prompts() == before:
        shell.send("\x15\r")
        shell.wait_prompt(before)
    assert not (shell.markers / "pg").exists()


# --- constructs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "marker"),
    [
        (["for i in 1 2 3", "echo $i >> $M/c", "end"], "1\n2\n3\n"),
        (["echo 'a", "b' >> $M/c"], "a\nb\n"),
        (["echo one \\", "two >> $M/c"], "one two\n"),
        (["for i in 1 2", "rewriteme echo $i >> $M/c", "end"], "1\n2\n"),
        (["begin", "set x 1; echo (echo $x) >> $M/c", "end"], "1\n"),
    ],
)
def test_constructs_typed_over_lines_run_once(shell: Session, lines: list[str], marker: str) -> None:
    before = shell.prompts()
    for line in lines:
        shell.send(line + "\r")
        shell.pump(0.1)
    shell.wait(lambda: shell.read("c") == marker, f"{marker!r}, not {shell.read('c')!r}")
    shell.wait_prompt(before)
    assert shell.read("c") == marker
    assert "__vg" not in shell.text()


def test_a_bad_construct_runs_not_even_in_part(shell: Session) -> None:
    before = shell.prompts()
    for line in ("for i in 1 2", "echo first >> $M/c", "echo blockme >> $M/c", "end"):
        shell.send(line + "\r")
        shell.pump(0.1)
    shell.wait_prompt(before)
    assert shell.count("c") == 0
    assert shell.text().count("not run: blockme") == 1
    assert "__vg" not in shell.text()


def test_pastes_and_type_ahead(shell: Session) -> None:
    shell.paste("echo p1 >> $M/p\necho blockme >> $M/p\necho p3 >> $M/p")
    shell.run("")
    assert shell.count("p") == 0
    shell.paste("echo q1 >> $M/p\necho q2 >> $M/p")
    shell.run("")
    assert shell.read("p") == "q1\nq2\n"
    before = shell.prompts()
    shell.send("sleep 0.5\r")
    shell.pump(0.2)
    shell.send("echo ahead >> $M/t\recho blockme >> $M/t\recho last >> $M/t\r")
    shell.wait_prompt(before, 4)
    assert shell.read("t") == "ahead\nlast\n"


# --- history -----------------------------------------------------------------------------------------------------


def test_history_is_as_typed_and_in_order(shell: Session) -> None:
    lines = ["echo a", "echo blockme", "rewriteme echo 'c\\\\d'", "echo d"]
    for line in lines:
        shell.run(line)
        time.sleep(1.1)  # fish's own clock of history ticks in seconds
    assert shell.history() == lines


def test_history_is_not_written_where_fish_would_not(tmp_path: Path) -> None:
    with fish(tmp_path) as shell:
        shell.run(" echo blockme secret")
        assert shell.history() == []
    with fish(tmp_path, argv=["fish", "--private"]) as shell:
        shell.run("echo blockme private")
        assert not list(shell.home.rglob("fish_history"))


def test_arrow_up_after_a_refusal_and_a_rewrite(shell: Session) -> None:
    shell.run("echo blockme >> $M/u")
    shell.send("\x1b[A")
    shell.wait(lambda: shell.cursor_line().endswith("echo blockme >> $M/u"), "the refused line")
    shell.run("\x15rewriteme echo r >> $M/u")
    shell.run("\x1b[A")
    assert shell.read("u") == "r\nr\n"


def test_events_of_the_user_see_what_was_typed(tmp_path: Path) -> None:
    rc = "function seen --on-event fish_preexec; echo pre:$argv[1] >> $M/seen; end"
    with fish(tmp_path, rc_before=rc) as shell:
        for line in ("echo blockme", "rewriteme echo x", "echo plain"):
            shell.run(line)
            assert shell.read("seen").count(f"pre:{line}\n") == 1


# --- what runs is what was judged --------------------------------------------------------------------------------


def test_functions_of_the_line_are_sent(shell: Session) -> None:
    shell.run("function fn; echo block'me'; end; function outer; fn; end; alias al 'echo fromalias'")
    shell.run("outer | al; ls >/dev/null")
    assert "['al', 'fn', 'outer']" in shell.log.read_text()


def test_long_and_odd_text(shell: Session) -> None:
    long = "x" * 6000
    shell.run(f"echo {long} >> $M/l")
    assert shell.read("l") == long + "\n"
    shell.run("echo 'žluť 漢字 🙂' >> $M/u")
    shell.run("rewriteme echo 'ž!漢\\\\' \"a\\$b\" '%s' >> $M/u")
    assert shell.read("u").splitlines() == ["žluť 漢字 🙂", "ž!漢\\ a$b %s"]
    shell.run("echo a\x16\x00blockme >> $M/n")
    assert shell.count("n") == 0


def test_what_comes_past_the_bindings_is_noticed(shell: Session) -> None:
    shell.run("functions -e commandline; function mine; builtin commandline -f execute; end")
    shell.run("bind \\r mine")
    shell.run("echo past >> $M/x")
    assert "bound around the guard" in shell.text()


def test_read_is_left_alone(shell: Session) -> None:
    before = shell.prompts()
    shell.send("read answer\r")
    shell.wait_text("read> *$")
    shell.send("blockme\r")
    shell.wait_prompt(before)
    assert shell.run("echo $answer") == ["blockme"]


# --- screen ------------------------------------------------------------------------------------------------------


def test_two_line_and_right_prompts_and_a_wrapped_line_at_the_bottom(tmp_path: Path) -> None:
    rc = f"function fish_prompt; printf 'top\\n{PROMPT}'; end; function fish_right_prompt; echo right; end"
    with fish(tmp_path, rc_before=rc, rows=10, columns=40) as shell:
        for _ in range(4):
            shell.run("echo fill")
        shell.run("echo blockme " + "y" * 60)
        shell.run("rewriteme echo " + "z" * 60)
        text = shell.text()
        assert "__vg" not in text and "exec --grant" not in text
        assert text.count("not run: blockme") == 1
        assert text.replace("\n", "").count("z" * 60) == 2


def test_control_d_empty_lines_and_comments(shell: Session) -> None:
    shell.run("")
    shell.run("   ")
    shell.run("# blockme")
    assert shell.run("echo still here") == ["still here"]
    shell.send("\x04")
    shell.child.expect_exact([pexpect.EOF])


def test_suspend_and_resume_a_rewritten_command(shell: Session) -> None:
    before = shell.prompts()
    shell.send("rewriteme sh -c 'sleep 0.5; read x; echo got $x >> $M/z'\r")
    shell.wait_text("granted|refused")
    shell.send("\x1a")
    shell.wait_prompt(before)
    assert "rewriteme" in "".join(shell.run("jobs"))
    before = shell.prompts()
    shell.send("fg\r")
    shell.pump(0.7)
    shell.send("input\r")
    shell.wait_prompt(before)
    assert shell.read("z") == "got input\n"


# --- life and death of the evaluator -----------------------------------------------------------------------------


def test_evaluator_killed_between_lines_and_while_judging(shell: Session) -> None:
    shell.run("echo one >> $M/k")
    kill_evaluator(shell)
    shell.run("echo two >> $M/k")
    shell.run("echo blockme >> $M/k")
    assert shell.read("k") == "one\ntwo\n"
    before = shell.prompts()
    shell.send("echo slowme >> $M/s\r")
    shell.pump(0.3)
    kill_evaluator(shell)
    shell.wait_prompt(before)
    assert shell.count("s") <= 1
    shell.run("echo after >> $M/s")
    assert shell.read("s").endswith("after\n")


@pytest.mark.parametrize("word", ["hangme", "crashme", "spinme", "raiseme"])
def test_a_judgement_that_fails_refuses_the_line_only(shell: Session, word: str) -> None:
    shell.run(f"echo {word} >> $M/h")
    assert shell.run("echo $status") == ["3"]
    shell.run("echo fine >> $M/h")
    assert shell.read("h") == "fine\n"


def test_interrupt_while_judging_runs_nothing(shell: Session) -> None:
    shell.send("echo slowme >> $M/i\r")
    shell.pump(0.3)
    shell.send("\x03")
    shell.pump(1.2)
    shell.send("\x15")
    shell.run("echo next >> $M/i")
    assert shell.read("i").splitlines()[-1] == "next"
    assert shell.count("i") <= 2


def test_a_broken_python_refuses_and_the_way_out_works(tmp_path: Path) -> None:
    with fish(tmp_path) as shell:
        shell.run("echo warm")
        working = shell.python.read_text()
        shell.python.write_text("#!/bin/sh\nexit 1\n")
        kill_evaluator(shell)
        time.sleep(0.1)
        out = shell.run("echo no >> $M/x")
        assert out == ["vg: evaluator unavailable, not run. Type vg-off to switch the guard off in this shell."]
        started = time.monotonic()
        shell.run("echo no >> $M/x")
        assert time.monotonic() - started < 2.5
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
        shell.child.expect_exact([pexpect.EOF])


def test_vg_off_inside_something_else_does_not_count(shell: Session) -> None:
    shell.run("true; vg-off")
    shell.run("eval vg-off")
    shell.run("echo blockme >> $M/x")
    assert shell.count("x") == 0


def test_nothing_is_left_lying_about(shell: Session) -> None:
    shell.run("echo x | rewriteme cat")
    assert shell.run("jobs -q; env | grep -i '^_*vg'; echo end") == ["end"]
    assert shell.run("ls -l /proc/$fish_pid/fd | grep -c vectra-guard") == ["0"]
    assert shell.run("fish -c 'functions -q vg-off; echo $status'") == ["1"]


def test_inert_where_it_must_be(tmp_path: Path) -> None:
    for env in ({"TERM": "dumb"}, {"VG_SANDBOX": "1"}):
        with fish(tmp_path, env=env, wait=False) as shell:
            shell.wait(lambda s=shell: s.prompts() >= 1, "a prompt")
            shell.send("functions -q vg-off; echo $status blockme >> $M/x\r")
            shell.wait_count("x")
            assert shell.read("x") == "1 blockme\n"
            assert shell.evaluator() == []


def test_nested_shell_and_exec(shell: Session) -> None:
    shell.run("fish")
    shell.run("echo blockme >> $M/x")
    shell.run("exit")
    shell.run("exec fish")
    shell.run("echo blockme >> $M/x")
    shell.run("echo fine >> $M/x")
    assert shell.read("x") == "fine\n"
