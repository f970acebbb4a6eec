"""Mutates lines of the corpus and checks what must hold for each.

python -m tests.fuzz SECONDS [SEED]
"""

from __future__ import annotations

import random
import sys
import time

from .oracles import SHELLS, complaints, corpus, mutated


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    rng = random.Random(seed)
    lines, tried, found = corpus(), 0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        line, shell = mutated(rng.choice(lines), lines, rng), rng.choice(SHELLS)
        for complaint in complaints(line, shell, rng):
            found += 1
            print(f"{shell}: {complaint}\n  {line!r}", flush=True)
        tried += 1
    print(f"seed {seed}: {tried} lines, {found} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
