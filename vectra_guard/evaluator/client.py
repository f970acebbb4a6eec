"""One call from ``vg`` to the resident evaluator. Standard library only: this is on the way of every ``vg exec``.

Never starts an evaluator. Anything but a whole answer in time raises EvaluatorUnavailable.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

from vectra_guard import __version__, paths
from vectra_guard.errors import EvaluatorUnavailable

START = (sys.executable, "-I", "-c", "from vectra_guard.evaluator.server import main; main()")
TIMEOUT = 2.0  # seconds; the evaluator ends a judgement before that


def call(op: str, *, timeout: float = TIMEOUT, **fields: Any) -> dict[str, Any]:
    """The evaluator's answer, an object that says ``ok`` or why not."""
    record = json.dumps({"op": op, "version": __version__, **fields})
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(f"{paths.runtime_dir()}/sock")
            connection.sendall(b"\0\0j" + record.encode() + b"\0\0")
            data = b""
            while not data.endswith(b"\0"):
                if not (more := connection.recv(1 << 16)):
                    raise EvaluatorUnavailable("the evaluator hung up; open a new shell, or see `vg doctor`")
                data += more
        answer = json.loads(data[:-1])
    except (OSError, ValueError) as err:
        raise EvaluatorUnavailable(f"no evaluator answers ({err}); it starts with the next guarded shell") from err
    if not isinstance(answer, dict):
        raise EvaluatorUnavailable("the evaluator answered something else; see `vg doctor`")
    return answer
