"""Reads find's own language far enough to say which files it would hand on: paths, name tests, other filters."""

from __future__ import annotations

from vectra_guard.model import Word
from vectra_guard.rules.view import View

NAME_TESTS = frozenset([
    "-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex", "-lname",
])  # fmt: skip
FILTERS = frozenset(
    [
        "-mtime", "-mmin", "-atime", "-amin", "-ctime", "-cmin", "-newer", "-newermt", "-anewer", "-cnewer",
        "-size", "-user", "-group",
        "-perm", "-empty", "-nouser", "-nogroup", "-samefile", "-inum", "-links", "-uid", "-gid",
    ]
)  # fmt: skip


def is_find(view: View) -> bool:
    return view.name in ("find", "gfind", "bfs", "busybox-find")


def find_targets(view: View) -> tuple[list[Word], bool]:
    """(what it would reach, whether tests narrow it). Each target is PATH, or PATH/NAME for a name test."""
    words = view.words
    at = 0
    while at < len(words) and words[at].text in ("-H", "-L", "-P"):
        at += 1
    paths: list[Word] = []
    while at < len(words) and words[at].text[:1] not in ("-", "(", "!"):
        paths.append(words[at])
        at += 1
    if not paths:
        paths = [_like(".", words[0])] if words else []
    names: list[Word] = []
    filtered = negated = False
    for position in range(at, len(words)):
        text = words[position].text
        if text in ("!", "-not"):
            negated = True
        elif text in NAME_TESTS and position + 1 < len(words):
            if not negated:
                names.append(words[position + 1])
            negated = False
        elif text in FILTERS:
            filtered, negated = True, False
        elif text in ("-o", "-or", ","):
            names, filtered = [], False  # the tests before do not hold for an action after
        elif text in ("-exec", "-execdir", "-ok", "-okdir", "-delete"):
            break
    useful = [n for n in names if n.text.strip("*") != ""]
    if not useful:
        return paths, filtered
    return [_like(_join(p.text, n.text), n) for p in paths for n in useful], True


def _join(path: str, name: str) -> str:
    if "/" in name.lstrip("*/"):
        name = name.rstrip("/*").rpartition("/")[2]
    return f"{path.rstrip('/')}/{name.lstrip('*/') if name.startswith('*/') else name}"


def _like(text: str, word: Word) -> Word:
    return Word(text, text, word.span)


def finds_little(view: View) -> str:
    """``empty`` where only empty files and folders are found, ``one`` for one file by its number, or nothing."""
    texts = [w.text for w in view.words]
    if {"-o", "-or", ","} & set(texts):
        return ""
    for at, text in enumerate(texts):
        if text in ("-empty", "-inum", "-samefile") and texts[at - 1 : at] not in (["!"], ["-not"]):
            return "empty" if text == "-empty" else "one"
        if text in ("-type", "-xtype") and texts[at + 1 : at + 2] == ["l"]:
            return "one"
    return ""
