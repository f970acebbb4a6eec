"""What the user trusts: commands by fingerprint, where and for how long.

The fingerprint of a command is ``policy.fingerprint`` and comes from the caller; nothing here reads shell text. An
entry holds only at its place, before its end, while uses are left, and while the scripts it runs are what they
were. Commands are redacted before they are written. Whatever cannot be read or checked is not trusted.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from sqlite3 import Row
from typing import Literal

from vectra_guard.errors import UsageError
from vectra_guard.redact import redact
from vectra_guard.store import db, scripts
from vectra_guard.store.text import folder_value, storable

Scope = Literal["here", "anywhere"]

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
LONGEST = 100 * 365 * 86400.0
CHUNK = 400
"""Values in one IN list; well below SQLite's limit."""
AT_PLACE = "(scope = 'anywhere' OR folder = :place)"
LIVE = "(expires_at IS NULL OR expires_at > :now) AND (max_uses IS NULL OR use_count < max_uses)"
_USE = f"UPDATE trust SET use_count = use_count + 1, last_used = :now WHERE id = :id AND {LIVE}"  # noqa: S608


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


def matches_pattern(entry: TrustEntry, words: Sequence[str]) -> bool:
    """Whether a pattern entry covers a command. Each word is a glob; only a last ``*`` stands for several."""
    want = entry.command.split()
    if not entry.pattern or not want or not words:
        return False
    if want[-1] == "*" and len(words) >= len(want) - 1:
        want, words = want[:-1], words[: len(want) - 1]
    return len(want) == len(words) and all(fnmatchcase(w, p) for w, p in zip(words, want, strict=True))


class TrustStore:
    """The trust entries of one user."""

    def __init__(self, conn: db.Connection) -> None:
        self._conn = conn

    def lookup(self, fingerprints: Sequence[str], place: str, now: float) -> dict[str, TrustEntry]:
        """Fingerprint -> the entry that trusts it at ``place`` (a repository root or folder) now."""
        found: dict[str, TrustEntry] = {}
        wanted = list(dict.fromkeys(fingerprints))
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            names = {f"f{i}": value for i, value in enumerate(chunk)}
            marks = ",".join(f":{name}" for name in names)
            rows = db.query(
                self._conn,
                f"SELECT * FROM trust WHERE fingerprint IN ({marks}) AND pattern = 0"  # noqa: S608 - marks only
                f" AND {AT_PLACE} AND {LIVE} ORDER BY scope DESC",
                {**names, "place": _place(place), "now": now},
            )
            for row in rows:  # `here` comes first and wins
                entry = _entry(row)
                if entry.fingerprint not in found and not scripts.changed(entry.scripts):
                    found[entry.fingerprint] = entry
        return found

    def patterns(self, place: str, now: float) -> tuple[TrustEntry, ...]:
        """The pattern entries that hold at ``place`` now."""
        rows = db.query(
            self._conn,
            f"SELECT * FROM trust WHERE pattern = 1 AND {AT_PLACE} AND {LIVE}",  # noqa: S608 - constants only
            {"place": _place(place), "now": now},
        )
        return tuple(_entry(row) for row in rows)

    def changed_scripts(self, fingerprint: str, place: str, now: float) -> tuple[str, ...]:
        """The scripts whose change is the only reason why ``lookup`` does not return an entry."""
        rows = db.query(
            self._conn,
            f"SELECT * FROM trust WHERE fingerprint = :f AND {AT_PLACE} AND {LIVE}",  # noqa: S608 - constants only
            {"f": fingerprint, "place": _place(place), "now": now},
        )
        return tuple(path for row in rows for path in scripts.changed(_entry(row).scripts))

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
        values = {
            "id": os.urandom(4).hex(),
            "fingerprint": fingerprint,
            "command": storable(redact(command) if not pattern else command),
            "scope": scope,
            "folder": _place(folder) if scope == "here" else "",
            "now": now,
            "by": approved_by or os.environ.get("USER") or str(os.getuid()),
            "expires": now + duration if duration is not None else None,
            "max_uses": max_uses,
            "note": storable(redact(note)),
            "tags": json.dumps(list(tags)),
            "scripts": json.dumps(scripts.digests(script_paths)),
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
            return _entry(row)

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
            return sum(
                self._conn.execute("DELETE FROM trust WHERE id = ?", (entry,)).rowcount for entry in dict.fromkeys(ids)
            )

    def clean(self, now: float) -> int:
        """Forget what has ended or has no use left; returns how many."""
        with db.transaction(self._conn):
            return self._conn.execute(f"DELETE FROM trust WHERE NOT ({LIVE})", {"now": now}).rowcount  # noqa: S608

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
                _place(entry.folder) if entry.scope == "here" else "",
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


def _place(folder: str) -> str | bytes:
    """A folder as it is compared: with links resolved, so that a link cannot carry trust to where it points."""
    return folder_value(os.path.realpath(folder)) if folder else ""


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
