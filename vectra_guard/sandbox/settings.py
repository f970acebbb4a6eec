"""The few settings files under home that tools need, with their credentials taken out.

One line-based filter serves them all: a line whose key names a secret goes, ``user:password@`` leaves URLs, git's
credential and header sections go. A file that cannot be read is left out. It errs towards taking out too much: a
tool then asks, or is refused by its server.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from vectra_guard.model import Mount

FILES = (
    ".gitconfig .config/git/config .config/git/ignore .config/git/attributes .config/pip/pip.conf .pip/pip.conf "
    ".npmrc .yarnrc .yarnrc.yml .cargo/config.toml .cargo/config .config/uv/uv.toml .config/pypoetry/config.toml "
    ".gemrc .bundle/config .config/go/env .condarc .inputrc .editorconfig .config/pnpm/rc .m2/settings.xml "
    ".config/composer/config.json .curlrc .wgetrc .config/ripgreprc .config/mise/config.toml .bunfig.toml"
).split()
"""Relative to home."""
VARIABLES = ("PIP_CONFIG_FILE", "NPM_CONFIG_USERCONFIG", "npm_config_userconfig", "UV_CONFIG_FILE", "GIT_CONFIG_GLOBAL")
"""Variables that name such a file elsewhere under home."""
_SYSTEM = ("/etc/pip.conf", "/etc/npmrc", "/usr/etc/npmrc", "/etc/uv/uv.toml")
_LARGEST = 256 * 1024

CREDENTIAL = (
    r"pass(?:word|wd|phrase)?|secret|token|credentials?|api[-_]?key|access[-_]?key|private[-_]?key|auth(?!or)|"
    r"cookie|session[-_]?id|client[-_]?key|signing[-_]?key"
)
_SECRET_KEY = re.compile(rf"""^\s*["'\w@/:.+\- \[\]]*?(?:{CREDENTIAL})[\w"'\-. \]]*\s*[=:]""", re.IGNORECASE)
_BARE_SECRET = re.compile(r"^\s*-?-?(?:user|proxy-user|oauth2-bearer|http-password|password)\b", re.IGNORECASE)
_USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@\"']+@", re.IGNORECASE)
_XML_SECRET = re.compile(r"<(password|passphrase|privateKey)>[^<]*<", re.IGNORECASE)
_SECTION = re.compile(r"^\s*\[\s*([\w.-]+)")
_GIT_SECTIONS = ("credential", "sendemail", "imap")
_GIT_INCLUDE = re.compile(r"^\s*path\s*=\s*(.+?)\s*$", re.MULTILINE)


def mounts(home: str, env: Mapping[str, str]) -> list[Mount]:
    """Sanitized copies of what exists of FILES, at the same places."""
    out: list[Mount] = []
    wanted = [f"{home}/{name}" for name in FILES]
    wanted += [value for name in VARIABLES if (value := env.get(name, "")).startswith(home + "/")]
    wanted += _SYSTEM
    seen: set[str] = set()
    while wanted:
        path = wanted.pop(0)
        if path in seen:
            continue
        seen.add(path)
        text = _read(path)
        if text is None:
            continue
        out.append(Mount("", path, "data", data=sanitize(text, path).encode("utf-8", "surrogateescape")))
        if "git" in path and "path" in text and len(seen) < 60:
            wanted += _included(text, home)
    return out


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(_LARGEST + 1)
    except OSError:
        return None
    return text if len(text) <= _LARGEST else None


def _included(text: str, home: str) -> list[str]:
    """Files that a git configuration includes, where they lie under home."""
    if "include" not in text.lower():
        return []
    found = []
    for value in _GIT_INCLUDE.findall(text):
        path = value.strip("\"'")
        path = home + path[1:] if path.startswith("~/") else path
        if not path.startswith("/"):
            path = f"{home}/{path}"
        path = os.path.normpath(path)
        if path.startswith(home + "/"):
            found.append(path)
    return found


def sanitize(text: str, path: str = "") -> str:
    """``text`` without credentials. Pure."""
    git = "git" in os.path.basename(path) or "/git/" in path
    kept: list[str] = []
    section = ""
    for line in text.splitlines():
        match = _SECTION.match(line)
        if match and (git or "=" not in line):
            section = match.group(1).lower()
        if git and section in _GIT_SECTIONS:
            continue
        if git and re.match(r"^\s*(?:extraheader|sshcommand|askpass|cookiefile|sslkey)\s*=", line, re.IGNORECASE):
            continue
        if "<" in line:
            line = _XML_SECRET.sub(r"<\1><", line)
        elif not match and (_SECRET_KEY.match(line) or (path.endswith("rc") and _BARE_SECRET.match(line))):
            continue
        kept.append(_USERINFO.sub(r"\1", line))
    return "\n".join(kept) + "\n" if kept else ""
