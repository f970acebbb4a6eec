"""What the user trusts: commands by fingerprint, where and for how long.

The fingerprint of a command is ``policy.fingerprint`` and comes from the caller; nothing here reads shell text. An
entry holds only at its place, before its end, while uses are left, and while the scripts it runs are what they
were. Commands are redacted before they are written. Whatever cannot be read or checked is not trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from sqlite3 import Row
from typing import Any, Literal

from vectra_guard.errors import UsageError
from vectra_guard.redact import redact
from vectra_guard.store import db, scripts
from vectra_guard.store.text import place_value, storable

Scope = Literal["here", "anywhere"]

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
LONGEST = 100 * 365 * 86400.0
CHUNK = 400
"""Values in one IN list; well below SQLite's limit."""
AT_PLACE = "(scope = 'anywhere' OR folder = :place)"
LIVE = "(expires_at IS NULL OR expires_at > :now) AND (max_uses IS NULL OR use_count < max_uses)"
_USE = f"UPDATE trust SET use_count = use_count + 1, last_used = :now WHERE id = :id AND {LIVE}"  # noqa: S608

_FORGET_TEXTS = (
    "DELETE FROM script_texts WHERE digest NOT IN (SELECT kept.value FROM trust, json_each(trust.scripts) AS kept)"
)


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """One approval that is remembered. Times are seconds since the epoch."""

    id: str
    fingerprint: str
    command: str  # redacted, for people; never matched against
    scope: Scope
    folder: str  # the repository root or folder that `here` means; empty for `anywhere`
    approved_at: float
    approved_by: str = ""
    expires_at: float | None = None  # None: never
    max_uses: int | None = None  # None: any number
    use_count: int = 0
    last_used: float | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)  # path -> SHA-256 of what the command runs
    pattern: bool = False  # `command` is a pattern that the user wrote; fingerprint is its own

    def live(self, now: float) -> bool:
        """Whether it holds at this time, place and scripts apart."""
        in_time = self.expires_at is None or self.expires_at > now
        return in_time and (self.max_uses is None or self.use_count < self.max_uses)


def parse_duration(text: str) -> float | None:
    """``30m 24h 7d 2w`` in seconds; None for ``never``."""
    word = text.strip().lower()
    if word == "never":
        return None
    match = re.fullmatch(r"([0-9]{1,9})([smhdw])", word)
    seconds = int(match[1]) * SECONDS[match[2]] if match else 0.0
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"{text!r} is not a duration; write 30m, 24h, 7d, 2w or never")
    return seconds


