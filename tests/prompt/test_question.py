"""The question, bare: what its keys do and what it says."""

from __future__ import annotations

import pytest
from wcwidth import wcswidth

from vectra_guard import messages
from vectra_guard.config.schema import Config, Sandbox
from vectra_guard.model import Action, Decision, Finding, Request, Risk, RiskyPart, Span
from vectra_guard.prompt.question import Answer, Known, Question

REQUEST = Request("git push --force", "bash", "/w", "/h", interactive=True)
FINDING = Finding(
    "git.push-force", Risk.HIGH, "ask", "Replaces the remote history.", Span(0, 16), 0, "Others lose work."
)
PARTS = (RiskyPart("f1", "git push --force", Risk.HIGH, True),)


def question(known: Known | None = None, **more) -> Question:
    values = {"findings": (FINDING,), "parts": PARTS} | more
    return Question(REQUEST, Decision(Action.ASK, Risk.HIGH, "why", **values), Config(), known)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["o"], Answer("host")),
        (["O"], Answer("host")),
        (["n"], Answer("no")),
        (["enter"], Answer("no")),
        (["escape"], Answer("no")),
        (["s"], None),
        (["x"], None),
        (["e", "o"], Answer("host")),
        (["r", "1", "h"], Answer("remember", "24h", "here")),
        (["r", "enter", "a"], Answer("remember", "7d", "anywhere")),
        (["r", "4", "enter"], Answer("remember", "never", "here")),
        (["r", "9"], None),
        (["r", "escape", "escape"], Answer("no")),
        (["r", "2", "escape", "n"], Answer("no")),
        (["right", "enter"], Answer("host")),  # No is selected first, and the row is a ring
        (["left", "enter"], None),  # explain
        (["left", "left", "left", "enter"], Answer("host")),
        (["r", "right", "enter", "right", "enter"], Answer("remember", "30d", "anywhere")),
        (["?", "right", "enter"], Answer("host")),
    ],
)
def test_keys(keys: list[str], answer: Answer | None) -> None:
    asked = question()
    for key in keys:
        asked.press(key)
    assert asked.answer == answer


def test_only_what_is_offered_can_be_chosen() -> None:
    critical = question(host_offered=False, sandbox_offered=True)
    for key in ("o", "r"):
        critical.press(key)
    assert critical.answer is None
    assert list(critical.choices()) == ["s", "e", "n"]
    critical.press("s")
    assert critical.answer == Answer("sandbox")


def test_a_command_cannot_draw_on_the_terminal() -> None:
    evil = Request("rm \x1b[2J\x1b]0;x\x07\n.", "bash", "/w", "/h")
    asked = Question(evil, question().decision, Config(), Known("a\x1bb", {"f\x07": ["", "", "+\x1b[2J"]}))
    asked.press("e")
    text = "".join(piece for _, piece in asked.body(80)) + asked.spoken()
    assert not any(ord(c) < 32 and c != "\n" for c in text)
    assert "\\x1b[2J" in text


def test_text_that_turns_its_direction_is_shown_as_what_it_is() -> None:
    evil = Request("rm \u202efdp.exe", "bash", "/w", "/h")
    assert "rm \\u202efdp.exe" in "".join(piece for _, piece in Question(evil, question().decision, Config()).body(80))
    hebrew = Request("rm קובץ.txt", "bash", "/w", "/h")
    assert "rm קובץ.txt" in Question(hebrew, question().decision, Config()).spoken()


@pytest.mark.parametrize("width", [30, 40, 80])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    wide = Finding("t.x", Risk.HIGH, "ask", "漢字" * 30 + " и ещё слова", Span(0, 3), 0, "w" * 200, "a b " * 40)
    asked = question(Known("Löscht 1 Datei", habit=3), findings=(wide,), sandbox_offered=True)
    for key in ("x", "e", "r", "1"):
        asked.press(key)
        said = "".join(piece for _, piece in asked.body(width)).split("\n", 1)[1]
        for line in [*said.split("\n"), *"".join(piece for _, piece in asked.keys(width)).split("\n")]:
            assert wcswidth(line) <= width, line


def test_what_is_selected_is_marked_and_no_offer_is_broken() -> None:
    asked = question(sandbox_offered=True)
    assert [text for style, text in asked.keys(80) if "reverse" in style] == ["[N]o"]
    lines = "".join(text for _style, text in asked.keys(30)).split("\n")
    assert lines == ["[o]nce on host  [r]emember", "[s]andbox  [e]xplain  [N]o"]


def test_what_is_known_is_said() -> None:
    known = Known("Deletes 3 files, 1 KB, not in git", {"/w/deploy.sh": ["--- a", "+++ b", "-old", "+new", "+more"]}, 3)
    asked = question(known)
    text = "".join(piece for _, piece in asked.body(80))
    for part in (
        "Replaces the remote history. (git.push-force)",
        "Deletes 3 files, 1 KB, not in git",
        "/w/deploy.sh changed since you trusted it (+2 -1)",
        "approved this 3 times here",
    ):
        assert part in text
    assert "+new" not in text
    asked.press("?")
    assert "+new" in "".join(piece for _, piece in asked.body(80))


def test_the_explanation_names_the_sandbox_that_would_be_used() -> None:
    asked = question(sandbox_offered=True)
    asked.press("e")
    assert "sandbox: balanced, network restricted, writes into the project folder" in asked.spoken()
    strict = Config(sandbox=Sandbox(security_level="strict", network_mode="none"))
    asked = Question(REQUEST, question(sandbox_offered=True).decision, strict)
    asked.press("e")
    assert "sandbox: strict, network none, changes are kept aside until you look" in asked.spoken()


def test_german() -> None:
    messages.use("de")
    try:
        asked = question(sandbox_offered=True)
        assert "hoch" in asked.heading()[0][1]
        assert "".join(text for _style, text in asked.keys(80)).endswith("[N]ein")
        for key in ("r", "4", "a"):
            asked.press(key)
        assert asked.left_behind() == "vg: auf dem Rechner, gemerkt: überall (für immer)"
    finally:
        messages.use("en")
