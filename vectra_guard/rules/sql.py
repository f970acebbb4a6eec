"""What SQL text, a MongoDB script or redis commands would do to the data: one ``Verdict`` for each statement that
is more than a read.

An own tokenizer (strings, comments, dollar quotes, identifiers) splits statements, so that text which only mentions
a verb (``SELECT 'DROP TABLE x'``) stays low. It knows no full grammar of any dialect: a statement that starts with a
verb it does not know is medium, not low. Linear in the length of the text; what lies past a cap is high.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vectra_guard.model import UNKNOWN, Risk

_MAX_TOKENS = 50_000
_MAX_VERDICTS = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one statement does. ``id`` is stable: ``sql.drop``."""

    risk: Risk
    id: str
    message: str


@dataclass(slots=True)
class _Statement:
    words: list[str]  # upper case; strings as '', numbers and operators as they are
    strings: list[str]
    names: list[str]  # the words in their own case
    unknown: bool = False


_HIGH, _MEDIUM, _LOW, _CRITICAL = Risk.HIGH, Risk.MEDIUM, Risk.LOW, Risk.CRITICAL

_READS = frozenset(
    [
        "SELECT",
        "SHOW",
        "EXPLAIN",
        "DESCRIBE",
        "DESC",
        "VALUES",
        "TABLE",
        "WITH",
        "USE",
        "SET",
        "BEGIN",
        "START",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT",
        "RELEASE",
        "PRAGMA",
        "ANALYZE",
        "FETCH",
        "DECLARE",
        "CLOSE",
        "LISTEN",
        "NOTIFY",
        "UNLISTEN",
        "HELP",
        "PRINT",
        "CONSISTENCY",
        "TRACING",
        "PAGING",
        "EXPAND",
        "DISCARD",
        "RESET",
        "CHECK",
        "ABORT",
        "GO",
        "DELIMITER",
        "IF",
        "PING",
        "EXISTS",
    ]
)
_DROPS_BIG = frozenset(
    ["DATABASE", "SCHEMA", "TABLE", "KEYSPACE", "TABLESPACE", "COLLECTION", "TABLES", "DATABASES", "CATALOG"]
)
_DROPS_USERS = frozenset(["USER", "ROLE", "LOGIN", "OWNED"])
_CHANGES = frozenset(
    [
        "INSERT",
        "REPLACE",
        "CREATE",
        "ALTER",
        "GRANT",
        "REVOKE",
        "COMMENT",
        "RENAME",
        "VACUUM",
        "REINDEX",
        "CLUSTER",
        "REFRESH",
        "LOCK",
        "MERGE",
        "UPSERT",
        "CALL",
        "DO",
        "EXEC",
        "EXECUTE",
        "OPTIMIZE",
        "REPAIR",
        "ATTACH",
        "DETACH",
        "KILL",
        "FLUSH",
        "PREPARE",
        "IMPORT",
        "COPY",
        "LOAD",
        "UNLOAD",
        "SECURITY",
        "REASSIGN",
        "HANDLER",
        "INSTALL",
        "UNINSTALL",
        "PURGE",
        "SYSTEM",
        "EXCHANGE",
        "MOVE",
        "UNDROP",
        "CHECKPOINT",
        "CACHE",
        "UNCACHE",
        "BATCH",
    ]
)

