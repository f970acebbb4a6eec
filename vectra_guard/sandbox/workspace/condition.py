"""``--keep-if``: a small language over what a run did, for where nobody is there to look. Pure.

``deleted == 0 and flagged == 0``: names, whole numbers, comparisons, ``and``, ``or``, ``not``, parentheses; nothing
else, and nothing is ever evaluated as code. A wrong condition is a UsageError that names the place; it is read before
the command starts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

from vectra_guard.errors import UsageError

NAMES = ("added", "changed", "deleted", "mode", "flagged", "bytes_added", "bytes_deleted", "status")
"""The totals of the summary (files; ``mode``: only permissions changed), and the command's exit status."""

Condition = Callable[[Mapping[str, int]], bool]
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|(\d+)|(==|!=|<=|>=|<|>|\(|\)))")
_LONGEST = 300


def parse(text: str) -> Condition:
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        at, end = 0, len(text.rstrip())
        if end > _LONGEST:
            raise UsageError(f"--keep-if: the condition is longer than {_LONGEST} characters")
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._wrong(text[at:].strip())
            self.tokens.append(match.group().strip())
            at = match.end()

    def _wrong(self, at: str) -> UsageError:
        place = f"at {at[:20]!r}" if at else "at its end"
        return UsageError(
            f"--keep-if: {self.text!r} cannot be read {place}; write it as 'deleted == 0 and flagged == 0' "
            f"(names: {', '.join(NAMES)})"
        )

    def _next(self, *wanted: str) -> str:
        """The next token if it is one of ``wanted``, taken; else empty."""
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else ""

    def whole(self) -> Condition:
        found = self._any()
        if self.tokens:
            raise self._wrong(self.tokens[0])
        return found

    def _any(self) -> Condition:
        parts = [self._all()]
        while self._next("or"):
            parts.append(self._all())
        return lambda values: any(part(values) for part in parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._next("and"):
            parts.append(self._one())
        return lambda values: all(part(values) for part in parts)

    def _one(self) -> Condition:
        if self._next("not"):
            inner = self._one()
            return lambda values: not inner(values)
        if self._next("("):
            inner = self._any()
            if not self._next(")"):
                raise self._wrong(self.tokens[0] if self.tokens else "")
            return inner
        left = self._operand()
        compare = _COMPARE.get(self._next(*_COMPARE))
        if compare is None:
            raise self._wrong(self.tokens[0] if self.tokens else "")
        right = self._operand()
        return lambda values: compare(left(values), right(values))

    def _operand(self) -> Callable[[Mapping[str, int]], int]:
        token = self.tokens.pop(0) if self.tokens else ""
        if token.isdigit():
            number = int(token)
            return lambda _: number
        if token in NAMES:
            return lambda values: values[token]
        raise self._wrong(token)
