"""A proxy in this process, and local origin servers for it to reach."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from vectra_guard.model import Network
from vectra_guard.sandbox.network.proxy import Proxy


class Routed(Proxy):
    """Dials the one origin of the test, whatever the port: the rest is the real proxy."""

    def __init__(self, network: Network, origin: int) -> None:
        super().__init__(network)
        self.origin = origin
        self.dialled: list[tuple[str, int]] = []

    def dial(self, host: str, port: int) -> socket.socket:
        self.dialled.append((host, port))
        return socket.create_connection(("127.0.0.1", self.origin))


@contextlib.contextmanager
def served(proxy: Proxy) -> Iterator[int]:
    """The port on which ``proxy`` serves."""
    listener = socket.create_server(("127.0.0.1", 0))
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=proxy.serve, args=(listener, theirs))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ours.close()
        thread.join(5)
        listener.close()
        theirs.close()
        assert not thread.is_alive()


@contextlib.contextmanager
def origin(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that gives every connection to ``answer``."""
    listener = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(peer,), daemon=True).start()

    def one(peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            peer.settimeout(10)
            answer(peer)

    threading.Thread(target=loop, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def read_all(sock: socket.socket) -> bytes:
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            data += piece
    return data


def ask(port: int, request: bytes, timeout: float = 10) -> bytes:
    """Everything the proxy answers to ``request``."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            sock.sendall(request)
        return read_all(sock)


def refused(proxy: Proxy) -> dict[str, int]:
    rows = (line.split(" ") for line in proxy.tally.lines().splitlines())
    return {row[1]: int(row[2]) for row in rows if row[0] == "refused"}
