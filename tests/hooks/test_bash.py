"""bash through a real pty: what HOOKS' scenario table asks for. Marker files are the truth about what ran."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.hooks import harness
from tests.hooks.harness import Session, kill_evaluator

pytestmark = pytest.mark.pty


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Session]:
    with Session("bash", tmp_path) as session:
        yield session


Start = Callable[..., Session]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start sessions with settings of their own; all are closed, and checked for leftovers, at the end."""
    opened: list[Session] = []

    def begin(**settings: object) -> Session:
        opened.append(Session("bash", tmp_path, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield begin
    for session in reversed(opened):
        session.close()


# --- a harmless line is untouched ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("echo hi", ["hi"]),
        ("ls /nonexistent-folder || echo no", None),
        ("echo a b c | wc -w", ["3"]),
        ("printf '%s\\n' 'x  y'", ["x  y"]),
        ("echo $((6*7)) # a comment", ["42"]),
        ("echo ümläut €", ["ümläut €"]),
    ],
)
def test_harmless_line(bash: Session, line: str, shown: list[str] | None) -> None:
    below = bash.run(line)
    assert below[-1:] == (shown or ["no"])
    assert bash.history() == [line]


def test_status_last_argument_and_pipestatus_are_kept(bash: Session) -> None:
    bash.run("false")
    assert bash.run("echo $?") == ["1"]
    bash.run("true one two")
    assert bash.run("echo $_") == ["two"]
    bash.run("true | false | (exit 4)")
    assert bash.run('echo "${PIPESTATUS[@]}"') == ["0 1 4"]


def test_state_stays_in_the_shell(bash: Session) -> None:
    for line in ("cd /", "export A=1", "declare B=2", "alias c='echo aliased'", "f() { echo function; }"):
        bash.run(line)
    assert bash.run("echo $PWD $A $B") == ["/ 1 2"]
    assert bash.run("c") == ["aliased"]
    assert bash.run("f") == ["function"]


def test_no_job_descriptor_or_exported_variable(bash: Session) -> None:
    assert bash.run("jobs; env | grep -i __vg; wait; ls -l /proc/$$/fd | grep -c vectra-guard") == ["0"]


def test_jobs_and_wait(bash: Session) -> None:
    bash.run("sleep 0.2 && echo x >> $M/job &")
    bash.run("wait")
    assert bash.count("job") == 1


def test_constructs_typed_over_lines(bash: Session) -> None:
    before = bash.prompts()
    for line in ("for i in 1 2 3; do", "echo $i >> $M/loop"):
        bash.send(line + "\r")
        bash.wait_text(line.replace("$", r"\$"))
        bash.wait_cursor(harness.PROMPT2)
    bash.send("done\r")
    bash.wait_prompt(before)
    assert bash.read("loop") == "1\n2\n3\n"


def test_heredoc_and_quotes_over_lines(bash: Session) -> None:
    before = bash.prompts()
    bash.send("cat > $M/doc <<EOF\rblockme\rEOF\r")
    bash.wait_prompt(before)
    assert bash.read("doc") == "blockme\n"
    before = bash.prompts()
    bash.send("echo 'a\rb' \\\r c > $M/quoted\r")
    bash.wait_prompt(before)
    assert bash.read("quoted") == "a\nb c\n"


def test_type_ahead(bash: Session) -> None:
    before = bash.prompts()
    bash.send("sleep 0.4; echo 1 >> $M/ahead\recho 2 >> $M/ahead\rblockme; echo 3 >> $M/ahead\r")
    bash.wait_prompt(before, 3)
    assert bash.read("ahead") == "1\n2\n"


def test_long_line(bash: Session) -> None:
    bash.run("echo " + "x" * 6000 + " > $M/long", end="\r")
    assert len(bash.read("long")) == 6001


def test_line_longer_than_a_pipe(bash: Session) -> None:
    bash.paste("echo " + "x" * 70_000 + " > $M/long")
    bash.wait(lambda: "xxx" in bash.text(), "the paste")
    before = bash.prompts()
    bash.send("\r")
    bash.wait_prompt(before)
    assert len(bash.read("long")) == 70_001


# --- refused ---------------------------------------------------------------------------------------------------------


