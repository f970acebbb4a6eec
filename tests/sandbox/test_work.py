"""Ordinary work succeeds inside at balanced: builds, version control, environments, local servers, odd paths."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import need
from tests.sandbox.box import Account

pytestmark = pytest.mark.sandbox


def git(person: Account, *words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [*person.prefix(), "git", *words],
        cwd=cwd or person.project,
        env=person.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def repository(person: Account, request: pytest.FixtureRequest) -> Path:
    need(shutil.which("git"), "git")
    root = person.home / f"repo-{request.node.name.split('[')[0]}"
    root.mkdir()
    person.own(root)
    (person.home / ".gitconfig").write_text(
        "[user]\n\tname = Test\n\temail = test@example.org\n[credential]\n\thelper = store\n"
        "[http]\n\textraheader = Authorization: secret\n"
    )
    git(person, "init", "-q", cwd=root)
    git(person, "commit", "-q", "--allow-empty", "-m", "first", cwd=root)
    return root


def test_git_commit(person: Account, repository: Path) -> None:
    script = "echo x > file && git add file && git commit -q -m second && git status --short && git log --oneline"
    result = person.run(["sh", "-c", script], cwd=repository)
    assert result.status == 0, result.err
    assert git(person, "log", "--format=%s by %an", cwd=repository).splitlines() == ["second by Test", "first by Test"]
    assert (repository / "file").stat().st_uid == person.uid


def test_git_settings_come_without_credentials(person: Account, repository: Path) -> None:
    text = person.run(["git", "config", "--global", "--list"], cwd=repository).out
    assert "user.name=Test" in text
    assert "credential" not in text
    assert "secret" not in text


def test_git_worktree(person: Account, repository: Path) -> None:
    tree = person.home / f"tree-{person.uid}"
    git(person, "worktree", "add", "-q", str(tree), cwd=repository)
    script = "echo y > other && git add other && git commit -q -m from-the-tree"
    result = person.run(["sh", "-c", script], cwd=tree)
    assert result.status == 0, result.err
    assert "from-the-tree" in git(person, "log", "--format=%s", cwd=tree)


def test_git_submodule(person: Account, repository: Path) -> None:
    inner = person.home / f"inner-{person.uid}"
    git(person, "clone", "-q", str(repository), str(inner))
    git(person, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub", cwd=repository)
    result = person.run(["sh", "-c", "echo z > f && git add f && git commit -q -m in-sub"], cwd=repository / "sub")
    assert result.status == 0, result.err


def test_c_program(person: Account) -> None:
    need(shutil.which("gcc"), "gcc")
    (person.project / "hello.c").write_text('#include <stdio.h>\nint main(void){puts("built");return 0;}\n')
    result = person.run(["sh", "-c", "gcc -O2 -o hello hello.c && ./hello"])
    assert (result.status, result.out) == (0, "built\n"), result.err
    assert (person.project / "hello").exists()


def test_venv_and_local_install(person: Account) -> None:
    python = person.python if person.uid == os.getuid() else "/usr/bin/python3"
    can = subprocess.run([*person.prefix(), python, "-c", "import venv, ensurepip"], capture_output=True)
    need(can.returncode == 0, "venv and ensurepip")
    package = person.project / "thing"
    package.mkdir(exist_ok=True)
    wheel = _wheel(package)
    person.own(package)
    script = f"{python} -m venv .venv && .venv/bin/pip install -q --no-index {wheel} && .venv/bin/python -m thing"
    path = f"{os.path.dirname(python)}:/usr/bin:/bin"
    result = person.run(["sh", "-c", script], timeout=180, env={"PATH": path})
    assert (result.status, result.out.splitlines()[-1:]) == (0, ["thing runs"]), result.err
    assert list((person.project / ".venv").glob("lib/python*/site-packages/thing.py"))


def _wheel(folder: Path) -> Path:
    import zipfile

    path = folder / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing.py", 'print("thing runs")\n')
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    return path


def test_local_server(person: Account) -> None:
    script = textwrap.dedent(
        """
        import http.server, threading, urllib.request
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://localhost:{server.server_port}/package.json"
        print(urllib.request.urlopen(url).read().decode().strip())
        """
    )
    result = person.run(["/usr/bin/python3", "-c", script])
    assert result.out == "{}\n", result.err


def test_node(person: Account) -> None:
    need(shutil.which("node", path="/usr/bin"), "node")
    code = "console.log(require('os').networkInterfaces().lo.length > 0, require('os').userInfo().username)"
    result = person.run(["node", "-e", code])
    assert result.out == f"true {person.name}\n", result.err


def test_small_things_that_programs_expect(person: Account) -> None:
    script = """
    import fcntl, getpass, locale, multiprocessing, os, pwd, ssl, tempfile, time, ctypes
    assert pwd.getpwuid(os.getuid()).pw_name == getpass.getuser() == os.environ["USER"]
    assert os.path.expanduser("~") == os.environ["HOME"] and os.access(os.environ["HOME"], os.W_OK)
    with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
    open("a", "w").close(); os.link("a", "b"); assert os.stat("a").st_nlink == 2; os.unlink("b")
    with open("a") as f: fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(open("a", "r+"), fcntl.LOCK_EX)
    assert ctypes.CDLL(None).inotify_init() >= 0
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 0
    assert os.path.exists("/etc/localtime") or os.environ.get("TZ")
    os.openpty(); os.urandom(8); open("/dev/null", "w").write("x")
    assert os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK)
    time.strftime("%Z"); tempfile.TemporaryFile().close()
    os.mkfifo("fifo"); os.unlink("fifo")
    print("fine")
    """
    result = person.run(["/usr/bin/python3", "-c", textwrap.dedent(script)])
    assert result.out == "fine\n", result.err


@pytest.mark.parametrize("name", ["with space", "ünïcødé", "new\nline", "a=b", "-dash", "quote'\""])
def test_odd_folder_names(person: Account, name: str) -> None:
    folder = person.home / "odd" / name
    folder.mkdir(parents=True)
    person.own(person.home / "odd")
    (folder / "Makefile").write_text("all:\n")
    result = person.run(["sh", "-c", "pwd && echo x > made"], cwd=folder)
    assert (result.status, result.out) == (0, f"{folder}\n"), result.err
    assert (folder / "made").read_text() == "x\n"


def test_through_a_symbolic_link(person: Account) -> None:
    link = person.home / "link"
    link.symlink_to(person.project)
    result = person.run(["sh", "-c", "echo x > via-link && pwd -P"], cwd=link)
    assert (result.status, result.out) == (0, f"{person.project}\n"), result.err
    link.unlink()


def test_programs_under_home(person: Account) -> None:
    home = person.home
    tools = {
        ".local/share/pipx/venvs/tool/bin/tool": "#!/bin/sh\nexec cat ~/.local/share/pipx/venvs/tool/lib/data\n",
        ".local/share/pipx/venvs/tool/lib/data": "piped\n",
        ".nvm/versions/node/v20/bin/fake-node": "#!/bin/sh\ncat ~/.nvm/versions/node/v20/lib/data\n",
        ".nvm/versions/node/v20/lib/data": "noded\n",
        "prefix/bin/own": "#!/bin/sh\ncat ~/prefix/lib/data\n",
        "prefix/lib/data": "owned\n",
        "private/notes": "private\n",
    }
    for name, text in tools.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (home / ".local/bin").mkdir()
    (home / ".local/bin/tool").symlink_to(home / ".local/share/pipx/venvs/tool/bin/tool")
    person.own(home)
    folders = (".local/bin", ".nvm/versions/node/v20/bin", "prefix/bin")
    path = ":".join([*(str(home / name) for name in folders), "/usr/bin", "/bin"])
    script = "tool; fake-node; own; ls ~/private; echo x >> ~/prefix/lib/data"
    result = person.run(["sh", "-c", script], env={"PATH": path})
    assert result.out == "piped\nnoded\nowned\n"
    assert "Read-only file system" in result.err
    assert "private" in result.err


def test_own_interpreter(me: Account) -> None:
    """The Python that runs these tests, wherever it is installed, by its folder on PATH."""
    folder = str(Path(sys.executable).parent)
    result = me.run(["python", "-c", "import ssl, json; print('runs')"], env={"PATH": f"{folder}:/usr/bin:/bin"})
    assert result.out == "runs\n", result.err
