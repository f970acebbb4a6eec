"""Builtins that change what the rest of the line means: directory, variables, aliases, arguments, traps; and those
that run a text or another command in this same shell. One handler a builtin; each returns the output it knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax import deferred, expand
from vectra_guard.syntax.names import normal, word_set
from vectra_guard.syntax.printers import located, printf
from vectra_guard.syntax.state import NOTHING, UNSET, Draft, Out, State, Val

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

DECLARES = frozenset({"declare", "typeset", "export", "local", "readonly", "integer", "float"})
CHANGES_STATE = word_set(
    ". source alias bg bind bindkey break builtin caller cd chdir compdef compgen complete compopt continue"
    " declare dirs disown emulate enable eval exit export fc fg float getopts hash history integer jobs let"
    " local logout mapfile popd print pushd read readarray readonly return set set_color setopt shift shopt"
    " suspend times trap type typeset ulimit umask unalias unfunction unset unsetopt wait zle zmodload zstyle"
    " abbr functions funcsave fish_add_path argparse command exec autoload sched vared block status"
    " commandline test [ [[ (( : true false echo printf pwd time kill"
)
"""Commands that the shell itself has to run: put behind another program they would fail or change nothing.
(``echo`` and ``test`` could run outside; there is no reason to.)"""
COMMAND_VARIABLES = word_set(
    "GIT_SSH_COMMAND GIT_SSH GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER GIT_EXTERNAL_DIFF GIT_ASKPASS"
    " SSH_ASKPASS SUDO_ASKPASS PAGER MANPAGER SYSTEMD_PAGER BAT_PAGER EDITOR VISUAL SUDO_EDITOR FCEDIT"
    " LESSOPEN LESSCLOSE BROWSER PROMPT_COMMAND RSYNC_RSH CVS_RSH GIT_PROXY_COMMAND MANROFFOPT"
)
"""Variables whose value another program, or the shell, runs as a command."""


PROMPTS = frozenset({"PS0", "PS1", "PS2", "PS4", "PROMPT", "RPROMPT", "RPS1"})


def variable_commands(w: Commands, draft: Draft, st: State) -> None:
    for name, word in draft.assigns:
        if name in COMMAND_VARIABLES:
            run_variable(w, draft, st, name, word)
        elif name in PROMPTS and ("$(" in word.text or "`" in word.text):
            _prompt(w, draft, st, word)


def run_variable(w: Commands, draft: Draft, st: State, name: str, word: Word) -> None:
    if word.text and word.text != UNKNOWN and not word.text.startswith("$"):
        inner = st.share()
        inner.top = draft.top
        text = word.text.lstrip("|-") if name in ("LESSOPEN", "LESSCLOSE") else word.text
        w.nested(text, inner, word.span, "variable", word=word)


def _prompt(w: Commands, draft: Draft, st: State, word: Word) -> None:
    """The substitutions of a prompt run each time it is shown."""
    inner = st.share()
    inner.top = draft.top
    w.nested(': "' + word.text.replace('"', "'") + '"', inner, word.span, "variable", word=word)


def _cd(w: Commands, draft: Draft, st: State) -> Out:
    operands = [x for x in draft.words[1:] if not (x.text[:1] == "-" and len(x.text) > 1)]
    target = operands[-1].text if operands else w.home(st)
    old = st.cwd
    if target == "-":
        known = st.vars.get("OLDPWD")
        st.cwd = known.text if known else UNKNOWN
    else:
        st.cwd = UNKNOWN if UNKNOWN in target or (operands and operands[-1].glob) else normal(target, st.cwd)
    if UNKNOWN in st.cwd:
        st.cwd = UNKNOWN
    st.vars["OLDPWD"] = Val(old)
    return NOTHING


def _popd(w: Commands, draft: Draft, st: State) -> Out:
    known = st.vars.get("OLDPWD")
    st.cwd = known.text if known and draft.name == "popd" else UNKNOWN
    return NOTHING


def _declare(w: Commands, draft: Draft, st: State) -> Out:
    flags = "".join(x.text[1:] for x in draft.words[1:] if x.text[:1] == "-")
    query = "p" in flags
    for word in draft.words[1:]:
        name, equals, value = word.text.partition("=")
        if not equals or not name or word.text[0] in "-+":
            continue
        name = name.removesuffix("+")
        if "n" in flags and draft.name != "export":
            st.vars[name] = Val(UNKNOWN, variables=(name,), ref=value)
            continue
        text = value.upper() if "u" in flags else value.lower() if "l" in flags else value
        st.vars[name] = Val(text, None, None, word.sources, word.variables)
        if name in COMMAND_VARIABLES:
            piece = Word(value, word.raw, word.span, word.quoted, False, False, word.sources, word.variables)
            run_variable(w, draft, st, name, piece)
    if "A" in flags and draft.name in ("declare", "typeset", "local"):
        _paired(draft, st)
    return Out(UNKNOWN, (draft.index,)) if query or len(draft.words) == 1 else NOTHING


def _paired(draft: Draft, st: State) -> None:
    """``declare -A m=(key value …)``: an array given so far becomes an associative one."""
    for name, _ in draft.assigns:
        value = st.vars.get(name)
        if value is not None and value.items:
            items = value.items
            st.vars[name] = Val("", None, dict(zip(items[::2], items[1::2], strict=False)), value.sources)


def _read(w: Commands, draft: Draft, st: State) -> Out:
    names: list[str] = []
    array = ""
    words = [x.text for x in draft.words[1:]]
    at = 0
    while at < len(words):
        text = words[at]
        if text[:1] == "-" and len(text) > 1 and not names:
            if text[-1] in "pdnNtui" or (text[-1] in "aA" and st.dialect != "zsh") or text in ("-P", "-c", "-R"):
                if text[-1] in "aA":
                    array = words[at + 1] if at + 1 < len(words) else ""
                at += 1
        else:
            names.append(text.partition("?")[0])
        at += 1
    text_in = w.input_of(draft, st)
    line = text_in.split("\n", 1)[0] if text_in is not None else UNKNOWN
    between = expand.separators(st)
    if array:
        st.vars[array] = Val(line, _split(line, between, 0))
        return NOTHING
    sources = (draft.stdin_from,) if draft.stdin_from is not None else ()
    pieces = _split(line, between, max(1, len(names)))
    for number, name in enumerate(names or ["REPLY"]):
        value = pieces[number] if number < len(pieces) else (UNKNOWN if line == UNKNOWN else "")
        st.vars[name] = Val(value, None, None, sources, (name,) if UNKNOWN in value else ())
    return NOTHING


def _split(line: str, between: str, limit: int) -> list[str]:
    """A line as ``read`` splits it, into at most ``limit`` pieces (0: as many as there are)."""
    blanks = "".join(c for c in between if c in " \t\n")
    line = line.strip(blanks) if blanks else line
    return re.split(f"[{re.escape(between)}]+", line, maxsplit=max(0, limit - 1)) if limit != 1 else [line]


def _mapfile(w: Commands, draft: Draft, st: State) -> Out:
    deferred.callback(w, draft, st)
    text = w.input_of(draft, st)
    name = draft.words[-1].text if len(draft.words) > 1 and draft.words[-1].text[:1] != "-" else "MAPFILE"
    sources = (draft.stdin_from,) if draft.stdin_from is not None else ()
    if text is None:
        st.vars[name] = Val(UNKNOWN, None, None, sources, (name,))
    else:
        ends = [x.text[2:] or y.text for x, y in pairwise(draft.words) if x.text[:2] == "-d"]
        items = text.split(ends[0]) if ends and ends[0] else text.splitlines()
        st.vars[name] = Val(items[0] if items else "", items, None, sources)
    return NOTHING


SPLITS = "SH_WORD_SPLIT"


def _set(w: Commands, draft: Draft, st: State) -> Out:
    if st.dialect == "fish":
        return _fish_set(w, draft, st)
    words = draft.words[1:]
    if not words:
        return Out(UNKNOWN, (draft.index,))
    if draft.name == "setopt" or words[0].text == "-o":
        if any(x.text.lower().replace("_", "") == "shwordsplit" for x in words):
            st.vars[SPLITS] = Val("1")
        return NOTHING
    for number, word in enumerate(words):
        if word.text == "--":
            st.args = [x.text for x in words[number + 1 :]]
            return NOTHING
        if word.text[:1] not in ("-", "+"):
            previous = words[number - 1].text if number else ""
            if previous[-1:] in ("o", "A"):
                continue
            st.args = [x.text for x in words[number:]]
            return NOTHING
    return NOTHING


def _fish_set(w: Commands, draft: Draft, st: State) -> Out:
    words = draft.words[1:]
    flags = ""
    while words and words[0].text[:1] == "-" and len(words[0].text) > 1:
        flags += words[0].text.lstrip("-")[:1] if words[0].text[:2] == "--" else words[0].text[1:]
        words = words[1:]
    if not words:
        return Out(UNKNOWN, (draft.index,))
    name = words[0].text.partition("[")[0]
    if "q" in flags:
        return NOTHING
    if "e" in flags:
        st.vars.pop(name, None)
        return NOTHING
    values = [x.text for x in words[1:]]
    old = st.vars.get(name)
    if "a" in flags and old is not None:
        values = (old.items if old.items is not None else [old.text]) + values
    sources = tuple(s for x in words[1:] for s in x.sources)
    variables = tuple(v for x in words[1:] for v in x.variables)
    st.vars[name] = Val(" ".join(values), values, None, sources, variables, any(x.glob for x in words[1:]))
    if name in COMMAND_VARIABLES and len(words) > 1:
        run_variable(w, draft, st, name, words[1])
    return NOTHING


def _shift(w: Commands, draft: Draft, st: State) -> Out:
    count = draft.words[1].text if len(draft.words) > 1 else "1"
    if st.args is not None and count.isdigit():
        st.args = st.args[int(count) :]
    return NOTHING


def _unset(w: Commands, draft: Draft, st: State) -> Out:
    for word in draft.words[1:]:
        if word.text[:1] != "-":
            st.vars[word.text] = UNSET
            st.functions.pop(word.text, None)
    return NOTHING


def _alias(w: Commands, draft: Draft, st: State) -> Out:
    words = [x for x in draft.words[1:] if st.dialect != "fish" or x.text not in ("-s", "--save")]
    if st.dialect == "fish" and len(words) >= 2 and "=" not in words[0].text:
        st.aliases[words[0].text] = " ".join(x.text for x in words[1:])
        return NOTHING
    flags = "".join(x.text for x in words if x.text[:1] == "-")
    kind = "-g " if "g" in flags else "-s " if "s" in flags else ""
    for word in words:
        name, equals, value = word.text.partition("=")
        if equals and name and name[0] != "-":
            st.aliases[(kind if st.dialect == "zsh" else "") + name] = value
            inner = st.share()
            inner.top, inner.defined_only = draft.top, True
            inner.stack = (*st.stack, name)
            w.nested(value, inner, word.span, "alias", clean=False, word=word)
    return NOTHING


def _unalias(w: Commands, draft: Draft, st: State) -> Out:
    for word in draft.words[1:]:
        st.aliases.pop(word.text, None)
    return NOTHING


def _eval(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words[1:]
    while words and words[0].text in ("--",):
        words = words[1:]
    if not words:
        return NOTHING
    return _text(w, draft, st, " ".join(x.text for x in words), words, "string")


def _text(w: Commands, draft: Draft, st: State, text: str, words: list[Word], via: str) -> Out:
    """Run a text in this same shell."""
    inner = st.share()
    inner.top = draft.top
    inner.inp_text, inner.inp_from = draft.stdin_text, draft.stdin_from
    whole = Word(
        text, "", words[0].span, False, False, False,
        tuple(s for x in words for s in x.sources), tuple(v for x in words for v in x.variables),
    )  # fmt: skip
    out = w.nested(text, inner, words[0].span, via, clean=False, word=whole)
    st.cwd, st.args = inner.cwd, inner.args
    return out


STDIN = frozenset({"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "-"})


def _source(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words[1:]
    while words and words[0].text[:1] == "-" and words[0].text not in ("-",):
        words = words[1:]
    if not words and st.dialect == "fish":
        words = [Word("-", "", draft.span)]
    if not words:
        return None
    path = words[0].text
    text = w.input_of(draft, st) if path in STDIN else w.behind(draft, path, st)
    if text is None:
        return None
    return _text(w, draft, st, text, words[:1], "source")


def place_after(draft: Draft, st: State, word: Word) -> None:
    """Rewrite behind the words before ``word``: they are the shell's own (``exec``, ``command``)."""
    if st.inplace and draft.top == draft.index and st.replace is None:
        draft.insert_at = word.span.start


