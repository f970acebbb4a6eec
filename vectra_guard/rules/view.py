"""What the rules see of one command: its tool's name, its argv as read by the tool's table, where it runs.

Also the one place that turns a rule into a Finding. Lazy, because most commands of most lines match nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Command, Facts, Finding, Remedy, Request, Script, Span, Word
from vectra_guard.rules.argv import EMPTY, Parsed, parse
from vectra_guard.rules.places import Where
from vectra_guard.rules.predicates import word_tags

if TYPE_CHECKING:
    from vectra_guard.rules.ruleset import RuleSet

SHOWN = 60  # characters of a word that a message quotes


@dataclass
class View:
    """One command. ``name`` is the tool it is: ``pip`` for pip3.11 and for ``python -m pip``."""

    command: Command
    rules: RuleSet
    where: Where
    name: str
    words: tuple[Word, ...]  # after the command word

    @cached_property
    def parsed(self) -> Parsed:
        tool = self.rules.tool(self.name)
        return parse(self.name, self.words, tool.table if tool else EMPTY)

    def tags(self, word: Word) -> frozenset[str]:
        return word_tags(word, self.where)


@dataclass
class Context:
    """One judgement: the script, the world, and the findings so far."""

    script: Script
    request: Request
    facts: Facts
    rules: RuleSet
    findings: list[Finding] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    def add(
        self,
        rule_id: str,
        command: Command | None,
        target: str = "",
        *,
        undecided: bool = False,
        remedy: Remedy | None = None,
    ) -> None:
        """``remedy``: instead of the rule's own, where this case has another."""
        rule = self.rules.rule(rule_id)
        index = command.index if command is not None else -1
        remedy = remedy or rule.remedy
        if (rule_id, index) in self._seen:
            self._remedied(rule_id, index, remedy, rule.remedy)
            return
        self._seen.add((rule_id, index))
        message = rule.message
        if "{target}" in message:
            message = message.replace("{target}", shown(target))
        span = command.span if command is not None else _whole(self.request)
        self.findings.append(
            Finding(
                rule.id,
                rule.risk,
                remedy,
                message,
                span,
                index,
                rule.why,
                rule.instead,
                rule.category,
                undecided or rule.undecided,
                rule.manager,
            )
        )

    def _remedied(self, rule_id: str, index: int, remedy: Remedy, usual: Remedy) -> None:
        """Of several targets one may need another remedy: then the rule's own one counts for all."""
        for at, finding in enumerate(self.findings):
            if (finding.rule, finding.command) == (rule_id, index) and finding.remedy != remedy:
                self.findings[at] = replace(finding, remedy=usual)

    def inside(self, view: View) -> list[View]:
        """The commands that this one runs, as far as they could be read."""
        command, depth = view.command, len(view.command.wrappers)
        later = self.views[command.index + 1 :]
        return [v for v in later if v.command.top == command.top and len(v.command.wrappers) > depth]

    def found(self, command: int, prefix: str) -> bool:
        return any(f.command == command and f.rule.startswith(prefix) for f in self.findings)


def shown(text: str) -> str:
    text = text.replace(UNKNOWN, "…").replace("\n", " ")
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _whole(request: Request) -> Span:
    return Span(0, len(request.line.encode("utf-8", "surrogateescape")))
