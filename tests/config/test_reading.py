"""One file: types, mistakes with their line and the nearest right word, hostile input."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_guard.config import reading
from vectra_guard.config.reading import KEYS, parse
from vectra_guard.errors import ConfigError


def wrong(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.yaml")
    return caught.value


def test_values_with_their_lines() -> None:
    found = parse("# c\nguard_level: off\nsandbox:\n  mode: always\n  cpus: 2\n  env_whitelist: ONE\n", "f.yaml")
    assert {name: tuple(value) for name, value in found.items()} == {
        "guard_level": ("off", "f.yaml:2"),
        "sandbox.mode": ("always", "f.yaml:4"),
        "sandbox.cpus": (2.0, "f.yaml:5"),
        "sandbox.env_whitelist": (("ONE",), "f.yaml:6"),
    }


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "policies:\n", "policies: null", "\ufeff"])
def test_nothing_set(text: str) -> None:
    assert parse(reading.decode(text.encode(), "f"), "f") == {}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\nguard_leve: low", 2, "did you mean `guard_level`?"),
        ("sandbox:\n  mod: auto", 2, "did you mean `sandbox.mode`?"),
        ("sandbox:\n  denylist: [x]", 2, "did you mean `policies.denylist`?"),
        ("security_level: strict", 1, "did you mean `sandbox.security_level`?"),
        ("xyzzy: 1", 1, "vg config schema"),
        ("guard_level: hgih", 1, "did you mean `high`?"),
        ("guard_level: {level: low}", 1, "write `guard_level: LEVEL`"),
        ("policies:\n  block_force_git: true", 2, "git push --force"),
        ("sandbox:\n  enabled: maybe", 2, "true or false"),
        ("sandbox:\n  timeout: -1", 2, "a whole number"),
        ("sandbox:\n  timeout: 1.5", 2, "a whole number"),
        ("sandbox:\n  timeout: true", 2, "a whole number"),
        ("sandbox:\n  cpus: .nan", 2, "a number"),
        ("sandbox:\n  cpus: .inf", 2, "a number"),
        ("sandbox:\n  memory: 1 gig", 2, "such as 512m"),
        ("sandbox:\n  memory: 512", 2, "quote it"),
        ("sandbox:\n  bind_mounts: [relative]", 2, "PATH[:TARGET]"),
        ("sandbox:\n  allowed_hosts: ['http://x']", 2, "*.host"),
        ("sandbox:\n  env: {A: 1}", 2, "quote numbers"),
        ("trust:\n  default_duration: 7 days", 2, "30m, 24h"),
        ("policies:\n  allowlist: [1]", 2, "list of texts, not 1"),
        ("policies:\n  allowlist: {a: b}", 2, "list of texts"),
        ("policies:\n  rules: x", 2, "list of rules"),
        ("policies:\n  rules:\n  - x", 3, "a rule is a mapping"),
        ("policies: 5", 1, "`key: value`"),
        ("- a", 1, "`key: value`"),
        ("just words", 1, "`key: value`"),
        ("? [a]\n: b", 1, "a key is a word"),
        ("guard_level: low\nguard_level: high", 2, "set twice"),
        ("a: [", 1, "not valid YAML"),
        ("a: &x b", 1, "no key `a`"),
        ("policies:\n  rules:\n  - &x {a: 1}\n  - *x", 3, "aliases"),
        ("lock: [sandbx]", 1, "did you mean `sandbox`?"),
        ("preset: [a]", 1, "`preset`"),
        ("prompt:\n  language: 2020-01-01", 2, "a text"),
        ("policies:\n  rules:\n  - {a: !!python/object:os.system x}", 3, "not valid YAML"),
    ],
)
def test_mistakes_say_where_and_what_instead(text: str, line: int, says: str) -> None:
    error = wrong(text)
    assert error.where == f"f.yaml:{line}"
    assert says in str(error)
    assert error.status == 78


def test_rules_keep_their_place() -> None:
    found = parse("policies:\n  rules:\n    - id: a\n      match: b\n\n    - id: c\n", "f.yaml", project=True)
    assert [(r.data["id"], r.source, r.project) for r in found["policies.rules"].value] == [
        ("a", "f.yaml:3", True),
        ("c", "f.yaml:6", True),
    ]


def test_hostile_files_end_quickly(tmp_path: Path) -> None:
    bomb = "\n".join(["a0: &a0 [x]"] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)])
    texts = [
        bomb,
        "[" * 500_000,
        "- " * 300_000,
        "{a: " * 100_000,
        "\n".join(" " * n + "a:" for n in range(900)),
        "a" * 900_000,
    ]
    started = time.monotonic()
    for text in texts:
        wrong(text)
    assert time.monotonic() - started < 10
    big = tmp_path / "big"
    big.write_bytes(b"#" * (reading.MAX_SIZE + 1))
    with pytest.raises(ConfigError, match="1 MiB"):
        reading.read(str(big))
    big.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        reading.read(str(big))


@settings(max_examples=200, deadline=None)
@given(st.text("abcgurdlev_:- \n[]{}'\"&*!?|>#\0\t\u2028é", max_size=60))
def test_any_text_is_settings_or_a_config_error(text: str) -> None:
    try:
        found = parse(text, "f")
    except ConfigError:
        return
    assert set(found) <= {*KEYS, *reading.EXTRA}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("sandbox.enabled", "No", False),
        ("sandbox.enabled", "on", True),
        ("sandbox.timeout", "30", 30),
        ("sandbox.cpus", "0.5", 0.5),
        ("policies.allowlist", "git status, ls", ("git status", "ls")),
        ("sandbox.env", "A=1, B=x=y", {"A": "1", "B": "x=y"}),
        ("guard_level", "off", "off"),
    ],
)
def test_from_a_command_line(name: str, text: str, value: object) -> None:
    assert reading.from_text(name, text, "flag") == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("sandbox.enabled", "maybe"), ("sandbox.timeout", "soon"), ("guard_level", "x"), ("sandbox.cpus", "inf")],
)
def test_mistakes_on_a_command_line(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        reading.from_text(name, text, "flag")
