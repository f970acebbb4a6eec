"""Rules: what each command of a line would do, and how bad that is.

``load()`` gives the shipped rules, ``RuleSet.with_custom`` adds the user's, ``check_examples`` tries those on their own
examples, ``judge`` applies them all. Rules are data (one YAML file an area); what is too structural for data is a
module here, its texts still in YAML. See docs/rules.md.
"""

from __future__ import annotations

from vectra_guard.rules.examples import check as check_examples
from vectra_guard.rules.judging import judge
from vectra_guard.rules.ruleset import RuleSet, load

__all__ = ["RuleSet", "check_examples", "judge", "load"]
