"""Custom rules: they work like shipped ones, can only raise, and each mistake names its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vectra_guard.config.schema import CustomRule
from vectra_guard.errors import ConfigError, GuardError
from vectra_guard.guard import Guard
from vectra_guard.model import Facts, Request, Risk
from vectra_guard.rules import RuleSet, check_examples, judge, load, loading
from vectra_guard.syntax import read

GOOD: dict[str, Any] = {
    "id": "own.deploy",
    "risk": "high",
    "message": "Deploys ({target}).",
    "when": {"command": "deployctl ship|up", "flags": ["--to=prod*"]},
}
FACTS = Facts(user="dev", git_root="/w", variables={"HOME": "/home/dev"})


def custom(**changes: Any) -> RuleSet:
    data = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    return load().with_custom((CustomRule(data, "vectra-guard.yaml:7", project=True),))


def found(rules: RuleSet, line: str) -> dict[str, Risk]:
    request = Request(line, cwd="/w", home="/home/dev")
    return {f.rule: f.risk for f in judge(read(request, FACTS), request, FACTS, rules)}


def test_a_custom_rule_fires() -> None:
    rules = custom()
    assert found(rules, "deployctl ship --to=prod-1")["own.deploy"] == Risk.HIGH
    assert found(rules, "deployctl ship --to=test") == {}
    assert found(load(), "deployctl ship --to=prod-1") == {}


def test_a_custom_rule_cannot_lower() -> None:
    rules = custom(risk="low", when={"command": "rm"})
    assert found(rules, "rm -rf /")["delete.root"] == Risk.CRITICAL


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"risk": "hihg"}, "did you mean 'high'"),
        ({"remedy": "box"}, "remedy 'box'"),
        ({"message": None}, "'message' is missing"),
        ({"when": None}, "'when' is missing"),
        ({"wen": {}}, "did you mean 'when'"),
        ({"when": {"command": "x", "flagz": ["-a"]}}, "did you mean 'flags'"),
        ({"when": {"command": "x", "args": ["@rooot"]}}, "unknown tag @rooot"),
        ({"when": {"command": "x", "args": ["/[/"]}}, "bad regular expression"),
        ({"when": {"command": "x", "count": "many"}}, "'count'"),
        ({"when": {"args": ["a"]}}, "needs 'command'"),
        ({"id": "nodot"}, "AREA.NAME"),
        ({"id": "delete.root"}, "is taken"),
        ({"by": "deletion"}, "unknown key 'by'"),
        ({"examples": {"mach": []}}, "'match' and 'miss'"),
        ({"when": {"command": 3}}, "'command' is a text"),
    ],
)
def test_mistakes_name_file_and_line(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        custom(**changes)
    assert str(caught.value).startswith("vectra-guard.yaml:7: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("examples", "says"),
    [
        ({"match": ["deployctl stop"]}, "does not match its example 'deployctl stop'"),
        ({"miss": ["deployctl ship --to=prod-2"]}, "matches its example 'deployctl ship --to=prod-2'"),
    ],
)
def test_examples_are_tried_when_a_rule_is_loaded(examples: dict[str, Any], says: str) -> None:
    rule = CustomRule({**GOOD, "examples": examples}, "vectra-guard.yaml:7", project=True)
    with pytest.raises(ConfigError) as caught:
        check_examples(load().with_custom((rule,)), (rule,))
    assert str(caught.value).startswith("vectra-guard.yaml:7: ")
    assert says in str(caught.value)


def test_a_wrong_rule_is_said_and_stops_neither_lines_nor_other_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    (tmp_path / "vectra-guard.yaml").write_text(
        "policies:\n  rules:\n"
        "    - {id: own.bad, risk: hihg, message: Bad., when: {command: foo}}\n"
        "    - {id: own.wrong, risk: high, message: Wrong., when: {command: foo}, examples: {match: [bar]}}\n"
        "    - {id: own.good, risk: high, message: Good., when: {command: foo}, examples: {match: [foo x]}}\n"
    )
    guard = Guard.open()
    found = guard.judge(Request("foo", cwd=str(tmp_path), home=str(tmp_path / "home"))).decision.findings
    assert [f.rule for f in found] == ["own.good"]
    assert [p.rpartition("/")[2].partition(": rule")[0] for p in guard.problems] == [
        "vectra-guard.yaml:3",
        "vectra-guard.yaml:4",
    ]


def test_a_broken_shipped_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    for text in ("rules: [", "- 1", "rulez: []", "rules: [{id: a.b, risk: high}]"):
        file.write_text(text)
        with pytest.raises(GuardError):
            loading.compile_files([file])


def test_the_copy_is_used_and_never_trusted_blindly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "rules.json"
    monkeypatch.setattr(loading, "_copy_path", lambda: copy)
    first = loading.shipped()
    assert copy.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(loading, "compile_files", lambda files: pytest.fail("the copy was not used"))
    assert loading.shipped()["index"] == first["index"]
    monkeypatch.undo()
    monkeypatch.setattr(loading, "_copy_path", lambda: copy)
    copy.write_text('{"stamp": [], "rules": []}')
    assert loading.shipped()["index"] == first["index"]
    copy.chmod(0o666)
    assert loading.shipped()["index"] == first["index"]


def test_without_a_cache_folder_the_rules_still_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(loading, "_copy_path", lambda: tmp_path / "file" / "rules.json")
    assert loading.shipped()["rules"]
