"""What ``find`` hands to a changer of permissions, owners or contents: as bad as changing the whole tree it starts at.

Deletions are in ``deletion``. Only where find starts at the root, home or the system; the text is in permissions.yaml.
"""

from __future__ import annotations

from vectra_guard.rules.find import find_targets, is_find
from vectra_guard.rules.view import Context

CHANGERS = frozenset(("chmod", "chown", "chgrp", "chattr", "setfacl", "truncate", "shred"))
PLACES = frozenset(("root", "core", "home", "system-top"))


def judge(context: Context) -> None:
    for view in context.views:
        if view.command.via not in ("find", "xargs") or view.name not in CHANGERS:
            continue
        at = view.command.top
        if view.command.via == "xargs":
            source = context.script.commands[at].stdin_from
            if source is None:
                continue
            at = source
        source_view = context.views[at]
        if not is_find(source_view):
            continue
        for word in find_targets(source_view)[0]:
            if source_view.tags(word) & PLACES:
                context.add("permissions.system-found", view.command, word.text)
                break
