"""Right after a run on a copy-on-write view: the summary and one question, or what was configured where nobody is.

Enter, Esc, Ctrl-C, a closed terminal and a time-out mean later: the review waits, and neither the project nor what
the run did is lost. Whatever fails here leaves the review waiting too.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vectra_guard.cli import review as command
from vectra_guard.errors import GuardError
from vectra_guard.messages import _
from vectra_guard.report import notice
from vectra_guard.sandbox.workspace import condition, pending, summary
from vectra_guard.sandbox.workspace.changes import Changes

if TYPE_CHECKING:
    from vectra_guard.cli.review_keys import Keys
    from vectra_guard.config.schema import Config

Became = Literal["kept", "dropped", "pending", "unchanged"]
OFFERS = "[k]eep  [d]rop  [v]iew  [p]ick  [l]ater (Enter)"
REFUSED = 3


@dataclass(frozen=True, slots=True)
class Wishes:
    """What ``vg exec`` was told about reviews."""

    attended: bool  # somebody may be at the terminal
    keep_if: str = ""
    summary: str = ""  # file for the JSON summary


@dataclass(slots=True)
class _Ended:
    """What became of one review."""

    review: pending.Review
    found: Changes  # as it was when the run ended
    became: Became = "pending"
    undo: str = ""
    left: int = 0  # conflicts and failures of a keep


def settle(idents: Sequence[str], status: int, config: Config, wishes: Wishes) -> tuple[int, Became]:
    """Decide about the reviews of one run that ended with ``status``; the exit status, and what became of them."""
    ended = [_Ended(review, review.changes()) for review in map(pending.load, idents)]
    keys = _keys() if wishes.attended and ended and not wishes.keep_if else None
    try:
        for one in ended:
            if keys is not None:
                _ask(one, keys, config)
            else:
                _unattended(one, status, config, wishes)
    finally:
        if keys is not None:
            keys.close()
    for one in ended:
        if one.became == "pending":
            _later(one.review)
    became: Became = min((one.became for one in ended), key=_BY_WEIGHT.index, default="unchanged")
    asked = keys is not None or bool(wishes.keep_if)
    refused = any(one.left for one in ended) or (asked and became in ("dropped", "pending"))
    status = status or (REFUSED if refused else 0)
    if wishes.summary:
        _write(wishes.summary, ended, status)
    return status, became


_BY_WEIGHT: tuple[Became, ...] = ("pending", "dropped", "kept", "unchanged")


def _keys() -> Keys | None:
    from vectra_guard.cli.review_keys import Keys  # only where somebody may be asked

    try:
        return Keys()
    except OSError:
        return None


def _later(review: pending.Review) -> None:
    try:
        review.settle()
    except GuardError as err:
        notice.say(f"vg: {err}; it waits in memory, and is lost when this machine goes down")
    shown = f"vg review show {review.id}"
    notice.say(_("vg: its changes are kept aside. See them: {command}   then: keep or drop").format(command=shown))


# -- nobody there ----------------------------------------------------------------------------------------------


def _unattended(one: _Ended, status: int, config: Config, wishes: Wishes) -> None:
    wanted = config.sandbox.review_unattended
    if wishes.keep_if:
        values: Mapping[str, int] = {**summary.totals(one.found)._asdict(), "status": status}
        wanted = "keep" if condition.parse(wishes.keep_if)(values) else "pending"
        if wanted == "pending":
            notice.say(f"vg: not kept, the condition does not hold: {notice.visible(wishes.keep_if)}")
    if wanted == "keep":
        _keep(one, None)
    elif wanted == "drop":
        one.review.drop()
        one.became = "dropped"
        notice.say(f"vg: its changes were dropped (sandbox.review_unattended): {_numbers(one.found)}")


def _numbers(found: Changes) -> str:
    return summary.rows(found)[0].text


def _keep(one: _Ended, only: Sequence[str] | None) -> list[str]:
    """Keep, note how it went, and return the sentences; those that are bad news are said at once."""
    result = one.review.keep(only)
    one.became = "kept"
    one.undo = result.undo
    one.left = len(result.kept.conflicts) + len(result.kept.failed)
    if result.left.shown and only is None:
        one.became = "pending"
    good, bad = command.told(one.review, result)
    for text in bad:
        notice.say(text)
    return good


# -- somebody there --------------------------------------------------------------------------------------------


def _ask(one: _Ended, keys: Keys, config: Config) -> None:
    found = one.found
    size = os.get_terminal_size(keys.fd)
    colour = config.prompt.color and "NO_COLOR" not in os.environ and os.environ.get("TERM", "dumb") != "dumb"
    while True:
        lines = command.screen(one.review, found, width=size.columns - 1, height=size.lines - 3, colour=colour)
        answer = _answer(one, found, keys, config, "\n".join([*lines, f"{OFFERS} "]))
        if answer is None:
            return
        found = answer


def _answer(one: _Ended, found: Changes, keys: Keys, config: Config, question: str) -> Changes | None:
    """Ask until a key decides. The changes to show again, or None: it is settled."""
    while True:
        key, question = _key(keys, config, question), ""
        if key in ("enter", "escape", "l"):
            keys.write("later\n")
            return None
        if key == "k":
            keys.write("keep\n")
            keys.write("".join(f"{line}\n" for line in _keep(one, None)))
            return None
        if key == "d":
            keys.write("drop\n")
            one.review.drop()
            one.became = "kept" if one.became == "kept" else "dropped"
            keys.write("dropped; what was not kept is as it was before\n")
            return None
        if key == "v":
            keys.write("view\n")
            command.page(command.diff(one.review, found), keys.fd)
            return found
        if key == "p":
            keys.write("pick\n")
            return _pick(one, found, keys)


def _key(keys: Keys, config: Config, question: str) -> str:
    if config.prompt.screen_reader or os.environ.get("TERM", "dumb") == "dumb":
        return keys.line(question)[:1].lower() or "enter"
    return keys.key(question, config.prompt.timeout)


def _pick(one: _Ended, found: Changes, keys: Keys) -> Changes | None:
    """Keep some paths; the rest is asked about again. None: nothing is left to ask about."""
    text = keys.line("paths to keep, as shown above (* matches; Enter: back): ")
    try:
        patterns = shlex.split(text)
    except ValueError:
        patterns = text.split()
    chosen = [path for pattern in patterns for path in _matching(pattern, found)]
    if not chosen:
        if patterns:
            keys.write(f"nothing matches {notice.visible(text)}\n")
        return found
    keys.write("".join(f"{line}\n" for line in _keep(one, chosen)))
    try:
        rest = pending.load(one.review.id).changes()
    except GuardError:
        return None  # that was all of it
    return rest if rest.shown else None


def _matching(pattern: str, found: Changes) -> list[str]:
    """Paths that a word names: as shown (escapes and all), a folder above them, or by a pattern."""
    word = pattern.rstrip("/").removeprefix("./")
    out = []
    for item in found.shown:
        name = summary.safe(item.path)
        above = name.startswith(f"{word}/") or item.path.startswith(f"{word}/")
        if word in (name, item.path, ".") or above or fnmatch.fnmatchcase(name, word):
            out.append(item.path)
    return out


# -- for programs ----------------------------------------------------------------------------------------------


def _write(path: str, ended: Sequence[_Ended], status: int) -> None:
    reviews = []
    for one in ended:
        facts = command.facts(one.review, one.found)
        reviews.append({**facts, "state": one.became, "undo": one.undo, "not_kept": one.left})
    value = {"status": status, "reviews": reviews}
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.write("\n")
    except OSError as err:
        raise GuardError(f"--summary {path}: cannot be written ({err.strerror}); the reviews are settled") from err
