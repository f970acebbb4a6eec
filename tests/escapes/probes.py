"""Attempts to get out of a sandbox, run from inside it. Standard library only; prints one JSON object.

``probes.py CONTEXT.json [NAME…]``: for each probe, true when it got through, false when it was refused, with a
word why. Before anything is tried it makes sure that it is not in the host's own namespaces (``host`` in the
context); only probes marked harmless, and those in ``also``, run there, as proof that they can succeed at all.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
PROBES: dict[str, Callable[[dict], object]] = {}
HARMLESS: set[str] = set()
X86 = platform.machine() == "x86_64"


def probe(function: Callable[[dict], object]) -> Callable[[dict], object]:
    PROBES[function.__name__] = function
    return function


def harmless(function: Callable[[dict], object]) -> Callable[[dict], object]:
    HARMLESS.add(function.__name__)
    return probe(function)


def call(x86: int, arm: int, *arguments: object) -> int:
    result = LIBC.syscall(x86 if X86 else arm, *arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def in_child(body: Callable[[], object]) -> bool:
    """Run ``body`` in a forked child: true when it ended without an error."""
    pid = os.fork()
    if pid == 0:
        try:
            body()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


# --- files -------------------------------------------------------------------------------------------------------


def _can_write(path: str) -> bool:
    with open(path, "a") as file:
        file.write("escaped\n")
    return True


@probe
def write_beside_project(context: dict) -> object:
    """Counts only if the host sees it: the test looks for the file outside."""
    return _can_write(context["home"] + "/outside-marker") and os.path.exists(context["home"] + "/bashrc-marker")


@probe
def change_bashrc(context: dict) -> object:
    with open(context["home"] + "/.bashrc") as file:
        original = file.read()
    return "real bashrc" in original and _can_write(context["home"] + "/.bashrc")


@probe
def write_etc(context: dict) -> object:
    return _can_write("/etc/vg-probe")


@probe
def write_usr(context: dict) -> object:
    return _can_write("/usr/vg-probe")


@probe
def write_through_link(context: dict) -> object:
    """A link in the project that leads to a file outside: the real one has text in it."""
    with open("link-outside") as file:
        real = "victim" in file.read()
    return real and _can_write("link-outside")


@probe
def hardlink_secret(context: dict) -> object:
    os.link(context["home"] + "/.ssh/id_ed25519", "stolen")
    return True


@harmless
def read_ssh_key(context: dict) -> object:
    with open(context["home"] + "/.ssh/id_ed25519") as file:
        return "PRIVATE" in file.read()


@harmless
def read_aws(context: dict) -> object:
    with open(context["home"] + "/.aws/credentials") as file:
        return "aws_secret" in file.read()


@harmless
def read_npm_token(context: dict) -> object:
    with open(context["home"] + "/.npmrc") as file:
        return "npmsecret" in file.read()


@harmless
def read_git_credential(context: dict) -> object:
    with open(context["home"] + "/.git-credentials") as file:
        return "gitsecret" in file.read()


@harmless
def read_guard_config(context: dict) -> object:
    with open(context["home"] + "/.config/vectra-guard/config.yaml") as file:
        return "guard_level" in file.read()


@probe
def write_guard_store(context: dict) -> object:
    path = context["home"] + "/.local/state/vectra-guard/state.db"
    return os.path.getsize(path) > 0 and _can_write(path)


@harmless
def reach_guard_socket(context: dict) -> object:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(context["runtime"] + "/vectra-guard/evaluator.sock")
    return True


@harmless
def read_dotenv(context: dict) -> object:
    with open(".env") as file:
        return "dotenvsecret" in file.read()


@harmless
def read_nested_dotenv(context: dict) -> object:
    with open("packages/app/.env.local") as file:
        return "dotenvsecret" in file.read()


@probe
def plant_git_hook(context: dict) -> object:
    return _can_write(".git/hooks/pre-commit")


@probe
def change_git_config(context: dict) -> object:
    return _can_write(".git/config")


@probe
def change_project_policy(context: dict) -> object:
    return _can_write("vectra-guard.yaml")


@harmless
def read_shadow(context: dict) -> object:
    with open("/etc/shadow") as file:
        return len(file.read()) > 0


@harmless
def names_of_host_hardware(context: dict) -> object:
    return bool(os.listdir("/sys/class/net"))


# --- environment and processes ---------------------------------------------------------------------------------------


@harmless
def environment_secret(context: dict) -> object:
    return "envsecret" in json.dumps(dict(os.environ))


@harmless
def environment_of_first_process(context: dict) -> object:
    with open("/proc/1/environ", "rb") as file:
        return b"envsecret" in file.read()


@harmless
def arguments_of_first_process(context: dict) -> object:
    with open("/proc/1/cmdline", "rb") as file:
        return context["home"].encode() in file.read()


@harmless
def see_host_process(context: dict) -> object:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if context["canary"].encode() in file.read() and name != str(os.getpid()):
                        return True
            except OSError:
                continue
    return False


@harmless
def signal_host_process(context: dict) -> object:
    with open(f"/proc/{context['canary_pid']}/cmdline", "rb") as file:
        if context["canary"].encode() not in file.read():
            return False
    os.kill(context["canary_pid"], 0)
    return True


@probe
def root_of_first_process(context: dict) -> object:
    return os.path.exists(f"/proc/1/root{context['home']}/.ssh/id_ed25519")


@harmless
def leaked_descriptors(context: dict) -> object:
    for name in os.listdir("/proc/self/fd"):
        try:
            if "vg-leak" in os.readlink(f"/proc/self/fd/{name}"):
                return True
        except OSError:
            continue
    return False


@harmless
def gain_privileges(context: dict) -> object:
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
    return int(status["CapEff"], 16) != 0 or int(status["CapBnd"], 16) != 0 or status["NoNewPrivs"].strip() != "1"


@harmless
def unfiltered_calls(context: dict) -> object:
    for pid in ("self", "1"):
        with open(f"/proc/{pid}/status") as file:
            if "Seccomp:\t2" not in file.read():
                return True
    return False


# --- kernel ------------------------------------------------------------------------------------------------------


@probe
def core_pattern(context: dict) -> object:
    """Writes back the value that is there."""
    path = "/proc/sys/kernel/core_pattern"
    with open(path) as file:
        value = file.read()
    with open(path, "w") as file:
        file.write(value)
    return True


@probe
def host_name(context: dict) -> object:
    """The name that is there already."""
    name = socket.gethostname().encode()
    if LIBC.sethostname(name, len(name)) != 0:
        raise OSError(ctypes.get_errno(), "sethostname")
    return True


@probe
def sysrq(context: dict) -> object:
    fd = os.open("/proc/sysrq-trigger", os.O_WRONLY)  # opened, never written
    os.close(fd)
    return True


@probe
def kernel_memory_files(context: dict) -> object:
    for path in ("/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun"):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            return True
        except OSError:
            continue
    return False


@probe
def device_node(context: dict) -> object:
    """The null device under another name: who can make this one can make any."""
    try:
        os.mknod("device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        os.close(os.open("device", os.O_RDONLY))
    finally:
        if os.path.exists("device"):
            os.unlink("device")
    return True


@probe
def mount_tmpfs(context: dict) -> object:
    def body() -> None:
        if LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None) != 0:
            raise OSError(ctypes.get_errno(), "mount")

    return in_child(body)


@probe
def remount_writable(context: dict) -> object:
    """Any of the read-only mounts."""
    with open("/proc/self/mounts") as file:
        mounts = [line.split() for line in file]
    fixed = [words[1].encode() for words in mounts if "ro" in words[3].split(",")]

    def body() -> None:
        flags = 32 | 4096  # MS_REMOUNT | MS_BIND, not read-only
        if all(LIBC.mount(b"none", path, None, flags, None) != 0 for path in fixed):
            raise OSError(ctypes.get_errno(), "mount")

    return in_child(body)


@probe
def unmask(context: dict) -> object:
    def body() -> None:
        if LIBC.umount2(b"/proc/sys", 2) != 0:
            raise OSError(ctypes.get_errno(), "umount")

    return in_child(body)


@probe
def new_user_namespace(context: dict) -> object:
    def body() -> None:
        if LIBC.unshare(0x10000000) != 0:
            raise OSError(ctypes.get_errno(), "unshare")

    return in_child(body)


@probe
def new_namespace_by_clone(context: dict) -> object:
    pid = LIBC.syscall(56 if X86 else 220, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone")
    os.waitpid(pid, 0)
    return True


@probe
def enter_namespace(context: dict) -> object:
    fd = os.open("/proc/1/ns/mnt", os.O_RDONLY)

    def body() -> None:
        if LIBC.setns(fd, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    return in_child(body)


@probe
def new_namespace_by_clone3(context: dict) -> object:
    arguments = struct.pack("8Q", 0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call(435, 435, arguments, len(arguments))
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


@harmless
def foreign_call_gate(context: dict) -> object:
    """A 32-bit system call from 64-bit code: other numbers, which a filter for these does not know."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # getpid by int 0x80
    gate = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))

    def body() -> None:
        if gate() != os.getpid():
            raise OSError(errno.ENOSYS, "no such gate")

    return X86 and in_child(body)


