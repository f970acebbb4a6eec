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
        for source in {s for w in view.words for s in w.sources}:
            finder = context.views[source]
            for word in find_targets(finder)[0] if is_find(finder) else ():
                if finder.tags(word) & PLACES:
                    context.add("permissions.system-found", view.command, word.text)
                    break
