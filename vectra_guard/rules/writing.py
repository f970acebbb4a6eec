"""What a write would reach: devices, start-up files, keys, the system, git's hooks, a source file emptied.

Covers redirections and the commands that write a named file. What is written counts where it is known: an ``export``
appended to ``.bashrc`` is a setting, ``curl | sh`` is a backdoor. The texts are in writing.yaml.
"""

from __future__ import annotations

from vectra_guard.model import UNKNOWN, Word
from vectra_guard.rules.content import attack_text, harmless_settings, input_text, output_text
from vectra_guard.rules.matching import WRITES
from vectra_guard.rules.view import Context, View

SOURCES = (
    ".py", ".js", ".ts", ".tsx", ".jsx", ".go", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt", ".rb",
    ".php", ".swift",
    ".scala", ".sh", ".pl", ".lua", ".ex", ".exs", ".hs", ".ml", ".cs", ".vue", ".svelte", ".sql", ".tf", ".md",
    ".toml", ".yaml",
    ".yml", ".html", ".css", ".scss", ".ipynb", ".tex", ".r", ".jl", ".dart", ".zig", ".nix", ".cfg", ".ini", ".xml",
    ".csv", ".json", ".proto", ".graphql", ".gradle", ".rst", ".ps1", ".svg", "makefile", "dockerfile", "readme",
    "gemfile", "procfile", "jenkinsfile", "license",
)  # fmt: skip
KERNEL = (
    "/proc/sys/kernel/", "/proc/sys/fs/", "/proc/sys/net/", "/sys/kernel/", "/sys/module/", "/sys/fs/",
    "/sys/firmware/", "/sys/block/",
)  # fmt: skip
GROWING = (
    "/etc/apt/", "/etc/fstab", "/etc/ld.so.conf", "/etc/default/", "/etc/network/",
    "/etc/netplan/", "/etc/environment", "/usr/bin/", "/bin/", "/usr/sbin/", "/usr/lib/", "/usr/share/",
)  # fmt: skip
LISTS = ("/etc/apt/sources.list.d/", "/etc/apt/preferences.d/", "/etc/apt/keyrings/", "/usr/share/keyrings/")
INNOCENT = frozenset(("temp", "artefact", "cache", "harmless-device", "log"))


def judge(context: Context) -> None:
    writers = context.rules.role("writers")
    for view in context.views:
        command = view.command
        for redirect in command.redirects:
            if redirect.op in WRITES and not (redirect.op == ">&" and redirect.target.text.isdigit()):
                empties = redirect.op in (">", ">|", "&>") and _writes_nothing(context, view)
                text = output_text(context, view)
                grown = redirect.op in (">>", "&>>")
                _report(context, view, redirect.target, text, empties=empties, redirect=True, grown=grown)
        if view.name in writers:
            _by_command(context, view)
        elif view.name == "visudo" and command.stdin_from is not None:
            context.add("write.sudoers", command, "/etc/sudoers")
        elif view.name == "crontab" and attack_text(input_text(context, view)):
            context.add("write.backdoor", command, "the table of scheduled jobs")


def _by_command(context: Context, view: View) -> None:
    parsed, name = view.parsed, view.name
    text: str | None = None
    empties = False
    targets: list[Word]
    if parsed.has("--help", "--version", "--dry-run"):
        return
    if name in ("cp", "mv", "install", "ln", "rsync", "scp", "ditto"):
        targets = parsed.values("--target-directory") or _targets(parsed.args)
        empties = any("harmless-device" in view.tags(w) for w in parsed.args[:-1])
    elif name == "tee":
        targets, text = parsed.args, input_text(context, view)
        empties = not parsed.has("--append") and text == ""
    elif name == "dd":
        targets = parsed.values("of")
        empties = any(w.text in ("/dev/zero", "/dev/null", "/dev/urandom", "/dev/random") for w in parsed.values("if"))
    elif name in ("curl", "wget", "aria2c"):
        targets = parsed.values("--output", "--output-document", "--dir", "--out")
    elif name in ("sed", "perl"):
        targets = (
            parsed.args[1:]
            if parsed.has("--in-place", "-i") and not parsed.has("--expression", "-e")
            else (parsed.args if parsed.has("--in-place", "-i") else [])
        )
    elif name == "truncate":
        targets, empties = parsed.args, any(w.text.startswith(("0", "-")) for w in parsed.values("--size"))
    else:
        targets = parsed.args
    for word in targets:
        grown = (name == "tee" and parsed.has("--append")) or (name == "ln" and not parsed.has("--force"))
        _report(context, view, word, text, empties=empties, redirect=False, grown=grown)


