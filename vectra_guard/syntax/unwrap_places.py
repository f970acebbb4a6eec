"""Commands that run another command elsewhere: another host, a container, a terminal, a later time."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.opening import inner_state, joined, past_options, piece, scan
from vectra_guard.syntax.state import Draft, Out, State
from vectra_guard.syntax.wrappers import (
    BWRAP_NONE,
    BWRAP_TWO,
    CONTAINER_GLOBAL,
    CONTAINER_VALUES,
    KUBE_VALUES,
    REMOTE,
    Row,
)

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands


def ssh_options(w: Commands, draft: Draft, st: State) -> Out | None:
    """``-o ProxyCommand=…`` and its kin run here; scp and sftp have them too, and ``-S PROGRAM``."""
    words = draft.words
    for number, word in enumerate(words[:-1]):
        option = words[number + 1].text if word.text == "-o" else (word.text[2:] if word.text[:2] == "-o" else "")
        key = option.replace("=", " ", 1).split(" ", 1)[0]
        value = option[len(key) + 1 :]
        if key.lower() in ("proxycommand", "localcommand", "knownhostscommand") and value and value != "none":
            w.nested(value, inner_state(draft, st), word.span, "string", word=words[number + 1])
        if word.text == "-S" and draft.name in ("scp", "sftp"):
            w.nested(words[number + 1].text, inner_state(draft, st), word.span, "string", word=words[number + 1])
    return None


def remote(w: Commands, draft: Draft, st: State) -> Out | None:
    """ssh: options may hold local commands; what follows the host is a text for the remote shell."""
    words, row = draft.words, REMOTE[draft.name]
    ssh_options(w, draft, st)
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
        inner.inp_text = None
        if text is not None and len(words) > 1:
            return w.nested(text, inner, draft.span, "stdin")
        return None
    if draft.name == "mosh":
        return w.argv(words[at:], inner)
    whole = joined(words[at:])
    return w.nested(whole.text, inner, whole.span, "string", word=whole)


def container(w: Commands, draft: Draft, st: State) -> Out | None:
    """docker, podman, nerdctl: ``run IMAGE CMD…``, ``exec NAME CMD…``; compose with a service."""
    words = draft.words
    at = past_options(words, 1, CONTAINER_GLOBAL)
    while at < len(words) and words[at].text in ("compose", "container", "-compose"):
        at = past_options(
            words, at + 1, frozenset(["f", "file", "p", "project-name", "profile", "env-file", "project-directory"])
        )
    if draft.name.endswith("-compose"):
        at = past_options(
            words, 1, frozenset(["f", "file", "p", "project-name", "profile", "env-file", "project-directory"])
        )
    if at >= len(words) or words[at].text not in ("run", "exec", "create"):
        return None
    start = at + 1
    at = past_options(words, start, CONTAINER_VALUES)
    entry = [words[n + 1] for n in range(start, min(at, len(words) - 1)) if words[n].text == "--entrypoint"]
    entry += [
        piece(words[n], words[n].text[13:]) for n in range(start, at) if words[n].text.startswith("--entrypoint=")
    ]
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


def kubectl(w: Commands, draft: Draft, st: State) -> Out | None:
    words = draft.words
    at = past_options(words, 1, KUBE_VALUES)
    if at >= len(words) or words[at].text not in ("exec", "run", "debug"):
        return None
    texts = [x.text for x in words]
    if "--" in texts[at:]:
        rest = words[texts.index("--", at) + 1 :]
    elif words[at].text == "exec":
        rest = words[past_options(words, past_options(words, at + 1, KUBE_VALUES) + 1, KUBE_VALUES) :]
    else:
        return None
    if not rest:
        return None
    inner = inner_state(draft, st)
    inner.place, inner.cwd = "container", UNKNOWN
    return w.argv(rest, inner)


def bwrap(w: Commands, draft: Draft, st: State) -> Out | None:
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


def terminal(w: Commands, draft: Draft, st: State) -> Out | None:
    """screen and tmux: commands for new windows, and keys typed into old ones."""
    words = list(draft.words)
    inner = inner_state(draft, st)
    if draft.name == "screen":
        for at, word in enumerate(words[:-1]):
            if word.text == "-X" and words[at + 1].text == "exec":
                return w.argv(words[at + 2 :], inner)
            if word.text == "-X" and words[at + 1].text == "stuff":
                text = joined(words[at + 2 :] or words[at + 1 :])
                return w.nested(text.text, inner, text.span, "string", word=text)
        at, _ = scan(words, Row("cehpsStTrR"))
        return w.argv(words[at:], inner) if at < len(words) else None
    marks = [n for n, x in enumerate(words) if x.text == ";"]
    if marks:
        for start, end in itertools.pairwise([0, *marks, len(words)]):
            one = Draft(draft.index, draft.top, draft.span, [words[0], *words[start + 1 : end]], draft.name)
            terminal(w, one, st)
        return None
    at = past_options(words, 1, frozenset("fLSTc"))
    if at >= len(words):
        return None
    verb = words[at].text
    if verb.startswith(("send", "run", "if", "pipe", "new", "split", "respawn", "neww", "popup", "display-p")):
        row = Row("ceFnstxywlp") if not verb.startswith(("send", "run", "if")) else Row("tNdF")
        start, _ = scan(words, row, at + 1)
        rest = [x for x in words[start:] if x.text not in ("Enter", "C-m", "KPEnter")]
        if rest:
            text = joined(rest[:1] if verb.startswith("if") else rest)
            return w.nested(text.text, inner, text.span, "string", word=text)
    return None


def timed(w: Commands, draft: Draft, st: State) -> Out | None:
    """at, batch: the job is on standard input, or in a file that this line wrote."""
    text = w.input_of(draft, st)
    words = [x.text for x in draft.words]
    for number, name in enumerate(words[:-1]):
        if name == "-f":
            text = w.content(words[number + 1], st)
    if text is None:
        return None
    inner = inner_state(draft, st)
    inner.inp_text = None
    return w.nested(text, inner, draft.span, "stdin")


def crontab(w: Commands, draft: Draft, st: State) -> Out | None:
    words = [x.text for x in draft.words[1:] if x.text[:1] != "-" or x.text == "-"]
    if any(x.text in ("-l", "-r", "-e") for x in draft.words):
        return None
    text = w.input_of(draft, st) if not words or words[-1] == "-" else w.content(words[-1], st)
    if text is not None:
        cron_lines(w, draft, st, text)
    return None


def cron_lines(w: Commands, draft: Draft, st: State, text: str, *, user: bool = False) -> None:
    """The commands of a table of cron; ``user``: with the field that says whose they are."""
    inner = inner_state(draft, st)
    inner.inp_text = None
    for line in text.splitlines()[:100]:
        line = line.strip()
        if not line or line[0] == "#":
            continue
        fields = line.split(None, (1 if line[0] == "@" else 5) + user)
        if len(fields) > 1 and "=" not in fields[0]:
            w.nested(fields[-1].replace("%", "\n", 1), inner, draft.span, "cron")


def incrontab(w: Commands, draft: Draft, st: State) -> Out | None:
    """Lines of a path, what is watched for, and a command."""
    text = w.input_of(draft, st)
    for line in (text or "").splitlines()[:100]:
        fields = line.split(None, 2)
        if len(fields) == 3:
            w.nested(fields[2], inner_state(draft, st), draft.span, "cron")
    return None


def gnu_terminal(w: Commands, draft: Draft, st: State) -> Out | None:
    for at, word in enumerate(draft.words[:-1]):
        if word.text in ("-e", "-x", "--", "--command", "-c"):
            rest = draft.words[at + 1 :]
            if len(rest) == 1:
                return w.nested(rest[0].text, inner_state(draft, st), rest[0].span, "string", word=rest[0])
            return w.argv(rest, inner_state(draft, st))
    return None
