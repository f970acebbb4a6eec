"""Run a command isolated: ``plan`` describes the run, ``choose`` picks the runtime, ``run`` does it.

Only names are here; each import is paid for by who uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vectra_guard.errors import SandboxError
from vectra_guard.model import Outcome, SandboxSpec, SecurityLevel

if TYPE_CHECKING:
    from vectra_guard.sandbox.spec import plan

__all__ = ["choose", "plan", "run"]


def __getattr__(name: str) -> Any:
    if name == "plan":
        from vectra_guard.sandbox.spec import plan

        return plan
    raise AttributeError(name)


def choose(runtime: str = "auto", level: SecurityLevel = "balanced") -> str:
    """The name of the runtime to use: the first whose probe passes. SandboxError says what to install."""
    from vectra_guard.sandbox import runtimes

    reasons = []
    for name in runtimes.RUNTIMES if runtime == "auto" else (runtime,):
        reason = runtimes.get(name).probe(level)
        if reason is None:
            return name
        reasons.append(f"{name}: {reason}")
    raise SandboxError("no sandbox is usable here; " + "; ".join(reasons))


def run(spec: SandboxSpec, *, runtime: str = "auto") -> Outcome:
    """Run ``spec`` to its end in the named runtime, or in the one that ``choose`` finds."""
    from vectra_guard.sandbox import runtimes

    return runtimes.get(choose(runtime, spec.level)).run(spec)
