from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox import box


@pytest.fixture(scope="module")
def me() -> Iterator[box.Account]:
    made = box.account("me")
    yield made
    box.remove(made)


@pytest.fixture(scope="module", params=["me", "user"])
def person(request: pytest.FixtureRequest) -> Iterator[box.Account]:
    """Each test as whoever runs the tests (root in CI containers) and as an ordinary user."""
    made = box.account(request.param)
    yield made
    box.remove(made)
