"""One process a shell, forked from the warm parent: reads that shell's questions, judges, answers.

A judgement that hangs is ended by the kernel (``setitimer`` with the default action, which works inside C code too)
and takes only this process with it; the parent then answers for it and forks another. A judge that raises is
answered with a refusal. What the parent must know (grants, asks, finished runs) goes over a channel *before* the
shell gets its answer, so ``vg exec`` can never be faster than its grant.
"""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
import os
import re
import select
import signal
import socket
import struct
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from vectra_guard import codec, policy
from vectra_guard.evaluator import framing, grants, process
from vectra_guard.evaluator.framing import Message
from vectra_guard.evaluator.judge import Judge
from vectra_guard.evaluator.protocol import PROTOCOL_VERSION
from vectra_guard.model import Action, Decision, Request

if TYPE_CHECKING:
    from vectra_guard.evaluate import Judgement

WATCHDOG_CPU = 0.5  # seconds of work for one judgement
WATCHDOG_WALL = 1.5  # seconds by the clock: one that waits for something, on a machine that may be loaded
GROWTH = 24 << 20  # bytes of its own after which a worker makes room for a fresh one
CHECK_EVERY = 200  # lines between two looks at that, and two collections of garbage
READ = 1 << 16  # bytes at a time; a buffer of more would be mapped and unmapped for every line
OFF = "Type vg-off to switch the guard off in this shell."
ALWAYS = re.compile(r"\s*(exit( \d+)?|logout|vg-off|vg-on|vg-status|vg( [A-Za-z0-9_./:=,@%+ -]+)?)\s*")
"""Lines that run even when nobody can judge, as in the hooks: leaving, and the guard's own commands."""

_SLOT = struct.Struct("<QB47s")  # turn, length of seq, seq


class Board:
    """A few bytes shared with the parent: which line the shell is at, and what is being judged right now."""

    SIZE = mmap.PAGESIZE

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, self.SIZE)

    @property
    def turn(self) -> int:
        return int(_SLOT.unpack_from(self._map)[0])

    @property
    def judging(self) -> str:
        """Sequence number of the question in hand; empty between questions."""
        _turn, length, seq = _SLOT.unpack_from(self._map)
        return str(seq[:length].decode("ascii", "replace"))

    def begin(self, turn: int, seq: str) -> None:
        raw = seq.encode("ascii", "replace")[:47]
        _SLOT.pack_into(self._map, 0, turn, len(raw), raw)

    def end(self) -> None:
        _SLOT.pack_into(self._map, 0, self.turn, 0, b"")


def watchdog(cpu: float, wall: float) -> None:
    """The kernel ends this process after so much work or time; zero disarms."""
    signal.setitimer(signal.ITIMER_PROF, cpu)
    signal.setitimer(signal.ITIMER_REAL, wall)


