"""Count one finished run, and the use of what it was trusted by.

A store that cannot be written never stops or fails a run: the row is lost and the reason is returned. Writes nothing
when metrics are off (``metrics.enabled``, or ``sandbox.enable_metrics`` for sandboxed runs).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from vectra_guard.config.schema import Config
from vectra_guard.errors import StoreError
from vectra_guard.model import Risk
from vectra_guard.store import audit, db
from vectra_guard.store.metrics import MetricsStore, Run
from vectra_guard.store.trust import TrustStore

AUDITED = (
    "command", "cwd", "shell", "decision", "risk", "reason", "answer", "status", "trusted", "level", "network",
    "duration",
)  # fmt: skip


def wanted(config: Config, runtime: str) -> bool:
    """Whether a run with this runtime (``host``, ``none`` or a sandbox's name) is to be counted."""
    sandboxed = runtime not in ("host", "none")
    return config.metrics.enabled and (config.sandbox.enable_metrics or not sandboxed)


def finished(config: Config, *, trust_ids: Sequence[str] = (), runtime: str, **fields: Any) -> str:
    """Returns the reason why nothing was written, or empty."""
    keeper = Keeper()
    try:
        return keeper.finished(config, trust_ids=trust_ids, runtime=runtime, **fields)
    finally:
        keeper.close()


class Keeper:
    """Counts runs over one connection that stays open. While one process has the store open, the others need not
    tidy it up (and wait for the disk) when they close it."""

    def __init__(self) -> None:
        self._path = ""
        self._conn: db.Connection | None = None

    def finished(self, config: Config, *, trust_ids: Sequence[str] = (), runtime: str, **fields: Any) -> str:
        """As the function above."""
        counted = wanted(config, runtime)
        fields.setdefault("trusted", bool(trust_ids))
        lost = self._audited(config, runtime, fields)
        if not counted and not trust_ids:
            return lost
        try:
            conn = self._open(config.sandbox.trust_store_path)
            if trust_ids:
                TrustStore(conn).use(trust_ids, time.time())
            if counted:
                fields.setdefault("mode", config.sandbox.mode)
                run = Run(time=time.time(), runtime=runtime, **fields)
                MetricsStore(conn, config.metrics.history).record(run)
        except StoreError as err:
            self.close()  # the next run opens it anew
            return str(err)
        return lost

    def _audited(self, config: Config, runtime: str, fields: dict[str, Any]) -> str:
        """Write the decision to the audit log where ``logging.audit`` wants it; returns why it could not."""
        plain = fields["risk"] == Risk.LOW.label and runtime == "host"
        if config.logging.audit == "off" or (plain and config.logging.audit != "all"):
            return ""
        record = {name: fields[name] for name in AUDITED if name in fields}
        try:
            audit.append({**record, "rules": list(fields.get("rules", ())), "runtime": runtime, "time": time.time()})
        except StoreError as err:
            return str(err)
        return ""

    def _open(self, path: str) -> db.Connection:
        if self._conn is None or self._path != path:
            self.close()
            self._conn, self._path = db.open(path or None), path
        return self._conn

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
