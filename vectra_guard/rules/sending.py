"""What a command would send to the network, as the marks of its data: posted bodies, uploads, query strings, pipes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vectra_guard.model import Word
from vectra_guard.rules.content import input_text
from vectra_guard.rules.secrets import secret_words
from vectra_guard.rules.view import View

if TYPE_CHECKING:
    from vectra_guard.rules.flows import Flows

NOTHING: frozenset[str] = frozenset()
HEADERS = (
    "--header", "--user", "--cookie", "--oauth2-bearer", "--proxy-user", "--cert", "--key", "--cacert", "--config",
    "--private-key", "--certificate", "--netrc-file",
)  # fmt: skip
LOGIN = re.compile(r"(?i)[\w-]*(authorization|token|cookie|api-?key|auth)[\w-]*\s*:")
BATCHED = frozenset(("sftp", "ftp", "lftp", "ncftpput", "smbclient", "tftp"))
PUTS = re.compile(r"\bm?put\b([^\n;&|]{1,400})")
RAW = frozenset([
    "nc", "ncat", "netcat", "socat", "telnet", "openssl", "ssh", "mail", "mailx", "mutt", "sendmail", "msmtp",
])  # fmt: skip
NAME_LOOKUPS = frozenset(["dig", "nslookup", "host", "ping", "ping6", "drill", "traceroute", "getent"])
COPIERS = frozenset([
    "scp", "rsync", "sftp", "rclone", "aws", "gsutil", "az", "ftp", "lftp", "s3cmd", "mc", "croc",
    "magic-wormhole", "wormhole", "gh", "glab", "azcopy", "tftp", "smbclient", "ncftpput",
])  # fmt: skip


def sends(view: View, flows: Flows) -> frozenset[str]:
    name = view.name
    redirect = _to_socket(view, flows)
    if name not in flows.context.rules.role("senders"):
        return redirect
    if name in ("curl", "wget", "http", "https", "xh"):
        return redirect | _http(view, flows)
    if name in RAW:
        if name == "openssl" and not any(w.text == "s_client" for w in view.words):
            return redirect
        marks = redirect | flows.input(view)
        if name == "ssh":
            return marks - {"secret-variable"}
        if name in ("mail", "mailx", "mutt") and secret_words(view):
            marks |= {"secret"}
        if name == "socat" and any(_secret(view, _after_colon(w)) for w in view.words):
            marks |= {"secret"}
        return marks | _words(view, flows, view.words)
    if name in NAME_LOOKUPS:  # nobody asks for an encoded name but to carry something out
        marks = _words(view, flows, view.words)
        return redirect | marks | ({"secret"} if "encoded" in marks else NOTHING)
    if name in COPIERS:
        return redirect | _copies(view, flows)
    return redirect


def _secret(view: View, file: Word) -> bool:
    """Also the list of accounts, which everybody here may read and nobody elsewhere should."""
    return bool(view.tags(file) & {"secret", "auth"})


def _after_colon(word: Word) -> Word:
    text = word.text.partition(":")[2].partition(",")[0]
    return Word(text, text, word.span)


def _to_socket(view: View, flows: Flows) -> frozenset[str]:
    for redirect in view.command.redirects:
        if "<" not in redirect.op and "net" in view.tags(redirect.target):
            return flows.output(view.command.index)
    return NOTHING


def _words(view: View, flows: Flows, words: tuple[Word, ...] | list[Word]) -> frozenset[str]:
    marks = NOTHING
    for word in words:
        if word.sources or word.variables:
            marks |= flows.word(view, word)
    return marks


def _http(view: View, flows: Flows) -> frozenset[str]:
    """Bodies and uploads count, and what is put into the address; a header with a token is how one logs in."""
    parsed = view.parsed
    marks = NOTHING
    for flag, values in parsed.flags.items():
        if flag in HEADERS:
            for word in values if flag == "--header" else ():
                if word is not None and not LOGIN.match(word.text):
                    marks |= _words(view, flows, [word]) - {"secret-variable"}
            continue
        for word in values:
            if word is None:
                continue
            text = word.text
            marks |= _words(view, flows, [word]) - {"secret-variable"}
            name = text.rpartition("=")[2] if "=" in text else text
            sent_file = "@" in text or "<" in name[:1] or flag in ("--upload-file", "--post-file", "--body-file")
            if not sent_file:
                continue
            path = name.lstrip("@<").partition(";")[0] if "@" in name[:1] or "=" in text else text.lstrip("@")
            if path in ("-", "."):
                marks |= flows.input(view)
            else:
                file = Word(path, path, word.span)
                marks |= flows.word(view, file)
                if _secret(view, file):
                    marks |= {"secret"}
    for word in parsed.args:
        marks |= _words(view, flows, [word])
        if view.name in ("http", "https", "xh") and "@" in word.text:
            file = Word(word.text.rpartition("@")[2], "", word.span)
            if _secret(view, file):
                marks |= {"secret"}
    if view.name in ("http", "https", "xh"):
        marks |= flows.input(view)
    return marks


def _puts_secret(view: View, flows: Flows) -> bool:
    """``put ~/.ssh/id_rsa`` among the commands that a file client reads or is given."""
    text = " ".join([input_text(flows.context, view) or "", *(w.text for w in view.words if " " in w.text)])[:20_000]
    paths = [word for found in PUTS.finditer(text) for word in found.group(1).split()]
    return any(_secret(view, Word(p, p, view.command.span)) for p in paths)


def _copies(view: View, flows: Flows) -> frozenset[str]:
    """``scp SECRET host:``, ``aws s3 cp SECRET s3://``, ``gh gist create SECRET``: only outwards counts."""
    args = view.parsed.args
    texts = [w.text for w in args]
    forge = view.name in ("gh", "glab")
    if forge and texts[:2] not in (["gist", "create"], ["snippet", "create"]):
        return NOTHING
    if view.name in ("scp", "rsync") and not (args and "remote" in view.tags(args[-1])):
        return NOTHING
    marks = flows.input(view) if "-" in texts or view.name in ("gh", "ftp", "lftp") else NOTHING
    if view.name in BATCHED and _puts_secret(view, flows):
        return marks | {"secret"}
    places = args[:-1] if view.name in ("scp", "rsync") else args
    last_remote = max((n for n, w in enumerate(args) if "://" in w.text or "remote" in view.tags(w)), default=-1)
    for at, word in enumerate(places):
        later = at < last_remote
        outward = later or view.name not in ("scp", "rsync", "aws", "gsutil", "rclone", "az", "s3cmd", "mc")
        if outward and "remote" not in view.tags(word):
            if _secret(view, word):
                marks |= {"secret"}
            marks |= flows.word(view, word)
    return marks