_REDIS_READS = frozenset(
    [
        "GET",
        "MGET",
        "KEYS",
        "SCAN",
        "INFO",
        "PING",
        "TTL",
        "PTTL",
        "TYPE",
        "EXISTS",
        "LLEN",
        "LRANGE",
        "LINDEX",
        "HGET",
        "HGETALL",
        "HKEYS",
        "HLEN",
        "HMGET",
        "HVALS",
        "SCARD",
        "SMEMBERS",
        "SISMEMBER",
        "ZCARD",
        "ZRANGE",
        "ZSCORE",
        "DBSIZE",
        "STRLEN",
        "MONITOR",
        "ECHO",
        "TIME",
        "MEMORY",
        "OBJECT",
        "XLEN",
        "XRANGE",
        "XINFO",
        "PUBSUB",
        "CLIENT",
        "COMMAND",
        "LASTSAVE",
        "SELECT",
        "AUTH",
        "HELLO",
        "QUIT",
        "SLOWLOG",
        "LATENCY",
        "ROLE",
        "DUMP",
        "SUBSCRIBE",
        "RANDOMKEY",
        "BITCOUNT",
    ]
)
_REDIS_CHANGES = frozenset(
    [
        "SET",
        "SETEX",
        "SETNX",
        "MSET",
        "APPEND",
        "INCR",
        "INCRBY",
        "DECR",
        "DECRBY",
        "DEL",
        "UNLINK",
        "EXPIRE",
        "PEXPIRE",
        "PERSIST",
        "RENAME",
        "RENAMENX",
        "MOVE",
        "LPUSH",
        "RPUSH",
        "LPOP",
        "RPOP",
        "LTRIM",
        "LREM",
        "SADD",
        "SREM",
        "SPOP",
        "HSET",
        "HDEL",
        "HMSET",
        "ZADD",
        "ZREM",
        "XADD",
        "XDEL",
        "XTRIM",
        "PUBLISH",
        "GETDEL",
        "RESTORE",
        "COPY",
        "SAVE",
        "BGSAVE",
        "BGREWRITEAOF",
        "ACL",
    ]
)


def read(text: str) -> tuple[Verdict, ...]:
    """The verdicts on every statement of ``text``, worst first. Nothing but reads: an empty tuple."""
    verdicts: dict[tuple[str, str], Verdict] = {}
    transaction: list[Verdict] | None = None
    for statement in _statements(text):
        verdict = _judge(statement)
        first = statement.words[0] if statement.words else ""
        if first == "BEGIN" or statement.words[:2] == ["START", "TRANSACTION"]:
            transaction = []
        elif first in ("ROLLBACK", "ABORT") and len(statement.words) <= 2 and transaction is not None:
            transaction = None
        elif first in ("COMMIT", "END") and transaction is not None:
            _keep(verdicts, transaction)
            transaction = None
        if verdict is None:
            continue
        if transaction is not None and verdict.id in _UNDONE:
            transaction.append(verdict)
        else:
            _keep(verdicts, [*(transaction or ()), verdict])  # DDL may commit what came before it
        if len(verdicts) >= _MAX_VERDICTS:
            break
    if transaction:
        _keep(verdicts, transaction)
    return tuple(sorted(verdicts.values(), key=lambda verdict: -verdict.risk))


_UNDONE = frozenset({"sql.delete-all", "sql.update-all", "sql.delete", "sql.update", "sql.insert"})
"""What a ROLLBACK takes back in every database. DDL and TRUNCATE are not here: MySQL and others commit them."""


def _keep(verdicts: dict[tuple[str, str], Verdict], new: list[Verdict]) -> None:
    for verdict in new:
        verdicts.setdefault((verdict.id, verdict.message), verdict)


# --- one statement -----------------------------------------------------------------------------------------------


def _judge(statement: _Statement) -> Verdict | None:
    words = statement.words
    if not words:
        return None
    first = words[0]
    if first == UNKNOWN:
        return Verdict(_HIGH, "sql.unknown", "runs SQL that only the running shell knows")
    if first.startswith("\\"):
        return _meta(statement)
    if first == ".":
        return _dot(statement)
    if "(" in words and first in ("DB", "RS", "SH") and len(words) > 1 and words[1] in (".", "["):
        return _mongo(statement)
    if first in ("BEGIN", "THEN", "ELSE", "LOOP") and len(words) > 1 and words[1] in _VERBS:
        return _judge(_after(statement, 1))  # the body of a block
    if words[:1] == ["EXPLAIN"]:
        return _judge(_after(statement, _explained(words))) if "ANALYZE" in words[:3] else None
    return _clauses(statement) or _VERBS.get(first, _other)(statement)


def _explained(words: list[str]) -> int:
    for place, word in enumerate(words):
        if word in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "CREATE"):
            return place
    return len(words)


def _after(statement: _Statement, place: int) -> _Statement:
    return _Statement(statement.words[place:], statement.strings, statement.names[place:], statement.unknown)