@probe
def change_runner(context: dict) -> object:
    """The program of the first process is on a mount of the host: the same mode again, then open for writing."""
    os.chmod("/proc/1/exe", os.stat("/proc/1/exe").st_mode & 0o7777)
    return True


@harmless
def raise_limits(context: dict) -> object:
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_DATA):
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            return True
        except (OSError, ValueError):
            continue
    return False


@harmless
def host_shared_memory(context: dict) -> object:
    LIBC.shmat.restype = ctypes.c_void_p
    address = LIBC.shmat(context["segment"], None, 0o10000)  # SHM_RDONLY
    if address in (None, 2**64 - 1):
        raise OSError(ctypes.get_errno(), "shmat")
    return ctypes.string_at(address, 6) == b"shared"


@probe
def run_from_tmp(context: dict) -> object:
    return _runs("/tmp/vg-run")


@probe
def run_from_shared_memory(context: dict) -> object:
    return _runs("/dev/shm/vg-run")


@probe
def run_from_home(context: dict) -> object:
    return _runs(context["home"] + "/vg-run")


def _runs(path: str) -> bool:
    with open("/usr/bin/true", "rb") as program, open(path, "wb") as copy:
        copy.write(program.read())
    os.chmod(path, 0o755)
    try:
        return in_child(lambda: os.execv(path, [path]))
    finally:
        os.unlink(path)


