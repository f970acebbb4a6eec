"""Real overlays and real package managers: a sandbox never writes the host's cache, the next one is served."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import need
from tests.sandbox import box
from vectra_guard.sandbox import registries

pytestmark = pytest.mark.sandbox

DRIVER = Path(__file__).with_name("cached.py")


def start(who: box.Account, argv: list[str], **request: Any) -> subprocess.Popen[str]:
    for name in ("platformdirs",):  # an ordinary user's python has only what lies beside the copied code
        if not (who.code / name).is_dir():
            spec = importlib.util.find_spec(name)
            assert spec
            assert spec.submodule_search_locations
            shutil.copytree(spec.submodule_search_locations[0], who.code / name)
    copy = who.code / "cached.py"
    shutil.copy(DRIVER, copy)
    copy.chmod(0o644)
    env = request.pop("env", {})
    request = {"workspace": str(who.project)} | request
    return subprocess.Popen(
        [*who.prefix(), who.python, str(copy), who.bwrap, json.dumps(request), *argv],
        cwd=who.project, env=who.environment(**env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def result(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    return json.loads(out.splitlines()[-1])


def cached(who: box.Account, argv: list[str], **request: Any) -> Any:
    return result(start(who, argv, **request))


ARCHIVE = "printf 'PK\\003\\004x' > {home}/.npm/{name}"


def host_cache(who: box.Account) -> Path:
    folder = who.home / ".npm"
    folder.mkdir(exist_ok=True)
    (folder / "from-host").write_text("host")
    who.own(folder)
    return folder


def test_host_below_shared_between_own_on_top(person: box.Account) -> None:
    folder = host_cache(person)
    write = f"{ARCHIVE}; echo changed > {{home}}/.npm/from-host; cat {{home}}/.npm/from-host"
    script = write.format(home=person.home, name="first")
    found = cached(person, ["sh", "-c", script], names=["npm"])
    assert (found["status"], found["out"], found["hit"]) == (0, "changed\n", False)
    assert (folder / "from-host").read_text() == "host"
    assert sorted(os.listdir(folder)) == ["from-host"]
    script = f"rm {person.home}/.npm/first; printf 'PK\\003\\004' > {person.home}/.npm/x; ls {person.home}/.npm"
    found = cached(person, ["sh", "-c", script], names=["npm"])
    assert found["layers"] == [1]
    assert found["out"].split() == ["from-host", "x"]
    found = cached(person, ["ls", f"{person.home}/.npm"], names=["npm"])
    assert (found["layers"], found["out"].split()) == ([2], ["from-host", "x"])  # the deletion was kept too


def test_a_failed_run_leaves_nothing(person: box.Account) -> None:
    host_cache(person)
    script = ARCHIVE.format(home=person.home, name="poison") + "; exit 3"
    assert cached(person, ["sh", "-c", script], names=["npm"])["status"] == 3
    assert "poison" not in cached(person, ["ls", f"{person.home}/.npm"], names=["npm"])["out"]


def test_two_sandboxes_at_once_see_only_themselves_and_both_are_kept(person: box.Account) -> None:
    host_cache(person)
    script = "{write}; sleep 0.5; ls {home}/.npm"
    running = [
        start(
            person,
            ["sh", "-c", script.format(write=ARCHIVE.format(home=person.home, name=name), home=person.home)],
            names=["npm"],
        )
        for name in ("one", "two")
    ]
    seen = [set(result(process)["out"].split()) for process in running]
    assert "two" not in seen[0]
    assert "one" not in seen[1]
    assert {"one", "two"} <= set(cached(person, ["ls", f"{person.home}/.npm"], names=["npm"])["out"].split())


def test_without_overlays(person: box.Account) -> None:
    folder = host_cache(person)
    script = ARCHIVE.format(home=person.home, name="plain-file")
    cached(person, ["sh", "-c", script], names=["npm"], overlay=False)
    found = cached(person, ["ls", f"{person.home}/.npm"], names=["npm"], overlay=False)
    assert found["out"].split() == ["plain-file"]
    assert os.listdir(folder) == ["from-host"]


@pytest.mark.network
def test_npm_is_served_by_the_cache_the_second_time(me: box.Account) -> None:
    need(shutil.which("npm"), "npm")
    hosts = registries.for_manager("npm", os.environ, os.path.expanduser("~")).hosts
    need(hosts, "an npm that says which registry it uses")
    env = {"PATH": os.environ["PATH"]}
    argv = ["sh", "-c", "rm -rf node_modules package-lock.json; npm install --no-audit --no-fund is-number is-odd"]
    runs = [cached(me, argv, names=["npm"], allow=list(hosts), env=env) for _ in range(2)]
    assert [run["status"] for run in runs] == [0, 0], runs[0]["out"]
    assert [run["hit"] for run in runs] == [False, True]
    assert runs[1]["received"] < runs[0]["received"]
    assert (me.project / "node_modules/is-number/package.json").exists()
    past = ["sh", "-c", "ls node_modules"]
    assert cached(me, past, names=["npm"], env=env)["hit"] is None
