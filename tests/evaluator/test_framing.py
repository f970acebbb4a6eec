from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectra_guard.evaluator import framing

RECORD = b"s7\0p42\0kbash\0v1\0d/tmp\0cls -l\0aga=git add\0ff () \n{ \n    rm x\n}\0z3\0t250\0q1"


def test_a_record_becomes_a_message() -> None:
    message = framing.parse(RECORD)
    assert message is not None
    assert (message.seq, message.pid, message.shell, message.cwd, message.line) == ("7", 42, "bash", "/tmp", "ls -l")
    assert message.aliases == {"ga": "git add"}
    assert list(message.functions) == ["f"]
    assert (message.status, message.millis, message.continues) == (3, 250, True)
    assert message.text == "ls -l"


def test_expansion_is_what_runs() -> None:
    message = framing.parse(b"s1\0c!!\0xrm -rf x")
    assert message is not None and message.text == "rm -rf x"


@pytest.mark.parametrize("record", [b"", b"cls", b"s", b"\xff\xfe", b"p1\0kbash"])
def test_nonsense_is_no_message(record: bytes) -> None:
    assert framing.parse(record) is None


@given(st.lists(st.binary(min_size=1).filter(lambda b: b"\0" not in b), max_size=5), st.integers(1, 7))
def test_any_cut_of_the_stream_gives_the_same_records(records: list[bytes], step: int) -> None:
    stream = b"".join(b"\0\0" + record + b"\0\0" for record in records)
    framer = framing.Framer()
    found = [r for i in range(0, len(stream), step) for r in framer.feed(stream[i : i + step])]
    assert found == records


def test_half_a_record_does_not_spoil_the_next() -> None:
    framer = framing.Framer()
    assert list(framer.feed(b"\0\0s1\0chalf")) == []
    assert list(framer.feed(b"\0\0s2\0cwhole\0\0"))[-1] == b"s2\0cwhole"


@given(st.text(max_size=200))
def test_what_is_shown_cannot_drive_the_terminal(text: str) -> None:
    assert all(c.isprintable() for c in framing.shorten(text))
    assert framing.answer("1", "B", text).count(b"\0") == 1


def test_each_kind_of_alias_keeps_its_name() -> None:
    found = framing.parse(b"s1\0call=ls -l\0all=ls -l\0gG=| grep\0utxt=less")
    assert found is not None
    assert found.aliases == {"ll": "ls -l", "-g G": "| grep", "-s txt": "less"}
