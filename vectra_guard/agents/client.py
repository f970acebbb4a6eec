"""What an agent's hook starts: ``python -I -S client.py NAME``. Hands standard input to the resident evaluator.

Imports nothing that is not compiled into the interpreter, since an agent waits for it on each command. Where no
evaluator answers in time it becomes ``python -I -m vectra_guard hook-json``, which judges by itself and starts an
evaluator for the next time. Never prints an answer of its own: what fails here ends with a status that is not 0, and
the entry in the agent's settings turns that into a refusal.
"""

import _socket
import posix
import sys

TIMEOUT = 2.0  # seconds; the evaluator ends a judgement before that
MAX_REQUEST = 1 << 20  # bytes; anything longer is read by the slow path, which says what is wrong


def main() -> None:
    name, request = sys.argv[1], bytearray()
    while more := posix.read(0, 1 << 16):
        request += more
    reply = b"" if b"\0" in request or len(request) > MAX_REQUEST else ask(name, bytes(request).strip())
    if not reply.endswith(b"\0"):
        judge_here(name, request)
    reply = reply[:-1]
    while reply:
        reply = reply[posix.write(1, reply) :]


def ask(name: str, request: bytes) -> bytes:
    """The evaluator's answer and a NUL; anything else means that it did not answer."""
    folder = runtime_dir()
    try:
        info = posix.stat(folder, follow_symlinks=False)
        if info.st_uid != posix.getuid() or info.st_mode & 0o077 or info.st_mode & 0o170000 != 0o040000:
            return b""  # not ours: whoever made it could answer as they like
        link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        link.settimeout(TIMEOUT)
        link.connect(folder + b"/sock")
        link.sendall(b'\0\0j{"op":"hook-json","format":"' + name.encode() + b'","payload":' + request + b"}\0\0")
        reply = b""
        while not reply.endswith(b"\0") and (more := link.recv(1 << 16)):
            reply += more
    except OSError:
        return b""
    return reply


def runtime_dir() -> bytes:
    """As ``paths.runtime_dir``, without what that imports."""
    base = posix.environ.get(b"XDG_RUNTIME_DIR", b"")
    if base.startswith(b"/"):
        return base + b"/vectra-guard"
    return b"/tmp/vectra-guard-%d" % posix.getuid()


def judge_here(name: str, request: bytearray) -> None:
    """Become the process that judges by itself, with the request as its standard input."""
    fd = posix.memfd_create("request")
    posix.write(fd, request)
    posix.lseek(fd, 0, 0)
    posix.dup2(fd, 0)
    posix.execv(sys.executable, [sys.executable, "-I", "-m", "vectra_guard", "hook-json", "--format", name])


if __name__ == "__main__":
    main()
