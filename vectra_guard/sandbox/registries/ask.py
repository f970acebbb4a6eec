"""Ask a client or a registry, and turn what they say into hosts. Used only when the cached answer is stale.

Clients are asked from the home folder, so that a project's settings have no say, and each for a few seconds
only. Whatever goes wrong is an empty answer: the sandbox then reaches fewer hosts, never more.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from urllib.parse import urljoin, urlsplit

CLIENT_SECONDS = 15
REGISTRY_SECONDS = 4
MAX_ANSWER = 4 * 1024 * 1024
MAX_LINKED = 6
MAX_LITERALS = 6

URL = re.compile(r"https?://[^\s\"'<>()\[\]{},;|]+")
_HREF = re.compile(r"""(?:href\s*=\s*["']?|"url"\s*:\s*")([^"'\s>]+)""", re.IGNORECASE)


def client(argv: list[str], env: Mapping[str, str], home: str) -> str:
    """What the client prints; empty when it fails."""
    quiet = {
        "COREPACK_ENABLE_NETWORK": "0",  # a question must not download a package manager
        "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
        "NO_COLOR": "1",
        "NO_UPDATE_NOTIFIER": "1",
        "npm_config_update_notifier": "false",
    }
    try:
        done = subprocess.run(
            argv,
            cwd=home,
            env={**env, **quiet},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=CLIENT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def host_of(url: str) -> str | None:
    """``host`` or ``host:port`` of an http address, without credentials; None: not one."""
    try:
        parts = urlsplit(url.strip().removeprefix("sparse+"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    if ":" in host:
        host = f"[{host}]"
    return host if port in (None, 80, 443) else f"{host}:{port}"


def hosts_of(urls: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(host for url in urls if (host := host_of(url))))


def urls_in(text: str) -> list[str]:
    return [url.rstrip(".") for url in URL.findall(text)]


def fetch(url: str, accept: str = "*/*") -> str | None:
    """A small document of a registry; None when it does not answer."""
    import base64
    import urllib.request

    parts = urlsplit(url)
    headers = {"Accept": accept}
    if parts.username:
        pair = f"{parts.username}:{parts.password or ''}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if parts.scheme not in ("http", "https"):
        return None
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme is checked above
        with urllib.request.urlopen(request, timeout=REGISTRY_SECONDS) as answer:  # noqa: S310
            return str(answer.read(MAX_ANSWER).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def linked_hosts(index: str, package: str = "pip") -> tuple[str, ...] | None:
    """The hosts on which a Python package index keeps its files: those that one of its pages links to."""
    page = index.rstrip("/") + f"/{package}/"
    text = fetch(page, "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
    if text is None:
        return None
    return hosts_of(urljoin(page, link) for link in _HREF.findall(text))[:MAX_LINKED]


def literals(path: str, pattern: bytes) -> tuple[str, ...]:
    """Strings of a program file that match, in order: a default that the client can only be read for."""
    import mmap

    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = dict.fromkeys(match[0].decode("ascii") for match in re.finditer(pattern, data))
    except (OSError, ValueError):
        return ()
    return tuple(found)[:MAX_LITERALS]
