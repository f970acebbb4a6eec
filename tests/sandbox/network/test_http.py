"""Reading request heads: every form that two readers could understand differently is refused."""

from __future__ import annotations

import pytest

from vectra_guard.sandbox.network.http import MAX_FIELDS, Refusal, read_head, read_reply

LINE = b"GET http://a.test/p HTTP/1.1\r\nHost: a.test"

REFUSED = {
    "both lengths": (LINE + b"\r\nContent-Length: 3\r\nTransfer-Encoding: chunked", 400),
    "two lengths": (LINE + b"\r\nContent-Length: 3\r\nContent-Length: 3", 400),
    "length list": (LINE + b"\r\nContent-Length: 3, 3", 400),
    "signed length": (LINE + b"\r\nContent-Length: +3", 400),
    "huge length": (LINE + b"\r\nContent-Length: " + b"9" * 40, 400),
    "unicode digits": (LINE + b"\r\nContent-Length: \xb2", 400),
    "gzip then chunked": (LINE + b"\r\nTransfer-Encoding: gzip, chunked", 400),
    "two codings": (LINE + b"\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity", 400),
    "odd coding": (LINE + b"\r\nTransfer-Encoding: xchunked", 400),
    "chunked in 1.0": (LINE.replace(b"1.1", b"1.0") + b"\r\nTransfer-Encoding: chunked", 400),
    "folded": (LINE + b"\r\nX: a\r\n b", 400),
    "space before colon": (LINE + b"\r\nContent-Length : 3", 400),
    "no colon": (LINE + b"\r\nX", 400),
    "bare newline": (LINE + b"\r\nX: a\nContent-Length: 3", 400),
    "bare return": (LINE + b"\r\nX: a\rY: b", 400),
    "nul": (LINE + b"\r\nX: a\0b", 400),
    "control": (LINE + b"\r\nX: a\x01b", 400),
    "two hosts": (LINE + b"\r\nHost: b.test", 400),
    "lower-case method": (LINE.replace(b"GET", b"get"), 405),
    "trace": (LINE.replace(b"GET", b"TRACE"), 405),
    "preface of http/2": (b"PRI * HTTP/2.0", 400),
    "version": (LINE.replace(b"1.1", b"1.2"), 400),
    "no version": (b"GET http://a.test/", 400),
    "extra word": (b"GET http://a.test/ x HTTP/1.1", 400),
    "tab": (b"GET\thttp://a.test/ HTTP/1.1", 400),
    "origin form": (b"GET /p HTTP/1.1\r\nHost: a.test", 400),
    "https": (b"GET https://a.test/ HTTP/1.1", 400),
    "file": (b"GET file:///etc/passwd HTTP/1.1", 400),
    "user info": (b"GET http://a.test@b.test/ HTTP/1.1", 400),
    "fragment": (b"GET http://a.test/#x HTTP/1.1", 400),
    "backslash host": (b"GET http://a.test\\@b.test/ HTTP/1.1", 400),
    "percent host": (b"GET http://a%2etest/ HTTP/1.1", 400),
    "non-ascii target": ("GET http://a.test/é HTTP/1.1".encode(), 400),
    "connect without port": (b"CONNECT a.test HTTP/1.1", 400),
    "connect with path": (b"CONNECT a.test:443/x HTTP/1.1", 400),
    "connect to port 0": (b"CONNECT a.test:0 HTTP/1.1", 400),
    "connect with user info": (b"CONNECT a@b.test:443 HTTP/1.1", 400),
    "connect with body": (b"CONNECT a.test:443 HTTP/1.1\r\nContent-Length: 5", 400),
    "many fields": (LINE + b"\r\nX: y" * (MAX_FIELDS + 1), 431),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    raw, status = REFUSED[name]
    with pytest.raises(Refusal) as caught:
        read_head(raw)
    assert caught.value.status == status


def test_the_line_of_these_tests_is_accepted() -> None:
    head = read_head(LINE)
    assert (head.method, head.host, head.port, head.path) == ("GET", "a.test", 80, "/p")


def test_host_is_rewritten_from_the_target() -> None:
    sent = read_head(b"GET http://a.test:8080?q=1 HTTP/1.1\r\nHost: evil.test").forward()
    assert sent == b"GET /?q=1 HTTP/1.1\r\nHost: a.test:8080\r\nConnection: close\r\n\r\n"


def test_hop_headers_do_not_travel() -> None:
    raw = LINE + (
        b"\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nProxy-Authorization: Basic xx\r\nUpgrade: h2c"
        b"\r\nHTTP2-Settings: x\r\nTE: trailers\r\nKeep-Alive: 5\r\nAuthorization: Bearer t\r\nAccept: */*"
    )
    sent = read_head(raw).forward()
    assert sent == (
        b"GET /p HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer t\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )


def test_naming_the_length_a_hop_header_does_not_drop_the_framing() -> None:
    head = read_head(LINE.replace(b"GET", b"POST") + b"\r\nConnection: content-length\r\nContent-Length: 5")
    assert b"Content-Length: 5\r\n" in head.forward()


@pytest.mark.parametrize("host", [b"", b"\r\nHost: b.test", b"\r\nHost: a.test:81"])
def test_inside_a_tunnel_the_host_must_be_the_tunnels(host: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        read_head(b"GET /p HTTP/1.1" + host, ("a.test", 80))
    assert caught.value.counted
    assert read_head(b"GET /p HTTP/1.1\r\nHost: A.test", ("a.test", 80)).host == "a.test"


def test_a_tunnel_does_not_nest() -> None:
    with pytest.raises(Refusal):
        read_head(b"CONNECT b.test:443 HTTP/1.1\r\nHost: a.test", ("a.test", 80))


def test_reply_is_told_to_close_and_keeps_its_length() -> None:
    reply = read_reply(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\nX: y", "GET")
    assert reply.length == 4
    assert reply.head == b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: y\r\nConnection: close\r\n\r\n"
    assert read_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 4", "HEAD").length == 0
    assert read_reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", "GET").length is None


@pytest.mark.parametrize("raw", [b"HTTP/1.1 101 Switching", b"SSH-2.0-x", b"HTTP/2 200", b""])
def test_odd_replies(raw: bytes) -> None:
    with pytest.raises(Refusal):
        read_reply(raw, "GET")
