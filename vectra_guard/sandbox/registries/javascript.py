"""Where npm, pnpm, yarn and bun get packages: the client is asked, scopes are read from the user's npmrc."""

from __future__ import annotations

import re

from vectra_guard.sandbox.registries import ask
from vectra_guard.sandbox.registries.base import Answer, Question

_REGISTRY = re.compile(r"^\s*(?:@[^:\s]+:)?registry\s*=\s*[\"']?([^\s\"']+)", re.MULTILINE)
_YAML_REGISTRY = re.compile(r"^\s*[\"']?npmRegistryServer[\"']?\s*:?\s+[\"']?([^\s\"']+)", re.MULTILINE)
_YARNRC = re.compile(r"^\s*[\"']?(?:@[^:\s]+:)?registry[\"']?\s+[\"']?([^\s\"']+)", re.MULTILINE)
_BUNFIG = re.compile(r"(https?://[^\s\"']+)")
_REFERENCE = re.compile(r"\$\{(\w+)\??\}")


def _read(paths: tuple[str, ...]) -> str:
    texts = []
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
        except OSError:
            continue
    return "\n".join(texts)


def _from_settings(question: Question) -> list[str]:
    """Registries and scopes of npmrc, yarnrc and the environment."""
    text = _read(question.settings)
    text = _REFERENCE.sub(lambda match: question.env.get(match[1], ""), text)
    urls = _REGISTRY.findall(text) + _YAML_REGISTRY.findall(text) + _YARNRC.findall(text)
    for name, value in question.env.items():
        lower = name.lower()
        if lower.startswith(("npm_config_", "yarn_", "bun_config_")) and "registry" in lower:
            urls.append(value)
    return urls


def _ask(question: Question, command: str, *keys: str) -> list[str]:
    program = question.find(command)
    if program is None:
        return []
    for key in keys:
        said = ask.client([program, "config", "get", key], question.env, question.home)
        urls = ask.urls_in(said)
        if urls:
            return urls
    return []


def _answer(question: Question, default: list[str]) -> Answer:
    return Answer(ask.hosts_of([*default, *_from_settings(question)]), bool(default))


def npm(question: Question) -> Answer:
    return _answer(question, _ask(question, "npm", "registry"))


def pnpm(question: Question) -> Answer:
    return _answer(question, _ask(question, "pnpm", "registry") or _ask(question, "npm", "registry"))


def yarn(question: Question) -> Answer:
    # yarn 1 knows "registry", later ones "npmRegistryServer"; each answers nothing useful for the other's
    found = _ask(question, "yarn", "registry", "npmRegistryServer")
    return _answer(question, found or _ask(question, "npm", "registry"))


def bun(question: Question) -> Answer:
    """Bun cannot be asked: its settings, else what npm says, else what its program file holds."""
    urls = [url for url in _BUNFIG.findall(_read(question.settings)) if ask.host_of(url)]
    default = _ask(question, "npm", "registry")
    program = question.find("bun")
    if not default and program:
        default = list(ask.literals(program, rb"https://registry\.[a-z0-9.-]+\.[a-z]+"))[:1]
    return _answer(question, [*default, *urls])
