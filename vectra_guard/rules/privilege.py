"""Commands run as another user: what only reads is free, the rest is a privileged change. Texts in privilege.yaml."""

from __future__ import annotations

from vectra_guard.model import UNKNOWN
from vectra_guard.rules import databases
from vectra_guard.rules.matching import shows_only
from vectra_guard.rules.view import Context, View

SYSTEM_BINARIES = ("/bin/", "/sbin/", "/usr/")


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
        if _reads_only(context, view) or databases.given_statements(view):  # which were judged
            continue
        context.add("privilege.command", command, command.name)


def _asks_only(first: str) -> bool:
    return first in ("-l", "-v", "-k", "-K", "-V", "-h", "--list", "--version", "--help", "--validate")


def _reads_only(context: Context, view: View) -> bool:
    """By what tools call it: ``status``, ``list``, ``--check``. Not for what runs code, writes or has any name."""
    if "/" in view.command.words[0].text and not view.command.words[0].text.startswith(SYSTEM_BINARIES):
        return False
    role = context.rules.role
    words = view.words
    if len(words) == 1 and words[0].text in role("reading_options") | {"-h", "-V"}:
        return True
    if view.name in role("interpreters") or view.name in role("writers") or view.name in role("deleters"):
        return False
    if any(w.text.partition("=")[0] in role("reading_options") for w in words):
        return True
    args = view.parsed.args
    if view.name in role("subcommand_tools") and args and args[0].text in role("reading_subcommands"):
        return True
    verbs = [w.text for w in args[:3]]
    found = next((v for v in verbs if v in role("reading_verbs") or v in role("changing_subcommands")), "")
    return found in role("reading_verbs")