def _clauses(statement: _Statement) -> Verdict | None:
    """What runs programs or reaches files, wherever it stands in a statement."""
    words = statement.words
    if "XP_CMDSHELL" in words or "SYS_EXEC" in words or "SYS_EVAL" in words or "DBMS_SCHEDULER" in words:
        return Verdict(_HIGH, "sql.shell", "runs a system command on the database server")
    if "PROGRAM" in words and words[0] == "COPY":
        return Verdict(_HIGH, "sql.shell", "runs a program on the database server (COPY … PROGRAM)")
    if "OUTFILE" in words or "DUMPFILE" in words:
        return Verdict(_HIGH, "sql.file-write", "writes a file on the database server")
    if any(word in words for word in ("LOAD_FILE", "PG_READ_FILE", "PG_READ_BINARY_FILE", "LO_IMPORT")):
        return Verdict(_HIGH, "sql.file-read", "reads a file of the database server")
    if "LO_EXPORT" in words or "WRITEFILE" in words:
        return Verdict(_HIGH, "sql.file-write", "writes a file on the database server")
    if "LOAD_EXTENSION" in words:
        return Verdict(_HIGH, "sql.shell", "loads a native library into the database")
    if "PG_TERMINATE_BACKEND" in words:
        return Verdict(_MEDIUM, "sql.kill", "ends sessions of the database")
    return None


def _subject(statement: _Statement, skip: int) -> str:
    """The name that a statement is about, for its message."""
    names = statement.names[skip:]
    for place, name in enumerate(names):
        if name.upper() not in _NOISE and (name[:1].isalnum() or name[:1] in '_"`['):
            parts = [name]
            while names[place + 1 : place + 2] == ["."] and place + 2 < len(names):
                parts.append(names[place + 2])
                place += 2
            return ".".join(parts)[:80]
    return "?"


_NOISE = frozenset(
    [
        "IF",
        "NOT",
        "EXISTS",
        "ONLY",
        "TABLE",
        "FROM",
        "DATABASE",
        "SCHEMA",
        "IGNORE",
        "QUICK",
        "LOW_PRIORITY",
        "CONCURRENTLY",
        "INTO",
        "TOP",
    ]
)


def _drop(statement: _Statement) -> Verdict:
    kind = next((word for word in statement.words[1:3] if word in _DROPS_BIG | _DROPS_USERS), "")
    subject = _subject(statement, 2)
    if kind in _DROPS_BIG:
        return Verdict(_HIGH, "sql.drop", f"deletes the {kind.lower()} {subject} with all its data")
    if kind in _DROPS_USERS:
        return Verdict(_HIGH, "sql.drop-user", f"deletes the {kind.lower()} {subject}")
    what = statement.words[1].lower() if len(statement.words) > 1 else "object"
    if what in ("materialized", "column", "partition", "extension", "type", "domain", "server"):
        return Verdict(_HIGH, "sql.drop", f"deletes the {what} {subject}")
    return Verdict(_MEDIUM, "sql.drop-object", f"deletes the {what} {subject}")


def _truncate(statement: _Statement) -> Verdict:
    if len(statement.words) > 1 and statement.words[1] == "(":
        return Verdict(_LOW, "sql.read", "computes")
    return Verdict(_HIGH, "sql.truncate", f"empties the table {_subject(statement, 1)}")


def _delete(statement: _Statement) -> Verdict:
    return _scoped(statement, "delete", "deletes")


def _update(statement: _Statement) -> Verdict:
    return _scoped(statement, "update", "changes")


def _scoped(statement: _Statement, name: str, verb: str) -> Verdict:
    words = statement.words
    subject = _subject(statement, 1)
    depth = 0
    where = -1
    limited = False
    for place, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0 and word == "WHERE":
            where = place
        limited = limited or (depth == 0 and word in ("LIMIT", "TOP"))
    if (where < 0 and not limited) or (where >= 0 and _always(words[where + 1 :])):
        return Verdict(_HIGH, f"sql.{name}-all", f"{verb} every row of {subject}")
    if UNKNOWN in words[where + 1 :] and len(words) - where <= 2:
        return Verdict(_HIGH, f"sql.{name}-all", f"{verb} rows of {subject} by a condition that is not known yet")
    return Verdict(_MEDIUM, f"sql.{name}", f"{verb} some rows of {subject}")


def _always(words: list[str]) -> bool:
    """Is the condition true of every row, as far as that can be seen: 1=1, true, a = a, x OR 1=1."""
    end = next((p for p, w in enumerate(words) if w in ("RETURNING", "LIMIT", "ORDER", ";")), len(words))
    parts: list[list[str]] = [[]]
    depth = 0
    for word in words[:end]:
        depth += (word == "(") - (word == ")")
        if word == "OR" and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return any(_true(part) for part in parts)


