"""Every attempt of ``probes`` fails inside, at every level, as root and as an ordinary user; and each can succeed.

The proof that it can: the same probe, run in a naive sandbox (the whole host read-only, home and project
writable, as people write it first) or on the host itself, gets through. One that is refused there too by the
system itself is named in ``REFUSED_ANYWAY`` with the reason.
"""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.escapes import probes
from tests.escapes.conftest import Range

pytestmark = pytest.mark.sandbox

LEVELS = ("permissive", "balanced", "strict", "paranoid")
# home is meant to be readable at permissive, git hooks writable, network full
MEANT = {
    "permissive": {
        "plant_git_hook", "change_git_config", "change_project_policy", "host_loopback", "route_out",
        "metadata_address", "abstract_socket",
    },
}  # fmt: skip
REFUSED_ANYWAY = {
    "user": {
        "read_shadow": "mode 640",
        "core_pattern": "belongs to root",
        "host_name": "belongs to root",
        "write_etc": "belongs to root",
        "write_usr": "belongs to root",
        "mount_tmpfs": "needs a capability",
        "remount_writable": "needs a capability",
        "unmask": "needs a capability",
        "enter_namespace": "needs a capability",
        "bpf": "needs a capability",
        "packet_socket": "needs a capability",
        "device_node": "needs a capability",
    },
    "root": {
        "device_node": "the kernel never opens device nodes made in a user namespace",
        "write_etc": "read-only in the naive sandbox too",
        "write_usr": "read-only in the naive sandbox too",
        "remount_writable": "mounts of the host are locked in a user namespace",
        "unmask": "/proc/sys is not covered there: nothing to unmask",
        "bpf": "needs a capability in the first user namespace",
    },
    "both": {
        "kernel_memory_files": "a /dev of its own, and kcore needs a capability",
        "sysrq": "the kernel may lack it",
        "metadata_address": "there is no such service on most hosts",
        "hardlink_secret": "the project is another mount in the naive sandbox",
        "trace_host_process": "the system may refuse tracing what is not a child",
        "vsock": "the kernel may lack it",
        "io_uring": "may be switched off by the system",
        "userfaultfd": "may be switched off by the system",
    },
}


def answers(output: str) -> dict[str, list[object]]:
    for line in output.splitlines():
        if line.startswith("PROBES "):
            found: dict[str, list[object]] = json.loads(line[7:])
            return found
    raise AssertionError(f"no answers in: {output!r}")


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_gets_through(range_: Range, level: str) -> None:
    person = range_.person
    path = range_.write_context(level)
    env = {"MY_API_TOKEN": "envsecret", "INNOCENT": "envsecret", "SSH_AUTH_SOCK": str(range_.context["agent_socket"])}
    result = person.run(
        ["/usr/bin/python3", "probes.py", path.name],
        level=level,
        workspace_mode="direct",
        network_mode="level" if level in ("permissive", "paranoid") else "none",
        env=env,
        pass_fds=(range_.leak,),
        timeout=120,
    )
    found = answers(result.out)
    through = {name for name, (got, *_) in found.items() if got} - MEANT.get(level, set())
    assert not through, {name: found[name] for name in through}
    assert set(found) == set(probes.PROBES)
    assert (person.home / "victim").read_text() == "victim\n"
    assert (person.home / ".bashrc").read_text() == "# real bashrc\n"
    assert (person.home / ".local/state/vectra-guard/state.db").read_text() == "store\n"
    assert not (person.home / "outside-marker").exists()


def naive(range_: Range) -> dict[str, list[object]]:
    """bwrap as one writes it first: everything visible, home and project writable, environment inherited."""
    person = range_.person
    range_.write_context("paranoid")
    env = person.environment(MY_API_TOKEN="envsecret", SSH_AUTH_SOCK=str(range_.context["agent_socket"]))
    command = [
        person.bwrap, "--ro-bind", "/", "/", "--bind", str(person.home), str(person.home), "--dev", "/dev",
        "--proc", "/proc", "--bind", "/tmp", "/tmp", "--unshare-user", "--unshare-pid", "--unshare-ipc",
        "--unshare-uts", "--", "/usr/bin/python3", "probes.py", "context.json",
    ]  # fmt: skip
    done = subprocess.run(
        [*person.prefix(), *command], cwd=person.project, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return answers(done.stdout)


def on_host(range_: Range) -> dict[str, list[object]]:
    person = range_.person
    path = range_.write_context("paranoid")
    env = person.environment(MY_API_TOKEN="envsecret", SSH_AUTH_SOCK=str(range_.context["agent_socket"]))
    done = subprocess.run(
        [*person.prefix(), "/usr/bin/python3", "probes.py", path.name, *sorted(probes.HARMLESS)],
        cwd=person.project,
        env=env,
        capture_output=True,
        text=True,
        pass_fds=(range_.leak,),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return answers(done.stdout)


def test_each_probe_can_succeed(range_: Range) -> None:
    before = {name: (range_.person.home / name).read_text() for name in ("victim", ".bashrc")}
    loose, host = naive(range_), on_host(range_)
    for name, text in before.items():
        (range_.person.home / name).write_text(text)
    kind = "root" if range_.person.uid == 0 else "user"
    cannot = {name for name in probes.PROBES if not loose[name][0] and not host.get(name, [False])[0]}
    unexplained = cannot - set(REFUSED_ANYWAY[kind]) - set(REFUSED_ANYWAY["both"])
    assert not unexplained, {name: (loose[name], host.get(name)) for name in unexplained}
