"""Restricted network: a sandbox without any route, and one door that we keep.

``prepare`` starts the proxy's process early (it costs the launch a fork), ``Pending.attach`` puts its
listening socket into the sandbox's network namespace, ``Handle.stop`` ends it and says what was refused and
transferred. ``environment`` is what clients inside need; it is known before anything is started.

Fails closed: without the proxy there is no network inside. Raises SandboxError when it cannot be started.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from vectra_guard.errors import SandboxError
from vectra_guard.model import Network
from vectra_guard.sandbox.network import child

PORT = 3128
START_SECONDS = 15.0
STOP_SECONDS = 3.0

_NO_PROXY = "localhost,127.0.0.1,::1"
_FOR_ALL = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
# Clients whose own settings would win over the variables above, or that read only their own.
_FOR_ONE = (
    "PIP_PROXY", "npm_config_proxy", "npm_config_https_proxy", "YARN_HTTP_PROXY", "YARN_HTTPS_PROXY",
    "CARGO_HTTP_PROXY",
)  # fmt: skip
_JAVA = ("MAVEN_OPTS", "GRADLE_OPTS")


class Traffic(NamedTuple):
    """What went through. Bytes are those of the tunnels and bodies, as the wire had them."""

    refused: tuple[tuple[str, int], ...] = ()  # (host or host:port, how often), most refused first
    bytes_in: int = 0
    bytes_out: int = 0
    hosts: Mapping[str, int] = MappingProxyType({})  # host -> bytes received


def environment(base: Mapping[str, str] | None = None, port: int = PORT) -> dict[str, str]:
    """Variables that lead the usual clients to the proxy. ``base``: variables that some of them are added
    to."""
    base = base or {}
    url = f"http://127.0.0.1:{port}"
    env = dict.fromkeys((*_FOR_ALL, *_FOR_ONE), url)
    env |= dict.fromkeys(("NO_PROXY", "no_proxy", "npm_config_noproxy"), _NO_PROXY)
    env["NODE_USE_ENV_PROXY"] = "1"  # node's own fetch, from 22.21 and 24 on; older ones stay without network
    # Not JAVA_TOOL_OPTIONS: every JVM would announce it on stderr.
    java = " ".join(f"-D{kind}.proxyHost=127.0.0.1 -D{kind}.proxyPort={port}" for kind in ("http", "https"))
    java += " -Dhttp.nonProxyHosts=localhost|127.*|[::1] -Daether.connector.http.useSystemProperties=true"
    env |= {name: f"{base[name]} {java}" if base.get(name) else java for name in _JAVA}
    return env


class Handle:
    """A proxy that serves a sandbox."""

    def __init__(self, pid: int, control: socket.socket, port: int) -> None:
        self._pid = pid
        self._control: socket.socket | None = control
        self._port = port
        self._traffic = Traffic()

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        return environment(base, self._port)

    def stop(self) -> Traffic:
        """End the proxy and its connections; what it counted. May be called again: same answer."""
        control, self._control = self._control, None
        if control is None:
            return self._traffic
        text = b""
        try:
            control.settimeout(STOP_SECONDS)
            control.sendall(b"stop")
            while piece := control.recv(65536):
                text += piece
        except OSError:
            text = b""  # it died or hangs: nothing it counted can be relied on
        control.close()
        _end(self._pid)
        self._traffic = _read(text.decode("utf-8", "replace"))
        return self._traffic


class Pending:
    """A proxy process that waits for its sandbox."""

    def __init__(self, pid: int, control: socket.socket, port: int) -> None:
        self._pid = pid
        self._control = control
        self._port = port

    def attach(self, pid: int) -> Handle:
        """Listen inside the network namespace of ``pid``. Raises SandboxError; then the process is gone."""
        answer = ""
        try:
            self._control.settimeout(START_SECONDS)
            self._control.sendall(str(pid).encode())
            answer = self._control.recv(4096).decode("utf-8", "replace")
        except OSError as err:
            answer = f"error {err}"
        if answer != "ok":
            self.cancel()
            why = answer.removeprefix("error ") or "its process died"
            raise SandboxError(f"the sandbox's network proxy did not start: {why}")
        return Handle(self._pid, self._control, self._port)

    def cancel(self) -> None:
        self._control.close()
        _end(self._pid)


def prepare(network: Network, port: int = PORT) -> Pending:
    """Fork the proxy's process now, so that it is ready when the sandbox is."""
    try:
        pid, control = child.fork(network, port)
    except OSError as err:
        raise SandboxError(f"the sandbox's network proxy did not start: {err}") from err
    return Pending(pid, control, port)


def start(network: Network, pid: int, port: int = PORT) -> Handle:
    """Both at once, for a sandbox whose first process is ``pid``."""
    return prepare(network, port).attach(pid)


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def _read(text: str) -> Traffic:
    refused: list[tuple[str, int]] = []
    hosts: dict[str, int] = {}
    sent = 0
    for line in text.splitlines():
        kind, name, *numbers = line.split(" ")
        if kind == "refused":
            refused.append((name, int(numbers[0])))
        else:
            hosts[name] = int(numbers[0])
            sent += int(numbers[1])
    refused.sort(key=lambda pair: (-pair[1], pair[0]))
    return Traffic(tuple(refused), sum(hosts.values()), sent, hosts)
