"""Which files a command would write that a later one may run: downloads, copies, links, clones."""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN
from vectra_guard.rules.places import absolute
from vectra_guard.rules.view import View


def downloads(view: View) -> list[str]:
    name = view.name
    if name in ("scp", "rsync"):
        args = [w for w in view.parsed.args if w.known]
        if len(args) < 2 or "remote" in view.tags(args[-1]):
            return []
        sources = [w.text.rpartition(":")[2].rpartition("/")[2] for w in args[:-1] if "remote" in view.tags(w)]
        target = absolute(args[-1].text, view.where)
        return [target, *(f"{target}/{name}" for name in sources)] if sources else []
    if name not in ("curl", "wget", "aria2c", "fetch", "http", "axel"):
        return []
    parsed = view.parsed
    targets = [w.text for w in parsed.values("--output", "--output-document", "--out")]
    urls = [w.text for w in view.words if "://" in w.text or (w.text[:1] not in "-./~" and "/" in w.text)]
    folder = next((w.text.rstrip("/") + "/" for w in parsed.values("--output-dir", "--directory-prefix", "--dir")), "")
    by_name = parsed.has("--remote-name", "--remote-name-all") if name == "curl" else not targets
    if by_name and name != "http":
        targets += [u.split("?")[0].rstrip("/").rpartition("/")[2] for u in urls]
    return [absolute(folder + t, view.where) for t in targets if t and t != "-" and UNKNOWN not in t]


def moves(view: View) -> list[tuple[str, str | None]]:
    """(written path, path it came from; None: from its standard input)."""
    name, args = view.name, [w for w in view.parsed.args if w.known] if view.name in MOVERS else []
    if name == "tee":
        return [(absolute(w.text, view.where), None) for w in args]
    if name in MOVERS and len(args) >= 2:
        target = absolute(args[-1].text, view.where)
        found: list[tuple[str, str | None]] = []
        for word in args[:-1]:
            source = absolute(word.text, view.where)
            found.append((target, source))
            found.append((f"{target}/{source.rpartition('/')[2]}", source))
        return found
    if name == "dd":
        return [(absolute(w.text, view.where), None) for w in view.parsed.values("of")]
    if name in ARCHIVERS:
        named = view.parsed.values("--file", "--output") or (view.parsed.args[:1] if name == "zip" else [])
        return [(absolute(w.text, view.where), None) for w in named if w.known]
    return []


def cloned(view: View) -> str | None:
    """The folder that ``git clone URL [FOLDER]`` and its like make; None: nothing is fetched, or it is not known."""
    verbs = CLONERS.get(view.name)
    args = view.parsed.args
    at = next((n for n, w in enumerate(args[:2]) if verbs and w.text in verbs), -1)
    if at < 0 or len(args) < at + 2 or not all(w.known for w in args[at + 1 : at + 3]):
        return None
    name = args[at + 2].text if len(args) > at + 2 else args[at + 1].text.rstrip("/").removesuffix(".git")
    return absolute(name if len(args) > at + 2 else re.split("[/:]", name)[-1], view.where)


CLONERS = {
    "git": ("clone",), "gh": ("clone",), "glab": ("clone",), "hg": ("clone",), "svn": ("checkout", "co"),
    "jj": ("clone",),
}  # fmt: skip
ARCHIVERS = frozenset(("tar", "bsdtar", "gtar", "zip", "gpg", "gpg2"))
MOVERS = frozenset(("cp", "mv", "ln", "install", "tee", "dd", "rsync"))