def _exec(w: Commands, draft: Draft, st: State) -> Out | None:
    at = 1
    words = draft.words
    while at < len(words) and words[at].text[:1] == "-" and len(words[at].text) > 1:
        at += 2 if words[at].text[-1] == "a" else 1
        if words[at - 1].text == "--":
            break
    if at >= len(words):
        for redirect in draft.redirects:
            if redirect.fd > 2 and redirect.op[0] == "<":
                w.fds[redirect.fd] = w.received(redirect, st)
        return NOTHING
    place_after(draft, st, words[at])
    return _inner(w, draft, st, words[at:])


def _command(w: Commands, draft: Draft, st: State) -> Out | None:
    at = 1
    words = draft.words
    while at < len(words) and words[at].text[:1] == "-" and len(words[at].text) > 1:
        if any(c in words[at].text for c in "vVqs") and words[at].text != "--":
            found = located([x.text for x in words[at:]]) if "V" not in words[at].text else None
            return Out(UNKNOWN if found is None else found, (draft.index,))
        at += 1
        if words[at - 1].text == "--":
            break
    if at >= len(words):
        return NOTHING
    if draft.name != "builtin":
        place_after(draft, st, words[at])
    inner_name = words[at].text
    if inner_name in CHANGES_STATE and inner_name not in ("exec", "command"):
        draft.insert_at = None
    return _inner(w, draft, st, words[at:])


