"""Every attempt of ``probes`` fails inside, at every level, as root and as an ordinary user; and each can succeed.

The proof that it can: the same probe gets through on the host (where it is harmless), or in a sandbox that lacks what
refuses it in ours. A probe that nothing lets through proves nothing and fails ``test_each_probe_can_succeed``.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence

import pytest

from tests.conftest import need
from tests.escapes import probes
from tests.escapes.conftest import Range

pytestmark = pytest.mark.sandbox

RUNS = [
    ("permissive", "direct"), ("balanced", "direct"), ("strict", "direct"), ("paranoid", "direct"),
    ("balanced", "review"), ("strict", "review"), ("paranoid", "review"), ("paranoid", "ro"),
]  # fmt: skip
FROM_MEMORY = {"run_from_tmp", "run_from_shared_memory", "run_from_home"}
LATER = {"plant_git_hook", "change_git_config", "change_project_policy"}
MEANT = {
    # git hooks writable, network of the host; home is readable but not writable
    "permissive": LATER | FROM_MEMORY - {"run_from_home"} | {"host_loopback", "route_out"},
    "balanced": FROM_MEMORY,
    "strict": FROM_MEMORY,
    "paranoid": set(),
}


def answers(output: str) -> dict[str, list[object]]:
    for line in output.splitlines():
        if line.startswith("PROBES "):
            found: dict[str, list[object]] = json.loads(line[7:])
            return found
    raise AssertionError(f"no answers in: {output!r}")


def secrets(range_: Range) -> dict[str, str]:
    agent = str(range_.context["agent_socket"])
    return {"MY_API_TOKEN": "envsecret", "INNOCENT": "envsecret", "SSH_AUTH_SOCK": agent}


@pytest.mark.parametrize(("level", "mode"), RUNS)
def test_nothing_gets_through(range_: Range, level: str, mode: str) -> None:
    person = range_.person
    path = range_.write_context(level)
    hook, settings = person.project / ".git/hooks/pre-commit", person.project / ".git/config"
    before = settings.read_text()
    result = person.run(
        ["/usr/bin/python3", "probes.py", path.name],
        level=level,
        workspace_mode=mode,
        network_mode="level" if level in ("permissive", "paranoid") else "none",
        env=secrets(range_),
        pass_fds=(range_.leak,),
        timeout=120,
    )
    assert result.out, (result.err, result.outcome)
    found = answers(result.out)
    in_the_view = LATER if mode == "review" else set()
    through = {name for name, (got, *_) in found.items() if got} - MEANT[level] - in_the_view
    assert not through, {name: found[name] for name in through}
    assert set(found) == set(probes.PROBES)
    assert (person.home / "victim").read_text() == "victim\n"
    assert (person.home / ".bashrc").read_text() == "# real bashrc\n"
    assert (person.home / ".local/state/vectra-guard/state.db").read_text() == "store\n"
    assert not (person.home / "outside-marker").exists()
    if level == "permissive":
        hook.unlink()
        settings.write_text(before)
    assert not hook.exists()
    assert settings.read_text() == before


# --- proofs ------------------------------------------------------------------------------------------------------

NAIVE = "--ro-bind / / --bind {home} {home} --dev /dev --proc /proc --bind /tmp /tmp"
"""As one writes it first: everything visible, home and project writable, environment and descriptors inherited."""
NAMESPACES = "--unshare-user --unshare-pid --unshare-ipc --unshare-uts"
POWERFUL = (
    f"{NAIVE} {NAMESPACES} --uid 0 --gid 0 --cap-add ALL --ro-bind /var/lib /var/lib --ro-bind /proc/sys /proc/sys "
    "--overlay-src /etc --tmp-overlay /etc --overlay-src /usr --tmp-overlay /usr"
)
"""With every right inside, and throw-away copies of system folders to write to."""
UNCONFINED = "--ro-bind / / --dev-bind {home} {home} --dev-bind /dev /dev --proc /proc --unshare-pid --unshare-uts"
"""Of root without a user namespace: only mounts keep it from the host."""
AS_ROOT = ["core_pattern", "kernel_memory_files", "device_node", "bpf", "sysrq"]
"""Tried in it: they open, or write what is there already."""


def inside(range_: Range, options: str, names: Sequence[str] = ()) -> dict[str, list[object]]:
    person = range_.person
    words = options.format(home=person.home).split()
    return collected(range_, [person.bwrap, *words, "--", "/usr/bin/python3", "probes.py"], names)


def collected(range_: Range, command: list[str], names: Sequence[str]) -> dict[str, list[object]]:
    person = range_.person
    path = range_.write_context("paranoid", names)
    done = subprocess.run(
        [*person.prefix(), *command, path.name, *names],
        cwd=person.project,
        env=person.environment(**secrets(range_)),
        capture_output=True,
        text=True,
        pass_fds=(range_.leak,),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return answers(done.stdout)


LACKING = {
    "vsock": "EAFNOSUPPORT", "io_uring": "ENOSYS", "userfaultfd": "ENOSYS", "bpf": "ENOSYS", "sysrq": "ENOENT",
    "kernel_keyring": "ENOSYS", "foreign_call_gate": "",
}  # fmt: skip
"""What a kernel may be built without, and how it says so to root."""


@pytest.mark.parametrize("range_", ["me"], indirect=True)
def test_each_probe_can_succeed(range_: Range) -> None:
    """Shown as root, who alone can be given everything; that the ordinary user is refused too is shown above."""
    need(os.getuid() == 0, "root, to show that each attempt can succeed")
    kept = {name: (range_.person.home / name).read_text() for name in ("victim", ".bashrc")}
    found = [inside(range_, f"{NAIVE} {NAMESPACES}")]
    found += [inside(range_, POWERFUL), inside(range_, UNCONFINED, AS_ROOT)]
    found += [collected(range_, ["/usr/bin/python3", "probes.py"], sorted(probes.HARMLESS))]
    for name, text in kept.items():
        (range_.person.home / name).write_text(text)
    never = {name for name in probes.PROBES if not any(answer.get(name, [False])[0] for answer in found)}
    excused = {name for name in never & set(LACKING) if found[2][name][1] == LACKING[name]}
    assert not never - excused, {name: [answer.get(name) for answer in found] for name in never}
