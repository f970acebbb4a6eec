"""Languages: English stands in the code, and each catalogue has every message of it, with the same blanks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import polib
import pytest

import vectra_guard
from vectra_guard import messages, rules
from vectra_guard.model import NetworkMode, Risk
from vectra_guard.prompt.question import DURATIONS

PACKAGE = Path(vectra_guard.__file__).parent
CATALOGUES = sorted((PACKAGE / "locale").glob("*.po"))
BLANK = re.compile(r"\{\w+\}|\[\w\]")
RULES_TRANSLATED = 0.85
"""Share of the rules' sentences that a catalogue must have: rules come and go, and a new one may be English first."""


def in_code() -> Iterator[str]:
    """The literals that are handed to ``_`` and ``plural``, and the words that reach them by a variable."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "plural"):
                for argument in node.args[: 1 if node.func.id == "_" else 2]:
                    if isinstance(argument, ast.Constant):
                        yield str(argument.value)
    yield from (risk.label for risk in Risk)
    yield from get_args(NetworkMode)
    yield from (d for d in DURATIONS if not d[0].isdigit())


def sentences() -> set[str]:
    shipped = rules.load()
    found = (shipped.rule(name) for name in shipped.ids)
    return {text for rule in found for text in (rule.message, rule.why, rule.instead, rule.category) if text}


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    messages.use("en")


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_is_complete_and_keeps_the_blanks(path: Path) -> None:
    file = polib.pofile(str(path))
    own = {e.msgid: e for e in file if e.msgctxt is None}
    known = set(own) | {e.msgid_plural for e in own.values() if e.msgid_plural}
    assert known == set(in_code())
    for entry in file:
        forms = list(entry.msgstr_plural.values()) or [entry.msgstr]
        for form in forms:
            assert form, entry.msgid
            assert sorted(BLANK.findall(form)) == sorted(BLANK.findall(entry.msgid_plural or entry.msgid)), form


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_most_sentences_of_the_rules_are_translated(path: Path) -> None:
    translated = {e.msgid for e in polib.pofile(str(path)) if e.msgctxt == messages.RULES}
    wanted = sentences()
    assert len(translated & wanted) >= RULES_TRANSLATED * len(wanted), sorted(wanted - translated)


def test_language_of_the_configuration_wins_over_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.setenv("LC_ALL", "de_AT.UTF-8")
    messages.use("")
    assert messages._("high") == "hoch"
    messages.use("en")
    assert messages._("high") == "high"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    messages.use("de")
    assert messages._("high") == "hoch"
    assert messages.plural("Deletes {n} file", "Deletes {n} files", 1) == "Löscht 1 Datei"
    assert messages.plural("Deletes {n} file", "Deletes {n} files", 1204).startswith("Löscht 1")


def test_a_sentence_with_a_target_is_translated_around_it() -> None:
    messages.use("de")
    assert messages.sentence("Deletes /x y with everything in it.") == "Löscht /x y mit allem darin."
    assert messages.sentence("Not in any catalogue.") == "Not in any catalogue."


@pytest.mark.parametrize("language", ["xx", "../../etc/passwd", "C", "de\0"])
def test_a_language_that_is_not_there_is_english(language: str) -> None:
    messages.use(language)
    assert messages._("high") == "high"
