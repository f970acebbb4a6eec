"""The data that every part of the guard speaks in. Frozen, no behaviour, no I/O.

Text positions (``Span``) are byte offsets into the UTF-8 form (``surrogateescape``) of ``Request.line``,
end exclusive. Text nested in a word (``sh -c 'rm x'``) carries the span of the outermost word that holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, NamedTuple

UNKNOWN = "\0"
"""Stands in ``Word.text`` for a part whose value only the running shell can know. No real argument holds a NUL."""


class Risk(IntEnum):
    """How bad the consequence is. DESIGN: critical cannot be repaired, high loses data or exposes secrets,
    medium can be undone, low is the rest."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Action(IntEnum):
    """What is done with a command. Strictest wins."""

    HOST = 0
    SANDBOX = 1
    ASK = 2
    BLOCK = 3

    @property
    def label(self) -> str:
        return self.name.lower()


Remedy = Literal["none", "sandbox", "review", "ask", "refuse"]
"""What helps against a finding. ``sandbox``: its effect belongs in the workspace or a cache. ``review``: look
before you keep. ``ask``: its purpose is outside, a sandbox would only break it. ``refuse``: nothing helps."""


Reach = Literal["", "here", "home"]
"""How far the copy-on-write view of a reviewed run reaches: not at all, the project, or home as well."""


class Span(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PathInfo:
    """What is known of one path on the host, gathered outside the core and bounded in time."""

    exists: bool = True
    is_dir: bool = False
    is_link: bool = False
    tracked: bool | None = None  # by git; None: not known
    ignored: bool | None = None
    files: int | None = None  # below it, counted up to a bound


@dataclass(frozen=True, slots=True)
class Facts:
    """What the evaluator may know of the world. All optional: without facts it judges by names alone."""

    user: str = ""
    uid: int = 1000
    git_root: str | None = None
    git_branch: str = ""
    production: str = ""  # why this is a production context, or empty
    aliases: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)  # name -> source text of the definition
    variables: Mapping[str, str] = field(default_factory=dict)  # values that are certain (HOME, USER, PWD …)
    path_info: Callable[[str], PathInfo | None] | None = None  # absolute path -> what is there


@dataclass(frozen=True, slots=True)
class Request:
    """One line to judge. ``argv`` set: one simple command whose words are already expanded (``vg exec --``);
    then ``line`` is only its display form."""

    line: str
    shell: str = "bash"  # bash zsh fish sh
    cwd: str = "/"
    home: str = ""
    interactive: bool = False
    argv: tuple[str, ...] | None = None
    partial: bool = False  # a prefix of a construct that the user is still typing (bash continuation lines)
    comments: bool = True  # False: this shell takes # for a character like any other (interactive_comments is off)
    by_program: bool = False  # a coding agent wrote it: whoever answers a question did not type it


@dataclass(frozen=True, slots=True)
class Word:
    """One word after quote removal and every expansion that can be known without running anything."""

    text: str  # UNKNOWN marks each part that is not known
    raw: str
    span: Span
    quoted: bool = False  # any part was quoted: an unknown part cannot vanish into no word at all
    glob: bool = False  # holds an unquoted, unexpanded glob pattern
    splits: bool = False  # an unquoted unknown part may become several words, or none
    sources: tuple[int, ...] = ()  # indexes of the commands whose output is substituted into it
    variables: tuple[str, ...] = ()  # names of variables in it whose value is not known

    @property
    def known(self) -> bool:
        return UNKNOWN not in self.text


