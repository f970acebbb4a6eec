"""Starting guarded sessions, for tests that are the same in several shells."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from tests.hooks.harness import Session

Open = Callable[..., Session]


@pytest.fixture
def open_shell(tmp_path: Path) -> Iterator[Open]:
    """Opens sessions; all are closed, and checked for leftovers, at the end of a test that passed."""
    opened: list[Session] = []

    def begin(kind: str, **settings: object) -> Session:
        need(shutil.which(kind), f"{kind} is not installed")
        opened.append(Session(kind, tmp_path, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield begin
    for session in reversed(opened):
        session.close()
