"""Checks the examples of custom rules: each line under ``match`` fires its rule, each under ``miss`` does not.

Read as if typed in bash in a checkout of an ordinary user. Pure; the first example that is wrong raises ConfigError
with FILE:LINE of its rule, so that a rule that does not do what it says is not loaded. Shipped examples are tests.
"""

from __future__ import annotations

from vectra_guard.config.schema import CustomRule
from vectra_guard.errors import ConfigError
from vectra_guard.model import Facts, Request
from vectra_guard.rules.judging import judge
from vectra_guard.rules.ruleset import RuleSet
from vectra_guard.rules.schema import texts
from vectra_guard.syntax import read

HOME, HERE = "/home/user", "/home/user/project"
FACTS = Facts(user="user", git_root=HERE, variables={"HOME": HOME, "USER": "user", "PWD": HERE})


def check(ruleset: RuleSet, rules: tuple[CustomRule, ...]) -> None:
    """``ruleset`` holds ``rules``. Raises ConfigError."""
    for rule in rules:
        examples = rule.data.get("examples") or {}
        for kind in ("match", "miss"):
            for line in texts(examples.get(kind, ())):
                if (rule.data["id"] in _fired(ruleset, line)) is not (kind == "match"):
                    says = "does not match" if kind == "match" else "matches"
                    raise ConfigError(f"rule {rule.data['id']}: it {says} its example {line!r}", rule.source)


def _fired(ruleset: RuleSet, line: str) -> set[str]:
    request = Request(line, cwd=HERE, home=HOME)
    return {finding.rule for finding in judge(read(request, FACTS), request, FACTS, ruleset)}
