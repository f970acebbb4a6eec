"""The resident evaluator, one per user: a warm parent that never judges, and one forked worker a shell.

The parent owns the endpoints, watches shells and workers by pidfd, keeps grants and asks, and answers ``vg``. It does
nothing that can block for long, so no shell can hold up another. It leaves a few seconds after its last shell, and
makes room for a successor when the package was upgraded underneath. When it cannot start, it ends with a sentence in
``error`` in the runtime folder; without it every hook refuses (fails closed).
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import vectra_guard
from vectra_guard import paths
from vectra_guard.evaluator import endpoints, framing, process, recorder, rescue
from vectra_guard.evaluator.aside import Aside
from vectra_guard.evaluator.client import START
from vectra_guard.evaluator.endpoints import Endpoints, Pair
from vectra_guard.evaluator.grants import Ask, Grant, Ledger, Slot
from vectra_guard.evaluator.judge import Judge
from vectra_guard.evaluator.worker import OFF, Board, Worker

IDLE = 3.0  # seconds without a shell after which it leaves
PATIENCE = 15.0  # the same, before the first shell has come
AGENT_STAY = 600.0  # the same, after a question of an agent's hook: the next one comes within a conversation
TICK = 2.0  # seconds between two looks at whether the package changed


@dataclass(slots=True)
class Shell:
    """One interactive shell and the process that judges for it."""

    pid: int
    kind: str
    pidfd: int
    pair: Pair
    board: Board
    channel: socket.socket | None = None
    worker: int = 0
    worker_fd: int = -1


class Server:
    def __init__(self, judge: Judge, ends: Endpoints, start: Sequence[str] = START) -> None:
        self.judge = judge
        self.ends = ends
        self.start = tuple(start)
        self.shells: dict[int, Shell] = {}
        self.ledger = Ledger()
        self.recorder = recorder.Recorder()
        self.aside = Aside(judge, self._watch, self._unwatch)
        self.poll = select.epoll()
        self.handlers: dict[int, Callable[[], None]] = {}
        self.registrations = b""
        self.stamp = package_stamp()
        self.born = time.monotonic()
        self.idle_since = self.born + PATIENCE - IDLE
        self.running = True
        self.succeed = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        self._watch(self.ends.ctl, self._on_registration)
        self._watch(self.ends.listener.fileno(), self._on_connection)
        gc.collect()
        gc.freeze()  # forked workers then share these pages for good
        for pid in self.ends.known_shells():
            self._attach(pid, "")
        self.ends.announce(vectra_guard.__version__)
        while self.running:
            for fd, _events in self.poll.poll(TICK if self.shells else IDLE / 4):
                if handler := self.handlers.get(fd):
                    handler()
            self._tick()
        self._leave()

    # --- shells and workers ------------------------------------------------------------------------------------

    def _attach(self, pid: int, kind: str) -> Shell | None:
        if shell := self.shells.get(pid):
            return shell
        try:
            if os.stat(f"/proc/{pid}").st_uid != os.getuid():
                return None
            pidfd = os.pidfd_open(pid)
        except OSError:
            self.ends.forget(pid)
            return None
        try:
            pair = self.ends.open_pair(pid)
        except OSError:  # no room for its files: this shell refuses, the others go on
            os.close(pidfd)
            return None
        shell = Shell(pid, kind, pidfd, pair, Board())
        self.shells[pid] = shell
        self._watch(pidfd, lambda: self._detach(shell))
        self._fork(shell)
        return shell

    def _detach(self, shell: Shell) -> None:
        """The shell is gone. Its worker sees the channel close and follows; its handler stays to reap it."""
        self._drain(shell)
        del self.shells[shell.pid]
        self._unwatch(shell.pidfd)
        os.close(shell.pidfd)
        self._close_channel(shell)
        shell.pair.close()
        self.ends.forget(shell.pid)
        self.ledger.drop_shell(shell.pid)
        self.idle_since = time.monotonic()

    def _fork(self, shell: Shell) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            self._become_worker(shell, theirs)
        theirs.close()
        ours.setblocking(False)
        shell.channel, shell.worker, shell.worker_fd = ours, pid, os.pidfd_open(pid)
        self._watch(ours.fileno(), lambda: self._drain(shell))
        self._watch(shell.worker_fd, lambda fd=shell.worker_fd: self._on_worker_exit(shell, pid, fd))  # type: ignore[misc]

    def _become_worker(self, shell: Shell, channel: socket.socket) -> None:
        """In the child. Never returns, so that nothing of the parent's is unwound here."""
        try:
            keep = {0, 1, 2, shell.pair.question, shell.pair.answer, channel.fileno()}
            process.close_all_but(keep)
            spool = self.ends.path(f"{shell.pid}.rec")
            Worker(self.judge, shell.board, channel, shell.pair.question, shell.pair.answer, spool, shell.kind).run()
        finally:
            os._exit(0)

    def _on_worker_exit(self, shell: Shell, worker: int, worker_fd: int) -> None:
        self._unwatch(worker_fd)
        os.close(worker_fd)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(worker, 0)
        if self.shells.get(shell.pid) is not shell:
            return
        self._drain(shell)
        self._close_channel(shell)
        seq = shell.board.judging
        shell.board.end()
        self._fork(shell)
        if seq:  # it died over a question: whoever waits for the answer gets one now
            refusal = framing.answer(seq, "B", f"vg: this line could not be judged in time, not run. {OFF}")
            with contextlib.suppress(BlockingIOError):
                os.write(shell.pair.answer, refusal)

    def _drain(self, shell: Shell) -> None:
        """Take what a worker has said so far."""
        while shell.channel is not None:
            try:
                data = shell.channel.recv(1 << 20)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._unwatch(shell.channel.fileno())
                return
            self._heard(json.loads(data))

    def _heard(self, said: dict[str, Any]) -> None:
        what = said.pop("op")
        if what == "grant":
            said["slots"] = tuple(Slot(**slot) for slot in said["slots"])
            self.ledger.add_grant(Grant(**said))
        elif what == "ask":
            self.ledger.add_ask(Ask(**said))
        elif what == "run":
            self.recorder.put(said)

    def _close_channel(self, shell: Shell) -> None:
        if shell.channel is not None:
            self._unwatch(shell.channel.fileno())
            shell.channel.close()
            shell.channel = None

    # --- what comes in -----------------------------------------------------------------------------------------

    def _on_registration(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.registrations += os.read(self.ends.ctl, 65536)
        *lines, self.registrations = self.registrations.split(b"\n")
        for line in lines:
            words = line.split()
            if len(words) == 3 and words[0] == b"R" and words[1].isdigit():
                self._attach(int(words[1]), words[2].decode("ascii", "replace"))

    def _on_connection(self) -> None:
        try:
            connection, _address = self.ends.listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        pid, uid = endpoints.peer(connection)
        if uid != os.getuid():
            connection.close()
            return
        framer = framing.Framer()
        self._watch(connection.fileno(), lambda: self._on_client(connection, pid, framer))
        self._on_client(connection, pid, framer)

    def _on_client(self, connection: socket.socket, pid: int, framer: framing.Framer) -> None:
        """A shell's question goes to its worker with the connection itself; a call of ``vg`` is answered here."""
        try:
            if not framer.buffer and connection.recv(3, socket.MSG_PEEK)[2:3] not in (b"j", b""):
                self._hand_over(connection, pid)
                self._hang_up(connection)
                return
            data = connection.recv(1 << 20)
            records = list(framer.feed(data))
            for record in records:
                message = framing.parse(record)
                if message is not None and message.json:
                    self._call(connection, pid, message.json)
            if not data or records:
                self._hang_up(connection)
        except BlockingIOError:
            return
        except Exception:  # whatever a client sends, it ends its own connection and not the evaluator
            self._hang_up(connection)

    def _hand_over(self, connection: socket.socket, pid: int) -> None:
        shell = self._attach(pid, "zsh")
        if shell is not None and shell.channel is not None:
            with contextlib.suppress(OSError):  # closed unanswered: the shell refuses the line
                socket.send_fds(shell.channel, [b"C"], [connection.fileno()])

    def _hang_up(self, connection: socket.socket) -> None:
        if connection.fileno() >= 0:
            self._unwatch(connection.fileno())
            connection.close()

    # --- calls of vg -------------------------------------------------------------------------------------------

    def _call(self, connection: socket.socket, pid: int, text: str) -> None:
        call = json.loads(text)
        if call.get("version", vectra_guard.__version__) != vectra_guard.__version__:
            self._make_room()
            reply: dict[str, Any] | None = {"ok": False, "error": "another version is installed now; starting it"}
        elif call.get("op") in ("judge", "hook-json"):
            if call["op"] == "hook-json":
                self.idle_since = time.monotonic() + AGENT_STAY - IDLE
            self.aside.hand(connection, call)
            reply = None
        else:
            reply = self._answer(call, pid)
        if reply is not None:
            endpoints.reply(connection, json.dumps(reply))

    def _answer(self, call: dict[str, Any], pid: int) -> dict[str, Any]:
        for shell in self.shells.values():
            self._drain(shell)
        operations: dict[str, Callable[[dict[str, Any], int], dict[str, Any]]] = {
            "grant": self._op_grant,
            "ask": self._op_ask,
            "answer": self._op_answer,
            "status": self._op_status,
            "reload": self._op_reload,
            "stop": self._op_stop,
        }
        operation = operations.get(str(call.get("op")))
        if operation is None:
            return {"ok": False, "error": "unknown operation"}
        return operation(call, pid)

    def _op_grant(self, call: dict[str, Any], pid: int) -> dict[str, Any]:
        argv = call.get("argv") or None
        token = str(call.get("id", ""))
        owner = self.ledger.owner(token)
        shell = self.shells.get(owner)
        turn = shell.board.turn if shell is not None else None
        words = [str(word) for word in argv] if argv is not None else None
        found = self.ledger.grant(token, words, str(call.get("cwd", "")), turn)
        if found is None or not (endpoints.descends(pid, owner) or found[0].background):
            return {"ok": False, "error": "unknown grant"}
        grant, slot = found
        return {
            "ok": True,
            "line": grant.line,
            "shell": grant.shell,
            "cwd": grant.cwd,
            "choice": grant.choice,
            "decision": grant.decision,
            "whole_line": slot is None,
            "command": slot.command if slot else None,
            "kind": slot.kind if slot else "sandbox",
            "review": slot.review if slot else grant.decision["review"],
        }

    def _op_ask(self, call: dict[str, Any], pid: int) -> dict[str, Any]:
        ask = self.ledger.ask(str(call.get("id", "")))
        if ask is None or not endpoints.descends(pid, ask.pid):
            return {"ok": False, "error": "unknown ask"}
        decision = ask.decision
        choices = [
            *(["host", "remember"] if decision["host_offered"] else []),
            *(["sandbox"] if decision["sandbox_offered"] else []),
            "explain",
            "no",
        ]
        return {
            "ok": True,
            "id": ask.ident,
            "line": ask.line,
            "cwd": ask.cwd,
            "shell": ask.shell,
            "decision": decision,
            "choices": choices,
        }

    def _op_answer(self, call: dict[str, Any], pid: int) -> dict[str, Any]:
        """Keep what the user chose and tell the worker, before the prompt that asked can end."""
        ask = self.ledger.ask(str(call.get("id", "")))
        shell = self.shells.get(ask.pid) if ask else None
        if ask is None or shell is None or shell.channel is None or not endpoints.descends(pid, ask.pid):
            return {"ok": False, "error": "unknown ask"}
        if ask.answered is not None:
            return {"ok": False, "error": "already answered"}
        ask.answered = {key: call.get(key) for key in ("id", "choice", "scope", "duration")}
        try:
            shell.channel.send(json.dumps(ask.answered).encode())
        except OSError:
            return {"ok": False, "error": "unknown ask"}
        return {"ok": True}

    def _op_status(self, _call: dict[str, Any], _pid: int) -> dict[str, Any]:
        return {
            "ok": True,
            "version": vectra_guard.__version__,
            "pid": os.getpid(),
            "uptime": time.monotonic() - self.born,
            "shells": [
                {"pid": s.pid, "shell": s.kind, "worker": s.worker, "lines": s.board.turn} for s in self.shells.values()
            ],
        }

    def _op_reload(self, _call: dict[str, Any], _pid: int) -> dict[str, Any]:
        self._make_room()
        return {"ok": True}

    def _op_stop(self, _call: dict[str, Any], _pid: int) -> dict[str, Any]:
        self._stop()
        return {"ok": True}

    # --- life and death ----------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = time.monotonic()
        with contextlib.suppress(ChildProcessError):
            while self._reap_stray():
                pass
        rescue.continue_stopped()
        if not os.path.exists(self.ends.path("ctl")) or package_stamp() != self.stamp:
            self._make_room()
        elif not self.shells and now - self.idle_since > IDLE:
            self._stop()

    def _reap_stray(self) -> bool:
        """Children without a handler (``aside``, ``recorder``). Workers are left to theirs."""
        workers = {shell.worker for shell in self.shells.values()}
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None or found.si_pid in workers:
            return False
        os.waitpid(found.si_pid, 0)
        return True

    def _stop(self) -> None:
        self.running = False

    def _make_room(self) -> None:
        self.succeed = True
        self.running = False

    def _leave(self) -> None:
        self.recorder.close()
        for shell in self.shells.values():
            self._close_channel(shell)
        self.ends.close(keep_shells=bool(self.shells))
        if self.succeed and self.shells:
            subprocess.Popen(self.start, start_new_session=True, stdin=subprocess.DEVNULL)

    def _watch(self, fd: int, handler: Callable[[], None]) -> None:
        self.handlers[fd] = handler
        self.poll.register(fd, select.EPOLLIN)

    def _unwatch(self, fd: int) -> None:
        if self.handlers.pop(fd, None) is not None:
            self.poll.unregister(fd)


def package_stamp() -> tuple[int, int]:
    """Changes when another version of the package is put in this one's place."""
    try:
        info = os.stat(vectra_guard.__file__)
    except OSError:
        return (0, 0)
    return (info.st_mtime_ns, info.st_ino)


def serve(make_judge: Callable[[], Judge], start: Sequence[str] = START) -> None:
    """Become the resident evaluator, unless this user has one."""
    process.detach()
    folder = paths.runtime_dir()
    try:
        ends = Endpoints(folder)
    except endpoints.AlreadyRunning:
        if not rescue.end_hung(folder):
            return
        ends = Endpoints(folder)
    try:
        Server(make_judge(), ends, start).run()
    except Exception as err:  # nobody reads our standard error: the sentence is left where `vg doctor` finds it
        ends.leave_word(f"{type(err).__name__}: {err}")
        ends.close(keep_shells=True)
        raise


def main() -> None:
    from vectra_guard.evaluator.judge import GuardJudge

    serve(GuardJudge)
