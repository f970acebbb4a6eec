"""What a deletion would take: root, home, the system, the project, a folder, a file, or only artefacts.

Reads rm and its relatives, ``find -delete`` and ``-exec rm``, and the names that reach ``xargs rm``. Artefacts,
caches and temporary files are free. A target that only the running shell knows is judged by its worst case and
marked undecided. The texts of the findings are in deletion.yaml.
"""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN, Command, Word
from vectra_guard.rules.find import find_targets, finds_little, is_find
from vectra_guard.rules.places import GLOB
from vectra_guard.rules.view import Context, View

BARE = re.compile(r"[\\^$()*+?/\[\]]")
GIT_DATA = re.compile(r"\.git/(refs|objects|packed-refs$|HEAD$|logs)")
TEMPORARY_NAME = re.compile(r"^_?(temp|TEMP|scratch)|(temp|TEMP)(_?(file|dir|FILE|DIR))?$|[Tt]mp|TMP")
WHOLE = frozenset(("delete.root", "delete.home", "delete.system", "delete.device", "guard.delete"))
CONTAINERS = frozenset(("docker", "podman", "nerdctl"))
REMOVERS = frozenset(("rm", "grm", "rmdir", "unlink", "rimraf", "del-cli"))
SHREDDERS = frozenset(("shred", "srm", "wipe", "scrub"))
LISTERS = frozenset(("ls", "dir", "vdir", "exa", "eza", "lsd"))
FREE = frozenset(("artefact", "cache", "temp", "net", "harmless-device"))
PRECIOUS = frozenset(("secret", "startup", "database", "backup", "git-config"))


def judge(context: Context) -> None:
    deleters = context.rules.role("deleters")
    for view in context.views:
        if view.name in deleters:
            _by_command(context, view)
        elif is_find(view):
            _by_find(context, view)
        elif view.name == "mv" and view.parsed.args and "harmless-device" in view.tags(view.parsed.args[-1]):
            for word in view.parsed.args[:-1]:
                _report(context, view.command, grade(view.tags(word), word, True), word)


def _by_command(context: Context, view: View) -> None:
    parsed = view.parsed
    if parsed.has("--help", "--version"):
        return
    recursive = parsed.has("--recursive") or view.name in ("trash", "trash-put", "rmtree", "rimraf", "del-cli", "gio")
    if view.name == "rmdir" and not recursive:
        return
    if view.command.via in ("find", "xargs") and _from_upstream(context, view, recursive):
        return
    seen: set[tuple[str, bool]] = set()
    for word in parsed.args:
        if (word.text, word.quoted) in seen:
            continue
        seen.add((word.text, word.quoted))
        if word.sources and _made_by(context, word, "temp_makers"):
            continue
        if word.text == "{}":
            continue
        place = next((p for s in word.sources if (p := _listed_place(context.views[s]))), "")
        if place:
            context.add(place, view.command, word.text)
            continue
        if view.command.place == "container":
            word = _outside_container(context, view, word)
        tags = view.tags(word)
        if parsed.unclear and UNKNOWN in word.text:
            recursive = recursive or not parsed.flags
        listed = view.command.via in ("find", "xargs") and "unknown-part" in tags
        graded = grade(tags, word, recursive, many=listed)
        if graded is not None and view.name in SHREDDERS and graded[0] in ("delete.file", "delete.unknown-file"):
            graded = ("delete.shredded", graded[1])
        if view.name in ("trash", "trash-put") and graded is not None and graded[0] not in WHOLE:
            continue  # it can be taken out again
        if graded is not None and graded[0] == "delete.unknown-temp" and view.command.via == "trap":
            continue  # the usual tidying up at the end of a script
        _report(context, view.command, graded, word)


def grade(tags: frozenset[str], word: Word, recursive: bool, many: bool = False) -> tuple[str, bool] | None:
    """(rule id, undecided) for one target; None when its loss is free."""
    many = many or recursive or bool(tags & {"glob", "contents"}) or word.splits
    if "guard" in tags:
        return "guard.delete", False
    if "unknown" in tags:
        return _grade_unknown(tags, word, recursive)
    sure = _grade_places(tags, many)
    if sure is not None:
        return sure, False
    if tags & {"maybe-root", "maybe-home"} and recursive:
        return "delete.unknown", True
    if "temp-root" in tags and many:
        return "delete.temp-all", False
    if tags & FREE and not ("database" in tags and "temp" not in tags and "cache" not in tags):
        return None
    if many and UNKNOWN in word.text:
        return "delete.unknown", True
    if tags & PRECIOUS:
        return "delete.precious", False
    if "git-internal" in tags and (many or GIT_DATA.search(word.text)):
        return "delete.repository", False
    if not many:
        return ("delete.system-file", False) if _foreign(tags) else ("delete.file", False)
    if "glob" in tags and not recursive and tags & {"workspace"}:
        return "delete.many", False
    return ("delete.folder" if "workspace" in tags else "delete.outside"), False


