"""Layers, runs, promotion, sweeping, cleaning: what a run leaves behind, and when."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

from vectra_guard.config.schema import Config
from vectra_guard.sandbox import caches
from vectra_guard.sandbox.caches import measure, plan, store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "guard"))
    made = tmp_path / "home"
    made.mkdir()
    return made


def archive(name: str = "x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, "content" * 100)
    return out.getvalue()


def begin(home: Path, *names: str, overlay: bool = True) -> store.Lease:
    mounts, _ = caches.mounts(names, home=str(home), env={}, config=Config(), overlay=overlay)
    return caches.begin(mounts)


def run(home: Path, files: dict[str, bytes], *, ok: bool = True, received: int | None = 5000) -> bool | None:
    """A run of pip that writes these files to its layer, as the sandbox would."""
    lease = begin(home, "pip")
    for name, data in files.items():
        path = Path(lease.mounts[0].upper, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return lease.finish(ok=ok, received=received)


def test_a_successful_run_becomes_a_layer(home: Path) -> None:
    assert run(home, {"http/a.body": archive()}, received=90_000) is False
    (layer,) = store.layers("pip")
    assert Path(layer, "http/a.body").read_bytes() == archive()
    lease = begin(home, "pip")
    assert lease.mounts[0].layers == (layer,)
    lease.close()
    assert os.listdir(f"{plan.root()}/runs") == []


@pytest.mark.parametrize(
    ("files", "ok"),
    [({"a.body": archive()}, False), ({"index": b"<html>"}, True), ({}, True)],
    ids=["failed", "metadata only", "nothing"],
)
def test_what_is_not_kept(files: dict[str, bytes], ok: bool, home: Path) -> None:
    run(home, files, ok=ok)
    assert store.layers("pip") == []
    assert os.listdir(f"{plan.root()}/runs") == []


def test_layers_are_merged_as_the_overlay_would_show_them(home: Path) -> None:
    for number in range(store.MAX_LAYERS):
        run(home, {f"{number}": archive(), "same": archive(str(number)), f"d/{number}": b"x"})
    assert len(store.layers("pip")) == store.MAX_LAYERS
    run(home, {"last": archive(), "same": archive("last")})
    (layer,) = store.layers("pip")
    assert Path(layer, "same").read_bytes() == archive("last")
    assert sorted(os.listdir(layer)) == sorted([*map(str, range(store.MAX_LAYERS)), "last", "same", "d"])
    assert len(os.listdir(f"{layer}/d")) == store.MAX_LAYERS
    assert store.layer_size(layer) == measure.look(layer, "pip").size


def test_fold_replaces_kinds_and_opens_closed_folders(tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for path in ("upper/was-file/new", "upper/closed/in", "lower/was-folder/old", "lower/closed/below"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (upper / "was-folder").write_text("file")
    (lower / "was-file").write_text("file")
    (upper / "link").symlink_to("/etc")
    (lower / "link").mkdir()
    (upper / "closed").chmod(0o500)
    (lower / "closed").chmod(0o500)
    store.fold(str(upper), str(lower))
    assert (lower / "was-file/new").exists()
    assert (lower / "was-folder").read_text() == "file"
    assert os.readlink(lower / "link") == "/etc"
    assert sorted(os.listdir(lower / "closed")) == ["below", "in"]


def test_an_opaque_folder_hides_what_was_below(tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    (upper / "d").mkdir(parents=True)
    (lower / "d").mkdir(parents=True)
    (lower / "d/old").write_text("old")
    try:
        os.setxattr(upper / "d", "user.overlay.opaque", b"y")
    except OSError:
        pytest.skip("no user attributes on this file system")
    store.fold(str(upper), str(lower))
    assert os.listdir(lower / "d") == []


def test_layers_in_use_are_neither_merged_nor_removed(home: Path) -> None:
    run(home, {"a": archive()})
    run(home, {"b": archive()})
    lease = begin(home, "pip")
    assert not store.merge("pip")
    assert caches.clean() == (0, ["pip"])
    store.trim(0)
    assert lease.mounts[0].layers == tuple(store.layers("pip"))
    lease.close()
    assert store.merge("pip")
    freed, busy = caches.clean()
    assert freed > 0
    assert busy == []
    assert store.layers("pip") == []


def test_too_many_layers_in_use_are_not_added_to(home: Path) -> None:
    holder = begin(home, "pip")
    for number in range(store.HARD_LAYERS + 3):
        run(home, {f"{number}": archive()})
    assert len(store.layers("pip")) == store.HARD_LAYERS
    holder.close()


def test_clean_by_age_and_size_cap(home: Path) -> None:
    run(home, {"old": archive()})
    run(home, {"new": archive()})
    old, new = store.layers("pip")
    os.utime(old, (1, 1))
    assert caches.clean(older_than=3600)[0] == store.layer_size(old)
    assert store.layers("pip") == [new]
    (entry,) = caches.entries()
    assert (entry.key, entry.layers, entry.size) == ("pip", 1, store.layer_size(new))
    store.trim(entry.size)
    assert store.layers("pip") == [new]
    store.trim(entry.size - 1)
    assert store.layers("pip") == []


def test_what_a_killed_run_left_is_swept(home: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from vectra_guard.config.schema import Config\n"
        "from vectra_guard.sandbox import caches\n"
        f"mounts, _ = caches.mounts(['pip'], home={str(home)!r}, env={{}}, config=Config())\n"
        "lease = caches.begin(mounts)\n"
        "Path(lease.mounts[0].upper, 'a').write_bytes(b'PK\\x03\\x04')\n"
        "print('ready', flush=True); time.sleep(30)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    other = begin(home, "pip")
    assert len(os.listdir(f"{plan.root()}/runs")) == 2  # a run that lives is left alone
    other.close()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    begin(home, "pip").close()
    assert os.listdir(f"{plan.root()}/runs") == []
    assert store.layers("pip") == []


def test_many_runs_at_once_lose_nothing(home: Path) -> None:
    errors = []

    def one(number: int) -> None:
        try:
            run(home, {f"file-{number}": archive(str(number))})
        except Exception as err:
            errors.append(err)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    names = {name for layer in store.layers("pip") for name in os.listdir(layer)}
    assert names == {f"file-{number}" for number in range(12)}
    assert os.listdir(f"{plan.root()}/runs") == []


def test_remove_tree_takes_what_a_sandbox_closed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "a/b/file").write_text("x")
    (tree / "a/link").symlink_to(outside)
    (tree / "a/b").chmod(0)
    (tree / "a").chmod(0o500)
    store.remove_tree(str(tree))
    assert not tree.exists()
    assert (outside / "kept").exists()


def test_plain_folder_is_shared(home: Path) -> None:
    lease = begin(home, "pip", overlay=False)
    folder = Path(lease.mounts[0].source)
    (folder / "old").write_bytes(archive())
    os.utime(folder / "old")
    assert lease.finish(ok=True, received=9000) is False
    time.sleep(0.01)
    lease = begin(home, "pip", overlay=False)
    assert (folder / "old").exists()
    assert lease.finish(ok=True, received=9000) is True


def test_the_folders_are_private(home: Path) -> None:
    begin(home, "pip").close()
    for path in (plan.root(), f"{plan.root()}/pip/layers", f"{plan.root()}/runs"):
        assert os.stat(path).st_mode & 0o77 == 0


# -- the measure of a hit ---------------------------------------------------------------------------------------


def tarball() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        info = tarfile.TarInfo("x")
        info.size = 3
        file.addfile(info, io.BytesIO(b"abc"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("head", "package"),
    [
        (archive(), True),
        (tarball(), True),
        (gzip.decompress(tarball()), True),
        (b"cc=4,...." + archive(), True),
        (gzip.compress(b"<html>" * 100, mtime=0), False),
        (gzip.compress(json.dumps({"a": 1}).encode()), False),
        (b"\x1f\x8bbroken", False),
        (b"{}", False),
        (b"", False),
    ],
    ids=lambda value: type(value).__name__,  # compressed bytes carry the time: no two processes would agree
)
def test_is_package(head: bytes, package: bool) -> None:
    assert measure.is_package(head[:8192]) is package


S = measure.Seen


@pytest.mark.parametrize(
    ("seen", "ok", "received", "hit"),
    [
        ([S(1, 5, 9000)], True, 9000, False),
        ([S(0, 5, 9000)], True, 9000, True),
        ([S(0, 0, 0)], True, 4000, True),
        ([S(0, 0, 0)], True, 0, None),
        ([S(0, 0, 0)], True, 50_000_000, False),  # downloaded past the cache
        ([S(0, 9, 9_000_000)], True, 9_200_000, True),
        ([S(0, 5, 9000)], False, 9000, None),
        ([S(1, 5, 9000)], False, 9000, False),
        ([S(0, 5, 9000)], True, None, True),
        ([S(0, 0, 0)], True, None, None),
        ([], True, 5000, None),
        ([S(0, 1, 10), S(1, 1, 10)], True, 5000, False),
    ],
)
def test_outcome(seen: list[measure.Seen], ok: bool, received: int | None, hit: bool | None) -> None:
    assert measure.outcome(seen, ok=ok, received=received) is hit


def test_look_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(archive())
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(tmp_path / "archive")
    os.mkfifo(top / "pipe")
    assert measure.look(str(top), "pip").fetched == 0
    (top / "own").write_bytes(archive())
    assert measure.look(str(top), "pip").fetched == 1


def test_unpacked_packages_count_by_their_place(tmp_path: Path) -> None:
    path = tmp_path / "archive-v0/abc/module.py"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1")
    assert measure.look(str(tmp_path), "uv").fetched == 1
    assert measure.look(str(tmp_path), "pip").fetched == 0
