"""Which caches a command needs."""

from __future__ import annotations

import shlex

import pytest

from vectra_guard.sandbox.caches import for_command

COMMANDS = {
    "npm install": ("npm",),
    "npx create-x": ("npm",),
    "/usr/bin/npm ci": ("npm",),
    "pnpm add x": ("pnpm", "npm"),
    "yarn": ("yarn",),
    "pip install x": ("pip",),
    "pip3.11 install x": ("pip",),
    ".venv/bin/pip install x": ("pip",),
    "python -m pip install x": ("pip",),
    "python3.12 -I -m pip install x": ("pip",),
    "python -m uv pip install x": ("uv", "pip"),
    "python script.py pip": (),
    "pipx install x": ("pip",),
    "uvx ruff": ("uv", "pip"),
    "poetry install": ("poetry", "pip"),
    "cargo build": ("cargo",),
    "go build ./...": ("go",),
    "bundle install": ("bundler", "gem"),
    "mvn -q package": ("maven",),
    "./mvnw package": ("maven",),
    "./gradlew build": ("gradle", "maven"),
    "composer install": ("composer",),
    "composer.phar install": ("composer",),
    "env A=1 B=2 npm ci": ("npm",),
    "A=1 npm ci": ("npm",),
    "timeout -k 5 60 nice -n 5 cargo build": ("cargo",),
    "corepack yarn install": ("yarn",),
    "sh -c 'cd web && npm install; (pip install -r x)'": ("npm", "pip"),
    "echo npm": (),
    "ls": (),
    "env": (),
    "make": (),
    "": (),
}


@pytest.mark.parametrize("line", COMMANDS)
def test_for_command(line: str) -> None:
    assert for_command(shlex.split(line)) == COMMANDS[line]
