"""Which hosts a user's package managers use: asked with fake clients, and of the real ones."""

from __future__ import annotations

import http.server
import os
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need
from vectra_guard.sandbox import registries
from vectra_guard.sandbox.network.allow import read_entry
from vectra_guard.sandbox.registries import ask, places


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tmp_path / "home"
    (made / "bin").mkdir(parents=True)
    return made


def environment(home: Path, **extra: str) -> dict[str, str]:
    return {"PATH": f"{home}/bin:/usr/bin:/bin", "HOME": str(home), **extra}


def client(home: Path, name: str, script: str, folder: str = "bin") -> Path:
    """A program that answers like a package manager, and counts how often it was asked."""
    path = home / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho asked >> {home}/asked.{name}\n{script}\n")
    path.chmod(0o755)
    return path


def asked(home: Path, name: str) -> int:
    path = home / f"asked.{name}"
    return len(path.read_text().splitlines()) if path.exists() else 0


def hosts(name: str, home: Path, project: str = "", **extra: str) -> tuple[str, ...]:
    return registries.for_manager(name, environment(home, **extra), str(home), project).hosts


NPM = "echo https://registry.mirror.example/npm/"


def test_the_client_is_asked_once_until_something_changes(home: Path) -> None:
    client(home, "npm", NPM)
    for _ in range(3):
        assert hosts("npm", home) == ("registry.mirror.example",)
    assert asked(home, "npm") == 1
    (home / ".npmrc").write_text(
        "@us:registry=https://npm.company.example:8443/x\n//npm.company.example/:_authToken=s3cr\n"
    )
    assert hosts("npm", home) == ("registry.mirror.example", "npm.company.example:8443")
    assert asked(home, "npm") == 2
    hosts("npm", home, npm_config_registry="https://other.example/")
    assert asked(home, "npm") == 3
    client(home, "npm", "echo https://new.example/")
    assert hosts("npm", home)[0] == "new.example"


def test_the_kept_answer_is_private_and_holds_no_secret(home: Path, tmp_path: Path) -> None:
    client(home, "npm", "echo https://me:s3cret@registry.example/")
    hosts("npm", home, NPM_CONFIG_TOKEN="s3cret")
    kept = tmp_path / "cache/vectra-guard/registries/npm"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "s3cret" not in kept.read_text()
    assert list(kept.parent.iterdir()) == [kept]


def test_a_kept_answer_is_cheap(home: Path) -> None:
    client(home, "npm", NPM)
    hosts("npm", home)
    best = min(_timed(home) for _ in range(20))
    assert best < 0.01


def _timed(home: Path) -> float:
    began = time.perf_counter()
    hosts("npm", home)
    return time.perf_counter() - began


def test_a_client_that_fails_is_asked_again(home: Path) -> None:
    client(home, "npm", "exit 1")
    assert hosts("npm", home) == ()
    assert hosts("npm", home) == ()
    assert asked(home, "npm") >= 2


def test_a_client_that_hangs_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "CLIENT_SECONDS", 0.3)
    client(home, "npm", "exec sleep 20")
    began = time.monotonic()
    assert hosts("npm", home) == ()
    assert time.monotonic() - began < 5


def test_a_client_of_the_project_is_never_run(home: Path) -> None:
    project = home / "project"
    client(home, "npm", "echo https://evil.example/", folder="project/bin")
    path = f"{project}/bin:{home}/bin"
    client(home, "npm2", "true")
    assert registries.for_manager("npm", environment(home, PATH=path), str(home), str(project)).hosts == ()
    assert asked(home, "npm") == 0
    link = home / "bin/npm"
    link.symlink_to(project / "bin/npm")
    assert registries.for_manager("npm", environment(home, PATH=path), str(home), str(project)).hosts == ()
    assert asked(home, "npm") == 0


def test_a_project_cannot_widen_the_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked from home, whatever folder the guard is in."""
    project = home / "project"
    project.mkdir()
    (project / ".npmrc").write_text("registry=https://evil.example/\n")
    monkeypatch.chdir(project)
    client(home, "npm", '[ "$PWD" = "' + str(home) + '" ] && echo https://good.example/ || echo https://evil.example/')
    assert hosts("npm", home, str(project)) == ("good.example",)


def test_pip_settings_of_user_and_environment(home: Path) -> None:
    conf = home / ".config/pip/pip.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(
        "[global]\nindex-url = https://u:p@127.0.0.1:1/simple\nextra-index-url =\n  https://two.example/s\n"
    )
    found = hosts("pip", home, PIP_FIND_LINKS="/opt/wheels https://links.example/x")
    assert set(found) == {"127.0.0.1:1", "two.example", "links.example"}


@pytest.fixture
def index() -> Iterator[str]:
    """A package index that keeps its files on another host."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'<a href="https://files.example/p/x.whl#sha256=1">x</a> <a href="../local.whl">y</a>'
            if self.path == "/config.json":
                body = b'{"dl": "https://crates.example/{crate}", "api": "https://api.example"}'
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_host_of_a_mirrors_files_is_found(home: Path, index: str) -> None:
    assert hosts("pip", home, PIP_INDEX_URL=f"http://{index}/simple") == (index, "files.example")
    assert hosts("uv", home, UV_DEFAULT_INDEX=f"http://{index}/simple") == (index, "files.example")


