"""What the store knows of a question, and what it is to keep of the answer.

A store that cannot be used costs what it would have said or kept, never the answer: that is told in one line.
"""

from __future__ import annotations

import time

from vectra_guard.config.schema import Config
from vectra_guard.errors import StoreError
from vectra_guard.facts import git_root
from vectra_guard.messages import _
from vectra_guard.model import Decision, Request
from vectra_guard.prompt.question import Answer, Known
from vectra_guard.report.notice import say
from vectra_guard.store import approvals, db, scripts
from vectra_guard.store.trust import TrustStore, parse_duration


def recall(request: Request, decision: Decision, config: Config) -> Known:
    """What changed since it was trusted, and whether approving it has become a habit."""
    asking = [part for part in decision.parts if part.asks]
    known = Known()
    after = config.trust.suggest_after
    if not asking or not (after or any(part.changed for part in asking)):
        return known
    try:
        conn = _open(config)
        store = TrustStore(conn)
        for part in asking:
            for path in part.changed:
                known.changes[path] = scripts.diff(store.script_text(part.fingerprint, path), path)
        if after and decision.host_offered:
            place = _place(request)
            known.habit = max(approvals.suggestion(conn, part.fingerprint, place, after) for part in asking)
    except StoreError:
        pass  # said when something is to be kept
    return known


def keep(request: Request, decision: Decision, answer: Answer, config: Config) -> None:
    """Write a trust entry for each part that asked, or count that it was approved once."""
    if answer.choice not in ("host", "remember"):
        return
    now, place = time.time(), _place(request)
    try:
        conn = _open(config)
        for part in decision.parts:
            if not part.asks:
                continue
            if answer.choice == "host":
                if config.trust.suggest_after:
                    approvals.approved(conn, part.fingerprint, place, now)
                continue
            TrustStore(conn).add(
                part.fingerprint,
                part.text,
                now=now,
                scope="here" if answer.scope == "here" else "anywhere",
                folder=place,
                duration=parse_duration(answer.duration),
                script_paths=scripts.of_runs(part.runs),
            )
    except StoreError as err:
        if answer.choice == "remember":
            say(_("vg: not remembered: {reason}").format(reason=err))


def _open(config: Config) -> db.Connection:
    return db.open(config.sandbox.trust_store_path or None)


def _place(request: Request) -> str:
    return git_root(request.cwd) or request.cwd
