"""Commands that run another command for each of many arguments: xargs, find, fd, parallel, entr."""

from __future__ import annotations

import itertools
from shlex import quote
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax.escapes import NUL
from vectra_guard.syntax.opening import MAX_RUNS, inner_state, joined, put, scan, split_words
from vectra_guard.syntax.state import Draft, Out, State
from vectra_guard.syntax.wrappers import Row

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands


XARGS = Row("aEIdLnPs", "arg-file delimiter eof replace max-lines max-args max-procs max-chars process-slot-var")


def xargs(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    at, _ = scan(words, XARGS)
    marker, nul, lines = _xargs_options([x.text for x in words[1:at]])
    command = list(words[at:]) or [Word("echo", "", draft.span)]
    inner = inner_state(draft, st, via="xargs")
    text = w.input_of(draft, st)
    sources: tuple[int, ...] = (draft.stdin_from,) if draft.stdin_from is not None else ()
    for option, file in itertools.pairwise(words[:at]):
        if option.text in ("-a", "--arg-file"):
            text, sources = w.content(file.text, st), file.sources
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
        out = w.argv([put(c, marker, word) for c in command], inner)
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


def find(w: Commands, draft: Draft, st: State) -> Out | None:
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
                w.argv([put(x, "{}", below) for x in words[at + 1 : end]], inner)
            at = end
        at += 1
    return None


def fd(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    for at, word in enumerate(words):
        if word.text in ("-x", "-X", "--exec", "--exec-batch"):
            inner = inner_state(draft, st, via="find")
            below = Word("./" + UNKNOWN, "", word.span, True, sources=(draft.index,))
            command = words[at + 1 :]
            if not any("{" in x.text for x in command):
                command = [*command, below]
            w.argv([put(put(x, "{}", below), "{/}", below) for x in command], inner)
            break
    return None


def parallel(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    row = Row(
        "jSNLnaIPC", "jobs max-procs arg-file colsep delay timeout retries joblog results tmpdir workdir halt load nice"
    )
    at, _ = scan(words, row)
    marks = [n for n in range(at, len(words)) if words[n].text in (":::", ":::+", "::::")]
    command = words[at : marks[0] if marks else len(words)]
    values: list[Word] = []
    if draft.name == "sem" and not marks:
        whole = joined(command) if command else Word("", "", draft.span)
        return w.nested(whole.text, inner_state(draft, st), whole.span, "xargs", word=whole)
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
        if command and value.known and value.text:  # parallel quotes what it puts into a command
            value = Word(quote(value.text), value.raw, value.span, value.quoted, sources=value.sources)
        made = [put(x, "{}", value) for x in command] if command else []
        if not any("{}" in x.text for x in command):
            made = [*command, value]
        whole = joined(made)
        out = w.nested(whole.text, inner, whole.span, "xargs", word=whole)
    return out


def entr(w: Commands, draft: Draft, st: State) -> Out | None:
    at, _ = scan(draft.words, Row())
    if at >= len(draft.words):
        return None
    inner = inner_state(draft, st)
    inner.inp_text = inner.inp_from = None
    if any("s" in x.text for x in draft.words[1:at]):
        text = joined(draft.words[at:])
        return w.nested(text.text, inner, text.span, "string", word=text)
    return w.argv(draft.words[at:], inner)
