"""A short run of the fuzzer with fixed seeds; ``python -m tests.fuzz 600`` is the long one."""

from __future__ import annotations

import random

import pytest

from .oracles import SHELLS, complaints, corpus, mutated

LINES = corpus()


@pytest.mark.parametrize("seed", range(20))
def test_mutations(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        line, shell = mutated(rng.choice(LINES), LINES, rng), rng.choice(SHELLS)
        assert complaints(line, shell, rng) == [], (shell, line)


@pytest.mark.parametrize("seed", range(5))
def test_as_they_are(seed: int) -> None:
    rng = random.Random(seed)
    for line in rng.sample(LINES, 100):
        assert complaints(line, "bash", rng) == [], line
