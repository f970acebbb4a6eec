"""The words that hooks, ``vg`` and the resident evaluator say to each other.

Hook request, over a FIFO pair (bash, fish) or the unix socket (zsh): fields, each one tag character and its
value, separated by NUL, the record opened and closed by two NULs::

    \\0\\0 s<seq>\\0p<shell pid>\\0k<bash|zsh|fish>\\0v<protocol version>\\0d<cwd>\\0c<line as typed>\\0 … \\0\\0

    s  sequence number or token, echoed in the answer; a late answer to another question is thrown away
    p  process id of the shell          k  kind of shell        v  PROTOCOL_VERSION       d  working directory
    c  the line as typed (whole construct so far)
    x  the line after history expansion, where it differs
    a  NAME=TEXT alias of a word in the line (repeated); g the same for zsh global, u for zsh suffix aliases
    f  source of a function named by a word in the line (repeated), as the shell prints it
    e  NAME=VALUE of the shell's environment (repeated): what judging looks at
    z  exit status of the previous line   t  its duration in milliseconds
    q  1: continues the construct of the question before (bash hands over each line as it comes)
    n  1: # starts no comment in this shell
    m  what is wanted: absent = judge; "answer" = what became of the ask in field i; anything else ("hello", "bye")
       is only taken note of
    i  id of an ask
    l  1: too long for a pipe; the record itself lies in the shell's file PID.rec

Hook answer: ``SEQ VERDICT PAYLOAD\\0``. Verdicts:

    A            run the line as it is
    R LINE       run LINE in the shell's own context instead; history keeps what was typed
    B MESSAGE    do not run; show MESSAGE; status 3
    K ID         run ``vg ask ID`` on the terminal in the foreground, then send m=answer, i=ID
    W MESSAGE    show MESSAGE, run the line as it is

``vg`` speaks over the unix socket with one field ``j`` holding a JSON object ``{"op": …}``; the answer is one JSON
object and a NUL. Operations: ``grant`` (id, argv, cwd, pid) · ``ask`` (id) · ``answer`` (id, choice, scope,
duration) · ``judge`` (line, cwd, shell, argv?) · ``status`` · ``reload`` · ``stop``.
"""

from __future__ import annotations

PROTOCOL_VERSION = "1"
