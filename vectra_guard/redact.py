"""Takes secrets out of text before it is stored, logged or shown. Pure, linear in the length of the text.

Knows shapes (keys of well-known services, JWT, PEM), places (values after secret-looking names, flags and headers, the
password of a URL) and nothing else: a secret that looks like any other word and stands nowhere special stays. When in
doubt it takes out. Redacting twice changes nothing more.
"""

from __future__ import annotations

import re

MASK = "[redacted]"

_NAME = r"[A-Za-z0-9_.-]{0,40}(?:password|passwd|passphrase|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|credential|auth)[A-Za-z0-9_-]{0,20}"
_VALUE = r"(\"[^\"]{0,4096}\"|'[^']{0,4096}'|[^\s\"'&;|<>]{1,4096})"

_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,255}"
    r"|\bgithub_pat_[A-Za-z0-9_]{20,255}"
    r"|\bglpat-[A-Za-z0-9_-]{16,64}"
    r"|\bxox[abposr]-[A-Za-z0-9-]{10,255}"
    r"|\bsk-[A-Za-z0-9_-]{20,255}"
    r"|\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,255}"
    r"|\bnpm_[A-Za-z0-9]{30,64}"
    r"|\bpypi-[A-Za-z0-9_-]{30,255}"
    r"|\bAIza[A-Za-z0-9_-]{30,45}"
    r"|\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{0,4096})?"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.{0,16384}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.S)
_URL = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{0,256}):([^\s/@'\"]{1,1024})@", re.I)
_HEADER = re.compile(r"(\b(?:authorization|x-api-key|cookie|private-token)\s{0,4}:\s{0,4}(?:(?:bearer|basic|token)\s{1,4})?)([^\s'\"]{1,4096})", re.I)
_ASSIGNED = re.compile(rf"((?<![A-Za-z0-9_.-]){_NAME}\s?[=:]\s?){_VALUE}", re.I)
_FLAG = re.compile(rf"((?<!\S)--?{_NAME}[ =]){_VALUE}", re.I)
_USER = re.compile(r"((?<!\S)(?:-u|--user)[ =]['\"]?[^\s:'\"]{1,256}:)([^\s'\"]{1,1024})")


def redact(text: str) -> str:
    """``text`` with every secret that was found replaced by ``[redacted]``."""
    if len(text) < 6:
        return text
    text = _PEM.sub(MASK, text)
    text = _URL.sub(rf"\1:{MASK}@", text)
    text = _HEADER.sub(_keep, text)
    text = _FLAG.sub(_keep, text)
    text = _ASSIGNED.sub(_keep, text)
    text = _USER.sub(_keep, text)
    return _SHAPES.sub(MASK, text)


def _keep(found: re.Match[str]) -> str:
    """The name stays, the value goes, unless it only refers to one (``$TOKEN``), or is masked already."""
    value = found[2].strip("\"'")
    if not value or value.startswith(("$", MASK, "[")):
        return found[0]
    return found[1] + MASK