def _true(condition: list[str]) -> bool:
    words = [word for word in condition if word not in ("(", ")")]
    if words in (["TRUE"], ["1"], ["NOT", "FALSE"]):
        return True
    if len(words) == 3 and words[1] in ("=", "==", "<=", ">=", "LIKE") and words[0] == words[2]:
        return words[0] != "''"  # two strings are told apart nowhere here
    if len(words) == 3 and words[0].isdigit() and words[2].isdigit():
        left, right = int(words[0][:18]), int(words[2][:18])
        return {"=": left == right, "<": left < right, ">": left > right, "<>": left != right}.get(words[1], False)
    return words[-3:] == ["IS", "NOT", "NULL"] and words[0] in ("ID", "_ID", "ROWID")


def _alter(statement: _Statement) -> Verdict:
    words = statement.words
    subject = _subject(statement, 2)
    if "DELETE" in words[:6] or ("UPDATE" in words[:6] and words[1:2] == ["TABLE"]):
        return _scoped(_after(statement, 1), "delete" if "DELETE" in words else "update", "changes")
    if ("DROP" in words and any(w in words for w in ("COLUMN", "PARTITION"))) or (
        "DROP" in words and words[1:2] == ["TABLE"] and not any(w in words for w in (
            "CONSTRAINT", "INDEX", "DEFAULT", "KEY", "NOT", "PRIMARY", "FOREIGN"))
    ):  # fmt: skip
        return Verdict(_HIGH, "sql.drop-column", f"deletes a column of {subject} with its data")
    if words[1:2] in (["USER"], ["ROLE"], ["LOGIN"]):
        if any(w in words for w in ("SUPERUSER", "PASSWORD", "IDENTIFIED", "ENCRYPTED", "CREATEROLE")):
            return Verdict(_HIGH, "sql.user", f"changes the password or the rights of {subject}")
        return Verdict(_MEDIUM, "sql.user", f"changes the account {subject}")
    if words[1:2] == ["SYSTEM"]:
        return Verdict(_HIGH, "sql.system", "changes the settings of the database server")
    return Verdict(_MEDIUM, "sql.alter", f"changes the structure of {subject}")


def _grant(statement: _Statement) -> Verdict:
    words = statement.words
    everything = "ALL" in words[:3] and (words.count("*") >= 2 or "DATABASE" in words or "SCHEMA" in words)
    if everything or any(w in words for w in ("SUPERUSER", "SYSADMIN", "DBA", "SUPER", "RDS_SUPERUSER", "OPTION")):
        return Verdict(_HIGH, "sql.grant-all", "gives an account every right")
    if "ALL" in words[:3]:
        return Verdict(_HIGH, "sql.grant-all", "gives an account all rights on an object")
    return Verdict(_MEDIUM, "sql.grant", "gives rights to an account")


def _create(statement: _Statement) -> Verdict:
    words = statement.words
    kind = words[1] if len(words) > 1 else ""
    if kind in ("USER", "ROLE", "LOGIN"):
        risky = any(w in words for w in ("SUPERUSER", "CREATEROLE", "SYSADMIN"))
        return Verdict(_HIGH if risky else _MEDIUM, "sql.user", f"creates the account {_subject(statement, 2)}")
    if "FUNCTION" in words[:4] and ("SONAME" in words or "C" in words[-3:] or any(w[-1:] == "U" and w.startswith(
            ("PLPYTHON", "PLPERL")) for w in words)):  # fmt: skip
        return Verdict(_HIGH, "sql.shell", "creates a function that can run anything on the database server")
    if "REPLACE" in words[:3] and "TABLE" in words[:4]:
        return Verdict(_HIGH, "sql.drop", f"replaces the table {_subject(statement, 4)} with all its data")
    return Verdict(_MEDIUM, "sql.create", f"creates {kind.lower() or 'an object'} {_subject(statement, 2)}")


