"""Real package managers install from the registries they are configured for, inside the restricted network."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.conftest import need
from tests.sandbox.box import Account

pytestmark = [pytest.mark.sandbox, pytest.mark.network, pytest.mark.slow]


def test_npm(person: Account) -> None:
    need(shutil.which("npm", path="/usr/bin"), "npm")
    result = person.run(
        ["npm", "install", "--no-fund", "--no-audit", "is-number"], network_mode="restricted", timeout=120
    )
    assert result.status == 0, result.err
    assert (person.project / "node_modules/is-number/package.json").exists()
    assert result.outcome["cache_hit"] is False
    shutil.rmtree(person.project / "node_modules")
    again = person.run(
        ["npm", "install", "--no-fund", "--no-audit", "is-number"], network_mode="restricted", timeout=120
    )
    assert again.status == 0, again.err
    assert again.outcome["cache_hit"] is True
    assert not (person.home / ".npm/_cacache").exists()  # the user's own cache was never written


def test_pip(person: Account) -> None:
    python = "/usr/bin/python3"
    done = subprocess.run([*person.prefix(), python, "-m", "venv", ".venv"], cwd=person.project, capture_output=True)
    need(done.returncode == 0, "venv for the system's Python")
    result = person.run([".venv/bin/pip", "install", "cowsay"], network_mode="restricted", timeout=120)
    assert result.status == 0, result.err
    assert list(person.project.glob(".venv/lib/python*/site-packages/cowsay"))


def test_a_host_that_is_not_allowed_is_refused_and_named(person: Account) -> None:
    need(shutil.which("curl", path="/usr/bin"), "curl")
    result = person.run(["curl", "-sS", "-m", "10", "http://example.org/"], network_mode="restricted")
    assert ["example.org", 1] in result.outcome["refused_hosts"]
