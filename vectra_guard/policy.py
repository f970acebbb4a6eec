"""Findings, trust and configuration become one decision. Pure: no file, clock or process.

The order of the steps is the one of the design, and ``Decision.steps`` records each for ``vg explain``:

 1. guard level off        -> host (critical still warns)
 2. critical               -> never plain host: refused, or asked with the sandbox as the only way to run
 3. denylist               -> block
 4. trust entry            -> host, use counted
 5. mode always / never    -> sandbox every external command / nothing
 6. allowlist              -> host
 7. networked install      -> at least medium (the rules of installs say so themselves)
 8. mode auto / risky      -> sandbox from medium / high up, where the remedy is one that a sandbox serves
 9. guard level            -> what asks first
10. else                   -> host

A line is decided part by part: a *part* is one pipeline with everything nested in it. The strictest part decides
what happens to the line; each part keeps its own rewrite. When a part cannot be decided the stricter outcome is
taken, never the looser one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from vectra_guard.config.schema import Config
from vectra_guard.model import (
    UNKNOWN,
    Action,
    Command,
    Decision,
    Facts,
    Finding,
    Insertion,
    Reach,
    Request,
    Risk,
    RiskyPart,
    Script,
    Span,
    Step,
)
from vectra_guard.syntax.shellstate import CHANGES_STATE


class Standing(NamedTuple):
    """What the trust store says of a part: the entry, and the files that changed since; then it is asked again."""

    id: str
    changed: tuple[str, ...] = ()


TrustLookup = Callable[[Sequence[RiskyPart]], Mapping[str, Standing]]
"""Risky parts -> fingerprint -> its standing, for each that has one at this place and time."""

ASKS_FROM = {"low": Risk.CRITICAL, "medium": Risk.HIGH, "high": Risk.MEDIUM, "paranoid": Risk.LOW}
SANDBOX_FROM = {"auto": Risk.MEDIUM, "risky": Risk.HIGH}
WHOLE_ENVIRONMENT = "secrets.environment"
REACHES: tuple[Reach, ...] = ("", "here", "home")
BEYOND_THE_PROJECT = frozenset(("pipe to shell", "script download", "hidden code", "user install"))
"""Categories of what writes to home as well, an installer say: its view covers home."""


@dataclass(slots=True)
class Part:
    """One pipeline of the line, with what was found in it and what is to be done."""

    tops: frozenset[int]
    commands: tuple[Command, ...]
    findings: tuple[Finding, ...]
    risk: Risk = Risk.LOW
    action: Action = Action.HOST
    reason: str = ""
    review: Reach = ""  # in the sandbox it works on a copy-on-write view, and somebody looks before it is kept
    sandbox_offered: bool = False
    host_offered: bool = True
    recheck: tuple[int, ...] = ()  # tops to be judged again after expansion
    sandbox: tuple[int, ...] = ()  # tops that run in the sandbox
    remembered: RiskyPart | None = None  # what a trust entry would be for; never of a critical part
    trust_id: str = ""
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the decision of every part needs, worked out once a line."""

    request: Request
    level: str
    raised: bool  # by one step, because of where this runs; not by what somebody configured
    asks_from: Risk
    mode: str
    allow: tuple[tuple[str, ...], ...]
    deny: tuple[tuple[str, ...], ...]
    when_unattended: str
    viewed: bool  # the configuration allows a copy-on-write view
    waits: bool  # every run is on one by configuration: its changes wait, whether or not somebody is there
    sources: Mapping[str, str]

    @property
    def attended(self) -> bool:
        """Is there somebody to look at what a run changed? An agent's user did not type the line."""
        return self.request.interactive and not self.request.by_program

    def source(self, key: str) -> str:
        return self.sources.get(key, "defaults")