def _foreign(tags: frozenset[str]) -> bool:
    return "system" in tags and not tags & {"local", "log", "shared"}


def _grade_places(tags: frozenset[str], many: bool) -> str | None:
    if "root" in tags:
        return "delete.root"
    if "home" in tags and many:
        return "delete.home"
    if "device" in tags:
        return "delete.device"
    if "core" in tags and "cache" not in tags:
        return "delete.system"
    if "system" in tags and "contents" in tags and many and not tags & {"log", "cache", "shared", "local"}:
        return "delete.system"
    if tags & {"secret-folder"} and many:
        return "delete.precious"
    if tags & {"workspace-root", "above", "here"} and many:
        return "delete.project"
    return None


def _grade_unknown(tags: frozenset[str], word: Word, recursive: bool) -> tuple[str, bool] | None:
    if "artefact" in tags:
        return None
    named = bool(word.variables) and all(TEMPORARY_NAME.search(v) for v in word.variables)
    temporary = named and "/.." not in word.text
    if recursive:
        if temporary and "unknown-root" not in tags and word.quoted:
            return "delete.unknown-temp", True
        return "delete.unknown", True
    if temporary:
        return None
    if GLOB.search(word.text) and "unknown-root" in tags:
        return "delete.unknown", True
    return "delete.unknown-file", True


def _report(context: Context, command: Command, graded: tuple[str, bool] | None, word: Word) -> None:
    if graded is None:
        return
    rule, undecided = graded
    if rule == "delete.folder" and _nothing_lost(context, word):
        return
    reviewed = context.rules.rule(rule).remedy == "ask" and _shown_by_a_view(context.views[command.index], word)
    context.add(rule, command, word.text, undecided=undecided, remedy="review" if reviewed else None)


def _shown_by_a_view(view: View, word: Word) -> bool:
    """Would a copy-on-write view of the project show what is lost? It has to hold all of the target; its own root
    cannot be removed in it, and what shredders and trash cans are for lies outside."""
    tags = view.tags(word)
    if "workspace" not in tags or tags & {"above", "unknown", "maybe-root", "maybe-home"}:
        return False
    if view.name not in REMOVERS and not is_find(view):
        return False
    return "contents" in tags or not tags & {"here", "workspace-root"}


def _nothing_lost(context: Context, word: Word) -> bool:
    """With facts: an empty folder, or one that git ignores, is no loss."""
    look = context.facts.path_info
    if look is None or UNKNOWN in word.text or word.glob:
        return False
    path = word.text if word.text.startswith("/") else f"{context.request.cwd}/{word.text}"
    info = look(path)
    return info is not None and info.exists and (info.files == 0 or info.ignored is True)


def _made_by(context: Context, word: Word, role: str) -> bool:
    names = context.rules.role(role)
    return word.text == UNKNOWN and all(context.script.commands[s].name in names for s in word.sources)


def _bind_mount(text: str) -> tuple[str, str]:
    """``type=bind,src=/,dst=/host`` as (source, target)."""
    keys = dict(part.partition("=")[::2] for part in text.split(","))
    target = keys.get("dst") or keys.get("target") or keys.get("destination", "")
    return keys.get("src") or keys.get("source", ""), target


def _outside_container(context: Context, view: View, word: Word) -> Word:
    """The path on this machine that a bind mount of ``docker run -v /:/host`` makes of a path inside."""
    above = context.views[view.command.top : view.command.index]
    outer = [v.parsed for v in above if v.name in CONTAINERS]
    volumes = [w.text.partition(":")[::2] for parsed in outer for w in parsed.values("--volume")]
    volumes += [_bind_mount(w.text) for parsed in outer for w in parsed.values("--mount")]
    for source, rest in volumes:
        inside = rest.partition(":")[0].rstrip("/")
        if source[:1] in ("/", "~") and inside and f"{word.text}/".startswith(inside + "/"):
            text = source.rstrip("/") + word.text[len(inside) :]
            return Word(text or "/", word.raw, word.span, word.quoted, word.glob)
    return word


