"""Commands that change the shell itself: directory, variables, aliases, traps. One handler a builtin.

A handler returns the command's output, or None where ``fold`` is to say it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax.names import normal
from vectra_guard.syntax.state import NOTHING, Out, Val

if TYPE_CHECKING:
    from collections.abc import Callable

    from vectra_guard.syntax.state import Draft, State
    from vectra_guard.syntax.walk import Walker

DECLARES = frozenset({"declare", "typeset", "export", "local", "readonly", "alias", "integer", "float"})

CHANGES_STATE = frozenset(
    ". : alias bg bind bindkey break builtin cd chdir compdef complete compopt continue declare dirs disown emulate"
    " enable eval exit export false fc fg float functions getopts hash history integer jobs let local logout mapfile"
    " popd pushd read readarray readonly rehash return set setopt shift shopt source suspend times trap true type"
    " typeset ulimit umask unalias unfunction unset unsetopt wait zle zmodload zstyle autoload"
    " abbr funced funcsave set_color commandline status fish_add_path echo printf pwd test [ [[ ((".split()
)
"""Builtins that must stay in the user's shell, or gain nothing by leaving it: never rewritten in place."""

RUNS_A_COMMAND = frozenset(
    "GIT_SSH_COMMAND GIT_SSH GIT_PAGER GIT_EDITOR GIT_EXTERNAL_DIFF GIT_ASKPASS SSH_ASKPASS PAGER MANPAGER EDITOR"
    " VISUAL BROWSER PROMPT_COMMAND PS4 LESSOPEN LESSCLOSE RSYNC_RSH CVS_RSH GIT_PROXY_COMMAND".split()
)
"""Variables whose value some program runs."""


def variable_commands(w: Walker, draft: Draft, st: State) -> None:
    """The commands that assigned variables make other programs run."""
    for name, word in list(draft.assigns):
        if name in RUNS_A_COMMAND and word.text and not word.text.startswith("-"):
            inner = st.share()
            inner.top = draft.top
            inner.inp_text = inner.inp_from = None
            w.nested(word.text, inner, word.span, "variable", word=word)


def _cd(w: Walker, draft: Draft, st: State) -> Out:
    args = [x.text for x in draft.words[1:] if x.text == "-" or not x.text.startswith("-")]
    target = args[0] if args else w.home(st)
    if target == "-" or UNKNOWN in target or target[:1] == "+":
        st.cwd = UNKNOWN
    elif not (UNKNOWN in st.cwd and not target.startswith("/")):
        st.cwd = normal(target, st.cwd)
    return NOTHING


def _unknown_cwd(w: Walker, draft: Draft, st: State) -> Out:
    st.cwd = UNKNOWN
    return NOTHING


def _alias(w: Walker, draft: Draft, st: State) -> Out:
    for name, word in draft.assigns:
        st.aliases[name] = word.text
    if st.dialect == "fish" and len(draft.words) >= 3:
        st.aliases[draft.words[1].text] = " ".join(x.text for x in draft.words[2:])
    for word in draft.words[1:]:
        name, equals, text = word.text.partition("=")
        if equals and name and not name.startswith("-"):
            st.aliases[name] = text
    return NOTHING


def _declare(w: Walker, draft: Draft, st: State) -> Out | None:
    for word in draft.words[1:]:
        name, equals, text = word.text.partition("=")
        if equals and name.isidentifier():
            st.vars[name] = Val(text, None, None, word.sources, word.variables)
            draft.assigns.append((name, Word(text, word.raw, word.span, word.quoted, False, False, word.sources)))
    variable_commands(w, draft, st)
    return None


