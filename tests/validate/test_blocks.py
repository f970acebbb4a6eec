"""What each kind of file would run, and on which line of it."""

from __future__ import annotations

import pytest

from vectra_guard import validate
from vectra_guard.validate import Block, Unreadable


def texts(path: str, text: str) -> list[tuple[int, str, str]]:
    return [(b.line, b.shell, b.text) for b in validate.blocks(path, text)]


@pytest.mark.parametrize(
    ("path", "first", "found"),
    [
        ("a.sh", "", True), ("a", "#!/bin/sh", True), ("a", "#!/usr/bin/env -S bash -e", True),
        ("a", "#!/usr/bin/env python3.11", True), ("a.txt", "", False), ("a", "text", False), ("Makefile", "", True),
        ("x/rules.mk", "", True), ("Dockerfile", "", True), ("Dockerfile.dev", "", True), ("app.Dockerfile", "", True),
        ("Containerfile", "", True), ("package.json", "", True), ("tsconfig.json", "", False),
        (".github/workflows/ci.yml", "", True), ("a/action.yaml", "", True), ("docker-compose.yml", "", False),
    ],
)  # fmt: skip
def test_which_files_are_read(path: str, first: str, found: bool) -> None:
    assert bool(validate.reader(path, first)) is found


def test_scripts() -> None:
    assert texts("x.fish", "ls\n") == [(1, "fish", "ls\n")]
    assert texts("x", "#!/bin/zsh\nls") == [(1, "zsh", "#!/bin/zsh\nls")]
    [(line, shell, text)] = texts("x.py", "import os")
    assert (line, shell) == (0, "sh") and text.startswith("python3 - <<'") and "\nimport os\n" in text


def test_makefile() -> None:
    text = (
        "OUT = build\n"
        "DIR := $(OUT)/x  # not part of it\n"
        "export A ?= 1\n"
        "all: clean ; echo first\n"
        "clean:\n"
        "\t@rm -rf $(DIR) $(UNSET)/y $$HOME\n"
        "\t-cd sub && \\\n"
        "\t  $(MAKE) $@\n"
        "ifdef X\n"
        "\t+$(RM) $(shell pwd)/z $(wildcard *.o)\n"
        "endif\n"
    )
    assert texts("Makefile", text) == [
        (4, "sh", "echo first"),
        (6, "sh", "rm -rf build/x ${UNSET}/y $HOME"),
        (7, "sh", "cd sub && \\\n  make clean"),
        (10, "sh", "rm -f $(pwd)/z ${VG_MAKE}"),
    ]
    assert [b.where for b in validate.blocks("Makefile", text)][:2] == ["target all", "target clean"]


def test_a_makefile_variable_that_names_itself_ends() -> None:
    [(_, _, text)] = texts("Makefile", "A = $(A)$(A)\nx:\n\techo $(A)\n")
    assert text.startswith("echo ")


def test_dockerfile() -> None:
    text = (
        "# syntax=docker/dockerfile:1\n"
        "FROM debian\n"
        "ENV APP=/app MODE=x\n"
        "RUN --mount=type=cache,target=/c \\\n"
        "    apt-get update \\\n"
        "    # why\n"
        "    && rm -rf $APP/tmp\n"
        'RUN ["rm", "-rf", "a b"]\n'
        "RUN <<EOF\n"
        "one\n"
        "two\n"
        "EOF\n"
        "RUN cat <<X > f && ls\n"
        "data\n"
        "X\n"
        'SHELL ["/bin/bash", "-c"]\n'
        "RUN three\n"
    )
    found = texts("Dockerfile", text)
    assert [(line, shell) for line, shell, _ in found] == [(4, "sh"), (8, "sh"), (9, "sh"), (13, "sh"), (17, "bash")]
    assert found[0][2] == "APP=/app; MODE=x; \napt-get update \\\n\\\n    && rm -rf $APP/tmp"
    assert found[1][2].endswith("rm -rf 'a b'")
    assert found[2][2].endswith("\none\ntwo\n")
    assert found[3][2].endswith("cat <<X > f && ls\ndata\nX")


def test_workflow() -> None:
    text = (
        "on: push\n"
        "env: {ROOT: /srv}\n"
        "jobs:\n"
        "  build:\n"
        "    defaults: {run: {shell: sh}}\n"
        "    steps:\n"
        "      - uses: actions/checkout@v4\n"
        "      - name: x\n"
        "        env:\n"
        "          A: b c\n"
        "        run: |\n"
        "          one\n"
        "          rm -rf ${{ github.workspace }}/out ${{ inputs.dir }}\n"
        "      - run: two\n"
        "        shell: bash\n"
        "      - {run: 'import os', shell: python}\n"
        "      - run: three\n"
        "        shell: pwsh\n"
    )
    found = validate.blocks(".github/workflows/ci.yml", text)
    assert found[0] == Block("ROOT=/srv; A='b c'; one\nrm -rf ./out ${VG_EXPRESSION}\n", 12, "sh", "build, step 2")
    assert found[1] == Block("ROOT=/srv; two", 14, "bash", "build, step 3")
    assert (found[2].line, found[2].shell) == (15, "sh") and "\nimport os\n" in found[2].text
    assert len(found) == 3


def test_composite_action() -> None:
    text = "runs:\n  using: composite\n  steps:\n    - run: ls\n      shell: bash\n"
    assert texts("action.yml", text) == [(4, "bash", "ls")]


def test_package_json() -> None:
    text = '{\n  "name": "build",\n  "scripts": {\n    "build": "tsc",\n    "x": "rm -rf dist"\n  }\n}\n'
    assert texts("package.json", text) == [(4, "sh", "tsc"), (5, "sh", "rm -rf dist")]
    assert texts("package.json", '{"scripts": []}') == []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("package.json", "{\n\n,", 3),
        (".github/workflows/x.yml", "a: b\nc: [\n", 3),
        ("Dockerfile", "FROM x\nSHELL bash\n", 2),
    ],
)
def test_what_is_not_what_it_says(path: str, text: str, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        validate.blocks(path, text)
    assert caught.value.line == line


@pytest.mark.parametrize("path", ["Makefile", "Dockerfile", "package.json", "action.yml", "a.sh", "a.py"])
@pytest.mark.parametrize(
    "text", ["", "\n", "\\", "a:\n\t\\", "RUN", "RUN <<EOF", "ENV", "null", "[]", "jobs: 1", "\t$("]
)
def test_odd_files_end(path: str, text: str) -> None:
    try:
        validate.blocks(path, text)
    except Unreadable:
        pass
