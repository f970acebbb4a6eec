"""Runs a command in a raw bwrap with its caches, and the network if asked; prints the outcome as JSON.

``python cached.py BWRAP REQUEST-JSON ARGV…`` with the keys names, allow, workspace, ok, hold (seconds to wait before
finishing).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from vectra_guard.config.schema import Config
from vectra_guard.model import Mount, Network
from vectra_guard.sandbox import caches, network


def options(mounts: tuple[Mount, ...]) -> list[str]:
    out: list[str] = []
    for mount in mounts:
        if mount.kind == "overlay":
            for lower in (mount.source, *mount.layers):
                out += ["--overlay-src", lower]
            out += ["--overlay", mount.upper, f"{mount.upper}.work", mount.target]
        else:
            out += ["--bind", mount.source, mount.target]
    return out


def main() -> None:
    bwrap, text, *argv = sys.argv[1:]
    request: dict[str, Any] = json.loads(text)
    home, workspace = os.environ["HOME"], request["workspace"]
    planned, env = caches.mounts(
        request["names"], home=home, env=os.environ, config=Config(), overlay=request.get("overlay", True),
        workspace=workspace,
    )  # fmt: skip
    lease = caches.begin(planned)
    words = [bwrap, "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for path in request.get("shown", ()):
        words += ["--ro-bind", path, path]
    words += ["--tmpfs", home, *options(lease.mounts), "--bind", workspace, workspace, "--chdir", workspace]
    info, info_in = os.pipe()
    block_out, block = os.pipe()
    inside = {**os.environ, **env, **network.environment(os.environ)}
    hosts = tuple(request.get("allow", ()))
    pending = network.prepare(Network("restricted", hosts, hosts))
    process = subprocess.Popen(
        [*words, "--info-fd", str(info_in), "--block-fd", str(block_out), "--", *argv],
        pass_fds=(info_in, block_out), env=inside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    os.close(info_in)
    os.close(block_out)
    said = b""
    while b"}" not in said:
        piece = os.read(info, 4096)
        if not piece:
            sys.exit(process.communicate()[0].decode())
        said += piece
    handle = pending.attach(int(json.loads(said)["child-pid"]))
    began = time.perf_counter()
    os.close(block)
    out, _ = process.communicate()
    seconds = time.perf_counter() - began
    traffic = handle.stop()
    time.sleep(request.get("hold", 0))
    ok = request.get("ok", process.returncode == 0)
    hit = lease.finish(ok=ok, received=traffic.bytes_in)
    print(
        json.dumps(
            {
                "status": process.returncode, "out": out.decode("utf-8", "replace"), "hit": hit,
                "received": traffic.bytes_in, "seconds": seconds, "refused": dict(traffic.refused),
                "layers": [len(mount.layers) for mount in lease.mounts],
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
