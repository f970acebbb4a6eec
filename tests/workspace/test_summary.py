"""The summary: one screen whatever happened, and no name that can spoil it."""

from __future__ import annotations

import time

import pytest

from vectra_guard.sandbox.workspace import diff, marks, summary
from vectra_guard.sandbox.workspace.changes import Change, Changes

LATER = """.git/hooks/pre-push .git/config sub/.envrc .github/workflows/x.yml .vscode/tasks.json lib/x.pth
tests/conftest.py package.json .husky/pre-commit .bashrc Makefile .git/modules/a/hooks/x"""


def added(path: str, size: int = 10, **more: object) -> Change:
    return Change(path, "added", "file", size, **more)  # type: ignore[arg-type]


def test_few_changes_are_all_named() -> None:
    found = Changes((added("src/a.py"), Change("b", "changed", "file", 20, 10), Change("c", "deleted", "file", 5, 5)))
    text = summary.text(found)
    assert text.splitlines()[0] == "added 1 (20 B), changed 1, deleted 1 (5 B)"
    assert "+ src/a.py" in text and "~ b" in text and "10 B to 20 B" in text and "- c" in text


def test_many_are_collapsed_and_fit() -> None:
    items = [added(f"node_modules/p{n % 300}/f{n}.js", 31_000) for n in range(1204)]
    items += [Change("src", "deleted", "dir", 38_000_000, 38_000_000, files=12), added("README")]
    rows = summary.rows(Changes(tuple(items)), width=80, height=12)
    text = "\n".join(row.text for row in rows)
    assert len(rows) <= 12 and all(summary.columns(row.text) <= 80 for row in rows)
    assert "node_modules/" in text and "+1,204 files, 37 MB" in text
    assert "- src/" in text and "-12 files, 38 MB" in text and "+ README" in text


def test_more_beside_each_other_than_rows() -> None:
    rows = summary.rows(Changes(tuple(added(f"f{n:05}") for n in range(10_000))), height=10)
    assert len(rows) == 10
    assert rows[-1].what == "more" and "and 9,992 more" in rows[-1].text


def test_ten_thousand_are_fast() -> None:
    items = tuple(added(f"a{n % 7}/b{n % 91}/c{n}") for n in range(10_000))
    began = time.process_time()
    summary.text(Changes(items))
    assert time.process_time() - began < 2  # a budget of 300 ms, with room for a busy machine


@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[2J\x1b]0;x\x07", "a\rb", "\u202egnp.exe", "\udcff", "x" * 5000, "漢字" * 200]
)
def test_no_name_spoils_the_screen(name: str) -> None:
    items = (
        added(f"d/{name}", marks=("runs-later",)),
        Change(name, "added", "link", target=name, marks=("link-out",)),
        added(f"{name}/x"),
    )
    for row in summary.rows(Changes(items), title=name, note=name, width=60):
        assert row.text.isprintable()
        assert summary.columns(row.text) <= 60
        row.text.encode()


def test_marked_come_first_and_say_why() -> None:
    items = (*(added(f"z{n}") for n in range(50)), added(".git/hooks/pre-commit", marks=("runs-later",)))
    rows = summary.rows(Changes(items), height=10)
    assert rows[1].what == "mark"
    assert rows[1].text.startswith("! .git/hooks/pre-commit") and marks.MEANING["runs-later"] in rows[1].text


@pytest.mark.parametrize(
    "path",
    LATER.split(),
)
def test_runs_later(path: str) -> None:
    assert marks.of_path(path) == ["runs-later"]


@pytest.mark.parametrize("path", ["src/main.py", ".git/objects/ab/cd", "node_modules/x/package.json", ".git/HEAD"])
def test_does_not_run_later(path: str) -> None:
    assert marks.of_path(path) == []


def test_modes_links_and_secrets(tmp_path: object) -> None:
    assert marks.of_mode(0o4755, 0o644, "file") == ["setuid", "executable"]
    assert marks.of_mode(0o666, 0o600, "file") == ["opened"]
    assert marks.of_mode(0o644, 0o600, "fifo") == ["special"]
    assert marks.of_link("/w", "a/b", "../c") == []
    assert marks.of_link("/w", "a/b", "../../etc/passwd") == ["link-out"]
    assert marks.of_link("/w", "a", "/w2/x") == ["link-out"]
    file = f"{tmp_path}/x"
    for text, there in (
        ("token = ghp_" + "a1B2" * 9, True),
        ("-----BEGIN RSA PRIVATE KEY-----", True),
        ("plain", False),
    ):
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        assert marks.secret(file, "src/x.py") is there
    assert marks.secret("", "home/id_ed25519") and not marks.secret("", ".env.example")


def test_the_diff_is_safe_and_knows_binaries(tmp_path: object) -> None:
    import os

    lower, upper = f"{tmp_path}/l", f"{tmp_path}/u"
    os.mkdir(lower)
    os.mkdir(upper)
    for folder, text in ((lower, b"one\ntwo\n"), (upper, b"one\nt\x1b[2Jhree\n")):
        with open(f"{folder}/t", "wb") as out:
            out.write(text)
    with open(f"{upper}/b", "wb") as out:
        out.write(b"\0\1\2")
    items = (Change("b", "added", "file", 3), Change("t", "changed", "file", 12, 8))
    lines = list(diff.lines(lower, upper, Changes(items)))
    assert all(line.isprintable() for line in lines)
    assert any(line.startswith("binary") for line in lines)
    assert "-two" in lines and "+t\\e[2Jhree" in lines