@dataclass(frozen=True, slots=True)
class Redirect:
    op: str  # > >> >| < <> >& <& &> &>> << <<- <<<
    fd: int  # descriptor redirected: 0 1 2 …; -1 for &> and &>> (both 1 and 2)
    target: Word  # for here-documents and here-strings: the text itself


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command, wherever it was found: in the line, inside a substitution, a wrapper, ``sh -c`` text,
    a function or alias body, or as the equivalent of inline code (python's ``shutil.rmtree`` is ``rm -rf``)."""

    words: tuple[Word, ...]  # argv; empty for a command of assignments or redirections only
    span: Span
    index: int
    top: int  # index of the outermost command of the line that this one is nested in (itself when not nested)
    name: str = ""  # base name of the command word, UNKNOWN when not known
    assigns: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    wrappers: tuple[str, ...] = ()  # outermost first: ("sudo", "env")
    privileged: bool = False  # runs as another, usually more powerful user
    place: str = ""  # where it runs if not here: "ssh", "container", "chroot"
    via: str = ""  # how it was reached: "", "substitution", "string", "function", "alias", "python", "xargs", …
    cwd: str = ""  # after `cd` earlier in the line; UNKNOWN when not known
    stdin_from: int | None = None  # index of the command whose output it reads
    stdout_to: int | None = None
    stdin_text: str | None = None  # its standard input where that is known text
    background: bool = False
    in_loop: bool = False
    defined_only: bool = False  # stands in a function or alias body (or trap) that this line never runs
    insert_at: int | None = None  # byte offset where `vg exec … -- ` goes; None: cannot be rewritten in place
    replace: tuple[Span, str] | None = None  # text to put for an alias word when the command is rewritten


@dataclass(frozen=True, slots=True)
class Script:
    """Everything a line would run, in order, with what could not be read."""

    commands: tuple[Command, ...]
    problems: tuple[str, ...] = ()  # sentences: a parse error, a cap that was reached
    floor: Risk = Risk.LOW  # a parse error is never low; what lies past a cap is high


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule says about one command."""

    rule: str  # stable id: "git.push-force"
    risk: Risk
    remedy: Remedy
    message: str  # one sentence: what would happen
    span: Span
    command: int = -1  # index into Script.commands; -1: the whole line
    why: str = ""  # one sentence: why it matters
    instead: str = ""  # a safer alternative, or empty
    category: str = ""
    undecided: bool = False  # worst case of words that only expansion can tell: judged again by `vg exec`
    manager: str = ""  # for installs: the package manager, whose cache and registry the sandbox needs


@dataclass(frozen=True, slots=True)
class Insertion:
    """One in-place rewrite: put ``vg exec --grant ID -- `` at ``offset`` (and the alias text over its word)."""

    offset: int
    command: int
    kind: Literal["sandbox", "recheck"]
    replace: tuple[Span, str] | None = None
    asked: bool = False  # its part asks: it stays only when the answer is the sandbox
    keep_env: tuple[str, ...] = ()  # variables assigned in front of the command: it is meant to see them
    review: Reach = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the decision, for ``vg explain``."""

    name: str
    outcome: str
    source: str = ""  # which configuration layer set the value it used


@dataclass(frozen=True, slots=True)
class RiskyPart:
    """One pipeline of the line that is risky: what a trust entry would be for."""

    fingerprint: str
    text: str
    risk: Risk
    asks: bool
    runs: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (folder, words) of each command: which files it may run
    words: tuple[str, ...] = ()  # what a pattern may cover: of a single known command, as typed; else empty
    changed: tuple[str, ...] = ()  # files that are not what they were when it was trusted


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with a line."""

    action: Action
    risk: Risk
    reason: str
    findings: tuple[Finding, ...] = ()
    steps: tuple[Step, ...] = ()
    insertions: tuple[Insertion, ...] = ()
    whole_line: bool = False  # sandboxed, but not in place: the whole line runs inside
    review: Reach = ""  # the sandbox is to be a copy-on-write view
    sandbox_offered: bool = False  # with ASK: would a sandbox serve?
    host_offered: bool = True  # with ASK: may it run on the host at all? (never for critical)
    trusted: bool = False  # a trust entry decided it
    trust_ids: tuple[str, ...] = ()  # the entries whose use is to be counted
    parts: tuple[RiskyPart, ...] = ()  # the risky ones; never a critical one, which is not to be trusted
    warning: str = ""  # shown although the line runs (guard level off, critical)


# --- sandbox ---------------------------------------------------------------------------------------------------

NetworkMode = Literal["none", "restricted", "full"]
WorkspaceMode = Literal["direct", "review", "ro"]
SecurityLevel = Literal["permissive", "balanced", "strict", "paranoid"]


@dataclass(frozen=True, slots=True)
class Mount:
    """``source`` on the host appears as ``target`` inside; a later mount covers an earlier one.

    ``kind`` overlay: ``source`` below, ``upper`` above (empty: what is written vanishes with the run).
    link: a symbolic link at ``target`` to the text ``source``. data: a read-only file with the content ``data``.
    mask: an empty file or folder over what would be there.
    """

    source: str
    target: str
    kind: Literal["ro", "rw", "tmpfs", "overlay", "link", "data", "mask"] = "ro"
    upper: str = ""
    size: int = 0  # bytes, for tmpfs
    optional: bool = False  # skipped when the source does not exist
    data: bytes = b""
    mode: int = 0o644  # permissions, for data and tmpfs
    layers: tuple[str, ...] = ()  # for overlay: read-only folders above source and below upper, lowest first


@dataclass(frozen=True, slots=True)
class Limits:
    """Zero: not limited."""

    memory: int = 0  # bytes, whole tree
    cpus: float = 0.0
    pids: int = 0
    file_size: int = 0  # bytes, each file written
    tmp_size: int = 0  # bytes, /tmp and /dev/shm each
    timeout: float = 0.0  # seconds of wall clock


@dataclass(frozen=True, slots=True)
class Network:
    mode: NetworkMode
    allow: tuple[str, ...] = ()  # host, host:port or *.host; only for restricted
    private: tuple[str, ...] = ()  # allowed hosts that may be on non-global addresses (a company mirror)


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """A run, fully described and independent of the runtime that will do it."""

    argv: tuple[str, ...]
    cwd: str
    level: SecurityLevel
    workspace: str  # host path of the project root; inside it has the same path
    workspace_mode: WorkspaceMode
    network: Network
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    capabilities: tuple[str, ...] = ()
    seccomp: str = "default"  # default, strict, none, or the path of an OCI JSON profile
    noexec_tmp: bool = False
    hide: tuple[str, ...] = ()  # host paths that must not be reachable, whatever else is mounted
    caches: tuple[str, ...] = ()  # names of the managers whose caches are mounted
    viewed: tuple[str, ...] = ()  # in review mode: host folders that appear as copy-on-write views
    image: str = ""  # containers only


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sandboxed run ended. ``status``: the command's own, 128+n for a signal, 124 time-out."""

    status: int
    duration: float  # seconds, of the command
    overhead: float = 0.0  # seconds the sandbox added before the command started
    cache_hit: bool | None = None  # None: no cache was in play
    timed_out: bool = False
    refused_hosts: tuple[tuple[str, int], ...] = ()  # (host, how often)
    degraded: tuple[str, ...] = ()  # sentences: what was asked for and is not enforced here
    review: str = ""  # ids of the pending reviews, one for each folder that was changed
    ended: str = ""  # why the guard ended it (time-out, a limit), in one sentence
