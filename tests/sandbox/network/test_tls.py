"""Reading the server name of real and of doctored ClientHellos."""

from __future__ import annotations

import ssl

import pytest

from vectra_guard.sandbox.network import tls


def hello(name: str | None) -> bytes:
    """What a real client sends first."""
    context = ssl.create_default_context()
    context.check_hostname = False
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


def doctored(extensions: list[tuple[int, bytes]]) -> bytes:
    """A ClientHello message with just these extensions."""
    packed = b"".join(kind.to_bytes(2) + len(data).to_bytes(2) + data for kind, data in extensions)
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + len(packed).to_bytes(2) + packed
    return b"\x01" + len(body).to_bytes(3) + body


def named(name: bytes, kind: int = 0) -> tuple[int, bytes]:
    entry = bytes([kind]) + len(name).to_bytes(2) + name
    return 0, len(entry).to_bytes(2) + entry


def records(message: bytes, size: int) -> bytes:
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + len(piece).to_bytes(2) + piece for piece in pieces)


def test_real_hello() -> None:
    message = tls.hello_complete(hello("Host.Example"))
    assert message is not None
    assert tls.server_name(message) == "host.example"


def test_hello_without_a_name() -> None:
    message = tls.hello_complete(hello(None))
    assert message is not None
    assert tls.server_name(message) is None


def test_every_prefix_asks_for_more() -> None:
    data = hello("host.example")
    assert all(tls.hello_complete(data[:end]) is None for end in range(len(data)))


@pytest.mark.parametrize("size", [1, 3, 50])
def test_hello_split_over_records(size: int) -> None:
    message = doctored([named(b"host.example")])
    whole = tls.hello_complete(records(message, size))
    assert whole == message
    assert tls.server_name(whole) == "host.example"


@pytest.mark.parametrize(
    "extensions",
    [
        [named(b"a.test"), named(b"b.test")],
        [named(b"a.test", kind=1)],
        [named("é.test".encode())],
        [named(b"a.test"), (0xFE0D, b"\0" * 40)],
        [(0, b"\0\x50\0\0\x01a")],
        [(0, named(b"a.test")[1] + b"x")],
    ],
    ids=["twice", "kind", "not ascii", "encrypted hello", "length", "trailing"],
)
def test_odd_names_are_refused(extensions: list[tuple[int, bytes]]) -> None:
    with pytest.raises(tls.Malformed):
        tls.server_name(doctored(extensions))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"\x16\x02\x01\0\x05hello",
        b"\x16\x03\x01\0\0",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\0\x04\x02\0\0\0",
        b"\x16\x03\x01\0\x04\x01\xff\xff\xff",
        b"\x17\x03\x03\0\x04abcd",
    ],
)
def test_what_is_no_hello(data: bytes) -> None:
    with pytest.raises(tls.Malformed):
        tls.hello_complete(data)
