"""The one-line notices on standard error: which words, whether colour and emoji can be shown.

No emoji or colour when ``NO_COLOR`` is set, ``TERM`` is dumb, the stream is not a terminal (emoji only: the locale is
not UTF-8). A stream that cannot be written is ignored: a notice never stops a command.
"""

from __future__ import annotations

import os
import sys

from vectra_guard import messages
from vectra_guard.config.schema import Prompt
from vectra_guard.messages import _, sentence
from vectra_guard.model import Finding, Outcome, Risk, SandboxSpec

COLOURS = {Risk.LOW: "", Risk.MEDIUM: "\x1b[33m", Risk.HIGH: "\x1b[31m", Risk.CRITICAL: "\x1b[1;31m"}


def visible(text: str) -> str:
    """Control characters made visible, so that no file name or command can drive the terminal."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    if char == "\n":
        return "⏎"
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def risk_label(risk: Risk) -> str:
    return _(risk.label)


def fancy() -> bool:
    return "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb" and sys.stderr.isatty()


def unicode() -> bool:
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return "utf" in locale.lower()


def sandboxed(
    spec: SandboxSpec, runtime: str, finding: Finding | None, risk: Risk, reason: str, prompt: Prompt
) -> None:
    """``📦 sandbox (bubblewrap, network: restricted, cache) · medium: networked install``"""
    if prompt.notices == "none":
        return
    messages.use(prompt.language)
    parts = [runtime, _("network: {mode}").format(mode=_(spec.network.mode))]
    if spec.workspace_mode != "direct":
        parts.append(_("read-only") if spec.workspace_mode == "ro" else _("review"))
    if spec.caches:
        parts.append(_("cache"))
    why = sentence(finding.category or finding.message) if finding else reason
    dot = "·" if unicode() else "-"
    icon = "📦 " if prompt.emoji and fancy() and unicode() else ""
    colour, plain = (COLOURS[risk], "\x1b[0m") if prompt.color and fancy() else ("", "")
    say(f"{icon}{_('sandbox')} ({', '.join(parts)}) {dot} {colour}{risk_label(risk)}{plain}: {visible(why)}")


def after(outcome: Outcome, *, strict: bool) -> None:
    """What the user must know of a run that ended: refused hosts, a time-out, what was not enforced."""
    if outcome.refused_hosts:
        hosts = ", ".join(
            f"{visible(host)} ({n}x)" if n > 1 else visible(host) for host, n in outcome.refused_hosts[:5]
        )
        if len(outcome.refused_hosts) > 5:
            hosts += _(" and {n} more").format(n=len(outcome.refused_hosts) - 5)
        first = visible(outcome.refused_hosts[0][0])
        say(_("vg: the sandbox refused: {hosts}. To allow: {command}").format(
            hosts=hosts, command=f"vg config allow-host {first} [--here]"))  # fmt: skip
    if outcome.ended:
        say(f"vg: {outcome.ended}")
    if strict:  # asked for explicitly: then what is weaker is said each time; else `vg doctor` says it
        for sentence in outcome.degraded:
            say(f"vg: {sentence}")


def say(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except UnicodeEncodeError:
        sys.stderr.write(text.encode("ascii", "replace").decode() + "\n")
    except OSError:
        pass
