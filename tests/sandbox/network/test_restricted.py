"""From inside a sandbox: no way out but the proxy. As whoever runs the tests, and as an ordinary user."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import need
from tests.sandbox import box
from tests.sandbox.network.live import origin
from tests.sandbox.network.test_proxy import echo_request
from vectra_guard.errors import SandboxError
from vectra_guard.model import Network
from vectra_guard.sandbox import network, registries

pytestmark = pytest.mark.sandbox

DOOR = Path(__file__).with_name("door.py")


def command(who: box.Account, argv: list[str], **lists: Any) -> list[str]:
    lists = {"allow": [], "private": []} | lists
    copy = who.code / "door.py"
    shutil.copy(DOOR, copy)
    copy.chmod(0o644)
    return [who.python, str(copy), who.bwrap, json.dumps(lists), *argv]


def through(who: box.Account, argv: list[str], *, cwd: Path | None = None, env: Any = None, **lists: Any) -> Any:
    done = subprocess.run(
        [*who.prefix(), *command(who, argv, **lists)],
        cwd=cwd or who.project,
        env=who.environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


PROBE = """
import errno, os, socket
def attempt(name, call):
    try:
        call()
        print(name, "open")
    except OSError as err:
        print(name, errno.errorcode.get(err.errno, err.errno))
