"""What an adapter is made of. Data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vectra_guard.model import Action


@dataclass(frozen=True, slots=True)
class Question:
    """The command an agent wants to run. ``cwd`` empty: the payload does not say."""

    line: str
    cwd: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the agent is to be told. ``rewritten``: the line that would run instead, empty when nothing changes."""

    action: Action
    reason: str
    rewritten: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a hook is entered: the list at ``path`` in a JSON file, and the entry (``{command}`` is filled in).

    ``base``: what the file holds besides when we are the first to write it. ``{command}`` may stand in ``text``
    instead: then the file is ours alone and not JSON.
    """

    user: str  # file in the home folder
    project: str = ""  # the same inside a project; empty: the agent has none
    path: tuple[str, ...] = ()
    entry: dict[str, Any] = field(default_factory=dict)
    base: dict[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """One coding agent.

    ``asks``: its hook can put a question to the user. ``rewrites``: its hook can change the command.
    ``read`` returns None for a payload about another tool and raises KeyError, TypeError or ValueError for one that
    makes no sense. ``answer`` returns what the hook prints; an empty object prints nothing.
    """

    name: str
    asks: bool
    rewrites: bool
    entry: Entry
    read: Callable[[Any], Question | None]
    answer: Callable[[Verdict, Any], dict[str, Any]]
    limits: str  # what its mechanism cannot do, one sentence


def text(value: Any) -> str:
    """``value``, which must be a string."""
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {type(value).__name__}")
    return value


def instead(verdict: Verdict) -> str:
    """The reason for an agent that cannot be given another command: it is told which one to run."""
    return f"{verdict.reason} Run this instead: {verdict.rewritten}" if verdict.rewritten else verdict.reason