def test_refused_line_does_not_run(bash: Session) -> None:
    below = bash.run("echo x >> $M/ran; blockme")
    assert below == ["vg: not run: blockme"]
    assert bash.count("ran") == 0
    assert bash.run("echo $?") == ["3"]
    assert bash.history()[0] == "echo x >> $M/ran; blockme"
    assert "__vg" not in bash.text()


@pytest.mark.parametrize("key", ["\r", "\n", "\x0f"])
@pytest.mark.parametrize("mode", ["emacs", "vi", "vi command"])
def test_every_accept_key_is_judged(start: Start, key: str, mode: str) -> None:
    if mode == "vi command" and key == "\x0f":
        pytest.skip("not bound in vi command mode")
    bash = start(rc_before="set -o vi" if mode.startswith("vi") else "")
    escape = "\x1b" if mode == "vi command" else ""
    before = bash.prompts()
    bash.send("echo x >> $M/ran; blockme" + escape)
    bash.wait_text("blockme")
    bash.send(key)
    bash.wait_text("vg: not run")
    bash.wait(lambda: bash.prompts() > before, "the next prompt")
    assert bash.count("ran") == 0


def test_paste_with_one_bad_line_runs_nothing(bash: Session) -> None:
    before = bash.prompts()
    bash.paste("echo 1 >> $M/pasted\nblockme\necho 2 >> $M/pasted")
    bash.wait_text("pasted(.|\n)*pasted")
    bash.send("\r")
    bash.wait_prompt(before)
    assert bash.count("pasted") == 0


def test_paste_of_harmless_lines_runs_each_once(bash: Session) -> None:
    before = bash.prompts()
    bash.paste("echo 1 >> $M/pasted\necho 2 >> $M/pasted\nfor i in 3 4; do\necho $i >> $M/pasted\ndone")
    bash.wait_text("done")
    bash.send("\r")
    bash.wait_prompt(before)
    assert bash.read("pasted") == "1\n2\n3\n4\n"


def test_refusal_inside_a_construct_drops_it(bash: Session) -> None:
    before = bash.prompts()
    bash.send("if true; then\r")
    bash.wait_cursor(harness.PROMPT2)
    bash.send("echo x >> $M/ran; blockme\r")
    bash.wait_prompt(before)
    assert "vg: not run: blockme" in bash.text()
    assert bash.run("echo fresh") == ["fresh"]
    assert bash.count("ran") == 0


def test_history_expansion_is_judged(bash: Session) -> None:
    bash.run("blockme x >> $M/ran")
    for line in ("!!", "!blo", "^x^y"):
        assert "vg: not run" in "\n".join(bash.run(line)), line
    assert bash.count("ran") == 0
    bash.run("echo one two")
    assert bash.run("echo !$")[-1] == "two"
    bash.send("!nosuch\r")
    bash.wait_text("event not found")


def test_alias_and_function_bodies_are_told(bash: Session) -> None:
    bash.run("alias innocent='echo block'me")
    assert bash.run("innocent") == ["vg: not run: blockme"]
    bash.run("x=me; eval 'quiet() { echo block'$x'; }'")
    assert bash.run("quiet") == ["vg: not run: blockme"]


def test_incremental_search_then_enter(bash: Session) -> None:
    bash.run("blockme; echo x >> $M/ran")
    before = bash.prompts()
    bash.send("\x12blockm")
    bash.wait_text("i-search")
    bash.send("\r")
    bash.wait_prompt(before)
    assert bash.count("ran") == 0


def test_arrow_up_after_a_refusal(bash: Session) -> None:
    bash.run("blockme up")
    bash.send("\x1b[A")
    bash.wait_cursor("blockme up")
    bash.run("\x15echo done")


# --- rewritten -------------------------------------------------------------------------------------------------------


def test_rewritten_line_keeps_the_shell_state(bash: Session) -> None:
    bash.run("cd / && rewriteme true && export X=1; declare Y=2; true A B")
    assert bash.run("echo $_ $X $Y $PWD") == ["B 1 2 /"]
    assert "[granted]" in bash.text()
    bash.run("rewriteme true; (exit 7)")
    assert bash.run("echo $?") == ["7"]
    assert bash.history()[0].startswith("cd / && rewriteme")
    assert "--grant" not in bash.text()


def tick(bash: Session) -> None:
    """A program that counts how often it ran."""
    harness.executable(bash.home / "tick", "echo x >> $M/loop\n")