def _inner(w: Commands, draft: Draft, st: State, words: list[Word]) -> Out:
    inner = st.share()
    inner.top = draft.top
    inner.wrappers = (*st.wrappers, draft.name)
    inner.inp_text, inner.inp_from = draft.stdin_text, draft.stdin_from
    inner.functions = {}
    before = inner.wrappers
    out = w.argv(words, inner)
    if before and inner.cwd != st.cwd:
        st.cwd = inner.cwd
    return out


def _printf(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    if len(words) > 3 and words[1].text == "-v":
        text = printf([x.text for x in words[3:]])
        sources = tuple(s for x in words[3:] for s in x.sources)
        st.vars[words[2].text] = Val(UNKNOWN if text is None else text, None, None, sources)
        return NOTHING
    return None


def _let(w: Commands, draft: Draft, st: State) -> Out:
    for word in draft.words[1:]:
        name, equals, value = word.text.partition("=")
        if equals and name.isidentifier():
            st.vars[name] = Val(value if value.isdigit() else UNKNOWN)
    return NOTHING


def _hash(w: Commands, draft: Draft, st: State) -> Out:
    words = [x.text for x in draft.words]
    if "-p" in words[:-2]:
        at = words.index("-p")
        path = words[at + 1]
        for name in words[at + 2 :]:
            w.copies["bin:" + name] = path.rpartition("/")[2]
    elif st.dialect == "zsh":
        for text in words[1:]:
            name, equals, path = text.partition("=")
            if equals:
                w.copies["bin:" + name] = path.rpartition("/")[2]
    return NOTHING


def _emulate(w: Commands, draft: Draft, st: State) -> Out:
    for number, word in enumerate(draft.words[:-1]):
        if word.text == "-c":
            return _text(w, draft, st, draft.words[number + 1].text, [draft.words[number + 1]], "string")
    return NOTHING


Handler = Callable[["Commands", Draft, State], "Out | None"]
HANDLERS: dict[str, Handler] = {
    "cd": _cd, "chdir": _cd, "pushd": _cd, "popd": _popd, "prevd": _popd, "nextd": _popd,
    "declare": _declare, "typeset": _declare, "export": _declare, "local": _declare, "readonly": _declare,
    "integer": _declare, "float": _declare,
    "read": _read, "mapfile": _mapfile, "readarray": _mapfile, "set": _set, "setopt": _set, "shift": _shift,
    "unset": _unset,
    "alias": _alias, "unalias": _unalias, "eval": _eval, "source": _source, ".": _source,
    "exec": _exec, "command": _command, "builtin": _command, "printf": _printf, "let": _let, "hash": _hash,
    "emulate": _emulate, **deferred.HANDLERS,
}  # fmt: skip
