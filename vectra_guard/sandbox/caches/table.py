"""The package managers' caches: one row each. To add a manager, add a row.

``where`` are patterns (see ``registries.places``), strongest first: variables before defaults. ``variable``
is set inside to the folder's place, which is the same path as on the host. Where none is named the client
finds the folder by its default, or by a variable in ``passed``.
"""

from __future__ import annotations

from typing import NamedTuple

_CACHE = "${XDG_CACHE_HOME:-~/.cache}"


class Folder(NamedTuple):
    where: tuple[str, ...]
    variable: str = ""
    setting: str = ""  # key of the manager's own settings that names the folder
    part: str = ""  # tells apart the folders of one manager
    content: tuple[str, ...] = ()  # globs of packages that are kept unpacked
    packages: bool = True  # False: what is in it was built here, not fetched


class Row(NamedTuple):
    commands: tuple[str, ...]
    folders: tuple[Folder, ...]
    passed: tuple[str, ...] = ()  # variables that inside must be what they are outside
    env: tuple[tuple[str, str], ...] = ()


ROWS: dict[str, Row] = {
    "npm": Row(
        ("npm", "npx"),
        (Folder(("${npm_config_cache}", "${NPM_CONFIG_CACHE}", "~/.npm"), "npm_config_cache", "cache"),),
    ),
    "yarn": Row(
        ("yarn", "yarnpkg"),
        (
            # no variable: for yarn 2 and later it would mean the project's own folder
            Folder(("${YARN_CACHE_FOLDER}", f"{_CACHE}/yarn"), setting="cache-folder"),
            Folder(("${YARN_GLOBAL_FOLDER}", "~/.yarn/berry"), part="berry"),
        ),
        passed=("YARN_CACHE_FOLDER", "YARN_GLOBAL_FOLDER"),
    ),
    "pnpm": Row(
        ("pnpm", "pnpx"),
        (
            Folder(
                ("${npm_config_store_dir}", "${PNPM_HOME}/store", "${XDG_DATA_HOME:-~/.local/share}/pnpm/store"),
                "npm_config_store_dir", "store-dir", content=("v*/files/*",),
            ),
            Folder((f"{_CACHE}/pnpm",), part="metadata", packages=False),
        ),
    ),
    "bun": Row(("bun", "bunx"), (Folder(("${BUN_INSTALL_CACHE_DIR}", "~/.bun/install/cache"),
                                        "BUN_INSTALL_CACHE_DIR", content=("*@*",)),)),
    "pip": Row(
        ("pip", "pip3", "pipx", "pipenv", "tox", "nox", "virtualenv"),
        (Folder(("${PIP_CACHE_DIR}", f"{_CACHE}/pip"), "PIP_CACHE_DIR", "cache-dir"),),
    ),
    "uv": Row(
        ("uv", "uvx"),
        (Folder(("${UV_CACHE_DIR}", f"{_CACHE}/uv"), "UV_CACHE_DIR", "cache-dir", content=("archive-v*/*",)),),
        env=(("UV_LINK_MODE", "copy"),),  # the cache is another mount than the project: hard links cannot be
    ),
    "poetry": Row(
        ("poetry",),
        (Folder(("${POETRY_CACHE_DIR}", f"{_CACHE}/pypoetry"), "POETRY_CACHE_DIR", "cache-dir"),),
        # in the cache folder, where it is by default, the environment would be lost with the run
        env=(("POETRY_VIRTUALENVS_IN_PROJECT", "true"),),
    ),
    "cargo": Row(
        ("cargo",),
        (
            Folder(("${CARGO_HOME:-~/.cargo}/registry",), part="registry"),
            Folder(("${CARGO_HOME:-~/.cargo}/git",), part="git", content=("db/*",)),
        ),
        passed=("CARGO_HOME",),
    ),
    "go": Row(
        ("go", "gofmt"),
        (
            Folder(("${GOMODCACHE}", "${GOPATH}/pkg/mod", "~/go/pkg/mod"), "GOMODCACHE", "GOMODCACHE", "mod"),
            Folder(("${GOCACHE}", f"{_CACHE}/go-build"), "GOCACHE", "GOCACHE", "build", packages=False),
        ),
    ),
    "gem": Row(
        ("gem",),
        (Folder(("${GEM_SPEC_CACHE}", "~/.gem/specs"), "GEM_SPEC_CACHE", packages=False),),
    ),
    "bundler": Row(
        ("bundle", "bundler"),
        (Folder(("${BUNDLE_USER_CACHE}", "${BUNDLE_USER_HOME}/cache", "~/.bundle/cache"), "BUNDLE_USER_CACHE"),),
    ),
    "maven": Row(("mvn", "mvnw", "mvnd"), (Folder(("~/.m2/repository",), setting="localRepository"),)),
    "gradle": Row(
        ("gradle", "gradlew"),
        (
            Folder(("${GRADLE_USER_HOME:-~/.gradle}/caches",), part="caches"),
            Folder(("${GRADLE_USER_HOME:-~/.gradle}/wrapper",), part="wrapper"),
        ),
        passed=("GRADLE_USER_HOME",),
    ),
    "composer": Row(
        ("composer",),
        (Folder(("${COMPOSER_CACHE_DIR}", f"{_CACHE}/composer"), "COMPOSER_CACHE_DIR", "cache-dir"),),
    ),
}  # fmt: skip
