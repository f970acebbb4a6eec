"""A real shell in a real pseudo-terminal, with a terminal emulator looking at the screen.

    with Session("bash", tmp_path) as shell:
        shell.run("echo hello >> $M/greeted")
        assert shell.count("greeted") == 1

The shell gets a throw-away HOME with an rc file that loads the hook, and an evaluator of its own (its own
XDG_RUNTIME_DIR): the real server with the word judge of ``fake_server``, or the real judge with ``real=True``. Marker
files in ``$M`` are the truth about what ran and how often. Nothing here sleeps for a fixed time: ``run`` waits for the
prompt that follows, which the rc file counts in ``$HOME/.prompts``. Leaving the block ends the shell and asserts that
no process and no file of the evaluator is left.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

from vectra_guard import shells

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROMPT = "vgt> "
PROMPT2 = "more> "
PATIENCE = 30.0  # seconds for anything that should happen at once: the machine may be loaded

COUNT = {
    "bash": """__t_count() { local s=$?; printf . >>"$HOME/.prompts"; return $s; }
PROMPT_COMMAND='__t_count'
""",
    "zsh": """__t_count() { printf . >>"$HOME/.prompts" }
precmd_functions+=(__t_count)
""",
    "fish": """function __t_count --on-event fish_prompt; printf . >>$HOME/.prompts; end