def decide(
    script: Script,
    findings: Sequence[Finding],
    request: Request,
    facts: Facts,
    config: Config,
    trust: TrustLookup | None = None,
    sources: Mapping[str, str] | None = None,
) -> Decision:
    """The decision for a line. ``findings`` come from ``rules.judge`` for the same script."""
    level, why_level = effective_level(config, facts)
    mode = config.sandbox.mode if config.sandbox.enabled else "never"
    rules = Rules(
        request=request,
        level=level,
        raised=config.guard_level == "auto" and level != "medium",
        asks_from=ASKS_FROM.get(level, Risk.CRITICAL),
        mode=mode,
        allow=tuple(tuple(entry.split()) for entry in config.policies.allowlist),
        deny=tuple(tuple(entry.split()) for entry in config.policies.denylist),
        when_unattended=config.sandbox.when_unattended,
        viewed=config.sandbox.workspace in ("auto", "review"),
        waits=config.sandbox.workspace == "review",
        sources=sources or {},
    )
    findings = _with_floor(_configured(findings, config), script, request)
    if level == "off":
        return _off(findings, rules)
    if not findings and level != "paranoid" and mode != "always" and not rules.deny:
        return HARMLESS
    parts = _parts(script, findings)
    lookup = trust or (lambda _: {})
    risky = [p for p in parts if p.risk >= Risk.MEDIUM or level == "paranoid"]
    for part in risky:
        if part.risk < Risk.CRITICAL and part.commands:
            part.remembered = risky_part(part.commands, request, part.risk)
    known = tuple(part.remembered for part in risky if part.remembered)
    standings = lookup(known) if known else {}
    for part in risky:
        if part.remembered and (standing := standings.get(part.remembered.fingerprint)):
            part.trust_id = "" if standing.changed else standing.id
            part.remembered = replace(part.remembered, changed=standing.changed)
    for part in parts:
        _decide_part(part, rules)
    steps = [Step("guard level", f"{level}{why_level}", rules.source("guard_level"))]
    return _combine(parts, findings, steps, rules)


HARMLESS = Decision(Action.HOST, Risk.LOW, "", steps=(Step("else", "host: no rule fired"),))
"""What most lines are, made once."""


def effective_level(config: Config, facts: Facts) -> tuple[str, str]:
    """The guard level in force, and why where ``auto`` raised it by one step."""
    if config.guard_level != "auto":
        return config.guard_level, ""
    if facts.production:
        return "high", f" (auto, raised: {facts.production})"
    if facts.uid == 0:
        return "high", " (auto, raised: you are root)"
    return "medium", " (auto)"


def fingerprint(commands: Sequence[Command], request: Request) -> str:
    """SHA-256 of the canonical form of a part: the resolved words, redirections, assignments and the way each
    command is reached, so that spacing and quoting do not matter and everything else does. A word that only
    expansion can tell counts by its source text."""
    digest = hashlib.sha256()
    for command in commands:
        fields = [command.via, command.place, "sudo" if command.privileged else ""]
        fields.append("" if command.cwd == request.cwd else command.cwd)
        fields += [f"{name}={word.text if word.known else word.raw}" for name, word in command.assigns]
        fields.append("\1")
        fields += [word.text if word.known else "\2" + word.raw for word in command.words]
        fields.append("\1")
        for redirect in command.redirects:
            target = redirect.target.text if redirect.target.known else "\2" + redirect.target.raw
            fields.append(f"{redirect.fd}{redirect.op}{target}")
        digest.update("\0".join(fields).encode("utf-8", "surrogateescape") + b"\3")
    return digest.hexdigest()


def all_parts(script: Script, request: Request) -> tuple[RiskyPart, ...]:
    """Each part of a line, risky or not: for ``vg trust add``."""
    return tuple(risky_part(p.commands, request, Risk.LOW) for p in _parts(script, ()) if p.commands)


def risky_part(commands: Sequence[Command], request: Request, risk: Risk) -> RiskyPart:
    """What a trust entry for these commands would be for."""
    return RiskyPart(
        fingerprint(commands, request),
        part_text(commands, request),
        risk,
        asks=False,
        runs=tuple((c.cwd or request.cwd, tuple(w.text for w in c.words)) for c in commands if c.words),
        words=_as_typed(commands),
    )


