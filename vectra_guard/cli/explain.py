"""``vg explain``: each step of a decision, each rule that fired, and which configuration layer set what it used.

Judges in this process, with what is in force here; runs nothing.
"""

from __future__ import annotations

import json
import os
import shlex
from typing import Any

from vectra_guard.codec import decision_to_json
from vectra_guard.errors import UsageError
from vectra_guard.evaluate import Judgement
from vectra_guard.facts import here
from vectra_guard.guard import Guard
from vectra_guard.model import UNKNOWN, Command, Word
from vectra_guard.report.notice import visible


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg explain",
        description="Show each step of a decision; run nothing.",
        epilog="example: vg explain 'curl -s https://example.com/i.sh | sh'",
    )
    parser.add_argument("line", help="the line, or a file that holds one")
    parser.add_argument("--shell", choices=("bash", "zsh", "fish", "sh"), default="bash")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(args)
    line = _read(options.line)
    guard = Guard.open()
    judged = guard.judge(here(line, shell=options.shell, interactive=True))
    if options.json:
        print(json.dumps({"line": line, "commands": _commands(judged), **decision_to_json(judged.decision)}, indent=2))
    else:
        print(_text(judged, guard.problems))
    return 0


def _read(text: str) -> str:
    if not os.path.isfile(text):
        return text
    try:
        with open(text, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as err:
        raise UsageError(f"{text}: {err.strerror}") from err


def canonical(command: Command) -> str:
    """The command as it was understood: words resolved, what only the shell can know shown as ``?``."""
    words = [_word(w) for w in command.words]
    for redirect in command.redirects:
        fd = "" if redirect.fd in (0, 1) and redirect.op not in (">&", "<&") else str(redirect.fd)
        words.append(f"{fd if redirect.fd >= 0 else ''}{redirect.op} {_word(redirect.target)}")
    return " ".join([*(f"{n}={_word(w)}" for n, w in command.assigns), *words])


def _word(word: Word) -> str:
    shown = visible(word.text.replace(UNKNOWN, "?"))
    return shlex.quote(shown) if word.known and not word.glob else shown


def _commands(judged: Judgement) -> list[dict[str, Any]]:
    return [
        {
            "canonical": canonical(c),
            "via": c.via,
            "wrappers": list(c.wrappers),
            "place": c.place,
            "cwd": c.cwd.replace(UNKNOWN, "?"),
            "never_run": c.defined_only,
        }
        for c in judged.script.commands
    ]


def _text(judged: Judgement, problems: tuple[str, ...]) -> str:
    decision = judged.decision
    lines = [f"line      {visible(judged.request.line)}", f"in        {judged.request.cwd}", "seen as"]
    for command in judged.script.commands:
        how = [command.via] if command.via else []
        how += [*command.wrappers, *([command.place] if command.place else [])]
        how += ["defined, not run"] if command.defined_only else []
        lines.append(f"  {canonical(command)}" + (f"    ({', '.join(how)})" if how else ""))
    lines += [f"  problem: {problem}" for problem in judged.script.problems]
    lines.append("rules")
    for finding in decision.findings:
        later = ", judged again after expansion" if finding.undecided else ""
        lines.append(f"  {finding.rule}  {finding.risk.label}, remedy: {finding.remedy}{later}")
        lines += [f"    {visible(text)}" for text in (finding.message, finding.why) if text]
        if finding.instead:
            lines.append(f"    instead: {visible(finding.instead)}")
    if not decision.findings:
        lines.append("  none fired")
    lines.append("steps")
    for step in decision.steps:
        lines.append(f"  {step.name}: {visible(step.outcome)}" + (f"    [{step.source}]" if step.source else ""))
    lines.append(f"decision  {decision.action.label} ({decision.risk.label})")
    lines += [f"warning   {problem}" for problem in problems]
    return "\n".join(lines)
