"""Text as the database can hold it. A command line or path may hold bytes that are no UTF-8."""

from __future__ import annotations

import os


def storable(text: str) -> str:
    """Text for people: bytes that are no UTF-8 become the replacement character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text


def folder_value(path: str) -> str | bytes:
    """A path for comparing: exact, as bytes where it is no UTF-8 (a text and a blob are never equal)."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def place_value(folder: str) -> str | bytes:
    """A folder as it is compared: with links resolved, so that a link cannot carry trust to where it points."""
    return folder_value(os.path.realpath(folder)) if folder else ""