def _as_typed(commands: Sequence[Command]) -> tuple[str, ...]:
    """The words of one known command, wrappers first. Empty for anything that words alone do not tell: several
    commands, redirections, assignments, nested text; a pattern never covers those."""
    top = next((c for c in commands if c.index == c.top), None)
    if top is None or any(c.top != top.index or c.via or c.redirects or c.assigns for c in commands):
        return ()
    return tuple(w.text for w in top.words) if all(w.known for w in top.words) else ()


def part_text(commands: Sequence[Command], request: Request) -> str:
    """The source text of a part."""
    if request.argv is not None:
        return request.line
    raw = request.line.encode("utf-8", "surrogateescape")
    start = min(c.span.start for c in commands)
    end = max((r.target.span.end for c in commands for r in c.redirects), default=0)
    text = raw[start : max([end, *(c.span.end for c in commands)])]
    return text.decode("utf-8", "surrogateescape").strip()


def _configured(findings: Sequence[Finding], config: Config) -> Sequence[Finding]:
    """What the user's configuration makes of the rules' findings. A critical one stays whatever is disabled."""
    disabled = config.policies.disable
    if disabled:
        findings = [f for f in findings if f.rule not in disabled or f.risk == Risk.CRITICAL]
    if config.env_protection.block_env_access:
        findings = [_asked(f) if f.rule == WHOLE_ENVIRONMENT else f for f in findings]
    return findings


def _asked(finding: Finding) -> Finding:
    return replace(finding, risk=max(finding.risk, Risk.HIGH), remedy="ask")


def _with_floor(findings: Sequence[Finding], script: Script, request: Request) -> tuple[Finding, ...]:
    """What could not be read is never low: the reader's floor becomes a finding of its own."""
    if script.floor == Risk.LOW:
        return tuple(findings)
    size = len(request.line.encode("utf-8", "surrogateescape"))
    message = script.problems[0] if script.problems else "this line could not be read completely"
    unread = Finding("syntax.unread", script.floor, "ask", message, Span(0, size), category="syntax")
    return (*findings, unread)


def _off(findings: Sequence[Finding], rules: Rules) -> Decision:
    worst = max(findings, key=lambda f: f.risk, default=None)
    risk = worst.risk if worst else Risk.LOW
    warning = f"guard is off; {worst.message}" if worst and worst.risk == Risk.CRITICAL else ""
    step = Step("guard level", "off: everything runs on the host", rules.source("guard_level"))
    return Decision(Action.HOST, risk, "guard level is off", tuple(findings), (step,), warning=warning)


def _parts(script: Script, findings: Sequence[Finding]) -> list[Part]:
    """Group the commands into pipelines: tops joined by a pipe or by a substituted output belong together, also
    where the output came by way of a variable (``x=$(curl u); sh -c "$x"``): trusting the one is trusting both."""
    owner = {command.index: command.top for command in script.commands}
    leader: dict[int, int] = {top: top for top in owner.values()}

    def find(top: int) -> int:
        while leader[top] != top:
            leader[top] = leader[leader[top]]
            top = leader[top]
        return top

    for command in script.commands:
        assigned = (word for _, word in command.assigns)
        words = (*command.words, *assigned, *(redirect.target for redirect in command.redirects))
        for other in (command.stdin_from, command.stdout_to, *(source for word in words for source in word.sources)):
            if other is not None and other in owner:
                leader[find(owner[other])] = find(command.top)
    groups: dict[int, list[Command]] = {}
    for command in script.commands:
        groups.setdefault(find(command.top), []).append(command)
    by_group: dict[int, list[Finding]] = {root: [] for root in groups}
    loose: list[Finding] = []
    for finding in findings:
        top = owner.get(finding.command)
        if top is None:
            loose.append(finding)
        else:
            by_group[find(top)].append(finding)
    parts = [
        Part(frozenset(c.top for c in members), tuple(members), tuple(by_group[root]))
        for root, members in groups.items()
    ]
    if loose:
        parts.append(Part(frozenset(), (), tuple(loose)))
    for part in parts:
        part.risk = max((f.risk for f in part.findings), default=Risk.LOW)
    return parts


