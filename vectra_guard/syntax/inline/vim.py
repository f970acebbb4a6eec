"""Commands given to vi, vim and ex (``-c``, ``+cmd``) as shell lines: those that leave the editor."""

from __future__ import annotations

from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import UNK, clean

_PREFIXES = frozenset(
    [
        "silent",
        "sil",
        "sile",
        "silent!",
        "sil!",
        "verbose",
        "verb",
        "noautocmd",
        "noa",
        "keepalt",
        "keepjumps",
        "argdo",
        "bufdo",
        "windo",
        "tabdo",
        "cdo",
        "ldo",
        "keepmarks",
        "tab",
        "vertical",
        "vert",
        "botright",
        "topleft",
        "aboveleft",
        "belowright",
        "unsilent",
        "noswapfile",
    ]
)
_LANGUAGES = {"py": "python", "py3": "python", "python": "python", "python3": "python", "pyx": "python",
              "lua": "lua", "perl": "perl", "pe": "perl", "ruby": "ruby", "rub": "ruby"}  # fmt: skip
_RUNNING = ("system(", "systemlist(", "job_start(", "term_start(", "jobstart(", "termopen(")
_SHELLS = frozenset(["shell", "sh", "she", "shel"])
_TERMINALS = frozenset(["terminal", "term", "ter", "termi"])
_WRITES = frozenset(
    ["w", "write", "wq", "wq!", "w!", "write!", "x", "x!", "sav", "saveas", "saveas!", "up", "update", "wr"]
)
_READS = frozenset(
    [
        "r",
        "read",
        "e",
        "edit",
        "e!",
        "edit!",
        "view",
        "sp",
        "split",
        "vs",
        "vsplit",
        "tabe",
        "tabedit",
        "so",
        "source",
        "ru",
        "runtime",
    ]
)


def read(source: str, depth: int, stdin: str | None = None) -> Effects:
    effects = Effects()
    for line in clean(source.replace("\0", UNK)).split("\n"):
        _command(line, effects, depth)
    return effects


def _command(line: str, effects: Effects, depth: int) -> None:
    body = line.lstrip(": \t")
    body = body.lstrip("%0123456789,.$+-;'<> \t") if not body.startswith("!") else body
    if body.startswith("!"):
        effects.run(body.lstrip("!").strip() or UNK)
        return
    name, _, rest = body.partition(" ")
    if "!" in name and not name.endswith("!"):  # r!cmd, w!cmd and the like without a space
        name, _, rest = body.partition("!")
        rest = "!" + rest
    rest = rest.strip()
    if name in _PREFIXES or name in ("exe", "execute", "exec"):
        inner = rest if name in _PREFIXES else _strings(rest)
        if depth < 6:
            for part in inner.split("\n"):
                _command(part, effects, depth + 1)
        return
    if name in _LANGUAGES and rest:
        _other(_LANGUAGES[name], rest, effects, depth)
        return
    if name in _SHELLS:
        effects.run("sh")
    elif name.rstrip("!") in _TERMINALS:
        effects.run(rest.removeprefix("++curwin ").strip() or "sh")
    elif name in _WRITES and rest.startswith("!"):
        effects.run(rest[1:].strip())
    elif name in _WRITES and rest and not rest.startswith("|"):
        effects.truncate(rest.split("|")[0].strip().removeprefix(">>").strip())
    elif name in _READS and rest.startswith("!"):
        effects.run(rest[1:].strip())
    elif name in _READS and rest:
        effects.read_file(rest.split("|")[0].strip())
    else:
        _calls(body, effects)
    if "|" in rest and not rest.startswith("!") and depth < 40:
        _command(rest.split("|", 1)[1], effects, depth + 1)


def _calls(body: str, effects: Effects) -> None:
    """system("…") and delete("…", "rf") anywhere in an expression."""
    for name in _RUNNING:
        for part in body.split(name)[1:]:
            effects.run(_first_string(part))
    for part in body.split("delete(")[1:]:
        effects.delete([_first_string(part)], "-rf" if "rf" in part or "'d'" in part else "-f")
    for part in body.split("writefile(")[1:]:
        names = _all_strings(part)
        effects.truncate(names[-1] if names else UNK)


def _other(language: str, source: str, effects: Effects, depth: int) -> None:
    from vectra_guard.syntax.inline import translate  # the cycle is vim's own: its commands hold code

    for line in translate(language, source, depth + 1):
        effects.add(line)


def _all_strings(text: str) -> list[str]:
    found = []
    at = 0
    while at < len(text):
        if text[at] in "'\"":
            end = text.find(text[at], at + 1)
            if end < 0:
                break
            found.append(text[at + 1 : end])
            at = end
        at += 1
    return found


def _strings(text: str) -> str:
    """The literals of an expression, joined: ``'!rm ' . '-rf /'``."""
    return "".join(_all_strings(text))


def _first_string(text: str) -> str:
    body = text.lstrip(" [")
    found = _all_strings(body[:20_000]) if body[:1] in "'\"" else []
    return found[0] if found else UNK