""",
}
BASICS = {
    "bash": f"PS1='{PROMPT}' PS2='{PROMPT2}' HISTFILE=$HOME/.history HISTSIZE=1000\n",
    "zsh": f"PS1='{PROMPT}' PS2='{PROMPT2}' HISTFILE=$HOME/.history HISTSIZE=1000 SAVEHIST=1000 KEYTIMEOUT=1\n",
    "fish": f"function fish_prompt; echo -n '{PROMPT}'; end\nfunction fish_greeting; end\n",
}
UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[=>][0-9;]*[a-z]|\x1b\[\?u|\x1bP[^\x1b]*\x1b\\")
"""Keyboard protocols and questions about the terminal (fish 4), which it would put on the screen as text."""
RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
ARGV = {"bash": ["bash"], "zsh": ["zsh"], "fish": ["fish"]}


class Session:
    """One guarded interactive shell. ``rc_before`` and ``rc_after`` surround the line that loads the hook."""

    def __init__(
        self,
        shell: str,
        tmp_path: Path,
        *,
        rc_before: str = "",
        rc_after: str = "",
        basics: bool = True,
        env: dict[str, str] | None = None,
        rows: int = 30,
        columns: int = 100,
        hook: bool = True,
        real: bool = False,
        judge_env: dict[str, str] | None = None,
        argv: list[str] | None = None,
        share: Session | None = None,
        wait: bool = True,
    ) -> None:
        self.kind = shell
        self.shared = share
        # a unix socket's path must be short, so the runtime folder does not lie in tmp_path
        self.runtime = share.runtime if share else Path(tempfile.mkdtemp(prefix="vgt"))
        self.home = tmp_path / f"home{len(list(tmp_path.glob('home*')))}"
        self.markers = self.home / "markers"
        self.markers.mkdir(parents=True)
        self.log = share.log if share else tmp_path / "judged.log"
        self.hook = self.home / f"vg.{shell}"
        self.rows, self.columns = rows, columns
        self.python = share.python if share else self._wrapper("python", real, judge_env or {})
        self.vg = share.vg if share else self._vg_wrapper(real)
        if hook:
            self.hook.write_text(shells.render(shell, python=str(self.python), vg=str(self.vg)))
        self._write_rc(rc_before, rc_after, basics, hook)
        self.env = self._environment(env or {})
        self.screen = pyte.HistoryScreen(columns, rows, history=2000, ratio=0.001)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child = pexpect.spawn(
            (argv or ARGV[shell])[0], (argv or ARGV[shell])[1:], env=self.env, cwd=str(self.home),
            dimensions=(rows, columns), timeout=PATIENCE,
        )  # fmt: skip
        self.child.delaybeforesend = None
        self.screen.write_process_input = self.send
        if wait:
            self.wait_prompt(0)

    # --- doing -------------------------------------------------------------------------------------------------

    def send(self, text: str | bytes) -> None:
        self.child.send(text)

    def run(self, line: str, *, end: str = "\r", prompts: int = 1) -> list[str]:
        """Type a line and wait for the prompt after it. Returns the lines that appeared below the typed one."""
        before = self.prompts()
        mark = len(self.lines())
        self.send(line + end)
        self.wait_prompt(before, prompts)
        return self.lines()[mark:-1]

    def paste(self, text: str) -> None:
        """What a terminal sends for a paste, with the brackets that a shell may have asked for."""
        self.send(f"\x1b[200~{text}\x1b[201~")

    def judged(self) -> list[str]:
        """Every line the word judge was asked about."""
        if not self.log.exists():
            return []
        return [eval(row.split("\t")[1]) for row in self.log.read_text().splitlines()]

    # --- waiting -----------------------------------------------------------------------------------------------

    def prompts(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return os.stat(self.home / ".prompts").st_size
        return 0

    def wait_prompt(self, before: int, more: int = 1) -> None:
        """Until the shell has shown so many more prompts, and is waiting at one with nothing typed."""
        self.wait(
            lambda: self.prompts() >= before + more and self.cursor_line().endswith(PROMPT.rstrip()),
            f"prompt {before + more} (now {self.prompts()})",
        )

    def wait(self, ready: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while True:
            self.pump(0.02)
            if ready():
                self.pump(0.03)
                if ready():
                    return
            if time.monotonic() > end:
                raise AssertionError(f"waited for {what}; screen:\n" + "\n".join(self.lines()))

    def wait_text(self, pattern: str, patience: float = PATIENCE) -> None:
        self.wait(lambda: re.search(pattern, self.text()), f"text {pattern!r}", patience)

    def wait_cursor(self, end: str) -> None:
        """Until the text left of the cursor ends so (a continuation prompt, a question)."""
        self.wait(lambda: self.cursor_line().endswith(end.rstrip()), f"cursor after {end!r}")

    def wait_count(self, marker: str, times: int = 1) -> None:
        self.wait(lambda: self.count(marker) >= times, f"{times} x marker {marker}")

    def pump(self, seconds: float) -> None:
        """Let the terminal emulator read what has come."""
        end = time.monotonic() + seconds
        while True:
            try:
                data = self.child.read_nonblocking(1 << 16, timeout=max(0.0, end - time.monotonic()))
            except pexpect.TIMEOUT:
                return
            except pexpect.EOF:
                return
            self.raw += data
            self.stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))

    # --- looking -----------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """Everything shown so far, scrolled-off lines first, without trailing spaces and empty lines at the end."""
        off = ["".join(row[x].data for x in range(self.columns)) for row in self.screen.history.top]
        shown = [row.rstrip() for row in off + list(self.screen.display)]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    def text(self) -> str:
        return "\n".join(self.lines())

    def cursor_line(self) -> str:
        return str(self.screen.display[self.screen.cursor.y][: self.screen.cursor.x].rstrip())

    def count(self, marker: str) -> int:
        """How many lines were appended to a marker file."""
        path = self.markers / marker
        return len(path.read_text().splitlines()) if path.exists() else 0

    def read(self, marker: str) -> str:
        path = self.markers / marker
        return path.read_text() if path.exists() else ""

    def value(self, expression: str) -> str:
        """What the shell expands a word to. Asks the shell, so it is one more judged line."""
        path = self.markers / "value"
        path.unlink(missing_ok=True)
        self.run(f' printf "%s" {expression} > "$M/value"')
        return path.read_text()

    def history(self) -> list[str]:
        """The shell's own list of what was typed, oldest first, without the command that asks for it."""
        path = self.markers / "history"
        asking = {
            "bash": " HISTTIMEFORMAT= builtin history > $M/history",
            "zsh": " fc -ln 1 > $M/history",
            "fish": " builtin history search --reverse > $M/history",
        }[self.kind]
        self.run(asking)
        found = path.read_text().splitlines()
        if self.kind == "bash":
            found = [re.sub(r"^ *\d+\*? {1,2}", "", row) for row in found]
        return [row for row in found if row.strip() != asking.strip()]

    def evaluator(self) -> list[int]:
        """Process ids of this session's evaluator and its workers, the parent first."""
        return processes(self.runtime, "vg-evaluator")

    def guard_folder(self) -> Path:
        return self.runtime / "vectra-guard"

    # --- ending ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        self.child.close(force=True)
        if self.shared is None:
            self._assert_gone()
            shutil.rmtree(self.runtime, ignore_errors=True)

    def _assert_gone(self) -> None:
        end = time.monotonic() + PATIENCE
        while left := processes(self.runtime):
            if time.monotonic() > end:
                names = [command_of(pid) for pid in left]
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"left behind: {names}")
            time.sleep(0.05)
        files = sorted(p.name for p in self.guard_folder().glob("*")) if self.guard_folder().exists() else []
        assert files == [], f"files left behind: {files}"

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        self.child.close(force=True)
        for pid in processes(self.runtime) if self.shared is None else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # --- setting up --------------------------------------------------------------------------------------------

    def _write_rc(self, before: str, after: str, basics: bool, hook: bool) -> None:
        path = self.home / RC[self.kind]
        path.parent.mkdir(parents=True, exist_ok=True)
        load = f"source '{self.hook}'\n" if hook else ""
        first = (BASICS[self.kind] if basics else "") + COUNT[self.kind]
        path.write_text(f"{first}{before}\n{load}{after}\n")

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        return {
            "HOME": str(self.home), "USER": "tester", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(self.runtime), "M": str(self.markers),
            "SHELL": shutil.which(self.kind) or self.kind, **extra,
        }  # fmt: skip

    def _wrapper(self, name: str, real: bool, judge_env: dict[str, str]) -> Path:
        """The hook's "python": it ignores what it is asked to run and becomes this session's evaluator."""
        path = self.runtime / name
        if real:
            start = "from vectra_guard.evaluator.server import main; main()"
            program = f"-c 'import sys; sys.path.insert(0, \"{ROOT}\"); {start}'"
        else:
            program = f"'{HERE / 'fake_server.py'}'"
        settings = {"FAKE_VG": str(self.runtime / "vg"), "FAKE_PYTHON": str(path), "FAKE_LOG": str(self.log)}
        exports = "".join(f"export {k}='{v}'\n" for k, v in (settings | judge_env).items())
        return executable(path, f"{exports}exec '{sys.executable}' {program}\n")

    def _vg_wrapper(self, real: bool) -> Path:
        program = (
            f"PYTHONPATH='{ROOT}' exec '{sys.executable}' -m vectra_guard"
            if real
            else (f"exec '{sys.executable}' '{HERE / 'fake_vg.py'}'")
        )
        return executable(self.runtime / "vg", f'{program} "$@"\n')


def executable(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o700)
    return path


def processes(runtime: Path, name: str = "") -> list[int]:
    """Live processes that were started with this runtime folder, oldest first."""
    wanted = f"XDG_RUNTIME_DIR={runtime}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                ours = wanted in (entry / "environ").read_bytes().split(b"\0")
                if ours and (not name or (entry / "comm").read_text().strip() == name):
                    found.append(int(entry.name))
    return sorted(found)


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return f"process {pid}"


def kill_evaluator(shell: Session) -> None:
    """SIGKILL for every process of it, one that is only starting included."""
    while found := [p for p in processes(shell.runtime) if "fake_server" in command_of(p)]:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
