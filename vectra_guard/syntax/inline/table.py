"""Which programs take program text as an argument, where it stands, and in which language it is.

Data first: one ``Interpreter`` a program. ``code_of`` reads an argv (words already expanded) by that table. It does
not look at files (``-f prog.awk``), and it leaves options that it does not know alone: an unknown option is taken
to have no value, so code can be missed only where a tool grew a new option with a separate value.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Interpreter:
    """How a program is told what to run. Short options are single letters, long ones are whole words."""

    language: str
    code: str = ""  # short options whose value is code
    values: str = ""  # short options whose value is attached or the next word
    attached: str = ""  # short options that take the rest of their own word as value, or nothing
    long_code: frozenset[str] = frozenset()  # without dashes; accepted with one dash too where `single_dash`
    long_values: frozenset[str] = frozenset()
    optional: str = ""  # short options with code only if the rest of the word or the next word is no option
    single_dash: bool = False  # -eval and --eval are the same
    files: frozenset[str] = frozenset()  # options that name the program's file: no operand is code then
    operand: bool = False  # the first operand is the program
    operands: str = "first"  # "first" or "all"
    plus: bool = False  # +cmd (vi and its kin)
    assigns: str = ""  # options whose value sets a variable of the program (awk -v)
    subcommands: frozenset[str] = frozenset()  # `deno eval CODE`: the operand after it is code
    edits: bool = False  # operands are files to work on: the commands come on standard input all the same
    reads_stdin: bool = True  # with no program named, standard input is the program


def _long(*names: str) -> frozenset[str]:
    return frozenset(names)


_PYTHON = Interpreter("python", code="c", values="WXm", long_values=_long("check-hash-based-pycs"))
_PERL = Interpreter("perl", code="eE", values="I", attached="0CdDFilMmVx")
_RUBY = Interpreter("ruby", code="e", values="CEIr", attached="0FiKTWx", long_values=_long("encoding"))
_NODE = Interpreter(
    "node",
    code="e",
    values="rC",
    optional="p",
    long_code=_long("eval", "print"),
    long_values=_long("require", "import", "loader", "input-type", "conditions", "env-file"),
)
_BUN = Interpreter("node", code="ep", values="r", long_code=_long("eval", "print"), long_values=_long("cwd"))
_DENO = Interpreter("node", subcommands=frozenset({"eval"}), long_values=_long("ext", "config", "import-map"))
_PHP = Interpreter("php", code="rBRE", values="cdfFzS", files=frozenset({"f", "F"}), long_code=_long("run"))
_LUA = Interpreter("lua", code="e", values="l")
_AWK = Interpreter(
    "awk",
    code="e",
    values="Fifl",
    long_code=_long("source"),
    long_values=_long("field-separator", "include"),
    files=frozenset({"f", "file", "exec", "E"}),
    operand=True,
    assigns="v",
    reads_stdin=False,
)
_SED = Interpreter(
    "sed",
    code="e",
    values="fl",
    attached="i",
    long_code=_long("expression"),
    long_values=_long("line-length"),
    files=frozenset({"f", "file"}),
    operand=True,
    reads_stdin=False,
)
_VI = Interpreter("vim", code="c", values="SuUtTiWw", long_code=_long("cmd"), plus=True, reads_stdin=False)
_NVIM = Interpreter("vim", code="c", values="SutiwW", long_code=_long("cmd"), plus=True, reads_stdin=False)
_EMACS = Interpreter(
    "emacs",
    long_code=_long("eval", "execute"),
    values="ludft",
    single_dash=True,
    long_values=_long("load", "funcall", "user", "script", "visit", "directory"),
    reads_stdin=False,
)
_EMACSCLIENT = Interpreter(
    "emacs",
    code="",
    values="sfad",
    operand=True,
    operands="all",
    reads_stdin=False,
)
_ED = Interpreter("vim", edits=True, values="p", long_values=_long("prompt"))
_EX = Interpreter("vim", code="c", values="SuUtTiWw", long_code=_long("cmd"), plus=True, edits=True)
_LESS = Interpreter("vim", values="bhjkoOpPtTxyz", plus=True, reads_stdin=False)
_TCL = Interpreter("tcl", code="c")
_FOREIGN = Interpreter("foreign", code="eEc", long_code=_long("eval", "expr", "execute"), single_dash=False)
_POWERSHELL = Interpreter("powershell")

LANGUAGES: Mapping[str, Interpreter] = MappingProxyType({
    **dict.fromkeys(("python", "python2", "python3", "pypy", "pypy3", "ipython", "ipython3", "pythonw"),
        _PYTHON),
    "perl": _PERL,
    **dict.fromkeys(("ruby", "jruby", "truffleruby", "irb", "pry"), _RUBY),
    **dict.fromkeys(("node", "nodejs"), _NODE),
    "bun": _BUN,
    "deno": _DENO,
    **dict.fromkeys(("php", "php-cli"), _PHP),
    **dict.fromkeys(("lua", "luajit", "texlua"), _LUA),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk", "original-awk", "goawk"), _AWK),
    **dict.fromkeys(("sed", "gsed", "ssed"), _SED),
    **dict.fromkeys(("ed", "red"), _ED),
    "ex": _EX,
    **dict.fromkeys(("less", "more", "most"), _LESS),
    **dict.fromkeys(("tclsh", "wish", "jimsh", "expect"), _TCL),
    **dict.fromkeys((
        "Rscript", "R", "julia", "osascript", "guile", "groovy", "elixir", "iex", "erl", "ghc", "ghci", "runghc",
        "ocaml", "utop", "scala", "scala-cli", "jshell", "clj", "clojure", "bb", "racket", "sbcl", "raku", "perl6",
        "octave", "octave-cli", "crystal", "swift", "gnuplot", "bpftrace", "nu", "xonsh", "kotlin", "csi", "gosh",
    ), _FOREIGN),
    **dict.fromkeys(("vim", "vi", "view", "gvim", "rvim", "vimdiff", "gview", "evim", "vim.basic",
                     "vim.tiny", "vim.nox"), _VI),
    "nvim": _NVIM,
    "emacs": _EMACS,
    "emacsclient": _EMACSCLIENT,
    **dict.fromkeys(("pwsh", "powershell", "pwsh.exe", "powershell.exe", "pwsh-preview"), _POWERSHELL),
})  # fmt: skip
"""Base name of the program -> how it takes code. Versioned names (python3.12) go through ``interpreter``."""

_VERSION = "0123456789.-"


def interpreter(name: str) -> Interpreter | None:
    """The entry for a base name, with a version or ``.exe`` at its end ignored."""
    found = LANGUAGES.get(name)
    if found is not None or not name:
        return found
    bare = name.lower().removesuffix(".exe")
    return LANGUAGES.get(bare) or LANGUAGES.get(bare.rstrip(_VERSION))


def language_of(name: str) -> str | None:
    """The language that a program of this base name reads, or None."""
    found = interpreter(name)
    return found.language if found else None


def code_of(argv: Sequence[str]) -> list[tuple[str, str]]:
    """Every piece of program text in ``argv`` (``argv[0]`` may be a path) as (language, source)."""
    if len(argv) < 2:
        return []
    spec = interpreter(argv[0].rpartition("/")[2])
    if spec is None:
        return []
    if spec.language == "powershell":
        return _powershell(argv)
    pieces, operands, assigns, has_file = _scan(spec, argv)
    if spec.language == "python" and operands[:2] == ["-m", "timeit"]:
        return [("python", word) for word in operands[2:] if not word.startswith("-")]
    if spec.subcommands and operands and operands[0] in spec.subcommands:
        pieces.extend(operands[1:2])
    if spec.operand and not pieces and not has_file:
        pieces.extend(operands if spec.operands == "all" else operands[:1])
    if not pieces:
        return []
    source = "\n".join(pieces)
    if assigns:
        source = "".join(f"BEGIN{{{name}={_awk_string(value)}}}\n" for name, value in assigns) + source
    return [(spec.language, source)]


def _scan(spec: Interpreter, argv: Sequence[str]) -> tuple[list[str], list[str], list[tuple[str, str]], bool]:
    pieces: list[str] = []
    operands: list[str] = []
    assigns: list[tuple[str, str]] = []
    has_file = False
    at = 1
    while at < len(argv):
        word = argv[at]
        at += 1
        if word == "--":
            operands.extend(argv[at:])
            break
        if spec.plus and word.startswith("+") and len(word) > 1:
            pieces.append(word[1:])
        elif word.startswith("--") or (spec.single_dash and word.startswith("-") and len(word) > 2):
            name, equals, value = word.lstrip("-").partition("=")
            if name in spec.long_code or name in spec.long_values or name in spec.files or name == "assign":
                if not equals:
                    value = argv[at] if at < len(argv) else ""
                    at += 1
                if name in spec.long_code:
                    pieces.append(value)
                elif name == "assign" and spec.assigns:
                    assigns.append(_assignment(value))
                has_file = has_file or name in spec.files
        elif len(word) > 1 and word[0] == "-":
            at, stop, names_file = _cluster(spec, argv, at, word, pieces, assigns)
            has_file = has_file or names_file
            if stop:
                operands.extend(stop)
                break
        else:
            operands.append(word)
            if not (spec.operand or spec.plus or spec.single_dash or spec.subcommands):
                break  # a script's file: what follows are its own arguments
            if spec.language == "awk" and not pieces and not has_file:
                break
    return pieces, operands, assigns, has_file


def _cluster(
    spec: Interpreter, argv: Sequence[str], at: int, word: str, pieces: list[str], assigns: list[tuple[str, str]]
) -> tuple[int, list[str], bool]:
    """One word of short options. Returns the next index, the words at which option reading ends, and whether
    it named a program file."""
    for place in range(1, len(word)):
        letter, rest = word[place], word[place + 1 :]
        if letter in spec.attached:
            if letter in "0l":  # perl -0777ne: only digits belong to it, and digits are no options
                continue
            return at, [], False
        if letter in spec.optional and not rest and (at >= len(argv) or argv[at].startswith("-")):
            continue
        if letter in spec.code and spec.language == "node" and rest:
            continue  # node -pe: the value is never attached
        if letter in spec.code or letter in spec.optional:
            if letter in spec.optional and rest:
                continue
            if rest:
                pieces.append(rest)
                return at, [], False
            pieces.append(argv[at] if at < len(argv) else "")
            ends = spec.language == "python"  # what follows -c is sys.argv
            return at + 1, ["", *argv[at + 1 :]] if ends else [], False
        if letter in spec.assigns or letter in spec.values:
            value = rest or (argv[at] if at < len(argv) else "")
            if letter in spec.assigns:
                assigns.append(_assignment(value))
            if letter == "m" and spec.language == "python":
                return at, ["-m", value, *argv[at + (not rest) :]], False
            return at + (not rest), [], letter in spec.files
    return at, [], False


def _assignment(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return ("".join(c for c in name if c.isalnum() or c == "_") or "_"), value


def _awk_string(value: str) -> str:
    return '"' + value.replace('"', '\\"').replace("\n", "\\n") + '"'


_PS_COMMAND = ("-command", "/command", "-c", "/c")


def _powershell(argv: Sequence[str]) -> list[tuple[str, str]]:
    """PowerShell: -Command takes all that follows; parameters may be cut short and are case-insensitive."""
    takes_value = ("-ex", "-ep", "-w", "-in", "-out", "-v", "-wo", "-conf", "-cus", "-set")
    at = 1
    while at < len(argv):
        word = argv[at].lower()
        if word.startswith(("-f", "/f")):
            return []
        if len(word) >= 2 and (word in _PS_COMMAND or (word.startswith("-co") and "-command".startswith(word))):
            return [("powershell", " ".join(argv[at + 1 :]))]
        if word in ("-e", "-ec") or (word.startswith("-en") and "-encodedcommand".startswith(word)):
            return [("powershell", _decode_utf16(argv[at + 1]))] if at + 1 < len(argv) else []
        if word.startswith(takes_value):
            at += 1
        elif not word.startswith("-"):
            is_windows = "powershell" in argv[0].rpartition("/")[2].lower()
            return [("powershell", " ".join(argv[at:]))] if is_windows else []
        at += 1
    return []


def _decode_utf16(text: str) -> str:
    """What -EncodedCommand runs. Text that is not base64 is returned as a call of something unknown."""
    try:
        return b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-le", "replace")
    except (Base64Error, ValueError):
        return "iex $unknown"
