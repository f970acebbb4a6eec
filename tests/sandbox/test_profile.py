"""Seccomp profiles of the user's own: compiled as podman and docker read them; wrong ones run nothing."""

from __future__ import annotations

import errno
import json
import operator
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.box import Account
from tests.sandbox.filters import ALLOW, ERRNO, KILL, judge
from vectra_guard.errors import ConfigError
from vectra_guard.sandbox import seccomp
from vectra_guard.sandbox.syscalls import COLUMN, NUMBERS


def call(name: str, machine: str = "x86_64") -> int:
    number = NUMBERS[name][COLUMN[machine]]
    assert number is not None
    return number


def write(path: Path, value: Any) -> str:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


USUAL = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 38,
    "archMap": [
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
    ],
    "syscalls": [
        {"names": ["read", "write", "ioctl", "no_such_call"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13},
        {"names": ["ptrace"], "action": "SCMP_ACT_KILL_PROCESS"},
        {
            "names": ["clone"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 0x7E020000, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
            "excludes": {"caps": ["CAP_SYS_ADMIN"]},
        },
        {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["getpid"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
        {"names": ["getuid"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "99.0"}},
        {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"]}},
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}],
        },
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 22,
            "args": [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 9, "op": "SCMP_CMP_EQ"}],
        },
    ],
}


@pytest.mark.parametrize("machine", COLUMN)
def test_rules_decide_as_they_are_written(tmp_path: Path, machine: str) -> None:
    path = write(tmp_path / "p.json", USUAL)

    def answer(name: str, *arguments: int) -> int:
        return judge(path, machine, call(name, machine), *arguments)

    assert answer("read") == answer("write") == answer("getpid") == ALLOW
    assert answer("mkdirat") == ERRNO | errno.EACCES
    assert answer("ptrace") == KILL
    assert answer("clone", 0x3D0F00) == ALLOW
    assert answer("clone", 0x10000000) == ERRNO | errno.ENOSYS
    assert answer("mount") == answer("getuid") == answer("openat") == ERRNO | errno.ENOSYS
    assert answer("socket", 1) == answer("socket", 2) == ALLOW
    assert answer("socket", 16, 3, 9) == ERRNO | errno.EINVAL
    assert answer("socket", 16, 3, 0) == ERRNO | errno.ENOSYS
    # whatever the file says
    assert answer("ioctl", 0, 0x5412) == ERRNO | errno.EPERM
    assert judge(path, machine, 0, arch=0x40000003) == KILL
    if machine == "x86_64":
        assert answer("arch_prctl") == ALLOW


VALUES = st.integers(0, 2**64 - 1) | st.integers(0, 5) | st.sampled_from([2**32 - 1, 2**32, 2**32 + 1, 2**63])


@given(st.sampled_from(["EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ"]), VALUES, VALUES, VALUES)
@settings(max_examples=200, deadline=None)
def test_comparisons_are_of_64_bits(name: str, given_: int, value: int, second: int) -> None:
    import tempfile

    comparison = {"index": 1, "value": value, "valueTwo": second, "op": f"SCMP_CMP_{name}"}
    rule = {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [comparison]}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]}, file)
        file.flush()
        got = judge(file.name, "x86_64", call("read"), 0, given_) == ALLOW
    if name == "MASKED_EQ":
        assert got == (given_ & value == second)
    else:
        assert got == getattr(operator, name.lower())(given_, value)


def test_a_profile_of_every_call_fits(tmp_path: Path) -> None:
    rule = {"names": list(NUMBERS), "action": "SCMP_ACT_ALLOW"}
    path = write(tmp_path / "p.json", {"defaultAction": "SCMP_ACT_KILL", "syscalls": [rule]})
    assert len(seccomp.program(path, "x86_64")) // 8 < 4096
    assert judge(path, "x86_64", call("mseal")) == ALLOW
    assert judge(path, "x86_64", 100_000) == 0


ERRNO_RULE = {"names": ["read"], "action": "SCMP_ACT_ERRNO"}


def _with(comparison: Any) -> Any:
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ERRNO_RULE | {"args": [comparison]}]}


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ('{"defaultAction": "SCMP_ACT_ALLOW",\n}', ":2: "),
        ("[]", "is no object"),
        ({}, "defaultAction is missing"),
        ({"defaultAction": "SCMP_ACT_NOTIFY"}, "defaultAction is 'SCMP_ACT_NOTIFY'"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}, "syscalls is no list"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ERRNO_RULE, 3]}, "syscalls[1] is no object"),
        (
            {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [ERRNO_RULE | {"args": [{"index": 9, "op": "SCMP_CMP_EQ"}]}],
            },
            "syscalls[0].args[0].index is 9",
        ),
        (_with({"index": 1, "op": "EQ"}), "syscalls[0].args[0].op is 'EQ'"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ERRNO_RULE | {"errnoRet": 9999}]}, "syscalls[0].errnoRet"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ALLOW"}]}, "names[0] is no text"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_S390X"]}, "not for this processor"),
    ],
)
def test_what_is_wrong_and_where_is_said(tmp_path: Path, content: Any, where: str) -> None:
    path = write(tmp_path / "p.json", content)
    with pytest.raises(ConfigError) as caught:
        seccomp.program(path, "x86_64")
    assert str(caught.value).startswith(path)
    assert where in str(caught.value)


KEYS = st.sampled_from(("syscalls", "names", "args", "includes", "action", "arches", "caps", "index", "op", "value"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=60, deadline=None)
def test_any_json_is_a_program_or_an_error(value: object) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": value}, file)
        file.flush()
        try:
            seccomp.program(file.name, "x86_64")
        except ConfigError:
            pass


# --- real runs ---------------------------------------------------------------------------------------------------


@pytest.mark.sandbox
def test_the_kernel_obeys_it(person: Account) -> None:
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EXDEV}
    path = write(person.home / "own.json", {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
    os.chmod(path, 0o644)
    script = "import os\ntry: os.mkdir('made')\nexcept OSError as e: print(e.errno)\nopen('file', 'w').close()"
    result = person.run(["/usr/bin/python3", "-c", script], seccomp_profile=path)
    assert (result.status, result.out) == (0, f"{errno.EXDEV}\n"), result.err
    assert (person.project / "file").exists()
    assert not (person.project / "made").exists()


@pytest.mark.sandbox
def test_a_wrong_one_runs_nothing(me: Account) -> None:
    path = write(me.home / "bad.json", {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": [1]}]})
    for profile in (path, str(me.home / "none.json"), "nonsense"):
        result = me.run(["touch", "ran"], seccomp_profile=profile)
        assert result.status == 78
        assert "sandbox.seccomp_profile" in result.outcome["error"]
    assert not (me.project / "ran").exists()
