"""Text that database clients run: finds it in their argv and standard input, and has ``sql`` say what it does.

Knows where each client takes statements (an option's value, words after the database, standard input). A file of
statements that is not in the line is medium: it cannot be read here. What administers a database without SQL
(dropdb, migrations) is plain data in the YAML files.
"""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN, Finding, Risk, Word
from vectra_guard.rules.content import input_text
from vectra_guard.rules.sql import Verdict, read
from vectra_guard.rules.view import Context, View

# client -> (options whose value is statements, options whose value is a file of them, first word that is statements)
NEVER = 99
CLUSTER = re.compile(r"-[A-Za-z]{2,5}")  # -tAc
CLIENTS: dict[str, tuple[frozenset[str], frozenset[str], int]] = {
    name: (frozenset(code.split()), frozenset(file.split()), first)
    for names, code, file, first in (
        ("psql pgcli usql cockroach yugabyte ysqlsh vsql gsql", "-c --command -e --execute", "-f --file", NEVER),
        ("mysql mariadb mycli mysqlsh tidb singlestore", "-e --execute --init-command", "", NEVER),
        ("sqlite3 sqlite litecli sqlcipher duckdb libsql", "-cmd -c", "-init", 1),
        ("clickhouse clickhouse-client clickhouse-local", "-q --query", "--queries-file", NEVER),
        ("sqlcmd isql osql tsql bcp", "-Q -q", "-i", NEVER),
        ("cqlsh hive beeline impala-shell trino presto spark-sql", "-e -q --execute --query", "-f --file", NEVER),
        ("snowsql snow", "-q --query", "-f --filename", NEVER),
        ("mongosh mongo", "--eval", "", NEVER),
        ("redis-cli valkey-cli keydb-cli iredis", "", "--eval --pipe", 0),
        ("bq", "", "", 1),
        ("influx", "-execute --execute", "", NEVER),
        ("sqlplus", "", "", NEVER),
    )
    for name in names.split()
}
VALUED = frozenset(
    [
        "-h", "-p", "-U", "-d", "-D", "-u", "-P", "-H", "-S", "-a", "-n", "-s", "-r", "-i", "-t", "--host",
        "--port", "--username", "--user", "--dbname", "--database", "--password", "--pass", "-v", "--set", "-x",
        "-F", "-R", "-T", "-o", "--output", "--project_id", "--dataset_id", "--location", "--format", "-separator",
        "-newline", "-k", "--keyspace",
    ]
)  # fmt: skip


MYSQL = frozenset(["mysql", "mariadb", "mycli", "mysqlsh", "tidb", "singlestore"])
"""Their ``-p`` asks for a password or has it attached; it never takes the next word."""


def judge(context: Context) -> None:
    for view in context.views:
        client = CLIENTS.get(view.name)
        if client is not None and not any(w.text in ("--help", "--version", "-?") for w in view.words):
            _judge(context, view, *client)


def given_statements(view: View) -> bool:
    """The line itself says what this client runs."""
    client = CLIENTS.get(view.name)
    return client is not None and bool(_statements(view, *client)[0])


def _judge(context: Context, view: View, code: frozenset[str], files: frozenset[str], first: int) -> None:
    if any(w.text in (":memory:", ":memory") for w in view.words):
        return  # nothing to lose
    texts, from_file, read_input = _statements(view, code, files, first)
    outer = context.views[view.command.top].command.redirects  # `docker exec db psql < FILE`
    if read_input:
        text = input_text(context, view)
        if text:
            texts.append(text)
        elif view.command.stdin_from is not None or any(r.op == "<" for r in (*outer, *view.command.redirects)):
            from_file = True
    for text in texts:
        for verdict in read(text):
            if verdict.risk > Risk.LOW:
                _add(context, view, verdict)
    if from_file:
        _add(context, view, Verdict(Risk.MEDIUM, "sql.file", "runs a file of statements that cannot be read here"))


def _statements(view: View, code: frozenset[str], files: frozenset[str], first: int) -> tuple[list[str], bool, bool]:
    """(texts to run, a file of statements is named, standard input is read)."""
    texts: list[str] = []
    plain: list[Word] = []
    from_file, words, at = False, view.words, 0
    while at < len(words):
        text = words[at].text
        at += 1
        if text[:1] != "-" or text == "-":
            plain.append(words[at - 1])
            continue
        name, sep, value = text.partition("=")
        clustered = first == NEVER and CLUSTER.fullmatch(text) is not None and "-" + text[-1] in code
        attached = text[1] != "-" and len(text) > 2 and text[:2] in code
        if name in code and sep:
            texts.append(value)
        elif (text in code or (clustered and not attached)) and at < len(words):
            texts.append(words[at].text)
            at += 1
        elif attached and first == NEVER:
            texts.append(text[2:])
        elif name in files and not sep and words[at : at + 1] and words[at].text in ("-", "/dev/stdin"):
            at += 1
        elif name in files:
            from_file = True
            at += 0 if sep else 1
        elif text in VALUED and at < len(words) and not (text == "-p" and view.name in MYSQL):
            at += 1
    rest = plain[first:]
    if rest and view.name == "bq" and plain[0].text != "query":
        rest = []
    if rest:
        texts.append(" ".join(w.text if w.text else "''" for w in rest))
    return texts, from_file, not texts and not from_file


def _add(context: Context, view: View, verdict: Verdict) -> None:
    message = f"The database client {verdict.message}."
    if any(f.rule == verdict.id and f.command == view.command.index and f.message == message for f in context.findings):
        return
    lost = verdict.risk >= Risk.HIGH
    context.findings.append(
        Finding(
            verdict.id,
            verdict.risk,
            "ask",
            message,
            view.command.span,
            view.command.index,
            why="What is gone from a database comes back only from a backup." if lost else "",
            instead="Run it in a transaction, or on a copy, and look before you commit." if lost else "",
            category="database",
            undecided=any(UNKNOWN in w.text for w in view.words),
        )
    )