def _read(w: Walker, draft: Draft, st: State) -> Out:
    names, skip = [], False
    array = False
    for word in draft.words[1:]:
        text = word.text
        if skip:
            skip = False
        elif text.startswith("-") and len(text) > 1:
            array = array or "a" in text[1:]
            skip = text[-1] in "dinNptu" and len(text) == 2
        else:
            names.append(text)
    text = draft.stdin_text
    if text is None or UNKNOWN in text:
        for name in names:
            st.vars[name] = Val(UNKNOWN, None, None, () if draft.stdin_from is None else (draft.stdin_from,), (name,))
        return NOTHING
    line = text.split("\n", 1)[0]
    if array and names:
        items = line.split()
        st.vars[names[0]] = Val(items[0] if items else "", items)
        return NOTHING
    fields = line.split(None, max(len(names) - 1, 0)) if len(names) > 1 else [line.strip()]
    for number, name in enumerate(names):
        st.vars[name] = Val(fields[number] if number < len(fields) else "")
    return NOTHING


def _mapfile(w: Walker, draft: Draft, st: State) -> Out:
    names = [x.text for x in draft.words[1:] if not x.text.startswith("-")]
    name = names[-1] if names else "MAPFILE"
    if draft.stdin_text is not None and UNKNOWN not in draft.stdin_text:
        items = draft.stdin_text.splitlines()
        st.vars[name] = Val(items[0] if items else "", items)
    else:
        st.vars[name] = Val(UNKNOWN, variables=(name,))
    return NOTHING


def _printf(w: Walker, draft: Draft, st: State) -> Out | None:
    if len(draft.words) > 3 and draft.words[1].text == "-v":
        from vectra_guard.syntax import fold  # they know each other

        words, draft.words = draft.words, [draft.words[0], *draft.words[3:]]
        text = fold.output(w, draft, st)
        draft.words = words
        st.vars[words[2].text] = Val(UNKNOWN if text is None else text, variables=(words[2].text,) if text is None else ())
        return NOTHING
    return None


def _set(w: Walker, draft: Draft, st: State) -> Out:
    words = draft.words[1:]
    if st.dialect == "fish":
        while words and words[0].text.startswith("-"):
            words = words[1:]
        if words:
            items = [x.text for x in words[1:]]
            sources = tuple(s for x in words for s in x.sources)
            variables = tuple(v for x in words[1:] for v in x.variables)
            name = words[0].text.partition("[")[0]
            st.vars[name] = Val(" ".join(items), items, None, sources, variables)
            if name in RUNS_A_COMMAND and items:
                draft.assigns.append((name, words[1]))
                variable_commands(w, draft, st)
        return NOTHING
    texts = [x.text for x in words]
    if "--" in texts:
        st.args = texts[texts.index("--") + 1 :]
    elif texts and not texts[0].startswith(("-", "+")):
        st.args = texts
    return NOTHING


def _unset(w: Walker, draft: Draft, st: State) -> Out:
    for word in draft.words[1:]:
        st.vars.pop(word.text, None)
    return NOTHING


def _shift(w: Walker, draft: Draft, st: State) -> Out:
    if st.args is not None:
        count = draft.words[1].text if len(draft.words) > 1 else "1"
        st.args = st.args[int(count) if count.isdigit() else 1 :]
    return NOTHING


def _trap(w: Walker, draft: Draft, st: State) -> Out:
    words = [x for x in draft.words[1:] if x.text not in ("--",)]
    if len(words) >= 2 and words[0].text and not words[0].text.startswith("-"):
        inner = st.share()
        inner.top = draft.top
        inner.inp_text = inner.inp_from = None
        w.nested(words[0].text, inner, words[0].span, "string", clean=False, word=words[0])
    return NOTHING


HANDLERS: dict[str, Callable[[Walker, Draft, State], Out | None]] = {
    "cd": _cd, "chdir": _cd, "pushd": _cd, "popd": _unknown_cwd, "alias": _alias, "abbr": _alias,
    "export": _declare, "declare": _declare, "typeset": _declare, "local": _declare, "readonly": _declare,
    "read": _read, "mapfile": _mapfile, "readarray": _mapfile, "printf": _printf, "set": _set, "unset": _unset,
    "shift": _shift, "trap": _trap,
}  # fmt: skip
