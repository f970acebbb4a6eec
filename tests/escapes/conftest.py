from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sandbox import box
from vectra_guard.sandbox.levels import LEVELS

LIBC = ctypes.CDLL(None, use_errno=True)
CANARY = "vg-canary-process"


@dataclass
class Range:
    """A person with secrets worth stealing, and a host with doors worth opening."""

    person: box.Account
    context: dict[str, object]
    leak: int

    def write_context(self, level: str, also: Sequence[str] = ()) -> Path:
        context = self.context | {"tmp_size": LEVELS[level].tmp_size, "also": also}  # type: ignore[index]
        path = self.person.project / "context.json"
        path.write_text(json.dumps(context))
        self.person.own(path)
        return path


@pytest.fixture(scope="module", params=["me", "user"])
def range_(request: pytest.FixtureRequest) -> Iterator[Range]:
    person = box.account(request.param)
    home, project = person.home, person.project
    shutil.copy(Path(__file__).with_name("probes.py"), project / "probes.py")
    texts = {
        ".ssh/id_ed25519": "PRIVATE key\n",
        ".aws/credentials": "aws_secret\n",
        ".npmrc": "fund=false\n//mirror.example/:_authToken=npmsecret\n",
        ".git-credentials": "https://me:gitsecret@forge.example\n",
        ".bashrc": "# real bashrc\n",
        "bashrc-marker": "x\n",
        "victim": "victim\n",
        ".config/vectra-guard/config.yaml": "guard_level: auto\n",
        ".local/state/vectra-guard/state.db": "store\n",
        "project/.env": "A=dotenvsecret\n",
        "project/packages/app/.env.local": "A=dotenvsecret\n",
        "project/vectra-guard.yaml": "guard_level: high\n",
    }
    for name, text in texts.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (home / ".local/state/vectra-guard").chmod(0o700)
    (project / "link-outside").symlink_to(home / "victim")
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    sockets = []
    runtime = person.base / "run"
    (runtime / "vectra-guard").mkdir(mode=0o700)
    for name in ("vectra-guard/evaluator.sock", "docker.sock", "agent.sock"):
        sockets.append(_listen(str(runtime / name)))
        (runtime / name).chmod(0o777)
    sockets.append(_listen(f"\0vg-abstract-{os.getpid()}"))
    loopback = socket.create_server(("127.0.0.1", 0))
    sockets.append(loopback)
    for name in (home, runtime):
        person.own(name)
    canary = person.popen([person.python, "-c", "import time; time.sleep(900)", CANARY])
    segment = _shared_memory()
    leak = os.open(person.base / "vg-leak", os.O_RDWR | os.O_CREAT)
    context: dict[str, object] = {
        "home": str(home),
        "runtime": str(runtime),
        "docker_socket": str(runtime / "docker.sock"),
        "agent_socket": str(runtime / "agent.sock"),
        "abstract": f"vg-abstract-{os.getpid()}",
        "port": loopback.getsockname()[1],
        "segment": segment,
        "canary": CANARY,
        "canary_pid": canary.pid,
        "host": {name: os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "user")},
    }
    yield Range(person, context, leak)
    LIBC.shmctl(segment, 0, None)  # IPC_RMID
    canary.kill()
    canary.wait()
    os.close(leak)
    for item in sockets:
        item.close()
    box.remove(person)


def _shared_memory() -> int:
    """A segment that everybody may read."""
    segment = LIBC.shmget(0, 4096, 0o1666)  # IPC_PRIVATE, IPC_CREAT
    LIBC.shmat.restype = ctypes.c_void_p
    address = LIBC.shmat(segment, None, 0)
    ctypes.memmove(address, b"shared", 6)
    LIBC.shmdt(ctypes.c_void_p(address))
    return int(segment)


def _listen(address: str) -> socket.socket:
    item = socket.socket(socket.AF_UNIX)
    item.bind(address)
    item.listen(16)
    return item
