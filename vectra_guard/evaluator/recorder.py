"""Finished runs on their way to the store, written by a process of their own: a locked database holds up no shell.

Rows that cannot be written are lost: counting must never stand in the way of a shell.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import Any

from vectra_guard.evaluator import process

BATCH = 100  # rows
DELAY = 0.5  # seconds that a row may wait for others


class Recorder:
    """The parent's end. The child is forked with the first row, and ends when this end closes."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None

    def put(self, run: dict[str, Any]) -> None:
        if self._channel is None:
            self._channel = _start()
        with contextlib.suppress(OSError):
            self._channel.send(json.dumps(run).encode())

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def _start() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            process.close_all_but({0, 1, 2, theirs.fileno()})
            _write_until_closed(theirs)
        finally:
            os._exit(0)
    theirs.close()
    ours.setblocking(False)  # full: rows are dropped, the parent never waits
    return ours


def _write_until_closed(channel: socket.socket) -> None:
    """Rows come one a datagram; those that come close together are written together."""
    rows: list[dict[str, Any]] = []
    channel.settimeout(None)
    while True:
        try:
            data = channel.recv(1 << 20)
        except TimeoutError:
            data = None
        if data:
            rows.append(json.loads(data))
        if rows and (not data or len(rows) >= BATCH):
            with contextlib.suppress(Exception):  # a row that cannot be written is lost, the next may be fine
                write(rows)
            rows = []
        if data == b"":
            return
        channel.settimeout(DELAY if rows else None)


def write(rows: list[dict[str, Any]]) -> None:
    """Put rows into the store, each under the configuration of the folder where it was typed."""
    # sqlite3 and the configuration are this process's alone: the evaluator itself stays small
    from vectra_guard.config import layers
    from vectra_guard.store import record

    if not _keeper:
        _keeper.append(record.Keeper())
    for row in rows:
        _keeper[0].finished(layers.load(row["cwd"]).config, **row)


_keeper: list[Any] = []
"""The store, open as long as this process lives."""
