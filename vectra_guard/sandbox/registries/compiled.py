"""Where cargo and go get packages."""

from __future__ import annotations

import os
import re
from typing import Any

from vectra_guard.sandbox.registries import ask
from vectra_guard.sandbox.registries.base import Answer, Question

_SPARSE = rb"sparse\+https://[a-z0-9.-]+/"


# -- cargo -------------------------------------------------------------------------------------------------


def cargo(question: Question) -> Answer:
    """The indexes of the user's settings, else the default that the program was built with; and the host
    that each index names for downloads."""
    settings = _cargo_settings(question)
    indexes = _cargo_indexes(settings)
    indexes += [url for name, url in question.env.items() if re.fullmatch(r"CARGO_REGISTR\w*_INDEX", name)]
    sources = settings.get("source", {})
    replaced = isinstance(sources, dict) and any(
        isinstance(row, dict) and row.get("replace-with") for row in sources.values()
    )
    if not replaced:
        program = _cargo_program(question)
        indexes += ask.literals(program, _SPARSE) if program else ()
    hosts: list[str] = []
    complete = bool(indexes)
    for index in indexes:
        hosts += ask.hosts_of([index])
        if index.startswith("sparse+"):
            downloads = _downloads(index.removeprefix("sparse+"))
            complete = complete and downloads is not None
            hosts += ask.hosts_of([downloads or ""])
    return Answer(tuple(hosts), complete)


def _downloads(index: str) -> str | None:
    """The address of packages that a sparse index names in its configuration."""
    import json

    text = ask.fetch(index.rstrip("/") + "/config.json")
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return str(found.get("dl", "")).partition("{")[0] if isinstance(found, dict) else None


def _cargo_program(question: Question) -> str | None:
    """The real cargo: the one on PATH is often rustup, which only hands over to it."""
    rustup = question.find("rustup")
    if rustup:
        said = ask.client([rustup, "which", "cargo"], question.env, question.home).strip()
        if os.path.isfile(said):
            return said
    found = question.find("cargo")
    return os.path.realpath(found) if found else None


def _cargo_settings(question: Question) -> dict[str, Any]:
    import tomllib

    merged: dict[str, Any] = {}
    for path in question.settings:
        try:
            with open(path, "rb") as file:
                merged |= tomllib.load(file)
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
    return merged


def _cargo_indexes(settings: dict[str, Any]) -> list[str]:
    urls = []
    for section, key in (("source", "registry"), ("registries", "index")):
        rows = settings.get(section, {})
        for row in rows.values() if isinstance(rows, dict) else ():
            if isinstance(row, dict) and isinstance(row.get(key), str):
                urls.append(row[key])
    return urls


# -- go ----------------------------------------------------------------------------------------------------


def go(question: Question) -> Answer:
    program = question.find("go")
    if program is None:
        return Answer((), False)
    said = ask.client([program, "env", "GOPROXY", "GOSUMDB"], question.env, question.home).splitlines()
    if len(said) < 2:
        return Answer((), False)
    urls = re.split(r"[,|]", said[0])
    database = said[1].split()
    if len(database) > 1:
        urls.append(database[1])
    elif database and database[0] != "off":
        urls.append("https://" + database[0].partition("+")[0])
    return Answer(ask.hosts_of(urls))
