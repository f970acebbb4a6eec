"""The parts that decide what goes in, without starting anything."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.filters import ALLOW, ERRNO, KILL, judge
from vectra_guard.config.schema import Config, EnvProtection, Sandbox
from vectra_guard.errors import ConfigError, SandboxError
from vectra_guard.model import Mount, SandboxSpec
from vectra_guard.sandbox import environ, hidden, project, seccomp, settings, toolchains
from vectra_guard.sandbox.levels import LEVELS
from vectra_guard.sandbox.runtimes import bubblewrap
from vectra_guard.sandbox.spec import plan, size
from vectra_guard.sandbox.syscalls import COLUMN, NUMBERS


@pytest.mark.parametrize("machine", COLUMN)
@pytest.mark.parametrize("profile", ["default", "strict", "none"])
def test_every_denied_call_is_denied_and_others_are_not(machine: str, profile: str) -> None:
    special = {"ioctl", "clone", "clone3", "socket", "io_uring_setup", "io_uring_enter", "io_uring_register"}
    for name, numbers in NUMBERS.items():
        number = numbers[COLUMN[machine]]
        if number is None or name in special:
            continue
        denied = name in seccomp.DENIED[profile]
        assert judge(profile, machine, number) == (ERRNO | errno.EPERM if denied else ALLOW), name
    read = {"x86_64": 0, "aarch64": 63}[machine]
    assert judge(profile, machine, read) == ALLOW


@pytest.mark.parametrize("machine", COLUMN)
@pytest.mark.parametrize("profile", ["default", "strict", "none"])
def test_typing_into_a_terminal_is_always_denied(machine: str, profile: str) -> None:
    ioctl = NUMBERS["ioctl"][COLUMN[machine]]
    assert ioctl is not None
    for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
        assert judge(profile, machine, ioctl, 0, request) == ERRNO | errno.EPERM
    for request in (0x5401, 0x5413, 0x5411):
        assert judge(profile, machine, ioctl, 0, request) == ALLOW


@pytest.mark.parametrize("machine", COLUMN)
@pytest.mark.parametrize("profile", ["default", "strict"])
def test_namespaces_sockets_and_foreign_calls(machine: str, profile: str) -> None:
    column = COLUMN[machine]
    clone, clone3, sock = (NUMBERS[name][column] for name in ("clone", "clone3", "socket"))
    assert clone and clone3 and sock
    assert judge(profile, machine, clone3) == ERRNO | errno.ENOSYS
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000):
        assert judge(profile, machine, clone, flag | 17) == ERRNO | errno.EPERM
    assert judge(profile, machine, clone, 0x3D0F00) == ALLOW  # a thread
    for family in (1, 2, 10):
        assert judge(profile, machine, sock, family, 1) == ALLOW
    for family in (17, 40, 38, 31, 3):
        assert judge(profile, machine, sock, family, 1) == ERRNO | errno.EAFNOSUPPORT
    route, other = judge(profile, machine, sock, 16, 3, 0), judge(profile, machine, sock, 16, 3, 15)
    assert (route == ALLOW) is (profile == "default")
    assert other == ERRNO | errno.EAFNOSUPPORT
    assert judge(profile, machine, 0, arch=0x40000003) == KILL
    if machine == "x86_64":
        assert judge(profile, machine, 0x40000000) == ERRNO | errno.ENOSYS


def test_unknown_profile_or_processor_is_an_error() -> None:
    with pytest.raises(ConfigError):
        seccomp.program("nonsense")
    with pytest.raises(SandboxError):
        seccomp.program("default", "mips")


# --- environment --------------------------------------------------------------------------------------------------


def test_environment_is_an_allowlist_without_secrets() -> None:
    env = {
        "PATH": "/bin",
        "LC_TIME": "C",
        "RANDOM_THING": "x",
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://me:pw@mirror.example/simple",
        "npm_config__authToken": "x",
        "UV_PUBLISH_TOKEN": "x",
        "NPM_CONFIG_REGISTRY": "https://mirror.example",
        "AWS_SECRET_ACCESS_KEY": "x",
        "CI": "ghp_" + "a" * 36,
        "SSH_AUTH_SOCK": "/run/agent",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/bus",
        "LD_PRELOAD": "evil.so",
        "PYTHONSTARTUP": "evil.py",
        "VIRTUAL_ENV": "/x",
    }
    got = environ.inside(env, Config(), "allowlist")
    assert set(got) == {"PATH", "LC_TIME", "PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "VIRTUAL_ENV"}
    assert set(environ.inside(env, Config(), "minimal")) == {"PATH", "LC_TIME"}


def test_listed_variables() -> None:
    env = {"MY_TOKEN": "t", "MY_NAME": "n", "OTHER_TOKEN": "o"}
    exact = Config(sandbox=Sandbox(env_whitelist=("MY_TOKEN",)))
    pattern = Config(sandbox=Sandbox(env_whitelist=("MY_*",), env={"SET": "1"}))
    assert environ.inside(env, exact, "allowlist") == {"MY_TOKEN": "t"}
    assert environ.inside(env, pattern, "allowlist") == {"MY_NAME": "n", "SET": "1"}


@pytest.mark.parametrize("mode", ["full", "partial", "hash", "fake"])
def test_protected_variables_never_go_in_as_they_are(mode: str) -> None:
    value = "Correct-Horse-Battery-42"
    config = Config(
        sandbox=Sandbox(env_whitelist=("LICENCE",)),
        env_protection=EnvProtection(protected_vars=("LIC*",), masking_mode=mode),  # type: ignore[arg-type]
    )
    got = environ.inside({"LICENCE": value}, config, "allowlist").get("LICENCE")
    assert got != value
    assert (got is None) is (mode == "full")


# --- settings -----------------------------------------------------------------------------------------------------


NPMRC = "fund=false\n//r.example/:_authToken=abc\n_password=x\nregistry=https://r.example\n"
PIP_CONF = "[global]\nindex-url = https://u:p@m.example/simple\ntimeout=5\n"
GITCONFIG = (
    "[user]\n\tname = A Author\n[credential]\n\thelper = store\n[http]\n\textraheader = X: y\n[core]\n\teditor = vi\n"
)
CARGO = "[registries.x]\nindex = 'https://x'\ntoken = 'abc'\n"


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        (".npmrc", NPMRC, ["fund", "registry"]),
        ("pip.conf", PIP_CONF, ["[global]", "index-url", "timeout"]),
        (".gitconfig", GITCONFIG, ["[user]", "\tname", "[http]", "[core]", "\teditor"]),
        ("config.toml", CARGO, ["[registries.x]", "index"]),
        (".curlrc", "silent\nuser = me:pw\n", ["silent"]),
    ],
)
def test_settings_lose_their_credentials(path: str, text: str, kept: list[str]) -> None:
    lines = settings.sanitize(text, path).splitlines()
    assert len(lines) == len(kept)
    assert all(line.startswith(start) for line, start in zip(lines, kept, strict=True))
    assert "u:p@" not in "\n".join(lines)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_settings_of_any_text_are_handled(text: str) -> None:
    settings.sanitize(text, ".npmrc")
    settings.sanitize(text, ".gitconfig")


# --- project ------------------------------------------------------------------------------------------------------


def test_project_is_git_root_then_manifest_then_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deep = home / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert project.find(str(deep), str(home)) == str(deep)
    (home / "a" / "package.json").touch()
    assert project.find(str(deep), str(home)) == str(home / "a")
    (home / "a" / "b" / ".git").mkdir()
    assert project.find(str(deep), str(home)) == str(home / "a" / "b")
    (home / ".git").mkdir()  # dotfiles kept in git: home is still no project
    assert project.find(str(home / "a"), str(home)) == str(home / "a")


@pytest.mark.parametrize(
    "path", ["/", "/tmp", "/etc", "/usr/share", "/home", "/var/lib", "HOME", "HOME/.ssh", "HOME/.aws/x"]
)
def test_what_is_no_project(path: str) -> None:
    assert project.refusal(path.replace("HOME", "/home/me"), "/home/me")


@pytest.mark.parametrize("path", ["/tmp/x", "/srv/app", "/home/me/src", "/var/tmp/x", "/home/me/.config/nvim"])
def test_what_may_be_a_project(path: str) -> None:
    assert not project.refusal(path, "/home/me")


def test_bind_mounts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("work", "data", ".ssh"):
        (home / name).mkdir(parents=True)

    def mounts(*binds: str) -> tuple[Mount, ...]:
        config = Config(sandbox=Sandbox(bind_mounts=binds, network_mode="none"))
        return plan(["true"], cwd=str(home / "work"), config=config, env={"PATH": "/bin"}, home=str(home)).mounts

    data = str(home / "data")
    assert Mount(data, data) in mounts(data)
    assert Mount(data, data, "rw") in mounts(f"{data}:rw")
    assert Mount(data, "/data", "rw") in mounts(f"{data}:/data:rw")
    for refused in (f"{home}/.ssh", "/", "/run/docker.sock", f"{home}:rw", f"{data}/none"):
        with pytest.raises(SandboxError):
            mounts(refused)


@pytest.mark.parametrize(("text", "value"), [("512m", 512 << 20), ("1g", 1 << 30), ("2GiB", 2 << 30), ("100k", 102400)])
def test_sizes(text: str, value: int) -> None:
    assert size(text) == value


@pytest.mark.parametrize("text", ["", "g", "-1m", "many", "1x", "0"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(SandboxError):
        size(text)


def test_outermost() -> None:
    assert toolchains.outermost(["/a/c", "/a", "/a-b", "/b/c/d", "/b/c"]) == ["/a", "/a-b", "/b/c"]


def test_dotenv_files(tmp_path: Path) -> None:
    for name in (".env", ".env.local", ".env.example", "a/.env", "node_modules/p/.env", "b/c/.env.production"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [os.path.relpath(path, tmp_path) for path in hidden.dotenv_files(str(tmp_path), str(tmp_path))]
    assert found == [".env", ".env.local", "a/.env", "b/c/.env.production"]


# --- options of bubblewrap --------------------------------------------------------------------------------------------


def _words(home: Path, **changes: object) -> list[str]:
    config = Config(sandbox=Sandbox(network_mode="none", **changes))  # type: ignore[arg-type]
    spec = plan(["true"], cwd=str(home / "work"), config=config, env={"PATH": "/bin"}, home=str(home))
    return [str(item) for item in _arguments(spec)]


def _arguments(spec: SandboxSpec) -> list[bubblewrap.Argument]:
    return bubblewrap.arguments(spec, root=False, uid=1000, gid=1000, new_session=False)


def test_hidden_paths_are_masked_wherever_they_show(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    (home / "data/.config").mkdir(parents=True)
    (home / ".config/vectra-guard").mkdir(parents=True)
    words = _words(home, security_level="permissive")
    assert words[words.index(f"{home}/.config/vectra-guard") - 1] == "--tmpfs"
    assert f"{home}/.config/vectra-guard" not in _words(home)  # home is empty anyway


def test_data_never_writes_through_to_the_host(tmp_path: Path) -> None:
    below = Mount("/x", "/x", "rw")
    made = bubblewrap._mount(Mount("", "/x/file", "data", data=b"y"), [below])
    assert "--ro-bind-data" in made
    assert "--file" in bubblewrap._mount(Mount("", "/y/file", "data", data=b"y"), [below])


def test_levels_are_ordered() -> None:
    rows = list(LEVELS.values())
    for looser, tighter in itertools.pairwise(rows):
        assert looser.memory >= tighter.memory
        assert looser.pids >= tighter.pids
        assert set(looser.capabilities) >= set(tighter.capabilities)