class Worker:
    """The loop of one shell's worker. ``run`` returns when there is nothing more to do."""

    def __init__(
        self, judge: Judge, board: Board, channel: socket.socket, question: int, answer: int, spool: str, shell: str
    ) -> None:
        self.judge = judge
        self.board = board
        self.channel = channel
        self.question = question
        self.answer = answer
        self.spool = spool
        self.shell = shell
        self.framer = framing.Framer()
        self.asks: dict[str, tuple[Message, Judgement]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.ident = ""  # the grant of the line in hand: every line of one construct has the same
        self.pending: dict[str, Any] | None = None  # the run of the last line, until its status is known
        self.finished: list[dict[str, Any]] = []  # runs to tell of once the shell has its answer
        self.lines = 0
        self.home = os.environ.get("HOME", "")
        self.baseline = process.private_memory()

    def run(self) -> None:
        for fatal in (signal.SIGALRM, signal.SIGPROF, signal.SIGTERM):
            signal.signal(fatal, signal.SIG_DFL)
        gc.disable()  # not in the middle of a judgement
        poll = select.poll()
        poll.register(self.question, select.POLLIN)
        poll.register(self.channel, select.POLLIN)
        while True:
            for fd, _event in poll.poll():
                if fd == self.question:
                    self._read_pipe()
                elif not self._read_channel():
                    return
            self._report()
            if self.lines >= CHECK_EVERY and not self.framer.buffer and not self.asks:
                self.lines = 0
                gc.collect()
                if process.private_memory() - self.baseline > GROWTH:
                    self._flush()
                    self._report()
                    return

    def _read_pipe(self) -> None:
        try:
            data = os.read(self.question, READ)
        except BlockingIOError:
            return
        for record in self.framer.feed(data):
            for reply in self._handle(record):
                with contextlib.suppress(BlockingIOError):  # full: nobody has read for 64 KiB, nobody waits
                    os.write(self.answer, reply)

    def _read_channel(self) -> bool:
        """A connection of zsh, or what the user answered. False: the parent is gone."""
        data, fds, _flags, _address = socket.recv_fds(self.channel, 1 << 16, 1)
        if not data:
            return False
        if fds:
            self._serve(socket.socket(fileno=fds[0]))
        else:
            message = json.loads(data)
            self.answers[message["id"]] = message
        return True

    def _serve(self, connection: socket.socket) -> None:
        """One question over one connection. The shell hangs up as soon as it has its answer, or gives up."""
        with connection, contextlib.suppress(OSError):
            connection.settimeout(WATCHDOG_WALL)
            framer = framing.Framer()
            while data := connection.recv(READ):
                for record in framer.feed(data):
                    for reply in self._handle(record):
                        connection.sendall(reply)
                    return

    def _handle(self, record: bytes) -> list[bytes]:
        message = framing.parse(record)
        if message is not None and message.spooled:
            message = self._unspool(message.seq)
        if message is None or message.json:
            return []
        turn = self.board.turn + (0 if message.continues or message.want else 1)
        self.board.begin(turn, message.seq)
        watchdog(WATCHDOG_CPU, WATCHDOG_WALL)
        try:
            verdict, payload = self._verdict(message, turn)
        except Exception as err:  # any bug in judging refuses the line instead of ending the worker
            verdict, payload = "B", f"vg: judging this line failed ({type(err).__name__}), not run. {OFF}"
        finally:
            watchdog(0, 0)
            self.board.end()
        self.lines += 1
        return [framing.answer(message.seq, verdict, payload)]

    def _unspool(self, seq: str) -> Message | None:
        """A record too long for a pipe lies in the shell's file; it must be the one that was announced."""
        try:
            with open(self.spool, "rb") as file:
                message = framing.parse(file.read(framing.MAX_RECORD).strip(b"\0"))
            os.unlink(self.spool)
        except OSError:
            return None
        return message if message is not None and message.seq == seq and not message.spooled else None

    def _verdict(self, message: Message, turn: int) -> tuple[str, str]:
        if message.version and message.version != PROTOCOL_VERSION:
            if ALWAYS.fullmatch(message.text):
                return "A", ""
            return "B", f"vg: was upgraded while this shell was open, not run. Open a new shell, or: {OFF}"
        if message.want == "answer":
            return self._answered(message, turn)
        if message.want:
            self._finish(message)
            return "A", ""
        started = time.perf_counter()
        self._finish(message)
        if not message.continues:
            self.ident = ""
        request = Request(
            line=message.text,
            shell=message.shell or self.shell,
            cwd=message.cwd,
            home=self.home if message.environ is None else message.environ.get("HOME", ""),
            interactive=True,
            partial=message.shell == "bash",  # bash hands over each line of a construct as it comes
            comments=message.comments,
        )
        meanings = {"aliases": message.aliases, "functions": message.functions, "environ": message.environ}
        judgement = self.judge.judge(request, **meanings)
        trusted_by = judgement.decision.trust_ids
        if trusted_by and not self.judge.use(trusted_by, request.cwd):
            judgement = self.judge.judge(request, **meanings)
        verdict, payload = self._act(message, judgement, turn)
        if verdict in ("A", "W"):
            self._started(message, judgement.decision, time.perf_counter() - started)
        return verdict, payload

    def _act(self, message: Message, judgement: Judgement, turn: int, choice: str = "") -> tuple[str, str]:
        decision = judgement.decision
        if decision.action is Action.BLOCK:
            self.finished.append(self._run_of(message, decision, "block") | {"status": 3})
            return "B", framing.shorten(f"vg: {policy.refusal(decision)}")
        if decision.action is Action.ASK:
            return "K", self._ask(message, judgement)
        if decision.insertions or decision.whole_line:
            return self._rewritten(message, judgement, turn, choice)
        if decision.warning:
            return "W", framing.shorten(decision.warning)
        return "A", ""

    def _rewritten(self, message: Message, judgement: Judgement, turn: int, choice: str) -> tuple[str, str]:
        decision = judgement.decision
        if not (message.continues and self.ident):
            self.ident = grants.new_ident()
        ident = self.ident
        line = self.judge.rewrite(message.text, decision, ident, message.shell or self.shell)
        if line == message.text:
            return "A", ""
        self._tell(
            "grant",
            asdict(
                grants.Grant(
                    ident=ident,
                    pid=message.pid,
                    turn=turn,
                    line=message.text,
                    shell=message.shell,
                    cwd=message.cwd,
                    decision=codec.decision_to_json(decision),
                    slots=grants.slots_of(judgement.script, decision, message.cwd),
                    whole_line=decision.whole_line,
                    choice=choice,
                    background=any(c.background for c in judgement.script.commands),
                )
            ),
        )
        return "R", line

    def _ask(self, message: Message, judgement: Judgement) -> str:
        ident = grants.new_ident()
        self.asks = {ident: (message, judgement)}  # one at a time: a shell waits for its answer
        self._tell(
            "ask",
            asdict(
                grants.Ask(
                    ident=ident,
                    pid=message.pid,
                    shell=message.shell,
                    line=message.text,
                    cwd=message.cwd,
                    decision=codec.decision_to_json(judgement.decision),
                )
            ),
        )
        return ident

    def _answered(self, message: Message, turn: int) -> tuple[str, str]:
        """What became of an ask. No answer (Ctrl-C, a prompt that failed) means no."""
        self._drain_channel()
        asked = self.asks.pop(message.ident, None)
        answer = self.answers.pop(message.ident, {})
        self.answers.clear()
        if asked is None:
            return "B", f"vg: the question was lost, not run. {OFF}"
        first, judgement = asked
        choice = str(answer.get("choice", "no"))
        decision = judgement.decision
        offered = decision.sandbox_offered if choice == "sandbox" else decision.host_offered
        if choice in ("host", "remember", "sandbox") and offered:
            chosen = replace(judgement, decision=self.judge.after_answer(decision, choice))
            verdict, payload = self._act(first, chosen, turn, choice)
            if verdict == "A":
                self._started(first, decision, 0.0, answer=choice)
            return verdict, payload
        self.finished.append(self._run_of(first, decision, "block") | {"status": 3, "answer": "no"})
        return "B", "vg: not run"

    def _drain_channel(self) -> None:
        """The parent sends an answer before it lets ``vg ask`` go, so it is already here."""
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        while poll.poll(0):
            if not self._read_channel():
                return

    def _started(self, message: Message, decision: Decision, overhead: float, answer: str = "") -> None:
        """A line that runs on the host: its row is complete when the next question brings status and duration."""
        self.pending = self._run_of(message, decision, "host") | {"overhead": overhead, "answer": answer}

    def _run_of(self, message: Message, decision: Decision, action: str) -> dict[str, Any]:
        return {
            "command": message.text, "cwd": message.cwd, "shell": message.shell, "decision": action,
            "runtime": "none" if action == "block" else "host", "risk": decision.risk.label, "reason": decision.reason,
            "rules": list(dict.fromkeys(f.rule for f in decision.findings)), "trusted": decision.trusted,
            "status": 0, "duration": 0.0, "overhead": 0.0, "answer": "",
        }  # fmt: skip

    def _finish(self, message: Message) -> None:
        if self.pending is None or message.continues:
            return
        if message.status is not None:
            self.pending["status"] = message.status
        if message.millis is not None:
            self.pending["duration"] = message.millis / 1000
        self._flush()

    def _flush(self) -> None:
        if self.pending is not None:
            self.finished.append(self.pending)
            self.pending = None

    def _report(self) -> None:
        """After the answer: the parent and the recorder, woken before it, would only keep the shell waiting."""
        for run in self.finished:
            self._tell("run", run)
        self.finished.clear()

    def _tell(self, what: str, data: dict[str, Any]) -> None:
        """Ordered before our answer. A line too long for one datagram is not granted: ``vg exec`` starts afresh."""
        raw = json.dumps({"op": what, **data}).encode("utf-8", "surrogateescape")
        with contextlib.suppress(OSError):  # full, because the parent is stuck: nobody waits for that
            self.channel.send(raw, socket.MSG_DONTWAIT)