def covers(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a pattern covers a command. Each word is a glob; only a last ``*`` stands for several."""
    if not pattern or not words:
        return False
    if pattern[-1] == "*" and len(words) >= len(pattern) - 1:
        pattern, words = pattern[:-1], words[: len(pattern) - 1]
    return len(pattern) == len(words) and all(fnmatchcase(w, p) for w, p in zip(words, pattern, strict=True))


def matches_pattern(entry: TrustEntry, words: Sequence[str]) -> bool:
    """Whether an entry is a pattern that covers a command."""
    return entry.pattern and covers(entry.command.split(), words)


class TrustStore:
    """The trust entries of one user."""

    def __init__(self, conn: db.Connection) -> None:
        self._conn = conn

    def close(self) -> None:
        self._conn.close()

    def covering(
        self, parts: Sequence[tuple[str, Sequence[str]]], place: str, now: float
    ) -> dict[str, tuple[TrustEntry, tuple[str, ...]]]:
        """For parts of (fingerprint, words): fingerprint -> the entry that covers it at ``place`` (a repository root
        or folder) now, and the files that changed since it was trusted: with any of those it trusts nothing. What
        has no entry of its own is held against the patterns, which do not look at files."""
        found: dict[str, tuple[TrustEntry, tuple[str, ...]]] = {}
        for entry in self._named([print_ for print_, _ in parts], place, now):  # `here` comes first and wins
            changed = scripts.changed(entry.scripts)
            held = found.get(entry.fingerprint)
            if held is None or (held[1] and not changed):
                found[entry.fingerprint] = (entry, changed)
        rest = [(print_, words) for print_, words in parts if words and print_ not in found]
        for pattern in self.patterns(place, now) if rest else ():
            for print_, words in rest:
                if matches_pattern(pattern, words):
                    found.setdefault(print_, (pattern, ()))
        return found

    def _named(self, fingerprints: Sequence[str], place: str, now: float) -> Iterator[TrustEntry]:
        wanted = list(dict.fromkeys(fingerprints))
        for start in range(0, len(wanted), CHUNK):
            names = {f"f{i}": value for i, value in enumerate(wanted[start : start + CHUNK])}
            marks = ",".join(f":{name}" for name in names)
            rows = db.query(
                self._conn,
                f"SELECT * FROM trust WHERE fingerprint IN ({marks}) AND pattern = 0"  # noqa: S608 - marks only
                f" AND {AT_PLACE} AND {LIVE} ORDER BY scope DESC",
                {**names, "place": place_value(place), "now": now},
            )
            yield from map(_entry, rows)

    def patterns(self, place: str, now: float) -> tuple[TrustEntry, ...]:
        """The pattern entries that hold at ``place`` now."""
        rows = db.query(
            self._conn,
            f"SELECT * FROM trust WHERE pattern = 1 AND {AT_PLACE} AND {LIVE}",  # noqa: S608 - constants only
            {"place": place_value(place), "now": now},
        )
        return tuple(_entry(row) for row in rows)

    def script_text(self, fingerprint: str, path: str) -> str | None:
        """What a file was when a command was trusted to run it, redacted; None when that is not kept."""
        rows = db.query(
            self._conn,
            "SELECT text FROM trust, json_each(trust.scripts) AS kept JOIN script_texts ON digest = kept.value"
            " WHERE fingerprint = ? AND kept.key = ? ORDER BY approved_at DESC",
            (fingerprint, path),
        )
        return str(rows[0]["text"]) if rows else None

    def use(self, ids: Sequence[str], now: float) -> tuple[str, ...]:
        """Count one use of each entry; returns the ids that were counted. One that is missing had no use left, or
        ended meanwhile: what it was to allow is not allowed."""
        with db.transaction(self._conn):
            return tuple(
                entry
                for entry in dict.fromkeys(ids)
                if self._conn.execute(
                    _USE,
                    {"id": entry, "now": now},
                ).rowcount
            )

    def add(
        self,
        fingerprint: str,
        command: str,
        *,
        now: float,
        scope: Scope = "here",
        folder: str = "",
        duration: float | None = None,
        max_uses: int | None = None,
        approved_by: str = "",
        note: str = "",
        tags: Sequence[str] = (),
        script_paths: Sequence[str] = (),
        pattern: bool = False,
    ) -> TrustEntry:
        """Remember a command. The same command at the same place is renewed: it keeps its id and its count, but for
        a new limit of uses, which counts anew."""
        if scope == "here" and not folder:
            raise UsageError("trust here needs the folder or repository that it is for")
        if max_uses is not None and max_uses < 1:
            raise UsageError("a number of uses is at least 1")
        files = scripts.contents(script_paths)
        values = {
            "id": os.urandom(4).hex(),
            "fingerprint": fingerprint,
            "command": storable(redact(command) if not pattern else command),
            "scope": scope,
            "folder": place_value(folder) if scope == "here" else "",
            "now": now,
            "by": approved_by or os.environ.get("USER") or str(os.getuid()),
            "expires": now + duration if duration is not None else None,
            "max_uses": max_uses,
            "note": storable(redact(note)),
            "tags": json.dumps(list(tags)),
            "scripts": json.dumps({path: digest for path, (digest, _) in files.items()}),
            "pattern": int(pattern),
        }
        with db.transaction(self._conn):
            row = self._conn.execute(
                "INSERT INTO trust (id, fingerprint, command, scope, folder, approved_at, approved_by, expires_at,"
                " max_uses, note, tags, scripts, pattern)"
                " VALUES (:id, :fingerprint, :command, :scope, :folder, :now, :by, :expires, :max_uses, :note, :tags,"
                " :scripts, :pattern)"
                " ON CONFLICT (fingerprint, scope, folder) DO UPDATE SET approved_at = :now, approved_by = :by,"
                " expires_at = :expires, max_uses = :max_uses, note = :note, tags = :tags, scripts = :scripts,"
                " use_count = CASE WHEN :max_uses IS NULL THEN use_count ELSE 0 END"
                " RETURNING *",
                values,
            ).fetchone()
            self._conn.executemany("INSERT OR IGNORE INTO script_texts VALUES (?, ?)", files.values())
            self._conn.execute(_FORGET_TEXTS)
            return _entry(row)

    def add_pattern(self, pattern: str, **values: Any) -> TrustEntry:
        """Remember a pattern; ``values`` as for ``add``. What it names does not matter for files that are run."""
        text = " ".join(pattern.split())
        digest = hashlib.sha256(f"pattern\0{text}".encode("utf-8", "surrogateescape")).hexdigest()
        return self.add(digest, text, pattern=True, **values)

    def get(self, id: str) -> TrustEntry | None:
        rows = db.query(self._conn, "SELECT * FROM trust WHERE id = ?", (id,))
        return _entry(rows[0]) if rows else None

    def list(self) -> tuple[TrustEntry, ...]:
        """Every entry, the ended ones too, newest approval first."""
        rows = db.query(self._conn, "SELECT * FROM trust ORDER BY approved_at DESC, id")
        return tuple(_entry(row) for row in rows)

    def find(self, needle: str) -> tuple[TrustEntry, ...]:
        """The entries that a person means by an id, a command, or the beginning of either: the closest kind of
        match that finds any."""
        text = " ".join(needle.split())
        everything = self.list()
        if not text:
            return ()
        tests: tuple[Callable[[TrustEntry], bool], ...] = (
            lambda e: e.id == text,
            lambda e: " ".join(e.command.split()) == storable(redact(text)),
            lambda e: e.id.startswith(text),
            lambda e: " ".join(e.command.split()).startswith(text),
        )
        for test in tests:
            found = tuple(entry for entry in everything if test(entry))
            if found:
                return found
        return ()

    def remove(self, ids: Sequence[str]) -> int:
        """Forget these entries; returns how many there were."""
        with db.transaction(self._conn):
            count = sum(
                self._conn.execute("DELETE FROM trust WHERE id = ?", (entry,)).rowcount for entry in dict.fromkeys(ids)
            )
            self._conn.execute(_FORGET_TEXTS)
            return count

    def clean(self, now: float) -> int:
        """Forget what has ended or has no use left; returns how many."""
        with db.transaction(self._conn):
            count = self._conn.execute(f"DELETE FROM trust WHERE NOT ({LIVE})", {"now": now}).rowcount  # noqa: S608
            self._conn.execute(_FORGET_TEXTS)
            return count

    def restore(self, entries: Sequence[TrustEntry]) -> int:
        """Write imported entries as they are; returns how many. One that is there already is left alone."""
        with db.transaction(self._conn):
            return sum(self._restore(entry) for entry in entries)

    def _restore(self, entry: TrustEntry) -> int:
        return self._conn.execute(
            "INSERT OR IGNORE INTO trust VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.id,
                entry.fingerprint,
                storable(redact(entry.command) if not entry.pattern else entry.command),
                entry.scope,
                place_value(entry.folder) if entry.scope == "here" else "",
                entry.approved_at,
                storable(entry.approved_by),
                entry.expires_at,
                entry.max_uses,
                entry.use_count,
                entry.last_used,
                storable(redact(entry.note)),
                json.dumps(list(entry.tags)),
                json.dumps(dict(entry.scripts)),
                int(entry.pattern),
            ),
        ).rowcount


def _entry(row: Row) -> TrustEntry:
    folder = row["folder"]
    return TrustEntry(
        id=row["id"],
        fingerprint=row["fingerprint"],
        command=row["command"],
        scope=row["scope"],
        folder=os.fsdecode(folder),
        approved_at=row["approved_at"],
        approved_by=row["approved_by"],
        expires_at=row["expires_at"],
        max_uses=row["max_uses"],
        use_count=row["use_count"],
        last_used=row["last_used"],
        note=row["note"],
        tags=tuple(json.loads(row["tags"])),
        scripts=json.loads(row["scripts"]),
        pattern=bool(row["pattern"]),
    )