def test_rewritten_command_in_a_loop_uses_its_grant_each_time(bash: Session) -> None:
    tick(bash)
    bash.run("for i in 1 2 3; do rewriteme ~/tick; done")
    assert bash.count("loop") == 3
    assert bash.text().count("[granted]") == 3


def test_rewritten_command_in_a_construct_typed_over_lines(bash: Session) -> None:
    tick(bash)
    before = bash.prompts()
    bash.send("for i in 1 2; do\r")
    bash.wait_cursor(harness.PROMPT2)
    bash.send("rewriteme ~/tick\r")
    bash.wait_text("tick")
    bash.wait_cursor(harness.PROMPT2)
    bash.send("done\r")
    bash.wait_prompt(before)
    assert bash.count("loop") == 2
    assert "--grant" not in "\n".join(bash.history())


def test_pipes_and_substitution_around_a_rewritten_command(bash: Session) -> None:
    bash.run("echo in | rewriteme cat | tr a-z A-Z > $M/piped")
    assert bash.read("piped") == "IN\n"
    bash.run("v=$(rewriteme echo inner); echo $v > $M/inner")
    assert bash.read("inner") == "inner\n"


def test_whole_line(bash: Session) -> None:
    bash.run("wholeme; echo x >> $M/whole")
    assert bash.count("whole") == 1
    assert "[granted]" in bash.text()


def test_forged_and_old_grants_are_refused(bash: Session) -> None:
    bash.run(f"{bash.vg} exec --grant 0123456789abcdef01234567.0 -- x true")
    assert "[refused]" in bash.text()
    bash.run("rewriteme true; fc -ln -1 >/dev/null; type -a __vg_go > $M/used; alias __vg_go >> $M/used")
    grant = bash.read("used").split("--grant ")[1].split(" ")[0]
    bash.run(f"{bash.vg} exec --grant {grant} -- rewriteme true")
    assert bash.text().count("[refused]") == 2


# --- asked -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "ran"), [("y", 1), ("n", 0), ("\r", 0), ("\x03", 0)])
def test_ask(bash: Session, key: str, ran: int) -> None:
    before = bash.prompts()
    bash.send(": askme; declare -i N=4; echo x >> $M/asked\r")
    bash.wait_cursor("no]?")
    bash.send(key)
    bash.wait_prompt(before)
    assert bash.count("asked") == ran
    assert bash.run("echo N=$N $?") == ["N=4 0" if ran else "N= 3"]
    assert bash.history()[0] == ": askme; declare -i N=4; echo x >> $M/asked"
    assert bash.run("stty -a | grep -o ' icanon'") == [" icanon"]


# --- the user's own settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting", ["set -u", "set -x", "set -e", "IFS=e", "set -o noclobber", "set -f", "shopt -s nullglob"]
)
def test_options_of_the_user(start: Start, setting: str) -> None:
    bash = start(rc_after=setting)
    bash.run('echo x >> "$M/ran"')
    assert bash.count("ran") == 1
    if setting != "set -e":  # there a refusal is a failure like any other, and ends the shell
        assert "vg: not run: blockme" in "\n".join(bash.run("blockme"))
        bash.run('rewriteme true; echo y >> "$M/rewritten"')
        assert bash.count("rewritten") == 1
    assert "__vg" not in bash.text().replace("__vg_refuse", "")


@pytest.mark.parametrize(
    "command", ["PROMPT_COMMAND=__t_count", "PROMPT_COMMAND=(__t_count true)", 'PROMPT_COMMAND="true;__t_count"']
)
@pytest.mark.parametrize("place", ["rc_before", "rc_after"])
def test_prompt_command_in_every_shape(start: Start, command: str, place: str) -> None:
    bash = start(**{place: command})
    bash.run("false")
    assert bash.run("echo $?") == ["1"]
    assert bash.run("blockme") == ["vg: not run: blockme"]


def test_two_line_prompt(start: Start) -> None:
    bash = start(rc_before="PS1='first\\n\\[\\e[32m\\]vgt> \\[\\e[0m\\]'")
    bash.run("echo hi")
    bash.run("blockme")
    bash.run("rewriteme true; echo ran")
    assert bash.lines() == [
        "first", "vgt> echo hi", "hi", "first", "vgt> blockme", "vg: not run: blockme",
        "first", "vgt> rewriteme true; echo ran", "[granted]", "ran", "first", "vgt>",
    ]  # fmt: skip


