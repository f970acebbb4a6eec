"""A listening socket on 127.0.0.1 *inside* the network namespace of another process.

The sandbox has no route out; this socket is the one way, and it is served from outside. Nothing is mounted
and nothing runs inside. Works for root, and for the ordinary user who owns the sandbox's user namespace.

Fails by raising OSError: then there is no socket and the sandbox stays without network.
"""

from __future__ import annotations

import os
import socket
import time

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
NS_GET_USERNS = 0xB701
IP_FREEBIND = 15
BACKLOG = 256
OPEN_PATIENCE = 2.0


def setns(fd: int, kind: int) -> None:
    """Enter a namespace. Raises OSError."""
    if hasattr(os, "setns"):  # Python 3.12
        os.setns(fd, kind)
        return
    import ctypes  # only in the short-lived helper: 5 ms that the launch does not pay for

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, kind) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def _open_namespace(pid: int) -> int:
    """A process that has just been cloned may not be readable for a moment."""
    give_up = time.monotonic() + OPEN_PATIENCE
    while True:
        try:
            return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.001)


def _enter(net: int) -> None:
    try:
        setns(net, CLONE_NEWNET)
    except PermissionError:
        import fcntl

        owner = fcntl.ioctl(net, NS_GET_USERNS)
        setns(owner, CLONE_NEWUSER)
        setns(net, CLONE_NEWNET)


def _bind(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The sandbox's loopback device may not be up yet; the address will be there by the time anybody connects.
    sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(BACKLOG)
    return sock


def listen_in(pid: int, port: int) -> socket.socket:
    """The listening socket. A forked helper goes in, for namespaces cannot always be left again."""
    net = _open_namespace(pid)
    try:
        if os.stat(net).st_ino == os.stat("/proc/self/ns/net").st_ino:
            raise OSError(f"process {pid} shares this network namespace; it is not isolated")
        ours, theirs = socket.socketpair()
        helper = os.fork()
        if helper == 0:
            _helper(net, port, theirs)
        theirs.close()
        with ours:
            ours.settimeout(10)
            message, fds, _, _ = socket.recv_fds(ours, 4096, 1)
        os.waitpid(helper, 0)
    finally:
        os.close(net)
    if not fds:
        why = message.decode("utf-8", "replace") or "its helper died"
        raise OSError(f"no listening socket in the sandbox: {why}")
    return socket.socket(fileno=fds[0])


def _helper(net: int, port: int, back: socket.socket) -> None:
    """In the forked helper; never returns."""
    try:
        _enter(net)
        sock = _bind(port)
        socket.send_fds(back, [b"ok"], [sock.fileno()])
        os._exit(0)
    except BaseException as err:
        try:
            back.send(str(err).encode())
        finally:
            os._exit(1)
