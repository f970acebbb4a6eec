"""``vg ask ID``: for the hooks. Asks about a line that the evaluator holds and hands the answer back to it.

Exit status 0 once the evaluator has the answer; anything else means that nothing was answered, which the hook and
the evaluator take as no.
"""

from __future__ import annotations

from vectra_guard.codec import decision_from_json
from vectra_guard.errors import GuardError, UsageError
from vectra_guard.evaluator import client
from vectra_guard.model import Request


def run(args: list[str]) -> int:
    if len(args) != 1:
        raise UsageError("usage: vg ask ID (the hooks call this)")
    from vectra_guard import prompt
    from vectra_guard.config import layers

    asked = client.call("ask", id=args[0])
    if not asked.get("ok"):
        raise GuardError("this question is not open any more; type the line again")
    request = Request(
        line=asked["line"], shell=asked["shell"], cwd=asked["cwd"], home=asked.get("home", ""), interactive=True
    )
    decision = decision_from_json(asked["decision"])
    config = layers.load(request.cwd).config
    answer = prompt.ask(request, decision, config)
    client.call("answer", id=args[0], choice=answer.choice, scope=answer.scope, duration=answer.duration)
    return 0
