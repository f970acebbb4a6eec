"""``judge``: everything the rules say about a script. Pure; a harmless line leaves early.

First the rules that are data, command by command, then what needs code: deletion targets, flows between commands,
shapes such as fork bombs, privileges, the guard's own files. Findings are taken back in one case only: a line that
does nothing but define functions (``definitions``). Otherwise adding can only raise.
"""

from __future__ import annotations

from vectra_guard.model import UNKNOWN, Command, Facts, Finding, Request, Script, Word
from vectra_guard.rules import (
    databases,
    definitions,
    deletion,
    flows,
    privilege,
    production,
    protection,
    secrets,
    shapes,
    spread,
    verbs,
    writing,
)
from vectra_guard.rules.matching import EXPORTERS, Matcher, Tool, shows_only, test
from vectra_guard.rules.places import Where
from vectra_guard.rules.ruleset import RuleSet
from vectra_guard.rules.view import Context, View

FOREIGN = frozenset(("ssh", "container"))
HELP = frozenset(("--help", "--version", "-h", "-V", "-help", "-version", "help", "version"))
NOT_HELP = frozenset([
    "shutdown", "halt", "poweroff", "chown", "chgrp", "chmod", "history", "source", ".", "sh", "bash", "zsh",
])  # fmt: skip


def judge(script: Script, request: Request, facts: Facts, ruleset: RuleSet) -> tuple[Finding, ...]:
    """What would happen, strongest first, then in the order of the line."""
    context = Context(script, request, facts, ruleset)
    root = facts.git_root or request.cwd
    here = Where(request.cwd, request.home, root)
    for command in script.commands:
        view = _view(command, ruleset, here, facts)
        context.views.append(view)
        _by_data(context, view)
    deletion.judge(context)
    writing.judge(context)
    spread.judge(context)
    secrets.judge(context)
    databases.judge(context)
    privilege.judge(context)
    shapes.judge(context)
    flows.judge(context)
    protection.judge(context)
    verbs.judge(context)
    production.judge(context)
    if context.findings:
        definitions.drop_harmless(context)
    if len(context.findings) > 1:
        context.findings.sort(key=lambda f: (-f.risk, f.command))
    return tuple(context.findings)


def _view(command: Command, rules: RuleSet, here: Where, facts: Facts) -> View:
    where = here
    if command.place in FOREIGN:
        where = Where(command.cwd or UNKNOWN, here.home, UNKNOWN)
    elif command.cwd and command.cwd != here.cwd:
        where = Where(command.cwd, here.home, facts.git_root or here.root)
    name = rules.resolve(command.name) if command.name else ""
    words = command.words[1:]
    if name == "python" and len(words) > 1:
        name, words = _module(name, words, rules)
    elif name in ("yarn", "pnpm", "bun") and words and words[0].text in rules.role("project_tools"):
        name, words = words[0].text, words[1:]  # `yarn prisma …` runs the project's own prisma
    elif len(words) > 1 and words[0].text == "run" and words[1].text in rules.role("project_tools"):
        name, words = words[1].text, tuple(w for w in words[2:] if w.text != "--")
    return View(command, rules, where, name, words)


def _module(name: str, words: tuple[Word, ...], rules: RuleSet) -> tuple[str, tuple[Word, ...]]:
    """``python -m pip install x`` is pip's command."""
    for at, word in enumerate(words[:4]):
        if word.text == "-m" and at + 1 < len(words):
            module = rules.resolve(words[at + 1].text)
            return (module, words[at + 2 :]) if rules.tool(module) else (name, words)
        if not word.text.startswith("-"):
            break
    return name, words


def _by_data(context: Context, view: View) -> None:
    command = view.command
    if command.redirects or command.assigns or view.name in EXPORTERS:
        for matcher in context.rules.anything:
            _apply(context, matcher, view)
    tool = context.rules.tool(view.name) if view.name else None
    if tool is None or not (tool.plain or tool.by_sub):
        return
    words = view.words
    if len(words) == 1 and words[0].text in HELP and view.name not in NOT_HELP:
        return
    if tool.by_sub and words and words[0].text == "help":
        return
    parsed = view.parsed
    showing = shows_only(view)
    candidates = tool.plain
    if tool.by_sub and parsed.args:
        _drop_value(view, tool)
        candidates = candidates + tool.by_sub.get(parsed.args[0].text, [])
    for matcher in candidates:
        if not showing or matcher.rule.always:
            _apply(context, matcher, view)


def _drop_value(view: View, tool: Tool) -> None:
    """``kubectl --new-option x delete ns y``: after an option that the table does not know, ``x`` is its value."""
    args = view.parsed.args
    if len(args) < 2 or args[0].text in tool.by_sub or args[1].text not in tool.by_sub:
        return
    at = next(n for n, w in enumerate(view.words) if w is args[0])
    if at and view.words[at - 1].text[:1] == "-":
        del args[0]


def _apply(context: Context, matcher: Matcher, view: View) -> None:
    target = test(matcher, view)
    if target is not None:
        beyond = matcher.rule.remedy == "review" and _beyond_the_project(view)
        context.add(matcher.rule.id, view.command, target, remedy="ask" if beyond else None)


def _beyond_the_project(view: View) -> bool:
    """Does the command name a folder that a view of the project does not hold?"""
    if view.parsed.has("-C", "--git-dir", "--work-tree", "--prefix", "--root", "--target"):
        return True
    return any("workspace" not in view.tags(w) for w in view.parsed.args if w.text[:1] in ("/", "~") or ".." in w.text)
