"""Keep gives the tree of a direct run, drop and undo the tree of before: on random trees, byte for byte."""

from __future__ import annotations

import os

import pytest

from tests.sandbox.box import Account
from tests.workspace.trees import Place, differences, snapshot

pytestmark = pytest.mark.sandbox

TREES = int(os.environ.get("VG_TREES", "25"))
STEPS = 12


@pytest.mark.parametrize("seed", range(int(os.environ.get("VG_SEEDS", "2"))))
def test_keep_is_a_direct_run_and_undo_is_before(person: Account, seed: int) -> None:
    place = Place(person, f"random{seed}")
    place.grow(seed, TREES)
    before = snapshot(place.root)
    other = place.copy(f"random{seed}-direct")
    script = ["/usr/bin/python3", "mutate.py", str(seed), str(TREES), str(STEPS)]
    place.directly(script, other)
    ident = place.review(script)
    assert differences(before, snapshot(place.root)) == []  # nothing happened yet
    answer = place.decide("keep", id=ident, settle=bool(seed % 2))
    assert (answer["conflicts"], answer["failed"], answer["left"]) == ([], [], [])
    assert differences(snapshot(other), snapshot(place.root)) == []
    undone = place.decide("undo", id=ident)
    assert undone["left"] == []
    assert differences(before, snapshot(place.root)) == []


def test_drop_leaves_everything_as_it_was(person: Account) -> None:
    place = Place(person, "dropped")
    place.grow(77, 5)
    before = snapshot(place.root)
    ident = place.review(["/usr/bin/python3", "mutate.py", "77", "5", "15"])
    assert place.decide("show", id=ident)
    place.decide("drop", id=ident)
    assert differences(before, snapshot(place.root)) == []
    assert ident not in place.decide("list")
    assert not list((person.home / ".local/state/vectra-guard/reviews").iterdir())


def test_a_run_without_changes_leaves_no_review(person: Account) -> None:
    place = Place(person, "idle")
    assert place.review(["sh", "-c", "cat package.json"]) == ""
    assert place.decide("list") == []
