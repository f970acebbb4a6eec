"""The inline question: what was found, what it would do here, what is offered. Imported only to ask.

Drawn under the typed line on the terminal of the shell, in the foreground. Enter on [N]o, Esc, Ctrl-C, Ctrl-D, a closed
terminal, a time-out and any failure all mean no. What was typed before the question appeared and what is pasted
into it is thrown away: neither may answer it. The block is erased afterwards, one line stays, and the terminal is put
back. What it says of the world (``consequence``, ``memory``) may be missing; it is never waited for.
"""

from __future__ import annotations

from vectra_guard import messages
from vectra_guard.config.schema import Config
from vectra_guard.model import Decision, Request
from vectra_guard.prompt import memory
from vectra_guard.prompt.question import Answer, Question
from vectra_guard.prompt.terminal import ask_on_terminal


def ask(request: Request, decision: Decision, config: Config) -> Answer:
    """Ask on the controlling terminal, and remember what is to be remembered. No terminal means no."""
    messages.use(config.prompt.language)
    known = memory.recall(request, decision, config)
    answer = ask_on_terminal(Question(request, decision, config, known), config)
    memory.keep(request, decision, answer, config)
    return answer
