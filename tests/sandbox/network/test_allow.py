"""The allowlist and the vetting of addresses."""

from __future__ import annotations

import pytest

from vectra_guard.sandbox.network import allow

NAMED = [
    ("host.example", "host.example", 443, True),
    ("host.example", "host.example", 80, True),
    ("host.example", "host.example", 8080, False),
    ("host.example:8080", "host.example", 8080, True),
    ("host.example:8080", "host.example", 443, False),
    ("HOST.example.", "host.example", 443, True),
    ("*.host.example", "a.host.example", 443, True),
    ("*.host.example", "a.b.host.example", 443, True),
    ("*.host.example", "host.example", 443, False),
    ("*.host.example", "evilhost.example", 443, False),
    ("host.example", "host.example.evil.test", 443, False),
    ("host.example", "nothost.example", 443, False),
    ("*", "host.example", 443, False),
    ("*.", "host.example", 443, False),
    ("http://host.example", "host.example", 443, False),
    ("host.example:0", "host.example", 443, False),
    ("host.example:99999", "host.example", 99999, False),
    ("", "", 443, False),
    ("[2001:DB8::1]:443", "2001:db8::1", 443, True),
]


@pytest.mark.parametrize(("entry", "host", "port", "expected"), NAMED)
def test_entry_names_host(entry: str, host: str, port: int, expected: bool) -> None:
    assert allow.HostList([entry]).names(host, port) is expected


ADDRESSES = [
    ("93.184.215.14", "ok"),
    ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", "ok"),
    ("10.0.0.1", "private"),
    ("172.16.3.4", "private"),
    ("192.168.1.1", "private"),
    ("100.64.0.1", "private"),
    ("fd00::1", "private"),
    ("240.0.0.1", "private"),
    ("127.0.0.1", "loopback"),
    ("127.8.9.1", "loopback"),
    ("::1", "loopback"),
    ("::ffff:127.0.0.1", "loopback"),
    ("64:ff9b::7f00:1", "loopback"),
    ("169.254.169.254", "never"),
    ("::ffff:169.254.169.254", "never"),
    ("64:ff9b::a9fe:a9fe", "never"),
    ("2002:a9fe:a9fe::1", "never"),
    ("::a9fe:a9fe", "never"),
    ("fe80::1", "never"),
    ("fe80::1%eth0", "never"),
    ("100.100.100.200", "never"),
    ("168.63.129.16", "never"),
    ("fd00:ec2::254", "never"),
    ("0.0.0.0", "never"),
    ("::", "never"),
    ("224.0.0.1", "never"),
    ("ff02::1", "never"),
    ("255.255.255.255", "never"),
    ("not an address", "never"),
    ("2130706433", "never"),
]


@pytest.mark.parametrize(("address", "verdict"), ADDRESSES)
def test_vet(address: str, verdict: str) -> None:
    assert allow.vet(address) == verdict


@pytest.mark.parametrize(
    ("address", "host", "private", "expected"),
    [
        ("93.184.215.14", "a.test", False, True),
        ("10.0.0.1", "a.test", False, False),
        ("10.0.0.1", "a.test", True, True),
        ("127.0.0.1", "a.test", True, False),  # a name that is pointed at this machine
        ("127.0.0.1", "localhost", False, False),
        ("127.0.0.1", "localhost", True, True),
        ("127.0.0.1", "127.0.0.1", True, True),
        ("::1", "a.localhost", True, True),
        ("169.254.169.254", "a.test", True, False),
        ("169.254.169.254", "169.254.169.254", True, False),
    ],
)
def test_may_dial(address: str, host: str, private: bool, expected: bool) -> None:
    assert allow.may_dial(address, host, private=private) is expected


@pytest.mark.parametrize("text", ["a b", "a/b", "a@b", "a..b", "-a", "a:b", "é.test", "a" * 300, "", "[::1", "[zz]"])
def test_what_is_no_host_name(text: str) -> None:
    assert allow.host_name(text) is None
