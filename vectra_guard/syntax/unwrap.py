"""Opens up what runs other commands: wrappers (by table), shells, xargs, find, ssh, files written in the line, code.

Each handler gets the walker, the command and the state at its place; it emits the inner commands and returns their
output, or None where ``fold`` is to say it. The wrapper's own command stays: rules judge it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.syntax.fold import NUL_CHAR
from vectra_guard.syntax.inline import code_of, interpreter, translate
from vectra_guard.syntax.names import normal
from vectra_guard.syntax.state import NOTHING, Out, State
from vectra_guard.syntax.wrappers import WRAPPERS, Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vectra_guard.syntax.state import Draft
    from vectra_guard.syntax.walk import Walker

    Handler = Callable[[Walker, Draft, State], Out | None]

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "yash", "fish", "rbash"})
DIALECTS = {"zsh": "zsh", "fish": "fish"}
MAX_ARGS = 100
GIT_RUNS = ("core.pager", "core.editor", "core.sshcommand", "core.fsmonitor", "sequence.editor", "diff.external",
            "credential.helper", "gpg.program", "core.askpass", "pager.", "core.gitproxy", "difftool.", "mergetool.",
            "filter.", "uploadpack.packobjectshook")  # fmt: skip


def handler(name: str) -> Handler | None:
    found = HANDLERS.get(name)
    if found is not None:
        return found
    if name in WRAPPERS:
        return _wrapped
    if name in SHELLS:
        return _shell
    if interpreter(name) is not None:
        return _code
    return _loader if name.startswith(("ld-linux", "ld-musl", "ld.so")) else None


def versioned(w: Walker, draft: Draft, st: State) -> Out | None:
    """``python3.12``, ``bash5``, ``node.exe``."""
    bare = draft.name.removesuffix(".exe").rstrip("0123456789.-")
    if interpreter(draft.name) is not None:
        return _code(w, draft, st)
    return _shell(w, draft, st) if bare in SHELLS else None


def run_file(w: Walker, draft: Draft, st: State) -> Out | None:
    """A file that this line wrote is run."""
    text = w.files.get(normal(draft.words[0].text, st.cwd))
    if not text or UNKNOWN in text:
        return None
    first, _, rest = text.partition("\n")
    if first.startswith("#!"):
        program = first[2:].strip().removeprefix("/usr/bin/env ").split(" ")[0].rpartition("/")[2]
        if interpreter(program) is not None:
            return _translated(w, draft, st, interpreter(program).language, rest)  # type: ignore[union-attr]
    return w.nested(text, _inside(draft, st), draft.words[0].span, "file")


def _inside(draft: Draft, st: State, spec: Wrapper | None = None, wrapper: str = "") -> State:
    """The state in which the inner command of ``draft`` runs."""
    inner = st.share()
    inner.top = draft.top
    inner.inp_text, inner.inp_from = draft.stdin_text, draft.stdin_from
    if wrapper:
        inner.wrappers = (*st.wrappers, wrapper)
    if spec is not None:
        inner.privileged = st.privileged or spec.privileged
        inner.place = spec.place or st.place
    return inner


# --- wrappers by table -------------------------------------------------------------------------------------------


def _wrapped(w: Walker, draft: Draft, st: State) -> Out | None:
    spec = WRAPPERS[draft.name]
    words = draft.words[1:]
    if spec.before:
        words = _after_subcommand(words, spec)
        if words is None:
            return None
    inner = _inside(draft, st, spec, draft.name)
    at, assigns, text = _options(words, spec)
    if text is not None:
        return w.nested(text.text, inner, text.span, "string", word=text)
    if spec.dashes:
        at = next((n + 1 for n, x in enumerate(words) if x.text == "--"), at)
    if draft.name in ("su", "runuser", "script"):
        if any(x.text in ("-u", "--user") for x in words) and at < len(words):
            return w.argv(words[at:], inner)
        if draft.stdin_text and draft.name != "script":
            return w.nested(draft.stdin_text, inner, draft.span, "stdin")
        return UNKNOWN_OUT
    flags = {x.text for x in words[:at]}
    if flags & spec.plain:
        return None
    rest = words[at + spec.skip :]
    if not rest:
        if flags & spec.shell and draft.stdin_text:
            return w.nested(draft.stdin_text, inner, draft.span, "stdin")
        return UNKNOWN_OUT
    if spec.joined:
        return w.nested(_joined(rest), inner, rest[0].span, "string", word=_first_unknown(rest))
    if rest[0].text in ("-c", "--command") and spec.text and len(rest) > 1:
        return w.nested(rest[1].text, inner, rest[1].span, "string", word=rest[1])
    return w.argv(rest, inner, assigns)


UNKNOWN_OUT = Out(UNKNOWN)


def _after_subcommand(words: Sequence[Word], spec: Wrapper) -> list[Word] | None:
    for number, word in enumerate(words[:12]):
        if word.text in spec.before:
            return list(words[number + 1 :])
        if word.text == "compose":
            continue
    return None


def _options(words: Sequence[Word], spec: Wrapper) -> tuple[int, list[tuple[str, Word]], Word | None]:
    """(where the operands begin, NAME=VALUE words, the value of an option that is a shell text)."""
    at, assigns = 0, []
    while at < len(words):
        text = words[at].text
        if text == "--":
            return at + 1, assigns, None
        if spec.assigns and "=" in text and text.partition("=")[0].isidentifier():
            name, _, value = text.partition("=")
            assigns.append((name, Word(value, words[at].raw, words[at].span, words[at].quoted, False, False, words[at].sources, words[at].variables)))
            at += 1
            continue
        if len(text) < 2 or text[0] not in "-+":
            if text == "-":  # su -
                at += 1
                continue
            if spec.text and not spec.skip:  # su root -c TEXT
                found = _text_option(words, at, spec)
                if found is not None:
                    return len(words), assigns, found
            return at, assigns, None
        found = _text_at(words, at, spec)
        if found is not None:
            return len(words), assigns, found
        at += 1 + _takes_next(text, spec)
    return at, assigns, None


def _takes_next(text: str, spec: Wrapper) -> int:
    if text.startswith("--"):
        return int("=" not in text and text in spec.longs)
    if text in spec.longs:
        return 1
    for number, letter in enumerate(text[1:], 1):
        if letter in spec.values:
            return int(number == len(text) - 1)
    return 0


def _text_at(words: Sequence[Word], at: int, spec: Wrapper) -> Word | None:
    text = words[at].text
    name, equals, value = text.partition("=")
    if name in spec.text and equals and name.startswith("--"):
        return Word(value, words[at].raw, words[at].span, True, False, False, words[at].sources, words[at].variables)
    ends = text in spec.text or (text[:1] == "-" and text[:2] != "--" and "-c" in spec.text and text.endswith("c"))
    return words[at + 1] if ends and at + 1 < len(words) else None


def _text_option(words: Sequence[Word], at: int, spec: Wrapper) -> Word | None:
    for number in range(at, len(words)):
        if words[number].text.startswith("-"):
            found = _text_at(words, number, spec)
            if found is not None:
                return found
    return None


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _first_unknown(words: Sequence[Word]) -> Word | None:
    return next((word for word in words if UNKNOWN in word.text), None)


def _env(w: Walker, draft: Draft, st: State) -> Out | None:
    words, at = draft.words[1:], 0
    assigns: list[tuple[str, Word]] = []
    inner = _inside(draft, st, None, "env")
    while at < len(words):
        text = words[at].text
        name, equals, value = text.partition("=")
        if text in ("-S", "--split-string") and at + 1 < len(words):
            rest = " ".join([words[at + 1].text, *(x.text for x in words[at + 2 :])])
            return w.nested(rest, inner, words[at + 1].span, "string", word=words[at + 1])
        if text.startswith("-S") or text.startswith("--split-string="):
            rest = text[2:] if text.startswith("-S") else value
            return w.nested(" ".join([rest, *(x.text for x in words[at + 1 :])]), inner, words[at].span, "string", word=words[at])
        if text in ("-u", "-C", "--unset", "--chdir"):
            if text in ("-C", "--chdir") and at + 1 < len(words):
                inner.cwd = normal(words[at + 1].text, st.cwd)
            at += 2
        elif text.startswith("-"):
            at += 1
        elif equals and name:
            assigns.append((name, Word(value, words[at].raw, words[at].span, words[at].quoted, False, False, words[at].sources, words[at].variables)))
            at += 1
        else:
            break
    if at >= len(words):
        return UNKNOWN_OUT
    return w.argv(words[at:], inner, assigns)


# --- shells --------------------------------------------------------------------------------------------------------


def _shell(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words[1:]
    dialect = DIALECTS.get(draft.name.rstrip("0123456789."), "bash")
    at, has_c, from_stdin = 0, False, False
    while at < len(words) and words[at].text[:1] in ("-", "+") and len(words[at].text) > 1:
        text = words[at].text
        at += 1
        if text == "--":
            break
        if text in ("--rcfile", "--init-file", "-o", "+o", "-O", "+O") or (dialect == "fish" and text in ("-C", "--init-command")):
            at += 1
        elif text in ("--help", "--version", "-n") and not has_c:
            return None
        elif text.startswith("--command"):
            if "=" in text:
                return _script_text(w, draft, st, _valued(words[at - 1]), [], dialect)
            has_c = True
        elif not text.startswith("--"):
            has_c = has_c or "c" in text[1:]
            from_stdin = from_stdin or text[1:] == "s"
    rest = words[at:]
    if has_c:
        return _script_text(w, draft, st, rest[0], rest[2:], dialect) if rest else None
    if rest and not from_stdin and rest[0].text not in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        text = w.content(rest[0].text, st)
        if text is None or UNKNOWN in text:
            return None
        return _run_text(w, draft, st, text, rest[0], rest[1:], dialect, "file")
    if draft.stdin_text is not None:
        word = Word(draft.stdin_text, "", draft.span, True)
        return _run_text(w, draft, st, draft.stdin_text, word, rest[1:], dialect, "stdin")
    return None


def _valued(word: Word) -> Word:
    return Word(word.text.partition("=")[2], word.raw, word.span, word.quoted, False, False, word.sources, word.variables)


def _script_text(w: Walker, draft: Draft, st: State, text: Word, args: Sequence[Word], dialect: str) -> Out:
    return _run_text(w, draft, st, text.text, text, args, dialect, "string")


def _run_text(
    w: Walker, draft: Draft, st: State, text: str, word: Word, args: Sequence[Word], dialect: str, via: str
) -> Out:  # fmt: skip
    inner = _inside(draft, st).clean()
    inner.args = [x.text for x in args]
    if via == "stdin":
        inner.inp_text = None
    return w.nested(text.replace(NUL_CHAR, ""), inner, word.span, via, clean=False, dialect=dialect, word=word)


def _eval(w: Walker, draft: Draft, st: State) -> Out:
    words = [x for x in draft.words[1:] if x.text != "--"]
    if not words:
        return NOTHING
    inner = _inside(draft, st)
    return w.nested(_joined(words), inner, words[0].span, "string", clean=False, word=_first_unknown(words) or words[0])


def _source(w: Walker, draft: Draft, st: State) -> Out | None:
    if len(draft.words) < 2:
        return None
    name = draft.words[1].text
    text = draft.stdin_text if name in ("/dev/stdin", "-", "/dev/fd/0") else w.content(name, st)
    if text is None or UNKNOWN in text:
        return None
    return w.nested(text, _inside(draft, st), draft.words[1].span, "file", clean=False)


def _exec(w: Walker, draft: Draft, st: State) -> Out:
    """``exec``, ``command``, ``builtin``: the next words are the command; a rewrite goes after ``exec``."""
    words, at = draft.words[1:], 0
    while at < len(words) and words[at].text.startswith("-") and len(words[at].text) > 1:
        if draft.name == "command" and words[at].text in ("-v", "-V"):
            return UNKNOWN_OUT
        at += 2 if words[at].text == "-a" else 1
    if at >= len(words):
        return NOTHING
    inner = _inside(draft, st, None, draft.name)
    draft.insert_at = None
    out = w.argv(words[at:], inner)
    if draft.name != "builtin" and st.inplace and words[at].raw and words[at].span.start > draft.span.start:
        from vectra_guard.syntax.shellstate import CHANGES_STATE  # they know each other

        if words[at].text not in CHANGES_STATE:
            draft.insert_at = words[at].span.start
    return out


def _loader(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words[1:]
    while words and words[0].text.startswith("-"):
        words = words[2:] if words[0].text in ("--library-path", "--preload", "--argv0") else words[1:]
    return w.argv(words, _inside(draft, st, None, "ld.so")) if words else None


# --- xargs, parallel, find -------------------------------------------------------------------------------------------


def _xargs(w: Walker, draft: Draft, st: State) -> Out:
    words, at = draft.words[1:], 0
    replace, null, delimiter, lines = "", False, "", False
    while at < len(words) and words[at].text.startswith("-") and len(words[at].text) > 1:
        text = words[at].text
        at += 1
        if text.startswith("--"):
            name, equals, value = text.partition("=")
            if name in ("--null",):
                null = True
            if name in ("--replace",):
                replace = value or "{}"
            if name == "--delimiter":
                delimiter = value or (words[at].text if at < len(words) else "")
            at += int(not equals and name in ("--delimiter", "--max-args", "--max-procs", "--arg-file", "--max-chars", "--max-lines", "--eof"))
            continue
        for number, letter in enumerate(text[1:], 1):
            value = text[number + 1 :]
            if letter == "0":
                null = True
            elif letter in "IinPLsdEaJR":
                if letter in "i":
                    replace = value or "{}"
                    break
                if not value:
                    value = words[at].text if at < len(words) else ""
                    at += 1
                if letter in "IJ":
                    replace, lines = value, True
                if letter == "d":
                    delimiter = value
                break
    command = list(words[at:])
    items = _items(draft.stdin_text, null, delimiter, lines or bool(replace))
    inner = _inside(draft, st, None, "xargs")
    inner.via = "xargs"
    inner.inp_text = None
    if not command:
        return Out(draft.stdin_text if draft.stdin_text is not None else UNKNOWN, (draft.index,))
    source = () if draft.stdin_from is None else (draft.stdin_from,)
    given = [Word(item, item, draft.span, True, False, False, source) for item in items[:MAX_ARGS]] if items is not None else [
        Word(UNKNOWN, "", draft.span, True, False, True, source)
    ]
    if not replace:
        return w.argv([*command, *given], inner)
    out = NOTHING
    for item in given[:20]:
        made = [
            Word(x.text.replace(replace, item.text), x.raw, x.span, x.quoted, False, item.splits, (*x.sources, *item.sources)) if replace in x.text else x
            for x in command
        ]
        out = w.argv(made, inner)
    return out


def _items(text: str | None, null: bool, delimiter: str, lines: bool) -> list[str] | None:
    if text is None or UNKNOWN in text:
        return None
    if null:
        return [x for x in text.split(NUL_CHAR) if x]
    if delimiter:
        return [x for x in text.rstrip("\n").split(delimiter.replace("\\n", "\n")) if x]
    return text.splitlines() if lines else text.split()


def _parallel(w: Walker, draft: Draft, st: State) -> Out:
    words = draft.words[1:]
    marks = [n for n, x in enumerate(words) if x.text in (":::", ":::+")]
    head = list(words[: marks[0]]) if marks else list(words)
    while head and head[0].text.startswith("-"):
        head = head[2:] if head[0].text in ("-j", "-P", "-I", "-n", "-N", "-a", "--jobs", "-C", "-d") else head[1:]
    source = () if draft.stdin_from is None else (draft.stdin_from,)
    given = list(words[marks[0] + 1 :]) if marks else []
    if not marks:
        items = _items(draft.stdin_text, False, "", True)
        given = [Word(x, x, draft.span, True, False, False, source) for x in items] if items is not None else [Word(UNKNOWN, "", draft.span, True, False, True, source)]
    inner = _inside(draft, st, None, "parallel")
    inner.via, inner.inp_text = "xargs", None
    out = NOTHING
    for item in given[:20]:
        text = _joined(head)
        text = text.replace("{}", item.text) if "{}" in text else f"{text} {item.text}".strip()
        out = w.nested(text, inner, (head or [item])[0].span, "xargs", word=item)
    return out


def _find(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words
    if draft.name == "fd":
        marks = ("-x", "-X", "--exec", "--exec-batch")
    else:
        marks = ("-exec", "-execdir", "-ok", "-okdir")
    at = 1
    while at < len(words):
        if words[at].text in marks:
            end = at + 1
            while end < len(words) and words[end].text not in (";", "+", r"\;"):
                end += 1
            command = list(words[at + 1 : end])
            if command:
                inner = _inside(draft, st, None, "find")
                inner.via, inner.inp_text = "find", None
                w.argv(command, inner)
            at = end
        at += 1
    return UNKNOWN_OUT if at else None


# --- elsewhere and later ---------------------------------------------------------------------------------------------


def _ssh(w: Walker, draft: Draft, st: State) -> Out | None:
    words, at, host = draft.words[1:], 0, False
    values = "BbcDEeFIiJLlmOopQRSWw"
    while at < len(words):
        text = words[at].text
        if text.startswith("-") and len(text) > 1:
            option = next((n for n, c in enumerate(text[1:], 1) if c in values), 0)
            value = text[option + 1 :] if option else ""
            if option and not value:
                at += 1
                value = words[at].text if at < len(words) else ""
            lowered = value.lower()
            if option and text[option] == "o" and lowered.startswith(("proxycommand=", "localcommand=", "knownhostscommand=")):
                w.nested(value.partition("=")[2], _inside(draft, st), draft.span, "string")
        elif host:
            break
        else:
            host = True
        at += 1
    rest = words[at:]
    inner = _inside(draft, st, WRAPPERS["vagrant"], draft.name)
    inner.cwd = UNKNOWN
    if rest:
        return w.nested(_joined(rest), inner, rest[0].span, "string", word=_first_unknown(rest))
    if host and draft.stdin_text is not None:
        return w.nested(draft.stdin_text, inner, draft.span, "stdin")
    return UNKNOWN_OUT


def _git(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words[1:]
    for number, word in enumerate(words[:-1]):
        if word.text in ("-c", "--config") or word.text.startswith("-c") and "=" in word.text[2:]:
            setting = words[number + 1] if word.text in ("-c", "--config") else Word(word.text[2:], word.raw, word.span)
            _git_setting(w, draft, st, setting)
    if len(words) > 1 and words[0].text == "config":
        rest = [x for x in words[1:] if not x.text.startswith("-") and x.text not in ("set", "add")]
        if len(rest) >= 2 and rest[0].text.startswith("alias.") and rest[1].text.startswith("!"):
            w.nested(rest[1].text[1:], _inside(draft, st), rest[1].span, "string", word=rest[1])
    for number, word in enumerate(words):
        if word.text in ("foreach", "run") and number and words[number - 1].text in ("submodule", "bisect"):
            rest = [x for x in words[number + 1 :] if not x.text.startswith("--")]
            if rest:
                w.nested(_joined(rest), _inside(draft, st), rest[0].span, "string", word=_first_unknown(rest))
        if word.text in ("--exec", "-x") and "rebase" in {x.text for x in words[:3]} and number + 1 < len(words):
            w.nested(words[number + 1].text, _inside(draft, st), word.span, "string")
        if word.text in ("--tree-filter", "--index-filter", "--msg-filter", "--env-filter") and number + 1 < len(words):
            w.nested(words[number + 1].text, _inside(draft, st), word.span, "string")
    return None


def _git_setting(w: Walker, draft: Draft, st: State, setting: Word) -> None:
    key, _, value = setting.text.partition("=")
    key = key.lower()
    if key.startswith("alias."):
        if value.startswith("!"):
            w.nested(value[1:], _inside(draft, st), setting.span, "string", word=setting)
    elif key.startswith(GIT_RUNS) and value:
        w.nested(value.removeprefix("!"), _inside(draft, st), setting.span, "string", word=setting)


def _tar(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words[1:]
    for number, word in enumerate(words):
        text = word.text
        following = words[number + 1].text if number + 1 < len(words) else ""
        for option in ("--checkpoint-action", "--to-command", "--use-compress-program", "--rsh-command", "--info-script", "--new-volume-script"):
            value = following if text == option else text[len(option) + 1 :] if text.startswith(option + "=") else ""
            if option == "--checkpoint-action" and not value.startswith("exec="):
                continue
            value = value.removeprefix("exec=")
            if value:
                w.nested(value, _inside(draft, st), word.span, "string", word=word)
        if text == "-I" and following:
            w.nested(following, _inside(draft, st), word.span, "string", word=word)
    return None


def _make(w: Walker, draft: Draft, st: State) -> Out | None:
    words = [x.text for x in draft.words[1:]]
    for number, text in enumerate(words):
        if text in ("-f", "--file", "--makefile") and number + 1 < len(words):
            name = words[number + 1]
            source = draft.stdin_text if name in ("-", "/dev/stdin") else w.content(name, st)
            for line in (source or "").splitlines():
                if line.startswith("\t"):
                    w.nested(line.strip().lstrip("@-+"), _inside(draft, st), draft.span, "string")
        if text.startswith("--eval"):
            value = text.partition("=")[2] or (words[number + 1] if number + 1 < len(words) else "")
            w.nested(value.partition("$(shell")[2].rstrip(")") or value, _inside(draft, st), draft.span, "string")
    return None


def _later(w: Walker, draft: Draft, st: State) -> Out | None:
    """``at`` and ``batch`` read commands from standard input."""
    if draft.stdin_text:
        w.nested(draft.stdin_text, _inside(draft, st), draft.span, "stdin")
    return None


def _crontab(w: Walker, draft: Draft, st: State) -> Out | None:
    operands = [x.text for x in draft.words[1:] if not x.text.startswith("-") or x.text == "-"]
    text = draft.stdin_text if not operands or operands[-1] == "-" else w.content(operands[-1], st)
    if any(x.text in ("-l", "-e", "-r") for x in draft.words[1:]):
        return None
    for line in (text or "").replace(UNKNOWN, "").splitlines():
        fields = line.split(None, 1 if line.startswith("@") else 5)
        if fields and not fields[0].startswith("#") and len(fields) in (2, 6):
            w.nested(fields[-1], _inside(draft, st), draft.span, "string")
    return None


def _tmux(w: Walker, draft: Draft, st: State) -> Out | None:
    words = draft.words[1:]
    for number, word in enumerate(words):
        if word.text in ("new", "new-session", "neww", "new-window", "splitw", "split-window", "run", "run-shell", "respawn-pane"):
            rest = words[number + 1 :]
            while rest and rest[0].text.startswith("-"):
                rest = rest[2:] if rest[0].text[-1:] in "cnstFxyel" and len(rest) > 1 else rest[1:]
            if rest:
                w.nested(_joined(rest), _inside(draft, st), rest[0].span, "string", word=_first_unknown(rest))
            return None
        if word.text in ("send", "send-keys"):
            keys = [x for x in words[number + 1 :] if x.text not in ("Enter", "C-m", "-t", "-l") and not x.text.startswith("C-")]
            if keys and words[number + 1].text == "-t":
                keys = keys[1:]
            w.nested(_joined(keys), _inside(draft, st), draft.span, "string", word=_first_unknown(keys))
            return None
    return None


def _expect(w: Walker, draft: Draft, st: State) -> Out | None:
    for number, word in enumerate(draft.words[:-1]):
        if word.text == "-c":
            for part in draft.words[number + 1].text.replace("\n", ";").split(";"):
                found = part.strip()
                if found.startswith(("spawn ", "exec ", "system ")):
                    w.nested(found.partition(" ")[2], _inside(draft, st), draft.span, "string")
    return None


def _copy(w: Walker, draft: Draft, st: State) -> Out | None:
    """A tool copied or linked under another name keeps its own in the rest of the line."""
    words = [x for x in draft.words[1:] if not x.text.startswith("-")]
    if len(words) != 2:
        return None
    source, target = words[0].text, words[1].text
    if UNKNOWN in source or UNKNOWN in target:
        return None
    where = normal(target, st.cwd)
    if target.endswith("/") or target in (".", ".."):
        where = normal(target.rstrip("/") + "/" + source.rpartition("/")[2], st.cwd)
    content = w.files.get(normal(source, st.cwd))
    if content is not None:
        w.files[where] = content
    folder = source.rpartition("/")[0]
    real = w.copies.get(normal(source, st.cwd))
    if real is None and folder.rpartition("/")[2] in ("bin", "sbin"):
        real = source.rpartition("/")[2]
    if real is None and words[0].sources:
        real = None
    if real:
        w.copies[where] = real
    return None


# --- inline code -----------------------------------------------------------------------------------------------------


def _code(w: Walker, draft: Draft, st: State) -> Out | None:
    words = [x.text for x in draft.words]
    for language, source in code_of(words):
        _translated(w, draft, st, language, source.replace(UNKNOWN, "__unknown__"))
    spec = interpreter(draft.name)
    if spec is None:
        return None
    operands = [x for x in words[1:] if not x.startswith("-") or x == "-"]
    if spec.reads_stdin and (not operands or operands[0] in ("-", "/dev/stdin")) and len(words) <= 3:
        text = draft.stdin_text
        if text and UNKNOWN not in text and not code_of(words):
            _translated(w, draft, st, spec.language, text)
    elif operands and not code_of(words):
        text = w.content(operands[0], st)
        if text and UNKNOWN not in text:
            _translated(w, draft, st, spec.language, text)
    return _printed(draft, spec.language, code_of(words))


def _translated(w: Walker, draft: Draft, st: State, language: str, source: str) -> Out:
    for line in translate(language, source):
        inner = _inside(draft, st)
        inner.inp_text = inner.inp_from = None
        w.nested(line, inner, draft.span, language, dialect="bash")
    return UNKNOWN_OUT


def _printed(draft: Draft, language: str, code: list[tuple[str, str]]) -> Out | None:
    """``python -c "print('x')"``: a constant that is printed is known output."""
    if language not in ("python", "perl", "ruby", "php", "node") or len(code) != 1:
        return None
    import re

    found = re.fullmatch(r"\s*(?:print|puts|echo|console\.log)\s*\(?\s*(['\"])([^'\"\\$#]*)\1\s*\)?\s*;?\s*", code[0][1])
    if not found:
        return None
    end = "" if language in ("perl", "php") else "\n"
    return Out(found[2] + end, (draft.index,))


HANDLERS: dict[str, Handler] = {
    "env": _env, "eval": _eval, "source": _source, ".": _source, "exec": _exec, "command": _exec, "builtin": _exec,
    "xargs": _xargs, "gxargs": _xargs, "parallel": _parallel, "find": _find, "gfind": _find, "bfs": _find, "fd": _find,
    "fdfind": _find, "ssh": _ssh, "autossh": _ssh, "mosh": _ssh, "git": _git, "tar": _tar, "gtar": _tar, "bsdtar": _tar,
    "make": _make, "gmake": _make, "at": _later, "batch": _later, "crontab": _crontab, "tmux": _tmux, "expect": _expect,
    "cp": _copy, "ln": _copy, "install": _copy, "mv": _copy,
}  # fmt: skip