def _decide_part(part: Part, rules: Rules) -> None:
    firm = _set_aside_undecided(part, rules)
    risk = max((f.risk for f in firm), default=Risk.LOW)
    worst = max(firm, key=lambda f: f.risk, default=None)
    part.reason = worst.message if worst else ""
    served = _is_served(part, rules, firm, risk)
    if risk == Risk.CRITICAL:
        part.host_offered = False
        part.review = part.review or "here"
        _settle(part, rules, "critical", Action.ASK if served else Action.BLOCK, served)
        return
    denied = _matches(part, rules.deny)
    if denied:
        part.reason = f"`{denied}` is on the denylist"
        part.host_offered = False
        _note(part, rules, "denylist", Action.BLOCK, "policies.denylist")
        return
    if part.trust_id:
        # words that only expansion can tell are judged then, and trusted or not by what they turn out to be
        _note(part, rules, "trust", Action.HOST, f"trust entry {part.trust_id}")
        return
    if part.remembered and part.remembered.changed and rules.request.interactive:
        name = part.remembered.changed[0].rpartition("/")[2]
        part.reason = f"{name} changed since you trusted what runs it"
        _settle(part, rules, "trust", Action.ASK, served and rules.mode != "never")
        return
    external = _external_tops(part, rules) if rules.mode == "always" else ()
    # high and not served: a sandbox would only break it, or it would destroy the same things there; it asks below
    if external and (risk < rules.asks_from or risk < Risk.HIGH or served):
        part.reason = part.reason or "every external command is sandboxed (mode always)"
        _note(part, rules, "mode", Action.SANDBOX, "sandbox.mode")
        part.sandbox = external
        return
    allowed = _matches(part, rules.allow, every=True)
    if allowed:
        part.recheck = ()
        part.reason = f"`{allowed}` is on the allowlist"
        _note(part, rules, "allowlist", Action.HOST, "policies.allowlist")
        return
    _by_mode_and_level(part, rules, firm, risk, served)


def _is_served(part: Part, rules: Rules, firm: Sequence[Finding], risk: Risk) -> bool:
    """Does a sandbox achieve what the command is for? A reviewed run does if somebody can look at it, or if it was
    configured that nobody need: then its changes wait. Sets ``part.review``."""
    if risk < Risk.MEDIUM:
        return False
    counted = [f for f in firm if f.risk >= Risk.MEDIUM]
    reviewed = [f for f in counted if f.remedy == "review"]
    if not all(f.remedy in ("sandbox", "review") for f in counted):
        return False
    if not reviewed:
        return True
    # as another user, on another machine or in the background: no view, or nobody to be shown it
    elsewhere = {c.index for c in part.commands if c.privileged or c.place or c.background}
    if not rules.viewed or not elsewhere.isdisjoint(f.command for f in reviewed):
        return False
    part.review = "home" if any(f.category in BEYOND_THE_PROJECT for f in reviewed) else "here"
    return rules.attended or rules.waits or rules.when_unattended == "sandbox"


