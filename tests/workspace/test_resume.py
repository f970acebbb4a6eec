"""A keep that is killed at any moment loses nothing, and the next one finishes it. Conflicts are never run over."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.sandbox.box import Account
from tests.workspace.trees import Place, differences, snapshot

pytestmark = pytest.mark.sandbox

KILLS = int(os.environ.get("VG_KILLS", "12"))
SCRIPT = """
for n in $(seq 1 60); do echo changed-$n > same/$n; rm gone/$n; echo new-$n > new-$n; done
rm -r tree; mkdir tree; echo fresh > tree/fresh; chmod 600 same/7; rm -r whole; ln same/1 linked
"""


def grown(person: Account, name: str) -> Place:
    place = Place(person, name)
    for folder in ("same", "gone", "tree", "whole"):
        (place.root / folder).mkdir()
        for number in range(1, 61):
            (place.root / folder / str(number)).write_text(f"{folder} before {number}\n")
    place.own()
    return place


def whole(root: Path) -> None:
    """Every file holds the old or the new content, and nothing else."""
    for number in range(1, 61):
        text = (root / "same" / str(number)).read_text()
        assert text in (f"same before {number}\n", f"changed-{number}\n")
        for path, good in (
            (root / f"new-{number}", f"new-{number}\n"),
            (root / "gone" / str(number), f"gone before {number}\n"),
        ):
            if path.exists():
                assert path.read_text() == good


def test_killed_at_random_moments(person: Account) -> None:
    place = grown(person, "killed")
    direct = place.copy("killed-direct")
    place.directly(["sh", "-ec", SCRIPT], direct)
    original = place.copy("killed-original")
    before = snapshot(place.root)
    rng = random.Random(5)
    began = time.monotonic()
    ident = place.review(["sh", "-ec", SCRIPT])
    place.decide("keep", id=ident)
    place.decide("undo", id=ident)
    assert differences(before, snapshot(place.root)) == []
    landed = 0
    for _ in range(KILLS):
        ident = place.review(["sh", "-ec", SCRIPT])
        length = 0.05 + rng.random() * 0.25
        keeper = place.person.popen(place.command("keep", id=ident), stdout=subprocess.DEVNULL, start_new_session=True)
        started = place.person.home / f".local/state/vectra-guard/undo/{ident}/log"
        while not started.exists() and keeper.poll() is None:
            time.sleep(0.001)
        time.sleep(length * rng.random() * 0.3)
        os.killpg(keeper.pid, signal.SIGKILL)
        keeper.wait()
        whole(place.root)
        if ident in place.decide("list"):
            landed += 1
            answer = place.decide("keep", id=ident)
            assert (answer["conflicts"], answer["failed"], answer["left"]) == ([], [], [])
        after = snapshot(place.root)
        assert set(after) == set(snapshot(direct))
        assert contents(place.root, direct) == []
        undone = place.decide("undo", id=ident)
        assert "error" not in undone, undone
        assert differences(before, snapshot(place.root)) == []
    assert landed, "no kill landed while the keep was at work"
    assert original.exists() and began


def contents(one: Path, other: Path) -> list[str]:
    out = []
    for folder, _, names in os.walk(other):
        for name in names:
            path = Path(folder) / name
            if path.read_bytes() != (one / path.relative_to(other)).read_bytes():
                out.append(str(path))
    return out


def test_killed_then_dropped_leaves_no_scratch(person: Account) -> None:
    place = grown(person, "half")
    ident = place.review(["sh", "-ec", SCRIPT])
    keeper = place.person.popen(place.command("keep", id=ident), stdout=subprocess.DEVNULL, start_new_session=True)
    log = place.person.home / f".local/state/vectra-guard/undo/{ident}/log"
    while not log.exists() and keeper.poll() is None:
        time.sleep(0.001)
    os.killpg(keeper.pid, signal.SIGKILL)
    keeper.wait()
    if ident in place.decide("list"):
        place.decide("drop", id=ident)
    assert not [name for _, _, names in os.walk(place.root) for name in names if name.startswith(".vg-keep")]
    whole(place.root)


def test_what_changed_on_the_host_is_a_conflict(person: Account) -> None:
    place = grown(person, "conflict")
    ident = place.review(["sh", "-c", "echo mine > same/1; rm same/2; rm -r whole; echo x > new; echo y > same/3"])
    (place.root / "same/1").write_text("theirs\n")
    (place.root / "same/2").write_text("theirs too\n")
    (place.root / "whole/extra").write_text("theirs as well\n")
    (place.root / "new").write_text("was first\n")
    answer = place.decide("keep", id=ident)
    assert sorted(answer["conflicts"]) == ["new", "same/1", "same/2", "whole"]
    assert (place.root / "same/1").read_text() == "theirs\n"
    assert (place.root / "same/2").read_text() == "theirs too\n"
    assert (place.root / "whole/extra").exists()
    assert (place.root / "new").read_text() == "was first\n"
    assert (place.root / "same/3").read_text() == "y\n"  # the rest is kept
    marked = {item["path"]: item["marks"] for item in place.decide("show", id=ident)}
    assert all("conflict" in marks for marks in marked.values()), marked
    place.decide("keep", id=ident, force=True)
    assert (place.root / "same/1").read_text() == "mine\n"
    assert not (place.root / "whole").exists()
    assert place.decide("list") == []


def test_a_swapped_link_is_not_followed(person: Account) -> None:
    place = grown(person, "swapped")
    outside = person.home / f"outside-{person.uid}"
    outside.mkdir()
    (outside / "1").write_text("precious\n")
    ident = place.review(["sh", "-c", "echo mine > same/1; echo other > gone/1"])
    (place.root / "same").rename(place.root / "moved")
    (place.root / "same").symlink_to(outside)
    answer = place.decide("keep", id=ident)
    assert (outside / "1").read_text() == "precious\n"
    assert sorted(p.name for p in outside.iterdir()) == ["1"]
    assert any(path.startswith("same") for path in answer["conflicts"])
    assert (place.root / "gone/1").read_text() == "other\n"


def test_undo_refuses_over_newer_changes(person: Account) -> None:
    place = grown(person, "newer")
    before = snapshot(place.root)
    ident = place.review(["sh", "-c", "rm -r whole; echo mine > same/1; echo x > new"])
    place.decide("keep", id=ident)
    (place.root / "same/1").write_text("newer\n")
    answer = place.decide("undo", id=ident)
    assert answer["status"] == 3 and "same/1" in answer["error"]
    assert not (place.root / "whole").exists()
    assert place.decide("undo", id=ident, force=True)["left"] == []
    assert differences(before, snapshot(place.root)) == []
    assert place.decide("undo", id=ident)["status"] == 64


def test_picked_paths_only(person: Account) -> None:
    place = grown(person, "picked")
    ident = place.review(["sh", "-c", "mkdir -p a/b; echo 1 > a/b/one; echo 2 > a/two; rm -r whole; echo 3 > same/3"])
    answer = place.decide("keep", id=ident, only=["a/b", "same/3"])
    assert (place.root / "a/b/one").read_text() == "1\n"
    assert not (place.root / "a/two").exists()
    assert (place.root / "whole").exists()
    assert {item["path"] for item in place.decide("show", id=ident)} >= {"a/two", "whole"}
    assert answer["conflicts"] == []
    assert place.decide("keep", id=ident)["left"] == []
    assert not (place.root / "whole").exists()
    place.decide("undo", id=ident)
    assert not (place.root / "a").exists() and (place.root / "whole/60").exists()


def test_undo_file_by_file_then_the_rest(person: Account) -> None:
    place = grown(person, "byfile")
    (place.root / "whole/deep").mkdir()
    (place.root / "whole/deep/x").write_text("x\n")
    os.utime(place.root / "whole", (1_600_000_000, 1_600_000_000))
    place.own()
    before = snapshot(place.root)
    ident = place.review(["sh", "-c", "rm -r whole; echo mine > same/1; echo x > new"])
    place.decide("keep", id=ident)
    assert place.decide("undo", id=ident, only=["no/such"])["status"] == 64
    assert place.decide("undo", id=ident, only=["whole/deep/x", "same/1"])["restored"] == 2
    assert (place.root / "whole/deep/x").read_text() == "x\n"
    assert (place.root / "same/1").read_text() == "same before 1\n"
    assert (place.root / "new").exists() and not (place.root / "whole/5").exists()
    (place.root / "whole/7").write_text("newer\n")
    assert place.decide("undo", id=ident, only=["whole/7"])["status"] == 3
    place.decide("undo", id=ident, only=["whole/7"], force=True)
    assert place.decide("undo", id=ident)["left"] == []
    assert differences(before, snapshot(place.root)) == []


def test_the_rest_covers_nothing_newer(person: Account) -> None:
    place = grown(person, "rest")
    ident = place.review(["sh", "-c", "rm -r whole"])
    place.decide("keep", id=ident)
    (place.root / "whole").mkdir()
    (place.root / "whole/5").write_text("newer\n")
    place.own()
    assert place.decide("undo", id=ident, force=True)["left"] == ["whole/5"]
    assert (place.root / "whole/5").read_text() == "newer\n"
    assert (place.root / "whole/6").read_text() == "whole before 6\n"
    place.decide("undo", id=ident, only=["whole/5"], force=True)
    assert (place.root / "whole/5").read_text() == "whole before 5\n"
