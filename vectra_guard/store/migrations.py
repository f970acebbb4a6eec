"""The schema of the state database, as the steps that built it. A step that was released is never changed."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE trust (
            id TEXT PRIMARY KEY,
            fingerprint TEXT NOT NULL,
            command TEXT NOT NULL,
            scope TEXT NOT NULL CHECK (scope IN ('here', 'anywhere')),
            folder NOT NULL DEFAULT '',
            approved_at REAL NOT NULL,
            approved_by TEXT NOT NULL DEFAULT '',
            expires_at REAL,
            max_uses INTEGER,
            use_count INTEGER NOT NULL DEFAULT 0,
            last_used REAL,
            note TEXT NOT NULL DEFAULT '',
            tags TEXT NOT NULL DEFAULT '[]',
            scripts TEXT NOT NULL DEFAULT '{}',
            pattern INTEGER NOT NULL DEFAULT 0,
            UNIQUE (fingerprint, scope, folder)
        )""",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time REAL NOT NULL,
            command TEXT NOT NULL,
            decision TEXT NOT NULL,
            mode TEXT NOT NULL,
            runtime TEXT NOT NULL,
            level TEXT NOT NULL,
            network TEXT NOT NULL,
            cache_hit INTEGER,
            risk TEXT NOT NULL,
            rules TEXT NOT NULL,
            reason TEXT NOT NULL,
            status INTEGER,
            duration REAL,
            overhead REAL NOT NULL,
            answer TEXT NOT NULL,
            shell TEXT NOT NULL,
            cwd TEXT NOT NULL,
            trusted INTEGER NOT NULL
        )""",
        """CREATE TABLE totals (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (kind, name)
        ) WITHOUT ROWID""",
    ),
    (
        # what a trusted script was, redacted: to show what changed
        """CREATE TABLE script_texts (
            digest TEXT PRIMARY KEY,
            text TEXT NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE approvals (
            fingerprint TEXT NOT NULL,
            folder NOT NULL,
            count INTEGER NOT NULL,
            last REAL NOT NULL,
            suggested INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (fingerprint, folder)
        ) WITHOUT ROWID""",
    ),
)
