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
from vectra_guard.store import db
from vectra_guard.store.metrics import MetricsStore, Run
from vectra_guard.store.trust import TrustStore


def wanted(config: Config, runtime: str) -> bool:
    """Whether a run with this runtime (``host``, ``none`` or a sandbox's name) is to be counted."""
    sandboxed = runtime not in ("host", "none")
    return config.metrics.enabled and (config.sandbox.enable_metrics or not sandboxed)


def finished(config: Config, *, trust_ids: Sequence[str] = (), runtime: str, **fields: Any) -> str:
    """Returns the reason why nothing was written, or empty."""
    counted = wanted(config, runtime)
    fields.setdefault("trusted", bool(trust_ids))
    if not counted and not trust_ids:
        return ""
    try:
        conn = db.open(config.sandbox.trust_store_path or None)
        if trust_ids:
            TrustStore(conn).use(trust_ids, time.time())
        if counted:
            fields.setdefault("mode", config.sandbox.mode)
            run = Run(time=time.time(), runtime=runtime, **fields)
            MetricsStore(conn, config.metrics.history).record(run)
        conn.close()
    except StoreError as err:
        return str(err)
    return ""
