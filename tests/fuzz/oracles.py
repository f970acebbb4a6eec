"""What must hold for every line, as checks that say what is wrong, and mutations that make lines nobody thought of."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

from tests.disguises.forms import quoted
from tests.disguises.judged import FACTS, HERE, HOME, RULES
from vectra_guard.model import Request, Risk, Script
from vectra_guard.rules import judge
from vectra_guard.syntax import read
from vectra_guard.syntax.names import word_set

CORPUS = Path(__file__).parent.parent / "corpus"
SHELLS = ("bash", "bash", "zsh", "fish")
TOKENS = [
    *"'\"`$\\(){}[]<>|&;#!~*?=%@^,:\n\t \0é\x01\u200b\udcff\ud800", "$(", "${", "$((", "))", "<<E\n", "<<<", "<(",
    ">(", "=(", "$'", '$"', "&&", "||", ";;", "2>&1", "&>", ">|", ">>", "{a,b}", "{1..9}", "${x:-", "${!x}",
    "${x//a/b}", "$@", "$IFS",
    " -- ", " eval ", " sh -c ", " sudo ", " xargs ", " if ", " then ", " fi ", " do ", " done ", " case ", " esac ",
    " function f ", "f() ", "[[ ", " ]]", " alias a=", " python3 -c ", " awk ", " sed ", " find . -exec ", " ssh h ",
    " begin; ", " end; ", " set x ", "\\\n", "/dev/tcp/", "*(e:'", ":)", "repeat 3 ", "noglob ", "\r", "# ", "EOF",
]  # fmt: skip
WRAPPERS = (
    "sh -c {q}", "bash -c {q}", "eval {q}", "sudo sh -c {q}", "nohup bash -c {q}", "timeout 5 sh -c {q}",
    "env A=b nice -n 5 bash -c {q}", "bash <<< {q}", "echo {q} | bash", "true && eval {q}",
    "if true; then eval {q}; fi", "( eval {q} )", "f() { eval {q}; }; f", "bash -c {qq}",
)  # fmt: skip
FIXED = 0.25  # seconds: what capped work costs at most (brace lists, loops), whatever the length
EACH = 40e-6  # seconds a character: 4 s for 100,000 on a busy machine; what is not linear is far beyond
ARGUMENTS = re.compile(r"\$\{?[@*\d]")  # those of the shell itself: another shell has others
RESERVED = word_set(
    "if then elif else fi for in do done while until case esac select function time repeat end foreach coproc always"
    " noglob nocorrect ! -"
)
PLAIN = re.compile(r"[\w./ -]+")


def corpus() -> list[str]:
    found = []
    for file in sorted(CORPUS.glob("*.tsv")):
        for text in file.read_text(encoding="utf-8").splitlines():
            if text and text[0] != "#":
                found.append(text.split("\t")[1].replace("\u23ce", "\n").replace("\u21e5", "\t"))
    return found


def mutated(line: str, others: list[str], rng: random.Random) -> str:
    """A few changes: tokens put in, parts taken out, doubled, moved, or taken from another line."""
    for _ in range(rng.randint(1, 4)):
        at, end = sorted((rng.randint(0, len(line)), rng.randint(0, len(line))))
        match rng.randint(0, 6):
            case 0 | 1:
                line = line[:at] + rng.choice(TOKENS) + line[at:]
            case 2:
                line = line[:at] + line[min(end, at + 6) :]
            case 3:
                line = line[:end] + line[at:end] * rng.choice((1, 1, 2, 30)) + line[end:]
            case 4:
                other = rng.choice(others)
                line = line[:at] + other[rng.randint(0, len(other)) :] + line[end:]
            case 5:
                line = rng.choice(TOKENS).join((line[:at], line[at:end], line[end:]))
            case _:
                line = line[:at] + rng.choice(TOKENS) * rng.choice((2, 5, 40)) + line[at:]
    return line[:5000]


def seen(line: str, shell: str) -> tuple[Risk, Script, set[str], float]:
    """Risk, what was read, the rules that fired and the seconds it took."""
    request = Request(line, shell, cwd=HERE, home=HOME)
    start = time.process_time()
    script = read(request, FACTS)
    found = judge(script, request, FACTS, RULES)
    spent = time.process_time() - start
    return max([script.floor, *(f.risk for f in found)]), script, {f.rule for f in found}, spent


def complaints(line: str, shell: str, rng: random.Random) -> list[str]:
    """Everything that does not hold for a line."""
    risk, script, rules, spent = seen(line, shell)
    out = [p for p in script.problems if p.startswith("The line could not be read:")]
    if spent > FIXED + EACH * len(line):
        out.append(f"took {spent:.2f} s for {len(line)} characters")
    whole = not script.problems
    if shell == "fish" or not line.strip() or "\0" in line or any(0xD800 <= ord(c) <= 0xDFFF for c in line):
        return out
    if seen("echo " + quoted(line), shell)[0] > Risk.LOW:
        out.append("raised although only echoed")
    mine = any(rule.startswith("guard.") for rule in rules) or ARGUMENTS.search(line)
    if whole and not mine and line[0] != "-":
        template = rng.choice(WRAPPERS)
        if shell == "zsh":
            template = re.sub(r"\b(ba)?sh\b", "zsh", template)
        wrapped = template.replace("{qq}", quoted("eval " + quoted(line))).replace("{q}", quoted(line))
        if seen(wrapped, shell)[0] < risk:
            out.append(f"lowered by {template!r}: {wrapped!r}")
    ended = "\n" not in line and "<<" not in line and not line.rstrip(" \t").endswith(("\\", "&", "|", ";"))
    if whole and ended and seen(line + " # ok", shell)[0] != risk:
        out.append("changed by a comment")
    if PLAIN.fullmatch(line) and len(line.split()) > 1 and not RESERVED & set(line.split()):
        words = line.split()
        at = rng.randrange(1, len(words))
        words[at] = rng.choice((f"'{words[at]}'", f'"{words[at]}"', f"{words[at][:1]}''{words[at][1:]}"))
        if seen(" ".join(words), shell)[0] != seen(" ".join(line.split()), shell)[0]:
            out.append(f"changed by quoting: {' '.join(words)!r}")
    return out
