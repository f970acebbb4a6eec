"""What simple text commands print, where their words and input are known: echo, printf, tr, rev, base64 and so on.

Nothing is run. An option that is not understood makes the output unknown (``None``), never wrong. ``UNKNOWN`` may
stand inside a result that is known in part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vectra_guard.model import UNKNOWN
from vectra_guard.syntax.filters import (
    awk,
    b32,
    b64,
    basename,
    cut,
    dd,
    dirname,
    grep,
    gunzip,
    gzip,
    head,
    jq,
    openssl,
    paste,
    rev,
    same,
    sed,
    sort,
    tac,
    tail,
    tr,
    xxd,
)
from vectra_guard.syntax.names import BIN_FOLDERS, command_name, normal, word_set
from vectra_guard.syntax.printers import echo, fish_string, located, path_of, printf, seq, yes, zsh_print
from vectra_guard.syntax.state import Draft, State

if TYPE_CHECKING:
    from vectra_guard.syntax.commands import Commands

SILENT = word_set(
    "true false : cd test [ [[ (( sleep mkdir touch chmod chown ln cp mv rm rmdir kill wait unset shift umask"
    " exit return break continue set shopt setopt unsetopt install"
)


def output(w: Commands, draft: Draft, st: State) -> str | None:
    name = draft.name
    if name in COPIES:
        _copied(w, draft, st)
    if name in SILENT:
        return ""
    known = FOLDS.get(name)
    if known is None:
        return None
    args = [x.text for x in draft.words[1:]]
    if name in PARTIAL:
        return known(args, None)
    if any(UNKNOWN in a for a in args):
        return None
    stdin = w.input_of(draft, st)
    if name in CONTEXT:
        return CONTEXT[name](w, args, stdin, st)
    return known(args, stdin)


def _cat(w: Commands, args: list[str], stdin: str | None, st: State) -> str | None:
    if any(a[:1] == "-" and a not in ("-", "-u", "--") for a in args):
        return None
    files = [a for a in args if a not in ("-u", "--")] or ["-"]
    out: list[str] = []
    for name in files:
        text = stdin if name in ("-", "/dev/stdin") else w.content(name, st)
        if text is None:
            return None if len(files) == 1 else UNKNOWN
        out.append(text)
    return "".join(out)


def _pwd(w: Commands, args: list[str], stdin: str | None, st: State) -> str | None:
    return st.cwd + "\n"


def _whoami(w: Commands, args: list[str], stdin: str | None, st: State) -> str | None:
    if "sudo" in st.wrappers:
        return "root\n"
    return w.facts.user + "\n" if w.facts.user else None


def _with_file(filter_: Callable[[list[str], str | None], str | None]) -> Callable[..., str | None]:
    def run(w: Commands, args: list[str], stdin: str | None, st: State) -> str | None:
        if args and args[-1][:1] != "-" and len(args) > 0:
            known = w.content(args[-1], st)
            if known is not None:
                return filter_(args[:-1], known)
        return filter_(args, stdin)

    return run


def _psub(w: Commands, args: list[str], stdin: str | None, st: State) -> str | None:
    if stdin is None:
        return None
    path = f"/tmp/.psub.{len(w.files)}"  # noqa: S108 - a name for what fish makes, nothing is written
    w.files[path] = stdin
    return path + "\n"


def _tee(w: Commands, args: list[str], stdin: str | None, st: State) -> str | None:
    appends = "-a" in args
    for name in args:
        if name[:1] != "-" and not name.startswith("/dev/"):
            w.write(name, UNKNOWN if stdin is None else stdin, appends, st)
    return stdin


def _copied(w: Commands, draft: Draft, st: State) -> None:
    """``cp`` ``ln`` ``mv`` ``install`` of a program: the new name means the old program."""
    operands: list[str] = []
    folder = ""
    texts = [x.text for x in draft.words[1:]]
    for at, text in enumerate(texts):
        before = texts[at - 1] if at else ""
        if before in ("-t", "--target-directory"):
            folder = text + "/"
        elif text.startswith("--target-directory="):
            folder = text.partition("=")[2] + "/"
        elif draft.name == "dd":
            operands += [text.partition("=")[2]] if text[:3] in ("if=", "of=") else []
        elif text[:1] != "-" and not (draft.name == "install" and before in ("-m", "-o", "-g", "-S")):
            operands.append(text)
    if folder:
        operands.append(folder)
    if len(operands) == 2:
        copied(w, draft, operands[0], operands[1], st)


def copied(w: Commands, draft: Draft, source: str, target: str, st: State) -> None:
    """Remember that ``target`` is now the same program, or holds the same text, as ``source``."""
    if UNKNOWN in source + target:
        return
    known = w.input_of(draft, st) if source in ("/dev/stdin", "/dev/fd/0") else w.content(source, st)
    where = normal(target, st.cwd)
    if target.endswith("/") or target in (".", ".."):
        where = normal(target.rstrip("/") + "/" + source.rpartition("/")[2], st.cwd)
    if known is not None:
        w.files[where] = known
    name = w.copies.get(normal(source, st.cwd)) or command_name(source, w.copies, st.cwd)
    if name != source:
        w.copies[where] = name
        folder, _, base = where.rpartition("/")
        if folder.rpartition("/")[2] in BIN_FOLDERS:
            w.copies["bin:" + base] = name


def poured(w: Commands, draft: Draft, target: str, st: State) -> None:
    """``cat /bin/rm > x``, ``dd if=/bin/rm of=x``: a copy by other means."""
    if draft.name in ("cat", "dd"):
        read = [r.target.text for r in draft.redirects if r.op == "<"]
        copied(w, draft, read[0] if read else draft.words[-1].text.removeprefix("if="), target, st)


def _listed(args: list[str], stdin: str | None) -> str | None:
    """``ls`` of one program."""
    return args[0] + "\n" if len(args) == 1 and "/bin/" in args[0] and "*" not in args[0] else None


COPIES = frozenset({"cp", "ln", "mv", "install", "rsync", "dd"})
PARTIAL = frozenset({"echo", "printf", "print"})
FOLDS: dict[str, Callable[[list[str], str | None], str | None]] = {
    "echo": echo,
    "printf": printf,
    "print": zsh_print,
    "seq": seq,
    "rev": rev,
    "tac": tac,
    "tr": tr,
    "base64": b64,
    "gbase64": b64,
    "base32": b32,
    "xxd": xxd,
    "openssl": openssl,
    "head": head,
    "tail": tail,
    "cut": cut,
    "sed": sed,
    "basename": basename,
    "dirname": dirname,
    "sort": sort,
    "paste": paste,
    "string": fish_string,
    "yes": yes,
    "gunzip": gunzip,
    "zcat": gunzip,
    "gzip": gzip,
    "pigz": gzip,
    "grep": grep,
    "uniq": same,
    "pv": same,
    "buffer": same,
    "sponge": same,
    "dd": dd,
    "iconv": same,
    "dos2unix": same,
    "cat": rev,
    "pwd": rev,
    "whoami": rev,
    "tee": rev,
    "psub": rev,
    "which": located,
    "where": located,
    "readlink": located,
    "realpath": located,
    "ls": _listed,
    "fold": same,
    "expand": same,
    "jq": jq,
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), awk),
    "type": path_of,
    "whence": path_of,
}
CONTEXT: dict[str, Callable[..., str | None]] = {
    "cat": _cat, "pwd": _pwd, "whoami": _whoami, "tee": _tee, "psub": _psub,
    "base64": _with_file(b64), "rev": _with_file(rev), "xxd": _with_file(xxd), "tac": _with_file(tac),
    "head": _with_file(head), "tail": _with_file(tail), "sed": _with_file(sed), "cut": _with_file(cut),
}  # fmt: skip
