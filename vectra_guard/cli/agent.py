"""``vg agent install|uninstall|status [NAME]``: put the guard in front of a coding agent's shell tool.

Without a name: every agent whose settings folder is there. Settings are merged, backed up and given back to the byte
(``vectra_guard/agents/settings.py``); a file that cannot be changed is named and left as it was (status 125).
"""

from __future__ import annotations

import json
import os

from vectra_guard import agents, shells
from vectra_guard.agents import settings
from vectra_guard.errors import UsageError


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg agent",
        description="Put the guard in front of a coding agent's shell tool.",
        epilog="example: vg agent install claude",
    )
    parser.add_argument("what", choices=("install", "uninstall", "status"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(sorted(agents.AGENTS))}")
    parser.add_argument("--project", action="store_true", help="this project's settings instead of the user's")
    parser.add_argument("--json", action="store_true", help="with status: JSON")
    options = parser.parse_intermixed_args(args)  # NAMEs before and after --project
    for name in options.names:
        if name not in agents.AGENTS:
            raise UsageError(f"{name}: not an agent that is known here; one of {', '.join(sorted(agents.AGENTS))}")
    folder = os.getcwd() if options.project else os.path.expanduser("~")
    if options.what == "status":
        return _status(options.names or sorted(agents.AGENTS), folder, options.project, options.json)
    names = options.names or _present(folder, options.project)
    if not names:
        raise UsageError(f"no agent's settings in {folder}; name one of {', '.join(sorted(agents.AGENTS))}")
    for name in names:
        _change(name, folder, options.project, options.what)
    return 0


def _present(folder: str, project: bool) -> list[str]:
    """Agents that have been used here: the first folder of their settings' path exists."""
    found = []
    for name in sorted(agents.AGENTS):
        path = settings.place(agents.agent(name), "", project=project)
        top = path.split("/")[0] if not path.startswith(".config/") else "/".join(path.split("/")[:2])
        if top != ".github" and os.path.isdir(os.path.join(folder, top)):
            found.append(name)
    return found


def _change(name: str, folder: str, project: bool, what: str) -> None:
    adapter = agents.agent(name)
    path = settings.place(adapter, folder, project=project)
    if what == "install":
        done = settings.install(adapter, path, shells.interpreter())
        said = "commands of this agent are judged from its next start on" if done else "installed already"
        print(f"{agents.AGENTS[name]}: {said} ({path}). {adapter.limits}")
    else:
        done = settings.uninstall(adapter, path)
        print(f"{agents.AGENTS[name]}: {'as it was' if done else 'was not installed'} ({path})")


def _status(names: list[str], folder: str, project: bool, as_json: bool) -> int:
    rows = []
    for name in names:
        adapter = agents.agent(name)
        path = settings.place(adapter, folder, project=project)
        rows.append(
            {
                "id": name,
                "name": agents.AGENTS[name],
                "status": settings.status(adapter, path, shells.interpreter()),
                "file": path,
                "asks": adapter.asks,
                "rewrites": adapter.rewrites,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        print(f"{row['id']:<9} {row['status']:<10} {row['file']}")
    return 0