def _by_mode_and_level(part: Part, rules: Rules, firm: Sequence[Finding], risk: Risk, served: bool) -> None:
    """Steps 8 to 10. A command that its sandbox fully serves needs no question below high, and none before the run
    where what it did is looked at before it is kept."""
    sandboxed = rules.mode in SANDBOX_FROM and risk >= SANDBOX_FROM[rules.mode] and served
    looked_at = bool(part.review) and (rules.attended or rules.waits)
    quiet = sandboxed and (risk < Risk.HIGH or looked_at) and rules.level != "paranoid"
    asks = risk >= rules.asks_from and not quiet and bool(firm or rules.level == "paranoid")
    if asks and (risk > Risk.LOW or part.commands):
        _settle(part, rules, "guard level", Action.ASK, served and rules.mode != "never")
    elif sandboxed:
        _note(part, rules, "mode", Action.SANDBOX, "sandbox.mode")
        part.sandbox = _tops_of(part, firm)
    else:
        _note(part, rules, "else", Action.HOST, "")


def _settle(part: Part, rules: Rules, name: str, action: Action, offered: bool) -> None:
    """Ask where somebody can answer; else what would ask is blocked, unless the sandbox alone satisfies it."""
    part.sandbox_offered = offered
    part.sandbox = _tops_of(part, part.findings) if offered else ()
    key = "guard_level"
    unattended = action == Action.ASK and not rules.request.interactive
    if unattended and part.risk < Risk.HIGH and rules.raised:
        # the raise is for a person to look again; build machines run as root, and nothing here is beyond repair
        action, part.sandbox, name = Action.HOST, (), "guard level, nobody to ask"
    elif unattended:
        action = Action.SANDBOX if offered and rules.when_unattended == "sandbox" else Action.BLOCK
        name, key = f"{name}, nobody to ask", "sandbox.when_unattended"
    _note(part, rules, name, action, key)


def _note(part: Part, rules: Rules, name: str, action: Action, key: str) -> None:
    part.action = action
    source = rules.source(key) if "." in key or key == "guard_level" else key
    part.steps.append(Step(name, f"{action.label}: {part.reason}" if part.reason else action.label, source))


def _set_aside_undecided(part: Part, rules: Rules) -> tuple[Finding, ...]:
    """Findings that only expansion can decide are judged again by ``vg exec``, where the line can be rewritten
    for that; the others are firm. With ``argv`` every word is known: nothing is set aside."""
    if rules.request.argv is not None:
        return part.findings
    by_index = {c.index: c for c in part.commands}
    firm: list[Finding] = []
    again: list[int] = []
    for finding in part.findings:
        command = by_index.get(finding.command)
        top = by_index.get(command.top) if command else None
        if finding.undecided and top is not None and top.insert_at is not None:
            again.append(top.index)
        else:
            firm.append(finding)
    part.recheck = tuple(dict.fromkeys(again))
    if again:
        part.steps.append(Step("expansion", "its words are only known after expansion: judged again then"))
    return tuple(firm)


def _external_tops(part: Part, rules: Rules) -> tuple[int, ...]:
    """What mode always puts into a sandbox: not what the shell itself runs, whose effect would be lost there."""
    if rules.request.argv is not None:
        return tuple(sorted(part.tops))
    return tuple(c.index for c in part.commands if c.index in part.tops and c.words and c.name not in CHANGES_STATE)


def _tops_of(part: Part, findings: Sequence[Finding]) -> tuple[int, ...]:
    owner = {c.index: c.top for c in part.commands}
    tops = (owner[f.command] for f in findings if f.risk >= Risk.MEDIUM and f.command in owner)
    return tuple(dict.fromkeys(tops))


def _matches(part: Part, entries: Sequence[tuple[str, ...]], every: bool = False) -> str:
    """The entry that is a prefix of a command's words. ``every``: each risky command must match one, and none may
    hide behind a wrapper or a nested string (an allowlist entry is for what it names, no more)."""
    if not entries:
        return ""
    risky = {f.command for f in part.findings if f.risk >= Risk.MEDIUM}
    hit = ""
    for command in part.commands:
        if every and command.index not in risky:
            continue
        found = ""
        for entry in entries:
            words = (command.name, *(w.text for w in command.words[1:]))
            plain = UNKNOWN not in "".join(words[: len(entry)])
            if plain and words[: len(entry)] == entry and not (every and (command.via or command.wrappers)):
                found = " ".join(entry)
        if every and not found:
            return ""
        hit = hit or found
    return hit


