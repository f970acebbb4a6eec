"""What flows where in a line: from the network, a decoder or a secret to an interpreter or back to the network.

Each command's output carries marks: its own (curl: network), those of its input, of substitutions in its words, and
of files that the line wrote before. A mark reaching a sink is a finding; the texts are in flows.yaml. Fails towards
danger: a command that is not known to reduce its input to a number or a name passes every mark on.
"""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.rules.code_words import code_words, reads_makefile, reads_stdin_as_code, runs_source
from vectra_guard.rules.content import attack_text
from vectra_guard.rules.files import cloned, downloads, moves
from vectra_guard.rules.find import find_targets, is_find
from vectra_guard.rules.matching import WRITES
from vectra_guard.rules.places import absolute, url_tags
from vectra_guard.rules.secrets import secret_variable, secret_words
from vectra_guard.rules.sending import sends
from vectra_guard.rules.view import Context, View

NOTHING: frozenset[str] = frozenset()
INITIALISERS = frozenset(("init", "hook", "shellenv", "env", "completion", "activate", "virtualenv-init", "shell"))


COMPRESSORS = frozenset((
    "gunzip", "gzip", "zcat", "bunzip2", "bzcat", "unxz", "xzcat", "zstd", "unzstd", "zstdcat", "uncompress",
    "funzip", "brotli",
))  # fmt: skip
ENCODERS = frozenset(("base64", "base32", "basenc", "xxd", "od", "hexdump", "openssl"))
READ = frozenset((
    "sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "mksh", "eval", "source", ".", "awk", "gawk", "mawk", "nawk",
    "perl", "python", "ruby", "node", "php",
))  # fmt: skip
"""Languages whose text is read even where parts of it are unknown."""
TELLTALES = frozenset(("tcpdump", "tshark", "dumpcap", "history", "fc"))
READS = frozenset(("secrets.file", "secrets.dotenv"))
NETWORK_CODE = re.compile(
    r"https?\.(request|get|post)|require\(.(node:)?(https?|net|tls|dgram).\)|\bfetch\(|requests\.\w+\(|urlopen|httpx|axios|net\.connect|Net::HTTP|LWP::|curl_(init|exec)|"
    r"TCPSocket|socket\.|file_get_contents\(\W?https?:|stream_context"
)
SHOWS = frozenset(("cat", "bat", "head", "tail", "true", ":", "yes", "", "zcat"))