def _with(statement: _Statement) -> Verdict | None:
    """A common table expression can hold a DELETE, and can lead to one."""
    worst: Verdict | None = None
    words = statement.words
    for place, word in enumerate(words):
        if word in ("DELETE", "UPDATE", "INSERT", "MERGE") and words[place - 1] in ("(", ")"):
            if words[place + 1 : place + 2] == ["("]:
                continue
            piece = _after(statement, place)
            depth = 0
            for end, inner in enumerate(piece.words):
                depth += (inner == "(") - (inner == ")")
                if depth < 0:
                    piece = _Statement(piece.words[:end], piece.strings, piece.names[:end])
                    break
            verdict = _VERBS[word](piece)
            if verdict and (worst is None or verdict.risk > worst.risk):
                worst = verdict
    return worst


def _insert(statement: _Statement) -> Verdict:
    if "OVERWRITE" in statement.words[:2]:
        return Verdict(_HIGH, "sql.drop", f"overwrites all rows of {_subject(statement, 2)}")
    return Verdict(_MEDIUM, "sql.insert", f"adds rows to {_subject(statement, 1)}")


def _copy(statement: _Statement) -> Verdict | None:
    words = statement.words
    if "STDOUT" in words or ("TO" in words and "STDIN" not in words and "''" not in words):
        return None
    if "TO" in words and "FROM" not in words[:4]:
        return Verdict(_HIGH, "sql.file-write", "writes a file on the database server")
    return Verdict(_MEDIUM, "sql.insert", f"adds rows to {_subject(statement, 1)}")


def _select(statement: _Statement) -> Verdict | None:
    words = statement.words
    if "INTO" in words and words[0] == "SELECT" and "@" not in words:
        place = words.index("INTO")
        return Verdict(_MEDIUM, "sql.create", f"creates the table {_subject(statement, place + 1)}")
    return None


def _set(statement: _Statement) -> Verdict | None:
    words = statement.words
    if words[1:2] == ["PASSWORD"]:
        return Verdict(_HIGH, "sql.user", "changes a password")
    if words[1:2] == ["GLOBAL"] or words[1:2] == ["PERSIST"]:
        return Verdict(_MEDIUM, "sql.system", "changes a setting of the database server")
    # redis: SET key value has no equals sign
    if 3 <= len(words) <= 6 and not (_SQL_SET | {"=", ":=", "TO"}) & set(words):
        return Verdict(_MEDIUM, "redis.change", "changes a key")
    return None


_SQL_SET = frozenset(
    [
        "NAMES",
        "ROLE",
        "SESSION",
        "TRANSACTION",
        "CHARACTER",
        "LOCAL",
        "TIME",
        "SCHEMA",
        "CONSTRAINTS",
        "AUTOCOMMIT",
        "ON",
        "OFF",
    ]
)


def _kill(statement: _Statement) -> Verdict:
    return Verdict(_MEDIUM, "sql.kill", "ends a query or a session of the database")


def _pragma(statement: _Statement) -> Verdict | None:
    if "WRITABLE_SCHEMA" in statement.words and "=" in statement.words:
        return Verdict(_HIGH, "sql.system", "lets the schema be written by hand")
    return None


def _attach(statement: _Statement) -> Verdict:
    return Verdict(_MEDIUM, "sql.file-write", "opens or creates another database file")


def _load(statement: _Statement) -> Verdict:
    if "LOCAL" in statement.words:
        return Verdict(_MEDIUM, "sql.insert", "loads a local file into a table")
    return Verdict(_HIGH, "sql.file-read", "loads a file of the database server into a table")


def _flush(statement: _Statement) -> Verdict:
    return Verdict(_MEDIUM, "sql.system", "flushes caches or privileges of the server")


def _redis_flush(statement: _Statement) -> Verdict:
    what = "every database" if statement.words[0] == "FLUSHALL" else "the whole database"
    return Verdict(_HIGH, "redis.flush", f"deletes every key of {what}")


def _config(statement: _Statement) -> Verdict | None:
    words = statement.words[1:3]
    if words[:1] == ["SET"] and any(w in ("DIR", "DBFILENAME", "REQUIREPASS", "MASTERAUTH") for w in words[1:]):
        return Verdict(_HIGH, "redis.config", "changes where the server writes or who may enter")
    return Verdict(_MEDIUM, "redis.config", "changes a setting of the server") if words[:1] != ["GET"] else None


def _shutdown(statement: _Statement) -> Verdict:
    return Verdict(_HIGH, "sql.shutdown", "stops the database server")


