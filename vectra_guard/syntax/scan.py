"""The place in a text that is being read, and what was noted on the way. What the readers of all shells share."""

from __future__ import annotations

from vectra_guard.syntax.tree import Cap, Source

MAX_DEPTH = 40
MAX_PROBLEMS = 8


class Scan:
    __slots__ = ("depth", "i", "n", "problems", "s", "src", "unfinished")

    def __init__(self, src: Source, depth: int):
        self.src = src
        self.s = src.text
        self.n = len(src.text)
        self.i = 0
        self.depth = depth
        self.problems: list[str] = []
        self.unfinished = False

    def problem(self, sentence: str) -> None:
        if sentence not in self.problems and len(self.problems) < MAX_PROBLEMS:
            self.problems.append(sentence)

    def open_end(self, sentence: str) -> None:
        self.unfinished = True
        self.problem(sentence)

    def deeper(self) -> None:
        """One level down. Raises Cap past the deepest that is read."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Cap
