"""What the package managers of one command need from outside: their registries' hosts and their caches.

Both come from tables of the network and cache parts; a command that uses no manager costs one import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from vectra_guard.config.schema import Config
from vectra_guard.model import Mount, Network
from vectra_guard.sandbox.levels import Level


class Supplies(NamedTuple):
    names: tuple[str, ...]  # managers
    mounts: tuple[Mount, ...]
    variables: Mapping[str, str]
    network: Network


def gather(
    argv: Sequence[str],
    config: Config,
    row: Level,
    network: Network,
    *,
    env: Mapping[str, str],
    home: str,
    workspace: str,
) -> Supplies:
    from vectra_guard.sandbox import caches

    names = caches.for_command(argv)
    mounts: tuple[Mount, ...] = ()
    variables: Mapping[str, str] = {}
    if row.home != "hidden" and (names or config.sandbox.cache_dirs):
        from vectra_guard.sandbox import probe

        mounts, variables = caches.mounts(
            names, home=home, env=env, config=config, overlay=probe.overlay(), workspace=workspace
        )
    if network.mode == "restricted":
        from vectra_guard.sandbox import registries

        allow, private = registries.lists(names, env, home, workspace)
        network = replace(
            network,
            allow=tuple(dict.fromkeys((*network.allow, *allow))),
            private=tuple(dict.fromkeys((*network.private, *private))),
        )
    return Supplies(names, mounts, variables, network)
