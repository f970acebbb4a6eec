"""Takes secrets out of text before it is stored, logged or shown. Pure.

Knows secrets by their name (``TOKEN=…``, ``--password …``, ``"apiKey": …``), by their place (passwords in URLs,
``Authorization`` headers, ``sshpass -p …``) and by their shape (keys of the big services, JWT, PEM). A reference
such as ``$TOKEN`` is no secret and stays. It errs on the side of taking out too much. It does not know a secret
without a name, place or shape.

Every pattern starts at the edge of a word and gives nothing back (possessive), so the time is linear in the text.
``redact(redact(x)) == redact(x)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MASK = "[redacted]"
ROUNDS = 8
"""A secret taken out of a quoted text may leave one that only now stands at an edge. Two rounds are the rule."""

_QUOTED = r"""(?:"(?:[^"\\]|\\.)*+"|'[^']*+'|\\["'][^"'\\]*+(?:\\["'])?+|["'][^\s"']++)"""
_VALUE = re.compile(rf"""(?:{_QUOTED}|(?:[^\s"'|;&<>()\\]|\\[^\n"'])++)++""")
_WORD = re.compile(r"[\w+/=.~-]{16,}+(?!\S)")
_REFERENCE = re.compile(r"""["']?(?:\$\w++|\$\{\w++\})["']?(?=[\s;&|<>()"'\],}]|\Z)|["']?(?:\$\(|`)""")

_SECRET_NAME = re.compile(
    r"passwo?r?d|passphrase|secret|token(?!s|iz)|apikey|accesskey|privatekey|signingkey|encryptionkey|authkey"
    r"|accountkey|sharedkey|credentials?|sessionid|sessid|connectionstring"
)
_SECRET_PARTS = frozenset(("pwd", "pass", "passwd", "pw", "auth", "bearer", "cookie"))
_NO_SECRET_END = re.compile(
    r"(?:file|stdin|path|dir|url|uri|endpoint|env|name|names|length|ttl|count|type|id|policy|prompt|manager"
    r"|store|version|expiry|max|min|limit|hash|required|enabled|provider|helper)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
)
_URL = re.compile(r"""(://[^\s/:@'"]*+:)([^\s/'"]+)(?=@)""")
_URL_USER = re.compile(r"""(?<=://)([\w.~%+-]{20,}+)(?=@)""")
_AUTHORIZATION = re.compile(
    r"""(?<![\w-])((?:proxy-)?authorization["']?[ ]{0,3}[:=][\s"'\\]{0,4})"""
    r"""(?:((?:basic|bearer|token|digest|negotiate|apikey)(?:\\?[ ]|%20)+)([^\s"']++)|([^"'\n]++))""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"""(?<![\w-])(bearer\s{1,3})([\w.~+/=-]{16,}+)""", re.IGNORECASE)
_COOKIE = re.compile(r"""(?<![\w-])((?:set-)?cookie:[ ]{0,3})([^"'\n]++)""", re.IGNORECASE)
_SHAPES = re.compile(
    r"(?<![\w-])(?:"
    r"(?:AKIA|ASIA|AGPA|AROA|AIDA)[A-Z0-9]{16,}+"
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+|gl(?:pat|dt|rt|cbt|ptt)-[\w-]{16,}+"
    r"|xox[a-z]-[\w-]{10,}+|xapp-[\w-]{10,}+"
    r"|(?:sk|rk|pk)[-_][\w-]{16,}+|AIza[\w-]{30,}+|ya29\.[\w-]{10,}+|GOCSPX-[\w-]{16,}+"
    r"|eyJ[\w-]{6,}+\.[\w-]++(?:\.[\w-]*+)?+"
    r"|npm_[A-Za-z0-9]{30,}+|pypi-[\w-]{30,}+|dckr_(?:pat|oat)_[\w-]{16,}+|do[opr]_v1_[a-f0-9]{32,}+"
    r"|hf_[A-Za-z0-9]{20,}+|SG\.[\w-]{16,}+\.[\w-]{16,}+|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32,}+"
    r"|hv[sbr]\.[\w-]{20,}+|AGE-SECRET-KEY-1[A-Z0-9]{20,}+|\d{8,10}:AA[\w-]{32,}+"
    r")[\w-]*+"
)
_WEB = re.compile(r"(?<![\w-])(?:curl|wget|https?|xh|l?ftp)(?![\w-])")
_USER = re.compile(
    r"""(?<!\S)((?:-u ?|--(?:proxy-)?user[ =])(?:(["'])[^\s:"']*+:|[^\s:"']*+:))(?!\$\w|\$\{)"""
    r"""((?(2)[^"'\n]++|[^\s"']++))"""
)
"""``user:password`` of the tools in ``_WEB``; for others ``-u 1000:1000`` is a user and a group."""
_SLACK_HOOK = re.compile(r"(?<=hooks\.slack\.com/services/)[\w/-]++")

_NAMED = re.compile(r"""(?<![\w.-])([\w.-]++)(?:\\?["'])?[ \t]{0,3}[=:][ \t]{0,3}""")
_FLAG = re.compile(r"(?<!\S)(--?[A-Za-z][\w-]*+)\s++(?!-)")
_BEFORE_WORD = re.compile(r"(?<![^\s:/])([\w.-]++)[ \t]{1,3}")
_LITERAL = re.compile(r"(?<!\S)--from-literal[= ][^\s=]++=")

_TOOLS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"(?<![\w-])(?:mysql|mariadb)[\w-]*+"), re.compile(r"(?<!\S)-p(?=\S)")),
    (re.compile(r"(?<![\w-])sshpass(?![\w-])"), re.compile(r"(?<!\S)-p ?")),
    (re.compile(r"(?<![\w-])mongo[a-z]*+(?![\w-])"), re.compile(r"(?<!\S)-p ?")),
    (re.compile(r"(?<![\w-])login(?![\w-])"), re.compile(r"(?<!\S)-p ?")),
    (re.compile(r"(?<![\w-])redis-cli(?![\w-])"), re.compile(r"(?<!\S)-a ?")),
    (re.compile(r"(?<![\w-])ldap[a-z]++(?![\w-])"), re.compile(r"(?<!\S)-w ?")),
    (re.compile(r"(?<![\w-])(?:zip|unzip)(?![\w-])"), re.compile(r"(?<!\S)-P ?")),
    (re.compile(r"(?<![\w-])7z[az]?+(?![\w-])"), re.compile(r"(?<!\S)-p(?=\S)")),
)
"""A tool, and the flag of it whose value is a secret wherever it stands after the tool's name."""


def redact(text: str) -> str:
    """``text`` with every secret in it replaced by ``[redacted]``."""
    for _ in range(ROUNDS):
        shorter = _once(text)
        if shorter == text:
            break
        text = shorter
    return text


def _once(text: str) -> str:
    text = _PEM.sub(MASK, text)
    text = _URL.sub(rf"\1{MASK}", text)
    text = _URL_USER.sub(MASK, text)
    text = _AUTHORIZATION.sub(lambda m: f"{m[1]}{m[2] or ''}{MASK}", text)
    text = _COOKIE.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _SHAPES.sub(MASK, text)
    text = _SLACK_HOOK.sub(MASK, text)
    if _WEB.search(text):
        text = _USER.sub(rf"\1{MASK}", text)
    text = _values(text, _LITERAL)
    text = _values(text, _NAMED, lambda m: is_secret_name(m[1]))
    text = _values(text, _FLAG, lambda m: is_secret_name(m[1]))
    text = _values(text, _BEFORE_WORD, lambda m: is_secret_name(m[1]), _WORD, looks_random)
    for tool, flag in _TOOLS:
        found = tool.search(text)
        if found:
            text = text[: found.end()] + _values(text[found.end() :], flag)
    return text


def is_secret_name(name: str) -> bool:
    """Whether a variable, option or key of this name holds a secret."""
    parts = re.split(r"[_.-]+", _CAMEL.sub("_", name).lower())
    joined = "".join(parts)
    if _NO_SECRET_END.search(parts[-1]) and not joined.endswith(("accesskeyid", "sessionid")):
        return False
    return bool(_SECRET_NAME.search(joined)) or not _SECRET_PARTS.isdisjoint(parts)


def looks_random(value: str) -> bool:
    """Whether a word looks like a key: long, letters and digits mixed, few repetitions."""
    letters = any(c.isalpha() for c in value)
    digits = sum(c.isdigit() for c in value)
    return len(value) >= 16 and letters and digits >= 2 and len(set(value)) >= 10


def _values(
    text: str,
    lead: re.Pattern[str],
    secret: Callable[[re.Match[str]], bool] = lambda _: True,
    value: re.Pattern[str] = _VALUE,
    fits: Callable[[str], bool] = lambda _: True,
) -> str:
    """Replace each value that stands behind a ``lead`` which is ``secret``. What is no secret is not passed over:
    it may hold the next lead."""
    kept: list[str] = []
    done = position = 0
    while found := lead.search(text, position):
        position = max(found.end(), position + 1)
        if not secret(found) or _REFERENCE.match(text, found.end()):
            continue
        match = value.match(text, found.end())
        if match and fits(match[0]):
            kept += text[done : found.end()], MASK
            done = position = match.end()
    return "".join((*kept, text[done:])) if kept else text
