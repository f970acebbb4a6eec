"""The environment inside: an allowlist, with what looks secret stripped even if the allowlist would pass it.

Only a name in ``sandbox.env_whitelist`` or ``env_protection.allow_read_vars``, written exactly, passes a
secret-looking variable. Those of ``env_protection.protected_vars`` go in masked, or not at all with masking mode
full. What is not known to be needed stays out.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

from vectra_guard.config.schema import Config
from vectra_guard.sandbox.settings import CREDENTIAL

MINIMAL = frozenset("PATH HOME USER LOGNAME SHELL TERM LANG TZ PWD NO_COLOR COLUMNS LINES".split())
NAMES = MINIMAL | frozenset(
    (
        "COLORTERM LANGUAGE TERMINFO TERMINFO_DIRS EDITOR VISUAL PAGER LESS LS_COLORS CLICOLOR CLICOLOR_FORCE "
        "FORCE_COLOR CI CONTINUOUS_INTEGRATION DEBIAN_FRONTEND VIRTUAL_ENV VIRTUAL_ENV_PROMPT CONDA_PREFIX "
        "CONDA_DEFAULT_ENV CONDA_SHLVL NODE_ENV NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS PYENV_ROOT PYENV_VERSION "
        "NVM_DIR NVM_BIN VOLTA_HOME FNM_DIR FNM_MULTISHELL_PATH ASDF_DIR ASDF_DATA_DIR RBENV_ROOT RBENV_VERSION "
        "GEM_HOME GEM_PATH GOPATH GOROOT GOBIN GOFLAGS GOPROXY GOSUMDB GOPRIVATE GONOSUMDB GONOPROXY GOTOOLCHAIN "
        "CGO_ENABLED RUSTUP_HOME CARGO_HOME RUSTUP_TOOLCHAIN RUSTFLAGS RUST_BACKTRACE RUST_LOG JAVA_HOME JDK_HOME "
        "MAVEN_HOME M2_HOME MAVEN_OPTS GRADLE_HOME GRADLE_OPTS SDKMAN_DIR DOTNET_ROOT ANDROID_HOME ANDROID_SDK_ROOT "
        "CC CXX CPP AR LD CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS CMAKE_PREFIX_PATH CMAKE_GENERATOR "
        "PKG_CONFIG_PATH MANPATH INFOPATH SOURCE_DATE_EPOCH PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONUTF8 "
        "PYTHONIOENCODING PYTHONHASHSEED PYTHONWARNINGS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR "
        "GIT_SSL_CAINFO GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_EDITOR "
        "GIT_PAGER GIT_CONFIG_GLOBAL XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_DATA_DIRS XDG_CONFIG_DIRS "
        "XDG_STATE_HOME"
    ).split()
)
PREFIXES = ("LC_", "PIP_", "UV_", "npm_config_", "NPM_CONFIG_", "YARN_", "PNPM_", "POETRY_", "CARGO_", "BUNDLE_")
SUFFIXES = ("_CA_BUNDLE", "_CA_CERTS", "_CERT_FILE", "_CERT_DIR")

_SECRET_NAME = re.compile(rf"{CREDENTIAL}|(?:^|_)(?:key|pwd|pat|dsn|jwt|sas)(?:_|$)", re.IGNORECASE)
_NOT_SECRET = frozenset(("PWD", "OLDPWD", "LS_COLORS", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"))
_USERINFO = re.compile(r"://[^/\s@]+:[^/\s@]*@")
_TOKEN_VALUE = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_|glpat-|xox[abprs]-|sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}"
    r"|pypi-[A-Za-z0-9_-]{30,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.|-----BEGIN [A-Z ]*PRIVATE KEY"
)


def looks_secret(name: str, value: str) -> bool:
    if name in _NOT_SECRET:
        return False
    return bool(_SECRET_NAME.search(name) or _USERINFO.search(value) or _TOKEN_VALUE.search(value))


def inside(env: Mapping[str, str], config: Config, kind: str) -> dict[str, str]:
    """What of ``env`` goes in. ``kind``: ``allowlist`` or ``minimal``. Pure."""
    listed = config.sandbox.env_whitelist
    protection = config.env_protection
    out: dict[str, str] = {}
    for name, value in env.items():
        if name in protection.allow_read_vars:
            out[name] = value
        elif protection.enabled and _matches(name, protection.protected_vars):
            if protection.masking_mode != "full":
                out[name] = mask(value, protection.masking_mode)
        elif name in listed or ((_wanted(name, kind) or _matches(name, listed)) and not looks_secret(name, value)):
            out[name] = value
    out.update(config.sandbox.env)
    return out


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _wanted(name: str, kind: str) -> bool:
    if kind == "minimal":
        return name in MINIMAL or name.startswith("LC_")
    return name in NAMES or name.startswith(PREFIXES) or name.endswith(SUFFIXES)


def mask(value: str, mode: str) -> str:
    """A protected value as it may be shown: ``partial`` keeps the ends, ``hash`` tells equal from different,
    ``fake`` keeps the shape, anything else hides all."""
    if mode == "partial" and len(value) >= 12:
        return f"{value[:2]}{'*' * (len(value) - 4)}{value[-2:]}"
    if mode == "hash":
        import hashlib  # 1 ms, for this mode alone

        return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if mode == "fake":
        return "".join("0" if c.isdigit() else "x" if c.islower() else "X" if c.isupper() else c for c in value)
    return "********"