@probe
def kernel_keyring(context: dict) -> object:
    return call(248, 217, b"user", b"vg-probe", b"x", 1, -4) > 0  # add_key to the user keyring


@probe
def io_uring(context: dict) -> object:
    parameters = ctypes.create_string_buffer(120)
    os.close(call(425, 425, 1, parameters))
    return True


@probe
def bpf(context: dict) -> object:
    try:
        call(321, 280, 0, ctypes.create_string_buffer(struct.pack("IIIII", 2, 4, 4, 1, 0)), 20)
    except OSError as err:
        return err.errno not in (errno.EPERM, errno.ENOSYS)
    return True


@probe
def userfaultfd(context: dict) -> object:
    os.close(call(323, 282, 1))
    return True


@harmless
def trace_host_process(context: dict) -> object:
    """PTRACE_SEIZE: attaches without stopping it, and is undone by our end."""
    call(101, 117, 0x4206, context["canary_pid"], 0, 0)
    return see_host_process(context)


# --- network -----------------------------------------------------------------------------------------------------


@harmless
def host_loopback(context: dict) -> object:
    with socket.create_connection(("127.0.0.1", context["port"]), timeout=2):
        return True


@harmless
def route_out(context: dict) -> object:
    with open("/proc/net/route") as file:
        return len(file.read().splitlines()) > 1


@harmless
def kernel_netlink(context: dict) -> object:
    socket.socket(16, socket.SOCK_RAW, 15).close()  # NETLINK_KOBJECT_UEVENT
    return True


@harmless
def packet_socket(context: dict) -> object:
    socket.socket(17, socket.SOCK_RAW, 0).close()
    return True


@harmless
def vsock(context: dict) -> object:
    socket.socket(40, socket.SOCK_STREAM).close()
    return True


@harmless
def abstract_socket(context: dict) -> object:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + context["abstract"])
    return True


@harmless
def container_socket(context: dict) -> object:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(context["docker_socket"])
    return True


@harmless
def agent_socket(context: dict) -> object:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(os.environ.get("SSH_AUTH_SOCK") or context["agent_socket"])
    return True


# --- resources ---------------------------------------------------------------------------------------------------


@harmless
def fill_tmp(context: dict) -> object:
    """More than the level allows, in one sparse-free file; removed again."""
    return _fill("/tmp", context["tmp_size"] + (1 << 20))


@harmless
def fill_shared_memory(context: dict) -> object:
    return _fill("/dev/shm", context["tmp_size"] + (1 << 20))


def _fill(folder: str, size: int) -> bool:
    path = f"{folder}/vg-fill-{os.getpid()}"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)
        os.unlink(path)
    return True


def main() -> int:
    with open(sys.argv[1]) as file:
        context = json.load(file)
    outside = [name for name, link in context["host"].items() if os.readlink(f"/proc/self/ns/{name}") == link]
    answers: dict[str, list[object]] = {}
    for name in sys.argv[2:] or list(PROBES):
        if ("user" in outside or "mnt" in outside) and name not in HARMLESS | set(context["also"]):
            answers[name] = [None, "not tried: this is the host"]
            continue
        started = time.monotonic()
        try:
            answers[name] = [bool(PROBES[name](context)), ""]
        except OSError as err:
            answers[name] = [False, f"{errno.errorcode.get(err.errno or 0, err)}"]
        except Exception as err:
            answers[name] = [False, f"{type(err).__name__}: {err}"]
        answers[name].append(round(time.monotonic() - started, 3))
    print("PROBES " + json.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