def _combine(parts: list[Part], findings: Sequence[Finding], steps: list[Step], rules: Rules) -> Decision:
    commands = {c.index: c for p in parts for c in p.commands}
    insertions: list[Insertion] = []
    whole = False
    action = max((p.action for p in parts), default=Action.HOST)
    for part in parts:
        wants = [(top, "sandbox") for top in part.sandbox if part.action in (Action.SANDBOX, Action.ASK)]
        wants += [(top, "recheck") for top in part.recheck if top not in part.sandbox]
        for top, kind in wants:
            made = _insertion(commands.get(top), kind, part.action == Action.ASK, part.review)
            if made is None:
                whole = whole or kind == "sandbox"
            else:
                insertions.append(made)
    insertions = _one_a_place(insertions)
    lead = max(parts, key=lambda p: (p.action, p.risk), default=None)
    asking = [p for p in parts if p.action == Action.ASK]
    for part in parts:
        steps += part.steps
    return Decision(
        action=action,
        risk=max((p.risk for p in parts), default=Risk.LOW),
        reason=lead.reason if lead else "",
        findings=tuple(sorted(findings, key=lambda f: -f.risk)),
        steps=tuple(steps),
        insertions=tuple(sorted(insertions, key=lambda i: i.offset)),
        whole_line=whole,
        review=max(
            (p.review for p in parts if p.action in (Action.SANDBOX, Action.ASK)), key=REACHES.index, default=""
        ),
        sandbox_offered=bool(asking) and all(p.sandbox_offered for p in asking),
        host_offered=all(p.host_offered for p in asking),
        trusted=any(p.trust_id and p.action == Action.HOST for p in parts),
        trust_ids=tuple(p.trust_id for p in parts if p.trust_id and p.action == Action.HOST),
        parts=tuple(replace(p.remembered, asks=p.action == Action.ASK) for p in parts if p.remembered),
    )


def _insertion(command: Command | None, kind: str, asked: bool, review: Reach) -> Insertion | None:
    if command is None or command.insert_at is None:
        return None
    which: Literal["sandbox", "recheck"] = "sandbox" if kind == "sandbox" else "recheck"
    named = tuple(name for name, _ in command.assigns if name.isidentifier())
    reach = review if which == "sandbox" else ""
    return Insertion(command.insert_at, command.index, which, command.replace, asked, named, reach)


def _one_a_place(insertions: list[Insertion]) -> list[Insertion]:
    """A loop over known values is read once a value, but its command stands in the line once."""
    kept: dict[int, Insertion] = {}
    for insertion in insertions:
        held = kept.get(insertion.offset)
        if held is None or (held.kind == "recheck" and insertion.kind == "sandbox"):
            kept[insertion.offset] = insertion
    return list(kept.values())


def after_answer(decision: Decision, choice: str) -> Decision:
    """The decision once the user answered ``host`` or ``sandbox``. On ``host`` only the parts that asked are let
    through: what runs in the sandbox without a question, and what is judged after expansion, still does."""
    if choice == "sandbox":
        return replace(decision, action=Action.SANDBOX)
    kept = tuple(i for i in decision.insertions if i.kind == "recheck" or not i.asked)
    return replace(decision, action=Action.HOST, insertions=kept, whole_line=False)


def refusal(decision: Decision) -> str:
    """The sentence for a line that does not run, with a way out where there is one."""
    text = f"not run: {decision.reason or 'refused by policy'}"
    if not decision.findings:
        return text
    worst = decision.findings[0]
    if worst.instead:
        return f"{text} ({decision.risk.label}) Instead: {worst.instead}"
    if decision.risk == Risk.CRITICAL:
        return f"{text} (critical) If you really mean it: vg-off, or vg exec --host at a terminal."
    return f"{text} ({decision.risk.label}) `vg explain` shows why."
