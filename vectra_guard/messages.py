"""What the guard says, in the user's language. English stands in the code; each other language is one ``.po`` file in
``locale/``, read by gettext's rules (plural forms included).

A language without a file, a file that cannot be read and a text without a translation give English. The sentences of
the rules are translated where they are shown (``sentence``): ``{target}`` in them stands for any text.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

RULES = "rule"
"""Context of the rules' sentences in the catalogue."""

_catalogue: NullTranslations | None = None
_templates: list[tuple[re.Pattern[str], str]] = []
_in_force = ""


def use(language: str) -> None:
    """Speak this language from now on; empty: the one of the locale."""
    global _catalogue, _in_force
    wanted = language or _of_locale()
    if wanted == _in_force:
        return
    _in_force, _catalogue = wanted, None
    _templates.clear()
    for name in (wanted, wanted.partition("_")[0]):
        path = os.path.join(os.path.dirname(__file__), "locale", f"{name}.po")
        if re.fullmatch(r"[A-Za-z_]+", name) and os.path.isfile(path):
            _load(path)
            return


def _(text: str) -> str:
    return _catalogue.gettext(text) if _catalogue else text


def plural(one: str, many: str, count: int, number: str = "") -> str:
    """``one`` or ``many`` by the language's rule, with ``{n}`` filled in: ``number``, else thousands grouped."""
    form = _catalogue.ngettext(one, many, count) if _catalogue else (one if count == 1 else many)
    return form.replace("{n}", number or f"{count:,}")


def sentence(text: str) -> str:
    """A sentence of a rule."""
    if _catalogue is None or not text:
        return text
    found = _catalogue.pgettext(RULES, text)
    if found != text:
        return found
    for pattern, translation in _templates:
        if match := pattern.fullmatch(text):
            return translation.replace("{target}", match[1])
    return text


def _of_locale() -> str:
    """As gettext: the first of these that is set. Encoding and variant do not matter here."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return re.split(r"[:.@]", value)[0]
    return ""


def _load(path: str) -> None:
    global _catalogue  # noqa: PLW0603 - one process speaks one language
    # 20 ms, and English needs none of it
    import io
    from gettext import GNUTranslations

    import polib

    try:
        file = polib.pofile(path)
        _catalogue = GNUTranslations(io.BytesIO(file.to_binary()))
    except (OSError, ValueError):
        return
    for entry in file:
        if entry.msgctxt == RULES and "{target}" in entry.msgid:
            pattern = re.escape(entry.msgid).replace(re.escape("{target}"), "(.*)", 1)
            _templates.append((re.compile(pattern, re.DOTALL), entry.msgstr))