class Flows:
    """Marks of outputs and files, worked out once each, in the order of the line."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.files: dict[str, frozenset[str]] = {}
        self.unpacked = False  # an archive from the network: its programs lie about under names that are not known
        self.clones: set[str] = set()  # folders of repositories that this line fetches
        self._out: dict[int, frozenset[str]] = {}
        self._busy: set[int] = set()

    def output(self, index: int) -> frozenset[str]:
        known = self._out.get(index)
        if known is None:
            if index in self._busy:
                return NOTHING
            self._busy.add(index)
            known = self._out[index] = self._work_out(self.context.views[index])
        return known

    def input(self, view: View) -> frozenset[str]:
        command = view.command
        marks = self.output(command.stdin_from) if command.stdin_from is not None else NOTHING
        for redirect in command.redirects:
            if redirect.op in ("<", "<<<", "<<", "<<-", "<>"):
                marks |= self.word(view, redirect.target)
                if redirect.op == "<" and "secret" in view.tags(redirect.target):
                    marks |= {"secret"}
        return marks

    def word(self, view: View, word: Word, *, as_file: bool = True) -> frozenset[str]:
        marks = NOTHING
        for source in word.sources:
            marks |= self.output(source)
        if as_file and self.files:
            marks |= self.files.get(_key(view, word), NOTHING)
        if any(secret_variable(v) for v in word.variables):
            marks |= {"secret-variable"}
        return marks

    def _work_out(self, view: View) -> frozenset[str]:
        rules, name = self.context.rules, view.name
        if name in rules.role("summarisers"):
            return NOTHING
        marks: frozenset[str] = self.input(view)
        for word in view.words:
            if word.sources or self.files:
                marks |= self.word(view, word)
        if name in rules.role("network") or view.command.place == "ssh" or _remote_read(view):
            marks |= _network_marks(view)
        elif is_find(view):
            if any("secret" in view.tags(_base(w)) for w in find_targets(view)[0]):
                marks |= {"secret"}
        elif name in rules.role("decoders") and _decodes(view):
            hides = "network" in marks and name not in COMPRESSORS  # to compress is not to hide
            marks |= {"hidden", "decoded"} if hides else {"decoded"}
        if name in ENCODERS and not _decodes(view):
            marks |= {"encoded"}
        if name in TELLTALES or _whole_environment(view):
            marks |= {"secret"}
        if name in rules.roles("file_readers", "copiers") and _hands_on_secrets(view):
            marks |= {"secret"}
        if any(secret_variable(v) for w in view.words for v in w.variables):
            marks |= {"secret-variable"}
        if self.context.found(view.command.index, "secrets.") and "secret-variable" not in marks:
            marks |= {"secret"}
        return marks

    def note_files(self, view: View) -> None:
        """Remember the marks of every file this command writes."""
        marks: frozenset[str] | None = None
        for redirect in view.command.redirects:
            if redirect.op in WRITES:
                marks = self.output(view.command.index) if marks is None else marks
                self._note(_key(view, redirect.target), marks)
        for path, source in moves(view):
            if source is None:
                self._note(path, self.output(view.command.index))
            else:
                kept = "secret" in view.tags(Word(source, source, view.command.span))
                self._note(path, self.files.get(source, NOTHING) | ({"secret"} if kept else NOTHING))
        for word in view.parsed.values("--output", "--output-document") if view.name in ("curl", "wget") else ():
            if UNKNOWN in word.text:
                self._note(_key(view, word), _network_marks(view))
        for path in downloads(view):
            self._note(path, _network_marks(view))
        if view.name in ("tar", "unzip", "bsdtar", "7z") and "network" in self.output(view.command.index):
            self.unpacked = True
        elif (folder := cloned(view)) is not None:
            self.clones.add(folder)

    def in_clone(self, path: str) -> bool:
        return any(f"{path}/".startswith(f"{clone}/") for clone in self.clones)

    def _note(self, path: str, marks: frozenset[str]) -> None:
        if marks:
            self.files[path] = self.files.get(path, NOTHING) | marks


def _key(view: View, word: Word) -> str:
    """What a file goes by: its path, or as it is written (``$f``) where only the running shell knows that."""
    return "?" + word.raw.strip("\"'") if UNKNOWN in word.text else absolute(word.text, view.where)


def _network_marks(view: View) -> frozenset[str]:
    tags = [view.tags(w) for w in view.words]
    hidden = any("url-ip" in t and "url-private" not in t for t in tags) or any(_bare(w.text) for w in view.words)
    local = any("url-local" in t for t in tags)
    return frozenset(("network", "hidden") if hidden else ("network", "local") if local else ("network",))


def _whole_environment(view: View) -> bool:
    if view.name in ("env", "printenv"):
        return not view.words
    flags_only = all(w.text in ("-p", "-x", "-px") for w in view.words)
    return flags_only and view.name in ("set", "export", "declare", "typeset")


def _bare(text: str) -> bool:
    """``185.1.2.3/x`` and ``185.1.2.3:8000/x``, as downloaders take them without a scheme."""
    tags = url_tags("http://" + text) if text[:1].isdigit() and text.count(".") >= 3 else NOTHING
    return "url-ip" in tags and "url-private" not in tags


def _base(word: Word) -> Word:
    return Word(word.text.rpartition("/")[2], word.raw, word.span)


def _hands_on_secrets(view: View) -> bool:
    """A file of secrets or of accounts, or an archive of a whole home."""
    if secret_words(view) or any("auth" in view.tags(w) for w in view.words):
        return True
    return view.name in ("tar", "zip", "7z") and any("home" in view.tags(w) for w in view.words)


def _remote_read(view: View) -> bool:
    """``aws s3 cp s3://… -``: a cloud tool that copies to its standard output."""
    texts = [w.text for w in view.words]
    return view.name in ("aws", "gsutil", "gcloud", "rclone", "az", "s3cmd", "mc", "s5cmd") and (
        "-" in texts[-1:] or "cat" in texts[:3]
    )


def _decodes(view: View) -> bool:
    name = view.name
    if name == "xxd":
        return any(w.text.startswith("-") and "r" in w.text for w in view.words)
    if name in ("base64", "base32", "basenc", "openssl", "gpg", "gzip", "zstd", "brotli"):
        return any(w.text.startswith(("-d", "-D", "--d")) for w in view.words)
    return True


def judge(context: Context) -> None:
    views = context.views
    if len(views) == 1 and not _alone_matters(context, views[0]):
        return
    flows = Flows(context)
    interpreters = context.rules.role("interpreters")
    for view in views:
        if view.command.defined_only and view.command.via == "alias":
            continue
        reads_code = view.name in interpreters or view.name in ("eval", "source", ".")
        if reads_code or reads_makefile(view) or runs_source(view):
            _interprets(context, flows, view)
        elif view.command.words:
            _executes(context, flows, view)
        sent = sends(view, flows)
        if view.name in interpreters and _sends_inside(context, view):
            sent |= {"secret"}
        if "secret" in sent:
            context.add("flow.secret-to-network", view.command)
        elif "secret-variable" in sent:
            context.add("flow.variable-to-network", view.command)
        flows.note_files(view)


def _sends_inside(context: Context, view: View) -> bool:
    """Code of another language that opens a secret and talks to the network."""
    inside = {v.command.index for v in context.inside(view)}
    reads = any(f.rule in READS and f.command in inside for f in context.findings)
    return reads and any(NETWORK_CODE.search(w.text[:20_000]) for w in code_words(view))


def _alone_matters(context: Context, view: View) -> bool:
    name = view.name
    roles = context.rules.role
    return (
        name == UNKNOWN
        or name in roles("senders")
        or name in roles("interpreters")
        or name in ("eval", "source", ".")
        or bool(view.command.redirects)
    )


