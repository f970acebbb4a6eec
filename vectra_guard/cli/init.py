"""``vg init``: write a commented configuration that changes nothing until a # is taken out. Never overwrites."""

from __future__ import annotations

import os

from vectra_guard import paths
from vectra_guard.config import layers
from vectra_guard.config.describe import template
from vectra_guard.errors import UsageError


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg init", description="Write a commented configuration.", epilog="example: vg init --project"
    )
    parser.add_argument("--project", action="store_true", help=f"{paths.PROJECT_CONFIG} in this folder")
    options = parser.parse_args(args)
    path = os.path.abspath(paths.PROJECT_CONFIG) if options.project else layers.user_file()
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError as err:
        raise UsageError(f"{path} is there already; `vg config set KEY VALUE` changes one key of it") from err
    print(f"{path}: written")
    return 0
