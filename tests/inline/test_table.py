"""Which words of an argv are code, by the table of interpreters."""

from __future__ import annotations

import shlex

import pytest

from vectra_guard.syntax.inline import code_of, language_of


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python3 -c 'import os' x", [("python", "import os")]),
        ("python3.12 -Ic x", [("python", "x")]),
        ("/usr/bin/python3 -W ignore -c x", [("python", "x")]),
        ("python3 -m timeit 'f()'", [("python", "f()")]),
        ("perl -lne print", [("perl", "print")]),
        ("perl -i.bak -pe 's/a/b/' f", [("perl", "s/a/b/")]),
        ("perl -0777ne a f", [("perl", "a")]),
        ("perl -MPOSIX -e x -e y", [("perl", "x\ny")]),
        ("node -pe 1+1", [("node", "1+1")]),
        ("node --eval=x", [("node", "x")]),
        ("node -r ./m.js -e y", [("node", "y")]),
        ("deno eval x", [("node", "x")]),
        ("php -r x", [("php", "x")]),
        ("lua5.4 -ex", [("lua", "x")]),
        ("ruby -rjson -ne x", [("ruby", "x")]),
        ("awk -F: '{print}' f", [("awk", "{print}")]),
        ("awk -v 'c=rm x' 'BEGIN{system(c)}'", [("awk", 'BEGIN{c="rm x"}\nBEGIN{system(c)}')]),
        ("sed -i.bak -e p -e w f", [("sed", "p\nw")]),
        ("sed -n p f", [("sed", "p")]),
        ("vim -c ':!ls' +q f", [("vim", ":!ls\nq")]),
        ("vim -es '+!ls' f", [("vim", "!ls")]),
        ("emacs -batch -eval '(x)'", [("emacs", "(x)")]),
        ("pwsh -NoProfile -Command iex a", [("powershell", "iex a")]),
        ("powershell -nop -w hidden -enc aQBlAHgA", [("powershell", "iex")]),
        # their harmless twins: the same letters, but no code
        ("python3 s.py -c x", []),
        ("python3 -m http.server", []),
        ("perl script.pl -e x", []),
        ("node server.js -e x", []),
        ("gawk -f x.awk y", []),
        ("deno run x", []),
        ("pwsh -File x.ps1 -c y", []),
        ("ls -c x", []),
    ],
)
def test_code_of(line: str, expected: list[tuple[str, str]]) -> None:
    assert code_of(shlex.split(line)) == expected


def test_language_of_versioned_names() -> None:
    assert language_of("python3.12") == "python"
    assert language_of("ruby3.2") == "ruby"
    assert language_of("lua5.4") == "lua"
    assert language_of("bash") is None
