"""Which folders a reviewed run sees as copy-on-write views: the project, home, or both.

Refuses with SandboxError, before anything runs, where the result of a view could not be what the command does without
one; the caller then asks instead.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from vectra_guard.errors import SandboxError
from vectra_guard.model import Reach
from vectra_guard.sandbox import project


def workspace(argv: Sequence[str], cwd: str, home: str, uid: int, reach: Reach) -> str:
    """The folder that the run works in. A view that reaches home needs no project: home itself is one then."""
    if reach == "home" and not os.path.isdir(home):
        raise SandboxError(f"no review is possible here: there is no home folder {home}")
    if reach == "home" and project.is_exposed(cwd, home):
        found = home
    else:
        try:
            found = project.find(cwd, home)
        except SandboxError:
            if reach != "home":
                raise
            return home
    if reach:
        _fit_for_review(argv, found, home, uid)
    return found


def _fit_for_review(argv: Sequence[str], folder: str, home: str, uid: int) -> None:
    if uid == 0 and os.stat(folder).st_uid != 0:
        # a sandbox has no capabilities: root in it may not change what belongs to others
        raise SandboxError(f"no review is possible here: {folder} belongs to another user")
    git = project.git_of(folder, home) if os.path.basename(argv[0]) == "git" else None
    if git is not None and not project.is_exposed(git.common, folder):
        raise SandboxError(f"no review is possible here: git's own data lie elsewhere ({git.common})")


def folders(found: str, home: str, reach: Reach) -> tuple[str, ...]:
    """What is viewed, outermost first; never one folder below another."""
    if reach != "home" or project.is_exposed(home, found):
        return (found,)
    return (home,) if project.is_exposed(found, home) else (home, found)
