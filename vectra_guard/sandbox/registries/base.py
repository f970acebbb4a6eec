"""What a manager's module is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vectra_guard.sandbox.registries import places


@dataclass(frozen=True, slots=True)
class Answer:
    hosts: tuple[str, ...]
    complete: bool = True  # False: something did not answer, so ask again next time


@dataclass(frozen=True, slots=True)
class Question:
    env: Mapping[str, str]
    home: str
    project: str
    settings: tuple[str, ...]  # the manager's settings files that exist, weakest first
    others: Callable[[str], tuple[str, ...]]  # manager -> its settings files

    def find(self, command: str) -> str | None:
        return places.find_command(command, self.env, self.project)

    def like(self, manager: str) -> Question:
        """The same question, with the settings of another manager."""
        return Question(self.env, self.home, self.project, self.others(manager), self.others)
