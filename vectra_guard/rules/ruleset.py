"""The rules in force: shipped and custom, looked up by command name, compiled when first needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vectra_guard.config.schema import CustomRule
from vectra_guard.errors import ConfigError
from vectra_guard.rules import argv, loading, schema
from vectra_guard.rules.matching import Matcher, Tool, build_matcher, flag_specs

_VERSION = re.compile(r"[-_]?\d+(\.\d+)*$")


class RuleSet:
    """Immutable to its users; what is compiled is kept."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._tools: Mapping[str, Any] = data["tools"]
        self._raw: list[dict[str, Any]] = data["rules"]
        self._index: Mapping[str, list[list[Any]]] = data["index"]
        self._roles: dict[str, frozenset[str]] = {k: frozenset(v) for k, v in data["roles"].items()}
        self._by_id = {rule["id"]: n for n, rule in enumerate(self._raw)}
        self._compiled: dict[str, Tool | None] = {}
        self._rules: dict[int, schema.Rule] = {}
        self._names: dict[str, str] = {}
        self._unions: dict[tuple[str, ...], frozenset[str]] = {}
        self.anything: list[Matcher] = self._matchers("*", argv.EMPTY)

    def with_custom(self, rules: tuple[CustomRule, ...]) -> RuleSet:
        """A new set with ``rules`` added. A custom rule can only add findings, so it can only raise.

        Raises ConfigError (FILE:LINE) for a rule that is malformed or takes an id that is in use.
        """
        if not rules:
            return self
        raw = list(self._raw)
        taken = dict(self._by_id)
        for rule in rules:
            data = {"category": "custom", "remedy": "ask", **rule.data}
            schema.check(data, rule.source)
            if data["id"] in taken:
                raise ConfigError(f"rule {data['id']}: this id is taken; give yours another", rule.source)
            taken[data["id"]] = len(raw)
            raw.append(data)
        merged = {name: list(entries) for name, entries in self._index.items()}
        for name, entries in loading.index(raw[len(self._raw) :], len(self._raw)).items():
            merged.setdefault(name, []).extend(entries)
        return RuleSet({"tools": self._tools, "rules": raw, "index": merged, "roles": self._roles})

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._by_id)

    def rule(self, rule_id: str) -> schema.Rule:
        return self._rule(self._by_id[rule_id])

    def role(self, name: str) -> frozenset[str]:
        return self._roles[name]

    def roles(self, *names: str) -> frozenset[str]:
        """All tools of these groups together."""
        found = self._unions.get(names)
        if found is None:
            found = self._unions[names] = frozenset().union(*(self._roles[name] for name in names))
        return found

    def resolve(self, name: str) -> str:
        """The name under which a command has rules: ``pip3.11`` → ``pip``, ``mkfs.xfs`` → ``mkfs.*``; or itself."""
        known = self._names.get(name)
        if known is None:
            known = self._resolve(name)
            if len(self._names) < 10_000:
                self._names[name] = known
        return known

    def _resolve(self, name: str) -> str:
        bare, family = _VERSION.sub("", name), name.partition(".")[0] + ".*"
        for candidate in (name, bare, family, name.removesuffix(".exe"), name.lower()):
            if candidate and (candidate in self._index or candidate in self._tools):
                return candidate
        return bare if any(bare in role for role in self._roles.values()) else name

    def tool(self, name: str) -> Tool | None:
        """Table and matchers of a resolved name; None when nothing is known of it."""
        if name not in self._compiled:
            if name not in self._index and name not in self._tools:
                return None
            self._compiled[name] = self._compile(name)
        return self._compiled[name]

    def _compile(self, name: str) -> Tool:
        table = argv.build(self._tools.get(name) or {})
        _compile_harmless(table)
        tool = Tool(table)
        for matcher in self._matchers(name, table):
            if matcher.subs:
                for sub in matcher.subs[0]:
                    tool.by_sub.setdefault(sub, []).append(matcher)
            else:
                tool.plain.append(matcher)
        return tool

    def _matchers(self, name: str, table: argv.Table) -> list[Matcher]:
        found = []
        for number, place, subs in self._index.get(name, ()):
            when = schema.whens(self._raw[number])[place]
            alternatives = tuple(tuple(s) for s in subs)
            found.append(build_matcher(self._rule(number), when, alternatives, table))
        return found

    def _rule(self, number: int) -> schema.Rule:
        if number not in self._rules:
            self._rules[number] = schema.to_rule(self._raw[number])
        return self._rules[number]


def _compile_harmless(table: argv.Table) -> None:
    """Harmless forms as flag specs, for every level of subcommands."""
    table.show = flag_specs(table.harmless, table)
    for sub in table.subs.values():
        if not sub.show:
            _compile_harmless(sub)


def load() -> RuleSet:
    """The shipped rules. Raises GuardError when a shipped file is broken."""
    return RuleSet(loading.shipped())
