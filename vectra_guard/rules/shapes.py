"""Attacks that are a shape rather than a command: fork bombs, shells handed to the network.

Works on the commands of the line and how they are joined. The texts are in attacks.yaml.
"""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.rules.view import Context, View

SOCKET = re.compile(r"fsockopen|socket\.|Socket|TCPSocket|net\.connect|createConnection|/inet/tcp/|Net::|IO::Socket")
SHELL = re.compile(
    r"/bin/(ba|z|da|k)?sh|\bexec\b|spawn|\bsystem\b|popen|subprocess|pty\.|cmd\.exe|\bsh\b|\biex\b|invoke-expression"
)
FORKING = re.compile(
    r"\bfork\b[^\n]{0,60}(\b(fork|while|loop|cycle|forever)\b|\biter\(int|\bcount\(\)|\bredo\b)|"
    r"\b(while|loop)\b[^\n]{0,60}\bfork\b"
)
ENDLESS = re.compile(
    r"\bwhile\s+(true|:|1|\[\s*1\s*\]|\(\(\s*1\s*\)\))\s*[;\n]|\buntil\s+false\b|\bfor\s*\(\(\s*;\s*;\s*\)\)"
)
PAUSES = frozenset(("sleep", "wait", "read", "usleep", "break", "exit", "inotifywait"))
SELF = re.compile(r"[\"']?\$\{?0\}?( ?[\"']?\$@[\"']?)?[\"']?")
SPAWNS = re.compile(r"\bdo\b[^\n]{0,2000}[^&|>\s]\s*&(?![&>\d])[^\n]{0,2000}\bdone\b")
LINKS = frozenset(("nc", "ncat", "netcat", "telnet", "socat", "openssl"))
NETCATS = frozenset(("nc", "ncat", "netcat", "nc.traditional", "nc.openbsd", "pwncat"))


def judge(context: Context) -> None:
    if any(v.command.in_loop and v.command.background for v in context.views):
        _endless_spawn(context)
    interpreters = context.rules.role("interpreters")
    for view in context.views:
        name, command = view.name, view.command
        if command.via == "recursion" and (command.background or command.stdout_to is not None):
            context.add("attack.fork-bomb", command)
        if name in interpreters:
            _interpreter(context, view)
        elif name == "kill":
            _kills_listed(context, view)
        elif name in NETCATS:
            _netcat(context, view)
        elif name == "socat":
            text = " ".join(w.text for w in view.words).lower()
            if ("exec:" in text or "system:" in text) and re.search(r"tcp|udp|openssl|ssl|sctp", text):
                context.add("attack.reverse-shell", view.command)
        if command.redirects and any("net" in view.tags(r.target) for r in command.redirects):
            _socket_redirect(context, view)


def _endless_spawn(context: Context) -> None:
    """A loop without end or pause whose body goes on in the background."""
    loop = [v for v in context.views if v.command.in_loop]
    line = context.request.line[:20_000]
    if any(v.name in PAUSES for v in loop) or not ENDLESS.search(line) or not SPAWNS.search(line):
        return
    started = next(v for v in loop if v.command.background)
    context.add("attack.fork-bomb", started.command)


def _kills_listed(context: Context, view: View) -> None:
    """``kill $(pgrep -u dev)``: every process that a user has, or that there is."""
    if any(w.text == "-0" for w in view.words):
        return  # only asks whether it lives
    indexes = [s for w in view.words for s in w.sources]
    if view.command.via == "xargs" and (at := context.script.commands[view.command.top].stdin_from) is not None:
        indexes.append(at)
    if any(w.text == UNKNOWN and not _own_job(context, view, w) for w in view.words):
        context.add("process.end", view.command, "a process that is only known when it runs")
    for source in (_lister(context, context.views[i]) for i in indexes):
        texts = [w.text for w in source.words]
        whole = source.name == "pgrep" and ("." in texts or (texts[:1] and texts[0] in ("-u", "-U") and len(texts) < 3))
        every = source.name == "ps" and any(t in ("-u", "-U", "-e", "-A", "ax", "aux") for t in texts)
        if whole or every:
            context.add("process.all", view.command)


def _lister(context: Context, view: View) -> View:
    """``ps aux | awk '{print $2}'``: the command whose list it is, where nothing on the way chooses from it."""
    while view.name in ("awk", "cut", "tr", "sort", "tail") and view.command.stdin_from is not None:
        if any("/" in w.text for w in view.words):
            break
        view = context.views[view.command.stdin_from]
    return view


def _own_job(context: Context, view: View, word: Word) -> bool:
    """``job & pid=$!; kill $pid``, or the tidying up of a trap: what this line started itself."""
    if view.command.via == "trap" or "$!" in word.raw:
        return True
    name = word.raw.strip('"${}')
    return any((name, "$!") == (given, value.raw) for v in context.views for given, value in v.command.assigns)


def _interpreter(context: Context, view: View) -> None:
    command = view.command
    shells = context.rules.role("shells")
    inside = command.in_loop or context.views[command.top].name in ("xargs", "gxargs")
    looping = inside and command.background
    if view.name in shells and any(
        (looping and (w.text == UNKNOWN or "BASH_SOURCE" in w.raw))
        or ((looping or command.via == "xargs") and SELF.fullmatch(w.raw))
        for w in command.words
    ):
        context.add("attack.fork-bomb", command)
    at = command.stdout_to
    if at is not None and context.views[at].name in LINKS and not _has_script(view):
        context.add("attack.reverse-shell", command)
    if view.name in shells:
        _fed_by_network(context, view)
        return
    code = " ".join(w.text for w in view.words[:4])[:20_000]
    if SOCKET.search(code) and SHELL.search(code) and any(w.text[:1] == "-" for w in view.words):
        context.add("attack.reverse-shell", command)
    elif FORKING.search(code):
        context.add("attack.fork-bomb", command)


def _fed_by_network(context: Context, view: View) -> None:
    """``nc host port < pipe | sh > pipe``: what the network says runs, and the answer goes back."""
    source = view.command.stdin_from
    if source is None or context.views[source].name not in LINKS or _has_script(view):
        return
    read = {r.target.text for r in context.views[source].command.redirects if r.op == "<"}
    if any(r.target.text in read for r in view.command.redirects if ">" in r.op):
        context.add("attack.reverse-shell", view.command)


def _has_script(view: View) -> bool:
    return any(not w.text.startswith("-") for w in view.words)


def _netcat(context: Context, view: View) -> None:
    parsed = view.parsed
    if parsed.has("--exec", "--sh-exec", "--lua-exec"):
        context.add("attack.reverse-shell", view.command)


def _socket_redirect(context: Context, view: View) -> None:
    """A shell whose input or output is a network socket, or a socket opened for later (``exec 5<>/dev/tcp/…``)."""
    shells = context.rules.role("shells")
    at = view.command.index
    inside = context.views[at + 1 :]
    top = view.command.top
    wrapped = any(v.name in shells and v.command.top == top and v.command.via != "substitution" for v in inside)
    if wrapped or view.name in shells or view.name in ("sh", "exec", "cmd"):
        context.add("attack.reverse-shell", view.command)
