"""The documentation says what is there: links lead somewhere, commands and keys exist, tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vectra_guard.cli.main import COMMANDS
from vectra_guard.config.reading import KEYS, SECTIONS
from vectra_guard.sandbox.levels import GIB, LEVELS, MIB

ROOT = Path(__file__).resolve().parents[1]
COMMAND = re.compile(r"(?<![\w./-])vg +([a-z]+)")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONFIGURATION = ROOT / "docs" / "configuration.md"
FLOW = {
    "order": "raise: {order}", "grow": "add", "shrink": "remove", "true": "on", "false": "off", "less": "lower",
    "user": "no",
}  # fmt: skip

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code(text: str) -> str:
    """What stands in code blocks and code spans, a piece a line, without comments."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return re.sub(r"(?:^| )# .*$", "", "\n".join((*blocks, *spans)), flags=re.MULTILINE)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def row(name: str) -> str:
    """The line of the configuration page for one key."""
    key = KEYS[name]
    may = FLOW[key.metadata["tighten"]].format(order=" < ".join(key.metadata["order"]))
    doc = key.metadata["doc"].replace("|", "\\|")
    return f"| `{name}` | {shown(key.default)} | {may} | {doc} |"


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"`{k}: {v}`" for k, v in value.items()) or "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if value != "" else "empty"


@pages
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


@pages
def test_files_that_are_named_are_there(page: Path) -> None:
    for name in re.findall(r"\b((?:tests|bench|shell-hooks|presets|vectra_guard)/[\w./-]*\w)", code(page.read_text())):
        assert (ROOT / name).exists(), name


@pages
def test_commands_exist(page: Path) -> None:
    for name in COMMAND.findall(code(page.read_text(encoding="utf-8"))):
        assert name in COMMANDS, name


def test_every_command_is_looked_for() -> None:
    text = "`vg nonsense` vg prose\n```sh\nvg other -x  # puts vg on PATH\n```\n"
    assert COMMAND.findall(code(text)) == ["other", "nonsense"]


def test_configuration_names_the_keys_that_exist_and_all_of_them() -> None:
    sections = "|".join(SECTIONS)
    text = code(CONFIGURATION.read_text(encoding="utf-8"))
    mentioned = set(re.findall(rf"(?<![\w./-])((?:{sections})\.\w+)\b", text))
    assert mentioned == {name for name in KEYS if "." in name}


@pytest.mark.parametrize("name", KEYS)
def test_rows_of_the_configuration_are_the_schemas(name: str) -> None:
    assert row(name) in CONFIGURATION.read_text(encoding="utf-8").splitlines()


def test_levels_of_the_sandbox_page_are_the_codes() -> None:
    lines = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8").splitlines()
    table = {cells[0]: cells[1:] for line in lines if len(cells := [c.strip() for c in line.split("|")[1:-1]]) == 5}
    levels = [LEVELS[name] for name in table[""]]  # type: ignore[index]

    def size(value: int) -> str:
        return f"{value // GIB} GiB" if value % GIB == 0 else f"{value // MIB} MiB"

    assert table["network"] == [level.network for level in levels]
    assert [cell.partition(",")[0] for cell in table["home"]] == [level.home for level in levels]
    assert table["project folder"] == [level.workspace for level in levels]
    assert table["memory"] == [size(level.memory) for level in levels]
    assert table["processors"] == [f"{level.cpus:g}" for level in levels]
    assert table["processes"] == [str(level.pids) for level in levels]
    assert table["`/tmp`, each private tmpfs"] == [size(level.tmp_size) for level in levels]
    assert table["seccomp"] == [level.seccomp for level in levels]
    assert table["environment"] == [level.environment for level in levels]