def test_bottom_of_the_screen(start: Start) -> None:
    bash = start(rows=8)
    for _ in range(6):
        bash.run("echo fill")
    bash.run("blockme")
    bash.run("rewriteme true; echo ran")
    assert bash.lines()[-6:] == [
        "vgt> blockme", "vg: not run: blockme", "vgt> rewriteme true; echo ran", "[granted]", "ran", "vgt>",
    ]  # fmt: skip


def test_wrapped_line(start: Start) -> None:
    bash = start(columns=40)
    bash.run("blockme " + "w" * 60)
    assert bash.lines() == ["vgt> blockme " + "w" * 27, "w" * 33, "vg: not run: blockme", "vgt>"]


def test_output_without_newline_stays(bash: Session) -> None:
    assert bash.run("printf abc") == ["abc"]


@pytest.mark.parametrize("control", ["ignorespace", "ignoredups", "ignoreboth:erasedups"])
def test_history_options(start: Start, control: str) -> None:
    bash = start(rc_before=f"HISTCONTROL={control}")
    bash.run("blockme")
    bash.run("blockme")
    bash.run(" blockme")
    bash.run("echo $HISTCONTROL")
    expected = {"ignorespace": 2, "ignoredups": 2, "ignoreboth:erasedups": 1}[control]
    kept = [row for row in bash.history() if row.strip() == "blockme"]
    assert len(kept) == expected
    assert bash.run("echo $HISTCONTROL") == [control]


def test_read_and_select_of_a_running_command_pass(bash: Session) -> None:
    for ask in ("read -e answer", "read answer"):
        before = bash.prompts()
        bash.send(f"{ask}; echo $answer >> $M/answers\r")
        bash.wait_text(ask)
        bash.send("blockme\r")
        bash.wait_prompt(before)
    assert bash.read("answers") == "blockme\nblockme\n"


def test_int_trap_of_the_user(bash: Session) -> None:
    bash.run("trap 'echo x >> $M/trapped' INT")
    before = bash.prompts()
    bash.send("if true; then\r")
    bash.wait_cursor(harness.PROMPT2)
    bash.send("blockme\r")
    bash.wait_prompt(before)
    assert bash.run("trap -p INT") == ["trap -- 'echo x >> $M/trapped' SIGINT"]


def test_interrupt_while_judging(bash: Session) -> None:
    before = bash.prompts()
    bash.send("slowme; echo x >> $M/slow\r")
    bash.wait(lambda: any("slowme" in line for line in bash.judged()), "the question")
    bash.send("\x03")
    bash.wait_prompt(before)
    assert bash.run("echo after") == ["after"]
    assert bash.count("slow") == 0


def test_empty_line_comment_and_spaces(bash: Session) -> None:
    for line in ("", "   ", "# only a comment"):
        bash.run(line)
    assert bash.run("echo ok") == ["ok"]


# --- nothing slips past ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trap", ["", "trap 'echo trapped' INT; "])
@pytest.mark.parametrize("line", ["blockme; echo x >> $M/ran", " blockme; echo x >> $M/ran", "{ blockme; } > $M/ran"])
def test_a_key_bound_around_the_guard(start: Start, trap: str, line: str) -> None:
    bash = start(rc_after=f"HISTCONTROL=ignorespace\n{trap}bind '\"\\C-t\": accept-line'")
    below = "\n".join(bash.run(line, end="\x14"))
    assert "Enter is bound around the guard" in below
    assert bash.count("ran") == 0
    assert not (bash.markers / "ran").exists()
    bash.run("echo x >> $M/fine", end="\x14")
    assert bash.count("fine") == 1


def test_hooks_that_were_overwritten_come_back(bash: Session) -> None:
    bash.run("PROMPT_COMMAND=__t_count PS0=")
    bash.run("echo x >> $M/ran")
    assert bash.run("blockme") == ["vg: not run: blockme"]
    assert bash.count("ran") == 1


# --- evaluator trouble -----------------------------------------------------------------------------------------------


def test_killed_between_lines(bash: Session) -> None:
    bash.run("echo warm")
    kill_evaluator(bash)
    bash.run("echo x >> $M/ran")
    assert bash.count("ran") == 1
    assert bash.run("blockme") == ["vg: not run: blockme"]


