"""OpenCode: a plugin with ``tool.execute.before`` on the tool ``bash``. It can rewrite, not ask.

OpenCode loads JavaScript, so the file is ours: it hands the call to the hook's command and obeys the answer. Anything
that goes wrong there throws, and a plugin that throws keeps the tool from running. Source: the plugin documentation of
OpenCode.
"""

from __future__ import annotations

from typing import Any

from vectra_guard.agents.adapter import Agent, Entry, Question, Verdict, text
from vectra_guard.model import Action

PLUGIN = """\
// Written by `vg agent install opencode`; `vg agent uninstall opencode` removes it.
import { spawnSync } from "node:child_process"

const command = {command}

export const VectraGuard = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    if (input.tool !== "bash") return
    const payload = JSON.stringify({ tool: input.tool, args: output.args, cwd: output.args.workdir ?? directory })
    const run = spawnSync("/bin/sh", ["-c", command], { input: payload, encoding: "utf8", timeout: 10000 })
    if (run.status !== 0) throw new Error(run.stderr || "vg: the guard did not answer, so this does not run")
    if (!run.stdout) return
    const answer = JSON.parse(run.stdout)
    if (answer.deny) throw new Error(answer.deny)
    if (answer.command) output.args.command = answer.command
  },
})
"""


def read(payload: Any) -> Question | None:
    if payload["tool"] != "bash":
        return None
    return Question(text(payload["args"]["command"]), text(payload.get("cwd", "")))


def answer(verdict: Verdict, payload: Any) -> dict[str, Any]:
    if verdict.action in (Action.BLOCK, Action.ASK):
        return {"deny": verdict.reason}
    return {"command": verdict.rewritten} if verdict.rewritten else {}


AGENT = Agent(
    name="opencode",
    asks=False,
    rewrites=True,
    entry=Entry(
        user=".config/opencode/plugins/vectra-guard.js", project=".opencode/plugins/vectra-guard.js", text=PLUGIN
    ),
    read=read,
    answer=answer,
    limits="Cannot ask: what would ask is refused, and the agent is told what to do instead.",
)
