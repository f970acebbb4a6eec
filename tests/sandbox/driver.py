"""Plans and runs one sandbox in this process. Started by the tests in a process of its own, as any user.

Reads a JSON request from the file named in its argument, writes the outcome as JSON over that file.
Imports only what the sandbox needs, so that any Python 3.11 can run it.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> int:
    with open(sys.argv[1], encoding="utf-8", errors="surrogateescape") as file:
        request = json.load(file)
    from vectra_guard import sandbox
    from vectra_guard.config.schema import Config, EnvProtection, Sandbox
    from vectra_guard.errors import GuardError

    config = Config(
        sandbox=Sandbox(**{k: tuple(v) if isinstance(v, list) else v for k, v in request["sandbox"].items()}),
        env_protection=EnvProtection(
            **{k: tuple(v) if isinstance(v, list) else v for k, v in request["env_protection"].items()}
        ),
    )
    try:
        spec = sandbox.plan(
            request["argv"],
            cwd=os.getcwd(),
            config=config,
            env=dict(os.environ),
            home=os.environ["HOME"],
            level=request["level"],
            workspace_mode=request["workspace_mode"],
        )
        outcome = sandbox.run(spec, runtime="bubblewrap")
    except GuardError as err:
        answer = {"error": str(err), "status": err.status}
    else:
        answer = {name: getattr(outcome, name) for name in outcome.__slots__}
    scratch = f"{sys.argv[1]}.new"
    with open(scratch, "w", encoding="utf-8") as file:
        json.dump(answer, file)
    os.replace(scratch, sys.argv[1])
    return int(answer["status"])


if __name__ == "__main__":
    sys.exit(main())
