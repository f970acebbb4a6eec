"""``vg preset``: the shipped starting points. ``use`` names one in a file and keeps all else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vectra_guard import data_files, paths
from vectra_guard.config import layers, reading
from vectra_guard.config.describe import as_yaml
from vectra_guard.facts import working_directory

if TYPE_CHECKING:
    import argparse


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg preset", description="Shipped starting points.", epilog="example: vg preset use developer"
    )
    actions = parser.add_subparsers(dest="action", metavar="list|show|diff|use")
    actions.add_parser("list")
    for name in ("show", "diff", "use"):
        actions.add_parser(name).add_argument("name", choices=names())
    place = actions.choices["use"].add_mutually_exclusive_group()
    place.add_argument("--user", action="store_true", help="in the user's file (default)")
    place.add_argument("--project", action="store_true", help="in this project's file")
    options = parser.parse_args(args or ["list"])
    return {"list": _list, "show": _show, "diff": _diff, "use": _use}[options.action](options)


def names() -> list[str]:
    return sorted(n.removesuffix(".yaml") for n in os.listdir(data_files.folder("presets")) if n.endswith(".yaml"))


def _path(name: str) -> str:
    return os.path.join(data_files.folder("presets"), f"{name}.yaml")


def _text(name: str) -> str:
    with open(_path(name), encoding="utf-8") as file:
        return file.read()


def _list(options: argparse.Namespace) -> int:
    for name in names():
        print(f"{name:<12} {_text(name).splitlines()[0].lstrip('# ')}")
    return 0


def _show(options: argparse.Namespace) -> int:
    print(_text(options.name), end="")
    return 0


def _diff(options: argparse.Namespace) -> int:
    """What the preset would change of what is in force here."""
    from vectra_guard.cli.config import in_force

    now = in_force(layers.load(working_directory()).config)
    for key, (value, _) in reading.read(_path(options.name)).items():
        if now[key] != value:
            print(f"{key}: {as_yaml(now[key])} -> {as_yaml(value)}")
    return 0


def _use(options: argparse.Namespace) -> int:
    from vectra_guard.config import write

    path = os.path.abspath(paths.PROJECT_CONFIG) if options.project else layers.user_file()
    write.set_key(path, "preset", options.name)
    print(f"{path}: preset {options.name}; own keys of the file still win")
    if options.project and not layers.is_allowed(path):
        print("it can only tighten until you run: vg config allow")
    return 0
