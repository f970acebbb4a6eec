"""The real server process, driven as a shell would: FIFOs, socket, workers that die, an upgrade, the end."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hooks import harness
from vectra_guard.errors import EvaluatorUnavailable
from vectra_guard.evaluator import client


class Peer:
    """This test process in the part of a bash shell."""

    def __init__(self, runtime: Path) -> None:
        self.runtime = runtime
        self.folder = runtime / "vectra-guard"
        program = harness.HERE / "fake_server.py"
        self.wrapper = harness.executable(runtime / "python", f"exec '{sys.executable}' '{program}'\n")
        self.number = 0
        self.start()

    def start(self) -> None:
        env = {**os.environ, "FAKE_PYTHON": str(self.wrapper), "FAKE_VG": "/bin/vg"}
        self.process = subprocess.Popen([str(self.wrapper)], env=env)
        until((self.folder / "server").exists)

    def register(self) -> None:
        with open(self.folder / "ctl", "w") as file:
            file.write(f"R {os.getpid()} bash\n")
        until((self.folder / f"{os.getpid()}.q").exists)

    def ask(self, line: str, **fields: str) -> tuple[str, str]:
        self.number += 1
        parts = [f"s{self.number}", f"p{os.getpid()}", "kbash", "v1", "d/", f"c{line}"]
        parts += [tag + value for tag, value in fields.items()]
        question = os.open(self.folder / f"{os.getpid()}.q", os.O_RDWR)
        answer = os.open(self.folder / f"{os.getpid()}.r", os.O_RDWR)
        try:
            os.write(question, b"\0\0" + "\0".join(parts).encode() + b"\0\0")
            data = b""
            while not data.endswith(b"\0"):
                assert select.select([answer], [], [], 20)[0], "no answer"
                data += os.read(answer, 1 << 16)
        finally:
            os.close(question)
            os.close(answer)
        seq, verdict, said = data[:-1].decode().split(" ", 2)
        assert seq == str(self.number)
        return verdict, said


def until(ready: Callable[[], object], patience: float = 20) -> None:
    end = time.monotonic() + patience
    while not ready():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    runtime = Path(tempfile.mkdtemp(prefix="vgt"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    made = Peer(runtime)
    yield made
    for pid in harness.processes(runtime):
        os.kill(pid, signal.SIGKILL)
    made.process.wait()
    shutil.rmtree(runtime)


def test_everything_is_private(peer: Peer) -> None:
    peer.register()
    assert stat.S_IMODE(peer.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in peer.folder.iterdir()} == {0o600}


def test_holds_nothing_of_its_starter(peer: Peer) -> None:
    pid = peer.process.pid
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.getsid(pid) == pid
    assert Path(f"/proc/{pid}/comm").read_text() == "vg-evaluator\n"
    open_files = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    foreign = [n for n in open_files if not n.startswith(("/dev/null", "socket:", "anon_inode:", str(peer.folder)))]
    assert foreign == []


def test_a_folder_open_to_others_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "vectra-guard").mkdir(mode=0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    env = {**os.environ, "FAKE_PYTHON": "x", "FAKE_VG": "x"}
    assert subprocess.run([sys.executable, harness.HERE / "fake_server.py"], env=env, timeout=20).returncode != 0
    assert list((tmp_path / "vectra-guard").iterdir()) == []


def test_grant_is_there_before_the_answer(peer: Peer) -> None:
    peer.register()
    for _ in range(50):
        verdict, line = peer.ask("rewriteme a")
        assert verdict == "R"
        token = re.findall(r"--grant (\S+)", line)[0]
        assert client.call("grant", id=token, argv=["rewriteme", "a"], cwd="/")["ok"]
    assert not client.call("grant", id=token, argv=["rewriteme", "b"], cwd="/")["ok"]
    peer.ask("ls")
    assert not client.call("grant", id=token, argv=["rewriteme", "a"], cwd="/")["ok"]


def test_a_grant_is_not_for_processes_outside_its_shell(peer: Peer) -> None:
    peer.register()
    token = re.findall(r"--grant (\S+)", peer.ask("rewriteme a")[1])[0]
    code = (
        "import os,sys,time\nparent = os.getpid()\nif os.fork(): os._exit(0)\nos.setsid()\n"
        "while os.path.exists(f'/proc/{parent}'): time.sleep(.01)\n"
        "from vectra_guard.evaluator import client\n"
        f"open(sys.argv[1]+'.new','w').write(str(client.call('grant',id='{token}',argv=['rewriteme','a'],cwd='/')['ok']))\n"
        "os.rename(sys.argv[1]+'.new', sys.argv[1])\n"
    )
    result = peer.runtime / "result"
    subprocess.run(
        [sys.executable, "-c", code, str(result)], env={**os.environ, "PYTHONPATH": str(harness.ROOT)}, check=True
    )
    until(result.exists)
    assert result.read_text() == "False"


def test_ask_and_answer(peer: Peer) -> None:
    peer.register()
    verdict, ident = peer.ask("askme")
    assert verdict == "K"
    asked = client.call("ask", id=ident)
    assert asked["line"] == "askme"
    assert asked["choices"] == ["host", "remember", "explain", "no"]
    assert client.call("answer", id=ident, choice="host")["ok"]
    assert not client.call("answer", id=ident, choice="host")["ok"]
    assert peer.ask("", m="answer", i=ident) == ("A", "")
    verdict, ident = peer.ask("askme")
    assert peer.ask("", m="answer", i=ident)[0] == "B", "no answer means no"
    verdict, ident = peer.ask("askme")
    client.call("answer", id=ident, choice="sandbox")
    assert peer.ask("", m="answer", i=ident)[0] == "B", "what was not offered is not taken"


@pytest.mark.parametrize("word", ["crashme", "raiseme", "spinme", "hangme"])
def test_a_judgement_that_fails_refuses_and_the_next_is_fine(peer: Peer, word: str) -> None:
    peer.register()
    verdict, said = peer.ask(word)
    assert verdict == "B" and "vg-off" in said
    assert peer.ask("ls") == ("A", "")


def test_killed_and_started_again_it_knows_its_shells(peer: Peer) -> None:
    peer.register()
    peer.process.kill()
    peer.process.wait()
    (peer.folder / "server").unlink()
    peer.start()
    assert peer.ask("ls") == ("A", "")


def test_only_one_at_a_time(peer: Peer) -> None:
    env = {**os.environ, "FAKE_PYTHON": str(peer.wrapper), "FAKE_VG": "/bin/vg"}
    assert subprocess.run([str(peer.wrapper)], env=env, timeout=20).returncode == 0
    assert int((peer.folder / "server").read_text().split()[0]) == peer.process.pid


def test_it_makes_room_for_another_version(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.register()
    monkeypatch.setattr(client, "__version__", "99")
    assert not client.call("status")["ok"]
    peer.process.wait(timeout=20)
    until((peer.folder / "server").exists)
    assert int((peer.folder / "server").read_text().split()[0]) != peer.process.pid
    assert peer.ask("ls") == ("A", "")


def test_reload_and_stop(peer: Peer) -> None:
    peer.register()
    assert client.call("stop")["ok"]
    peer.process.wait(timeout=20)
    with pytest.raises(EvaluatorUnavailable):
        client.call("status")


@pytest.mark.parametrize("junk", [b"\0\0", b"\0\0j{\0\0", b"\0\0j[]\0\0", b"x" * 5000, b'\0\0j{"op": "grant"}\0\0'])
def test_junk_on_the_socket_harms_nobody(peer: Peer, junk: bytes) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(peer.folder / "sock"))
        connection.sendall(junk)
        connection.settimeout(0.5)
        try:
            connection.recv(1000)
        except TimeoutError:
            pass
    assert client.call("status")["ok"]


def test_a_line_is_judged_for_vg_and_one_that_hangs_holds_up_no_other(peer: Peer) -> None:
    peer.register()
    for word, action in (("ls", "host"), ("blockme", "block"), ("askme", "ask")):
        answer = client.call("judge", line=word, cwd="/", home="/", shell="bash", interactive=True)
        assert answer["ok"] and answer["decision"]["action"] == action, answer
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(client.call, "judge", line="hangme", cwd="/", timeout=20)
        time.sleep(0.1)
        began = time.monotonic()
        assert client.call("judge", line="ls", cwd="/")["ok"]
        assert time.monotonic() - began < 1
        with pytest.raises(EvaluatorUnavailable):
            hanging.result(30)
    assert client.call("judge", line="ls", cwd="/")["ok"]
