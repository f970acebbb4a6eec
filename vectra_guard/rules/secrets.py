"""Who would see a secret: files that hold keys, dotenv files, the environment, variables with a secret's name.

Says only that something is shown or copied; whether it leaves the machine is for ``flows``. Using a key with the tool
it is for (``ssh -i``), listing it, or editing it oneself is no finding. The texts are in secrets.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vectra_guard.model import Word
from vectra_guard.rules.find import find_targets, is_find
from vectra_guard.rules.places import GLOB
from vectra_guard.rules.view import Context, View

SECRET_VARIABLE = re.compile(
    r"(^|_)(SECRET|TOKEN|PASSWORD|PASSWD|PASS|PWD|APIKEY|API_KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?|AUTH|ENCRYPTION_KEY|"
    r"SIGNING_KEY|MASTER_KEY|SECRET_KEY|DATABASE_URL|DSN|PAT|CONNECTION_STRING)(_|$|\d)|^(PGPASSWORD|MYSQL_PWD|GITHUB_TOKEN|GH_TOKEN)$"
)
NOT_SECRET = frozenset(("PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY", "SSH_ASKPASS", "TOKENIZERS_PARALLELISM"))
ASKS_FOR_SECRETS = re.compile(
    r"(?i)secret|token|(?<![/o])pass(?!ed|ing|es\b|ive|enger|age)|pwd|credential|private.?key|aws_|api.?key"
)
GREPS = frozenset(("grep", "rg", "egrep", "awk", "sed", "fgrep", "ag", "ack"))
FILTER_FOR_SECRETS = re.compile(r"(?i)secret|token|passw?o?r?d?|key|cred|auth|aws|api")
KEEPS_SECRETS: dict[str, frozenset[str]] = {
    "history": frozenset(), "fc": frozenset(), "set": frozenset(),
    "docker": frozenset(("inspect", "exec", "compose", "history")),
    "podman": frozenset(("inspect", "exec", "compose")), "kubectl": frozenset(("get", "describe", "exec")),
    "heroku": frozenset(("config",)), "systemctl": frozenset(("show", "show-environment")), "strings": frozenset(),
    "helm": frozenset(("get",)), "terraform": frozenset(("show", "output", "state")),
    "aws": frozenset(("lambda", "ecs", "ssm")),
}  # fmt: skip
"""Commands whose output holds passwords and tokens, and for some which of their subcommands."""
KEY_SHOWERS = frozenset(("rsa", "pkey", "ec", "dsa", "pkcs8", "pkcs12", "enc", "base64", "asn1parse"))


def secret_variable(name: str) -> bool:
    return name not in NOT_SECRET and SECRET_VARIABLE.search(name.upper()) is not None


def judge(context: Context) -> None:
    rules = context.rules
    readers, copiers, printers = rules.role("file_readers"), rules.role("copiers"), rules.role("printers")
    loaded = False
    for view in context.views:
        name = view.name
        if view.command.via in ("find", "xargs") and (name in readers or name in copiers) and _found(context, view):
            context.add("secrets.file" if name in readers else "secrets.copy", view.command, "what find finds")
        elif name in readers or (name in ("perl", "ruby") and view.parsed.has("-n", "-p")):
            loaded = _reads(context, view) or loaded
        elif name in copiers:
            _copies(context, view)
        elif name in printers:
            _prints(context, view)
        elif name in ("env", "printenv", "set", "export", "declare", "typeset"):
            _environment(context, view, loaded)
        elif name in ("source", "."):
            loaded = loaded or any("secret" in view.tags(w) for w in view.words)
        if name in GREPS and view.command.stdin_from is not None:
            _filters(context, view)
        if view.command.redirects:
            _redirected(context, view, readers)


def secret_words(view: View) -> list[Word]:
    """Arguments and option values that name a file with secrets (``--file=x``, ``@x`` and ``if=x`` too)."""
    found = []
    for word in view.words:
        text = word.text
        if "secret" in view.tags(word):
            found.append(word)
        elif text[:1] == "@" or "=" in text:
            rest = text.rpartition("=")[2].lstrip("@<")
            if rest and rest != text and "secret" in view.tags(Word(rest, rest, word.span)):
                found.append(Word(rest, rest, word.span))
    return found


def _named(word: Word) -> Word:
    """``~/*.pem`` as a file of that name: a pattern that fits a secret by accident names none."""
    if not GLOB.search(word.text):
        return word
    name = word.text.rpartition("/")[2]
    name = name.rstrip("*") if name[-1:] == "*" else GLOB.sub("x", name)
    return Word(name, name, word.span)


def _found(context: Context, view: View) -> bool:
    """What find hands over has, by its name tests, the name of a secret."""
    for source in {s for w in view.words for s in w.sources}:
        finder = context.views[source]
        if is_find(finder) and any("secret" in finder.tags(_named(w)) for w in find_targets(finder)[0]):
            return True
    return False


def _loads(context: Context, view: View) -> bool:
    """``export $(grep -v '^#' .env | xargs)``: goes into the environment and is not shown."""
    at: int | None = view.command.index
    while at is not None:
        users = {v.name for v in context.views if v.command.via != "xargs" and any(at in w.sources for w in v.words)}
        if users:
            return users <= {"export", "env", "declare"}
        at = context.views[at].command.stdout_to
    return False


def _reads(context: Context, view: View) -> bool:
    """True where what is read goes into the environment and is not shown."""
    words: Sequence[Word] = view.words
    if view.name == "ssh-keygen" and not view.parsed.has("-y", "-e", "-p"):
        return False  # it makes a key
    if view.name == "openssl":
        options = {w.text for w in words}
        public = bool(options & {"-pubout", "-noout"}) and "-text" not in options
        if not words or words[0].text not in KEY_SHOWERS or public:
            return False  # a key that is used for what it is for is not shown
        before = ("", *(w.text for w in words))  # what it writes is no reading
        words = [w for w, option in zip(words, before, strict=False) if option not in ("-out", "-keyout")]
    if view.name in ("grep", "rg", "ag", "sed", "awk", "jq", "yq", "egrep", "fgrep"):
        words = view.parsed.args if view.parsed.has("--regexp", "--expression", "--file") else view.parsed.args[1:]
        if view.name in ("sed", "awk"):
            words = view.parsed.args
        if view.parsed.has("--count", "--in-place", "--files-with-matches") or (
            view.parsed.has("--quiet") and view.name != "sed"
        ):
            return False
    for word in words:
        tags = view.tags(word)
        if " " in word.text:
            continue  # a sentence that mentions a file: a message, a pattern, a program's text
        if "secret" in tags and not word.text.startswith("-"):
            if "dotenv" in tags and view.command.via == "substitution" and _loads(context, view):
                return True
            context.add("secrets.dotenv" if "dotenv" in tags else "secrets.file", view.command, word.text)
            return False
    if view.name in ("dd", "openssl", "ssh-keygen", "git", "diff", "gpg"):
        for word in secret_words(view) if view.name != "openssl" else ():
            if " " not in word.text:
                context.add("secrets.file", view.command, word.text)
    return False


def _copies(context: Context, view: View) -> None:
    if view.name in ("cp", "mv", "install", "ln", "rsync", "scp", "ditto"):
        args = view.parsed.args
        sources = args[:-1] if len(args) > 1 and not view.parsed.has("--target-directory") else args
        target = view.tags(args[-1]) if args else frozenset()
        if view.name == "mv" and not target & {"temp", "outside", "shared", "remote"}:
            return
        if any("remote" in view.tags(w) for w in sources):
            return
    else:
        sources, target = list(view.words), frozenset(("outside",))
    for word in sources:
        tags = view.tags(word)
        if "secret" not in tags or word.text.startswith("-") or (view.name == "ln"):
            continue
        if "remote" in target:
            return  # flows: it leaves the machine
        safe = target & {"workspace", "in-home"} and not target & {"shared", "temp"}
        context.add("secrets.kept-copy" if safe else "secrets.copy", view.command, word.text)
        return


def _prints(context: Context, view: View) -> None:
    out = view.command.stdout_to
    if out is not None:
        reader = context.views[out].name
        if reader not in context.rules.roles("file_readers", "filters", "printers", "interpreters", "copiers"):
            return  # `echo "$TOKEN" | docker login --password-stdin`: handed over, not shown
    for word in view.words:
        for name in word.variables:
            if secret_variable(name):
                context.add("secrets.variable", view.command, name)
                return


def _environment(context: Context, view: View, loaded: bool) -> None:
    args, name = view.words, view.name
    if name == "printenv" and args:
        for word in args:
            if secret_variable(word.text):
                context.add("secrets.variable", view.command, word.text)
        return
    if name in ("declare", "typeset", "export") and args and args[0].text == "-p":
        named = next((w.text for w in args[1:] if secret_variable(w.text)), "")
        if named:
            context.add("secrets.variable", view.command, named)
            return
    flags_only = all(w.text in ("-p", "-x", "-px", "-xp", "-0", "--null") for w in args)
    if name in ("declare", "typeset", "export") and not args:
        flags_only = name != "export" or True
    if not flags_only or (name == "set" and args):
        return
    if view.command.via == "substitution":
        return  # taken, not shown
    out = view.command.stdout_to
    while (
        out is not None
        and context.views[out].name in ("sort", "uniq", "tac", "tr", "cat")
        and (context.views[out].command.stdout_to is not None)
    ):
        out = context.views[out].command.stdout_to
    if out is not None:
        reader = context.views[out]
        if reader.name in GREPS:
            asks = " ".join(w.text for w in reader.words)
            if FILTER_FOR_SECRETS.search(asks):
                context.add("secrets.environment-filtered", view.command, asks)
            return
        names_only = reader.name == "cut" and any(w.text in ("-f1", "-f=1") for w in reader.words)
        if names_only or reader.name in context.rules.role("summarisers"):
            return
    context.add("secrets.environment-loaded" if loaded else "secrets.environment", view.command)


def _filters(context: Context, view: View) -> None:
    """``history | grep password``: looking for secrets in what another command shows of the past or of settings."""
    asks = " ".join(w.text for w in view.words)
    if not ASKS_FOR_SECRETS.search(asks) or view.parsed.has("--count", "--quiet", "--invert-match"):
        return
    source: View | None = view
    while source is not None and (source is view or source.name in context.rules.role("filters")):
        at = source.command.stdin_from
        source = context.views[at] if at is not None else None
    if source is None:
        return
    verbs = {w.text for w in source.words[:3]}
    shows = KEEPS_SECRETS.get(source.name)
    if shows is not None and (not shows or verbs & shows):
        context.add("secrets.output-filtered", view.command, source.name)


def _redirected(context: Context, view: View, readers: frozenset[str]) -> None:
    for redirect in view.command.redirects:
        if (
            redirect.op == "<"
            and "secret" in view.tags(redirect.target)
            and (view.name in readers or view.name in ("", "read", "mapfile", "while"))
        ):
            context.add("secrets.file", view.command, redirect.target.text)
