"""The runtimes by name, in the order ``auto`` tries them. A new runtime is one module and one line here."""

from __future__ import annotations

from importlib import import_module

from vectra_guard.errors import SandboxError
from vectra_guard.sandbox.runtimes.base import Runtime

RUNTIMES = {
    "bubblewrap": "vectra_guard.sandbox.runtimes.bubblewrap:Bubblewrap",
}


def get(name: str) -> Runtime:
    """The runtime called ``name``; its module is imported only now."""
    try:
        module, _, member = RUNTIMES[name].partition(":")
    except KeyError:
        raise SandboxError(f"{name} is no runtime; there are: {', '.join(RUNTIMES)}") from None
    runtime: Runtime = getattr(import_module(module), member)()
    return runtime
