"""An entry trusts what it is for, where and while it holds, and nothing else."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectra_guard.errors import UsageError
from vectra_guard.store import approvals, db, scripts
from vectra_guard.store.trust import TrustEntry, TrustStore, matches_pattern, parse_duration

NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(db.open(str(tmp_path / "a.db")))


def held(store: TrustStore, prints: list[str], place: str, now: float) -> dict[str, TrustEntry]:
    """The entries that trust these fingerprints."""
    found = store.covering([(print_, ()) for print_ in prints], place, now)
    return {print_: entry for print_, (entry, changed) in found.items() if not changed}


def test_here_is_only_here(store: TrustStore, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    entry = store.add("f1", "git push --force", now=NOW, folder=str(here), duration=60)
    assert held(store, ["f1", "f2"], str(here), NOW) == {"f1": entry}
    assert held(store, ["f1"], str(there), NOW) == {}
    assert held(store, ["f1"], str(here / "sub"), NOW) == {}


def test_anywhere_is_everywhere_and_here_wins(store: TrustStore) -> None:
    wide = store.add("f1", "x", now=NOW, scope="anywhere")
    near = store.add("f1", "x", now=NOW, folder="/here")
    assert held(store, ["f1"], "/there", NOW) == {"f1": wide}
    assert held(store, ["f1"], "/here", NOW) == {"f1": near}


def test_a_link_does_not_carry_trust_elsewhere(store: TrustStore, tmp_path: Path) -> None:
    one, two, link = tmp_path / "one", tmp_path / "two", tmp_path / "link"
    one.mkdir()
    two.mkdir()
    link.symlink_to(one)
    store.add("f1", "x", now=NOW, folder=str(link))
    assert held(store, ["f1"], str(one), NOW)
    assert held(store, ["f1"], str(link), NOW)
    link.unlink()
    link.symlink_to(two)
    assert held(store, ["f1"], str(link), NOW) == {}


def test_folder_of_any_bytes_is_told_apart(store: TrustStore) -> None:
    store.add("f1", "x", now=NOW, folder="/a\udcff")
    assert held(store, ["f1"], "/a\udcff", NOW)["f1"].folder == "/a\udcff"
    assert held(store, ["f1"], "/a\udcfe", NOW) == {}
    assert held(store, ["f1"], "/a\ufffd", NOW) == {}


def test_ends_in_time(store: TrustStore) -> None:
    store.add("f1", "x", now=NOW, scope="anywhere", duration=60)
    assert held(store, ["f1"], "/", NOW + 59)
    assert held(store, ["f1"], "/", NOW + 60) == {}
    assert store.use([store.list()[0].id], NOW + 60) == ()


def test_uses_are_counted_to_the_last(store: TrustStore) -> None:
    entry = store.add("f1", "x", now=NOW, scope="anywhere", max_uses=2)
    assert store.use([entry.id], NOW) == (entry.id,)
    assert store.use([entry.id, entry.id], NOW + 5) == (entry.id,)
    assert store.use([entry.id], NOW + 6) == ()
    assert held(store, ["f1"], "/", NOW) == {}
    kept = store.get(entry.id)
    assert kept
    assert (kept.use_count, kept.last_used) == (2, NOW + 5)


def test_renewing_keeps_the_entry(store: TrustStore) -> None:
    first = store.add("f1", "x", now=NOW, scope="anywhere", duration=60)
    store.use([first.id], NOW)
    again = store.add("f1", "x", now=NOW + 50, scope="anywhere", duration=60, note="n", tags=["a"])
    assert (again.id, again.use_count, again.expires_at) == (first.id, 1, NOW + 110)
    assert (again.note, again.tags) == ("n", ("a",))
    limited = store.add("f1", "x", now=NOW + 50, scope="anywhere", max_uses=1)
    assert (limited.id, limited.use_count) == (first.id, 0)
    assert len(store.list()) == 1


def test_changed_script_is_asked_again(store: TrustStore, tmp_path: Path) -> None:
    script = tmp_path / "deploy.sh"
    script.write_text("echo one")
    store.add("f1", "./deploy.sh", now=NOW, scope="anywhere", script_paths=[str(script)])
    assert held(store, ["f1"], "/", NOW)
    script.write_text("echo two")
    assert held(store, ["f1"], "/", NOW) == {}
    assert store.covering([("f1", ())], "/", NOW)["f1"][1] == (str(script),)
    old = store.script_text("f1", str(script))
    assert old == "echo one"
    assert scripts.diff(old, str(script))[2:] == ["@@ -1 +1 @@", "-echo one", "+echo two"]
    script.unlink()
    assert "not there" in scripts.diff(old, str(script))[0]
    assert held(store, ["f1"], "/", NOW) == {}


def test_a_script_that_cannot_be_read_is_never_trusted(store: TrustStore, tmp_path: Path) -> None:
    store.add("f1", "./gone", now=NOW, scope="anywhere", script_paths=[str(tmp_path / "gone")])
    assert held(store, ["f1"], "/", NOW) == {}


def test_scripts_of_a_command(tmp_path: Path) -> None:
    for name in ("run.sh", "Makefile", "package.json"):
        (tmp_path / name).write_text("x")
    cwd = str(tmp_path)
    assert scripts.run_by(["./run.sh", "-x"], cwd) == (f"{cwd}/./run.sh",)
    assert scripts.run_by(["bash", "-e", "run.sh"], cwd) == (f"{cwd}/run.sh",)
    assert scripts.run_by(["make", "test"], cwd) == (f"{cwd}/Makefile",)
    assert scripts.run_by(["npm", "test"], cwd) == (f"{cwd}/package.json",)
    assert scripts.run_by(["make", "-C", cwd, "test"], "/") == (f"{cwd}/Makefile",)
    assert scripts.run_by(["make", "-f", "run.sh", "test"], cwd) == (f"{cwd}/run.sh",)
    assert scripts.run_by(["npm", "--prefix", cwd, "test"], "/") == (f"{cwd}/package.json",)
    assert scripts.run_by(["ls"], cwd) == scripts.run_by(["bash", "-c", "x"], cwd) == scripts.run_by([], cwd) == ()


def test_many_fingerprints_at_once(store: TrustStore) -> None:
    for number in (0, 999, 1999):
        store.add(f"f{number}", "x", now=NOW, scope="anywhere")
    assert set(held(store, [f"f{n}" for n in range(2000)], "/", NOW)) == {"f0", "f999", "f1999"}
    assert held(store, [], "/", NOW) == {}


def test_secrets_are_not_stored(store: TrustStore, tmp_path: Path) -> None:
    entry = store.add("f1", "tool --token s3cr3tvalue", now=NOW, scope="anywhere", note="password=s3cr3tvalue")
    assert "s3cr3tvalue" not in entry.command + entry.note
    assert not any(b"s3cr3tvalue" in path.read_bytes() for path in tmp_path.iterdir())


def test_command_of_any_bytes_is_stored(store: TrustStore) -> None:
    assert store.add("f1", "rm \udcff\0", now=NOW, scope="anywhere").command == "rm \ufffd\0"


def test_finding(store: TrustStore) -> None:
    one = store.add("f1", "npm  test", now=NOW, scope="anywhere")
    two = store.add("f2", "npm run build", now=NOW, scope="anywhere")
    assert store.find(one.id) == store.find("npm test") == store.find(one.id[:7]) == (one,)
    assert {e.id for e in store.find("npm")} == {one.id, two.id}
    assert store.find("yarn") == store.find("  ") == ()


def test_remove_and_clean(store: TrustStore) -> None:
    one = store.add("f1", "x", now=NOW, scope="anywhere", duration=60)
    two = store.add("f2", "y", now=NOW, scope="anywhere")
    spent = store.add("f3", "z", now=NOW, scope="anywhere", max_uses=1)
    store.use([spent.id], NOW)
    assert store.clean(NOW + 100) == 2
    assert [e.id for e in store.list()] == [two.id]
    assert store.remove([one.id, two.id]) == 1
    assert store.list() == ()


@pytest.mark.parametrize(("scope", "uses"), [("here", None), ("anywhere", 0)])
def test_senseless_entries_are_refused(store: TrustStore, scope: str, uses: int | None) -> None:
    with pytest.raises(UsageError):
        store.add("f1", "x", now=NOW, scope=scope, max_uses=uses)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("24h", 86400), ("7d", 604800), ("2w", 1209600), (" 90S ", 90), ("never", None)],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "0m", "-1d", "1.5h", "7 d", "7days", "99999999w", "٣d", "nan", "7d7d"])
def test_what_is_no_duration_says_what_is(text: str) -> None:
    with pytest.raises(UsageError, match="30m"):
        parse_duration(text)


@given(st.text(max_size=12))
def test_any_duration_text_is_survived(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except UsageError:
        return
    assert seconds is None or seconds > 0


@pytest.mark.parametrize(
    ("pattern", "words", "covered"),
    [
        ("npm run *", ["npm", "run", "build"], True),
        ("npm run *", ["npm", "run", "build", "--", "x"], True),
        ("npm run *", ["npm", "run"], True),
        ("npm run *", ["npm", "install"], False),
        ("npm run te*", ["npm", "run", "test"], True),
        ("npm run te*", ["npm", "run", "test", "x"], False),
        ("make", ["make"], True),
        ("make", ["make", "clean"], False),
        ("", ["make"], False),
    ],
)
def test_patterns(store: TrustStore, pattern: str, words: list[str], covered: bool) -> None:
    entry = store.add("p", pattern, now=NOW, scope="anywhere", pattern=True)
    assert matches_pattern(entry, words) is covered
    assert not matches_pattern(dataclasses.replace(entry, pattern=False), words)
    assert held(store, ["p"], "/", NOW) == {}
    assert store.patterns("/", NOW) == (entry,)
    covered_by = store.covering([("other", words)], "/", NOW)
    assert covered_by == ({"other": (entry, ())} if covered else {})


def test_an_entry_of_its_own_comes_before_a_pattern(store: TrustStore, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("a")
    own = store.add("f1", "sh run.sh", now=NOW, scope="anywhere", script_paths=[str(script)])
    store.add("p", "sh *", now=NOW, scope="anywhere", pattern=True)
    script.write_text("b")
    assert store.covering([("f1", ["sh", "run.sh"])], "/", NOW) == {"f1": (own, (str(script),))}


def test_text_of_scripts_is_kept_as_long_as_an_entry_needs_it_and_without_secrets(tmp_path: Path) -> None:
    conn = db.open(str(tmp_path / "a.db"))
    store = TrustStore(conn)
    script = tmp_path / "run.sh"
    script.write_text("export API_TOKEN=s3cr3tvalue99\nrun\n")
    entry = store.add("f1", "sh run.sh", now=NOW, scope="anywhere", script_paths=[str(script)])
    kept = store.script_text("f1", str(script))
    assert kept
    assert "run" in kept
    assert "s3cr3tvalue99" not in kept
    script.write_text("export API_TOKEN=0therv4lue9\nrun\n")
    assert "secret" in scripts.diff(kept, str(script))[0]
    store.remove([entry.id])
    assert db.query(conn, "SELECT * FROM script_texts") == []


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert scripts.digest(str(tmp_path / "pipe")) == ""


def test_a_habit_is_told_once(tmp_path: Path) -> None:
    conn = db.open(str(tmp_path / "a.db"))
    for _ in range(2):
        approvals.approved(conn, "f1", "/here", NOW)
    assert approvals.suggestion(conn, "f1", "/here", 3) == 0
    approvals.approved(conn, "f1", "/here", NOW)
    assert approvals.suggestion(conn, "f1", "/there", 3) == 0
    assert [approvals.suggestion(conn, "f1", "/here", 3) for _ in range(2)] == [3, 0]
    approvals.approved(conn, "f2", "/here", NOW + approvals.FORGOTTEN_AFTER + 1)
    assert db.query(conn, "SELECT fingerprint FROM approvals")[0]["fingerprint"] == "f2"