def _script(statement: _Statement) -> Verdict:
    text = "".join(statement.strings).lower()
    if any(word in text for word in ("flushall", "flushdb", "os.execute", "io.popen")):
        return Verdict(_HIGH, "redis.script", "runs a script that deletes all or runs commands")
    return Verdict(_MEDIUM, "redis.script", "runs a script on the server")


def _replicate(statement: _Statement) -> Verdict:
    return Verdict(_HIGH, "redis.config", "makes the server follow or load from another one")


def _module(statement: _Statement) -> Verdict | None:
    if "LOAD" in statement.words[1:2]:
        return Verdict(_HIGH, "sql.shell", "loads a native library into the server")
    return None


def _vacuum(statement: _Statement) -> Verdict:
    return Verdict(_MEDIUM, "sql.maintenance", "rewrites tables for maintenance")


def _do(statement: _Statement) -> Verdict:
    """DO $$ … $$ and EXEC('…'): the text inside is judged too."""
    inner = [verdict for text in statement.strings for verdict in read(text[:50_000])] if statement.strings else []
    worst = max(inner, key=lambda verdict: verdict.risk, default=None)
    if worst is not None and worst.risk > _MEDIUM:
        return worst
    return Verdict(_MEDIUM, "sql.execute", "runs a block or a stored procedure")


def _other(statement: _Statement) -> Verdict | None:
    first = statement.words[0]
    if first in _READS or first in _REDIS_READS:
        return None
    if first in _REDIS_CHANGES:
        return Verdict(_MEDIUM, "redis.change", "changes or deletes keys")
    if first in _CHANGES:
        return Verdict(_MEDIUM, "sql.change", f"{first.lower()} changes the database")
    if UNKNOWN in first:
        return Verdict(_HIGH, "sql.unknown", "runs SQL that only the running shell knows")
    return None


_VERBS = {
    "DROP": _drop, "TRUNCATE": _truncate, "DELETE": _delete, "UPDATE": _update, "ALTER": _alter,
        "GRANT": _grant,
    "CREATE": _create, "WITH": _with, "INSERT": _insert, "REPLACE": _insert, "MERGE": _insert, "COPY": _copy,
    "SELECT": _select, "SET": _set, "KILL": _kill, "PRAGMA": _pragma, "ATTACH": _attach, "LOAD": _load,
    "FLUSH": _flush, "FLUSHALL": _redis_flush, "FLUSHDB": _redis_flush, "CONFIG": _config, "SHUTDOWN": _shutdown,
    "EVAL": _script, "EVALSHA": _script, "SLAVEOF": _replicate, "REPLICAOF": _replicate, "MIGRATE": _replicate,
    "MODULE": _module, "VACUUM": _vacuum, "DO": _do, "EXEC": _do, "EXECUTE": _do, "PREPARE": _do,
    "SWAPDB": _redis_flush, "PURGE": _truncate,
}  # fmt: skip


# --- clients' own commands ---------------------------------------------------------------------------------------


def _meta(statement: _Statement) -> Verdict | None:
    r"""psql's and mysql's backslash commands."""
    name = statement.names[0]
    if name.startswith("\\!") or name == "\\system" or name == "\\sys":
        return Verdict(_HIGH, "sql.shell", "leaves the client and runs a shell command here")
    if name.startswith(("\\o", "\\w", "\\g")) and any("|" in word for word in statement.names[1:]):
        return Verdict(_HIGH, "sql.shell", "sends results to a shell command")
    if name == "\\copy":
        if "PROGRAM" in statement.words:
            return Verdict(_HIGH, "sql.shell", "runs a shell command here (\\copy … program)")
        return None if "TO" in statement.words else Verdict(_MEDIUM, "sql.insert", "adds rows from a file")
    if name in ("\\password", "\\i", "\\ir", "\\include"):
        return Verdict(_MEDIUM, "sql.change", "changes a password or runs a file of SQL")
    return None


def _dot(statement: _Statement) -> Verdict | None:
    """sqlite3's dot commands."""
    name = statement.words[1] if len(statement.words) > 1 else ""
    if name in ("SHELL", "SYSTEM"):
        return Verdict(_HIGH, "sql.shell", "leaves the client and runs a shell command here")
    if name == "LOAD":
        return Verdict(_HIGH, "sql.shell", "loads a native library into the client")
    if name in ("OUTPUT", "ONCE", "EXCEL", "LOG") and "|" in statement.words:
        return Verdict(_HIGH, "sql.shell", "sends results to a shell command")
    if name in ("RESTORE", "IMPORT", "CLONE", "READ", "ARCHIVE"):
        return Verdict(_HIGH if name == "RESTORE" else _MEDIUM, "sql.change", f".{name.lower()} changes the database")
    if name in ("OUTPUT", "ONCE", "BACKUP", "SAVE") and len(statement.words) > 2:
        return Verdict(_MEDIUM, "sql.file-write", "writes a file")
    return None


