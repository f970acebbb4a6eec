"""Rules: what each command of a line would do, and how bad that is.

``load()`` gives the shipped rules, ``RuleSet.with_custom`` adds the user's, ``judge`` applies them. Rules are data
(one YAML file an area); what is too structural for data is a module here, its texts still in YAML. See docs/rules.md.
"""

from __future__ import annotations

from vectra_guard.rules.judging import judge
from vectra_guard.rules.ruleset import RuleSet, load

__all__ = ["RuleSet", "judge", "load"]
