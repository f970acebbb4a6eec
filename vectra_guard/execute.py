"""``vg exec``: judge what is really going to run, then run it on the host, in the sandbox, or not at all.

Three forms reach this: an argument vector (every word is known: nothing is left to expansion), a line, and either of
them with a grant from the hook that already decided. A grant that the evaluator does not know counts for nothing:
the command is then decided from scratch. Without an evaluator the decision is made in this process. Anything that
goes wrong before the command starts ends in an error and the command does not run.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vectra_guard import hostrun, rewrite
from vectra_guard.codec import decision_from_json
from vectra_guard.errors import EvaluatorUnavailable, GuardError, Refused, SandboxError, UsageError
from vectra_guard.facts import OBSERVED, here
from vectra_guard.model import Action, Decision, Finding, Request, Risk

if TYPE_CHECKING:
    from types import ModuleType

    from vectra_guard.config.layers import Loaded
    from vectra_guard.config.schema import Config
    from vectra_guard.guard import Guard
    from vectra_guard.model import Outcome, WorkspaceMode

SHELLS = ("bash", "zsh", "fish", "sh")
KEYWORDS_BEFORE = ("command", "builtin", "noglob", "nocorrect", "exec")
"""Words of the shell that may stand before a command that was rewritten in place; no program has these names."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line of ``vg exec`` said. Empty: not said."""

    flags: Mapping[str, str] = field(default_factory=dict)  # configuration keys to override
    grant: str = ""
    shell: str = "bash"
    host: bool = False
    interactive: bool = False
    dry_run: bool = False
    json: bool = False
    keep_if: str = ""  # condition on which a review is kept without asking
    summary: str = ""  # file for what became of the review, as JSON
    keep_env: tuple[str, ...] = ()  # variables named on purpose: they reach the sandbox
    words: tuple[str, ...] = ()  # the options as typed, to hand on to nested runs


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to run: ``argv`` runs, ``request`` is what was judged."""

    request: Request
    argv: tuple[str, ...]
    options: Options
    started: float


def run_argv(argv: Sequence[str], options: Options) -> int:
    """Run a command whose words are final."""
    words = list(argv)
    while len(words) > 1 and words[0] in KEYWORDS_BEFORE:
        words.pop(0)
    request = here(shlex.join(words), argv=words, shell=options.shell, interactive=_interactive(options))
    task = Task(request, tuple(words), options, time.monotonic())
    granted = _grant(task)
    return _carry_out(task, granted if granted is not None else _judge(task))


def run_line(line: str, options: Options, shell_options: Sequence[str] = ()) -> int:
    """Run a line in a shell of its own; the commands in it that need it are rewritten to ``vg exec``."""
    request = here(line, shell=options.shell, interactive=_interactive(options))
    task = Task(request, (_shell(options.shell), *shell_options, "-c", line), options, time.monotonic())
    granted = _grant(task)
    if granted is not None:
        return _carry_out(task, granted)
    if options.flags.get("sandbox.workspace") in ("review", "ro"):
        # redirections and builtins change files too: the whole line belongs on the view, its shell included
        return run_argv(task.argv, options)
    decision = _judge(task)
    single = _single_command(decision, line, options)
    if single is not None and decision.action != Action.HOST:
        return run_argv(single, options)
    return _carry_out(task, decision)


def _single_command(decision: Decision, line: str, options: Options) -> list[str] | None:
    """The words of a line that is one plain command: it needs no shell around it, and every word is final."""
    if decision.whole_line or any(c in line for c in "|&;<>()$`*?[]{}~!#=\n\\"):
        return None
    try:
        return shlex.split(line) or None
    except ValueError:
        return None


def _carry_out(task: Task, decision: Decision) -> int:
    if decision.warning:
        _notice().say(f"vg: {decision.warning}")
    if task.options.dry_run:
        return _show(task, decision)
    if task.options.host and decision.action != Action.HOST:
        decision = _host_by_hand(task, decision)
    answer = ""
    if decision.action == Action.ASK:
        decision, answer = _ask(task, decision)
    if decision.action == Action.BLOCK:
        _record(task, decision, "none", 3, 0.0, answer=answer)
        raise Refused(_policy().refusal(decision))
    if decision.action == Action.HOST:
        return _on_host(task, decision, answer)
    return _in_sandbox(task, decision, answer)


def _on_host(task: Task, decision: Decision, answer: str) -> int:
    argv = task.argv
    if task.request.argv is None and decision.insertions:
        from vectra_guard import shells  # a rewritten line names our own path; most runs are not one

        line = rewrite.apply(
            task.request.line, decision, shells.vg(), shell=task.options.shell, options=task.options.words
        )
        argv = (*argv[:-1], line)
    overhead = time.monotonic() - task.started
    code, duration = hostrun.run(argv, _judged(argv))
    status = code if code >= 0 else 128 - code
    _record(task, decision, "host", status, duration, overhead=overhead, answer=answer)
    return hostrun.leave(code)


def _judged(argv: Sequence[str]) -> dict[str, str] | None:
    """The environment for a bash that would hand its ``-c`` line to us again (``vg shell --bash-env``)."""
    if "BASH_ENV" not in os.environ or "-c" not in argv[:-1]:
        return None
    return {**os.environ, "VG_JUDGED": argv[argv.index("-c") + 1]}


def _in_sandbox(task: Task, decision: Decision, answer: str) -> int:
    if task.request.argv is None and not (decision.whole_line or answer or task.options.grant):
        # each risky command of the line gets its own sandbox; the rest of the line stays outside
        return _on_host(task, decision, answer)
    # the sandbox is the costly import; only a command that goes there pays for it
    from vectra_guard import sandbox

    loaded = _config(task)
    if loaded.problems:
        more = f" (and {len(loaded.problems) - 1} more: vg config check)" if len(loaded.problems) > 1 else ""
        _notice().say(f"vg: {loaded.problems[0]}{more}")
    worst = decision.findings[0] if decision.findings else None
    said = loaded.config.sandbox.workspace
    mode: WorkspaceMode | None = "review" if decision.review and said == "auto" else None
    try:
        runtime = sandbox.choose(loaded.config.sandbox.runtime)
        spec = sandbox.plan(
            task.argv,
            cwd=task.request.cwd,
            config=loaded.config,
            env=os.environ,
            home=task.request.home,
            workspace_mode=mode,
            reach=decision.review,
        )
        named = {name: os.environ[name] for name in task.options.keep_env if name in os.environ}
        # the hooks stay inert inside: what runs there is contained, and the evaluator is out of reach
        spec = replace(spec, env={**spec.env, **named, "VG_SANDBOX": "1"})
        _notice().sandboxed(spec, runtime, worst, decision.risk, decision.reason, loaded.config.prompt)
        overhead = time.monotonic() - task.started
        outcome = sandbox.run(spec, runtime=runtime)
    except SandboxError as err:  # the command has not started
        if decision.review and decision.host_offered and not answer:
            return _without_review(task, decision, err)
        raise
    _notice().after(outcome, strict=spec.level in ("strict", "paranoid"))
    status = outcome.status
    if spec.workspace_mode == "review":
        status, answer = _reviewed(task, loaded.config, decision, outcome, answer)
    _record(
        task, decision, runtime, status, outcome.duration,
        overhead=overhead + outcome.overhead, answer=answer, level=spec.level, network=spec.network.mode,
        cache_hit=outcome.cache_hit,
    )  # fmt: skip
    return status


def _reviewed(task: Task, config: Config, decision: Decision, outcome: Outcome, answer: str) -> tuple[int, str]:
    """Decide about what a run on a view changed; the exit status and the answer."""
    if not outcome.review and not task.options.summary:
        if decision.review:
            _notice().say("vg: it changed nothing that would be kept")
        return outcome.status, answer
    # the summary, the question and the store behind them: only a run that changed something pays for it
    from vectra_guard.cli import review_run

    attended = task.request.interactive or bool(task.options.grant)  # a grant is for a line that was typed
    wishes = review_run.Wishes(attended, task.options.keep_if, task.options.summary)
    status, became = review_run.settle(outcome.review.split(), outcome.status, config, wishes)
    return status, answer or (became if outcome.review else "")


def _without_review(task: Task, decision: Decision, err: SandboxError) -> int:
    """No view can be made of this place: ask as before there were views, never run it unseen."""
    _notice().say(f"vg: {err}")
    decision = replace(decision, action=Action.ASK, sandbox_offered=False, review="")
    decision, answer = _ask(task, decision)
    return _on_host(task, decision, answer)


def _ask(task: Task, decision: Decision) -> tuple[Decision, str]:
    # prompt_toolkit costs 100 ms: imported only to ask
    from vectra_guard import prompt

    answer = prompt.ask(task.request, decision, _config(task).config)
    if answer.choice in ("host", "remember"):
        return _after_answer(decision, "host"), answer.choice
    if answer.choice == "sandbox":
        return _after_answer(decision, "sandbox"), answer.choice
    _record(task, decision, "none", 3, 0.0, answer="no")
    raise Refused("not run: you said no")


def _after_answer(decision: Decision, choice: str) -> Decision:
    changed: Decision = _policy().after_answer(decision, choice)
    return changed


def _policy() -> ModuleType:
    from vectra_guard import policy  # only where a decision is not simply carried out: it brings the schema along

    return policy


def _host_by_hand(task: Task, decision: Decision) -> Decision:
    """``--host``: only a person at a terminal may overrule a decision, by typing the word that is asked for."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused("--host overrules the guard and needs a person at a terminal; not run")
    word = "host" if decision.risk < Risk.CRITICAL else "destroy"
    notice = _notice()
    notice.say(f"vg: {decision.risk.label}: {notice.visible(decision.reason)}")
    notice.say(f"vg: this runs on the host, unguarded: {notice.visible(task.request.line)}")
    sys.stderr.write(f"vg: type {word} to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != word:
        raise Refused("not run: that was not the word")
    return replace(decision, action=Action.HOST, insertions=(), whole_line=False)


def _show(task: Task, decision: Decision) -> int:
    import json  # --dry-run only

    from vectra_guard.codec import decision_to_json

    line = rewrite.apply(task.request.line, decision, "vg", shell=task.options.shell)
    if task.options.json:
        print(json.dumps({"line": task.request.line, "rewritten": line, **decision_to_json(decision)}))
    else:
        print(f"{decision.action.label} ({decision.risk.label}): {decision.reason or 'nothing found'}")
        if line != task.request.line:
            print(f"would run: {line}")
    return 0


# --- judging ---------------------------------------------------------------------------------------------------


def _grant(task: Task) -> Decision | None:
    """The decision that the hook made for this command, or None: then it is decided from scratch."""
    if not task.options.grant or task.options.flags:
        return None
    from vectra_guard.evaluator import client

    try:
        reply = client.call(
            "grant",
            id=task.options.grant,
            argv=list(task.request.argv or ()),
            line="" if task.request.argv is not None else task.request.line,
            cwd=task.request.cwd,
            pid=os.getpid(),
        )
        if reply.get("ok") and reply.get("kind") == "sandbox":
            granted = _after_answer(decision_from_json(reply["decision"]), "sandbox")
            return replace(granted, review=reply["review"])
    except GuardError:
        pass  # decided from scratch, which is never looser than the grant
    return None


def _judge(task: Task) -> Decision:
    from vectra_guard.evaluator import client

    request = task.request
    try:
        reply = client.call(
            "judge",
            line=request.line,
            argv=list(request.argv) if request.argv is not None else None,
            cwd=request.cwd,
            home=request.home,
            shell=request.shell,
            interactive=request.interactive,
            flags=dict(task.options.flags),
            environ=_environ(),
        )
        if reply.get("ok"):
            return decision_from_json(reply["decision"])
    except EvaluatorUnavailable:
        pass
    except GuardError as err:
        _notice().say(f"vg: {err}; deciding without the evaluator")
    return _guard().judge(request, flags=task.options.flags).decision


def _environ() -> dict[str, str]:
    """What the evaluator looks at in the caller's environment; nothing secret travels."""
    return {name: text for name, text in os.environ.items() if name in OBSERVED or name.startswith("VG_")}


_opened: list[Guard] = []


def _guard() -> Guard:
    """The guard of this process, opened once and only where no evaluator answers."""
    if not _opened:
        from vectra_guard.guard import Guard

        _opened.append(Guard.open())
    return _opened[0]


def _config(task: Task) -> Loaded:
    from vectra_guard.config import layers

    return layers.load(task.request.cwd, flags=task.options.flags)


def _interactive(options: Options) -> bool:
    """Whether somebody can answer: a terminal to read from and one to show the question on."""
    if options.interactive:
        return True
    return os.isatty(0) and os.isatty(2)


# --- recording -------------------------------------------------------------------------------------------------


def _record(
    task: Task,
    decision: Decision,
    runtime: str,
    status: int,
    duration: float,
    *,
    overhead: float = 0.0,
    answer: str = "",
    level: str = "",
    network: str = "",
    cache_hit: bool | None = None,
) -> None:
    """Count this run and the use of what it was trusted by. A store that cannot be written never stops a run."""
    # sqlite3 costs 5 ms, after the command has ended
    from vectra_guard.store import record

    findings: Sequence[Finding] = decision.findings
    record.finished(
        _config(task).config,
        command=task.request.line,
        decision=decision.action.label,
        runtime=runtime,
        level=level,
        network=network,
        cache_hit=cache_hit,
        risk=decision.risk.label,
        rules=tuple(dict.fromkeys(f.rule for f in findings)),
        reason=decision.reason,
        status=status,
        duration=duration,
        overhead=overhead,
        answer=answer,
        shell=task.request.shell,
        cwd=task.request.cwd,
        trust_ids=decision.trust_ids,
    )


def _shell(name: str) -> str:
    if name not in SHELLS:
        raise UsageError(f"--shell {name}: not one of {', '.join(SHELLS)}")
    path = f"/bin/{name}"
    return path if os.path.exists(path) else name


def _notice() -> Any:
    from vectra_guard.report import notice

    return notice
