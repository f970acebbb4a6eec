"""A real interactive shell with the hook sourced, in a throw-away HOME, seen through a terminal emulator.

The prompt carries a counter that the shell itself raises before each one, so "the line is done" is never guessed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pyte

ROWS, COLUMNS = 40, 160

RC = {
    "bash": 'PROMPT_COMMAND="vg_n=\\$((vg_n+1))"; PS1="RDY\\$vg_n> "; HISTFILE=~/.bash_history\n',
    "zsh": "setopt promptsubst; autoload -Uz add-zsh-hook; vg_tick() { (( ++vg_n )) }; add-zsh-hook precmd vg_tick\n"
    "PROMPT='RDY$vg_n> '; HISTFILE=~/.zsh_history; HISTSIZE=100; SAVEHIST=100; setopt inc_append_history\n",
    "fish": "set -g vg_n 0; set -g fish_greeting\n"
    "function vg_tick --on-event fish_prompt; set -g vg_n (math $vg_n + 1); end\n"
    'function fish_prompt; printf "RDY%s> " $vg_n; end\nfunction fish_title; end\n',
}


class GuardedShell:
    """One shell on one pseudo-terminal. ``run`` types a line and waits for the next prompt."""

    def __init__(
        self, shell: str, home: Path, cwd: Path, *, hook: bool = True, env: dict[str, str] | None = None
    ) -> None:
        self.shell, self.home, self.cwd = shell, home, cwd
        self.env = environment(home) | {"SHELL": shutil.which(shell) or shell} | (env or {})
        self.prompts = 0
        rc = RC[shell]
        if hook:
            path = home / f"vg.{shell}"
            text = subprocess.run([VG, "hook", shell], env=self.env, capture_output=True, text=True, check=True).stdout
            path.write_text(text)
            rc += f"source '{path}'\n"
        argv = self._start(rc)
        self.screen = pyte.HistoryScreen(COLUMNS, ROWS, history=1000)
        self.stream = pyte.Stream(self.screen)
        self.child = pexpect.spawn(
            argv[0], argv[1:], env=self.env, cwd=str(cwd), dimensions=(ROWS, COLUMNS), encoding="utf-8", timeout=60
        )
        self.child.logfile_read = self
        self.child.delaybeforesend = None
        self.wait_prompt()

    def _start(self, rc: str) -> list[str]:
        if self.shell == "bash":
            (self.home / ".bashrc").write_text(rc)
            return ["bash", "--noprofile", "--rcfile", str(self.home / ".bashrc"), "-i"]
        if self.shell == "zsh":
            (self.home / ".zshrc").write_text(rc)
            return ["zsh", "-d", "-i"]
        config = self.home / ".config/fish"
        config.mkdir(parents=True, exist_ok=True)
        (config / "config.fish").write_text(rc)
        return ["fish", "-i"]

    # pexpect's log interface
    def write(self, text: str) -> None:
        self.stream.feed(text)

    def flush(self) -> None:
        pass

    def wait_prompt(self, timeout: float = 60) -> None:
        self.prompts += 1
        self.child.expect_exact(f"RDY{self.prompts}> ", timeout=timeout)

    def type(self, text: str) -> None:
        self.child.send(text)

    def run(self, line: str, timeout: float = 120) -> str:
        """Type a line, wait for the next prompt, return what was printed."""
        self.type(line + "\r")
        self.wait_prompt(timeout)
        return plain(self.child.before)

    def status(self) -> int:
        marker = self.home / "status"
        self.run(f"echo $status >{marker}" if self.shell == "fish" else f"echo $? >{marker}")
        return int(marker.read_text())

    def value(self, name: str) -> str:
        marker = self.home / "value"
        self.run(f"echo ${name} >{marker}")
        return marker.read_text().strip()

    def history(self) -> list[str]:
        marker = self.home / "history"
        commands = {"bash": "history", "zsh": "fc -ln 1", "fish": "history --reverse"}
        self.run(f"{commands[self.shell]} >{marker}")
        lines = marker.read_text().splitlines()
        return [re.sub(r"^ *\d+  ", "", line) if self.shell == "bash" else line for line in lines]

    def text(self) -> str:
        past = ["".join(row[x].data for x in range(COLUMNS)) for row in self.screen.history.top]
        return "\n".join(line.rstrip() for line in [*past, *self.screen.display])

    def close(self) -> None:
        if self.child.isalive():
            self.child.sendline("exit")
            try:
                self.child.expect(pexpect.EOF, timeout=10)
            except pexpect.TIMEOUT:
                pass
        self.child.close(force=True)

    def __enter__(self) -> GuardedShell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


VG = os.path.join(os.path.dirname(sys.executable), "vg")


def environment(home: Path) -> dict[str, str]:
    """What a fresh login would have: nothing of ours leaks in but what reaches the package registries."""
    runtime = home / ".run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    kept = {
        k: v
        for k, v in os.environ.items()
        if k.startswith(("PIP_", "SSL_", "NODE_", "NPM_", "npm_", "UV_", "CURL_", "REQUESTS_", "GIT_SSL"))
    }
    return kept | {
        "HOME": str(home),
        "USER": os.environ.get("USER", "user"),
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/local/bin:/usr/bin:/bin",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(runtime),
    }


def vg(home: Path, *args: str, cwd: Path | None = None, **more) -> subprocess.CompletedProcess[str]:
    """Run ``vg`` as that user would, without a terminal."""
    env = environment(home) | more.pop("env", {})
    more.setdefault("timeout", 180)
    return subprocess.run([VG, *args], env=env, cwd=cwd or home, capture_output=True, text=True, **more)


def evaluator_pid(home: Path) -> int | None:
    file = home / ".run/vectra-guard/server"
    try:
        return int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def kill_evaluator(home: Path) -> None:
    pid = evaluator_pid(home)
    if pid:
        os.kill(pid, signal.SIGKILL)


def plain(text: str) -> str:
    """Output without escape sequences."""
    return re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[=>()][0-9A-B]?)", "", text)


def eventually(check, seconds: float = 10):
    """Poll until ``check`` returns something true; the last value otherwise."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def runs(home: Path) -> list[dict[str, object]]:
    conn = sqlite3.connect(home / ".local/state/vectra-guard/state.db")
    conn.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in conn.execute("SELECT * FROM runs ORDER BY id")]
    finally:
        conn.close()
