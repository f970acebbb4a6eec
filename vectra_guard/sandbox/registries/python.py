"""Where pip, uv and poetry get packages: their settings, and the default of the installed client."""

from __future__ import annotations

import ast
import glob
import os
import re
import sys
from collections.abc import Iterable

from vectra_guard.sandbox.registries import ask
from vectra_guard.sandbox.registries.base import Answer, Question

_INDEX_SOURCE = "_internal/models/index.py"
_EXTRA = ("extra-index-url", "find-links")


# -- pip ---------------------------------------------------------------------------------------------------


def pip(question: Question) -> Answer:
    replaced, urls = _pip_settings(question)
    complete = True
    hosts: list[str] = []
    if not replaced:
        index, files = _pip_default(question)
        urls.insert(0, index)
        hosts.append(files)
        complete = bool(index)
    for url in urls:
        if ask.host_of(url):
            hosts.append(ask.host_of(url) or "")
    for url in replaced:
        linked = ask.linked_hosts(url)
        hosts += [ask.host_of(url) or "", *(linked or ())]
        complete = complete and linked is not None
    return Answer(tuple(hosts), complete)


def _pip_settings(question: Question) -> tuple[list[str], list[str]]:
    """(indexes that stand in for the default, further addresses)."""
    import configparser

    replaced: list[str] = []
    extra: list[str] = []
    for path in question.settings:
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in parser.sections():
            for key, value in parser.items(section):
                name = key.replace("_", "-")
                if name == "index-url":
                    (replaced if section == "global" else extra).append(value or "")
                elif name in _EXTRA:
                    extra += (value or "").split()
    env = question.env
    if env.get("PIP_INDEX_URL"):
        replaced.append(env["PIP_INDEX_URL"])
    extra += env.get("PIP_EXTRA_INDEX_URL", "").split() + env.get("PIP_FIND_LINKS", "").split()
    return [url for url in replaced if ask.host_of(url)], extra


def _pip_default(question: Question) -> tuple[str, str]:
    """(index, host of its files) that the installed pip has built in."""
    for argv in (["pip"], ["pip3"], ["python3", "-m", "pip"]):
        program = question.find(argv[0])
        if program is None:
            continue
        said = ask.client([program, *argv[1:], "--version"], question.env, question.home)
        match = re.match(r"pip \S+ from (/.*) \(python", said)
        if match and (found := _read_index(_text(f"{match[1]}/{_INDEX_SOURCE}"))):
            return found
    for wheel in sorted(glob.glob(f"{os.path.dirname(os.__file__)}/ensurepip/_bundled/pip-*.whl")):
        if found := _read_index(_zipped(wheel, f"pip/{_INDEX_SOURCE}")):
            return found
    return "", ""


def _read_index(source: str) -> tuple[str, str] | None:
    """The first package index that pip's own module of indexes defines."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            texts = [
                part.value
                for part in (*node.value.args, *(word.value for word in node.value.keywords))
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            if len(texts) == 2 and ask.host_of(texts[0]):
                return texts[0], texts[1]
    return None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _zipped(path: str, member: str) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member).decode("utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile):
        return ""


# -- uv ----------------------------------------------------------------------------------------------------


def uv(question: Question) -> Answer:
    env = question.env
    default, extra = _uv_settings(question)
    default += [env[name] for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL") if env.get(name)]
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
        extra += [_unnamed(text) for text in env.get(name, "").split()]
    program = question.find("uv")
    if not default and program:
        said = ask.client([program, "pip", "install", "--help"], env, question.home)
        default = re.findall(r"default: *<?(https?://[^\s>)\]]+)", said)[:1]
    return _with_files([_unnamed(url) for url in default], extra)


def _unnamed(text: str) -> str:
    """``name=https://…`` without the name."""
    name, sep, url = text.partition("=")
    return url if sep and "://" not in name else text


def _uv_settings(question: Question) -> tuple[list[str], list[str]]:
    import tomllib

    default: list[str] = []
    extra: list[str] = []
    for path in question.settings:
        try:
            with open(path, "rb") as file:
                data = tomllib.load(file)
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
        for table in (data, data.get("pip", {})):
            if not isinstance(table, dict):
                continue
            default += _strings(table.get("index-url"))
            extra += _strings(table.get("extra-index-url")) + _strings(table.get("find-links"))
            for index in table.get("index", []):
                if isinstance(index, dict):
                    (default if index.get("default") else extra).extend(_strings(index.get("url")))
    return default, extra


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _with_files(indexes: Iterable[str], extra: Iterable[str]) -> Answer:
    hosts: list[str] = []
    complete = True
    for index in indexes:
        linked = ask.linked_hosts(index) if ask.host_of(index) else ()
        complete = complete and linked is not None
        hosts += [*ask.hosts_of([index]), *(linked or ())]
    return Answer((*hosts, *ask.hosts_of(extra)), complete and bool(hosts))


# -- poetry ------------------------------------------------------------------------------------------------


def poetry(question: Question) -> Answer:
    """Poetry's sources are a project's; what it has by itself is the default in its own code."""
    program = question.find("poetry")
    source = _poetry_source(program) if program else ""
    match = re.search(r"""url\s*:\s*str\s*=\s*["'](https?://[^"']+)["']""", source)
    if not match:
        return pip(question.like("pip"))
    return _with_files([match[1].rstrip("/") + "/simple"], [])


def _poetry_source(program: str) -> str:
    """The module of its default repository, next to the interpreter that its script names."""
    first = _text(os.path.realpath(program)).partition("\n")[0]
    interpreter = first[2:].split(" ")[0] if first.startswith("#!/") else sys.executable
    prefix = os.path.dirname(os.path.dirname(interpreter))
    module = "site-packages/poetry/repositories/pypi_repository.py"
    debian = "/usr/lib/python3/dist-packages/poetry/repositories/pypi_repository.py"
    candidates = (*glob.glob(f"{prefix}/lib/python3*/{module}"), debian)
    return next((text for path in candidates if (text := _text(path))), "")