port = int(os.environ["SECRET_PORT"])
attempt("proxy", lambda: socket.create_connection(("127.0.0.1", 3128), 3))
attempt("host", lambda: socket.create_connection(("127.0.0.1", port), 3))
attempt("public", lambda: socket.create_connection(("198.51.100.7", 443), 3))
attempt("metadata", lambda: socket.create_connection(("169.254.169.254", 80), 3))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.7", 53)))
attempt("udp6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("2001:db8::1", 53)))
attempt("dns", lambda: socket.getaddrinfo("host.example", 443))
attempt("wide", lambda: socket.create_server(("0.0.0.0", 8080)))
"""


def test_only_the_door_is_open(person: box.Account) -> None:
    with origin(echo_request) as port:
        assert socket.create_connection(("127.0.0.1", port)).close() is None  # reachable from out here
        found = through(person, ["/usr/bin/python3", "-c", PROBE], env={"SECRET_PORT": str(port)})
    lines = dict(line.split(" ") for line in found["out"].splitlines())
    assert lines["proxy"] == "open"
    assert lines["wide"] == "open"
    assert lines["host"] == "ECONNREFUSED"
    assert {lines[name] for name in ("public", "metadata", "udp", "udp6")} <= {"ENETUNREACH", "EADDRNOTAVAIL"}
    assert lines["dns"] not in ("open", "")


def test_curl_through_the_door(person: box.Account) -> None:
    need(shutil.which("curl"), "curl")
    with origin(echo_request) as port:
        allow = [f"localhost:{port}"]
        script = (
            f"curl -sS --noproxy '' http://localhost:{port}/ok; echo; "
            "curl -sS http://host.example/; curl -sS http://169.254.169.254/latest/meta-data/; "
            "curl -sS https://host.example/"
        )
        found = through(person, ["sh", "-c", script], allow=allow, private=allow)
    assert f"GET /ok HTTP/1.1\r\nHost: localhost:{port}".replace("\r\n", "\n") in found["out"].replace("\r\n", "\n")
    assert "vg config allow-host host.example" in found["out"]
    assert found["refused"] == {"host.example": 2, "169.254.169.254": 1}
    assert list(found["hosts"]) == ["localhost"]
    assert found["bytes_in"] > 0


def test_the_first_connection_waits_for_the_proxy_and_is_served(person: box.Account) -> None:
    """The command runs at once; what it asks first is held by the listener until the proxy is ready."""
    script = (
        "import socket; s = socket.create_connection(('127.0.0.1', 3128), 10); "
        "s.sendall(b'x\\r\\n\\r\\n'); print(s.recv(12))"
    )
    found = through(person, ["/usr/bin/python3", "-S", "-c", script])
    assert "HTTP/1.1 400" in found["out"]


def test_nothing_is_left_when_the_guard_is_killed(person: box.Account) -> None:
    process = subprocess.Popen(
        [*person.prefix(), *command(person, ["sleep", "30"], announce=True)],
        cwd=person.project,
        env=person.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    proxy = json.loads(process.stdout.readline())["proxy"]
    assert os.path.exists(f"/proc/{proxy}")
    process.kill()
    process.wait()
    end = time.monotonic() + 5
    while os.path.exists(f"/proc/{proxy}") and time.monotonic() < end:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{proxy}")
    process.stdout.close()


HOLD = """
import os, sys
from vectra_guard.model import Network
from vectra_guard.sandbox import network
extra = [open("/etc/passwd"), os.pipe()]
os.set_inheritable(extra[1][0], True)
before = set(os.listdir("/proc/self/fd"))
pending = network.prepare(Network("restricted"))
handle = pending.attach(int(sys.argv[1]))
import time; time.sleep(0.3)
import json
fds = {}
for name in os.listdir(f"/proc/{handle._pid}/fd"):
    fds[name] = os.readlink(f"/proc/{handle._pid}/fd/{name}").split(":")[0]
status = open(f"/proc/{handle._pid}/stat").read().rpartition(")")[2].split()
traffic = handle.stop()
after = set(os.listdir("/proc/self/fd"))
print(json.dumps({"fds": fds, "session": int(status[3]), "pid": handle._pid, "left": sorted(after - before),
                  "again": handle.stop() == traffic, "gone": not os.path.exists(f"/proc/{handle._pid}")}))
"""


def isolated(who: box.Account) -> subprocess.Popen[bytes]:
    """A process in a network namespace of its own."""
    process = who.popen(["unshare", "--user", "--map-root-user", "--net", "sleep", "60"])
    end = time.monotonic() + 5
    while os.readlink(f"/proc/{process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        assert time.monotonic() < end
        time.sleep(0.01)
    return process


def test_the_proxy_holds_only_what_it_needs(person: box.Account) -> None:
    target = isolated(person)
    try:
        done = subprocess.run(
            [*person.prefix(), person.python, "-c", HOLD, str(target.pid)],
            cwd=person.project, env=person.environment(), capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    finally:
        target.kill()
        target.wait()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted(found["fds"].values()) == ["/dev/null", "/dev/null", "/dev/null", "socket", "socket"]
    assert found["session"] == found["pid"]  # Ctrl-C at the terminal does not reach it
    assert found["left"] == []
    assert found["again"]
    assert found["gone"]


def test_a_shared_network_namespace_is_refused() -> None:
    with pytest.raises(SandboxError, match="not isolated"):
        network.start(Network("restricted"), os.getpid())


def test_a_process_that_is_gone_is_an_error() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    with pytest.raises(SandboxError, match="did not start"):
        network.start(Network("restricted"), process.pid)


def test_an_attach_that_never_comes_is_cancelled() -> None:
    pending = network.prepare(Network("restricted"))
    pending.cancel()
    assert not os.path.exists(f"/proc/{pending._pid}")


def test_a_proxy_that_was_killed_counts_nothing(me: box.Account) -> None:
    target = isolated(me)
    try:
        handle = network.start(Network("restricted"), target.pid)
        os.kill(handle._pid, signal.SIGKILL)
        assert handle.stop() == network.Traffic()
    finally:
        target.kill()
        target.wait()


def test_environment_adds_to_what_java_was_given() -> None:
    env = network.environment({"MAVEN_OPTS": "-Xmx1g"})
    assert env["MAVEN_OPTS"].startswith("-Xmx1g -Dhttp.proxyHost=127.0.0.1 ")
    assert env["https_proxy"] == env["npm_config_https_proxy"] == "http://127.0.0.1:3128"


# -- real clients -----------------------------------------------------------------------------------------------


@pytest.mark.network
def test_pip_installs_through_the_door(me: box.Account) -> None:
    """The venv's pip, its own default index, and the hosts that were asked of it."""
    hosts = registries.for_manager("pip", os.environ, os.path.expanduser("~")).hosts
    need(hosts, "a pip that says which index it uses")
    target = me.project / "py"
    argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir", "-d", str(target), "cowsay"]
    target.mkdir()
    env = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    # the environment of the tests may lie under a folder that the sandbox covers
    shared = [str(target), sys.prefix]
    found = through(me, argv, env=env, allow=list(hosts), private=list(hosts), writable=shared)
    assert found["status"] == 0, found["out"]
    assert list(target.glob("cowsay*"))
    assert not found["refused"]
    assert set(found["hosts"]) <= set(hosts)
    assert found["bytes_in"] > 10_000
    found = through(me, argv, env=env, writable=shared)
    assert found["status"] != 0  # the same without its hosts
    assert set(found["refused"]) <= set(hosts)
    assert found["refused"]


@pytest.mark.network
def test_npm_installs_through_the_door(me: box.Account) -> None:
    need(shutil.which("npm"), "npm")
    hosts = registries.for_manager("npm", os.environ, os.path.expanduser("~")).hosts
    need(hosts, "an npm that says which registry it uses")
    project = me.project / "js"
    project.mkdir()
    (project / "package.json").write_text("{}")
    argv = ["npm", "install", "--no-audit", "--no-fund", "--cache", "/tmp/npm", "is-number"]
    env = {"PATH": os.environ["PATH"]}
    lists = {"allow": list(hosts), "private": list(hosts), "writable": [str(project)]}
    found = through(me, argv, cwd=project, env=env, **lists)
    assert found["status"] == 0, found["out"]
    assert (project / "node_modules/is-number/package.json").exists()
    assert found["bytes_in"] > 1000
