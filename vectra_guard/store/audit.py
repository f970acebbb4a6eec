"""An append-only log of decisions in which each record holds the hash of the one before it.

One JSON object a line in ``audit/log.jsonl`` of the state folder, 0600: what was decided, for which command (without
secrets), where, why, and how it ended. ``hash`` is SHA-256 over the rest of the record, ``prev`` included. A full log
is set aside as ``log-N.jsonl`` and the chain goes on in a new one; the oldest of more than ``KEPT`` are removed, and
the chain then starts where they ended. ``head`` holds the last hash, so that a cut-off end is found too.

``verify`` finds records that were changed, removed, added or reordered by anybody who did not write the whole chain and
the head anew; against that, note the head that ``vg audit verify`` prints and give it back with ``--expect``. A log
that cannot be written raises StoreError and is as long as before; the run itself is never held up.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from vectra_guard import paths, whole_files
from vectra_guard.errors import GuardError, StoreError
from vectra_guard.redact import redact
from vectra_guard.store.text import storable

MAX_BYTES = 8 << 20
KEPT = 8  # files set aside: some 300,000 decisions in all
START = "0" * 64
LONGEST = 4000  # characters of a command that are kept

_OLD = re.compile(r"log-(\d+)\.jsonl\Z")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``verify`` found."""

    records: int
    head: str  # the last hash
    breaks: tuple[tuple[str, str], ...]  # (file:line, what is wrong)
    expected_found: bool


def folder() -> str:
    return os.path.join(paths.state_dir(), "audit")


def append(record: dict[str, Any]) -> None:
    """Add one decision. ``record`` holds plain JSON values; its command and reason are redacted here."""
    texts = {name: storable(redact(str(record.get(name, ""))[:LONGEST])) for name in ("command", "reason", "cwd")}
    record = {**record, **texts}
    try:
        place = paths.private_dir(folder())
        with _locked(place) as lock:
            seq, previous = _head(lock)
            entry = {"seq": seq + 1, "prev": previous, **record}
            entry["hash"] = digest(entry)
            _write(os.path.join(place, "log.jsonl"), (json.dumps(entry, ensure_ascii=False) + "\n").encode())
            _set_head(lock, entry["seq"], entry["hash"])
            _rotate(place)
    except (OSError, ValueError, GuardError) as err:
        raise StoreError(f"{folder()}: the audit log cannot be written ({err})") from err


def digest(entry: dict[str, Any]) -> str:
    """The hash of a record: over all of it but ``hash``, with sorted keys."""
    rest = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def records() -> Iterator[dict[str, Any]]:
    """Every readable record, oldest first."""
    for _, entry in _entries():
        if entry is not None:
            yield entry


def verify(expect: str = "") -> Verdict:
    """Walk the chain. ``expect``: a hash that must be in it (or be what the oldest kept record builds on)."""
    seq, previous, count = 0, "", 0
    breaks: list[tuple[str, str]] = []
    found = not expect
    for place, entry in _entries():
        if entry is None:
            breaks.append((place, "not a record"))
            continue
        count += 1
        if not previous:
            # the first that is kept: what came before it may have been removed by rotation
            seq, previous = entry.get("seq", 0) - 1, entry.get("prev", "")
            found = found or previous == expect
        if entry.get("prev") != previous or entry.get("seq") != seq + 1:
            breaks.append((place, "does not follow the record before it"))
        if digest(entry) != entry.get("hash"):
            breaks.append((place, "was changed after it was written"))
        seq, previous = entry.get("seq", seq + 1), entry.get("hash", "")
        found = found or previous == expect
    with contextlib.suppress(OSError, ValueError), open(os.path.join(folder(), "head"), "rb") as file:
        last, head = _head(file)
        if head != (previous or START):
            breaks.append(("head", f"records are missing at the end: {last} were written, the last here is {seq}"))
    return Verdict(count, previous or START, tuple(breaks), found)


def pushed() -> int:
    """The ``seq`` of the last record that a collector has taken; 0 for none."""
    try:
        with open(os.path.join(folder(), "pushed"), encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def set_pushed(seq: int) -> None:
    whole_files.replace(os.path.join(folder(), "pushed"), b"%d\n" % seq, 0o600)


def _entries() -> Iterator[tuple[str, dict[str, Any] | None]]:
    place = folder()
    for name in [*_old(place), "log.jsonl"]:
        with contextlib.suppress(FileNotFoundError), open(os.path.join(place, name), "rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    entry = json.loads(line)
                except ValueError:
                    entry = None
                yield f"{name}:{number}", entry if isinstance(entry, dict) else None


def _old(place: str) -> list[str]:
    """Files set aside, oldest first."""
    names = os.listdir(place) if os.path.isdir(place) else []
    return sorted((n for n in names if _OLD.match(n)), key=lambda n: int(_OLD.match(n)[1]))  # type: ignore[index]


@contextlib.contextmanager
def _locked(place: str) -> Iterator[IO[bytes]]:
    """The head file, with its lock held: one writer at a time."""
    fd = os.open(os.path.join(place, "head"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _head(file: IO[bytes]) -> tuple[int, str]:
    words = file.read().split()
    return (int(words[0]), words[1].decode()) if len(words) == 2 else (0, START)


def _set_head(file: IO[bytes], seq: int, value: str) -> None:
    file.seek(0)
    file.write(b"%020d %s\n" % (seq, value.encode()))  # always as long: never half of two


def _write(path: str, line: bytes) -> None:
    """The whole line or nothing of it: a full disk leaves the file as it was."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(fd).st_size
        if os.write(fd, line) != len(line):
            os.ftruncate(fd, size)
            raise OSError("the disk is full")
    finally:
        os.close(fd)


def _rotate(place: str) -> None:
    current = os.path.join(place, "log.jsonl")
    if os.path.getsize(current) < MAX_BYTES:
        return
    old = _old(place)
    number = int(_OLD.match(old[-1])[1]) + 1 if old else 1  # type: ignore[index]
    os.rename(current, os.path.join(place, f"log-{number}.jsonl"))
    for name in old[: max(0, len(old) + 1 - KEPT)]:
        os.unlink(os.path.join(place, name))
