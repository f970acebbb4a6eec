"""Beside other tools that put themselves between the keys and the shell: real ones, loaded before and after the guard.

bash-preexec comes with atuin's own start-up text. What has no package here is played by the mechanism it documents.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import need
from tests.hooks.conftest import Open
from tests.hooks.harness import PROMPT, Session

pytestmark = pytest.mark.pty
BOTH = pytest.mark.parametrize("kind", ["bash", "zsh"])
PLACES = pytest.mark.parametrize("place", ["rc_before", "rc_after"])
VENV = Path(sys.executable).parent
FZF = Path("/usr/share/doc/fzf/examples")

SEEN = "t_preexec() { printf 'pre:%s\\n' \"$1\" >>$M/seen; }\npreexec_functions+=(t_preexec)\n"
"""What a user of bash-preexec or zsh adds to see each line before it runs."""

TOOLS = {
    "atuin": ('eval "$(atuin init KIND)"\n' + SEEN, VENV / "atuin"),
    "direnv": ('eval "$(direnv hook KIND)"\n', "direnv"),
    "zoxide": ('eval "$(zoxide init KIND)"\n', "zoxide"),
    "fzf": (f"source {FZF}/key-bindings.KIND\n", FZF),
}

# starship and oh-my-posh in bash: PROMPT_COMMAND builds PS1 from the status of the last command, PS0 takes the time
PROMPT_TOOL = {
    "bash": """
    t_start() { :; }
    t_precmd() { local status=$?; PS1="\\[\\e[32m\\]$status\\[\\e[0m\\] vgt> "; PS2="more> "; return $status; }
    PROMPT_COMMAND="t_precmd${PROMPT_COMMAND:+;$PROMPT_COMMAND}"; PS0="${PS0-}\\$(t_start)"
    """,
    "zsh": "setopt promptsubst; PROMPT='%F{green}${t_status}%f vgt> '; RPROMPT='%D'\n"
    "t_status() { t_status=$? }; precmd_functions=(t_status $precmd_functions)\n",
}


def setting(name: str, kind: str) -> str:
    text, part = TOOLS[name]
    need(Path(part).exists() if os.path.isabs(part) else shutil.which(str(part)), f"{name} is not installed")
    return text.replace("KIND", kind)


def environment(tmp_path: Path) -> dict[str, str]:
    return {"PATH": f"{VENV}:{os.environ['PATH']}", "ATUIN_CONFIG_DIR": str(tmp_path), "_ZO_DATA_DIR": str(tmp_path)}


def check_everything(shell: Session) -> None:
    """The five verdicts, statuses, state and history, as without the tool."""
    assert shell.run("echo fine >> $M/x; echo shown") == ["shown"]
    assert shell.run("echo blockme >> $M/x") == ["vg: not run: blockme"]
    assert shell.run("echo $?") == ["3"]
    assert shell.run("cd / && rewriteme true && export KEPT=1") == ["[granted]"]
    shell.run("(exit 7)")
    assert shell.run("echo $? $KEPT $PWD") == ["7 1 /"]
    before = shell.prompts()
    shell.send("echo askme >> $M/x\r")
    shell.wait_cursor("]?")
    shell.send("y")
    shell.wait_prompt(before)
    assert shell.read("x") == "fine\naskme\n"
    assert shell.history()[:4] == [
        "echo fine >> $M/x; echo shown", "echo blockme >> $M/x", "echo $?", "cd / && rewriteme true && export KEPT=1",
    ]  # fmt: skip
    assert "__vg" not in shell.text()
    assert "bound around" not in shell.text()


@BOTH
@PLACES
@pytest.mark.parametrize("tool", [*TOOLS, "all"])
def test_with(open_shell: Open, tmp_path: Path, kind: str, place: str, tool: str) -> None:
    names = list(TOOLS) if tool == "all" else [tool]
    rc = "".join(setting(name, kind) for name in names)
    shell = open_shell(kind, env=environment(tmp_path), **{place: rc})
    check_everything(shell)
    if "atuin" in names:
        seen = shell.read("seen").splitlines()
        assert seen.count("pre:cd / && rewriteme true && export KEPT=1") == 1
        assert seen.count("pre:echo blockme >> $M/x") == 1
        assert not any("__vg" in row or "--grant" in row for row in seen)


@BOTH
@PLACES
def test_direnv_and_zoxide_still_do_their_work(open_shell: Open, tmp_path: Path, kind: str, place: str) -> None:
    rc = setting("direnv", kind) + setting("zoxide", kind)
    shell = open_shell(kind, env=environment(tmp_path), **{place: rc})
    folder = shell.home / "projectfolder"
    folder.mkdir()
    (folder / ".envrc").write_text("export FROM_ENVRC=yes\n")
    shell.run("direnv allow projectfolder")
    shell.run("cd projectfolder")
    assert shell.run("echo $FROM_ENVRC") == ["yes"]
    shell.run("rewriteme true; cd /")
    assert shell.run("echo -$FROM_ENVRC-") == ["--"]
    shell.run("z projectf")
    assert shell.run("echo $PWD") == [str(folder)]


@BOTH
@PLACES
@pytest.mark.parametrize("mode", ["emacs", "vi"])
def test_a_line_picked_with_fzf_is_judged(open_shell: Open, kind: str, place: str, mode: str) -> None:
    keys = ("set -o vi\n" if mode == "vi" else "") if kind == "bash" else f"bindkey -{mode[0]}\n"
    shell = open_shell(kind, **{"rc_before": keys, place: keys + setting("fzf", kind)})
    shell.run("vg-off")
    shell.run("echo blockme >> $M/x")
    shell.run("vg-on")
    shell.run("echo other")
    shell.send("\x12")
    shell.wait_text(" (\\d)/\\1")
    shell.send("blockme")
    shell.wait_text(" 1/\\d")
    shell.send("\r")
    shell.wait_cursor("echo blockme >> $M/x")
    assert shell.run("") == ["vg: not run: blockme"]
    assert shell.count("x") == 1
    # Alt-C goes to a folder by typing and accepting a line of its own
    (shell.home / "target").mkdir()
    before = shell.prompts()
    shell.send("\x1bc")
    shell.wait_text(" (\\d)/\\1")
    shell.send("target")
    shell.wait_text(" 1/\\d")
    shell.send("\r")
    shell.wait_prompt(before)
    assert shell.run("echo $PWD") == [str(shell.home / "target")]


@BOTH
@PLACES
def test_with_a_prompt_that_a_program_builds(open_shell: Open, kind: str, place: str) -> None:
    shell = open_shell(kind, **{place: PROMPT_TOOL[kind]})
    check_everything(shell)
    shell.run("(exit 5)")
    shell.run("blockme")
    rows = [row for row in shell.lines() if "blockme" in row and PROMPT.strip() in row]
    assert rows[-1].startswith("5 vgt> blockme")
    shell.run("")
    assert shell.cursor_line() == "3 vgt>"
