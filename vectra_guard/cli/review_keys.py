"""One key at a time from the controlling terminal, for the question after a reviewed run.

What was typed before the question and what is pasted into it answers nothing. Ctrl-C, Ctrl-D, Esc and a closed
terminal are ``escape``. The terminal is put back on every way out. Nobody is there (OSError) when the terminal cannot
be opened or belongs to another job.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
from collections.abc import Iterator

_PASTE_ON, _PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
_PASTED, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_SEQUENCE = 0.05  # seconds within which the rest of an escape sequence follows


class Keys:
    def __init__(self) -> None:
        self.fd = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        try:
            if os.tcgetpgrp(self.fd) != os.getpgrp():
                raise OSError("the terminal belongs to another job")
            self._before = termios.tcgetattr(self.fd)
        except (OSError, termios.error) as err:
            os.close(self.fd)
            raise OSError(str(err)) from err

    def close(self) -> None:
        os.close(self.fd)

    def write(self, text: str) -> None:
        data = memoryview(text.encode("utf-8", "replace"))
        while data:
            data = data[os.write(self.fd, data) :]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Single keys, no echo, no signals, and pastes marked as such."""
        wanted = termios.tcgetattr(self.fd)
        wanted[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        termios.tcsetattr(self.fd, termios.TCSAFLUSH, wanted)
        os.write(self.fd, _PASTE_ON)
        try:
            yield
        finally:
            with contextlib.suppress(OSError, termios.error):
                os.write(self.fd, _PASTE_OFF)
                termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)

    def key(self, question: str, timeout: float = 0) -> str:
        """A character, ``enter`` or ``escape``; ``escape`` too after ``timeout`` seconds (0: never)."""
        with self._alone():
            self.write(question)  # only now: what is pressed once it can be read counts
            while True:
                if timeout and not self._waiting(timeout):
                    return "escape"
                found = self._one()
                if found:
                    return found

    def _waiting(self, seconds: float) -> bool:
        return bool(select.select([self.fd], [], [], seconds)[0])

    def _one(self) -> str:
        """Empty for what is no answer: a paste, an arrow key, several keys at once."""
        data = self._read()
        if data == b"\x1b" and self._waiting(_SEQUENCE):
            data += self._read()
        if data.startswith(_PASTED):
            while _PASTE_END not in data:
                more = self._read()
                if not more:
                    return "escape"
                data = data[-len(_PASTE_END) :] + more
            return ""
        if data in (b"", b"\x1b", b"\x03", b"\x04"):
            return "escape"
        if data in (b"\r", b"\n"):
            return "enter"
        text = data.decode("utf-8", "replace")
        return text.lower() if len(text) == 1 and text.isprintable() else ""

    def _read(self) -> bytes:
        try:
            return os.read(self.fd, 4096)
        except OSError:  # the terminal went away
            return b""

    def line(self, question: str) -> str:
        """A line, edited as the terminal does; empty for Ctrl-C, Ctrl-D and Enter alone."""
        wanted = termios.tcgetattr(self.fd)
        wanted[3] |= termios.ICANON | termios.ECHO | termios.ISIG
        termios.tcsetattr(self.fd, termios.TCSAFLUSH, wanted)
        self.write(question)
        try:
            typed = b""
            while not typed.endswith(b"\n"):
                part = self._read()
                if not part:
                    break
                typed += part
        except KeyboardInterrupt:
            self.write("\n")
            typed = b""
        finally:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)
        return typed.decode("utf-8", "surrogateescape").strip()
