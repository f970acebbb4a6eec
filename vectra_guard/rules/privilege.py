"""Commands run as another user: what only reads is free, the rest is a privileged change. Texts in privilege.yaml."""

from __future__ import annotations

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.rules.matching import shows_only
from vectra_guard.rules.view import Context


def judge(context: Context) -> None:
    for view in context.views:
        command = view.command
        if not command.privileged or not command.name or command.name == UNKNOWN or command.defined_only:
            continue
        if any(f.command == command.index for f in context.findings):
            continue
        if view.name in context.rules.role("harmless_readers") or view.name in context.rules.role("filters"):
            continue
        if view.name in ("sudo", "doas", "su") and _asks_only(view.words[0].text if view.words else ""):
            continue
        if context.rules.tool(view.name) is not None and shows_only(view):
            continue
        if view.name in context.rules.role("subcommand_tools") and _reads_only(context, view.parsed.args):
            continue
        context.add("privilege.command", command, command.name)


def _asks_only(first: str) -> bool:
    return first in ("-l", "-v", "-k", "-K", "-V", "-h", "--list", "--version", "--help", "--validate")


def _reads_only(context: Context, args: list[Word]) -> bool:
    return bool(args) and args[0].text in context.rules.role("reading_subcommands")
