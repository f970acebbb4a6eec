"""``vg hook SHELL``: print the hook, or edit the shell's start-up file to load it.

``--install`` writes the rendered hook into the user's data folder and one ``source`` line between markers at the end
of the start-up file (after frameworks, so that the hook sees their widgets), with a backup beside it. Repeating it
changes nothing. ``--uninstall`` takes exactly those bytes out again. A file is replaced atomically or not at all.
"""

from __future__ import annotations

import os

from vectra_guard import paths, shells, whole_files
from vectra_guard.errors import GuardError

BEGIN = "# >>> vectra-guard >>>"
END = "# <<< vectra-guard <<<"


def run(args: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="vg hook", description="Print or install the hook of a shell.", epilog="example: vg hook zsh --install"
    )
    parser.add_argument("shell", nargs="?", choices=sorted(shells.SHELLS), help="all that are found, when left out")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--install", action="store_true", help="load the hook from the shell's start-up file")
    group.add_argument("--uninstall", action="store_true", help="take it out again, to the byte")
    options = parser.parse_args(args)
    wanted = [options.shell] if options.shell else shells.installed()
    for shell in wanted:
        if options.install:
            print(install(shell))
        elif options.uninstall:
            print(uninstall(shell))
        else:
            print(shells.render(shell, python=shells.interpreter(), vg=shells.vg()), end="")
    return 0


def hook_file(shell: str) -> str:
    return os.path.join(paths.data_dir(), "hooks", f"vg.{shell}")


def write_hook(shell: str, path: str | None = None) -> str:
    """Render the hook of a shell to a file with absolute paths inside; returns its path."""
    path = path or hook_file(shell)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    whole_files.replace(path, shells.render(shell, python=shells.interpreter(), vg=shells.vg()).encode(), 0o600)
    return path


def install(shell: str) -> str:
    path = write_hook(shell)
    rc = shells.rc_file(shell)
    before = whole_files.read(rc)
    block = _block(shell, path)
    if block in before:
        return f"{rc}: loads the guard already"
    if BEGIN.encode() in before:
        before = _without(before, rc)
    # a last line without its newline is remembered in the marker, so that --uninstall can put it back as it was
    glue = b"\n" if before and not before.endswith(b"\n") else b""
    _backup(rc, before)
    os.makedirs(os.path.dirname(rc), exist_ok=True)
    whole_files.replace(rc, before + glue + (block.replace(END.encode(), END.encode() + b" +") if glue else block))
    return f"{rc}: loads the guard in new shells (backup: {rc}.vg-backup)"


def uninstall(shell: str) -> str:
    rc = shells.rc_file(shell)
    before = whole_files.read(rc)
    if BEGIN.encode() not in before:
        return f"{rc}: does not load the guard"
    after = _without(before, rc)
    if after or whole_files.read(f"{rc}.vg-backup"):
        whole_files.replace(rc, after)
    else:
        os.unlink(rc)  # it was not there before us
    for leftover in (f"{rc}.vg-backup", hook_file(shell)):
        if os.path.exists(leftover):
            os.unlink(leftover)
    return f"{rc}: as it was"


def _block(shell: str, path: str) -> bytes:
    quoted = "'" + path.replace("'", "'\\''") + "'"
    test = f"test -r {quoted}; and source {quoted}" if shell == "fish" else f"[ -r {quoted} ] && . {quoted}"
    return f"{BEGIN}\n{test}\n{END}\n".encode("utf-8", "surrogateescape")


def _without(content: bytes, rc: str) -> bytes:
    start = content.index(BEGIN.encode())
    end = content.find(END.encode(), start)
    if end < 0:
        raise GuardError(f"{rc}: the marker {END!r} is gone; take our block out by hand")
    line_end = content.find(b"\n", end)
    line_end = len(content) if line_end < 0 else line_end + 1
    glued = content[end:line_end].rstrip(b"\n").endswith(b" +")
    head = content[: start - 1] if glued and content[start - 1 : start] == b"\n" else content[:start]
    return head + content[line_end:]


def _backup(rc: str, content: bytes) -> None:
    if content and not os.path.exists(f"{rc}.vg-backup"):
        whole_files.replace(f"{rc}.vg-backup", content, 0o600)
