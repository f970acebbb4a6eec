"""The guard defends itself: lines that change its files, stop its evaluator, or take its functions out of the shell.

What one types alone at a prompt to switch the guard off (``vg-off``) is the user's right and no finding; the same
inside a script, a longer line or a string is. The texts are in guard.yaml, with the rules that are plain data.
"""

from __future__ import annotations

import re

from vectra_guard.model import UNKNOWN
from vectra_guard.rules.view import Context, View

HOOK = re.compile(r"__vg|_vg_|vg_hook|vectra")
KILLERS = frozenset(("kill", "pkill", "killall", "skill", "xkill", "systemctl"))
CHANGERS = frozenset((
    "mv", "chmod", "chown", "truncate", "ln", "sed", "chattr", "install", "cp", "tee", "sqlite3", "perl", "dd",
    "rsync",
))  # fmt: skip
REMOVERS = frozenset((
    "unset", "unfunction", "functions", "unalias", "zle", "bindkey", "bind", "trap", "complete", "disable",
    "enable", "eval", "add-zsh-hook",
))  # fmt: skip
PROMPT_HOOKS = frozenset(("PROMPT_COMMAND", "precmd_functions", "preexec_functions"))
SWITCHES = {
    "vg-off": (),  # alone is enough
    **dict.fromkeys(("vg", "vectra-guard"), (
        ("trust", "add"), ("trust", "import"), ("config", "allow"), ("config", "allow-host"), ("config", "set"),
        ("preset", "use"), ("hook", "--install"), ("hook", "--uninstall"), ("agent", "install"),
        ("agent", "uninstall"), ("review", "keep"), ("review", "pick"), ("exec", "--host"), ("answer",),
    )),
}  # fmt: skip


def judge(context: Context) -> None:
    single = len(context.script.commands) == 1
    typed = context.request.interactive and not context.request.by_program
    for view in context.views:
        name = view.name
        if name in KILLERS:
            _kills(context, view)
        elif name in CHANGERS:
            if name not in ("cp", "rsync") and any("guard" in view.tags(w) for w in view.words):
                context.add("guard.change", view.command)
        elif name in REMOVERS:
            if any(HOOK.search(w.text) for w in view.words):
                context.add("guard.unhook", view.command)
        elif name in SWITCHES and not (typed and single and not view.command.via):
            _switches(context, view)
        words = view.words if name in ("export", "declare", "typeset") else ()
        exported = [(w.text.partition("=")[0], w) for w in words]
        for variable, word in [*view.command.assigns, *exported]:
            if variable in PROMPT_HOOKS or variable.startswith(("__vg", "VG_")):
                context.add("guard.prompt-hook", view.command, word.text)


def _kills(context: Context, view: View) -> None:
    if any(HOOK.search(w.text) for w in view.words):
        context.add("guard.kill", view.command)
        return
    for word in view.words:
        for source in word.sources if UNKNOWN in word.text else ():
            if any(HOOK.search(w.text) for w in context.views[source].words):
                context.add("guard.kill", view.command)


def _switches(context: Context, view: View) -> None:
    wanted = SWITCHES[view.name]
    texts = tuple(w.text for w in view.words)
    if not wanted:
        context.add("guard.switched-off", view.command)
        return
    own = texts[: texts.index("--")] if "--" in texts else texts
    if any(own[: len(w)] == w or (w[-1].startswith("-") and own[:1] == w[:1] and w[-1] in own) for w in wanted):
        context.add("guard.self-approval", view.command, " ".join(texts[:2]))
