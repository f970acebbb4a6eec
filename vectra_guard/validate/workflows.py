"""``run:`` blocks of GitHub workflows and composite actions, with the ``env:`` and ``shell:`` around them.

``${{ … }}`` is put in by the runner before a shell sees the text; it is read as a variable that is not known, apart
from the workspace, which is the folder the command starts in.
"""

from __future__ import annotations

import re
from typing import Any

from vectra_guard.validate import scripts
from vectra_guard.validate.block import Block, Unreadable, with_variables

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_WORKSPACE = frozenset(("github.workspace", "env.GITHUB_WORKSPACE"))


def read(path: str, text: str) -> list[Block]:
    # a YAML parser: only `vg validate` of a workflow needs it here
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        raise Unreadable(mark.line + 1 if mark else 0, f"not YAML ({getattr(err, 'problem', err)})") from err
    top = _map(root)
    found: list[Block] = []
    jobs = {name: _map(node) for name, node in _map(top.get("jobs")).items()}
    if "runs" in top:
        jobs["action"] = _map(top["runs"])
    for name, job in jobs.items():
        for number, node in enumerate(_list(job.get("steps")), 1):
            step = _map(node)
            if "run" in step:
                found += _block(step, (top, job, step), f"{name}, step {number}", text)
    return found


def _block(step: dict[str, Any], around: tuple[dict[str, Any], ...], where: str, text: str) -> list[Block]:
    node = step["run"]
    values: dict[str, str] = {}
    shell = "bash"
    for level in around:
        values |= {name: _plain(value.value) for name, value in _map(level.get("env")).items() if _known(value)}
        given = level.get("shell") or _map(_map(level.get("defaults")).get("run")).get("shell")
        shell = given.value if given is not None else shell
    command = _plain(node.value)
    line = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
    program = scripts.interpreter("", f"#!{shell}")
    if program in scripts.SHELLS:
        return [Block(with_variables(command, values), line, scripts.SHELLS[program], where)]
    if program in scripts.OTHERS:
        return [scripts.foreign(program, command, line, where)]
    return []  # PowerShell and cmd


def _plain(text: str) -> str:
    return _EXPRESSION.sub(lambda found: "." if found[1] in _WORKSPACE else "${VG_EXPRESSION}", text)


def _known(node: Any) -> bool:
    return isinstance(node.value, str) and "${{" not in node.value


def _map(node: Any) -> dict[str, Any]:
    """Key -> node; of anything but a mapping nothing."""
    pairs = node.value if node is not None and node.id == "mapping" else []
    return {str(key.value): value for key, value in pairs}


def _list(node: Any) -> list[Any]:
    return list(node.value) if node is not None and node.id == "sequence" else []
