"""Read the server name out of a TLS ClientHello. Pure, strict, no cryptography.

Used to hold a tunnel to the host it was opened for. What is odd is refused: a name that appears twice, an
encrypted ClientHello (it hides the real name), lengths that do not add up.
"""

from __future__ import annotations

MAX_HELLO = 64 * 1024

_HANDSHAKE = 0x16
_CLIENT_HELLO = 1
_SERVER_NAME = 0
_ENCRYPTED_HELLO = 0xFE0D


class Malformed(Exception):
    """Not a ClientHello that can be vouched for; the text says why."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise Malformed("truncated ClientHello")
        self.at += count
        return piece

    def block(self, width: int) -> _Reader:
        """A part that is preceded by its length in ``width`` bytes."""
        return _Reader(self.take(int.from_bytes(self.take(width))))

    @property
    def done(self) -> bool:
        return self.at == len(self.data)


def looks_like_tls(data: bytes) -> bool:
    return data[:1] == bytes([_HANDSHAKE]) and data[1:2] in (b"", b"\x03")


def hello_complete(data: bytes) -> bytes | None:
    """The handshake message in ``data``, joined over records; None: more bytes are needed.

    Raises Malformed for anything that is not the beginning of a ClientHello.
    """
    message = b""
    at = 0
    while True:
        if len(message) >= 4:
            need = 4 + int.from_bytes(message[1:4])
            if message[0] != _CLIENT_HELLO or need > MAX_HELLO:
                raise Malformed("the first TLS message is not a ClientHello")
            if len(message) >= need:
                return message[:need]
        header = data[at : at + 5]
        if header and (header[0] != _HANDSHAKE or header[1:2] not in (b"", b"\x03")):
            raise Malformed("not TLS")
        if len(header) < 5:
            return None
        size = int.from_bytes(header[3:5])
        if not 0 < size <= 16384 + 256:
            raise Malformed("bad TLS record length")
        if len(data) < at + 5 + size:
            return None
        message += data[at + 5 : at + 5 + size]
        at += 5 + size


def server_name(message: bytes) -> str | None:
    """The name that a ClientHello asks for, lower case; None: it names nobody. Raises Malformed."""
    start = _Reader(message)
    start.take(1)
    body = start.block(3)
    body.take(2 + 32)  # version, random
    body.block(1)  # session
    body.block(2)  # cipher suites
    body.block(1)  # compression
    if body.done:
        return None
    extensions = body.block(2)
    name: str | None = None
    seen = False
    while not extensions.done:
        kind = int.from_bytes(extensions.take(2))
        content = extensions.block(2)
        if kind == _ENCRYPTED_HELLO:
            raise Malformed("an encrypted ClientHello hides the host name")
        if kind == _SERVER_NAME:
            if seen:
                raise Malformed("two server names")
            seen = True
            name = _read_name(content)
    return name


def _read_name(content: _Reader) -> str:
    names = content.block(2)
    if names.take(1) != b"\0":
        raise Malformed("a server name of an unknown kind")
    raw = names.block(2).data
    if not names.done or not content.done:
        raise Malformed("more than one server name")
    try:
        return raw.decode("ascii").lower()
    except UnicodeDecodeError:
        raise Malformed("a server name that is not ASCII") from None
