"""A decision becomes a new line: only the commands that need it change, at their byte offsets. Pure.

``cd web && npm install && export X=1`` becomes ``cd web && vg exec --grant ID.1 -- npm install && export X=1``:
pipes, redirections, assignments and control flow stay in the user's shell, so its state survives.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from vectra_guard.model import Decision


def apply(
    line: str, decision: Decision, vg: str, grant: str = "", shell: str = "bash", options: Sequence[str] = ()
) -> str:
    """The line to run instead of ``line``; the line itself when nothing is to change.

    ``vg`` is the path of the command, ``grant`` the id to hand on (empty: none, ``vg exec`` decides from scratch),
    ``options`` further options of ``vg exec``.
    """
    start = " ".join([quote(vg, shell), "exec", *(quote(option, shell) for option in options)])
    if decision.whole_line:
        handed = f"--grant {grant} " if grant else ""
        return f"{start} --shell {shell} {handed}--line {quote(line, shell)}"
    if not decision.insertions:
        return line
    raw = line.encode("utf-8", "surrogateescape")
    out: list[bytes] = []
    done = 0
    for insertion in sorted(decision.insertions, key=lambda i: i.offset):
        handed = f"--grant {grant}.{insertion.command} " if grant else ""
        if insertion.keep_env:
            handed += f"--keep-env {','.join(insertion.keep_env)} "
        words = f"{start} {handed}-- "
        out += [raw[done : insertion.offset], words.encode("utf-8", "surrogateescape")]
        done = insertion.offset
        if insertion.replace is not None:
            span, text = insertion.replace
            out += [raw[done : span.start], text.encode("utf-8", "surrogateescape")]
            done = span.end
    out.append(raw[done:])
    return b"".join(out).decode("utf-8", "surrogateescape")


def quote(text: str, shell: str) -> str:
    """One word for that shell. fish has no ``'"'"'`` trick inside single quotes but knows ``\\'``."""
    if shell == "fish" and shlex.quote(text) != text:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return shlex.quote(text)