def _from_upstream(context: Context, view: View, recursive: bool) -> bool:
    """Names that come from ``find`` or another lister through -exec or xargs; True when that decided it."""
    command = view.command
    if any(w.known and "{}" not in w.text for w in view.parsed.args):
        return False
    source = _upstream(context, view)
    if source is None:
        return False
    place = _listed_place(source)
    if place:
        context.add(place, command, source.words[-1].text if source.words else "")
        return True
    if is_find(source):
        if command.via == "xargs" and not _chosen_artefacts(context, view, source):
            _grade_find(context, view.command, source)
        return True
    if source.name in ("git", "ls", "grep", "rg", "fd", "fdfind", "ag", "locate", "cat", "awk", "sort"):
        patterns = [w for w in source.words if not w.text.startswith("-") and not view.tags(w) <= {"workspace"}]
        if patterns and source.name in ("fd", "fdfind", "ls") and all(view.tags(w) & FREE for w in patterns):
            return True
        inside = source.name == "git" and not source.parsed.has("-C", "--git-dir", "--work-tree")
        context.add("delete.many-unknown", command, source.name, remedy="review" if inside else None)
        return True
    return False


def _chosen_artefacts(context: Context, view: View, source: View) -> bool:
    """``find . | grep -E '__pycache__|[.]pyc$' | xargs rm``: only names that a pattern of artefacts lets through."""
    at = (
        view.command.stdin_from
        if view.command.stdin_from is not None
        else (context.script.commands[view.command.top].stdin_from)
    )
    while at is not None and context.views[at] is not source:
        grep = context.views[at]
        if grep.name in ("grep", "egrep", "rg") and not grep.parsed.has("--invert-match") and grep.parsed.args:
            names = [BARE.sub("", n) for n in re.split(r"\\?\|", grep.parsed.args[0].text)]
            return all(grep.tags(Word("x" + n if n[:1] == "." else n, n, grep.command.span)) & FREE for n in names)
        at = grep.command.stdin_from
    return False


def _listed_place(source: View) -> str:
    """``ls /``, ``ls -d ~/*``: the rule for deleting what this lists, where that is a whole place and not a choice."""
    words = [w for w in source.words if w.text[:1] != "-"]
    if is_find(source):
        words, chosen = find_targets(source)
    elif source.name in ("fd", "fdfind"):
        texts = [w.text for w in source.words]
        end = next((n for n, text in enumerate(texts) if text in ("-x", "-X", "--exec", "--exec-batch")), len(texts))
        words = [w for w in source.words[:end] if w.text[:1] != "-"]
        chosen, words = not words or words[0].text not in (".", "", ".*"), words[1:]
    else:
        chosen = source.name not in LISTERS
    if chosen:
        return ""
    found: frozenset[str] = frozenset().union(*(source.tags(w) for w in words or [Word(".", ".", source.command.span)]))
    if "root" in found:
        return "delete.root"
    if "home" in found:
        return "delete.home"
    return "delete.system" if "system-top" in found or {"core", "contents"} <= found else ""


def _upstream(context: Context, view: View) -> View | None:
    command = view.command
    if command.via == "find":
        source = next((s for w in view.words for s in w.sources), command.top)
        return context.views[source] if context.views[source] is not view else None
    at: int | None = command.stdin_from
    if at is None:
        listed = (s for w in view.words for s in w.sources)
        at = next(listed, context.script.commands[command.top].stdin_from)
    filters = context.rules.role("filters")
    steps = 0
    while at is not None and steps < 20:
        view = context.views[at]
        if view.name not in filters or view.command.stdin_from is None:
            return view
        at, steps = view.command.stdin_from, steps + 1
    return None


def _by_find(context: Context, view: View) -> None:
    texts = [w.text for w in view.words]
    deletes = "-delete" in texts
    for at, text in enumerate(texts[:-1]):
        if text in ("-exec", "-execdir", "-ok", "-okdir"):
            name = texts[at + 1].rpartition("/")[2]
            deletes = deletes or (name in context.rules.role("deleters") and name != "rmdir")
    if deletes:
        _grade_find(context, view.command, view)


def _grade_find(context: Context, command: Command, source: View) -> None:
    targets, filtered = find_targets(source)
    little = finds_little(source)
    for word in targets:
        tags = source.tags(word)
        if little and not tags & {"root", "core", "system"}:
            if little == "one":
                _report(context, command, ("delete.file", False), word)
            continue
        base = tags - {"glob"} if filtered else tags
        if filtered and base & {"home", "root", "core", "system"} and not tags & FREE:
            rule = "delete.find-system" if base & {"root", "core", "system"} and "log" not in base else "delete.many"
            if "log" in base:
                rule = "delete.logs"
            _report(context, command, (rule, False), word)
            continue
        if filtered and tags & {"temp", "temp-root"}:
            continue
        _report(context, command, grade(tags, word, not filtered, many=True), word)
