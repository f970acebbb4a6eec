"""The main job, end to end, in three real shells: what a person types, and what really happened (marker files)."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import need
from tests.e2e import shell as guarded
from tests.e2e.shell import GuardedShell, eventually

SHELLS = ("bash", "zsh", "fish")
pytestmark = [pytest.mark.pty, pytest.mark.slow]


@pytest.fixture
def home(tmp_path: Path):
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id_rsa").write_text("SECRET KEY\n")
    (home / "precious").write_text("keep me\n")
    (home / ".gitconfig").write_text("[user]\n name = T\n email = t@example.com\n[init]\n defaultBranch = main\n")
    yield home
    guarded.vg(home, "exec", "--help")
    pid = guarded.evaluator_pid(home)
    assert eventually(lambda: pid is None or not os.path.exists(f"/proc/{pid}"), 20), (
        "the evaluator outlived its shells"
    )


@pytest.fixture
def project(home: Path) -> Path:
    project = home / "project"
    project.mkdir()
    (project / "package.json").write_text('{"name": "p", "version": "1.0.0", "private": true}\n')
    return project


@pytest.fixture(params=SHELLS)
def sh(request, home: Path, project: Path):
    need(shutil.which(request.param), f"{request.param} is not installed")
    with GuardedShell(request.param, home, project) as shell:
        yield shell


def test_harmless_lines_pass_unnoticed(sh: GuardedShell, project: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project, env=sh.env, check=True)
    assert "1" in sh.run("ls | wc -l").splitlines()
    assert "On branch" in sh.run("git status")
    sh.run("cd /tmp && export A=1" if sh.shell != "fish" else "cd /tmp && set -gx A 1")
    assert sh.value("A") == "1"
    assert sh.value("PWD") == "/tmp"
    sh.run("false")
    assert sh.status() == 1
    sh.run("true")
    assert sh.status() == 0
    for word in ("sandbox", "vg:", "exec --grant"):
        assert word not in sh.text()
    history = sh.history()
    assert "ls | wc -l" in history
    assert "git status" in history


def test_a_loop_over_several_lines(sh: GuardedShell, home: Path) -> None:
    log = home / "log"
    if sh.shell == "fish":
        lines = ["for i in 1 2 3", f"echo $i >>{log}", "end"]
    else:
        lines = ["for i in 1 2 3", "do", f"echo $i >>{log}", "done"]
    for line in lines:
        sh.type(line + "\r")
    sh.wait_prompt()
    assert log.read_text().split() == ["1", "2", "3"]


@pytest.mark.network
def test_npm_install_runs_in_the_sandbox_and_state_survives(sh: GuardedShell, project: Path) -> None:
    need(shutil.which("npm"), "npm is not installed")
    web = project / "web"
    web.mkdir()
    (web / "package.json").write_text('{"name": "w", "version": "1.0.0", "private": true}\n')
    export = "set -gx DONE 1" if sh.shell == "fish" else "export DONE=1"
    out = sh.run(f"cd web && npm install is-number && {export}", timeout=180)
    assert out.count("sandbox (bubblewrap, network: restricted") == 1
    assert "medium" in out
    assert (web / "node_modules/is-number/package.json").exists()
    assert sh.value("DONE") == "1"
    assert sh.value("PWD") == str(web)
    assert f"cd web && npm install is-number && {export}" in sh.history()
    assert not any("exec --grant" in line for line in sh.history())


@pytest.mark.network
def test_pip_install_into_the_projects_venv(sh: GuardedShell, project: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", ".venv"], cwd=project, check=True)
    activate = "activate.fish" if sh.shell == "fish" else "activate"
    sh.type(f"source .venv/bin/{activate}\r")
    sh.child.expect_exact(f"RDY{sh.prompts + 1}> ")
    sh.prompts += 1
    out = sh.run("pip install cowsay", timeout=180)
    assert out.count("sandbox (bubblewrap, network: restricted") == 1
    assert list(project.glob(".venv/lib/python3*/site-packages/cowsay/__init__.py")), out


def test_inside_the_sandbox_the_rest_is_out_of_reach(home: Path, project: Path) -> None:
    probe = project / "probe.sh"
    probe.write_text(
        f"cat {home}/.ssh/id_rsa; echo read=$?\n"
        f"touch {home}/planted; echo home=$?\n"
        "touch /usr/planted /etc/planted; echo system=$?\n"
        "touch here; echo here=$?\n"
        "(exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null; echo net=$?\n"
    )
    made = guarded.vg(home, "exec", "--mode", "always", "--", "bash", "probe.sh", cwd=project)
    assert "SECRET" not in made.stdout
    got = dict(line.split("=") for line in made.stdout.splitlines() if "=" in line)
    assert got["here"] == "0", made
    assert "0" not in (got["read"], got["system"], got["net"]), made
    assert not (home / "planted").exists()
    assert not Path("/usr/planted").exists()
    assert (project / "here").exists()


@pytest.fixture
def repositories(home: Path, project: Path):
    """Two work trees with bare remotes, the first one commit ahead of what it last pushed and diverged."""
    env = guarded.environment(home)

    def git(*args: str, cwd: Path) -> str:
        return subprocess.run(["git", *args], cwd=cwd, env=env, check=True, capture_output=True, text=True).stdout

    made = []
    for name in ("one", "two"):
        bare, tree = home / f"{name}.git", home / name
        tree.mkdir()
        git("init", "-q", "--bare", str(bare), cwd=home)
        git("init", "-q", cwd=tree)
        git("remote", "add", "origin", str(bare), cwd=tree)
        git("commit", "-q", "--allow-empty", "-m", "first", cwd=tree)
        git("push", "-q", "-u", "origin", "main", cwd=tree)
        git("commit", "-q", "--amend", "--allow-empty", "-m", "rewritten", cwd=tree)
        made.append((tree, bare))
    return made, git


def ask(sh: GuardedShell, line: str, keys: str) -> str:
    sh.type(line + "\r")
    sh.child.expect(r"\[N\]o")
    question = sh.text()
    for key in keys:
        sh.type(key)
        eventually(lambda: False, 0.2)
    sh.wait_prompt()
    return question


def test_force_push_asks(sh: GuardedShell, home: Path, repositories) -> None:
    ((one, bare), (two, bare_two)), git = repositories
    first = git("rev-parse", "main", cwd=bare)
    sh.run(f"cd {one}")
    question = ask(sh, "git push --force", "\r")
    assert "[o]nce on host" in question
    assert "[r]emember" in question
    assert "[s]andbox" not in question
    assert git("rev-parse", "main", cwd=bare) == first
    assert sh.status() == 3
    ask(sh, "git push --force", "e\x03")
    assert git("rev-parse", "main", cwd=bare) == first
    ask(sh, "git push --force", "o")
    pushed = git("rev-parse", "main", cwd=bare)
    assert pushed != first
    assert sh.status() == 0
    # remembered here: runs without a question, its use counted; elsewhere it still asks
    git("commit", "-q", "--amend", "--allow-empty", "-m", "again", cwd=one)
    ask(sh, "git push --force", "r2h")
    assert git("rev-parse", "main", cwd=bare) != pushed
    git("commit", "-q", "--amend", "--allow-empty", "-m", "and again", cwd=one)
    before = git("rev-parse", "main", cwd=bare)
    sh.run("git push --force")
    assert git("rev-parse", "main", cwd=bare) != before
    entry = json.loads(guarded.vg(home, "trust", "list", "--json", cwd=one).stdout)[0]
    assert entry["command"] == "git push --force"
    assert eventually(lambda: json.loads(guarded.vg(home, "trust", "list", "--json").stdout)[0]["use_count"] == 1)
    sh.run(f"cd {two}")
    untouched = git("rev-parse", "main", cwd=bare_two)
    ask(sh, "git push --force", "n")
    assert git("rev-parse", "main", cwd=bare_two) == untouched
    assert sh.history().count("git push --force") >= 1


def test_purposes_outside_are_not_in_the_way(sh: GuardedShell, home: Path) -> None:
    tools = home / "bin"
    tools.mkdir()
    for name in ("sudo", "ssh"):
        (tools / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{home}/called\n')
        (tools / name).chmod(0o755)
    sh.run(f"fish_add_path -g -p {tools}" if sh.shell == "fish" else f"export PATH={tools}:$PATH")
    out = sh.run("sudo true") + sh.run("ssh host uptime")
    assert (home / "called").read_text().splitlines() == ["sudo true", "ssh host uptime"]
    assert "sandbox" not in out


@pytest.fixture
def server(tmp_path: Path):
    folder = tmp_path / "www"
    folder.mkdir()
    marker = tmp_path / "home/ran"
    (folder / "i.sh").write_text(f"touch {marker}\n")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http_server.server_port}/i.sh", marker
        http_server.shutdown()


def test_critical_is_refused_and_code_from_the_network_is_looked_at(sh: GuardedShell, home: Path, server) -> None:
    url, marker = server
    out = sh.run("rm -rf ~")
    assert "not run" in out
    assert sh.status() == 3
    assert (home / "precious").exists()
    for key, kept in (("d", False), ("k", True)):
        sh.type(f"curl -s {url} | sh\r")
        sh.child.expect_exact("[l]ater (Enter) ")
        assert not marker.exists()
        sh.type(key)
        sh.wait_prompt()
        assert marker.exists() is kept


def test_judging_looks_at_the_environment_of_this_shell(sh: GuardedShell, project: Path) -> None:
    """The evaluator was started by a shell with another home."""
    other = project / "other"
    (other / "precious").mkdir(parents=True)
    before = sh.run(f"vg check 'rm -rf {other}'")
    assert "home folder" not in before
    sh.run(f"set -gx HOME {other}" if sh.shell == "fish" else f"export HOME={other}")
    out = sh.run("rm -rf ~")
    assert "not run" in out and "home folder" in out
    assert (other / "precious").exists()


def test_unset_variable_is_caught_after_expansion(home: Path, project: Path) -> None:
    made = guarded.vg(home, "exec", 'rm -rf "$HOME$EMPTY"/*', cwd=project)
    assert made.returncode == 3, made
    assert (home / "precious").exists()


def test_unset_variable_typed(sh: GuardedShell, home: Path) -> None:
    sh.type('rm -rf "$HOME$EMPTY"/*\r')
    if sh.child.expect([r"\[N\]o", "not run"]) == 0:
        sh.type("\r")
    sh.wait_prompt()
    assert (home / "precious").exists()
    assert sh.status() == 3


def test_a_global_alias_of_zsh_is_seen_through(home: Path, project: Path) -> None:
    need(shutil.which("zsh"), "zsh is not installed")
    with GuardedShell("zsh", home, project) as shell:
        shell.run("alias -g EVERYTHING=~")
        assert "not run" in shell.run("rm -rf EVERYTHING")
        assert shell.status() == 3
    assert (home / "precious").exists()


def test_a_full_store_stops_no_approved_line(home: Path, repositories) -> None:
    ((one, bare), _), git = repositories
    before = git("rev-parse", "main", cwd=bare)
    state = home / ".local/state/vectra-guard"
    state.mkdir(parents=True, mode=0o700)
    (state / "state.db").mkdir()  # nothing can be written there
    with GuardedShell("bash", home, one, hook=False) as shell:
        shell.type("vg exec -- git push --force\r")
        shell.child.expect(r"\[N\]o")
        for key in "r2h":
            shell.type(key)
            eventually(lambda: False, 0.3)
        shell.wait_prompt()
        assert "not remembered" in shell.text()
    assert git("rev-parse", "main", cwd=bare) != before


def test_a_project_file_that_loosens_is_said(home: Path, project: Path) -> None:
    (project / "vectra-guard.yaml").write_text("sandbox:\n  security_level: permissive\n")
    made = guarded.vg(home, "exec", "--mode", "always", "--", "true", cwd=project)
    assert made.returncode == 0
    assert "vectra-guard.yaml:2" in made.stderr


def test_a_known_variable_is_not_in_the_way(sh: GuardedShell, project: Path) -> None:
    (project / "build/x").mkdir(parents=True)
    sh.run("set D build" if sh.shell == "fish" else "D=build")
    sh.run('rm -rf "$D"')
    assert not (project / "build").exists()
    assert sh.status() == 0


@pytest.mark.network
def test_exec_installs(home: Path, project: Path) -> None:
    need(shutil.which("npm"), "npm is not installed")
    made = guarded.vg(home, "exec", "npm install is-number", cwd=project)
    assert made.returncode == 0, made
    assert (project / "node_modules/is-number").is_dir()
    subprocess.run([sys.executable, "-m", "venv", ".venv"], cwd=project, check=True)
    env = {"VIRTUAL_ENV": str(project / ".venv"), "PATH": f"{project}/.venv/bin:/usr/bin:/bin"}
    made = guarded.vg(home, "exec", "--", "pip", "install", "cowsay", cwd=project, env=env)
    assert made.returncode == 0, made
    assert list(project.glob(".venv/lib/python3*/site-packages/cowsay"))


def test_exec_statuses_and_pipes(home: Path, project: Path) -> None:
    assert guarded.vg(home, "exec", "--", "true", cwd=project).returncode == 0
    for options in ((), ("--mode", "always")):
        seven = guarded.vg(home, "exec", *options, "--", "sh", "-c", "exit 7", cwd=project)
        assert seven.returncode == 7, seven
        killed = guarded.vg(home, "exec", *options, "--", "sh", "-c", "kill -TERM $$", cwd=project)
        assert killed.returncode in (-15, 143), killed
        piped = guarded.vg(home, "exec", *options, "--", "wc", "-c", cwd=project, input="x" * 100_000)
        assert piped.stdout.strip() == "100000", piped
    assert guarded.vg(home, "exec", "exit 7", cwd=project).returncode == 7
    assert guarded.vg(home, "exec", "--", "no-such-tool-x", cwd=project).returncode == 127


@pytest.mark.parametrize("options", ["", "--mode always "])
def test_exec_of_a_terminal_program(home: Path, project: Path, options: str) -> None:
    (project / "f.txt").write_text("".join(f"line {n}\n" for n in range(200)))
    with GuardedShell("bash", home, project, hook=False) as sh:
        sh.type(f"vg exec {options}-- less f.txt\r")
        sh.child.expect_exact("line 10")
        sh.type("\x1a")
        sh.child.expect("Stopped")
        sh.wait_prompt()
        sh.type("fg\r")
        sh.child.expect_exact("line 1")
        sh.type("q")
        sh.wait_prompt()
        assert sh.status() == 0
        sh.type(f"vg exec {options}-- sleep 100\r")
        eventually(lambda: False, 1.0)
        sh.type("\x03")
        sh.wait_prompt(20)
        assert sh.status() == 130
        assert "isig" in sh.run("stty -a")


def test_everything_is_counted(home: Path, project: Path) -> None:
    guarded.vg(home, "exec", "--", "true", cwd=project)
    guarded.vg(home, "exec", "--mode", "always", "--", "sh", "-c", "exit 7", cwd=project)
    guarded.vg(home, "exec", "--", "rm", "-rf", str(home), cwd=project)
    shown = json.loads(guarded.vg(home, "metrics", "show", "--json").stdout)
    assert shown["total_executions"] == 2
    assert (shown["host_executions"], shown["sandbox_executions"], shown["blocked"]) == (1, 1, 1)
    history = {row["command"].split()[0]: row for row in shown["execution_history"]}
    assert history["sh"]["exit_code"] == 7
    assert history["sh"]["runtime"] == "bubblewrap"
    assert history["rm"]["risk_level"] == "critical"
    assert history["true"]["duration"] > 0
    assert "total" in guarded.vg(home, "metrics", "show").stdout.lower()


def test_lines_of_a_shell_are_counted(sh: GuardedShell, home: Path) -> None:
    sh.run("true")
    sh.run("false")
    sh.run("rm -rf ~")
    sh.run("true")

    def history():
        shown = json.loads(guarded.vg(home, "metrics", "show", "--json").stdout)
        return {row["command"]: row for row in shown["execution_history"]}

    assert eventually(lambda: {"true", "false", "rm -rf ~"} <= set(history()))
    rows = history()
    assert rows["false"]["exit_code"] == 1
    assert rows["rm -rf ~"]["decision"] == "block"
    assert rows["rm -rf ~"]["risk_level"] == "critical"


def test_check_explain_and_batch(home: Path, project: Path) -> None:
    made = guarded.vg(home, "check", "--json", "git push --force", cwd=project)
    answer = json.loads(made.stdout)
    assert (answer["risk"], answer["decision"]) == ("high", "ask")
    start, end = answer["findings"][0]["span"]
    assert "git push" in answer["line"][start:end]
    lines = [
        {"line": "ls"},
        {"line": "rm -rf ~", "home": "/home/x", "cwd": "/home/x/y"},
        {"line": "ls", "shell": "fish"},
    ]
    text = "\n".join([json.dumps(line) for line in lines] + ["not json", "{}"]) + "\n"
    out = [json.loads(line) for line in guarded.vg(home, "check", "--batch", input=text).stdout.splitlines()]
    assert [o["risk"] for o in out] == ["low", "critical", "low", "critical", "critical"]
    explained = guarded.vg(home, "explain", "git push --force", cwd=project).stdout
    for word in ("git.", "guard level", "decision", "defaults"):
        assert word in explained


def test_killed_evaluator_never_hangs_the_shell(sh: GuardedShell, home: Path) -> None:
    marker = home / "after"
    sh.run("true")
    assert eventually(lambda: guarded.evaluator_pid(home))
    for n in range(3):
        guarded.kill_evaluator(home)
        out = sh.run(f"echo x >>{marker}.{n}", timeout=30)
        ran = Path(f"{marker}.{n}").exists()
        assert ran or "evaluator unavailable" in out
    assert "alive-2" in sh.run("echo alive-$((1+1))" if sh.shell != "fish" else "echo alive-(math 1+1)")
