"""Shells and interpreters given their program: ``bash -c``, on standard input, in a file of this line; and the inline
code of other languages, which ``inline.translate`` turns into equivalent shell lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax.state import NOTHING, Draft, Out, State, Val

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ksh93", "mksh", "ash", "rbash", "yash", "fish", "pdksh"})
VALUE_OPTIONS = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file", "-C", "--init-command"})


def _state(draft: Draft, st: State) -> State:
    inner = st.share()
    inner.top = draft.top
    inner.wrappers = (*st.wrappers, draft.name)
    inner.inp_text, inner.inp_from = draft.stdin_text, draft.stdin_from
    inner.functions, inner.aliases, inner.replace = {}, {}, None
    return inner


def shell(w: Commands, draft: Draft, st: State) -> Out | None:
    """A shell: ``-c TEXT``, a script written in this line, or its standard input."""
    words = draft.words
    dialect = draft.name if draft.name in ("zsh", "fish") else "bash"
    at, text, stdin = 1, None, False
    for name in ("BASH_ENV", "ENV"):
        start = st.vars.get(name)
        _start_up(w, draft, st, start.text if start is not None else "", dialect)
    while at < len(words):
        option = words[at].text
        if option in VALUE_OPTIONS:
            if option in ("--rcfile", "--init-file") and at + 1 < len(words):
                _start_up(w, draft, st, words[at + 1].text, dialect)
            if option in ("-C", "--init-command") and dialect == "fish" and at + 1 < len(words):
                _run(w, draft, st, words[at + 1].text, words[at + 1], dialect, [])
            at += 2
            continue
        if option[:1] in ("-", "+") and option[1:2] != "-" and option[-1:] in ("o", "O"):
            text = words[at] if option[0] == "-" and "c" in option else text
            at += 2  # bash -euo pipefail
            continue
        if option == "--" or option == "-":
            at += 1
            break
        if option[:1] not in ("-", "+") or len(option) == 1:
            break
        if dialect == "fish" and option.startswith("--init-command="):
            _run(w, draft, st, option.partition("=")[2], words[at], dialect, [])
        if dialect == "fish" and option.startswith("--command="):
            text = words[at]
            return _run(w, draft, st, text.text.partition("=")[2], text, dialect, [])
        if option in ("--command",) or (option[0] == "-" and option[1:2] != "-" and "c" in option):
            text = words[at]
        stdin |= option[0] == "-" and option[1:2] != "-" and "s" in option
        if option in ("--no-execute", "-n") or (option[0] == "-" and option[1:2] != "-" and "n" in option):
            return NOTHING  # only the syntax is checked
        at += 1
    if text is not None:
        if at >= len(words):
            return None
        return _run(w, draft, st, words[at].text, words[at], dialect, words[at + 1 :])
    inner_text: str | None
    if at < len(words) and not stdin and words[at].text not in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        inner_text = w.behind(draft, words[at].text, st)
        if inner_text is None:
            return None
        return _run(w, draft, st, inner_text, words[at], dialect, words[at:], "file")
    inner_text = w.input_of(draft, st)
    if inner_text is None:
        return None
    source = next((r.target for r in draft.redirects if r.fd == 0), None)
    carrier = source or Word("", "", draft.span, sources=(draft.stdin_from,) if draft.stdin_from is not None else ())
    return _run(w, draft, st, inner_text, carrier, dialect, words[max(at - 1, 0) :], "stdin")


def _start_up(w: Commands, draft: Draft, st: State, path: str, dialect: str) -> None:
    """A file that a shell reads before anything else, where this line wrote it."""
    text = w.content(path, st) if path else None
    if text is not None:
        _run(w, draft, st, text, draft.words[0], dialect, [], "file")


def _run(
    w: Commands, draft: Draft, st: State, text: str, word: Word, dialect: str, args: list[Word], via: str = "string"
) -> Out:
    inner = _state(draft, st)
    if via == "stdin":
        inner.inp_text = inner.inp_from = None  # the program itself was there
    # Arguments bind inside: the text is read with them as $0 $1 …
    inner.args = None
    state = inner.clean()
    first = 0 if dialect == "fish" and via == "string" else 1
    state.args = [a.text for a in args[first:]] if args else []
    if args:
        state.vars["0"] = Val(args[0].text)
    return w.nested(text, state, word.span, via, clean=False, dialect=dialect, word=word)


def _lines(w: Commands, draft: Draft, st: State, language: str, source: str) -> Out | None:
    """Run the equivalent of code of another language; what it prints, where that is known."""
    from vectra_guard.syntax.inline import printed  # most lines hold no code of another language
    from vectra_guard.syntax.inline.emit import UNKNOWN_CODE

    inner = _state(draft, st)
    if source == inner.inp_text:
        inner.inp_text = inner.inp_from = None  # the program itself was there
    text: str | None = None
    try:
        given = w.input_of(draft, st) if inner.inp_text is not None or draft.redirects else None
        lines, text = printed(language, source, 0, given if given != source else None)
    except Exception:  # a bug in one language's reader must not hide what the rest of the line does
        lines = [UNKNOWN_CODE]
    for line in lines:
        w.nested(line, inner, draft.span, language, dialect="bash", word=draft.words[0])
    return None if text is None else Out(text, (draft.index,))


def program(w: Commands, draft: Draft, st: State) -> Out | None:
    """Another language's interpreter."""
    from vectra_guard.syntax.inline.table import code_of, interpreter

    words = draft.words
    spec = interpreter(draft.name)
    if spec is None:
        return None
    texts = [draft.name, *(x.text for x in words[1:])]
    if texts[1:3] == ["-m", "base64"]:
        from vectra_guard.syntax.filters import b64

        decoded = b64(texts[3:], w.input_of(draft, st))
        return None if decoded is None else Out(decoded, (draft.index,))
    pieces = code_of(texts)
    out: Out | None = None
    for language, source in pieces:
        out = _lines(w, draft, st, language, source)
    if pieces:
        return out
    operand = next((t for t in texts[1:] if t[:1] != "-" or t == "-"), None)
    text: str | None = None
    if operand is None or operand in ("-", "/dev/stdin") or spec.edits:
        text = w.input_of(draft, st) if spec.reads_stdin else None
    else:
        text = w.content(operand, st)
    if text is not None and text.strip():
        return _lines(w, draft, st, spec.language, text)
    return None


def versioned(w: Commands, draft: Draft, st: State) -> Out | None:
    """``python3.12`` and its kin."""
    from vectra_guard.syntax.inline.table import interpreter

    return program(w, draft, st) if interpreter(draft.name) is not None else None


def run_file(w: Commands, draft: Draft, st: State) -> Out | None:
    """A file that this line wrote is run by its path."""
    name = draft.words[0].text
    text = w.content(name if "/" in name else w.found(name, st), st)
    if text is None or text == UNKNOWN:
        return None
    first = text.split("\n", 1)[0]
    if first.startswith("#!") and not any(s in first for s in ("sh", "fish")):
        from vectra_guard.syntax.inline.table import language_of

        tool = first[2:].split()[-1].rpartition("/")[2] if first[2:].split() else ""
        language = language_of(tool)
        if language is not None:
            _lines(w, draft, st, language, text)
        return None
    return _run(w, draft, st, text, draft.words[0], "bash", draft.words, "file")
