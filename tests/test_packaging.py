"""What is published: wheel and sdist, built here, installed into environments that have never seen the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EVERY_MODULE = """
import importlib, pkgutil, socket, vectra_guard
def refuse(*_): raise SystemExit("a module reaches for the network when it is imported")
socket.socket.connect = socket.getaddrinfo = refuse
for module in pkgutil.walk_packages(vectra_guard.__path__, "vectra_guard."):
    if not module.name.endswith(("__main__", "agents.client")):
        importlib.import_module(module.name)
"""


def pythons() -> list[str]:
    """Interpreters that the package says it works with: those on PATH, and those that ``VG_PYTHONS`` names."""
    named = [shutil.which(f"python3.{minor}") for minor in range(11, 15)]
    found = [sys.executable, *(p for p in named if p), *os.environ.get("VG_PYTHONS", "").split(":")]
    versions: dict[str, str] = {}
    for path in filter(None, found):
        code = "import sys, venv, ensurepip; print(sys.version_info[:2])"
        said = subprocess.run([path, "-c", code], capture_output=True, text=True).stdout.strip()
        if said:
            versions.setdefault(said, path)
    return list(versions.values())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks, as a clone would have it."""
    folder = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with wheel and sdist."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=source, check=True)
    return folder


def test_what_is_in_the_wheel_and_the_sdist(built: Path) -> None:
    [wheel], [sdist] = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("vectra_guard/_data/shell-hooks/vg.zsh", "vectra_guard/_data/presets/developer.yaml",
                   "vectra_guard/rules/git.yaml", "vectra_guard/agents/client.py"):  # fmt: skip
        assert wanted in names, wanted
    assert not [name for name in names if name.startswith(("tests/", "bench/")) or name.endswith(".pyc")]
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "install.sh", "shell-hooks/vg.bash", "tests/conftest.py"} <= inside


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("python", pythons())
def test_an_installed_wheel_works_away_from_the_checkout(built: Path, tmp_path: Path, python: str) -> None:
    [wheel] = built.glob("*.whl")
    venv, home = tmp_path / "venv", tmp_path / "home"
    home.mkdir()
    subprocess.run([python, "-m", "venv", str(venv)], check=True)
    subprocess.run([venv / "bin/pip", "install", "-q", str(wheel)], check=True)
    env = {
        "HOME": str(home),
        "PATH": f"{venv}/bin:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(home),
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, env=env, cwd=home, capture_output=True, text=True)

    assert run("python", "-m", "vectra_guard", "--version").stdout.startswith("vg ")
    assert run("vectra-guard", "--version").stdout == run("vg", "--version").stdout
    assert "critical" in run("vg", "check", "rm -rf ~").stdout
    for shell in ("bash", "zsh", "fish"):
        assert "__vg" in run("vg", "hook", shell).stdout
    assert "developer" in run("vg", "preset", "list").stdout
    assert run("vg-shell", "-c", "rm -rf ~").returncode == 3
    imported = run("python", "-c", EVERY_MODULE)
    assert imported.returncode == 0, imported.stderr


@pytest.mark.network
@pytest.mark.slow
def test_an_sdist_installs_too(built: Path, tmp_path: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    target = tmp_path / "target"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "-t", target, str(sdist)], check=True)
    code = "from vectra_guard import data_files; print(data_files.folder('shell-hooks'))"
    env = {**os.environ, "PYTHONPATH": str(target)}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert said.stdout.startswith(str(target)), said


@pytest.mark.network
@pytest.mark.slow
def test_install_and_uninstall_leave_only_what_is_the_users(source: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bashrc").write_bytes(b"# mine, without a newline at the end")
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(home)}
    env |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=source, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("./install.sh")
    assert "critical" in run(f"{home}/.local/bin/vg", "check", "rm -rf ~")
    assert run(f"{home}/.local/bin/vg-shell", "-c", "echo ran") == "ran\n"
    assert b"vg.bash" in (home / ".bashrc").read_bytes()
    run("./install.sh", "--uninstall")
    assert (home / ".bashrc").read_bytes() == b"# mine, without a newline at the end"
    left = {str(p.relative_to(home)) for p in home.rglob("*")}
    ours = {name for name in left if "vectra" in name or "vg" in name}
    assert {name for name in ours if not name.startswith(".local/state/vectra-guard")} == set()
