"""One run in bubblewrap: start, limit, connect, supervise, clean up.

The order matters: the sandbox is built but its command blocked until limits are set and the network's only door
is open. Everything opened or started here is closed or ended on every way out.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from typing import Any, Protocol

from vectra_guard.errors import SandboxError
from vectra_guard.model import Network, Outcome, SandboxSpec
from vectra_guard.sandbox import limits, spawn, supervise
from vectra_guard.sandbox.runtimes import bubblewrap

TIMED_OUT = 124


class Door(Protocol):
    """What ``sandbox.network.start`` gives: the proxy, listening inside."""

    def stop(self) -> Any: ...


def run(spec: SandboxSpec, binary: str) -> Outcome:
    began = time.perf_counter()
    terminal = all(os.isatty(fd) for fd in (0, 1, 2))
    own_session = not terminal and not any(os.isatty(fd) for fd in (0, 1, 2))
    root = os.getuid() == 0
    env = dict(spec.env) | _network_environment(spec.network)
    spec = _with_environment(spec, env)
    options = bubblewrap.arguments(
        spec,
        root=root,
        uid=1000 if root else os.getuid(),
        gid=1000 if root else os.getgid(),
        new_session=own_session,
    )
    pipes = spawn.Pipes(options)
    prefix = spawn.launcher(spec.argv)
    words = ["bwrap", *pipes.first, "--", *prefix, *spec.argv]
    try:
        if terminal:
            from vectra_guard.sandbox import terminal as relay

            with relay.Terminal(binary, words, pipes.passed, shield=bool(prefix)) as screen:
                return _supervised(spec, pipes, screen.outer, began, root, screen=screen)
        outer = os.fork()
        if outer == 0:
            spawn.execute(binary, words, pipes.passed, shield=bool(prefix))
        return _supervised(spec, pipes, outer, began, root, own_session=own_session)
    finally:
        pipes.close()


def _with_environment(spec: SandboxSpec, env: Mapping[str, str]) -> SandboxSpec:
    from dataclasses import replace

    return replace(spec, env=env)


def _network_environment(network: Network) -> Mapping[str, str]:
    if network.mode != "restricted":
        return {}
    from vectra_guard.sandbox.network import environment

    found: Mapping[str, str] = environment()
    return found


def _open_door(network: Network, pid: int) -> Door | None:
    if network.mode != "restricted":
        return None
    from vectra_guard.sandbox.network import start

    door: Door = start(network, pid)
    return door


def _supervised(
    spec: SandboxSpec,
    pipes: spawn.Pipes,
    outer: int,
    began: float,
    root: bool,
    *,
    own_session: bool = False,
    screen: Any = None,
) -> Outcome:
    pipes.close_passed()
    supervisor: supervise.Supervisor | None = None
    door: Door | None = None
    traffic: Any = None
    reaped = screen is not None
    watched = supervise.watched_signals(own_session)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        first = pipes.first_pid()
        supervisor = supervise.Supervisor(outer, first, spec.limits)
        degraded = [*limits.apply(first, spec.limits, root=root), *_degraded(spec)]
        door = _open_door(spec.network, first)
        if screen is None:
            signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        released = time.perf_counter()
        pipes.release()
        if screen is None:
            status = supervise.wait(outer, supervisor, own_session=own_session)
            reaped = True
        else:
            status = screen.relay(supervisor)
        supervisor.close()
        finished = time.perf_counter()
        if door is not None:
            traffic, door = door.stop(), None
        if not pipes.command_started() and not supervisor.ended and os.WIFEXITED(status):
            raise SandboxError("bubblewrap could not build the sandbox; its message is above")
        return Outcome(
            status=_status(status, supervisor),
            duration=finished - released,
            overhead=released - began,
            timed_out=supervisor.timed_out,
            refused_hosts=tuple(traffic.refused) if traffic is not None else (),
            degraded=tuple(degraded),
            ended=supervisor.ended,
        )
    finally:
        if not reaped:
            supervise.send(outer, signal.SIGKILL)
            os.waitpid(outer, 0)
        if supervisor is not None:
            supervisor.close()
        if door is not None:
            door.stop()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _status(status: int, supervisor: supervise.Supervisor) -> int:
    if supervisor.timed_out:
        return TIMED_OUT
    if supervisor.ended:
        return 128 + signal.SIGKILL
    return supervise.exit_status(status)


def _degraded(spec: SandboxSpec) -> list[str]:
    return ["noexec /tmp: not available with bubblewrap"] if spec.noexec_tmp else []