_MONGO_HIGH = {
    "DROPDATABASE": "deletes the whole database", "DROP": "deletes a collection with all its data",
    "DROPUSER": "deletes a user", "DROPALLUSERSFROMDATABASE": "deletes all users",
    "SHUTDOWNSERVER": "stops the server", "CHANGEUSERPASSWORD": "changes a password",
}  # fmt: skip
_MONGO_CHANGES = frozenset(
    [
        "INSERT",
        "INSERTONE",
        "INSERTMANY",
        "UPDATEONE",
        "REPLACEONE",
        "DELETEONE",
        "FINDONEANDDELETE",
        "FINDONEANDUPDATE",
        "UPDATE",
        "SAVE",
        "CREATECOLLECTION",
        "CREATEINDEX",
        "DROPINDEX",
        "DROPINDEXES",
        "RENAMECOLLECTION",
        "CREATEUSER",
        "GRANTROLESTOUSER",
        "ADMINCOMMAND",
        "RUNCOMMAND",
        "BULKWRITE",
        "COPYTO",
        "UPDATEMANY",
        "DELETEMANY",
        "REMOVE",
        "RECONFIG",
        "STEPDOWN",
    ]
)


def _mongo(statement: _Statement) -> Verdict | None:
    words = statement.words
    worst: Verdict | None = None
    for place, word in enumerate(words[:-1]):
        if words[place + 1] != "(" or place == 0 or words[place - 1] != ".":
            continue
        rest = words[place + 2 :]
        verdict: Verdict | None = None
        if word in _MONGO_HIGH:
            verdict = Verdict(_HIGH, "mongo.drop", _MONGO_HIGH[word])
        elif word in ("DELETEMANY", "REMOVE") and (rest[:2] == ["{", "}"] or rest[:1] == [")"]):
            verdict = Verdict(_HIGH, "mongo.delete-all", "deletes every document of a collection")
        elif word == "UPDATEMANY" and rest[:2] == ["{", "}"]:
            verdict = Verdict(_HIGH, "mongo.update-all", "changes every document of a collection")
        elif word in ("RUNCOMMAND", "ADMINCOMMAND") and any(
            w.upper() in _MONGO_HIGH or w.upper() in ("SHUTDOWN", "DROPDATABASE") for w in (*rest, *statement.strings)
        ):
            verdict = Verdict(_HIGH, "mongo.drop", "deletes data or stops the server by a command")
        elif word in _MONGO_CHANGES and not (word in ("RUNCOMMAND", "ADMINCOMMAND") and _mongo_reads(rest)):
            verdict = Verdict(_MEDIUM, "mongo.change", f"changes the database ({statement.names[place]})")
        if verdict and (worst is None or verdict.risk > worst.risk):
            worst = verdict
    return worst


def _mongo_reads(rest: list[str]) -> bool:
    known = ("PING", "LISTDATABASES", "SERVERSTATUS", "DBSTATS", "BUILDINFO", "ISMASTER", "HELLO", "COLLSTATS")
    return any(word in known for word in rest[:3])


# --- tokens ------------------------------------------------------------------------------------------------------


def _statements(text: str) -> Iterator[_Statement]:
    """Statements between semicolons (in a braced script too); a line of a client's own command is one as well."""
    statement = _Statement([], [], [])
    count = 0
    at_line = True
    at, size = 0, len(text)
    while at < size:
        char = text[at]
        if char in " \t\r\n":
            if char == "\n":
                at_line = True
                if _line_command(statement):
                    yield statement
                    statement = _Statement([], [], [])
            at += 1
            continue
        skipped = _comment(text, at)
        if skipped:
            at = skipped
            continue
        count += 1
        if count > _MAX_TOKENS:
            statement = _Statement([UNKNOWN], [], [UNKNOWN])
            break
        if char == ";":
            yield statement
            statement = _Statement([], [], [])
            at_line = True
            at += 1
            continue
        at = _token(text, at, statement, at_line)
        at_line = False
    yield statement


