"""What a tool without rules of its own says it would do: ``lando destroy``, ``kamal deploy``, ``cs uninstall x``.

Command line tools share their verbs. One that is not known here is judged by the verb among its first words: what
destroys is high, what removes, installs or sends away is medium. Reads subcommands only, never words that are more
likely names: tools that take files, programs run by path and shell builtins are left out. The texts are in verbs.yaml.
"""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN
from vectra_guard.rules.matching import shows_only
from vectra_guard.rules.view import Context, View
from vectra_guard.syntax.names import BUILTINS

ROLES = ("file_readers", "filters", "printers", "copiers", "harmless_readers", "interpreters", "writers", "network",
         "summarisers", "deleters", "temp_makers", "task_runners")  # fmt: skip
PARTS = re.compile("[-:_]")  # `pg:reset`, `bucket-delete`
NAME = re.compile(r"[./@=]")  # more likely a file, an address or a setting than a subcommand
KINDS = (
    ("destroying_verbs", "verb.destroys"), ("removing_verbs", "verb.removes"), ("installing_verbs", "verb.installs"),
)  # fmt: skip


def judge(context: Context) -> None:
    wrappers = {v.command.top for v in context.views if v.command.top != v.command.index}  # judged by what they run
    latest: dict[int, int] = {}  # the last command with so many wrappers around it
    for view in context.views:
        depth = len(view.command.wrappers)
        if depth:
            wrappers.add(latest.get(depth - 1, -1))
        latest[depth] = view.command.index
    for view in context.views:
        if view.words and view.name and view.command.index not in wrappers and _unknown_tool(context, view):
            _judge(context, view)


def _unknown_tool(context: Context, view: View) -> bool:
    """Nothing else judges it, and its first words are likely to be subcommands."""
    rules, command, name = context.rules, view.command, view.name
    if (rules.tool(name) is not None and name not in rules.role("verb_tools")) or name in rules.roles(*ROLES):
        return False
    if name == UNKNOWN or "/" in command.words[0].text or name in BUILTINS.get("bash", ()):
        return False
    # a rule that says only that it runs as another user has not judged it
    return not any(f.command == command.index and not f.rule.startswith("privilege.") for f in context.findings)


def _judge(context: Context, view: View) -> None:
    rules = context.rules
    for word in view.parsed.args[:3]:
        if word.text in rules.role("reading_verbs") or word.text == "run":
            return
        if NAME.search(word.text):
            continue
        parts = PARTS.split(word.text) if len(word.text) < 40 else [word.text]
        rule = next((rule for role, rule in KINDS if {word.text, parts[0], parts[-1]} & rules.role(role)), "")
        if rule:
            if not _only_shows(context, view):
                mild = rule == "verb.destroys" and rules.tool(view.name) is not None
                context.add("verb.removes" if mild else rule, view.command, word.text)
            return


def _only_shows(context: Context, view: View) -> bool:
    return shows_only(view) or any(w.text in context.rules.role("reading_options") for w in view.words)