def test_uv_says_its_default_in_its_help(home: Path, index: str) -> None:
    client(home, "uv", f"echo '--default-index <URL> (by default: <http://{index}/simple>)'")
    assert hosts("uv", home) == (index, "files.example")
    conf = home / ".config/uv/uv.toml"
    conf.parent.mkdir(parents=True)
    conf.write_text(
        f'[[index]]\nname = "x"\nurl = "https://x.example/s"\n[[index]]\nurl = "http://{index}/s"\ndefault = true\n'
    )
    assert set(hosts("uv", home)) == {index, "files.example", "x.example"}


def test_poetry_default_is_read_from_its_own_code(home: Path, index: str) -> None:
    module = home / "venv/lib/python3.11/site-packages/poetry/repositories/pypi_repository.py"
    module.parent.mkdir(parents=True)
    module.write_text(f'class R:\n    def __init__(self, url: str = "http://{index}/", x=1): ...\n')
    script = home / "bin/poetry"
    script.write_text(f"#!{home}/venv/bin/python\n")
    script.chmod(0o755)
    assert hosts("poetry", home) == (index, "files.example")


def test_cargo_default_is_in_its_program(home: Path) -> None:
    program = home / "bin/cargo"
    program.write_bytes(b"\x7fELF\0" + b"x" * 5000 + b"sparse+https://index.crates.example/\0")
    program.chmod(0o755)
    env = {"PATH": f"{home}/bin"}
    assert "index.crates.example" in registries.for_manager("cargo", env, str(home)).hosts


def test_cargo_source_replacement(home: Path, index: str) -> None:
    conf = home / ".cargo/config.toml"
    conf.parent.mkdir()
    conf.write_text(
        f'[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+http://{index}/"\n'
        '[registries.own]\nindex = "https://own.example/git"\n'
    )
    assert hosts("cargo", home) == (index, "crates.example", "own.example")


def test_go_proxies_and_database(home: Path) -> None:
    client(home, "go", "printf 'https://p.example|http://q.example:81,direct\\nsum.example+033de+key\\n'")
    assert hosts("go", home) == ("p.example", "q.example:81", "sum.example")
    client(home, "go", "printf 'off\\nname+key https://db.example\\n'")
    assert hosts("go", home) == ("db.example",)


def test_gem_and_bundler(home: Path) -> None:
    client(home, "gem", "printf '*** CURRENT SOURCES ***\\n\\nhttps://gems.example/\\n'")
    assert hosts("gem", home) == ("gems.example", "index.gems.example")
    conf = home / ".bundle/config"
    conf.parent.mkdir()
    conf.write_text('---\nBUNDLE_MIRROR__HTTPS://GEMS__EXAMPLE/: "https://mirror.example/"\nBUNDLE_PATH: "x"\n')
    assert hosts("bundler", home) == ("gems.example", "index.gems.example", "mirror.example")


def test_composer(home: Path) -> None:
    client(home, "composer", "echo '[repositories.a.url] https://repo.example/'; echo '[other] https://no.example/'")
    assert hosts("composer", home) == ("repo.example", "api.github.com")


def test_maven_mirror_stands_in_for_the_default(home: Path) -> None:
    conf = home / ".m2/settings.xml"
    conf.parent.mkdir()
    conf.write_text(
        "<settings xmlns='x'><mirrors><mirror><url>https://m.example/x</url><mirrorOf>*</mirrorOf></mirror>"
        "<mirror><url>http://0.0.0.0/</url><mirrorOf>external:http:*</mirrorOf><blocked>true</blocked></mirror>"
        "</mirrors></settings>"
    )
    assert hosts("maven", home) == ("m.example",)


def test_of_real_clients_here() -> None:
    """What each installed client says can be put on the allowlist."""
    env, home = dict(os.environ), os.path.expanduser("~")
    found = registries.for_manager("pip", env, home).hosts
    need(found, "pip")
    for name, command in (("npm", "npm"), ("maven", "mvn"), ("cargo", "cargo")):
        # A shim of rustup without a toolchain is on PATH, but there is no client behind it to ask.
        if shutil.which(command) and subprocess.run([command, "--version"], capture_output=True).returncode == 0:
            more = registries.for_manager(name, env, home).hosts
            assert more, name
            found += more
    for host in found:
        assert read_entry(host), host
        assert "." in host


def test_lists_for_a_command_that_names_no_manager(home: Path) -> None:
    client(home, "npm", NPM)
    allow, private = registries.lists((), environment(home, PATH=f"{home}/bin"), str(home))
    assert "registry.mirror.example" in private
    assert set(registries.FORGES) < set(allow)
    assert not set(registries.FORGES) & set(private)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("~/.x", "/h/.x"),
        ("${A}/x", "/a/x"),
        ("${B}/x", None),
        ("${B:-~/.c}/x", "/h/.c/x"),
        ("${EMPTY:-/d}/x", "/d/x"),
        ("relative", None),
        ("${REL}/x", None),
        ("/a/../b", "/b"),
    ],
)
def test_patterns(pattern: str, expected: str | None) -> None:
    assert places.expand(pattern, {"A": "/a", "EMPTY": "", "REL": "r"}, "/h") == expected


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://u:p@a.example/x", "a.example"),
        ("http://a.example:8080/", "a.example:8080"),
        ("sparse+https://a.example/", "a.example"),
        ("file:///x", None),
        ("/opt/wheels", None),
        ("https://", None),
        ("https://[::1]:99/", "[::1]:99"),
        ("https://a.example:x/", None),
    ],
)
def test_host_of(url: str, host: str | None) -> None:
    assert ask.host_of(url) == host
