"""Runs a command in a raw bwrap whose only way out is the proxy; prints what happened as JSON on the last line.

``python door.py BWRAP NETWORK-JSON ARGV…``. Nothing of the guard but ``sandbox.network`` is used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from vectra_guard.model import Network
from vectra_guard.sandbox import network


def first_pid(fd: int) -> int:
    text = b""
    while b"}" not in text:
        piece = os.read(fd, 4096)
        if not piece:
            sys.exit("bwrap did not start")
        text += piece
    return int(json.loads(text)["child-pid"])


def main() -> None:
    bwrap, lists, *argv = sys.argv[1:]
    allowed = json.loads(lists)
    info, info_in = os.pipe()
    block_out, block = os.pipe()
    began = time.perf_counter()
    pending = network.prepare(Network("restricted", tuple(allowed["allow"]), tuple(allowed["private"])))
    prepared = time.perf_counter()
    options = ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for path in allowed.get("writable", ()):
        options += ["--bind", path, path]
    sandbox = subprocess.Popen(
        [bwrap, *options, "--info-fd", str(info_in), "--block-fd", str(block_out), "--", *argv],
        pass_fds=(info_in, block_out),
        env={**os.environ, **network.environment(os.environ)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(info_in)
    os.close(block_out)
    pid = first_pid(info)
    found = time.perf_counter()
    handle = pending.attach(pid)
    attached = time.perf_counter()
    os.write(block, b"x")
    os.close(block)
    if allowed.get("announce"):
        print(json.dumps({"proxy": handle._pid}), flush=True)
    out, _ = sandbox.communicate()
    traffic = handle.stop()
    print(
        json.dumps(
            {
                "status": sandbox.returncode,
                "out": out.decode("utf-8", "replace"),
                "refused": dict(traffic.refused),
                "bytes_in": traffic.bytes_in,
                "bytes_out": traffic.bytes_out,
                "hosts": dict(traffic.hosts),
                "cost_ms": [round((prepared - began) * 1000, 2), round((attached - found) * 1000, 2)],
            }
        )
    )


if __name__ == "__main__":
    main()
