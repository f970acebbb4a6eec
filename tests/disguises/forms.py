"""The disguises, as templates. ``render`` puts a line into one.

``{p}`` the line; ``{q}`` ``{qq}`` quoted once, twice; ``{dq}`` in double quotes; ``{n}`` ``{a}`` its name and the rest,
``{1}`` ``{2}`` the first letter and the rest of its name; ``{b64}`` ``{b32}`` ``{hex}`` ``{gz}`` ``{rev}`` ``{rot}``
encodings, ``{hx}`` ``{o}`` escapes of every letter, ``{nx}`` ``{no}`` ``{nu}`` of its name; ``{nrev}`` ``{nrot}``
``{nup}`` ``{b64n}`` its name changed; ``{words}`` its words one a line, ``{csv}`` with commas; ``{py}`` ``{pylist}``
``{js}`` ``{pl}`` ``{sql}`` the line as a value of another language, ``{b64py}`` ``{hexpy}`` ``{rotpy}`` encodings of
python that runs it. ``{CODE:…}`` is rendered, then quoted as a whole.
"""

from __future__ import annotations

import base64
import codecs
import gzip
import json
from pathlib import Path
from typing import NamedTuple

from .payloads import Payload

HERE = Path(__file__).parent


class Form(NamedTuple):
    shell: str
    kind: str
    limit: str  # all simple words
    template: str

    @property
    def own(self) -> bool:
        """Is the disguise itself worth a finding, whatever it holds (``sudo``, ``crontab -``)?"""
        return self.kind == "own"


def rows(name: str) -> list[list[str]]:
    """Rows of a table; U+23CE stands for a newline and U+21E5 for a tab, as in the corpus."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    split = [line.split("\t") for line in lines if line[:1] != "#"]
    return [[cell.replace("\u23ce", "\n").replace("\u21e5", "\t") for cell in row] for row in split]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def doubled(text: str) -> str:
    return '"' + "".join("\\" + c if c in '"$`\\' else c for c in text) + '"'


def escaped(text: str, form: str) -> str:
    return "".join("\\" + format(ord(c), form) for c in text)


def values(line: str) -> dict[str, str]:
    name, _, rest = line.partition(" ")
    data, code = line.encode(), f"import os; os.system({line!r})".encode()
    return {
        "p": line, "q": quoted(line), "qq": quoted(quoted(line)), "dq": doubled(line), "n": name, "a": rest,
        "1": name[0], "2": name[1:], "b64": base64.b64encode(data).decode(), "b32": base64.b32encode(data).decode(),
        "hex": data.hex(), "gz": base64.b64encode(gzip.compress(data, mtime=0)).decode(), "rev": quoted(line[::-1]),
        "rot": quoted(codecs.encode(line, "rot13")), "hx": escaped(line, "#04x").replace("0x", "x"),
        "o": escaped(line, "03o"), "nx": escaped(name, "#04x").replace("0x", "x"), "no": escaped(name, "03o"),
        "nu": escaped(name, "#06x").replace("0x", "u"), "nrev": name[::-1], "nrot": codecs.encode(name, "rot13"),
        "nup": name.upper(), "b64n": base64.b64encode(name.encode()).decode(), "words": "\n".join(line.split()),
        "csv": ",".join(line.split()), "py": repr(line), "pylist": repr(line.split()), "js": json.dumps(line),
        "hexn": name.encode().hex(), "hexn1": f"{ord(name[0]):02x}", "atsep": "@".join(line.split()),
        "colsep": ":".join(line.split()), "uscore": "_".join(line.split()), "b64py": base64.b64encode(code).decode(),
        "hexpy": code.hex(), "rotpy": codecs.encode(code.decode(), "rot13").replace("'", "\\'"),
        "pl": "q{" + line + "}", "sql": "'" + line.replace("'", "''") + "'",
    }  # fmt: skip


def render(template: str, line: str) -> str:
    known = values(line)
    start = template.find("{CODE:")
    if start >= 0:
        end = closing(template, start)
        code = quoted(fill(template[start + 6 : end], known))
        return fill(template[:start], known) + code + fill(template[end + 1 :], known)
    return fill(template, known)


def closing(template: str, start: int) -> int:
    level = 0
    for at in range(start, len(template)):
        level += (template[at] == "{") - (template[at] == "}")
        if level == 0:
            return at
    raise ValueError(template)


def fill(template: str, known: dict[str, str]) -> str:
    out: list[str] = []
    at = 0
    while at < len(template):
        end = template.find("}", at)
        if template[at] == "{" and template[at + 1 : end] in known:
            out.append(known[template[at + 1 : end]])
            at = end + 1
        else:
            out.append(template[at])
            at += 1
    return "".join(out)


def fits(form: Form, payload: Payload) -> bool:
    """Would the line still mean the same in this disguise? (A pipe in ``nice LINE`` would not.)"""
    both = payload.line + payload.twin
    quotes = any(c in both for c in "'\"")
    if form.limit != "all" and not payload.simple:
        return False
    if form.limit == "words" and (quotes or any(c in both for c in "~*")):
        return False
    if quotes and inside_quotes(form.template):
        return False
    return form.shell == "bash" or payload.portable


def inside_quotes(template: str) -> bool:
    """Does a part that may hold quotes itself stand between quotes?"""
    for part in ("{p}", "{a}", "{dq}", "{js}", "{py}"):
        before, found, _ = template.partition(part)
        if found and "{CODE" not in template and (before.count("'") % 2 or before.count('"') % 2):
            return True
    return False


LIVE = [Form(*row) for row in rows("live.tsv")]
TEXT = rows("text.tsv")
