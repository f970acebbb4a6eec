"""The impure shell around ``evaluate``: loads configuration, rules and trust, gathers facts, judges.

The resident evaluator keeps one Guard; ``vg exec`` and ``vg check`` open one where no evaluator answers. A broken
configuration file never switches the guard off: the last good configuration (at first: the defaults) stays in
force and ``Guard.problems`` says why. A state database that cannot be used means no trust, never more of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vectra_guard import facts as world
from vectra_guard import rules
from vectra_guard.config import layers
from vectra_guard.config.schema import Config, CustomRule
from vectra_guard.errors import ConfigError, StoreError
from vectra_guard.evaluate import Judgement, evaluate
from vectra_guard.model import Request, RiskyPart
from vectra_guard.policy import Standing
from vectra_guard.rules import RuleSet

if TYPE_CHECKING:
    from vectra_guard.config.layers import Loaded
    from vectra_guard.store.trust import TrustStore

KEPT_FOLDERS = 64
"""Configurations kept ready, one a folder; the oldest goes first."""


class Guard:
    """Everything that judging needs, kept warm and refreshed when the files behind it change."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._shipped = ruleset
        self._custom: tuple[tuple[CustomRule, ...], RuleSet] | None = None
        self._loaded: dict[tuple[object, ...], Loaded] = {}
        self._trust: TrustStore | None = None
        self._trust_retry = 0.0
        self._rule_problems: tuple[str, ...] = ()
        self.problems: tuple[str, ...] = ()

    @classmethod
    def open(cls) -> Guard:
        return cls(rules.load())

    def config(
        self, cwd: str, flags: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
    ) -> Loaded:
        """The configuration in force in ``cwd``. A file that became wrong leaves the last good one in force.
        ``environ``: where the settings of the environment are read, this process's own if None."""
        settings = None if environ is None else {name: environ[name] for name in environ if name in layers.VARIABLES}
        key = (cwd, tuple(sorted((flags or {}).items())), None if settings is None else tuple(sorted(settings.items())))
        held = self._loaded.get(key)
        if held is not None and not held.changed():
            return held
        try:
            loaded = layers.load(cwd, flags=flags, env=settings)
            self.problems = loaded.problems
        except ConfigError as err:
            if flags:
                raise  # the person who typed the flag is there to read what is wrong
            self.problems = (str(err),)
            loaded = held or layers.defaults()
        if len(self._loaded) >= KEPT_FOLDERS:
            del self._loaded[next(iter(self._loaded))]
        self._loaded[key] = loaded
        return loaded

    def judge(
        self,
        request: Request,
        *,
        aliases: Mapping[str, str] | None = None,
        functions: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, str] | None = None,
    ) -> Judgement:
        """Judge one request with what is in force where it was typed."""
        loaded = self.config(request.cwd, flags, environ)
        known = world.gather(
            request.cwd,
            request.home,
            loaded.config.production_indicators,
            environ=environ,
            aliases=aliases,
            functions=functions,
        )
        place = known.git_root or request.cwd

        def trusted(parts: Sequence[RiskyPart]) -> Mapping[str, Standing]:
            return self.trusted(parts, place, loaded.config)

        return evaluate(request, known, loaded.config, self._rules(loaded.config), trusted, loaded.sources)

    def trusted(self, parts: Sequence[RiskyPart], place: str, config: Config) -> Mapping[str, Standing]:
        """Fingerprint -> its standing, for those that an entry or a pattern covers at ``place`` now."""
        store = self._store(config)
        if store is None:
            return {}
        try:
            found = store.covering([(part.fingerprint, part.words) for part in parts], place, time.time())
            return {print_: Standing(entry.id, changed) for print_, (entry, changed) in found.items()}
        except StoreError as err:
            self._trust, self._trust_retry = None, time.monotonic() + 5
            self.problems = (str(err),)
            return {}

    def use(self, ids: Sequence[str], cwd: str) -> bool:
        """Count one use of each entry. False: one had none left (another shell was first); judge again.
        A store that cannot be written is said, and the run goes on."""
        store = self._store(self.config(cwd).config)
        if store is None:
            return True
        try:
            return len(store.use(ids, time.time())) == len(set(ids))
        except StoreError as err:
            self.problems = (str(err),)
            return True

    def release(self) -> None:
        """Close the database: a connection must not be carried over a fork. It is opened again when needed."""
        if self._trust is not None:
            self._trust.close()
            self._trust = None

    def _rules(self, config: Config) -> RuleSet:
        custom = config.policies.rules
        if not custom:
            return self._shipped
        if self._custom is None or self._custom[0] != custom:
            found, self._rule_problems = self._shipped, ()
            for rule in custom:  # one that is wrong is left out and said; the others stay in force
                try:
                    wider = found.with_custom((rule,))
                    rules.check_examples(wider, (rule,))
                    found = wider
                except ConfigError as err:
                    self._rule_problems += (str(err),)
            self._custom = (custom, found)
        self.problems = tuple(dict.fromkeys((*self.problems, *self._rule_problems)))
        return self._custom[1]

    def _store(self, config: Config) -> TrustStore | None:
        if self._trust is None and time.monotonic() >= self._trust_retry:
            # sqlite3 costs 5 ms of start-up: only a line that is risky at all comes here
            from vectra_guard.store import db
            from vectra_guard.store.trust import TrustStore

            try:
                self._trust = TrustStore(db.open(config.sandbox.trust_store_path or None))
            except StoreError as err:
                self.problems = (str(err),)
                self._trust_retry = time.monotonic() + 5
        return self._trust
