"""Bytes between two sockets: counted, with an end to every wait.

Idle limits are the kernel's (``SO_RCVTIMEO``): no extra system call for each piece. A wait that runs into
its limit looks whether the other direction is alive before it gives up, so that a long download is not
idle.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vectra_guard.sandbox.network.http import Head

PIECE = 256 * 1024
LINGER_SECONDS = 1.0
MAX_CHUNK_LINE = 256


def tune(sock: socket.socket, idle: float) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wait = struct.pack("ll", int(idle), int(idle % 1 * 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)


def linger_close(sock: socket.socket) -> None:
    """Close so that what was sent arrives: unread input would make the kernel reset the connection."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        end = time.monotonic() + LINGER_SECONDS
        while (left := end - time.monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(PIECE):
                break
    sock.close()


class Conn:
    """One client and its origin, with the bytes that went each way."""

    def __init__(self, host: str, client: socket.socket, upstream: socket.socket) -> None:
        self.host = host
        self.client = client
        self.upstream = upstream
        self.received = 0  # from the origin
        self.sent = 0
        self.touched = time.monotonic()

    def send(self, data: bytes) -> None:
        self.upstream.sendall(data)
        self.sent += len(data)

    def relay_once(self) -> bool:
        """One piece from the origin to the client; False: the origin has closed."""
        data = self.upstream.recv(PIECE)
        self.received += len(data)
        self.client.sendall(data)
        return bool(data)

    def receive_body(self, length: int | None, data: bytes) -> None:
        """The rest of a response: ``length`` bytes, or until the origin closes."""
        left = length
        while left is None or left > 0:
            if not data:
                data = self.upstream.recv(PIECE if left is None else min(PIECE, left))
                if not data:
                    return
            if left is not None:
                data = data[:left]
                left -= len(data)
            self.received += len(data)
            self.client.sendall(data)
            data = b""

    def send_body(self, head: Head, data: bytes) -> None:
        """The body of a request, and nothing that comes after it. Runs beside the response."""
        with contextlib.suppress(OSError, ValueError):
            if head.chunked:
                self._send_chunks(data)
            else:
                self._send_exactly(head.length, data)
            return
        with contextlib.suppress(OSError):
            self.upstream.shutdown(socket.SHUT_RDWR)  # half a body: the origin must not wait for the rest

    def _send_exactly(self, left: int, data: bytes) -> bytes:
        """Pass ``left`` bytes on, beginning with ``data``; what is over comes back."""
        while True:
            self.send(data[:left])
            data, left = data[left:], left - len(data[:left])
            if not left:
                return data
            data = self.client.recv(min(PIECE, left))
            if not data:
                raise ConnectionError

    def _line(self, data: bytes) -> tuple[bytes, bytes]:
        while b"\r\n" not in data:
            piece = b"" if len(data) > MAX_CHUNK_LINE else self.client.recv(PIECE)
            if not piece:
                raise ValueError("bad chunk")
            data += piece
        line, _, rest = data.partition(b"\r\n")
        return line, rest

    def _send_chunks(self, data: bytes) -> None:
        """Chunks are read strictly and framed anew; extensions and trailers are dropped."""
        while True:
            line, data = self._line(data)
            digits = line.partition(b";")[0].strip(b" \t")
            if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdefABCDEF"):
                raise ValueError("bad chunk size")
            size = int(digits, 16)
            if size == 0:
                self.send(b"0\r\n\r\n")
                return
            self.send(b"%x\r\n" % size)
            data = self._send_exactly(size, data)
            end, data = self._line(data)
            if end:
                raise ValueError("chunk too long")
            self.send(b"\r\n")


def pump(conn: Conn, first: bytes, idle: float) -> None:
    """Both directions until both are closed, or nothing moves for ``idle`` seconds."""
    conn.send(first)
    up = threading.Thread(target=_one_way, args=(conn, conn.client, conn.upstream, idle, True), daemon=True)
    up.start()
    _one_way(conn, conn.upstream, conn.client, idle, False)
    up.join()


def _one_way(conn: Conn, source: socket.socket, sink: socket.socket, idle: float, up: bool) -> None:
    buffer = bytearray(PIECE)
    view = memoryview(buffer)
    try:
        while True:
            try:
                count = source.recv_into(buffer)
            except BlockingIOError:
                if time.monotonic() - conn.touched < idle:
                    continue
                raise
            if not count:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(view[:count])
            conn.touched = time.monotonic()
            if up:
                conn.sent += count
            else:
                conn.received += count
    except OSError:
        # One side is gone or idle: neither direction can go on.
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
