"""A change that names production, or is made where the facts say it is production, says so. Texts in privilege.yaml.

Adds only to commands that already have a finding: reading in production is no finding.
"""

from __future__ import annotations

import re

from vectra_guard.model import Risk
from vectra_guard.rules.view import Context

PRODUCTION = re.compile(r"(^|[-_./:=@,])(prod|production|prd|live)($|[-_./:,@])", re.IGNORECASE)


def judge(context: Context) -> None:
    if not context.findings:
        return
    risky = {f.command for f in context.findings if f.risk >= Risk.MEDIUM}
    for view in context.views:
        if view.command.index not in risky or view.name in ("rm", "cat", "npm", "pip", "yarn"):
            continue
        named = next((w.text for w in view.words if len(w.text) < 200 and PRODUCTION.search(w.text)), "")
        if named or context.facts.production:
            context.add("production.change", view.command, named or context.facts.production)
