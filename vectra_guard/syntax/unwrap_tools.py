"""Tools that are no wrappers but run a command text given in an option, a setting or a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vectra_guard.model import Word
from vectra_guard.syntax.opening import inner_state, joined, piece
from vectra_guard.syntax.state import Draft, Out, State

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands


Handler = Callable[["Commands", Draft, State], "Out | None"]

GIT_RUNS = (
    "core.pager", "core.sshcommand", "core.editor", "core.askpass", "core.gitproxy", "core.fsmonitor", "diff.external",
    "sequence.editor", "credential.helper", "gpg.program", "uploadpack.packobjectshook", "core.alternaterefscommand",
)  # fmt: skip

_PACKS = ("--upload-pack", "--receive-pack", "--exec", "-u")
GIT_TEXTS: dict[str, tuple[str, ...]] = {
    "rebase": ("-x", "--exec"),
    "difftool": ("-x", "--extcmd"),
    "grep": ("-O", "--open-files-in-pager"),
    "filter-branch": tuple(f"--{n}-filter" for n in ("tree", "index", "env", "msg", "commit", "parent", "tag-name")),
    "push": ("--receive-pack", "--exec"),
    **dict.fromkeys(("ls-remote", "fetch", "clone", "pull"), _PACKS),
}
"""Options of git's verbs whose value is a command text."""


def flag_texts(*names: str) -> Handler:
    """Commands of which some options hold a command text (``--rsh=…``)."""

    def run(w: Commands, draft: Draft, st: State) -> Out | None:
        words = draft.words
        for at, word in enumerate(words[1:], 1):
            for name in names:
                text: Word | None = None
                if word.text == name and at + 1 < len(words):
                    text = words[at + 1]
                elif name[:2] == "--" and word.text.startswith(name + "="):
                    text = piece(word, word.text[len(name) + 1 :])
                elif name.endswith("=") and word.text.startswith(name):
                    text = piece(word, word.text[len(name) :])
                if text is not None and text.text:
                    w.nested(text.text, inner_state(draft, st), text.span, "string", word=text)
        return None

    return run


def after_option(*names: str) -> Handler:
    """Commands of which one option begins another command (``nix develop -c COMMAND …``)."""

    def run(w: Commands, draft: Draft, st: State) -> Out | None:
        for at, word in enumerate(draft.words):
            if word.text in names:
                return w.argv(draft.words[at + 1 :], inner_state(draft, st))
        return None

    return run


def salt(w: Commands, draft: Draft, st: State) -> Out | None:
    for at, word in enumerate(draft.words[:-1]):
        if word.text.startswith(("cmd.run", "cmd.shell", "cmd.exec_code")):
            _elsewhere(w, draft, st, draft.words[at + 1])
    return None


def _elsewhere(w: Commands, draft: Draft, st: State, text: Word) -> None:
    inner = inner_state(draft, st)
    inner.place = "ssh"
    w.nested(text.text, inner, text.span, "string", word=text)


ESCAPE = re.compile(r"^\s*(?:\\!|\.shell\s|\.system\s|!(?![=\s])|system\s|shell\s)\s*(.+)$", re.MULTILINE)


def client(w: Commands, draft: Draft, st: State) -> Out | None:
    """Prompts of databases and of ftp: their escape to a shell, in options, operands and input."""
    stdin = w.input_of(draft, st)
    texts = list(draft.words[1:])
    texts += [Word(stdin, "", draft.span)] if stdin else []
    for word in texts:
        for found in ESCAPE.finditer(word.text[:20_000]):
            inner = inner_state(draft, st)
            inner.inp_text = inner.inp_from = None
            w.nested(found.group(1), inner, word.span, "string", word=word)
    return None


def git(w: Commands, draft: Draft, st: State) -> Out | None:
    """Settings given on the command line that run a command, and the verbs that do."""
    words = draft.words
    inner = inner_state(draft, st)
    at = 1
    aliases = w.git_aliases
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


def _git_setting(w: Commands, inner: State, key: str, value: str, word: Word, aliases: dict[str, Word]) -> None:
    if key.startswith("alias."):
        aliases[key[6:]] = piece(word, value)
        return
    runs = (
        key in GIT_RUNS
        or key.startswith("pager.")
        or key.endswith((".cmd", ".textconv", ".clean", ".smudge", ".process", ".helper"))
    )
    if runs and value and value not in ("true", "false", "cat", "store", "cache"):
        text = value.removeprefix("!")
        w.nested(text, inner, word.span, "string", word=word)


