"""Which hosts and addresses may be reached. Pure: no sockets, no names resolved here.

An entry is ``host``, ``host:port`` or ``*.host`` (any depth below ``host``, not ``host`` itself); without a
port it stands for 80 and 443. What cannot be read as an entry matches nothing.

Fails closed: an address that is not known to be public is refused unless the host is named as private, and
link-local, metadata and multicast addresses are refused whatever is named.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

DEFAULT_PORTS = (80, 443)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Verdict = Literal["ok", "private", "loopback", "never"]

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")

# Addresses on which clouds answer with the machine's credentials and which are not link-local.
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")


def host_name(text: str) -> str | None:
    """``text`` as a comparable host name or address (lower case, no root dot, no brackets); None: not one."""
    text = text.lower()
    if text.startswith("[") and text.endswith("]"):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            return None
    text = text.removesuffix(".")
    if len(text) > 253 or not _HOST.fullmatch(text):
        return None
    return text


def split_port(text: str, default: int | None = None) -> tuple[str, int] | None:
    """``host:port`` (or ``[v6]:port``) as (comparable host, port); None: malformed."""
    host, colon, digits = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, default
    elif digits.isascii() and digits.isdigit() and len(digits) <= 5 and 0 < int(digits) < 65536:
        port = int(digits)
    else:
        return None
    name = host_name(host)
    return None if name is None or port is None else (name, port)


class Entry(NamedTuple):
    host: str
    port: int | None  # None: the default ports
    below: bool  # ``*.host``

    def matches(self, host: str, port: int) -> bool:
        if port != self.port if self.port is not None else port not in DEFAULT_PORTS:
            return False
        return host.endswith("." + self.host) if self.below else host == self.host


def read_entry(text: str) -> Entry | None:
    """One line of an allowlist; None where it is not one."""
    text = text.strip()
    below = text.startswith("*.")
    parsed = split_port(text[2:] if below else text, default=0)
    if parsed is None:
        return None
    return Entry(parsed[0], parsed[1] or None, below)


class HostList:
    """A list of entries, asked whether it names a host and port."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = tuple(entry for text in entries if (entry := read_entry(text)))

    def names(self, host: str, port: int) -> bool:
        return any(entry.matches(host, port) for entry in self._entries)


def is_loopback_name(host: str) -> bool:
    """Does the name itself say that it means this machine?"""
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 form stands for, so that it cannot hide one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def vet(text: str) -> Verdict:
    """What kind of address this is: ``ok`` is public; what cannot be read is ``never``."""
    try:
        address = embedded(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return "never"
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return "never"
    if str(address) == "255.255.255.255":
        return "never"
    if address.is_loopback:
        return "loopback"
    return "ok" if address.is_global else "private"


def may_dial(text: str, host: str, *, private: bool) -> bool:
    """May this address be dialled for ``host``? ``private``: the configuration names the host as private."""
    verdict = vet(text)
    if verdict == "ok":
        return True
    if verdict == "private":
        return private
    return verdict == "loopback" and private and is_loopback_name(host)
