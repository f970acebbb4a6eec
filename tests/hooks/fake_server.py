"""The real evaluator with a judge that goes by single words, so that hooks can be tested apart from the rules.

Run as the hook's "python": every argument is ignored. Words of a line: blockme rewriteme wholeme askme warnme slowme
hangme spinme crashme raiseme. ``rewriteme`` puts ``vg exec --grant ID.0 -- `` before itself, where ``vg`` is
``fake_vg``.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from vectra_guard.evaluator import server
from vectra_guard.model import (
    Action,
    Command,
    Decision,
    Finding,
    Insertion,
    Request,
    Risk,
    Script,
    Span,
    Word,
)


@dataclass(frozen=True)
class Judgement:
    """Like ``evaluate.Judgement``, without importing rules and parser for it."""

    request: Request
    script: Script
    decision: Decision


HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


def without_heredocs(text: str) -> str:
    kept: list[str] = []
    ends: list[str] = []
    for line in text.split("\n"):
        if ends:
            if line.lstrip("\t") == ends[0]:
                ends.pop(0)
            else:
                line = "." * len(line.encode())
        else:
            ends += [m.group(2) for m in HEREDOC.finditer(line)]
        kept.append(line)
    return "\n".join(kept)


class WordJudge:
    """Decides by words; logs every question to ``$FAKE_LOG`` so that tests can see what was judged."""

    def judge(
        self,
        request: Request,
        *,
        aliases: Mapping[str, str] | None = None,
        functions: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, str] | None = None,
    ) -> Judgement:
        line = request.line
        if log := os.environ.get("FAKE_LOG"):
            with open(log, "a") as file:
                file.write(f"{os.getpid()}\t{line!r}\t{dict(aliases or {})!r}\t{sorted(functions or {})!r}\n")
        code = without_heredocs(line)
        for name, text in (aliases or {}).items():
            if re.search(rf"\b{re.escape(name)}\b", code):
                code += f"\n{text}"
        code += "\n" + "\n".join((functions or {}).values())
        if "slowme" in code:
            time.sleep(0.9)
        if "hangme" in code:
            time.sleep(600)
        while "spinme" in code:
            pass
        if "crashme" in code:
            os._exit(3)
        if "raiseme" in code:
            raise ValueError("raiseme")
        return Judgement(request, *self.decide(request, code))

    def decide(self, request: Request, code: str) -> tuple[Script, Decision]:
        finding = Finding("fake.word", Risk.HIGH, "ask", "a fake finding", Span(0, 1), why="tests", instead="nothing")
        if "blockme" in code:
            return Script(()), Decision(Action.BLOCK, Risk.CRITICAL, "blockme")
        if "askme" in code:
            return Script(()), Decision(Action.ASK, Risk.HIGH, "askme", (finding,))
        if "warnme" in code:
            return Script(()), Decision(Action.HOST, Risk.CRITICAL, "warnme", (finding,), warning="vg: warned")
        if "wholeme" in code:
            return Script(()), Decision(Action.SANDBOX, Risk.MEDIUM, "wholeme", (finding,), whole_line=True)
        commands, insertions = [], []
        raw = code.encode("utf-8", "surrogateescape")
        for number, found in enumerate(re.finditer(rb"rewriteme[^\n;&|)>]*", raw)):
            words = tuple(
                Word(w.decode(), w.decode(), Span(0, 0), splits=bool({"$", "~"} & set(w.decode())))
                for w in found.group().split()
            )
            cwd = "\0" if b"cd " in raw else ""
            background = b"&" in raw[found.end() :]
            commands.append(Command(words, Span(*found.span()), number, number, cwd=cwd, background=background))
            insertions.append(Insertion(found.start(), number, "sandbox"))
        if insertions:
            script = Script(tuple(commands))
            return script, Decision(Action.SANDBOX, Risk.MEDIUM, "rewriteme", (finding,), insertions=tuple(insertions))
        return Script(()), Decision(Action.HOST, Risk.LOW, "")

    def rewrite(self, line: str, decision: Decision, grant: str, shell: str) -> str:
        from vectra_guard import rewrite

        return rewrite.apply(line, decision, os.environ["FAKE_VG"], grant, shell)

    def after_answer(self, decision: Decision, choice: str) -> Decision:
        from vectra_guard import policy

        return policy.after_answer(decision, choice)


if __name__ == "__main__":
    server.serve(WordJudge, start=(os.environ["FAKE_PYTHON"], "-I", "-c", "again"))
