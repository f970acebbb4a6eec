"""The ``vg`` of the hook tests: asks the evaluator about its grant, then runs the words for real, and says so.

``rewriteme CMD…`` runs CMD; alone it prints. ``ask`` reads one key from the terminal: y, s (sandbox) or anything.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from vectra_guard.evaluator import client


def execute(args: list[str]) -> int:
    args = args[2:] if args[:1] == ["--shell"] else args
    token = args[1] if args[:1] == ["--grant"] else ""
    line = args[args.index("--line") + 1] if "--line" in args else ""
    argv = args[args.index("--") + 1 :] if not line else []
    reply = client.call("grant", id=token, argv=argv, line=line, cwd=os.getcwd(), pid=os.getpid())
    word = "granted" if reply.get("ok") else "refused"
    sys.stderr.write(f"[{word}]\n")
    sys.stderr.flush()
    os.environ["VG_SANDBOX"] = "1"
    if line:
        os.execvp("sh", ["sh", "-c", line.replace("wholeme", ":")])
    if argv[1:]:
        os.execvp(argv[1], argv[1:])
    print("rewritten")
    return 0


def ask(ident: str) -> int:
    import termios
    import tty

    question = client.call("ask", id=ident)
    if not question.get("ok"):
        print("unknown ask")
        return 1
    sys.stdout.write(f"ask: {question['line']} [{' '.join(question['choices'])}]? ")
    sys.stdout.flush()
    saved = termios.tcgetattr(0)
    try:
        tty.setcbreak(0)
        key = os.read(0, 1).decode()
    except KeyboardInterrupt:
        key = "n"
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)
    print(key if key.isprintable() else "-")
    choice = {"y": "host", "s": "sandbox"}.get(key, "no")
    client.call("answer", id=ident, choice=choice, scope="", duration="")
    return 0


if __name__ == "__main__":
    sys.exit(ask(sys.argv[2]) if sys.argv[1] == "ask" else execute(sys.argv[2:]) if sys.argv[1] == "exec" else 0)