def _git_verb(w: Commands, inner: State, words: Sequence[Word], at: int, verb: str) -> None:
    rest = list(words[at + 1 :])
    if verb == "config":
        keys = [n for n, x in enumerate(rest[:-1]) if x.text.lower().startswith("alias.")]
        if keys:
            w.git_aliases[rest[keys[0]].text[6:]] = rest[keys[0] + 1]
    elif verb == "bisect" and rest and rest[0].text == "run":
        w.argv(rest[1:], inner)
    elif verb == "submodule" and any(x.text == "foreach" for x in rest[:3]):
        start = next(n for n, x in enumerate(rest) if x.text == "foreach") + 1
        while start < len(rest) and rest[start].text[:2] == "--":
            start += 1
        if start < len(rest):
            whole = joined(rest[start:])
            w.nested(whole.text, inner, whole.span, "string", word=whole)
    names = GIT_TEXTS.get(verb, ())
    for number, word in enumerate(rest if names else ()):
        name, equals, value = word.text.partition("=")
        text: Word | None = None
        if equals and name in names:
            text = piece(word, value)
        elif word.text in names and number + 1 < len(rest):
            text = rest[number + 1]
        elif "-O" in names and word.text.startswith("-O"):
            text = piece(word, word.text[2:])
        if text is not None and text.text and not (verb == "clone" and text.text.startswith("http")):
            w.nested(text.text, inner, text.span, "string", word=text)


def tar(w: Commands, draft: Draft, st: State) -> Out | None:
    for at, word in enumerate(draft.words[1:], 1):
        text = word.text
        value = ""
        if text.startswith("--checkpoint-action="):
            value = text.partition("exec=")[2]
        elif text.startswith(
            ("--to-command=", "--use-compress-program=", "--rsh-command=", "--info-script=", "--new-volume-script=")
        ):
            value = text.partition("=")[2]
        elif text in ("-I", "-F", "--use-compress-program", "--to-command", "--checkpoint-action") and at + 1 < len(
            draft.words
        ):
            value = draft.words[at + 1].text.removeprefix("exec=")
        if value:
            w.nested(value, inner_state(draft, st), word.span, "string", word=word)
    return None


def make(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    named = False
    for at, word in enumerate(words):
        following = words[at + 1].text if at + 1 < len(words) else ""
        if word.text in ("-f", "--file", "--makefile"):
            named = True
            stdin = following in ("-", "/dev/stdin")
            _makefile(w, draft, st, w.input_of(draft, st) if stdin else w.content(following, st))
        elif word.text == "--eval" or word.text.startswith("--eval="):
            _makefile(w, draft, st, word.text[7:] or following)
    for name in () if named else ("GNUmakefile", "makefile", "Makefile"):
        _makefile(w, draft, st, w.content(name, st))
    return None


SHELL_CALL = re.compile(r"\$[({]shell ([^()]*(?:\([^()]*\)[^()]*)*)[)}]")


def _makefile(w: Commands, draft: Draft, st: State, text: str | None) -> None:
    """The recipes of a makefile, and what its ``$(shell …)`` runs."""
    inner = inner_state(draft, st)
    for line in (text or "").splitlines()[:200]:
        for found in SHELL_CALL.finditer(line):
            w.nested(found.group(1), inner, draft.span, "make")
        recipe = line[1:] if line[:1] == "\t" else (line.partition(";")[2] if ":" in line else "")
        if recipe.strip(" @-+"):
            w.nested(recipe.lstrip(" @-+").replace("$$", "$"), inner, draft.span, "make")


def socat(w: Commands, draft: Draft, st: State) -> Out | None:
    for word in draft.words[1:]:
        kind, _, value = word.text.partition(":")
        if kind.upper() in ("EXEC", "SYSTEM", "SHELL") and value:
            command = value.partition(",")[0].strip("'\"")
            w.nested(command, inner_state(draft, st), word.span, "string", word=word)
    return None


def gdb(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    for at, word in enumerate(words[:-1]):
        if word.text in ("-ex", "-iex", "--eval-command") and words[at + 1].text.startswith(("shell ", "!", "make ")):
            text = words[at + 1].text.removeprefix("shell").removeprefix("!")
            w.nested(text, inner_state(draft, st), word.span, "string", word=words[at + 1])
        if word.text in ("-ex", "-iex", "--eval-command") and words[at + 1].text.startswith("python "):
            code = [piece(word, "python3"), piece(word, "-c"), piece(words[at + 1], words[at + 1].text[7:])]
            w.argv(code, inner_state(draft, st))
        if word.text in ("--args", "-args"):
            return w.argv(words[at + 1 :], inner_state(draft, st))
    return None


def ansible(w: Commands, draft: Draft, st: State) -> Out | None:
    """``ansible HOSTS -m shell -a COMMAND``: the command runs on every host."""
    words = draft.words
    module, text = "command", None
    for at, word in enumerate(words[:-1]):
        if word.text in ("-m", "--module-name"):
            module = words[at + 1].text.rpartition(".")[2]
        elif word.text in ("-a", "--args"):
            text = words[at + 1]
    if text is not None and module in ("shell", "command", "raw", "script"):
        _elsewhere(w, draft, st, text)
    return None
