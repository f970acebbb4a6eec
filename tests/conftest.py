"""Shared by all tests: a missing component skips with its reason, except where everything is required."""

from __future__ import annotations

import os
import signal

import pytest

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # started in the background of a script: what is tested would inherit that, and Ctrl-C is part of what is tested
    signal.signal(signal.SIGINT, signal.default_int_handler)


def need(ok: object, reason: str) -> None:
    """Skip the test when a component is missing; fail instead where CI promises that all are there."""
    if ok:
        return
    if os.environ.get("VG_REQUIRE_ALL") == "1":
        pytest.fail(f"required in this run, but missing: {reason}")
    pytest.skip(reason)
