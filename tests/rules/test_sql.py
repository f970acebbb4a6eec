# ruff: noqa: E501 — tables of lines are read as lines
"""SQL, MongoDB and redis text, statement by statement: what it would do to the data, with harmless twins."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectra_guard.model import Risk
from vectra_guard.rules.sql import read

HIGH = {
    "sql.drop": [
        "DROP TABLE users", "drop database if exists prod;", "SELECT 1; DROP SCHEMA s CASCADE", "DROP KEYSPACE k",
        "/*!50000 DROP TABLE x */", "-- note\nDROP TABLE x", "BEGIN; DROP TABLE users; ROLLBACK;",
        "DO $$ BEGIN DROP TABLE x; END $$", "CREATE OR REPLACE TABLE t (a int)", "DROP DATABASE a ON CLUSTER c",
    ],
    "sql.truncate": ["TRUNCATE users", "truncate table users cascade"],
    "sql.delete-all": [
        "DELETE FROM users;", "DELETE FROM users WHERE 1=1", "DELETE FROM users WHERE true",
        "DELETE FROM users WHERE id=3 OR 1=1", "EXPLAIN ANALYZE DELETE FROM users", "BEGIN; DELETE FROM users; COMMIT",
        "WITH x AS (DELETE FROM users RETURNING *) SELECT * FROM x", "WITH x AS (SELECT 1) DELETE FROM users",
        "DELETE FROM a WHERE x = x", "BEGIN; DELETE FROM users; CREATE TABLE t (a int); ROLLBACK",
    ],
    "sql.update-all": ["UPDATE users SET admin=true", "UPDATE users SET a=(SELECT 1 FROM t WHERE x=2)"],
    "sql.drop-column": ["ALTER TABLE t DROP COLUMN c", "alter table t drop c"],
    "sql.user": ["ALTER USER postgres PASSWORD 'x'", "CREATE ROLE x SUPERUSER"],
    "sql.grant-all": ["GRANT ALL PRIVILEGES ON *.* TO 'x'@'%'"],
    "sql.shell": [
        "\\! rm -rf /", "COPY t TO PROGRAM 'curl x'", "COPY t FROM PROGRAM 'id'", "EXEC xp_cmdshell 'dir'",
        ".shell rm -rf /", ".system id", "SELECT load_extension('./x')",
    ],
    "sql.file-write": ["SELECT * INTO OUTFILE '/tmp/x' FROM t", "SELECT lo_export(1, '/etc/x')"],
    "sql.file-read": ["SELECT pg_read_file('/etc/passwd')", "LOAD DATA INFILE '/etc/passwd' INTO TABLE t"],
    "mongo.drop": ["db.dropDatabase()", "db.users.drop()", "use x; db.users.drop()"],
    "mongo.delete-all": ["db.users.deleteMany({})", "db.users.remove({})"],
    "redis.flush": ["FLUSHALL", "flushdb async", "flushall"],
    "redis.config": ["CONFIG SET dir /var/spool/cron"],
    "sql.shutdown": ["SHUTDOWN"],
    "sql.unknown": ["\0"],
}  # fmt: skip
MEDIUM = [
    "DELETE FROM users WHERE id=3", "UPDATE users SET a=1 WHERE id=2", "INSERT INTO t VALUES (1)", "DROP INDEX i",
    "CREATE TABLE t (id int)", "ALTER TABLE t ADD COLUMN c int", "GRANT SELECT ON t TO x", "ALTER TABLE t DELETE WHERE id=1",
    "db.users.deleteMany({a:1})", "db.users.insertOne({a:1})", "DEL key", "SET foo bar", "VACUUM FULL",
    "DELETE FROM t WHERE a > 1 ORDER BY b LIMIT 5",
]  # fmt: skip
LOW = [
    "SELECT 'DROP TABLE x'", "SHOW TABLES LIKE '%drop%'", "SELECT * FROM t; -- DROP TABLE x", "/* DROP */ SELECT 1",
    "EXPLAIN DELETE FROM users", "\\d users", "\\dt", ".tables", ".schema users", "BEGIN; DELETE FROM users; ROLLBACK;",
    "db.stats()", "db.users.find({})", "KEYS *", "GET foo", "INFO", "SET search_path TO public", "select truncate(1.2, 1)",
    "select replace(a,'x','y') from t", 'SELECT "drop table", `delete` FROM t', "COPY t TO STDOUT", "PRAGMA table_info(t)",
    "WITH x AS (SELECT 1) SELECT * FROM x", "SELECT $$DROP TABLE x$$", "SELECT 'it''s; DELETE FROM t'", "", ";;",
    "SELECT deleted, updated FROM t WHERE dropped = 1", "CONFIG GET maxmemory",
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in HIGH.items() for text in texts])
def test_high(rule: str, text: str) -> None:
    verdicts = read(text)
    assert verdicts
    assert (verdicts[0].risk, verdicts[0].id) == (Risk.HIGH, rule)


@pytest.mark.parametrize("text", MEDIUM)
def test_medium(text: str) -> None:
    assert [verdict.risk for verdict in read(text)] == [Risk.MEDIUM]


@pytest.mark.parametrize("text", LOW)
def test_low(text: str) -> None:
    assert read(text) == ()


@pytest.mark.parametrize(
    "text", [text for texts in HIGH.values() for text in texts if "\\" not in text and text[0] != "."]
)
def test_a_comment_or_a_read_before_it_changes_nothing(text: str) -> None:
    if text == "\0":
        return
    assert read(f"SELECT 1; /* harmless */ {text}")[:1] == read(text)[:1]


_PIECES = st.sampled_from(
    ["DROP", "TABLE", "DELETE", "FROM", "WHERE", "t", "(", ")", "'", '"', "`", "$$", "$a$", "--", "/*", "*/", "/*!", ";",
     "\n", " ", "=", "1", "OR", "BEGIN", "ROLLBACK", "\\", "\\!", ".", "db.", "{}", "\0", "é", "#", "WITH", "AS", "DO", "EXEC"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_PIECES, max_size=60).map("".join) | st.lists(_PIECES, max_size=40).map(" ".join) | st.text(max_size=60)
)
def test_never_raises(text: str) -> None:
    for verdict in read(text):
        assert verdict.risk >= Risk.MEDIUM
        assert verdict.id and verdict.message


def test_what_lies_past_the_cap_is_high() -> None:
    assert read("SELECT 1; " * 30_000 + "SELECT 2")[0].risk is Risk.HIGH
