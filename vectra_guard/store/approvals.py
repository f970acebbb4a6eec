"""How often a command was approved by hand, to offer once that it be remembered. Holds fingerprints, no text."""

from __future__ import annotations

from vectra_guard.store import db
from vectra_guard.store.text import place_value

FORGOTTEN_AFTER = 90 * 86400.0
"""Seconds after which an approval that was never repeated is no habit."""


def approved(conn: db.Connection, fingerprint: str, folder: str, now: float) -> None:
    """Count one approval at this place."""
    with db.transaction(conn):
        conn.execute("DELETE FROM approvals WHERE last < ?", (now - FORGOTTEN_AFTER,))
        conn.execute(
            "INSERT INTO approvals VALUES (?, ?, 1, ?, 0)"
            " ON CONFLICT DO UPDATE SET count = count + 1, last = excluded.last",
            (fingerprint, place_value(folder), now),
        )


def suggestion(conn: db.Connection, fingerprint: str, folder: str, after: int) -> int:
    """How often it was approved here, when that is reason to offer remembering it: the first time that it is at
    least ``after``. Asking takes the offer; afterwards, and below that, it is 0."""
    key = (fingerprint, place_value(folder))
    if not db.query(
        conn,
        "SELECT 1 FROM approvals WHERE fingerprint = ? AND folder = ? AND suggested = 0 AND count >= ?",
        (*key, after),
    ):
        return 0
    with db.transaction(conn):
        row = conn.execute(
            "UPDATE approvals SET suggested = 1 WHERE fingerprint = ? AND folder = ? AND suggested = 0 RETURNING count",
            key,
        ).fetchone()
    return int(row["count"]) if row else 0
