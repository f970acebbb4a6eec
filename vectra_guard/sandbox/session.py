"""One run in bubblewrap: start, limit, connect, supervise, clean up.

The order matters: the sandbox is built but its command blocked until limits are set and the network's only door
is open. Everything opened or started here is closed or ended on every way out.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from vectra_guard.errors import SandboxError
from vectra_guard.model import Outcome, SandboxSpec
from vectra_guard.paths import APP
from vectra_guard.sandbox import confine, limits, spawn, supervise
from vectra_guard.sandbox.runtimes import bubblewrap
from vectra_guard.sandbox.spec import INSIDE_ID

if TYPE_CHECKING:
    from vectra_guard.sandbox.caches import Lease
    from vectra_guard.sandbox.workspace.view import View

TIMED_OUT = 124


class Door(Protocol):
    """The proxy, listening inside."""

    def stop(self) -> Any: ...


class PendingDoor(Protocol):
    """The proxy's process, started early so that it is ready when the sandbox is."""

    def attach(self, pid: int) -> Door: ...

    def cancel(self) -> None: ...


def run(spec: SandboxSpec, binary: str) -> Outcome:
    if spec.workspace_mode != "review":
        return _run(spec, binary)
    view = _view(spec)
    try:
        outcome = _run(view.spec, binary)
    except SandboxError:
        view.cancel()  # the command has not started
        raise
    # any other way out leaves the view for `vg review`
    return replace(outcome, review=view.finish(outcome.status))


def _view(spec: SandboxSpec) -> View:
    # only a run that is reviewed pays for it
    from vectra_guard.sandbox.workspace import view

    return view.prepare(spec)


def _run(spec: SandboxSpec, binary: str) -> Outcome:
    began = time.perf_counter()
    streams = [os.isatty(fd) for fd in (0, 1, 2)]
    own_session = not any(streams)
    root = os.getuid() == 0
    lease = _lease(spec)
    door: PendingDoor | None = None
    pipes: spawn.Pipes | None = None
    try:
        if lease is not None:
            spec = replace(spec, mounts=lease.mounts)
        door, spec = _network(spec)
        spec, steps, weaker = confine.plan(spec, own_group=own_session or all(streams))
        options = bubblewrap.arguments(
            spec,
            root=root,
            uid=INSIDE_ID if root else os.getuid(),
            gid=INSIDE_ID if root else os.getgid(),
            new_session=own_session,
        )
        pipes = spawn.Pipes(options)
        prefix = spawn.launcher(spec.argv)
        words = ["bwrap", *pipes.first, "--", *prefix, *spec.argv]
        start = spawn.Start(binary, words, pipes.passed, shield=bool(prefix), before=steps)
        if all(streams):
            from vectra_guard.sandbox import terminal

            with terminal.Terminal(start) as screen:
                ended = _supervised(spec, pipes, screen.outer, began, door, weaker, screen=screen)
        else:
            outer = os.fork()
            if outer == 0:
                spawn.execute(start)
            ended = _supervised(spec, pipes, outer, began, door, weaker, own_session=own_session)
        return _with_caches(ended, lease)
    finally:
        if pipes is not None:
            pipes.close()
        if door is not None:
            door.cancel()
        if lease is not None:
            lease.close()


def _lease(spec: SandboxSpec) -> Lease | None:
    if not any(f"/{APP}/packages/" in (mount.upper or mount.source) for mount in spec.mounts):
        return None  # and the import is not paid for
    from vectra_guard.sandbox import caches

    return caches.begin(spec.mounts)


def _with_caches(ended: tuple[Outcome, int | None], lease: Lease | None) -> Outcome:
    """Keep what a successful run fetched, and say whether the caches served it."""
    outcome, received = ended
    if lease is None:
        return outcome
    hit = lease.finish(ok=outcome.status == 0, received=received)
    return replace(outcome, cache_hit=hit)


def _network(spec: SandboxSpec) -> tuple[PendingDoor | None, SandboxSpec]:
    if spec.network.mode != "restricted":
        return None, spec
    from vectra_guard.sandbox import network

    # what the user set for a client (a company mirror's own proxy) cannot work inside: ours wins
    return network.prepare(spec.network), replace(spec, env={**spec.env, **network.environment(spec.env)})


def _supervised(
    spec: SandboxSpec,
    pipes: spawn.Pipes,
    outer: int,
    began: float,
    pending: PendingDoor | None,
    weaker: list[str],
    *,
    own_session: bool = False,
    screen: Any = None,
) -> tuple[Outcome, int | None]:
    """The outcome, and how many bytes came through the proxy (None: there was none)."""
    pipes.close_passed()
    supervisor: supervise.Supervisor | None = None
    door: Door | None = None
    traffic: Any = None
    root = os.getuid() == 0
    reaped = screen is not None
    watched = supervise.watched_signals(own_session)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        first = pipes.first_pid()
        supervisor = supervise.Supervisor(outer, first, spec.limits)
        degraded = [*limits.apply(first, spec.limits, root=root), *weaker]
        door = pending.attach(first) if pending is not None else None
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
        outcome = Outcome(
            status=_status(status, supervisor),
            duration=finished - released,
            overhead=released - began,
            timed_out=supervisor.timed_out,
            refused_hosts=tuple(traffic.refused) if traffic is not None else (),
            degraded=tuple(degraded),
            ended=supervisor.ended,
        )
        return outcome, traffic.bytes_in if traffic is not None else None
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
