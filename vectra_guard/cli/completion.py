"""``vg completion SHELL``: completions for bash, zsh and fish, made from the table of commands.

``vg completion bash > ~/.local/share/bash-completion/completions/vg`` and the like for the others.
"""

from __future__ import annotations

from vectra_guard.cli.exec import SHORT, SWITCHES, VALUES

ACTIONS = {
    "trust": "list show add remove clean export import",
    "metrics": "show history export reset",
    "preset": "list show diff use",
    "config": "show check schema allow set allow-host",
    "cache": "list clean",
    "review": "list show keep drop pick",
    "hook": "bash zsh fish",
    "completion": "bash zsh fish",
}
CHOICES = {
    "--mode": "auto always risky never",
    "--level": "permissive balanced strict paranoid",
    "--runtime": "auto bubblewrap podman docker",
    "--network": "full restricted none",
    "--workspace": "direct review ro",
}


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg completion", description="Completions for a shell.", epilog="example: vg completion fish | source"
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))
    print({"bash": bash, "zsh": zsh, "fish": fish}[parser.parse_args(args).shell](), end="")
    return 0


def _commands() -> dict[str, str]:
    from vectra_guard.cli.main import COMMANDS

    return {name: text for name, (_, text) in COMMANDS.items() if text}


def _exec_options() -> list[str]:
    return [*VALUES, *SHORT, *SWITCHES, "--shell"]


def bash() -> str:
    lines = ["_vg() {", '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=""']
    lines.append("  if [ $COMP_CWORD -eq 1 ]; then")
    lines.append(f'    words="{" ".join(_commands())}"')
    lines.append('  else case "${COMP_WORDS[1]}" in')
    for name, actions in ACTIONS.items():
        lines.append(f'    {name}) [ $COMP_CWORD -eq 2 ] && words="{actions}" ;;')
    lines.append('    exec) case "$prev" in')
    for option, choices in CHOICES.items():
        lines.append(f'      {option}) words="{choices}" ;;')
    lines.append(f'      *) words="{" ".join(_exec_options())}" ;;')
    lines += ["    esac ;;", "  esac; fi", '  COMPREPLY=($(compgen -W "$words" -- "$cur"))', "}"]
    return "\n".join([*lines, "complete -o default -F _vg vg vectra-guard", ""])


def zsh() -> str:
    lines = ["#compdef vg vectra-guard", "_vg() {", "  if (( CURRENT == 2 )); then", "    local -a commands=("]
    lines += [f"      '{name}:{text.replace(':', ' ')}'" for name, text in _commands().items()]
    lines += ["    )", "    _describe command commands", "    return", "  fi", '  case "$words[2]" in']
    lines += [f"    {name}) (( CURRENT == 3 )) && compadd {actions} || _files ;;" for name, actions in ACTIONS.items()]
    lines.append('    exec) case "$words[CURRENT-1]" in')
    lines += [f"      {option}) compadd {choices} ;;" for option, choices in CHOICES.items()]
    lines += [f"      *) compadd -- {' '.join(_exec_options())}; _command_names; _files ;;", "    esac ;;"]
    return "\n".join([*lines, "    *) _files ;;", "  esac", "}", "compdef _vg vg vectra-guard", ""])


def fish() -> str:
    lines = ["complete -c vg -f -n __fish_use_subcommand"]
    for name, text in _commands().items():
        lines.append(f"complete -c vg -f -n __fish_use_subcommand -a {name} -d '{text}'")
    for name, actions in ACTIONS.items():
        lines.append(f"complete -c vg -n '__fish_seen_subcommand_from {name}' -f -a '{actions}'")
    for option in _exec_options():
        choices = f" -x -a '{CHOICES[option]}'" if option in CHOICES else ""
        lines.append(f"complete -c vg -n '__fish_seen_subcommand_from exec' -l {option[2:]}{choices}")
    return "\n".join([*lines, ""])
