"""Every line in every disguise: what is missed, which twins and which mere texts are raised, and the shares.

python -m tests.disguises
"""

from __future__ import annotations

from vectra_guard.model import Risk

from .forms import LIVE, TEXT, fits, render
from .judged import risk
from .payloads import PAYLOADS


def main() -> None:
    live = [(f, p, render(f.template, p.line)) for f in LIVE for p in PAYLOADS if fits(f, p)]
    missed = [line for f, p, line in live if risk(line, f.shell) < p.level]
    twins = [(f, render(f.template, p.twin)) for f in LIVE if not f.own for p in PAYLOADS if fits(f, p)]
    raised = [line for f, line in twins if risk(line, f.shell) > Risk.LOW]
    texts = [(s, render(t, p.line)) for s, t in TEXT for p in PAYLOADS if s == "bash" or p.portable]
    told = [line for shell, line in texts if risk(line, shell) > Risk.LOW]
    for name, lines, total in (("missed", missed, live), ("twin raised", raised, twins), ("text raised", told, texts)):
        for line in lines:
            print(f"{name}: {line!r}")
        print(f"{name}: {len(lines)} of {len(total)} = {100 * len(lines) / len(total):.2f} %")


if __name__ == "__main__":
    main()
