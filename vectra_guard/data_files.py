"""Where the files shipped beside the code lie: ``presets`` and ``shell-hooks``.

A wheel carries them in ``vectra_guard/_data``; a checkout (an editable install) has them at its top level. A
checkout is used as it is, even where an older build left a ``_data`` behind: the files in git are the truth.
Does not read them. Fails with GuardError naming the folder when an installation is not complete.
"""

from __future__ import annotations

import os
from typing import Literal

from vectra_guard.errors import GuardError

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def folder(name: Literal["presets", "shell-hooks"]) -> str:
    """The absolute path of a shipped folder."""
    top = os.path.dirname(PACKAGE)
    checkout = os.path.join(top, name)
    if os.path.isfile(os.path.join(top, "pyproject.toml")) and os.path.isdir(checkout):
        return checkout
    installed = os.path.join(PACKAGE, "_data", name)
    if os.path.isdir(installed):
        return installed
    raise GuardError(f"{installed}: missing; this installation is not complete, install vectra-guard again")
