"""The risk of a line, as an ordinary user in a git checkout would be told."""

from __future__ import annotations

from vectra_guard.model import Facts, Request, Risk
from vectra_guard.rules import judge, load
from vectra_guard.syntax import read

HERE, HOME = "/home/dev/app", "/home/dev"
VARIABLES = {"HOME": HOME, "USER": "dev", "PWD": HERE, "SHELL": "/bin/bash"}
FACTS = Facts(user="dev", git_root=HERE, git_branch="main", variables=VARIABLES)
RULES = load()


def risk(line: str, shell: str = "bash") -> Risk:
    request = Request(line, shell, cwd=HERE, home=HOME)
    script = read(request, FACTS)
    return max([script.floor, *(f.risk for f in judge(script, request, FACTS, RULES))])
