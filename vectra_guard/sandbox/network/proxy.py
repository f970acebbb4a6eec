"""The allowlisting forward proxy: CONNECT and absolute-form HTTP, one thread a connection.

Threads and blocking sockets instead of asyncio: nothing to import (asyncio costs 40 ms, about as much as a
whole launch may), and a tunnel is two loops that wait in the kernel.

What a client may do: reach a host of the allowlist at an address that was vetted, over TLS whose
ClientHello names that same host, or over plain HTTP whose head was understood and rewritten. It does not
look inside TLS: a server that answers for several names behind one certificate can still be asked for
another of its names.

Fails closed: what cannot be understood, resolved or vetted is refused, and every wait has an end.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time

from vectra_guard.model import Network
from vectra_guard.sandbox.network import allow, tls
from vectra_guard.sandbox.network.http import MAX_HEAD, Head, Refusal, read_head, read_reply
from vectra_guard.sandbox.network.stream import Conn, linger_close, pump, tune

MAX_CONNECTIONS = 192
HEAD_SECONDS = 20.0
DIAL_SECONDS = 15.0
IDLE_SECONDS = 300.0
MAX_REFUSED_NAMES = 500
MAX_ADDRESSES = 6

_REASONS = {400: "Bad Request", 403: "Forbidden", 405: "Method Not Allowed", 408: "Request Timeout",
            431: "Request Header Fields Too Large", 502: "Bad Gateway"}  # fmt: skip
_END = b"\r\n\r\n"


class Tally:
    """What was refused, and the bytes by host."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[str, int] = {}
        self._bytes: dict[str, list[int]] = {}
        self._live: set[Conn] = set()

    def refuse(self, host: str, port: int) -> None:
        name = host if port in allow.DEFAULT_PORTS else f"{host}:{port}"
        with self._lock:
            if name in self._refused or len(self._refused) < MAX_REFUSED_NAMES:
                self._refused[name] = self._refused.get(name, 0) + 1

    def opened(self, conn: Conn) -> None:
        with self._lock:
            self._live.add(conn)

    def closed(self, conn: Conn) -> None:
        with self._lock:
            if conn in self._live:
                self._live.remove(conn)
                self._add(conn)

    def _add(self, conn: Conn) -> None:
        got = self._bytes.setdefault(conn.host, [0, 0])
        got[0] += conn.received
        got[1] += conn.sent

    def lines(self) -> str:
        """``refused HOST N`` and ``host HOST IN OUT``, connections that are still open included."""
        with self._lock:
            for conn in tuple(self._live):
                self._add(conn)
            self._live.clear()
            rows = [f"refused {host} {count}" for host, count in self._refused.items()]
            rows += [f"host {host} {got[0]} {got[1]}" for host, got in self._bytes.items()]
        return "\n".join(rows)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, asked once. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class Proxy:
    def __init__(self, network: Network) -> None:
        self.allow = allow.HostList(network.allow)
        self.private = allow.HostList(network.private)
        self.tally = Tally()
        self._count = 0
        self._lock = threading.Lock()

    # -- accepting -----------------------------------------------------------------------------------------

    def serve(self, listener: socket.socket, control: socket.socket) -> None:
        """Until ``control`` says anything or closes. At the limit, connections wait in the backlog."""
        listener.setblocking(False)
        waiting = select.poll()
        waiting.register(control, select.POLLIN)
        full = False
        waiting.register(listener, select.POLLIN)
        while True:
            ready = waiting.poll(50 if full else None)
            if any(fd == control.fileno() for fd, _ in ready):
                return
            if (self._count >= MAX_CONNECTIONS) != full:
                full = not full
                waiting.modify(listener, 0 if full else select.POLLIN)
            if full or not ready:
                continue
            try:
                client, _ = listener.accept()
            except BlockingIOError:
                continue
            except OSError:
                time.sleep(0.05)  # out of descriptors: those in use have an end
                continue
            self._start(client)

    def _start(self, client: socket.socket) -> None:
        with self._lock:
            self._count += 1
        try:
            threading.Thread(target=self._run, args=(client,), daemon=True).start()
        except RuntimeError:  # no more threads
            client.close()
            with self._lock:
                self._count -= 1

    def _run(self, client: socket.socket) -> None:
        try:
            client.setblocking(True)
            tune(client, IDLE_SECONDS)
            self._request(client)
        except Refusal as no:
            self._refuse(client, no)
        except OSError:
            pass  # either side went away: nobody is left to tell
        finally:
            linger_close(client)
            with self._lock:
                self._count -= 1

    def _refuse(self, client: socket.socket, no: Refusal) -> None:
        if no.counted:
            self.tally.refuse(no.host, no.port)
        text = f"vectra-guard: {no.reason}\n".encode("utf-8", "replace")
        head = (
            f"HTTP/1.1 {no.status} {_REASONS.get(no.status, 'Refused')}\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(text)}\r\n"
            "X-Vectra-Guard: refused\r\nConnection: close\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            client.sendall(head.encode() + text)

    # -- one request ---------------------------------------------------------------------------------------

    def _request(self, client: socket.socket) -> None:
        raw, rest = _read_head(client, b"")
        if not raw:
            return
        head = read_head(raw)
        self._permit(head.host, head.port)
        if not head.connect:
            self._plain(client, head, rest)
        else:
            self._tunnel(client, head.host, head.port, rest)

    def _permit(self, host: str, port: int) -> None:
        if not self.allow.names(host, port):
            name = host if port in allow.DEFAULT_PORTS else f"{host}:{port}"
            raise Refusal(
                403,
                f"{name} is not an allowed host; allow it with: vg config allow-host {name}",
                host,
                port,
                counted=True,
            )

    def dial(self, host: str, port: int) -> socket.socket:
        """Connect to a vetted address of ``host``: asked for once, so what was vetted is what is dialled."""
        try:
            addresses = resolve(host, port)
        except (OSError, UnicodeError):
            raise Refusal(502, f"{host}: no address found") from None
        private = self.private.names(host, port)
        vetted = [address for address in addresses if allow.may_dial(address, host, private=private)]
        if not vetted:
            raise Refusal(403, f"{host} is at an address that is not public, and is refused", host, port, counted=True)
        for address in vetted[:MAX_ADDRESSES]:
            try:
                upstream = socket.create_connection((address, port), timeout=DIAL_SECONDS)
            except OSError:
                continue
            upstream.settimeout(None)
            tune(upstream, IDLE_SECONDS)
            return upstream
        raise Refusal(502, f"{host}:{port} does not answer")

    # -- CONNECT -------------------------------------------------------------------------------------------

    def _tunnel(self, client: socket.socket, host: str, port: int, rest: bytes) -> None:
        if port == 80:
            # Plain HTTP through a tunnel (some clients do so): understood and rewritten like any other.
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._plain_tunnel(client, host, port, rest)
            return
        upstream = self.dial(host, port)
        conn = Conn(host, client, upstream)
        self.tally.opened(conn)
        try:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            first = self._first(client, upstream, conn, host, port, rest)
            if first is not None:
                pump(conn, first, IDLE_SECONDS)
        finally:
            upstream.close()
            self.tally.closed(conn)

    def _plain_tunnel(self, client: socket.socket, host: str, port: int, rest: bytes) -> None:
        raw, rest = _read_head(client, rest)
        if raw:
            self._plain(client, read_head(raw, (host, port)), rest)

    def _first(
        self, client: socket.socket, upstream: socket.socket, conn: Conn, host: str, port: int, data: bytes
    ) -> bytes | None:
        """The first bytes of the client, vouched for; None: refused, or nothing came.

        On port 443 nothing but TLS that names the host; on a port that the configuration names, other
        protocols may pass, and there the server may speak first.
        """
        deadline = time.monotonic() + HEAD_SECONDS
        strict = port == 443
        while not data:
            ready = _wait((client,) if strict else (client, upstream), None if not strict else deadline)
            if not ready:
                return None
            if client in ready:
                data = client.recv(65536)
                if not data:
                    return None
            elif not conn.relay_once():
                return None
        if not strict and not tls.looks_like_tls(data):
            return data
        try:
            while (hello := tls.hello_complete(data)) is None:
                more = client.recv(65536) if _wait((client,), deadline) else b""
                if not more or len(data) > 2 * tls.MAX_HELLO:
                    raise tls.Malformed("truncated ClientHello")
                data += more
            named = tls.server_name(hello)
        except tls.Malformed:
            named = ""
        literal = allow.vet(host) != "never" or ":" in host
        if named != host and not (named is None and literal):
            self.tally.refuse(named if named and allow.host_name(named) == named else host, port)
            return None
        return data

    # -- plain HTTP ----------------------------------------------------------------------------------------

    def _plain(self, client: socket.socket, head: Head, rest: bytes) -> None:
        upstream = self.dial(head.host, head.port)
        conn = Conn(head.host, client, upstream)
        self.tally.opened(conn)
        try:
            conn.send(head.forward())
            if head.length or head.chunked:
                threading.Thread(target=conn.send_body, args=(head, rest), daemon=True).start()
            rest = b""
            while True:
                raw, rest = _read_head(upstream, rest, IDLE_SECONDS)
                if not raw:
                    raise Refusal(502, f"{head.host} closed the connection without an answer")
                reply = read_reply(raw, head.method)
                client.sendall(reply.head)
                conn.received += len(raw)
                if reply.status >= 200:
                    break
            conn.receive_body(reply.length, rest)
        finally:
            upstream.close()
            self.tally.closed(conn)


def _wait(sockets: tuple[socket.socket, ...], deadline: float | None) -> list[socket.socket]:
    """The readable ones; none when the deadline (or the idle time) has passed."""
    poll = select.poll()
    for sock in sockets:
        poll.register(sock, select.POLLIN)
    seconds = IDLE_SECONDS if deadline is None else max(deadline - time.monotonic(), 0)
    ready = {fd for fd, _ in poll.poll(int(seconds * 1000))}
    return [sock for sock in sockets if sock.fileno() in ready]


def _read_head(sock: socket.socket, data: bytes, seconds: float = 0.0) -> tuple[bytes, bytes]:
    """(head without its empty line, what came after it); empty when the peer closed before a byte.

    The whole head has one deadline: a client that sends a byte now and then gains nothing. Raises Refusal.
    """
    deadline = time.monotonic() + (seconds or HEAD_SECONDS)
    buffer = bytearray(data)
    searched = 0
    while True:
        end = buffer.find(_END, max(searched - 3, 0))
        if 0 <= end <= MAX_HEAD:
            return bytes(buffer[:end]), bytes(buffer[end + 4 :])
        searched = len(buffer)
        if searched > MAX_HEAD:
            raise Refusal(431, "the head of the request is too large")
        if not _wait((sock,), deadline):
            raise Refusal(408, "the head of the request did not arrive in time")
        piece = sock.recv(65536)
        if not piece:
            if buffer:
                raise Refusal(400, "the head of the request is cut off")
            return b"", b""
        buffer += piece
