from __future__ import annotations

import time

from vectra_guard.evaluator.grants import Ask, Grant, Ledger, Slot, pattern_of, slots_of
from vectra_guard.model import UNKNOWN, Action, Command, Decision, Insertion, Risk, Script, Span, Word


def word(text: str, **more: bool) -> Word:
    return Word(text, text, Span(0, 0), **more)  # type: ignore[arg-type]


def grant(**changes: object) -> Grant:
    command = Command((word("npm"), word("install"), word(UNKNOWN, splits=True)), Span(0, 0), 0, 0)
    fields: dict[str, object] = {
        "ident": "abc", "pid": 10, "turn": 5, "line": "npm install $X", "shell": "bash", "cwd": "/",
        "decision": {}, "slots": (Slot(0, "sandbox", pattern_of(command), "/"),), "whole_line": False,
        "background": False,
    }  # fmt: skip
    return Grant(**(fields | changes))  # type: ignore[arg-type]


def ledger(**changes: object) -> Ledger:
    made = Ledger()
    made.add_grant(grant(**changes))
    return made


def test_a_grant_fits_its_command_as_often_as_the_line_runs_it() -> None:
    made = ledger()
    for argv in (["npm", "install"], ["npm", "install", "a"], ["npm", "install", "a", "b"]):
        assert made.grant("abc.0", argv, "/", 5)


def test_a_grant_fits_nothing_else() -> None:
    made = ledger()
    good = ["npm", "install", "a"]
    assert made.grant("abd.0", good, "/", 5) is None
    assert made.grant("abc.1", good, "/", 5) is None
    assert made.grant("abc", None, "/", 5) is None
    assert made.grant("abc.0", ["npm", "uninstall"], "/", 5) is None
    assert made.grant("abc.0", ["rm", "npm", "install"], "/", 5) is None
    assert made.grant("abc.0", good, "/tmp", 5) is None
    assert made.grant("abc.0", good, "/", 6) is None
    assert made.grant("abc.0", good, "/", None) is None


def test_a_grant_ends_after_an_hour() -> None:
    assert ledger(born=time.monotonic() - 3601).grant("abc.0", ["npm", "install"], "/", 5) is None


def test_a_background_line_keeps_its_grant_beyond_the_next_prompt() -> None:
    made = ledger(background=True)
    made.drop_shell(10)
    assert made.grant("abc.0", ["npm", "install"], "/", 9)


def test_a_shell_takes_its_grants_and_asks_with_it() -> None:
    made = ledger()
    made.add_ask(Ask("q", 10, "bash", "x", "/", {}))
    made.drop_shell(10)
    assert made.ask("q") is None
    assert made.grant("abc.0", ["npm", "install"], "/", 5) is None


def test_only_so_many_are_kept() -> None:
    made = Ledger()
    for number in range(600):
        made.add_grant(grant(ident=f"g{number}"))
    assert made.owner("g0.0") == 0
    assert made.owner("g599.0") == 10


def test_many_gaps_match_in_bounded_time() -> None:
    gaps = tuple(word(UNKNOWN, splits=True) if i % 2 else word("a") for i in range(60))
    made = ledger(slots=(Slot(0, "sandbox", pattern_of(Command(gaps, Span(0, 0), 0, 0)), UNKNOWN),))
    started = time.process_time()
    made.grant("abc.0", ["a"] * 400 + ["b"], "/", 5)
    assert time.process_time() - started < 1


def test_slots_know_where_their_command_runs() -> None:
    commands = (Command((word("a"),), Span(0, 0), 0, 0), Command((word("b"),), Span(2, 3), 1, 1, cwd=UNKNOWN))
    inserted = (Insertion(0, 0, "sandbox"), Insertion(2, 1, "recheck"), Insertion(3, 9, "sandbox"))
    found = slots_of(Script(commands), Decision(Action.SANDBOX, Risk.MEDIUM, "", insertions=inserted), "/here")
    assert [(s.command, s.cwd) for s in found] == [(0, "/here"), (1, UNKNOWN)]


def test_a_loop_over_known_values_has_a_slot_for_each_and_for_no_other() -> None:
    turns = [Command((word("npm"), Word(v, "$i", Span(4, 6))), Span(0, 6), n, 0) for n, v in enumerate("abc")]
    other = Command((word("npm"), Word("d", "d", Span(4, 6))), Span(0, 6), 3, 0)
    decided = Decision(Action.SANDBOX, Risk.MEDIUM, "", insertions=(Insertion(0, 0, "sandbox"),))
    made = ledger(slots=slots_of(Script((*turns, other)), decided, "/"))
    assert all(made.grant("abc.0", ["npm", value], "/", 5) for value in "abc")
    assert made.grant("abc.0", ["npm", "d"], "/", 5) is None
