"""The template and the JSON Schema say what the schema says."""

from __future__ import annotations

import re
from typing import Any, get_args, get_origin

import pytest

from vectra_guard.config.describe import as_yaml, json_schema, template
from vectra_guard.config.layers import preset_names, preset_path
from vectra_guard.config.reading import EXTRA, KEYS, parse, read


def test_the_template_sets_nothing() -> None:
    assert parse(template(), "f") == {}


def test_the_template_without_its_marks_is_the_defaults() -> None:
    text = re.sub(r"^( *)#(?=[a-z_]+:)", r"\1", template(), flags=re.MULTILINE)
    found = parse(text, "f")
    assert {name: value.value for name, value in found.items()} == {
        "preset": "developer",
        **{name: key.default for name, key in KEYS.items()},
    }


def test_each_key_can_be_enabled_alone() -> None:
    lines = template().splitlines()
    for number, line in enumerate(lines):
        match = re.fullmatch(r"  #([a-z_]+): .*", line)
        if match:
            section = max(n for n in range(number) if re.fullmatch(r"#[a-z_]+:", lines[n]))
            text = [*lines]
            text[number] = line.replace("#", "", 1)
            text[section] = lines[section][1:]
            assert list(parse("\n".join(text), "f")) == [f"{lines[section][1:-1]}.{match[1]}"]


@pytest.mark.parametrize(
    "value", ["", "off", "a b", 'q"\\', "*x*", "é\n", "-", "1", "null", True, 5, 0.5, (), ("a", "off"), {"a": "b"}]
)
def test_one_line_yaml_reads_back(value: Any) -> None:
    import yaml

    text = as_yaml(value)
    assert "\n" not in text
    assert yaml.safe_load(text) == (list(value) if isinstance(value, tuple) else value)


def test_the_json_schema_has_every_key() -> None:
    root = json_schema()
    flat = {
        f"{name}.{key}" if "properties" in part else name
        for name, part in root["properties"].items()
        for key in part.get("properties", {"": None})
    }
    assert flat == {*KEYS, *EXTRA}
    for name, key in KEYS.items():
        section, _, last = name.rpartition(".")
        entry = (root["properties"][section]["properties"] if section else root["properties"])[last]
        assert entry["description"] == key.metadata["doc"]
        if get_origin(key.type) not in (tuple, dict) and get_args(key.type):
            assert entry["enum"] == list(get_args(key.type))


@pytest.mark.parametrize("name", ["ci-cd", "developer", "production"])
def test_presets_are_right_and_say_what_they_are_for(name: str) -> None:
    path = preset_path(name)
    assert path
    found = read(path)
    assert set(found) <= set(KEYS)
    with open(path, encoding="utf-8") as file:
        assert file.readline().startswith("# For ")


def test_no_preset_is_untested() -> None:
    assert preset_names() == ["ci-cd", "developer", "production"]
