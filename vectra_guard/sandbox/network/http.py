"""Read one HTTP/1 request head for the proxy, strictly, and write what is sent on. Pure.

Everything that two readers could understand differently is refused, so that nothing can be smuggled past the
allowlist: both lengths at once, two lengths, folded or bare-newline headers, spaces before a colon, odd
methods. Headers about framing and hops are never copied: they are written anew from what was understood
here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from vectra_guard.sandbox.network.allow import split_port

MAX_HEAD = 64 * 1024
MAX_FIELDS = 200

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[\x21-\x7e]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: .*)?")

_OURS = frozenset(
    {
        "host", "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding",
        "content-length", "upgrade", "http2-settings", "proxy-authorization", "proxy-authenticate",
    }
)  # fmt: skip


class Refusal(Exception):
    """The request is refused with ``status``; the text says why. ``host`` where it was understood."""

    def __init__(self, status: int, reason: str, host: str = "", port: int = 0, *, counted: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.host = host
        self.port = port
        self.counted = counted  # a host that was refused, not a broken request


class Head(NamedTuple):
    method: str
    host: str
    port: int
    path: str
    fields: tuple[tuple[str, bytes], ...]
    length: int = 0
    chunked: bool = False

    @property
    def connect(self) -> bool:
        return self.method == "CONNECT"

    def forward(self) -> bytes:
        """The head as it goes to the origin: our own framing, one request for one connection."""
        named = f"[{self.host}]" if ":" in self.host else self.host
        host = named if self.port == 80 else f"{named}:{self.port}"
        lines = [f"{self.method} {self.path} HTTP/1.1".encode(), b"Host: " + host.encode()]
        lines += [name.encode() + b": " + value for name, value in self.fields]
        if self.chunked:
            lines.append(b"Transfer-Encoding: chunked")
        elif self.length or self.method in ("POST", "PUT", "PATCH"):
            lines.append(b"Content-Length: %d" % self.length)
        lines.append(b"Connection: close")
        return b"\r\n".join(lines) + b"\r\n\r\n"


def read_fields(lines: list[bytes]) -> list[tuple[str, bytes]]:
    """Header lines as (name, value); the name keeps its spelling. Raises Refusal."""
    if len(lines) > MAX_FIELDS:
        raise Refusal(431, "too many header fields")
    fields = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            raise Refusal(400, "folded header line")
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            raise Refusal(400, "malformed header line")
        value = value.strip(b" \t")
        if _BAD_VALUE.search(value):
            raise Refusal(400, "control character in a header")
        fields.append((name.decode("ascii"), value))
    return fields


def _split(raw: bytes) -> list[bytes]:
    lines = raw.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines):
        raise Refusal(400, "bare line ending in the head")
    return lines


def _values(fields: list[tuple[str, bytes]], name: str) -> list[str]:
    return [value.decode("latin-1") for key, value in fields if key.lower() == name]


def _framing(fields: list[tuple[str, bytes]], version: str) -> tuple[int, bool]:
    lengths, codings = _values(fields, "content-length"), _values(fields, "transfer-encoding")
    if lengths and codings:
        raise Refusal(400, "both Content-Length and Transfer-Encoding")
    if len(lengths) > 1 or len(codings) > 1:
        raise Refusal(400, "the length of the body is given twice")
    if codings and (codings[0].lower() != "chunked" or version != "HTTP/1.1"):
        raise Refusal(400, "unknown Transfer-Encoding")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise Refusal(400, "malformed Content-Length")
    return (int(lengths[0]) if lengths else 0), bool(codings)


def _absolute(target: str) -> tuple[str, int, str]:
    scheme, sep, rest = target.partition("://")
    if not sep or scheme.lower() != "http":
        raise Refusal(400, "only http:// addresses and CONNECT are served here")
    cut = min((at for mark in "/?#" if (at := rest.find(mark)) >= 0), default=len(rest))
    authority, path = rest[:cut], rest[cut:]
    if "@" in authority or "#" in path:
        raise Refusal(400, "user name or fragment in the address")
    parsed = split_port(authority, default=80)
    if parsed is None:
        raise Refusal(400, "malformed host name")
    return parsed[0], parsed[1], path if path.startswith("/") else "/" + path


def read_head(raw: bytes, tunnel: tuple[str, int] | None = None) -> Head:
    """The head (without its empty line). ``tunnel``: it came through CONNECT to that plain-HTTP host, so it
    is in origin form and must name the same host. Raises Refusal."""
    lines = _split(raw)
    parts = lines[0].decode("latin-1").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not _TARGET.fullmatch(parts[1]):
        raise Refusal(400, "malformed request line")
    method, target, version = parts
    fields = read_fields(lines[1:])
    hosts = _values(fields, "host")
    if len(hosts) > 1:
        raise Refusal(400, "two Host headers")
    if method == "CONNECT" and tunnel is None:
        parsed = split_port(target)
        if parsed is None:
            raise Refusal(400, "malformed CONNECT target")
        if _framing(fields, version) != (0, False):
            raise Refusal(400, "CONNECT with a body")
        return Head(method, parsed[0], parsed[1], "", ())
    if method not in METHODS:
        raise Refusal(405, "this method is not served here")
    length, chunked = _framing(fields, version)
    host, port, path = _absolute(target) if tunnel is None else _origin(target, hosts, tunnel)
    dropped = _OURS | {token.strip().lower() for value in _values(fields, "connection") for token in value.split(",")}
    kept = tuple((name, value) for name, value in fields if name.lower() not in dropped)
    return Head(method, host, port, path, kept, length, chunked)


def _origin(target: str, hosts: list[str], tunnel: tuple[str, int]) -> tuple[str, int, str]:
    if not target.startswith("/") and target != "*":
        raise Refusal(400, "only origin-form requests are served inside a tunnel")
    if not hosts or split_port(hosts[0], default=tunnel[1]) != tunnel:
        raise Refusal(403, "the Host header is not the host of this tunnel", *tunnel, counted=True)
    return tunnel[0], tunnel[1], target


class Reply(NamedTuple):
    status: int
    head: bytes  # as it goes to the client
    length: int | None  # None: until the origin closes


def read_reply(raw: bytes, method: str) -> Reply:
    """The origin's response head, rewritten so that the client knows that this connection ends with it."""
    lines = raw.split(b"\r\n")
    match = _STATUS.fullmatch(lines[0])
    if not match:
        raise Refusal(502, "the host did not answer with HTTP/1")
    status = int(match[1])
    if status == 101:
        raise Refusal(502, "the host switched protocols without being asked")
    hop = (b"connection", b"keep-alive", b"proxy-connection", b"upgrade")
    kept, lengths = [lines[0]], []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() in hop:
            continue
        if name.strip().lower() == b"content-length":
            lengths.append(value.strip())
        kept.append(line)
    if status >= 200:
        kept.append(b"Connection: close")
    length: int | None = None
    if method == "HEAD" or status < 200 or status in (204, 304):
        length = 0
    elif len(lengths) == 1 and lengths[0].isdigit() and b"transfer-encoding:" not in raw.lower():
        length = int(lengths[0])
    return Reply(status, b"\r\n".join(kept) + b"\r\n\r\n", length)
