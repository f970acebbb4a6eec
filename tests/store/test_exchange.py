"""Entries survive a round trip, and the original system's file is understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vectra_guard.errors import UsageError
from vectra_guard.store import db, exchange
from vectra_guard.store.trust import TrustStore

NOW = 1_790_000_000.0  # in 2026

ORIGINAL = [
    {
        "command_hash": "0" * 64,
        "command": "npm install express",
        "approved_at": "2026-01-31T12:00:00.123456789Z",
        "approved_by": "me",
        "expires_at": "0001-01-01T00:00:00Z",
        "use_count": 3,
        "last_used": "2026-02-01T12:00:00+02:00",
        "tags": ["web"],
        "note": "needed",
    },
    {"command": "old", "approved_at": "2020-01-01T00:00:00Z", "expires_at": "2020-01-02T00:00:00Z", "use_count": 0},
    {"command": "rm -rf /", "approved_at": "2026-01-01T00:00:00Z", "use_count": 0},
]


def prints(command: str) -> list[tuple[str, str]]:
    return [] if command == "rm -rf /" else [(f"print of {command}", command)]


def test_round_trip(tmp_path: Path) -> None:
    first = TrustStore(db.open(str(tmp_path / "a.db")))
    first.add("f1", "npm test", now=NOW, folder="/repo", duration=60, max_uses=5, note="n", tags=["a"])
    entry = first.add("f2", "make *", now=NOW, scope="anywhere", pattern=True)
    first.use([entry.id], NOW + 1)
    text = exchange.dump(first.list())
    second = TrustStore(db.open(str(tmp_path / "b.db")))
    found = exchange.parse(text, NOW, prints)
    assert found.left_out == ()
    assert second.restore(found.entries) == 2
    assert second.list() == first.list()
    assert second.restore(found.entries) == 0


def test_the_originals_file() -> None:
    found = exchange.parse(json.dumps(ORIGINAL), NOW, prints)
    assert found.left_out == ("old", "rm -rf /")
    (entry,) = found.entries
    assert (entry.fingerprint, entry.scope, entry.expires_at) == ("print of npm install express", "anywhere", None)
    assert (entry.use_count, entry.tags, entry.note, entry.approved_by) == (3, ("web",), "needed", "me")
    assert entry.last_used == 1769940000.0


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[1]", "[" * 100_000, '[{"scope": "everywhere"}]', '[{"scope": "here", "command_hash": "x"}]',
        '[{"command": "x", "approved_at": 5}]', '[{"command": "x", "use_count": "many"}]', '[{"note": "x"}]',
        '[{"command": "x", "expires_at": "tomorrow"}]',
    ],
)  # fmt: skip
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a trust file"):
        exchange.parse(text, NOW, prints)


def test_an_export_has_the_originals_names(tmp_path: Path) -> None:
    store = TrustStore(db.open(str(tmp_path / "a.db")))
    store.add("f1", "npm test", now=NOW, scope="anywhere", duration=60)
    (item,) = json.loads(exchange.dump(store.list()))
    assert set(ORIGINAL[0]) <= set(item)
    assert item["approved_at"] == "2026-09-21T14:13:20Z"
