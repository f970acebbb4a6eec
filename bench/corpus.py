"""Scores the evaluator on a file of labelled lines: confusion by level, shares flagged, misses by category.

A line is ``level<TAB>command<TAB>category: why``; U+23CE stands for a newline and U+21E5 for a tab; ``#`` starts a
comment. The setting is bash, an ordinary user ``dev`` in ``/home/dev/app``, a git checkout. Nothing is run.

    python bench/corpus.py FILE [--quiet] [--only LEVEL]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict

from vectra_guard.model import Facts, Request, Risk
from vectra_guard.rules import RuleSet, judge, load
from vectra_guard.syntax import read

LEVELS = ("low", "medium", "high", "critical")
HOME, CWD = "/home/dev", "/home/dev/app"


def facts() -> Facts:
    return Facts(
        user="dev", uid=1000, git_root=CWD, git_branch="main",
        variables={"HOME": HOME, "USER": "dev", "PWD": CWD, "LOGNAME": "dev", "SHELL": "/bin/bash"},
    )  # fmt: skip


def level(line: str, ruleset: RuleSet, shell: str = "bash") -> tuple[str, list[str]]:
    """The level of a line, and the ids of what was found."""
    request = Request(line, shell, CWD, HOME)
    script = read(request, facts())
    found = judge(script, request, facts(), ruleset)
    risk = max([f.risk for f in found] + [script.floor, Risk.LOW])
    names = [f"{f.rule}:{f.risk.label}" for f in found]
    if script.floor > Risk.LOW:
        names.append(f"floor:{script.floor.label}")
    return risk.label, names


def cases(path: str) -> list[tuple[str, str, str]]:
    rows = []
    with open(path, encoding="utf-8") as file:
        for text in file:
            parts = text.rstrip("\n").split("\t")
            if len(parts) < 2 or parts[0].startswith("#"):
                continue
            line = parts[1].replace("\u23ce", "\n").replace("\u21e5", "\t")
            rows.append((parts[0], line, parts[2] if len(parts) > 2 else ""))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file")
    parser.add_argument("--quiet", action="store_true", help="no list of misses")
    parser.add_argument("--only", choices=LEVELS, help="list only misses of this level")
    parser.add_argument("--shell", default="bash")
    args = parser.parse_args()
    ruleset = load()
    confusion: Counter[tuple[str, str]] = Counter()
    areas: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    times = []
    for want, line, why in cases(args.file):
        start = time.perf_counter()
        got, names = level(line, ruleset, args.shell)
        times.append(time.perf_counter() - start)
        confusion[want, got] += 1
        area = areas[why.partition(":")[0]]
        area[0] += got == want
        area[1] += 1
        if got != want and not args.quiet and args.only in (None, want):
            print(f"{want:9}{got:9}{line!r}  [{why}]  {' '.join(names)}")
    report(confusion, areas, sorted(times))
    return 0


def report(confusion: Counter[tuple[str, str]], areas: dict[str, list[int]], times: list[float]) -> None:
    print("\nwanted      " + "".join(f"{name:>10}" for name in LEVELS) + "     total")
    for want in LEVELS:
        row = [confusion[want, got] for got in LEVELS]
        print(f"{want:12}" + "".join(f"{n:10}" for n in row) + f"{sum(row):10}")
    shares = {"critical": "high critical", "high": "high critical", "medium": "medium high critical"}
    for want in ("critical", "high", "medium", "low"):
        total = sum(confusion[want, got] for got in LEVELS)
        above = shares.get(want, "medium high critical").split()
        hit = sum(confusion[want, got] for got in above)
        if total:
            print(f"{want:9} judged {above[0]} or above: {hit}/{total} = {100 * hit / total:.1f} %")
    exact, total = sum(n for (a, b), n in confusion.items() if a == b), sum(confusion.values())
    print(f"exact: {exact}/{total} = {100 * exact / max(total, 1):.1f} %")
    print("by area: " + ", ".join(f"{k} {a}/{b}" for k, (a, b) in sorted(areas.items())))
    if times:
        print(f"a line: median {1e6 * times[len(times) // 2]:.0f} us, p99 {1e6 * times[len(times) * 99 // 100]:.0f} us")


if __name__ == "__main__":
    sys.exit(main())
