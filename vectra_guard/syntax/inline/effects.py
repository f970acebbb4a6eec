"""What code does to the world, language-neutral: each method writes one effect as shell.

The readers of all languages end here, so that python's ``shutil.rmtree`` and ruby's ``FileUtils.rm_rf`` become the
same line.
"""

from __future__ import annotations

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.emit import UNK, UNKNOWN_CODE, Lines

MAX_SHOWN = 1000
ENVIRONMENT = emit.output("env")


class Effects(Lines):
    """Gathers lines by effect. Arguments are values (``str`` with marks)."""

    __slots__ = ()

    def delete(self, targets: list[str], flags: str = "-f") -> None:
        if targets:
            self.add(f"rm {flags} {' '.join(map(emit.path, targets))}")

    def on_paths(self, command: str, *targets: str) -> None:
        if command == "rm -f" and any("**" in target for target in targets):  # all that lies below
            command, targets = "rm -rf", tuple(target.replace("**", "*") for target in targets)
        self.add(f"{command} {' '.join(map(emit.path, targets))}")

    def read_file(self, name: str) -> str:
        if not name or name == UNK or name == "-":
            return UNK
        return self.read(f"cat {emit.path(name)}")

    def truncate(self, name: str, *, append: bool = False) -> str:
        """A file opened for writing. Returns the line, for ``write`` to make better."""
        line = f": {'>>' if append else '>'} {emit.path(name)}"
        self.add(line)
        return line

    def write(self, name: str, data: str, opened: str = "", *, append: bool = False) -> str:
        """Text into a file. The returned line is what a further write replaces."""
        target = f"{'>>' if append else '>'} {emit.path(name)}"
        source = emit.sole_output(data)
        if source == f"cat {emit.path(name)}":  # read, changed, written back
            source, data = None, UNK
        if source is not None:
            line = f"{source} {target}"
        elif data in ("", UNK):
            line = f": {target}" if data == "" else f'printf %s "$__unknown" {target}'
        else:
            line = f"printf %s {emit.word(data)} {target}"
        if opened:
            self.replace(opened, line)
        else:
            self.add(line)
        return line

    def fetch(self, url: str, into: str = "") -> str:
        """A download. Its value is what came back."""
        if not url:
            return UNK
        if into:
            self.add(f"curl -o {emit.path(into)} {emit.word(url)}")
            return UNK
        return self.read(f"curl {emit.word(url)}")

    def send(self, url: str, data: str, method: str = "") -> str:
        """An upload. Its value is what came back."""
        verb = f"-X {emit.word(method.upper())} " if method and method.upper() not in ("GET", "POST") else ""
        source = emit.sole_output(data)
        if source is not None:
            shell = f"{source} | curl {verb}-d @- {emit.word(url)}"
        else:
            shell = f"curl {verb}-d {emit.word(data)} {emit.word(url)}"
        self.add(shell)
        return emit.output(shell)

    def upload(self, url: str, name: str) -> str:
        shell = f"curl -F file=@{emit.word(name)} {emit.word(url)}"
        self.add(shell)
        return emit.output(shell)

    def send_socket(self, data: str) -> None:
        if not self.network or data == "":
            return
        host, port = map(emit.word, self.network)
        source = emit.sole_output(data)
        if source is not None:
            self.add(f"{source} | nc {host} {port}")
        elif not emit.is_known(data) and data != UNK:
            self.add(f"printf %s {emit.word(data)} | nc {host} {port}")

    def receive_socket(self) -> str:
        self.receives = True
        if not self.network:
            return UNK
        host, port = map(emit.word, self.network)
        return self.read(f"nc {host} {port}")

    def listen(self, port: str) -> None:
        self.network = ("", port)

    def run_code(self, data: str, program: str) -> None:
        """Text that an interpreter runs although it cannot be read here."""
        source = emit.sole_output(data)
        self.add(f"{source} | {program}" if source is not None else UNKNOWN_CODE)

    def show(self, data: str) -> None:
        """Text that is printed: only what it discloses matters, never its words."""
        if emit.is_known(data):
            if self.shown is not None and len(self.shown) < MAX_SHOWN:
                self.shown.append(data)
            return
        self.shown = None
        names = [piece.partition(emit.END)[0] for piece in data.split(emit.VAR)[1:]]
        for name in names:
            self.add(f'echo "${{{name}}}"')

    def pipe_into(self, command: list[str], data: str) -> None:
        """A program given text on its standard input."""
        source = emit.sole_output(data)
        feeder = source if source is not None else f"printf %s {emit.word(data)}"
        self.add(f"{feeder} | {emit.words(command)}")

    def decoded(self, data: str, tool: str = "base64 -d") -> str:
        source = emit.sole_output(data)
        return emit.output(f"{source} | {tool}" if source is not None else f"printf %s {emit.word(data)} | {tool}")

    def encoded(self, data: str, tool: str = "base64") -> str:
        source = emit.sole_output(data)
        if source is not None:
            return emit.output(f"{source} | {tool}")
        return UNK if data == UNK else data
