"""What a runtime is: something that can say whether it works here, and run a SandboxSpec."""

from __future__ import annotations

from typing import Protocol

from vectra_guard.model import Outcome, SandboxSpec, SecurityLevel


class Runtime(Protocol):
    name: str

    def probe(self, level: SecurityLevel = "balanced") -> str | None:
        """None: usable, found by a real trial run with the level's options. Else a sentence for the user."""

    def run(self, spec: SandboxSpec) -> Outcome:
        """Run it to its end. SandboxError when nothing was run."""
