"""``vg check``: judge a line, a file or a batch of JSON requests. Runs nothing, asks nothing.

Exit status 0 whatever the risk (``--fail-on RISK`` makes it 2); bad usage 64. ``--batch`` answers every input line
with one JSON object, in order, and survives any input: what is not a request is answered with an ``error`` and
judged critical, so that nobody takes it for permission.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import IO, Any

from vectra_guard import rewrite
from vectra_guard.errors import UsageError
from vectra_guard.evaluate import Judgement
from vectra_guard.facts import here, working_directory
from vectra_guard.guard import Guard
from vectra_guard.model import Request, Risk


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg check", description=__doc__.split("\n", maxsplit=1)[0], epilog="example: vg check 'git push --force'"
    )
    parser.add_argument("line", nargs="?", help="the line to judge")
    parser.add_argument("--file", help="judge a whole script")
    parser.add_argument("--batch", action="store_true", help="JSON requests on standard input, one a line")
    parser.add_argument("--shell", choices=("bash", "zsh", "fish", "sh"), default="bash")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.add_argument("--fail-on", choices=[r.label for r in Risk], help="exit with 2 at this risk or above")
    options = parser.parse_args(args)
    if options.batch:
        # a batch is read as bytes: no input, however broken, may stop it
        return batch(sys.stdin.buffer, sys.stdout)
    if (options.line is None) == (options.file is None):
        raise UsageError("give one LINE, or --file FILE, or --batch")
    lines = [options.line] if options.file is None else _file(options.file)
    guard, worst = Guard.open(), Risk.LOW
    for line in lines:
        judged = guard.judge(here(line, shell=options.shell, interactive=True))
        worst = max(worst, judged.decision.risk)
        print(json.dumps(answer(judged)) if options.json else _text(judged))
    for problem in guard.problems:
        print(f"vg: {problem}", file=sys.stderr)
    return 2 if options.fail_on and worst >= Risk[options.fail_on.upper()] else 0


def batch(source: IO[bytes], sink: IO[str]) -> int:
    """The interface of the design: one JSON object a line in, one a line out, in order."""
    guard = Guard.open()
    for raw in source:
        if not raw.strip():
            continue
        line = ""
        try:
            data = json.loads(raw.decode("utf-8", "surrogateescape"))
            line = data["line"]
            result = answer(guard.judge(_from_json(data)))
        except Exception as err:  # whatever it is, the next line is still to be judged
            result = {"line": line, "risk": "critical", "decision": "block", "rules": ["guard.error"], "findings": []}
            result |= {"reason": "not judged", "error": f"{type(err).__name__}: {err}"}
        sink.write(json.dumps(result) + "\n")
        sink.flush()
    return 0


def _from_json(data: dict[str, Any]) -> Request:
    for name in ("line", "shell", "cwd", "home"):
        if name in data and not isinstance(data[name], str):
            raise ValueError(f"{name} must be a string")
    home = data.get("home", os.environ.get("HOME", ""))
    return Request(
        line=data["line"],
        shell=data.get("shell", "bash"),
        cwd=data.get("cwd") or working_directory(),
        home=home,
        interactive=True,
    )


def answer(judged: Judgement) -> dict[str, Any]:
    """What ``--batch`` and ``--json`` say of one line. Spans count characters of ``line``."""
    decision, line = judged.decision, judged.request.line
    raw = line.encode("utf-8", "surrogateescape")

    def characters(offset: int) -> int:
        return len(raw[:offset].decode("utf-8", "surrogateescape"))

    result: dict[str, Any] = {
        "line": line,
        "risk": decision.risk.label,
        "decision": decision.action.label,
        "rules": list(dict.fromkeys(f.rule for f in decision.findings)),
        "findings": [
            {
                "id": f.rule,
                "risk": f.risk.label,
                "message": f.message,
                "span": [characters(f.span.start), characters(f.span.end)],
            }
            for f in decision.findings
        ],
        "reason": decision.reason,
    }
    if decision.insertions or decision.whole_line:
        result["rewritten"] = rewrite.apply(line, decision, "vg", shell=judged.request.shell)
    return result


def _text(judged: Judgement) -> str:
    from vectra_guard.report.notice import visible

    decision = judged.decision
    lines = [f"{decision.risk.label}: {decision.action.label}: {visible(judged.request.line)}"]
    for finding in decision.findings:
        lines.append(f"  {finding.rule} ({finding.risk.label}): {visible(finding.message)}")
        if finding.instead:
            lines.append(f"    instead: {finding.instead}")
    return "\n".join(lines)


def _file(path: str) -> Iterable[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [file.read()]
    except OSError as err:
        raise UsageError(f"{path}: {err.strerror}") from err
