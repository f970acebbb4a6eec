"""``vg exec [options] -- CMD ARG…`` or ``vg exec [options] "LINE"``.

The options are read by hand: argparse would cost 6 ms of every sandboxed command.
"""

from __future__ import annotations

from vectra_guard import execute
from vectra_guard.errors import UsageError

VALUES = {
    "--mode": "sandbox.mode",
    "--level": "sandbox.security_level",
    "--runtime": "sandbox.runtime",
    "--network": "sandbox.network_mode",
    "--image": "sandbox.image",
    "--workspace": "sandbox.workspace",
    "--timeout": "sandbox.timeout",
}
SHORT = {"--review": ("sandbox.workspace", "review"), "--direct": ("sandbox.workspace", "direct")}
SWITCHES = ("--host", "--interactive", "--dry-run", "--json", "--line")
HELP = """usage: vg exec [options] -- CMD ARG…
       vg exec [options] "LINE"

Judges the command, then runs it on the host, in a sandbox, or not at all.
Everything after -- is the command.

  --mode auto|always|risky|never     what is sandboxed
  --level permissive|balanced|strict|paranoid
  --runtime auto|bubblewrap|podman|docker
  --network full|restricted|none
  --image IMAGE                      container image
  --workspace direct|review|ro       how the project folder appears (--review, --direct for short)
  --keep-if 'deleted == 0 and …'     review, and keep the changes without asking if the condition holds
  --summary FILE                     write what became of the reviewed changes to FILE, as JSON
  --timeout SECONDS                  end the whole run after this long (status 124)
  --host                             overrule the guard, at a terminal, by typing the word it asks for
  --interactive                      ask even where no terminal is seen
  --dry-run                          say what would happen; run nothing (--json for programs)
  --shell bash|zsh|fish|sh           which shell reads LINE (bash)
  --keep-env NAME,NAME               variables that the sandbox is to see besides the usual ones

status: the command's own (128+n for a signal); 3 refused; 124 time-out; 125 the guard could not do its job

examples:
  vg exec -- npm install
  vg exec "cd web && npm install && npm test"
  vg exec --level strict --network none -- make"""


def run(args: list[str]) -> int:
    if not args or args[0] in ("-h", "--help"):
        print(HELP)
        return 0 if args else 64
    options, rest, separated, line = parse(args)
    if not rest:
        raise UsageError("nothing to run; example: vg exec -- npm install")
    if line or (not separated and len(rest) == 1):
        return execute.run_line(" ".join(rest), options)
    return execute.run_argv(rest, options)


def parse(args: list[str]) -> tuple[execute.Options, list[str], bool, bool]:
    """(options, what to run, whether ``--`` stood before it, whether it is a line)."""
    flags: dict[str, str] = {}
    switches: set[str] = set()
    said = {"--grant": "", "--shell": "bash", "--keep-env": "", "--keep-if": "", "--summary": ""}
    position = 0
    while position < len(args) and args[position].startswith("-") and args[position] != "--":
        name, equals, value = args[position].partition("=")
        position += 1
        if name in SWITCHES and not equals:
            switches.add(name)
        elif name in SHORT and not equals:
            flags[SHORT[name][0]] = SHORT[name][1]
        elif name in VALUES or name in said:
            if not equals:
                if position >= len(args):
                    raise UsageError(f"{name} needs a value")
                value = args[position]
                position += 1
            if name in VALUES:
                flags[VALUES[name]] = value
            else:
                said[name] = value
        else:
            raise UsageError(f"vg exec has no option {name}; the command starts after --. `vg exec --help` lists all")
    if said["--keep-if"]:
        from vectra_guard.sandbox.workspace import condition  # a wrong condition is said before anything runs

        condition.parse(said["--keep-if"])
        if flags.setdefault("sandbox.workspace", "review") != "review":
            raise UsageError("--keep-if needs a reviewed run; leave the other --workspace option out")
    if flags.get("sandbox.workspace") in ("review", "ro"):
        # who asks for a view or a read-only project asks for a sandbox: never a silent direct run
        flags.setdefault("sandbox.mode", "always")
    separated = position < len(args) and args[position] == "--"
    options = execute.Options(
        flags=flags,
        grant=said["--grant"],
        shell=said["--shell"],
        keep_env=tuple(name for name in said["--keep-env"].split(",") if name),
        keep_if=said["--keep-if"],
        summary=said["--summary"],
        host="--host" in switches,
        interactive="--interactive" in switches,
        dry_run="--dry-run" in switches,
        json="--json" in switches,
        words=tuple(word for key, value in flags.items() for word in (_option(key), value)),
    )
    return options, args[position + separated :], separated, "--line" in switches


def _option(key: str) -> str:
    return next(name for name, known in VALUES.items() if known == key)
