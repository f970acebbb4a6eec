"""Judges for ``vg`` and for coding agents, in a process beside the shells' workers: no line stops the parent.

One child is kept warm between questions; a question that comes while it is busy gets a fresh one. A child that hangs or
dies takes its connection with it: whoever asked then judges by itself.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from typing import Any

from vectra_guard import codec
from vectra_guard.evaluator import endpoints, process
from vectra_guard.evaluator.judge import Judge
from vectra_guard.evaluator.worker import WATCHDOG_CPU, WATCHDOG_WALL, watchdog
from vectra_guard.model import Request

QUESTIONS = 500  # after which a child makes room for a fresh one: what it has kept is given back
DONE = b"."


class Aside:
    """The parent's end. ``watch`` and ``unwatch`` are those of its event loop."""

    def __init__(
        self, judge: Judge, watch: Callable[[int, Callable[[], None]], None], unwatch: Callable[[int], None]
    ) -> None:
        self._judge, self._watch, self._unwatch = judge, watch, unwatch
        self._idle: socket.socket | None = None

    def hand(self, connection: socket.socket, call: dict[str, Any]) -> None:
        """Pass a question on with the connection to answer. What cannot be passed on is not answered."""
        channel = self._idle or self._start()
        self._idle = None
        try:
            socket.send_fds(channel, [json.dumps(call).encode()], [connection.fileno()])
        except OSError:  # too long for one datagram, or the child has just died
            self._close(channel)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            try:
                process.close_all_but({0, 1, 2, theirs.fileno()})
                serve(self._judge, theirs)
            finally:
                os._exit(0)
        theirs.close()
        self._watch(ours.fileno(), lambda: self._heard(ours))
        return ours

    def _heard(self, channel: socket.socket) -> None:
        if channel.recv(1) == DONE and self._idle is None:
            self._idle = channel
        else:
            self._close(channel)

    def _close(self, channel: socket.socket) -> None:
        """The child reads the end and leaves."""
        self._unwatch(channel.fileno())
        channel.close()
        if self._idle is channel:
            self._idle = None


def serve(judge: Judge, channel: socket.socket) -> None:
    """The child. Returns when the parent is gone or enough has been answered."""
    for _ in range(QUESTIONS):
        data, fds, _flags, _address = socket.recv_fds(channel, 1 << 20, 1)
        if not data:
            return
        call = json.loads(data)
        with socket.socket(fileno=fds[0]) as connection:
            watchdog(WATCHDOG_CPU, WATCHDOG_WALL)
            text, afterwards = _for_agent(judge, call) if call["op"] == "hook-json" else _for_vg(judge, call)
            watchdog(0, 0)
            endpoints.reply(connection, text)
        afterwards()
        channel.send(DONE)


def _for_vg(judge: Judge, call: dict[str, Any]) -> tuple[str, Callable[[], None]]:
    argv = call.get("argv")
    request = Request(
        line=str(call.get("line", "")),
        shell=str(call.get("shell", "bash")),
        cwd=str(call.get("cwd", "/")),
        home=str(call.get("home", "")),
        interactive=bool(call.get("interactive")),
        argv=tuple(map(str, argv)) if argv is not None else None,
    )
    judgement = judge.judge(request, environ=call.get("environ"), flags=call.get("flags"))
    return json.dumps({"ok": True, "decision": codec.decision_to_json(judgement.decision)}), lambda: None


def _for_agent(judge: Judge, call: dict[str, Any]) -> tuple[str, Callable[[], None]]:
    from vectra_guard import agents, shells  # in the child: a user without agents does not pay for them

    home = os.environ.get("HOME", "")
    text, judged = agents.respond(
        call["format"], call["payload"], cwd="/", home=home, vg=shells.vg(), judge=judge.judge, use=judge.use
    )
    return text, lambda: agents.count(judged) if judged is not None else None
