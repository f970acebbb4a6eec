"""Small conditions on one word, written as text in the rules: ``@root+glob``, ``/regex/``, ``DELETE|PUT``, ``!…``.

``@tag+tag`` needs every tag (``-tag`` must be absent), as given by ``places`` (paths, URLs) and the word itself.
Text patterns are shell globs, whole word, case-sensitive. A part that is not known matches no text pattern.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.rules.places import Where, tags, url_tags

Predicate = Callable[[Word, Where], bool]
_NO_PATH = re.compile(r"^[\w@.-]+:(?!//)|^[a-zA-Z][\w+.-]*://")


def word_tags(word: Word, where: Where) -> frozenset[str]:
    """Tags of a word as path or URL, with ``remote`` for HOST:PATH and ``multi`` for what may be many words."""
    text = word.text
    if "://" in text:
        return url_tags(text)
    found = tags("./" + text if word.quoted and text[:1] == "~" else text, where)
    more = set()
    if ":" in text and _NO_PATH.match(text):
        more.add("remote")
    if word.splits:
        more.add("multi")
    return found | more if more else found


@lru_cache(maxsize=4096)
def compile_predicate(text: str) -> Predicate:
    """Raises ValueError with a sentence when the text is no predicate."""
    if not text:
        raise ValueError("an empty condition matches nothing")
    if text[0] == "!":
        inner = compile_predicate(text[1:])
        return lambda word, where: not inner(word, where)
    if text[0] == "@":
        return _tag_predicate(text[1:])
    if len(text) > 2 and text[0] == "/" and text[-1] == "/":
        try:
            regex = re.compile(text[1:-1])
        except re.error as err:
            raise ValueError(f"bad regular expression {text!r}: {err}") from err
        return lambda word, where: regex.search(word.text[:4096]) is not None
    choices = [c.strip() for c in text.split("|")]
    plain = frozenset(c for c in choices if not re.search(r"[*?\[]", c))
    globs = [re.compile(fnmatch.translate(c)) for c in choices if c not in plain]
    if not globs:
        return lambda word, where: word.text in plain
    return lambda word, where: word.text in plain or (word.text != UNKNOWN and any(g.match(word.text) for g in globs))


def _tag_predicate(text: str) -> Predicate:
    need: set[str] = set()
    avoid: set[str] = set()
    for part in text.split("+"):
        name = part.strip()
        if not name:
            raise ValueError(f"@{text}: a tag is missing")
        if name[0] == "-":
            avoid.add(name[1:])
        else:
            need.add(name)
    unknown = (need | avoid) - TAGS
    if unknown:
        raise ValueError(f"unknown tag @{sorted(unknown)[0]}; known: {' '.join(sorted(TAGS))}")
    wanted, unwanted = frozenset(need), frozenset(avoid)

    def matches(word: Word, where: Where) -> bool:
        found = word_tags(word, where)
        return wanted <= found and not unwanted & found

    return matches


TAGS = frozenset(
    [
        "root", "maybe-root", "home", "maybe-home", "in-home", "home-top", "other-home", "system", "core",
        "system-top", "temp", "temp-root", "artefact", "cache", "device", "harmless-device", "other-device", "net",
        "startup", "authorized-keys", "auth", "sudoers", "cron", "secret", "secret-folder", "dotenv", "dotfile",
        "database", "backup", "log", "local", "shared", "workspace", "workspace-root", "above", "here",
        "git-internal", "git-hooks", "git-config", "guard", "outside", "unknown", "unknown-root", "unknown-part",
        "maybe-folder", "contents", "glob", "remote", "multi", "url", "url-http", "url-https", "url-ftp",
        "url-git", "url-ssh", "url-file", "url-s3", "url-gs", "url-ip", "url-private", "url-local", "url-plain",
    ]
)  # fmt: skip


def first_match(words: Sequence[Word], predicates: Sequence[Predicate], where: Where) -> Word | None:
    for word in words:
        for predicate in predicates:
            if predicate(word, where):
                return word
    return None
