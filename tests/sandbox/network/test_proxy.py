"""The proxy against hostile clients, with servers on 127.0.0.1 only."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time

import pytest

from tests.sandbox.network.live import Routed, ask, origin, read_all, refused, served
from tests.sandbox.network.test_tls import hello
from vectra_guard.model import Network
from vectra_guard.sandbox.network import proxy as module
from vectra_guard.sandbox.network.proxy import Proxy

NETWORK = Network("restricted", allow=("a.test", "a.test:8443", "*.below.test", "localhost"))


def echo_request(peer: socket.socket) -> None:
    """Answers with the head (and the sized body) it got."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += peer.recv(65536)
    if b"chunked" in head.lower():
        while not body.endswith(b"0\r\n\r\n"):
            body += peer.recv(65536)
    text = head + b"\n\n" + body
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)


def echo(peer: socket.socket) -> None:
    while data := peer.recv(65536):
        peer.sendall(data)


# -- plain HTTP -------------------------------------------------------------------------------------------------


def test_an_allowed_host_is_served_with_its_own_name() -> None:
    with origin(echo_request) as port, served(proxy := Routed(NETWORK, port)) as door:
        answer = ask(door, b"GET http://a.test/x?y HTTP/1.1\r\nHost: evil.test\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"GET /x?y HTTP/1.1\r\nHost: a.test\r\n" in answer
    assert b"evil" not in answer
    assert proxy.dialled == [("a.test", 80)]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (b"http://b.test/", "b.test"),
        (b"http://a.test.b.test/", "a.test.b.test"),
        (b"http://nota.test/", "nota.test"),
        (b"http://a.test:81/", "a.test:81"),
        (b"http://below.test/", "below.test"),
        (b"http://2130706433/", "2130706433"),
        (b"http://127.0.0.1/", "127.0.0.1"),
        (b"http://[::ffff:127.0.0.1]/", "::ffff:7f00:1"),
        (b"http://169.254.169.254/latest/", "169.254.169.254"),
    ],
)
def test_another_host_is_refused_and_counted(target: bytes, name: str) -> None:
    with origin(echo_request) as port, served(proxy := Routed(NETWORK, port)) as door:
        answer = ask(door, b"GET %s HTTP/1.1\r\n\r\n" % target)
        ask(door, b"GET %s HTTP/1.1\r\n\r\n" % target)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"vg config allow-host" in answer
    assert proxy.dialled == []
    assert refused(proxy) == {name: 2}


def test_one_request_a_connection() -> None:
    second = b"GET http://a.test/second HTTP/1.1\r\n\r\n"
    with origin(echo_request) as port, served(proxy := Routed(NETWORK, port)) as door:
        answer = ask(door, b"GET http://a.test/ HTTP/1.1\r\n\r\n" + second)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"second" not in answer
    assert b"Connection: close\r\n" in answer
    assert len(proxy.dialled) == 1


def test_what_follows_a_body_is_not_sent_on() -> None:
    smuggled = b"GET http://a.test/admin HTTP/1.1\r\n\r\n"
    with origin(echo_request) as port, served(Routed(NETWORK, port)) as door:
        answer = ask(door, b"POST http://a.test/ HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody" + smuggled)
    assert answer.endswith(b"\n\nbody")


