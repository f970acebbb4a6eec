"""Secrets are taken out, the rest of the line stays, and no text makes it slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_guard.redact import MASK, redact

S = "Zx9" + "Qw3Er5Ty7Ui9Op1As3Df5Gh7Jk9"

LINES = {
    "export API_TOKEN={}": S,
    "DB_PASSWORD='{}' ./run": "correct horse battery",
    'DB_PASSWORD="{}" ./run': 'a \\" b',
    "tool --password {} --verbose": "hunter2",
    "tool --password={}": "hunter2",
    "tool --password '{}' next": "two words",
    "tool --api-key {}": "q",
    "tool --client-secret={} x": "abc",
    "curl -H 'Authorization: Bearer {}' host": "abc.def",
    'curl -H "Authorization: Basic {}" host': "dXNlcjpwYXNz",
    "curl -H 'authorization: {}' host": "raw-value here",
    "curl -H 'X-Api-Key: {}' host": "abc",
    "curl -H 'Cookie: {}' host": "session=1; other=2",
    "curl -u user:{} host": "pa55",
    "curl --user 'user:{}' host": "pa55 word",
    "git clone https://user:{}@example.org/x.git": "p4ss:w0rd",
    "git clone https://{}@example.org/x.git": S,
    "psql postgres://me:{}@db/name": "x",
    "mysql -uroot -p{} db": "toor",
    "sshpass -p {} ssh host": "word",
    "sshpass -p{} ssh host": "word",
    "docker login -u me -p {} registry": "word",
    "redis-cli -a {} ping": "word",
    "kubectl create secret generic x --from-literal=user={}": "word",
    "aws configure set aws_secret_access_key {}": S,
    "echo {}": "AKIAABCDEFGHIJKLMNOP",
    "echo x={} ": "ghp_" + "a1B2" * 9,
    "echo  {}": "xoxb-123456789012-abcdefABCDEF",
    "echo {} | base64": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "echo '{}' > key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
    "echo '{}": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb",
    'curl -d \'{{"user": "me", "password": "{}"}}\' host': "hunter2",
    'curl -d "{{\\"password\\": \\"{}\\"}}" host': "hunter2",
    "curl 'https://host/?access_token={}&page=2'": "abc",
    "post https://hooks.slack.com/services/{}": "T000/B000/XXXX",
    "openssl enc -in f -pass {}": "pass:word",
    "npm config set //host/:_authToken={}": "abc",
    "set -x secretKey {}": S,
}


@pytest.mark.parametrize(("line", "secret"), LINES.items(), ids=list(LINES))
def test_secret_goes_and_the_rest_stays(line: str, secret: str) -> None:
    before, _, after = line.partition("{}")
    shown = redact(line.format(secret))
    assert secret not in shown
    assert all(word not in shown for word in secret.split() if len(word) > 5)
    assert MASK in shown
    assert shown.startswith(before.format().rstrip("'\"\\"))
    for word in after.format().split():
        if word.isalpha():
            assert word in shown


@pytest.mark.parametrize(
    "line",
    [
        "ls -la | wc -l",
        "mkdir -p a/b/c",
        "ssh -p 2222 host",
        "docker run -p 8080:80 nginx",
        "cp -p a b",
        "git commit -m 'tokenizer: faster'",
        "tool --max-tokens 100 --password-file /run/x --token-url https://h/t",
        'tool --password $PASSWORD --token "${TOKEN}"',
        "API_KEY=$(pass show key) ./run",
        "docker login --password-stdin registry",
        "git clone git@github.com:a/b.git",
        "npm install http://host:4873/@scope/pkg",
        "curl http://host:80/path",
        "docker run -u 1000:1000 image",
        "git checkout 0123456789abcdef0123456789abcdef01234567",
        "AUTHOR=me make",
        "sort --key=2 file",
        "kubectl get secret x -o yaml",
        "",
    ],
)
def test_nothing_secret_is_left_alone(line: str) -> None:
    assert redact(line) == line


PIECES = st.sampled_from(
    [
        "password", "token", "=", ":", " ", "'", '"', "\\", "--password", "--token", "-p", "-u", "mysql", "curl",
        "Authorization", "Bearer", "basic", "://", "@", "a", "x1", S, "$", "(", "`", "\n", "&", ";", "ghp_", "eyJ",
        ".", "[redacted]", "[", "]", "AKIAABCDEFGHIJKLMNOP", "-----BEGIN PRIVATE KEY-----", "Cookie:", "<", "-",
        "-----END PRIVATE KEY-----", "--from-literal=", "login", "%20", "sk-", "_", "\udcff", "é",
    ]
)  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_twice_is_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        ["--password {} x", "TOKEN={} x", "curl https://u:{}@h/ x", "curl -H 'Authorization: Bearer {}' x"]
    ),
    st.text("abcdefghijkmnoqrstuvwxyzABC0123456789!%*+,.^_~", min_size=7, max_size=60),
)
def test_any_secret_goes(line: str, secret: str) -> None:
    assert secret not in redact(line.format(secret))


@pytest.mark.parametrize(
    "piece",
    [
        "a", "eyJ", "eyJa.", "-eyJ", "password=", "password=\"", "password='", "password=\\\"", "token \"", "://a:",
        "://a:b@", "-p x ", "mysql -p", "curl -u a:", "bearer ", "authorization:", "cookie:", "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----", "--password \\\"", "password=\\'",
        "a.", "a-", "sk-", "\\", "\"", "'", "--token ", "--a ", "secret aaaaaaaaaaaaaaaa1 ", "SG.", "%20", "=",
        " ", "\t",
        "password =  ", "--from-literal=", "hooks.slack.com/services/", "basic ", "a:a=", "\"\\", "zip -P", "0",
    ],
)  # fmt: skip
def test_time_is_linear(piece: str) -> None:
    """Sixteen times the text may take sixteen times as long, five times over; a square would take 256 times."""

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = 9.0
        for _ in range(3):
            start = time.perf_counter()
            redact(text)
            best = min(best, time.perf_counter() - start)
        return best

    small, large = seconds(4_000), seconds(64_000)
    assert large < max(small * 80, 0.5), f"{small:.4f} s, then {large:.4f} s"