def _interprets(context: Context, flows: Flows, view: View) -> None:
    marks: frozenset[str] = NOTHING
    unknown = False
    for word in code_words(view):
        found = flows.word(view, word)
        # decoded text that could be worked out is judged by what it says
        marks |= found - {"decoded"} if word.known else found
        unread = view.name not in READ and not word.known
        unknown = unknown or ((unread or _all_unknown(word)) and not word.sources)
        if flows.clones and flows.in_clone(absolute(word.text, view.where)) and word.known:
            context.add("flow.clone-then-run", view.command, word.text)
        if word.sources and _all_unknown(word) and not marks & {"network", "decoded"}:
            _substituted(context, view, word)
    if reads_stdin_as_code(view):
        known = view.command.stdin_text is not None and UNKNOWN not in view.command.stdin_text
        marks |= flows.input(view) - ({"decoded"} if known else NOTHING)
        if not known and not marks and view.command.stdin_from is not None:
            _piped(context, view, view.command.stdin_from)
    if not _mark_findings(context, view, marks) and unknown:
        context.add("flow.unknown-code", view.command, undecided=view.name not in ("eval", "source", "."))


def _all_unknown(word: Word) -> bool:
    """Nothing of the text is known. What is known in part was read, with its unknown parts at their worst."""
    return not word.known and not any(c.isalnum() for c in word.text)


def _piped(context: Context, view: View, source: int) -> None:
    """``awk '{print "mv " $1}' list | sh``: code made while it runs. A script that is only shown is no code made."""
    inner = context.views[source]
    quiet = inner.name in SHOWS or inner.name in context.rules.role("printers")
    if view.name in context.rules.role("shells") and not quiet:
        attack = attack_text(" ".join(w.text for w in inner.words))
        context.add("flow.unknown-code" if attack else "flow.printed-code", view.command, inner.name)


def _substituted(context: Context, view: View, word: Word) -> None:
    """``eval "$(prog init)"``: code that a program on this machine prints."""
    for source in word.sources:
        inner = context.views[source]
        known = inner.name in context.rules.role("env_printers") or any(
            w.text in INITIALISERS or w.text.startswith("--completion") for w in inner.words
        )
        if not known and inner.name not in context.rules.role("printers"):
            context.add("flow.printed-code", view.command, inner.name)


def _mark_findings(context: Context, view: View, marks: frozenset[str]) -> bool:
    if "hidden" in marks:
        context.add("flow.hidden-to-interpreter", view.command, view.name)
    elif "network" in marks:
        context.add("flow.network-to-interpreter", view.command, view.name)
    elif "decoded" in marks:
        context.add("flow.decoded-to-interpreter", view.command, view.name)
    else:
        return False
    return True


def _handed_over(context: Context, word: Word) -> bool:
    interpreters = context.rules.role("interpreters")
    return (
        word.text == UNKNOWN
        and bool(word.sources)
        and any(
            (v.name in interpreters or v.name == "eval") and any(w.sources == word.sources for w in v.words)
            for v in context.views
        )
    )


def _given(context: Context, view: View, word: Word) -> bool:
    """Does the unknown part stand in the text that an interpreter was given? Then it is judged there."""
    interpreters = context.rules.role("interpreters")
    outside = {
        source
        for v in context.views[: view.command.index]
        if (v.name in interpreters or v.name == "eval") and v.command.top == view.command.top
        for w in v.words
        for source in w.sources
    }
    return bool(word.sources) and outside.issuperset(word.sources)


def _executes(context: Context, flows: Flows, view: View) -> None:
    word = view.command.words[0]
    if view.name == UNKNOWN:
        if view.command.via == "string" and _handed_over(context, word):
            return  # the text of an eval or `sh -c`: judged there, by what prints it
        marks = flows.word(view, word)
        known_source = view.command.via == "string" and _given(context, view, word)
        if not _mark_findings(context, view, marks) and not known_source:
            context.add("flow.unknown-command", view.command, undecided=True)
        return
    if flows.unpacked and "/" in word.text and "system" not in view.tags(word):
        context.add("flow.download-then-run", view.command, word.text)
    if flows.clones:
        if "/" in word.text and flows.in_clone(absolute(word.text, view.where)):
            context.add("flow.clone-then-run", view.command, word.text)
        elif view.name in context.rules.role("task_runners") and flows.in_clone(view.where.cwd):
            context.add("flow.clone-then-build", view.command, view.name)
    if not flows.files:
        return
    if "/" in word.text:
        marks = flows.files.get(absolute(word.text, view.where), NOTHING)
        if any(v.command.via == "file" and v.command.top == view.command.top for v in context.views):
            marks -= {"decoded"}  # its text could be worked out and is judged by what it says
        if marks & {"network", "hidden", "decoded"}:
            hidden = "hidden" in marks
            context.add("flow.hidden-then-run" if hidden else "flow.download-then-run", view.command, word.text)
    elif view.name in context.rules.role("package_files"):
        for argument in view.words:
            if flows.word(view, argument) & {"network"}:
                context.add("flow.download-then-install", view.command, argument.text)