def test_chunks_are_framed_anew() -> None:
    body = b"5;ext=1\r\nhello\r\n0\r\nTrailer: x\r\n\r\nGET /admin HTTP/1.1\r\n\r\n"
    with origin(echo_request) as port, served(Routed(NETWORK, port)) as door:
        answer = ask(door, b"POST http://a.test/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert answer.endswith(b"\n\n5\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize("body", [b"-1\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"3\r\nhello\r\n0\r\n\r\n", b"f" * 999])
def test_bad_chunks_do_not_pass(body: bytes) -> None:
    got: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def collect(peer: socket.socket) -> None:
        got.put(read_all(peer))

    with origin(collect) as port, served(Routed(NETWORK, port)) as door:
        ask(door, b"POST http://a.test/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert b"0\r\n\r\n" not in got.get(timeout=10).partition(b"\r\n\r\n")[2]


def test_a_long_body_and_expect() -> None:
    size = 3_000_000

    def count(peer: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += peer.recv(65536)
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        got = len(data.partition(b"\r\n\r\n")[2])
        while got < size:
            got += len(peer.recv(65536))
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n%d" % got)

    head = b"PUT http://a.test/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size
    with origin(count) as port, served(Routed(NETWORK, port)) as door:
        answer = ask(door, head + bytes(size))
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"%d" % size)


def test_an_interim_answer_and_the_final_one_in_one_piece() -> None:
    both = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def answer(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(both + b"HTTP/1.1 200 OK\r\n\r\nsmuggled")

    with origin(answer) as port, served(Routed(NETWORK, port)) as door:
        got = ask(door, b"GET http://a.test/ HTTP/1.1\r\n\r\n")
    assert got == both.replace(b"Content-Length: 2", b"Content-Length: 2\r\nConnection: close")


# -- CONNECT ----------------------------------------------------------------------------------------------------


def connect(door: int, host: str, port: int = 443) -> tuple[socket.socket, bytes]:
    sock = socket.create_connection(("127.0.0.1", door), timeout=10)
    sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head and (piece := sock.recv(1)):
        head += piece
    return sock, head


@pytest.mark.parametrize(
    ("host", "name"), [("a.test", "a.test"), ("A.Test", "a.test"), ("x.below.test", "x.below.test")]
)
def test_tls_to_the_named_host_passes_unchanged(host: str, name: str) -> None:
    first = hello(name)
    with origin(echo) as port, served(proxy := Routed(NETWORK, port)) as door:
        sock, head = connect(door, host)
        assert head.startswith(b"HTTP/1.1 200 ")
        for piece in (first[:3], first[3:100], first[100:], b"after"):
            sock.sendall(piece)
            time.sleep(0.02)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == first + b"after"
        sock.close()
        lines = proxy.tally.lines()
    size = len(first) + 5
    assert lines == f"host {name} {size} {size}"


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (hello("evil.test"), "evil.test"),
        (hello("b.below.test"), "b.below.test"),
        (hello(None), "a.test"),
        (b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", "a.test"),
        (b"SSH-2.0-client\r\n", "a.test"),
        (hello("a.test")[:60], "a.test"),
    ],
    ids=["other name", "other allowed name", "no name", "plain http", "ssh", "cut off"],
)
def test_what_is_not_tls_to_that_host_does_not_pass(first: bytes, name: str) -> None:
    reached = []

    def note(peer: socket.socket) -> None:
        reached.append(read_all(peer))

    with origin(note) as port, served(proxy := Routed(NETWORK, port)) as door:
        sock, head = connect(door, "a.test")
        assert head.startswith(b"HTTP/1.1 200 ")
        sock.sendall(first)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""
        sock.close()
    assert b"".join(reached) == b""
    assert refused(proxy) == {name: 1}


def test_connect_to_another_host_or_port_is_refused() -> None:
    with origin(echo) as port, served(proxy := Routed(NETWORK, port)) as door:
        for target in (("b.test", 443), ("a.test", 22), ("a.test", 25)):
            _, head = connect(door, *target)
            assert head.startswith(b"HTTP/1.1 403 ")
    assert proxy.dialled == []
    assert refused(proxy) == {"b.test": 1, "a.test:22": 1, "a.test:25": 1}


def test_a_named_port_may_carry_another_protocol_but_not_another_tls_host() -> None:
    def greet(peer: socket.socket) -> None:
        peer.sendall(b"hello ")
        echo(peer)

    with origin(greet) as port, served(Routed(NETWORK, port)) as door:
        sock, _ = connect(door, "a.test", 8443)
        assert sock.recv(6) == b"hello "  # the server may speak first
        sock.sendall(b"any protocol")
        assert sock.recv(100) == b"any protocol"
        sock.close()
        sock, _ = connect(door, "a.test", 8443)
        sock.sendall(hello("evil.test"))
        assert read_all(sock) == b"hello "


def test_plain_http_in_a_tunnel_is_held_to_the_host() -> None:
    with origin(echo_request) as port, served(proxy := Routed(NETWORK, port)) as door:
        sock, _ = connect(door, "a.test", 80)
        sock.sendall(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert b"GET /x HTTP/1.1\r\nHost: a.test\r\n" in read_all(sock)
        sock, _ = connect(door, "a.test", 80)
        sock.sendall(b"GET /x HTTP/1.1\r\nHost: evil.test\r\n\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 403 ")
    assert proxy.dialled == [("a.test", 80)]


# -- addresses --------------------------------------------------------------------------------------------------


def test_a_name_that_points_at_this_machine_is_refused() -> None:
    with origin(echo_request) as port, served(proxy := Proxy(Network("restricted", (f"localhost:{port}",)))) as door:
        answer = ask(door, b"GET http://localhost:%d/ HTTP/1.1\r\n\r\n" % port)
    assert b"403" in answer
    assert b"not public" in answer
    assert refused(proxy) == {f"localhost:{port}": 1}


def test_loopback_that_the_configuration_names_is_served() -> None:
    with origin(echo_request) as port:
        entry = (f"localhost:{port}",)
        with served(Proxy(Network("restricted", entry, entry))) as door:
            answer = ask(door, b"GET http://localhost:%d/ HTTP/1.1\r\n\r\n" % port)
    assert answer.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "10.0.0.1"])
def test_an_allowed_name_at_a_bad_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "resolve", lambda host, port: [address])
    monkeypatch.setattr(module.socket, "create_connection", lambda *_, **__: pytest.fail("dialled"))
    with pytest.raises(module.Refusal) as caught:
        Proxy(NETWORK).dial("a.test", 443)
    assert caught.value.status == 403


def test_a_name_is_resolved_once_and_the_vetted_address_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: a second answer would be the attacker's."""
    answers = [["93.184.215.14", "127.0.0.1"], ["127.0.0.1"]]
    dialled = []
    monkeypatch.setattr(module, "resolve", lambda host, port: answers.pop(0))

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        dialled.append(address)
        raise OSError

    monkeypatch.setattr(module.socket, "create_connection", dial)
    with pytest.raises(module.Refusal):
        Proxy(NETWORK).dial("a.test", 443)
    assert dialled == [("93.184.215.14", 443)]
    assert len(answers) == 1


# -- limits -----------------------------------------------------------------------------------------------------


def test_a_million_headers() -> None:
    with origin(echo_request) as port, served(proxy := Routed(NETWORK, port)) as door:
        began = time.monotonic()
        answer = ask(door, b"GET http://a.test/ HTTP/1.1\r\n" + b"X: y\r\n" * 1_000_000 + b"\r\n", timeout=20)
        assert ask(door, b"GET http://a.test/ HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert answer[:12] in (b"HTTP/1.1 431", b"")  # the refusal may be lost when the client is still sending
    assert time.monotonic() - began < 10
    assert proxy.dialled == [("a.test", 80)]


def test_slow_loris_gets_one_deadline_and_starves_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.6)
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 4)
    monkeypatch.setattr("vectra_guard.sandbox.network.stream.LINGER_SECONDS", 0.1)
    stop = threading.Event()

    def drip(door: int) -> None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", door)) as sock:
            while not stop.wait(0.1):
                sock.sendall(b"G")

    with origin(echo_request) as port, served(Routed(NETWORK, port)) as door:
        threads = [threading.Thread(target=drip, args=(door,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        began = time.monotonic()
        answer = ask(door, b"GET http://a.test/ HTTP/1.1\r\n\r\n")
        waited = time.monotonic() - began
        stop.set()
        for thread in threads:
            thread.join()
    assert answer.startswith(b"HTTP/1.1 200")
    assert 0.1 < waited < 5  # the limit held it back, the deadline let it in


def test_an_idle_tunnel_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.4)
    with origin(echo) as port, served(Routed(NETWORK, port)) as door:
        sock, _ = connect(door, "a.test")
        sock.sendall(hello("a.test"))
        began = time.monotonic()
        read_all(sock)
        assert time.monotonic() - began < 5


def test_a_download_is_not_idle_because_the_client_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.4)

    def slow(peer: socket.socket) -> None:
        peer.recv(65536)
        for _ in range(10):
            peer.sendall(b"x")
            time.sleep(0.1)

    with origin(slow) as port, served(Routed(NETWORK, port)) as door:
        sock, _ = connect(door, "a.test")
        sock.sendall(hello("a.test"))
        assert read_all(sock) == b"x" * 10


def test_many_names_do_not_fill_the_memory() -> None:
    proxy = Proxy(NETWORK)
    for number in range(module.MAX_REFUSED_NAMES + 50):
        proxy.tally.refuse(f"h{number}.test", 443)
    assert len(refused(proxy)) == module.MAX_REFUSED_NAMES
