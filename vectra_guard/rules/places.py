"""What kind of place a path is, by its text alone: root, home, system, artefact, secret, start-up file …

Purely lexical: ``.``, ``..``, ``//`` and ``~`` are resolved against the working directory and home that the caller
names, globs stand for what they would plausibly match, unknown parts for the worst that fits beside the known ones.
Links are not followed here. Fails towards danger: a path that cannot be placed is ``unknown`` or ``outside``.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from functools import lru_cache
from typing import NamedTuple

from vectra_guard.model import UNKNOWN
from vectra_guard.rules.place_names import (
    ARTEFACT_DIRS,
    ARTEFACT_FILES,
    AUTH_FILES,
    CACHE_PREFIXES,
    DATA_SUFFIXES,
    DEVICE,
    HARMLESS_DEVICES,
    PUBLIC,
    ROOT_ENTRIES,
    SECRET_DIRS,
    SECRET_HOME,
    SECRET_NAMES,
    SECRET_SUFFIXES,
    SECRET_SYSTEM,
    STARTUP_HOME,
    STARTUP_SYSTEM,
    SYSTEM_CORE,
    SYSTEM_TOPS,
    TEMP_PREFIXES,
)

GLOB = re.compile(r"[*?\[]")
LONG = 255  # no file name is longer
_SAFE_ENV = re.compile(r"\.(example|sample|template|dist|defaults?|schema|md|d\.ts)$")


class Where(NamedTuple):
    """What relative paths and ``~`` are resolved against."""

    cwd: str
    home: str
    root: str  # of the project: the git root, else the working directory


def absolute(text: str, where: Where) -> str:
    """The path normalised and made absolute; may still hold globs and unknown parts."""
    if text[:1] == "~":
        head, _, rest = text.partition("/")
        if head == "~":
            base = where.home or UNKNOWN
        elif head in ("~+", "~-"):
            base = where.cwd
        else:
            base = "/root" if head == "~root" else f"{posixpath.dirname(where.home) or '/home'}/{head[1:]}"
        text = f"{base}/{rest}"
    if text[:1] not in ("/", UNKNOWN):
        text = f"{where.cwd or UNKNOWN}/{text}"
    text = posixpath.normpath(text)
    if text[:1] not in ("/", UNKNOWN):
        return f"{UNKNOWN}/{text}"  # `$X/..`: above something that is not known
    return text[1:] if text.startswith("//") else text


@lru_cache(maxsize=8192)
def tags(text: str, where: Where) -> frozenset[str]:
    """Every kind that ``text`` is, read as a path."""
    if not text:
        return frozenset()
    path = absolute(text, where)
    if path[:1] == UNKNOWN:
        return frozenset(_unknown_head(path, text))
    found: set[str] = set()
    if UNKNOWN in path:
        bare, last = path.split(UNKNOWN, 1)[0], path.rpartition("/")[2]
        if UNKNOWN not in last:
            _by_name(last, found)
            if bare == "/proc/" and last in ("environ", "mem"):
                found.add("secret")
        path, more = _unknown_tail(path, text)
        found |= more
        found |= _if_empty(bare, where)
    parts = path.split("/")[1:] if path != "/" else []
    if len(path) > LONG:
        # matching an endless pattern takes endless time: it stands for every name
        parts = ["*" if len(p) > LONG and GLOB.search(p) else p for p in parts]
    while parts and parts[-1] in ("*", "**", ".*", "{*,.*}", ".[!.]*", "*.*", "?*", "[!.]*", ".??*", ".[^.]*"):
        parts.pop()
        found.add("contents")
    _place(parts, where, found)
    return frozenset(found)


def _unknown_head(path: str, text: str) -> set[str]:
    """The path begins with something unknown: ``$X``, ``$X/*``, ``$X/build``."""
    rest = [p for p in path.split("/")[1:] if p not in ("*", "**", ".*")]
    found = {"unknown"}
    if not rest:
        if "/" in path or text.endswith("/"):
            found.add("unknown-root")
        return found
    known = [p for p in rest if UNKNOWN not in p]
    if any(p in ARTEFACT_DIRS for p in known) or (known and _matches(known[-1], ARTEFACT_FILES)):
        found.add("artefact")
    elif known and known[0] in SYSTEM_TOPS and path[1:2] == "/":
        found.add("unknown-root")
    _by_name(known[-1] if known else "", found)
    return found


def _if_empty(bare: str, where: Where) -> set[str]:
    """``$HOME$X``: what it is when the unknown part is nothing at all."""
    exact: set[str] = set()
    if bare[-1:] != "/":
        _place(bare.split("/")[1:], where, exact)
    if "home" in exact:
        return {"maybe-home"}
    return {"maybe-root"} if exact & {"root", "core"} else set()


def _unknown_tail(path: str, text: str) -> tuple[str, set[str]]:
    """Known folder, unknown entry: judged as an entry of the folder that, in the worst case, is the folder."""
    head = path.split(UNKNOWN, 1)[0]
    folder, name = head.rsplit("/", 1)
    found = {"unknown-part"}
    if name == "":
        found.add("maybe-folder")
        return (f"{folder}/{UNKNOWN}", found)
    return (f"{folder}/{name}{UNKNOWN}", found)


def _matches(name: str, patterns: tuple[re.Pattern[str], ...]) -> bool:
    return any(p.match(name) for p in patterns)


def _place(parts: list[str], where: Where, found: set[str]) -> None:
    if not parts or (parts == [UNKNOWN] and "maybe-folder" in found):
        found.add("root" if not parts else "maybe-root")
        return
    first = parts[0]
    path = "/" + "/".join(parts)
    if GLOB.search(first):
        hits = [e for e in ROOT_ENTRIES if fnmatch.fnmatchcase(e, first)]
        if hits and len(parts) == 1:
            found.update(("root", "system", "glob"))
            return
        if hits:
            found.update(("system", "core", "glob"))
    _guard(path, parts, found)
    if first == "dev":
        _device(parts, found)
        return
    home = where.home.rstrip("/")
    # a home that lies in a temporary folder (a container, a test account) is a home all the same
    at_home = home and (path == home or path.startswith((home + "/", home + UNKNOWN)) or home.startswith(path + "/"))
    if not at_home and _temp(path, parts, found):
        _by_name(parts[-1], found)
        return
    if home and (path == home or home.startswith(path + "/") or _home_like(parts)):
        found.add("home")
        return
    if home and path.startswith(home + "/"):
        _under_home(path[len(home) + 1 :], found)
    elif first in ("home", "Users") and len(parts) > 2:
        found.add("other-home")
        _under_home("/".join(parts[2:]), found)
    elif first == "root" and len(parts) > 1:
        found.update(("other-home", "system"))
        _under_home("/".join(parts[1:]), found)
    elif first in SYSTEM_TOPS:
        _system(path, parts, found)
    _project(path, parts, where, found)
    _artefact(path, parts, where, found)
    _by_name(parts[-1], found)
    if not found & {"system", "in-home", "other-home", "workspace", "workspace-root", "above"}:
        found.add("outside")


def _home_like(parts: list[str]) -> bool:
    if parts[0] == "root":
        return len(parts) == 1
    if parts[0] not in ("home", "Users"):
        return False
    return len(parts) <= 2 or all(p in ("*", UNKNOWN) for p in parts[1:])


def _guard(path: str, parts: list[str], found: set[str]) -> None:
    for part in parts:
        if part.startswith(("vectra-guard", "vectra_guard")):
            found.add("guard")
            return


def _device(parts: list[str], found: set[str]) -> None:
    rest = "/".join(parts[1:])
    if not rest:
        found.update(("system", "core"))
    elif parts[1] == "shm":
        found.update(("temp",) if len(parts) > 2 else ("temp", "temp-root"))
    elif parts[1] in ("tcp", "udp"):
        found.add("net")
    elif DEVICE.match(rest):
        found.add("device")
    elif parts[1] in HARMLESS_DEVICES:
        found.add("harmless-device")
    else:
        found.update(("system", "other-device"))


def _temp(path: str, parts: list[str], found: set[str]) -> bool:
    for prefix in TEMP_PREFIXES:
        if path == prefix:
            found.update(("temp", "temp-root"))
            return True
        if path.startswith(prefix + "/"):
            found.add("temp")
            return True
    if parts[:2] == ["run", "user"] and len(parts) > 3:
        found.add("temp")
        return True
    return False


def _under_home(rest: str, found: set[str]) -> None:
    found.add("in-home")
    top, _, below = rest.partition("/")
    if top == UNKNOWN and "maybe-folder" in found:
        found.add("maybe-home")
    if top.startswith("."):
        found.add("dotfile")
    elif not below:
        found.add("home-top")
    for prefix in CACHE_PREFIXES:
        if rest == prefix or rest.startswith(prefix + "/"):
            found.add("cache")
            found.discard("dotfile")
    for prefix in STARTUP_HOME:
        if rest == prefix or (prefix.endswith("/") and f"{rest}/".startswith(prefix)):
            found.add("startup")
    if GLOB.search(rest) and any(fnmatch.fnmatchcase(s, rest) for s in SECRET_HOME):
        found.add("secret")
    if rest == ".ssh/authorized_keys" or rest == ".ssh/authorized_keys2":
        found.update(("startup", "authorized-keys"))
    if rest.endswith(".pub") or rest in (".ssh/known_hosts", ".ssh/config", ".ssh/authorized_keys"):
        return
    for prefix in SECRET_HOME:
        if rest == prefix or rest.startswith(prefix + "/"):
            found.add("secret")
    if rest.rstrip("/") in SECRET_DIRS:
        found.update(("secret", "secret-folder"))


def _system(path: str, parts: list[str], found: set[str]) -> None:
    found.add("system")
    if len(parts) == 1 and parts[0] not in ("srv", "mnt", "media", "opt"):
        found.update(("core", "system-top"))
    for prefix in SYSTEM_CORE:
        if path == prefix or path.startswith(prefix + "/"):
            found.add("core")
    for prefix in STARTUP_SYSTEM:
        if path == prefix or path.startswith(prefix + "/"):
            found.add("startup")
    if path in AUTH_FILES or path.startswith(("/etc/sudoers", "/etc/pam.d", "/etc/ld.so.preload")):
        found.update(("auth", "core"))
    if path.startswith("/etc/sudoers"):
        found.add("sudoers")
    if path.startswith(("/etc/cron", "/var/spool/cron", "/etc/anacrontab")):
        found.update(("startup", "cron"))
    if any(path == p or path.startswith(p + "/") for p in SECRET_SYSTEM):
        found.add("secret")
    if parts[0] == "proc" and parts[-1] in ("environ", "mem", "kcore"):
        found.add("secret")
    if parts[:2] in (["var", "log"], ["var", "crash"]):
        found.add("log")
    elif parts[:2] == ["var", "cache"]:
        found.add("cache")
    elif parts[:2] == ["usr", "local"] and len(parts) > 2:
        found.add("local")
    if parts[0] in ("opt", "srv", "mnt", "media") or parts[:2] == ["var", "www"]:
        found.add("shared")


def _project(path: str, parts: list[str], where: Where, found: set[str]) -> None:
    for base in (where.cwd, where.root):
        if not base or base == "/" or base == where.home:
            continue
        if path == base:
            found.update(("workspace", "workspace-root"))
        elif path.startswith(base + "/"):
            found.add("workspace")
        elif base.startswith(path + "/"):
            found.add("above")
    if path == where.cwd:
        found.add("here")
    if parts[-1] in SECRET_DIRS:
        found.update(("secret", "secret-folder"))
    if ".git" in parts:
        found.add("git-internal")
        rest = "/".join(parts[parts.index(".git") + 1 :])
        if rest.startswith("hooks") and not rest.endswith(".sample"):
            found.add("git-hooks")
        elif rest in ("config", "config.worktree"):
            found.add("git-config")
    elif parts[-1] == ".gitconfig" or path.endswith("/.config/git/config") or path == "/etc/gitconfig":
        found.add("git-config")


def _artefact(path: str, parts: list[str], where: Where, found: set[str]) -> None:
    if "system" in found or ("contents" in found and "workspace-root" in found):
        return
    base = where.root if where.root and path.startswith(where.root + "/") else where.home
    below = path[len(base) + 1 :].split("/") if base and path.startswith(base + "/") else parts
    if any(p in ARTEFACT_DIRS for p in below) or _matches(parts[-1], ARTEFACT_FILES):
        found.add("artefact")


def _by_name(name: str, found: set[str]) -> None:
    """Tags by the last component, wherever it lies."""
    low = name.lower()
    if _secret_name(low):
        found.add("secret")
        if low.startswith(".env") or low.endswith(".env"):
            found.add("dotenv")
    if low.endswith(DATA_SUFFIXES) and "artefact" not in found:
        found.add("database")
    if "backup" in low or low.endswith((".bak", ".old")):
        found.add("backup")
    if GLOB.search(name):
        found.add("glob")
        if len(GLOB.split(low, maxsplit=1)[0]) >= 3 and any(
            fnmatch.fnmatchcase(s, low) for s in (".env", "id_rsa", "id_ed25519", "credentials", ".netrc")
        ):
            found.update(("secret", "dotenv"))


def _secret_name(low: str) -> bool:
    if low.startswith(".env") or low.endswith(".env"):
        if _SAFE_ENV.search(low) or low == ".envrc":
            return False
        return (low.startswith((".env.", ".env")) and (low == ".env" or low[4:5] in ".-_")) or low.endswith(".env")
    return low in SECRET_NAMES or (
        low.endswith(SECRET_SUFFIXES) and not _SAFE_ENV.search(low) and not PUBLIC.match(low) and low[:1] != "*"
    )


def url_tags(text: str) -> frozenset[str]:
    """Kinds of a URL or remote address: scheme, bare IP, private."""
    scheme, sep, rest = text.partition("://")
    if not sep:
        return frozenset()
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    bare = host.rsplit(":", 1)[0] if not host.startswith("[") else host
    found = {"url", f"url-{scheme.lower()}"}
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}|0x[0-9a-fA-F]{8}|\d{8,10}", bare) or host.startswith("["):
        found.add("url-ip")
    if bare == "localhost" or bare.startswith(("127.", "192.168.", "10.", "0.0.", "[::1")):
        found.add("url-private")
    if re.match(r"172\.(1[6-9]|2\d|3[01])\.", bare):
        found.add("url-private")
    if bare in ("localhost",) or bare.startswith(("127.", "[::1")):
        found.add("url-local")
    if bare.endswith(".onion"):
        found.update(("url-ip",))
    if scheme.lower().rpartition("+")[2] in ("http", "ftp"):
        found.add("url-plain")
    return frozenset(found)