def _targets(args: list[Word]) -> list[Word]:
    """The last word; and the one before where the last, not known, may be no word at all."""
    if len(args) < 2:
        return []
    return args[-2:] if args[-1].text == UNKNOWN and len(args) > 2 else args[-1:]


def _writes_nothing(context: Context, view: View) -> bool:
    if view.name in ("", ":", "true", "cat", "echo", "printf", "exec"):
        text = output_text(context, view)
        return text is not None and text.strip() == "" and view.command.stdin_from is None
    return False


def _report(
    context: Context, view: View, word: Word, text: str | None, *, empties: bool, redirect: bool, grown: bool
) -> None:
    rule = grade(view.tags(word), word, text, empties=empties, redirect=redirect)
    known = word.text.startswith(GROWING) or (word.text == "/etc/hosts" and (text or "").startswith(("127.", "::1")))
    if rule == "write.system-core" and (word.text.startswith(LISTS) or (grown and known)):
        rule = "write.system"  # an entry more, which can be taken out again
    if rule == "write.emptied" and not _exists(context, view, word):
        return
    if rule:
        context.add(rule, view.command, word.text)


def _exists(context: Context, view: View, word: Word) -> bool:
    look = context.facts.path_info
    if look is None or UNKNOWN in word.text:
        return True
    path = word.text if word.text.startswith("/") else f"{view.where.cwd}/{word.text}"
    info = look(path)
    return info is None or info.exists


def grade(tags: frozenset[str], word: Word, text: str | None, *, empties: bool, redirect: bool) -> str | None:
    if "device" in tags:
        return "write.device"
    if "guard" in tags:
        return "guard.write"
    if empties and "auth" in tags:
        return "write.system-emptied"
    special = _grade_startup(tags, word, text)
    if special:
        return special
    if word.text.startswith("/proc/sysrq-trigger"):
        return "write.sysrq"
    if "core" in tags or ("root" in tags and redirect):
        if word.text.startswith(("/proc/", "/sys/")):
            return "write.kernel" if word.text.startswith(KERNEL) else "write.system"
        return "write.system-emptied" if empties else "write.system-core"
    if tags & {"git-hooks", "git-config"} and (text is None or attack_text(text) or "git-hooks" in tags):
        return "write.git"
    if "git-internal" in tags and empties:
        return "write.emptied"
    if "system" in tags and not tags & {"log", "cache", "temp"}:
        return "write.system"
    if empties and {"log", "system"} <= tags:
        return "write.emptied"
    if tags & INNOCENT:
        return None
    if empties and (word.text.lower().endswith(SOURCES) or tags & {"database", "secret"}) and UNKNOWN not in word.text:
        return "write.emptied"
    if tags & {"other-home"}:
        return "write.other-home"
    return None


def _grade_startup(tags: frozenset[str], word: Word, text: str | None) -> str | None:
    if "authorized-keys" in tags:
        return "write.authorized-keys"
    if "sudoers" in tags:
        return "write.sudoers"
    if "ld.so.preload" in word.text:
        return "write.preload"
    if "auth" in tags:
        return "write.accounts"
    if not tags & {"startup", "cron"}:
        return None
    if attack_text(text):
        return "write.backdoor"
    if "startup" in tags and "system" not in tags and text is not None and harmless_settings(text):
        return "write.settings"
    if "cron" in tags:
        return "write.cron"
    return "write.startup"
