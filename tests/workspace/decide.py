"""Decides about a review in a process of its own, as any user. JSON in the argument, JSON on standard output."""

from __future__ import annotations

import json
import sys


def main() -> int:
    request = json.loads(sys.argv[1])
    from vectra_guard.errors import GuardError
    from vectra_guard.sandbox.workspace import pending, restore, undo

    try:
        if request["do"] == "undo":
            entry = undo.find(request.get("id", ""))
            done = restore.restore(entry, force=request.get("force", False), only=request.get("only", ()))
            answer: object = done._asdict()
        elif request["do"] == "list":
            answer = [review.id for review in pending.waiting()]
        else:
            review = pending.load(request["id"])
            if request.get("settle"):
                review.settle()
            if request["do"] == "show":
                answer = [item._asdict() for item in review.changes().items]
            elif request["do"] == "keep":
                result = review.keep(request.get("only"), force=request.get("force", False))
                left = [str(item) for item in result.left.items]
                answer = {**result.kept._asdict(), "left": left, "undo": result.undo}
            else:
                answer = review.drop()
    except GuardError as err:
        print(json.dumps({"error": str(err), "status": err.status}))
        return err.status
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