@pytest.mark.parametrize("word", ["hangme", "spinme", "crashme", "raiseme"])
def test_a_judgement_that_fails_is_a_refusal(bash: Session, word: str) -> None:
    below = "\n".join(bash.run(f"{word}; echo x >> $M/ran"))
    assert "not run" in below
    assert "vg-off" in below
    assert bash.count("ran") == 0
    assert bash.run("echo fine") == ["fine"]


def test_a_hang_in_one_shell_does_not_delay_another(start: Start, tmp_path: Path) -> None:
    first = start()
    second = start(share=first)
    before = first.prompts()
    first.send("hangme\r")
    first.wait(lambda: any("hangme" in line for line in first.judged()), "the question")
    second.run("echo x >> $M/ran")
    assert second.count("ran") == 1
    assert first.prompts() == before, "the other shell was answered while the first still hung"
    first.wait_prompt(before)


def test_python_broken(start: Start) -> None:
    bash = start()
    bash.run("echo warm")
    bash.python.write_text("#!/bin/sh\nexit 1\n")
    kill_evaluator(bash)
    assert "evaluator unavailable" in "\n".join(bash.run("echo x >> $M/ran"))
    assert bash.count("ran") == 0
    assert "evaluator unavailable" in "\n".join(bash.run("exit; echo x"))
    bash.run("vg-off")
    bash.run("echo x >> $M/off")
    assert bash.count("off") == 1
    bash.run("vg-on")
    for leftover in bash.guard_folder().glob("*"):
        leftover.unlink()


def test_exit_always_works(start: Start) -> None:
    bash = start()
    bash.run("echo warm")
    bash.python.write_text("#!/bin/sh\nexit 1\n")
    kill_evaluator(bash)
    bash.run("echo refused")
    bash.send("exit\r")
    bash.wait(lambda: not bash.child.isalive(), "the shell's end")
    for leftover in bash.guard_folder().glob("*"):
        leftover.unlink()


def test_folder_deleted(bash: Session) -> None:
    for leftover in bash.guard_folder().glob("*"):
        leftover.unlink()
    bash.run("echo x >> $M/ran")
    if bash.count("ran") == 0:
        bash.run("echo x >> $M/ran")
    assert bash.run("blockme") == ["vg: not run: blockme"]


def test_vg_off_and_on(bash: Session) -> None:
    bash.run("vg-off")
    bash.run("blockme; echo x >> $M/off")
    assert bash.count("off") == 1
    bash.run("vg-on")
    assert bash.run("blockme") == ["vg: not run: blockme"]
    assert "guarded" in "\n".join(bash.run("vg-status"))


# --- inert -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"VG_SANDBOX": "1"}])
def test_inert(start: Start, env: dict[str, str]) -> None:
    bash = start(env=env)
    bash.run("true blockme; echo x >> $M/ran")
    assert bash.count("ran") == 1
    assert bash.evaluator() == []


def test_inert_in_a_script(bash: Session) -> None:
    bash.run(f"bash -c 'source {bash.hook}; echo x >> $M/ran; true block\"\"me; type __vg_enter' > $M/out 2>&1")
    assert bash.count("ran") == 1
    assert "not found" in bash.read("out")


def test_nested_shell_has_its_own_guard(bash: Session) -> None:
    bash.run("bash")
    assert bash.run("blockme; echo x >> $M/ran") == ["vg: not run: blockme"]
    bash.run("exit")
    assert bash.run("blockme; echo x >> $M/ran") == ["vg: not run: blockme"]


def test_exec_bash(bash: Session) -> None:
    bash.run("exec bash")
    assert bash.run("blockme") == ["vg: not run: blockme"]


def test_edit_command_comes_back_to_the_prompt(start: Start) -> None:
    bash = start(rc_after="ed() { :; }")
    editor = harness.executable(bash.home / "editor", "echo 'blockme; echo x >> $M/ran' > \"$1\"\n")
    bash.run(f"export EDITOR={editor}")
    bash.send("echo old\x18\x05")
    bash.wait_cursor("ran")
    assert bash.run("") == ["vg: not run: blockme"]
    assert bash.count("ran") == 0


def test_hook_is_shellcheck_clean() -> None:
    import shutil
    import subprocess

    need(shutil.which("shellcheck"), "shellcheck")
    subprocess.run(["shellcheck", "-s", "bash", str(harness.ROOT / "shell-hooks" / "vg.bash")], check=True)
