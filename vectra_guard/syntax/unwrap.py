"""Opens up commands that run other commands. ``handler(name)`` gives the function for a command, or None.

Each adds the inner commands to the walk (with ``wrappers``, ``privileged``, ``place``) and returns their output, or
None where this use of the command runs nothing else (``sudo -l``). A new plain wrapper is a row in ``wrappers``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax.escapes import NUL
from vectra_guard.syntax.interpreters import SHELLS, program, run_file, shell, versioned
from vectra_guard.syntax.state import Draft, Out, State
from vectra_guard.syntax.wrappers import (
    BWRAP_NONE,
    BWRAP_TWO,
    CONTAINER_GLOBAL,
    CONTAINER_VALUES,
    KUBE_VALUES,
    REMOTE,
    ROWS,
    SUBROWS,
    Row,
)

if TYPE_CHECKING:
    from vectra_guard.syntax.walk import Walker

__all__ = ["handler", "run_file", "versioned"]
Handler = Callable[["Walker", Draft, State], "Out | None"]
MAX_RUNS = 24


def handler(name: str) -> Handler | None:
    found = SPECIAL.get(name)
    if found is not None:
        return found
    if name in ROWS:
        return _row
    if name in SHELLS:
        return shell
    if name in SUBCOMMANDS:
        return _subrow
    if name in REMOTE:
        return _remote
    if name.startswith(("ld-linux", "ld-musl", "ld.so")):
        return _loader
    return program if name in _languages() else None


def _languages() -> frozenset[str]:
    global _names
    if not _names:
        from vectra_guard.syntax.inline.table import LANGUAGES

        _names = frozenset(LANGUAGES)
    return _names


_names: frozenset[str] = frozenset()


def inner_state(draft: Draft, st: State, row: Row | None = None, via: str = "") -> State:
    inner = st.share()
    inner.top = draft.top
    inner.wrappers = (*st.wrappers, draft.name)
    inner.inp_text, inner.inp_from = draft.stdin_text, draft.stdin_from
    inner.functions, inner.replace = {}, None
    if row is not None:
        inner.privileged |= row.privileged
        inner.place = row.place or st.place
    inner.via = via or st.via
    return inner


def scan(words: Sequence[Word], row: Row, at: int = 1) -> tuple[int, list[Word]]:
    """Where the operands start (``len(words)`` when there are none), and the values of options that are texts."""
    longs, long_texts = row.longs.split(), row.long_text.split()
    texts: list[Word] = []
    n = len(words)
    while at < n:
        text = words[at].text
        if text == "--":
            return at + 1, texts
        if text[:2] == "--":
            name, equals, value = text[2:].partition("=")
            if name in long_texts:
                if equals:
                    texts.append(_piece(words[at], value))
                elif at + 1 < n:
                    texts.append(words[at + 1])
                    at += 1
            elif name in longs and not equals:
                at += 1
        elif text[:1] == "-" and len(text) > 1:
            for place, letter in enumerate(text[1:], 2):
                if letter in row.text:
                    if place < len(text):
                        texts.append(_piece(words[at], text[place:]))
                    elif at + 1 < n:
                        texts.append(words[at + 1])
                        at += 1
                    break
                if letter in row.values:
                    at += 1 if place == len(text) else 0
                    break
        elif not row.permute and text != "-":
            return at, texts
        at += 1
    return n, texts


def _piece(word: Word, text: str) -> Word:
    return Word(text, word.raw, word.span, word.quoted, word.glob, word.splits, word.sources, word.variables)


def joined(words: Sequence[Word]) -> Word:
    return Word(
        " ".join(w.text for w in words), "", words[0].span, False, False, False,
        tuple(s for w in words for s in w.sources), tuple(v for w in words for v in w.variables),
    )  # fmt: skip


def assignments(words: Sequence[Word], at: int) -> tuple[int, list[tuple[str, Word]]]:
    found: list[tuple[str, Word]] = []
    while at < len(words):
        name, equals, value = words[at].text.partition("=")
        if not equals or not name.isidentifier():
            break
        found.append((name, _piece(words[at], value)))
        at += 1
    return at, found


def _row(w: Walker, draft: Draft, st: State) -> Out | None:
    return _run_row(w, draft, st, ROWS[draft.name], 1)


def _run_row(w: Walker, draft: Draft, st: State, row: Row, at: int) -> Out | None:
    words = draft.words
    at, texts = scan(words, row, at)
    inner = inner_state(draft, st, row)
    out: Out | None = None
    for text in texts:
        out = w.nested(text.text, inner, text.span, "string", word=text)
    if row.permute:
        return out
    assigns: list[tuple[str, Word]] = []
    if row.assigns:
        at, assigns = assignments(words, at)
    for _ in range(row.skip):
        at += 1
        if at < len(words) and words[at].text == "--":
            at += 1
    if row.skip and row.text and at < len(words) and words[at].text in ("-c", "--command"):
        rest = words[at + 1 :]
        return w.nested(rest[0].text, inner, rest[0].span, "string", word=rest[0]) if rest else out
    if row.skip and draft.name in ("chrt", "taskset", "runcon") and at < len(words) and words[at].text[:1] == "-":
        return out
    if at >= len(words):
        return out
    if row.shell:
        text = joined(words[at:])
        return w.nested(text.text, inner, text.span, "string", word=text)
    return w.argv(words[at:], inner, assigns)


SUBCOMMANDS = {name for name, _ in SUBROWS}


def _subrow(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    bare = SUBROWS.get((draft.name, ""))
    if bare is not None:
        return _run_row(w, draft, st, bare, 1)
    for at in range(1, min(len(words), 8)):
        row = SUBROWS.get((draft.name, words[at].text))
        if row is not None:
            return _run_row(w, draft, st, row, at + 1)
        if words[at].text[:1] != "-" and words[at - 1].text[:1] != "-":
            return None
    return None


def _remote(w: Walker, draft: Draft, st: State) -> Out | None:
    """ssh: options may hold local commands; what follows the host is a text for the remote shell."""
    words, row = draft.words, REMOTE[draft.name]
    for number, word in enumerate(words[:-1]):
        option = words[number + 1].text if word.text == "-o" else (word.text[2:] if word.text[:2] == "-o" else "")
        key, _, value = option.replace(" ", "=", 1).partition("=")
        if key.lower() in ("proxycommand", "localcommand", "knownhostscommand") and value and value != "none":
            w.nested(value, inner_state(draft, st), word.span, "string", word=words[number + 1])
    at, _ = scan(words, row)
    at += 1
    while at < len(words) and words[at].text[:1] == "-" and words[at].text != "--":
        at += 2 if words[at].text[-1] in row.values and len(words[at].text) == 2 else 1  # options after the host
    if at < len(words) and words[at].text == "--":
        at += 1
    inner = inner_state(draft, st)
    inner.place = "ssh"
    inner.cwd = UNKNOWN
    if at >= len(words):
        text = w.input_of(draft, st)
        if text is not None and len(words) > 1:
            return w.nested(text, inner, draft.span, "stdin")
        return None
    whole = joined(words[at:])
    return w.nested(whole.text, inner, whole.span, "string", word=whole)


def _loader(w: Walker, draft: Draft, st: State) -> Out | None:
    row = Row("", "library-path preload argv0 inhibit-rpath audit glibc-hwcaps-prepend")
    return _run_row(w, draft, st, row, 1)


def _applet(w: Walker, draft: Draft, st: State) -> Out | None:
    if len(draft.words) < 2 or draft.words[1].text[:1] == "-":
        return None
    return w.argv(draft.words[1:], inner_state(draft, st))


def _env(w: Walker, draft: Draft, st: State) -> Out | None:
    words = list(draft.words)
    inner = inner_state(draft, st)
    at = 1
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text.startswith(("-S", "--split-string", "-vS", "-iS")):
            value = text.partition("=")[2] if text[:2] == "--" and "=" in text else text.partition("S")[2]
            if text == "--split-string":
                value = ""
            rest = words[at + 1 :]
            if not value and rest:
                value, rest = rest[0].text, rest[1:]
            pieces = [_piece(words[at], p) for p in split_words(value)]
            words = [words[0], *pieces, *rest]
            at = 1
            continue
        if text in ("-u", "--unset", "-C", "--chdir") and at + 1 < len(words):
            if text in ("-C", "--chdir"):
                inner.cwd = words[at + 1].text
            at += 2
            continue
        if text[:1] != "-":
            break
        at += 1
    at, assigns = assignments(words, at)
    if at >= len(words):
        return None
    return w.argv(words[at:], inner, assigns)


def split_words(text: str) -> list[str]:
    """Words as ``env -S`` and ``xargs`` make them: blanks, both quotes, backslash."""
    out: list[str] = []
    cur: list[str] | None = None
    quote = ""
    at = 0
    while at < len(text):
        c = text[at]
        at += 1
        if quote:
            if c == quote:
                quote = ""
            else:
                cur = [] if cur is None else cur
                cur.append(c)
        elif c in "'\"":
            quote = c
            cur = [] if cur is None else cur
        elif c == "\\" and at < len(text):
            cur = [] if cur is None else cur
            cur.append(text[at])
            at += 1
        elif c in " \t\n":
            if cur is not None:
                out.append("".join(cur))
                cur = None
        else:
            cur = [] if cur is None else cur
            cur.append(c)
    if cur is not None:
        out.append("".join(cur))
    return out


XARGS = Row("aEIdLnPs", "arg-file delimiter eof replace max-lines max-args max-procs max-chars process-slot-var")


def _xargs(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    at, _ = scan(words, XARGS)
    marker, nul, lines = _xargs_options([x.text for x in words[1:at]])
    command = list(words[at:]) or [Word("echo", "", draft.span)]
    inner = inner_state(draft, st, via="xargs")
    text = w.input_of(draft, st)
    sources = (draft.stdin_from,) if draft.stdin_from is not None else ()
    inner.inp_text = inner.inp_from = None
    span = words[0].span
    if text is None or UNKNOWN in text:
        extra = [Word(UNKNOWN, "", span, False, False, True, sources)]
        known = [a for a in (split_words(text) if text else []) if UNKNOWN not in a]
        extra = [Word(a, "", span, True, sources=sources) for a in known[:MAX_RUNS]] + extra
    else:
        args = text.split(NUL) if nul else (text.splitlines() if marker or lines else split_words(text))
        extra = [Word(a.strip() if marker else a, "", span, True, sources=sources) for a in args if a]
    if not marker:
        return w.argv([*command, *extra[:400]], inner)
    out: Out | None = None
    for word in extra[:MAX_RUNS]:
        out = w.argv([_put(c, marker, word) for c in command], inner)
    return out


def _xargs_options(options: list[str]) -> tuple[str, bool, bool]:
    marker, nul, lines = "", False, False
    for number, text in enumerate(options):
        following = options[number + 1] if number + 1 < len(options) else ""
        if text in ("-I", "--replace"):
            marker = following or "{}"
        elif text.startswith(("-I", "-i")):
            marker = text[2:] or "{}"
        elif text.startswith("--replace="):
            marker = text[10:]
        elif text in ("--null",) or (text[:1] == "-" and text[:2] != "--" and "0" in text and not text[1:2].isupper()):
            nul = True
        elif text[:2] in ("-d", "-L") or text.startswith("--delimiter"):
            lines = True
    return marker, nul, lines


def _put(word: Word, marker: str, value: Word) -> Word:
    if marker not in word.text:
        return word
    return Word(
        word.text.replace(marker, value.text), word.raw, word.span, True, False, False,
        word.sources + value.sources, word.variables + value.variables,
    )  # fmt: skip


def _find(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    roots: list[str] = []
    at = 1
    while at < len(words) and words[at].text in ("-H", "-L", "-P"):
        at += 1
    while at < len(words) and words[at].text[:1] not in ("-", "(", "!"):
        roots.append(words[at].text)
        at += 1
    roots = roots or ["."]
    inner = inner_state(draft, st, via="find")
    inner.inp_text = inner.inp_from = None
    while at < len(words):
        if words[at].text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = at + 1
            while end < len(words) and words[end].text not in (";", "+"):
                end += 1
            for root in roots[:4]:
                below = Word(root.rstrip("/") + "/" + UNKNOWN, "", words[at].span, True, sources=(draft.index,))
                w.argv([_put(x, "{}", below) for x in words[at + 1 : end]], inner)
            at = end
        at += 1
    return None


def _fd(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    for at, word in enumerate(words):
        if word.text in ("-x", "-X", "--exec", "--exec-batch"):
            inner = inner_state(draft, st, via="find")
            below = Word("./" + UNKNOWN, "", word.span, True, sources=(draft.index,))
            command = words[at + 1 :]
            if not any("{" in x.text for x in command):
                command = [*command, below]
            w.argv([_put(_put(x, "{}", below), "{/}", below) for x in command], inner)
            break
    return None


def _parallel(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    row = Row("jSNLnaIPC", "jobs max-procs arg-file colsep delay timeout retries joblog results tmpdir workdir halt load nice")
    at, _ = scan(words, row)
    marks = [n for n in range(at, len(words)) if words[n].text in (":::", ":::+", "::::")]
    command = words[at : marks[0] if marks else len(words)]
    values: list[Word] = []
    if marks:
        values = [x for x in words[marks[0] + 1 :] if not x.text.startswith(":::")]
    else:
        text = w.input_of(draft, st)
        sources = (draft.stdin_from,) if draft.stdin_from is not None else ()
        values = (
            [Word(UNKNOWN, "", draft.span, False, False, True, sources)]
            if text is None
            else [Word(x, "", draft.span, sources=sources) for x in text.splitlines()]
        )
    out: Out | None = None
    inner = inner_state(draft, st, via="xargs")
    inner.inp_text = inner.inp_from = None
    for value in values[:MAX_RUNS]:
        made = [_put(x, "{}", value) for x in command] if command else []
        if not any("{}" in x.text for x in command):
            made = [*command, value]
        whole = joined(made)
        out = w.nested(whole.text, inner, whole.span, "xargs", word=whole)
    return out


def _container(w: Walker, draft: Draft, st: State) -> Out | None:
    """docker, podman, nerdctl: ``run IMAGE CMD…``, ``exec NAME CMD…``; compose with a service."""
    words = draft.words
    at = _past_options(words, 1, CONTAINER_GLOBAL)
    while at < len(words) and words[at].text in ("compose", "container", "-compose"):
        at = _past_options(words, at + 1, frozenset("f file p project-name profile env-file project-directory".split()))
    if draft.name.endswith("-compose"):
        at = _past_options(words, 1, frozenset("f file p project-name profile env-file project-directory".split()))
    if at >= len(words) or words[at].text not in ("run", "exec", "create"):
        return None
    start = at + 1
    at = _past_options(words, start, CONTAINER_VALUES)
    entry = [words[n + 1] for n in range(start, min(at, len(words) - 1)) if words[n].text == "--entrypoint"]
    entry += [_piece(words[n], words[n].text[13:]) for n in range(start, at) if words[n].text.startswith("--entrypoint=")]
    rest = words[at + 1 :]
    if entry and entry[0].text:
        rest = [entry[0], *rest]
    elif rest and rest[0].text[:1] == "-":
        return None
    if not rest:
        return None
    inner = inner_state(draft, st)
    inner.place, inner.cwd = "container", UNKNOWN
    return w.argv(rest, inner)


def _past_options(words: Sequence[Word], at: int, values: frozenset[str]) -> int:
    while at < len(words):
        text = words[at].text
        if text == "--":
            return at + 1
        if text[:2] == "--":
            name = text[2:]
            at += 2 if "=" not in name and name in values else 1
        elif text[:1] == "-" and len(text) > 1:
            takes = next((n for n, c in enumerate(text[1:], 2) if c in values), 0)
            at += 2 if takes == len(text) else 1
        else:
            return at
    return at


def _kubectl(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    at = _past_options(words, 1, KUBE_VALUES)
    if at >= len(words) or words[at].text not in ("exec", "run", "debug"):
        return None
    texts = [x.text for x in words]
    if "--" in texts[at:]:
        rest = words[texts.index("--", at) + 1 :]
    elif words[at].text == "exec":
        rest = words[_past_options(words, _past_options(words, at + 1, KUBE_VALUES) + 1, KUBE_VALUES) :]
    else:
        return None
    if not rest:
        return None
    inner = inner_state(draft, st)
    inner.place, inner.cwd = "container", UNKNOWN
    return w.argv(rest, inner)


def _bwrap(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    at = 1
    while at < len(words) and words[at].text[:2] == "--" and words[at].text != "--":
        name = words[at].text[2:]
        at += 3 if name in BWRAP_TWO else (1 if name in BWRAP_NONE or "=" in name else 2)
    if at < len(words) and words[at].text == "--":
        at += 1
    if at >= len(words):
        return None
    inner = inner_state(draft, st)
    inner.place = "container"
    return w.argv(words[at:], inner)


def _terminal(w: Walker, draft: Draft, st: State) -> Out | None:
    """screen and tmux: commands for new windows, and keys typed into old ones."""
    words = [x for x in draft.words]
    inner = inner_state(draft, st)
    if draft.name == "screen":
        for at, word in enumerate(words[:-1]):
            if word.text == "-X" and words[at + 1].text in ("stuff", "exec"):
                text = joined(words[at + 2 :] or words[at + 1 :])
                return w.nested(text.text, inner, text.span, "string", word=text)
        at, _ = scan(words, Row("cehpsStTrR"))
        return w.argv(words[at:], inner) if at < len(words) else None
    at = _past_options(words, 1, frozenset("fLSTc"))
    if at >= len(words):
        return None
    verb = words[at].text
    if verb.startswith(("send", "run", "if", "pipe", "new", "split", "respawn", "neww", "popup", "display-p")):
        row = Row("ceFnstxyhwlpd") if not verb.startswith(("send", "run", "if")) else Row("tNdF")
        start, _ = scan(words, row, at + 1)
        rest = [x for x in words[start:] if x.text not in ("Enter", "C-m", "KPEnter")]
        if rest:
            text = joined(rest[:1] if verb.startswith("if") else rest)
            return w.nested(text.text, inner, text.span, "string", word=text)
    return None


def _timed(w: Walker, draft: Draft, st: State) -> Out | None:
    """at, batch: the job is on standard input, or in a file that this line wrote."""
    text = w.input_of(draft, st)
    words = [x.text for x in draft.words]
    for number, name in enumerate(words[:-1]):
        if name == "-f":
            text = w.content(words[number + 1], st)
    if text is None:
        return None
    return w.nested(text, inner_state(draft, st), draft.span, "stdin")


def _crontab(w: Walker, draft: Draft, st: State) -> Out | None:
    words = [x.text for x in draft.words[1:] if x.text[:1] != "-" or x.text == "-"]
    if any(x.text in ("-l", "-r", "-e") for x in draft.words):
        return None
    text = w.input_of(draft, st) if not words or words[-1] == "-" else w.content(words[-1], st)
    if text is None:
        return None
    inner = inner_state(draft, st)
    for line in text.splitlines()[:100]:
        line = line.strip()
        if not line or line[0] == "#":
            continue
        fields = line.split(None, 1 if line[0] == "@" else 5)
        if len(fields) > 1 and "=" not in fields[0]:
            w.nested(fields[-1].replace("%", "\n", 1), inner, draft.span, "cron")
    return None


def _flag_texts(*names: str) -> Handler:
    """Commands of which some options hold a command text (``--rsh=…``)."""

    def run(w: Walker, draft: Draft, st: State) -> Out | None:
        words = draft.words
        for at, word in enumerate(words[1:], 1):
            for name in names:
                text: Word | None = None
                if word.text == name and at + 1 < len(words):
                    text = words[at + 1]
                elif name[:2] == "--" and word.text.startswith(name + "="):
                    text = _piece(word, word.text[len(name) + 1 :])
                elif name.endswith("=") and word.text.startswith(name):
                    text = _piece(word, word.text[len(name) :])
                if text is not None and text.text:
                    w.nested(text.text, inner_state(draft, st), text.span, "string", word=text)
        return None

    return run


GIT_RUNS = (
    "core.pager", "core.sshcommand", "core.editor", "core.askpass", "core.gitproxy", "core.fsmonitor", "diff.external",
    "sequence.editor", "credential.helper", "gpg.program", "uploadpack.packobjectshook", "core.alternaterefscommand",
)  # fmt: skip


def _git(w: Walker, draft: Draft, st: State) -> Out | None:
    """Settings given on the command line that run a command, and the verbs that do."""
    words = draft.words
    inner = inner_state(draft, st)
    at = 1
    aliases: dict[str, Word] = {}
    while at < len(words) and words[at].text[:1] == "-":
        text = words[at].text
        if text in ("-c", "--config-env") and at + 1 < len(words):
            key, _, value = words[at + 1].text.partition("=")
            _git_setting(w, inner, key.lower(), value, words[at + 1], aliases)
            at += 2
        elif text in ("-C", "--git-dir", "--work-tree", "--namespace", "--exec-path"):
            at += 2
        else:
            at += 1
    if at >= len(words):
        return None
    verb = words[at].text
    if verb in aliases:
        alias = aliases[verb]
        text = alias.text[1:] if alias.text[:1] == "!" else "git " + alias.text
        rest = " ".join(x.text for x in words[at + 1 :])
        return w.nested(f"{text} {rest}", inner, alias.span, "alias", word=alias)
    _git_verb(w, inner, words, at, verb)
    return None


def _git_setting(w: Walker, inner: State, key: str, value: str, word: Word, aliases: dict[str, Word]) -> None:
    if key.startswith("alias."):
        aliases[key[6:]] = _piece(word, value)
        return
    runs = key in GIT_RUNS or key.startswith("pager.") or key.endswith((".cmd", ".textconv", ".clean", ".smudge", ".process", ".helper"))
    if runs and value and value not in ("true", "false", "cat", "store", "cache"):
        text = value.removeprefix("!")
        w.nested(text, inner, word.span, "string", word=word)


def _git_verb(w: Walker, inner: State, words: Sequence[Word], at: int, verb: str) -> None:
    rest = list(words[at + 1 :])
    if verb == "bisect" and rest and rest[0].text == "run":
        w.argv(rest[1:], inner)
    elif verb == "submodule" and any(x.text == "foreach" for x in rest[:3]):
        start = next(n for n, x in enumerate(rest) if x.text == "foreach") + 1
        while start < len(rest) and rest[start].text[:2] == "--":
            start += 1
        if start < len(rest):
            whole = joined(rest[start:])
            w.nested(whole.text, inner, whole.span, "string", word=whole)
    elif verb in ("rebase", "filter-branch", "difftool", "mergetool", "grep", "ls-remote", "fetch", "clone", "push", "pull"):
        names = {"rebase": ("-x", "--exec"), "difftool": ("-x", "--extcmd"), "grep": ("-O",)}.get(verb, ())
        if verb == "filter-branch":
            names = tuple(f"--{n}-filter" for n in ("tree", "index", "env", "msg", "commit", "parent", "tag-name"))
        if verb in ("ls-remote", "fetch", "clone", "push", "pull"):
            names = ("--upload-pack", "--receive-pack", "--exec", "-u") if verb != "push" else ("--receive-pack", "--exec")
        for number, word in enumerate(rest):
            name, equals, value = word.text.partition("=")
            text = _piece(word, value) if equals and name in names else (
                rest[number + 1] if word.text in names and number + 1 < len(rest) else None
            )  # fmt: skip
            if text is not None and not (verb == "clone" and text.text.startswith("http")):
                w.nested(text.text, inner, text.span, "string", word=text)


def _tar(w: Walker, draft: Draft, st: State) -> Out | None:
    for at, word in enumerate(draft.words[1:], 1):
        text = word.text
        value = ""
        if text.startswith("--checkpoint-action="):
            value = text.partition("exec=")[2]
        elif text.startswith(("--to-command=", "--use-compress-program=", "--rsh-command=", "--info-script=", "--new-volume-script=")):
            value = text.partition("=")[2]
        elif text in ("-I", "-F", "--use-compress-program", "--to-command", "--checkpoint-action") and at + 1 < len(draft.words):
            value = draft.words[at + 1].text.removeprefix("exec=")
        if value:
            w.nested(value, inner_state(draft, st), word.span, "string", word=word)
    return None


def _make(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    for at, word in enumerate(words[:-1]):
        text: str | None = None
        if word.text in ("-f", "--file", "--makefile"):
            path = words[at + 1].text
            text = w.input_of(draft, st) if path in ("-", "/dev/stdin") else w.content(path, st)
        elif word.text == "--eval":
            text = words[at + 1].text
        if text:
            inner = inner_state(draft, st)
            for line in text.splitlines()[:200]:
                recipe = line[1:] if line[:1] == "\t" else (line.partition(";")[2] if ":" in line else "")
                if recipe.strip(" @-+"):
                    w.nested(recipe.lstrip(" @-+").replace("$$", "$"), inner, word.span, "make")
    return None


def _expect(w: Walker, draft: Draft, st: State) -> Out | None:
    texts = [draft.words[n + 1].text for n, x in enumerate(draft.words[:-1]) if x.text == "-c"]
    stdin = w.input_of(draft, st)
    if stdin is not None:
        texts.append(stdin)
    for text in texts:
        for piece in text.replace(";", "\n").splitlines():
            verb, _, rest = piece.strip().partition(" ")
            if verb in ("spawn", "exec", "system", "overlay") and rest:
                w.nested(rest.replace("{", "'").replace("}", "'"), inner_state(draft, st), draft.span, "expect")
    return None


def _socat(w: Walker, draft: Draft, st: State) -> Out | None:
    for word in draft.words[1:]:
        kind, _, value = word.text.partition(":")
        if kind.upper() in ("EXEC", "SYSTEM", "SHELL") and value:
            command = value.partition(",")[0].strip("'\"")
            w.nested(command, inner_state(draft, st), word.span, "string", word=word)
    return None


def _gdb(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    for at, word in enumerate(words[:-1]):
        if word.text in ("-ex", "-iex", "--eval-command") and words[at + 1].text.startswith(("shell ", "!", "make ")):
            text = words[at + 1].text.removeprefix("shell").removeprefix("!")
            w.nested(text, inner_state(draft, st), word.span, "string", word=words[at + 1])
        if word.text in ("--args", "-args"):
            return w.argv(words[at + 1 :], inner_state(draft, st))
    return None


def _entr(w: Walker, draft: Draft, st: State) -> Out | None:
    at, _ = scan(draft.words, Row())
    if at >= len(draft.words):
        return None
    inner = inner_state(draft, st)
    inner.inp_text = inner.inp_from = None
    if any("s" in x.text for x in draft.words[1:at]):
        text = joined(draft.words[at:])
        return w.nested(text.text, inner, text.span, "string", word=text)
    return w.argv(draft.words[at:], inner)


def _sudo(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    for word in words[1:]:
        if word.text in ("-e", "--edit", "-l", "--list", "-v", "-K", "-k", "--validate") and word.text[:1] == "-":
            if word.text in ("-k",):
                continue
            return None
        if word.text[:1] != "-":
            break
    inner = st.share()
    text = words[1].text if len(words) > 1 else ""
    return _run_row(w, draft, inner, ROWS[draft.name], 1) if text or len(words) == 1 else None


def _gnu_terminal(w: Walker, draft: Draft, st: State) -> Out | None:
    for at, word in enumerate(draft.words[:-1]):
        if word.text in ("-e", "-x", "--", "--command", "-c"):
            rest = draft.words[at + 1 :]
            if len(rest) == 1:
                return w.nested(rest[0].text, inner_state(draft, st), rest[0].span, "string", word=rest[0])
            return w.argv(rest, inner_state(draft, st))
    return None


SPECIAL: dict[str, Handler] = {
    "sudo": _sudo, "env": _env, "genv": _env, "xargs": _xargs, "gxargs": _xargs, "find": _find, "gfind": _find,
    "fd": _fd, "fdfind": _fd, "parallel": _parallel,
    "docker": _container, "podman": _container, "nerdctl": _container, "docker-compose": _container,
    "podman-compose": _container, "buildah": _container, "kubectl": _kubectl, "oc": _kubectl, "k3s": _kubectl,
    "bwrap": _bwrap, "screen": _terminal, "tmux": _terminal, "at": _timed, "batch": _timed, "crontab": _crontab,
    "git": _git, "tar": _tar, "gtar": _tar, "bsdtar": _tar, "make": _make, "gmake": _make, "expect": _expect,
    "socat": _socat, "gdb": _gdb, "entr": _entr, "busybox": _applet, "toybox": _applet,
    "rsync": _flag_texts("-e", "--rsh", "--rsync-path"), "scp": _flag_texts("-S"), "sftp": _flag_texts("-S"),
    "zip": _flag_texts("-TT", "--unzip-command"), "man": _flag_texts("-P", "--pager"), "vagrant": _subrow,
    "split": _flag_texts("--filter"), "sort": _flag_texts("--compress-program"), "ncat": _flag_texts("--sh-exec", "-c", "--exec", "-e"),
    "xterm": _gnu_terminal, "gnome-terminal": _gnu_terminal, "konsole": _gnu_terminal, "kitty": _gnu_terminal,
    "alacritty": _gnu_terminal, "wezterm": _gnu_terminal, "flatpak-spawn": _subrow, "nix-shell": _subrow,
    "journalctl": _flag_texts("--pager"),
}  # fmt: skip
