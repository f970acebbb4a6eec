"""Trust entries as JSON, out and in: our own form, and the original system's ``trust.json``.

The export is an array; each object has the original's names (``command_hash`` is the fingerprint) and ours. An
original entry names only text: the caller says which fingerprints that text has, and an entry without any (it could
not be read, or is critical) is left out and named. Imported entries hold only as long as they say themselves.
A file of another shape is a UsageError; nothing of it is taken.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vectra_guard.errors import UsageError
from vectra_guard.store.trust import TrustEntry

Fingerprints = Callable[[str], Sequence[tuple[str, str]]]
"""Command text -> (fingerprint, text) of each of its parts."""


@dataclass(frozen=True, slots=True)
class Import:
    entries: tuple[TrustEntry, ...]
    left_out: tuple[str, ...]  # commands that cannot be trusted here, or have ended


def to_json(entry: TrustEntry) -> dict[str, Any]:
    """One entry with plain values; times as ISO 8601."""
    return {
        "id": entry.id,
        "command_hash": entry.fingerprint,
        "command": entry.command,
        "scope": entry.scope,
        "folder": entry.folder.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "approved_at": _iso(entry.approved_at),
        "approved_by": entry.approved_by,
        "expires_at": _iso(entry.expires_at),
        "max_uses": entry.max_uses,
        "use_count": entry.use_count,
        "last_used": _iso(entry.last_used),
        "note": entry.note,
        "tags": list(entry.tags),
        "scripts": dict(entry.scripts),
        "pattern": entry.pattern,
    }


def dump(entries: Sequence[TrustEntry]) -> str:
    return json.dumps([to_json(entry) for entry in entries], indent=2)


def parse(text: str, now: float, fingerprints: Fingerprints) -> Import:
    """The entries of a file. An original entry (no ``scope``) is meant anywhere."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise UsageError(f"not a trust file: {err}") from err
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise UsageError("not a trust file: an array of objects is expected")
    entries: list[TrustEntry] = []
    left_out: list[str] = []
    for number, item in enumerate(data, 1):
        try:
            made = _ours(item) if "scope" in item else _original(item, fingerprints)
        except (KeyError, TypeError, ValueError, OverflowError) as err:
            raise UsageError(f"not a trust file: entry {number}: {err}") from err
        kept = [entry for entry in made if entry.live(now)]
        entries += kept
        if not kept:
            left_out.append(str(item.get("command", "")))
    return Import(tuple(entries), tuple(left_out))


def _ours(item: dict[str, Any]) -> list[TrustEntry]:
    if item["scope"] not in ("here", "anywhere"):
        raise ValueError("scope is here or anywhere")
    if item["scope"] == "here" and not str(item.get("folder", "")).startswith("/"):
        raise ValueError("scope here needs a folder")
    uses = item.get("max_uses")
    return [
        TrustEntry(
            id=str(item.get("id") or os.urandom(4).hex()),
            fingerprint=str(item["command_hash"]),
            command=str(item["command"]),
            scope=item["scope"],
            folder=str(item.get("folder", "")),
            max_uses=int(uses) if uses is not None else None,
            scripts={str(k): str(v) for k, v in dict(item.get("scripts") or {}).items()},
            pattern=item.get("pattern") is True,
            **_common(item),
        )
    ]


def _original(item: dict[str, Any], fingerprints: Fingerprints) -> list[TrustEntry]:
    parts = fingerprints(str(item["command"]))
    return [TrustEntry(os.urandom(4).hex(), print_, text, "anywhere", "", **_common(item)) for print_, text in parts]


def _common(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "approved_at": _seconds(item.get("approved_at")) or 0.0,
        "approved_by": str(item.get("approved_by", "")),
        "expires_at": _seconds(item.get("expires_at")),
        "use_count": int(item.get("use_count") or 0),
        "last_used": _seconds(item.get("last_used")),
        "note": str(item.get("note") or ""),
        "tags": tuple(str(tag) for tag in item.get("tags") or ()),
    }


def _iso(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z") if seconds is not None else None


def _seconds(text: Any) -> float | None:
    """Seconds of an ISO time; None for none, which the original writes as the year 1."""
    if not text:
        return None
    if not isinstance(text, str):
        raise ValueError("a time is a text such as 2026-01-31T12:00:00Z")
    when = datetime.fromisoformat(text)
    if when.year <= 1:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
