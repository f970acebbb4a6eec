"""What each shipped preset does with ten commands, where somebody can answer and where nobody can."""

from __future__ import annotations

import pytest

from vectra_guard import rules
from vectra_guard.config import layers
from vectra_guard.config.reading import Value
from vectra_guard.config.schema import Config
from vectra_guard.evaluate import evaluate
from vectra_guard.model import Facts, PathInfo, Request
from vectra_guard.rules import RuleSet

COMMANDS = (
    "ls -la",
    "git commit -m x",
    "npm test",
    "npm install express",
    "pip install flask",
    "sudo apt-get install jq",
    "env",
    "git push --force",
    "terraform destroy -auto-approve",
    "rm -rf ~",
)
ASKED = {
    "developer": "host host host sandbox sandbox host host ask ask block",
    "ci-cd": "sandbox sandbox sandbox sandbox sandbox sandbox sandbox ask ask block",
    "production": "host host host sandbox sandbox ask ask ask ask block",
}
UNATTENDED = {
    "developer": "host host host sandbox sandbox host host block block block",
    "ci-cd": "sandbox sandbox sandbox sandbox sandbox sandbox sandbox block block block",
    "production": "host host host sandbox sandbox block block block block block",
}


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return rules.load()


def configured(name: str) -> Config:
    values = {key: value for key, (value, _) in layers.preset_values(Value(name, "test")).items()}
    return layers.build(values)


def decided(name: str, interactive: bool, ruleset: RuleSet) -> dict[str, str]:
    facts = Facts(
        user="me", uid=1000, git_root="/home/me/repo", git_branch="work", variables={"HOME": "/home/me"},
        path_info=lambda _: PathInfo(),
    )  # fmt: skip
    config = configured(name)
    return {
        line: evaluate(
            Request(line, cwd="/home/me/repo", home="/home/me", interactive=interactive), facts, config, ruleset
        ).decision.action.label
        for line in COMMANDS
    }


@pytest.mark.parametrize("name", layers.preset_names())
def test_ten_commands_with_somebody_there(name: str, ruleset: RuleSet) -> None:
    assert decided(name, True, ruleset) == dict(zip(COMMANDS, ASKED[name].split(), strict=True))


@pytest.mark.parametrize("name", layers.preset_names())
def test_ten_commands_with_nobody_there(name: str, ruleset: RuleSet) -> None:
    assert decided(name, False, ruleset) == dict(zip(COMMANDS, UNATTENDED[name].split(), strict=True))


def test_what_sets_the_presets_apart() -> None:
    developer, ci, production = (configured(name) for name in ("developer", "ci-cd", "production"))
    assert (developer.sandbox.timeout, ci.sandbox.timeout, production.sandbox.timeout) == (0, 1800, 3600)
    assert developer.sandbox.security_level == ci.sandbox.security_level == "balanced"
    assert production.sandbox.security_level == "strict"
    assert (developer.sandbox.enable_cache, production.sandbox.enable_cache) == (True, False)
    assert production.env_protection.block_env_access
    assert not developer.env_protection.block_env_access
