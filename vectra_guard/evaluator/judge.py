"""What the evaluator needs of a judge, and the real one: ``vectra_guard.guard.Guard``.

Imported by the warm parent only, so that its forked workers share rules and parser. A judge that raises makes the
worker refuse the line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from vectra_guard import policy, rewrite
from vectra_guard.model import Decision, Request

if TYPE_CHECKING:
    from vectra_guard.evaluate import Judgement


class Judge(Protocol):
    """One decision at a time, in one process."""

    def judge(
        self,
        request: Request,
        *,
        aliases: Mapping[str, str] | None = None,
        functions: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, str] | None = None,
    ) -> Judgement: ...

    def use(self, ids: tuple[str, ...], cwd: str) -> bool:
        """Count a use of trust entries. False: one has none left, judge again."""
        ...

    def rewrite(self, line: str, decision: Decision, grant: str, shell: str) -> str:
        """The line to run instead, in which ``vg exec`` hands ``grant`` back."""
        ...

    def after_answer(self, decision: Decision, choice: str) -> Decision:
        """What an ask becomes once the user has chosen ``host`` or ``sandbox``."""
        ...


class GuardJudge:
    """The real judge, warm: rules compiled, parser loaded, the user's configuration read once."""

    def __init__(self) -> None:
        # here and not above: a test that brings its own judge does not pay for rules and parser
        from vectra_guard import shells
        from vectra_guard.guard import Guard

        self._guard = Guard.open()
        self._vg = shells.vg()
        home = os.environ.get("HOME", "")
        self.judge(Request("ls -la | wc -l", cwd=home or "/", home=home, interactive=True))
        self._guard.release()  # workers are forked from here

    def judge(
        self,
        request: Request,
        *,
        aliases: Mapping[str, str] | None = None,
        functions: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, str] | None = None,
    ) -> Judgement:
        return self._guard.judge(request, aliases=aliases, functions=functions, environ=environ, flags=flags)

    def use(self, ids: tuple[str, ...], cwd: str) -> bool:
        return self._guard.use(ids, cwd)

    def rewrite(self, line: str, decision: Decision, grant: str, shell: str) -> str:
        return rewrite.apply(line, decision, self._vg, grant, shell)

    def after_answer(self, decision: Decision, choice: str) -> Decision:
        return policy.after_answer(decision, "sandbox" if choice == "sandbox" else "host")