def _line_command(statement: _Statement) -> bool:
    """psql's \\x, sqlite's .x, redis's commands and batch words end with their line."""
    if not statement.words:
        return False
    first = statement.words[0]
    return first == "." or first.startswith("\\") or first in _LINE_WORDS


_LINE_WORDS = frozenset(
    [
        "FLUSHALL",
        "FLUSHDB",
        "SHUTDOWN",
        "CONFIG",
        "DEL",
        "UNLINK",
        "KEYS",
        "GET",
        "GO",
        "SLAVEOF",
        "REPLICAOF",
        "USE",
        "SWAPDB",
    ]
)


def _comment(text: str, at: int) -> int:
    char = text[at]
    if (char == "-" and text.startswith("--", at)) or (char == "#" and text[at + 1 : at + 2] not in ("{", ">")):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if char == "/" and text.startswith("/*", at) and not text.startswith("/*!", at):
        end = text.find("*/", at + 2)
        return len(text) if end < 0 else end + 2
    if char == "/" and text.startswith("/*!", at):  # mysql runs what is inside
        at += 3
        while at < len(text) and text[at].isdigit():
            at += 1
        return at
    if char == "/" and text.startswith("//", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    return at + 2 if char == "*" and text.startswith("*/", at) else 0


def _token(text: str, at: int, statement: _Statement, at_line: bool) -> int:
    """One token into the statement. Returns where the next begins."""
    char = text[at]
    if char == "'":
        return _quoted(text, at, "'", statement)
    if char in '"`':
        end = _closing(text, at, char)
        inner = text[at + 1 : end - 1]
        if (
            char == '"'
            and statement.words[-1:]
            and statement.words[-1] in ("(", "=", ",", ":", "EVAL", "LIKE", "SELECT")
        ):
            statement.strings.append(inner)  # double quotes are a string in mysql and in javascript
            _put(statement, "''")
        else:
            _put(statement, inner or "?", quoted=True)
        return end
    if char == "$":
        return _dollar(text, at, statement)
    if char == "\\":
        end = at + 1
        if text[end : end + 1] == "!":
            line_end = text.find("\n", at)
            _put(statement, "\\!")
            return len(text) if line_end < 0 else line_end
        while end < len(text) and (text[end].isalnum() or text[end] in "_+?"):
            end += 1
        _put(statement, text[at:end])
        return end
    if char.isalnum() or char == "_" or char == UNKNOWN:
        end = at + 1
        while end < len(text) and (text[end].isalnum() or text[end] in "_$" or text[end] == UNKNOWN):
            end += 1
        _put(statement, text[at:end])
        return end
    if text[at : at + 2] in ("<=", ">=", "<>", "!=", "||", ":=", "=="):
        _put(statement, text[at : at + 2])
        return at + 2
    _put(statement, char)
    return at + 1


def _put(statement: _Statement, word: str, *, quoted: bool = False) -> None:
    known = word if UNKNOWN not in word else UNKNOWN
    statement.unknown = statement.unknown or known == UNKNOWN
    # a quoted identifier is never a keyword
    statement.words.append(f'"{known}' if quoted and known != UNKNOWN else known.upper())
    statement.names.append(word)


def _closing(text: str, at: int, quote: str) -> int:
    """Past the closing quote; doubled quotes and backslashes do not close."""
    at += 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == quote:
            if text[at + 1 : at + 2] == quote:
                at += 2
                continue
            return at + 1
        at += 1
    return len(text) + 1


def _quoted(text: str, at: int, quote: str, statement: _Statement) -> int:
    end = _closing(text, at, quote)
    statement.strings.append(text[at + 1 : end - 1])
    _put(statement, "''")
    return end


def _dollar(text: str, at: int, statement: _Statement) -> int:
    """$$ … $$ and $tag$ … $tag$; a lone dollar is a parameter."""
    end = at + 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    if text[end : end + 1] != "$":
        _put(statement, "?")
        return max(end, at + 1)
    tag = text[at : end + 1]
    close = text.find(tag, end + 1)
    body = text[end + 1 : close if close >= 0 else len(text)]
    statement.strings.append(body)
    _put(statement, "''")
    return len(text) if close < 0 else close + len(tag)
