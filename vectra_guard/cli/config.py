"""``vg config``: what is in force and why, checking, changing, accepting a project's file.

Exit status 0; 78 where a file or value is wrong; 64 usage.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from vectra_guard import paths
from vectra_guard.config import layers, reading
from vectra_guard.errors import UsageError
from vectra_guard.facts import working_directory
from vectra_guard.report.notice import say

if TYPE_CHECKING:
    import argparse


def run(args: list[str]) -> int:
    options = _parser().parse_args(args or ["show"])
    if not options.action:
        options = _parser().parse_args(["show", *args])
    actions = {"show": _show, "check": _check, "schema": _schema, "allow": _allow, "set": _set}
    actions["allow-host"] = _allow_host
    return actions[options.action](options)


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg config",
        description="What is in force and why.",
        epilog="example: vg config set sandbox.security_level strict",
    )
    actions = parser.add_subparsers(dest="action", metavar="show|check|schema|allow|set|allow-host")
    show = actions.add_parser("show")
    show.add_argument("--sources", action="store_true", help="where each value was set")
    show.add_argument("--json", action="store_true", help="for programs")
    actions.add_parser("check").add_argument("file", nargs="?", help="a file; without: everything in force here")
    actions.add_parser("schema")
    actions.add_parser("allow", help="accept this project's file as it is now")
    setting = actions.add_parser("set", epilog="example: vg config set prompt.notices none --project")
    setting.add_argument("key")
    setting.add_argument("value", help="a list: separated by commas")
    setting.add_argument("--project", action="store_true", help="in this project's file, not the user's")
    host = actions.add_parser("allow-host", help="let sandboxes reach a host")
    host.add_argument("host")
    host.add_argument("--here", action="store_true", help="only in this project")
    return parser


def in_force(config: Any) -> dict[str, Any]:
    """Every key with its value, dotted."""
    found = {}
    for name in reading.KEYS:
        value = config
        for part in name.split("."):
            value = getattr(value, part)
        found[name] = [rule.data for rule in value] if name == "policies.rules" else value
    return found


def _show(options: argparse.Namespace) -> int:
    loaded = layers.load(working_directory())
    values = in_force(loaded.config)
    if options.json:
        print(json.dumps({k: {"value": v, "source": loaded.sources.get(k, "defaults")} for k, v in values.items()}))
        return 0
    from vectra_guard.config.describe import as_yaml

    for name, value in values.items():
        source = f"    # {loaded.sources.get(name, 'defaults')}" if options.sources else ""
        print(f"{name}: {as_yaml(value) if name != 'policies.rules' else len(value)}{source}")
    for problem in loaded.problems:
        say(f"vg: {problem}")
    return 0


def _check(options: argparse.Namespace) -> int:
    if options.file:
        found = reading.read(options.file)
        _check_rules(found)
        print(f"{options.file}: right ({len(found)} keys)")
        return 0
    layers.check(working_directory())
    loaded = layers.load(working_directory())
    _check_rules({"policies.rules": reading.Value(loaded.config.policies.rules, "")})
    for path in loaded.files:
        if os.path.isfile(path) and not path.endswith(layers.ALLOWED):
            print(f"{path}: right")
    for problem in loaded.problems:
        print(problem)
    return 0


def _check_rules(found: dict[str, reading.Value]) -> None:
    entry = found.get("policies.rules")
    if entry and entry.value:
        from vectra_guard import rules

        rules.check_examples(rules.load().with_custom(entry.value), entry.value)


def _schema(options: argparse.Namespace) -> int:
    from vectra_guard.config.describe import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


def _allow(options: argparse.Namespace) -> int:
    path = layers.project_file(working_directory())
    if path is None:
        raise UsageError(f"there is no {paths.PROJECT_CONFIG} here or above, up to the repository root")
    layers.allow(path)
    print(f"{path}: accepted as it is now; a change needs `vg config allow` again")
    return 0


def _set(options: argparse.Namespace) -> int:
    if options.key not in reading.KEYS or options.key == "policies.rules":
        raise UsageError(f"there is no key `{options.key}` to set{reading.nearest(options.key)}")
    _write(options.key, reading.from_text(options.key, options.value, "command line"), options.project)
    return 0


def _allow_host(options: argparse.Namespace) -> int:
    loaded = layers.load(working_directory())
    hosts = tuple(dict.fromkeys((*loaded.config.sandbox.allowed_hosts, options.host)))
    _write("sandbox.allowed_hosts", hosts, options.here)
    if options.here:
        layers.allow(os.path.join(_project_folder(), paths.PROJECT_CONFIG))
    return 0


def _write(name: str, value: Any, project: bool) -> None:
    from vectra_guard.config import write

    path = os.path.join(_project_folder(), paths.PROJECT_CONFIG) if project else layers.user_file()
    write.set_key(path, name, value)
    print(f"{path}: {name} is set")


def _project_folder() -> str:
    from vectra_guard.facts import git_root

    cwd = working_directory()
    existing = layers.project_file(cwd)
    return os.path.dirname(existing) if existing else (git_root(cwd) or cwd)
