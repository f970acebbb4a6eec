"""What a run did, as text of one screen: totals, what needs eyes, then the paths, folders collapsed. Pure.

Whatever a file is called, one row stays one row and nothing in it drives the terminal. The rows are chosen so that
they fit: the folder with most in it is opened while there is room, so a few changes are all named and ten thousand
become a handful of folders. Colour is the caller's business: each row says what it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vectra_guard.sandbox.workspace.changes import Change, Changes
from vectra_guard.sandbox.workspace.marks import MEANING

SIGNS = {"added": "+", "changed": "~", "deleted": "-", "type": "~", "mode": "%", "times": "."}
_FOR_MARKED = 8
_COLUMN = 42


class Row(NamedTuple):
    """``what``: title, total, mark, path or more."""

    what: str
    sign: str
    text: str


class Totals(NamedTuple):
    added: int
    changed: int
    deleted: int
    mode: int
    flagged: int
    bytes_added: int
    bytes_deleted: int


def totals(changes: Changes) -> Totals:
    """Files, not folders, but for a folder that is all there is."""
    count = dict.fromkeys(SIGNS, 0)
    more = less = 0
    for item in changes.items:
        files = item.files
        if item.op == "type":
            count["changed"] += 1
            count["deleted"] += files if item.old_kind == "dir" else 0
        else:
            count[item.op] += files
        if item.op == "deleted":
            less += item.size
        elif item.op in ("added", "changed", "type"):
            more += max(0, item.size - item.old_size)
            less += max(0, item.old_size - item.size)
    flagged = sum(bool(item.marks) for item in changes.items)
    return Totals(count["added"], count["changed"], count["deleted"], count["mode"], flagged, more, less)


def rows(changes: Changes, *, title: str = "", note: str = "", width: int = 80, height: int = 24) -> list[Row]:
    """At most ``height`` rows of at most ``width`` columns."""
    out = [Row("title", "", fit(safe(title), width))] if title else []
    out.append(Row("total", "", fit(_total(totals(changes)), width)))
    if note:
        out.append(Row("total", "", fit(safe(note), width)))
    marked = [item for item in changes.items if item.marks]
    # what may do harm before what is merely worth a look
    marked.sort(key=lambda item: ("conflict" not in item.marks, "runs-later" not in item.marks, item.path))
    room = max(3, height - len(out))
    shown = marked if len(marked) <= min(_FOR_MARKED, room // 2) else marked[: min(_FOR_MARKED, room // 2) - 1]
    for item in shown:
        why = "; ".join(MEANING[mark] for mark in item.marks)
        out.append(Row("mark", "!", _pair(f"! {_name(item)}", f"{_word(item)}, {why}", width)))
    if len(shown) < len(marked):
        out.append(Row("mark", "!", fit(f"! and {len(marked) - len(shown)} more that need eyes", width)))
    named = {item.path for item in shown}
    out += _paths([item for item in changes.shown if item.path not in named], max(1, height - len(out)), width)
    return out[:height]


def text(changes: Changes, **options: Any) -> str:
    return "\n".join(row.text for row in rows(changes, **options))


def _total(found: Totals) -> str:
    parts = []
    for word, number, size in (
        ("added", found.added, found.bytes_added),
        ("changed", found.changed, 0),
        ("deleted", found.deleted, found.bytes_deleted),
        ("permissions", found.mode, 0),
    ):
        if number:
            parts.append(f"{word} {number:,}" + (f" ({human(size)})" if size else ""))
    if found.flagged:
        parts.append(f"{found.flagged:,} need eyes")
    return ", ".join(parts) or "only folders and times changed"


# -- folders ---------------------------------------------------------------------------------------------------


@dataclass
class _Node:
    name: str
    item: Change | None = None
    below: dict[str, _Node] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    size: int = 0

    @property
    def weight(self) -> int:
        return sum(self.count.values())


def _paths(items: Sequence[Change], room: int, width: int) -> list[Row]:
    if not items:
        return []
    top = _grown(items)
    shown: list[tuple[str, _Node]] = [("", top)]
    while True:
        folders = [entry for entry in shown if entry[1].below]
        folders.sort(key=lambda entry: (entry[1].weight, entry[0]), reverse=True)
        for entry in folders:
            path, node = entry
            opened = [(f"{path}/{child.name}" if path else child.name, child) for child in node.below.values()]
            extra = len(opened) - 1 + (_speaks(node) and bool(path))
            if len(shown) + extra <= room and (node is top or len(opened) == 1 or node.weight < 100):
                at = shown.index(entry)
                own = [(path, _Node(node.name, node.item, {}, {"": 1}))] if path and _speaks(node) else []
                shown[at : at + 1] = own + opened
                break
        else:
            break
    shown.sort(key=lambda entry: (-entry[1].weight, -entry[1].size, entry[0]))
    if len(shown) > 1 or shown[0][1] is not top:
        return [_row(path, node, width) for path, node in shown]
    # too many side by side: the biggest, and how many more
    children = sorted(top.below.values(), key=lambda node: (-node.weight, -node.size, node.name))
    out = [_row(node.name, node, width) for node in children[: max(0, room - 1)]]
    rest = children[max(0, room - 1) :]
    out.append(Row("more", "", fit(f"  and {sum(node.weight for node in rest):,} more", width)))
    return out


def _speaks(node: _Node) -> bool:
    """Does the folder itself need a row when what is in it is listed?"""
    return node.item is not None and node.item.op in ("mode", "type")


def _grown(items: Sequence[Change]) -> _Node:
    top = _Node("")
    for item in items:
        node = top
        chain = [top]
        for part in item.path.split("/"):
            found = node.below.get(part)
            if found is None:
                found = node.below[part] = _Node(part)
            node = found
            chain.append(node)
        node.item = item
        if item.files or item.kind != "dir":
            for link in chain:
                link.count[item.op] = link.count.get(item.op, 0) + max(1, item.files)
                link.size += item.size if item.op != "mode" else 0
    return top


def _row(path: str, node: _Node, width: int) -> Row:
    item = node.item
    if item is not None and not node.below:
        return Row("path", SIGNS[item.op], _pair(f"{SIGNS[item.op]} {_name(item)}", _word(item), width))
    while len(node.below) == 1 and not _speaks(node):
        child = next(iter(node.below.values()))
        path, node = f"{path}/{child.name}", child
        if node.item is not None and not node.below:
            return _row(path, node, width)
    signs = list(node.count)
    sign = SIGNS[signs[0]] if len(signs) == 1 else "~"
    numbers = ", ".join(f"{SIGNS[op]}{number:,}" for op, number in sorted(node.count.items()))
    one = node.weight == 1
    tail = (
        f"{numbers} {'file' if one else 'files'}{f', {human(node.size)}' if node.size else ''}" if numbers else "empty"
    )
    return Row("path", sign, _pair(f"{sign} {safe(path)}/", tail, width))


def _name(item: Change) -> str:
    name = safe(item.path)
    if item.kind == "dir":
        return f"{name}/"
    return f"{name} -> {safe(item.target)}" if item.kind == "link" and item.target else name


def _word(item: Change) -> str:
    if item.op == "deleted":
        many = f"-{item.files:,} {'file' if item.files == 1 else 'files'}, " if item.kind == "dir" else "deleted, "
        return f"{many}{human(item.size)}"
    if item.op == "mode":
        before, after = item.old_mode or 0, item.mode
        return "attributes" if before == after else f"permissions {before:04o} to {after:04o}"
    if item.op == "type":
        return f"was a {item.old_kind}, is a {item.kind}"
    if item.op == "changed":
        return f"{human(item.old_size)} to {human(item.size)}" if item.kind == "file" else "changed"
    return f"new, {human(item.size)}" if item.kind == "file" else f"new {item.kind}"


# -- safe text -------------------------------------------------------------------------------------------------


def safe(text: str) -> str:
    """One line, whatever is in it: control, direction and unprintable characters become escapes."""
    if text.isascii() and text.isprintable():
        return text
    out = []
    for char in text:
        code = ord(char)
        if char.isprintable():
            out.append(char)
        elif 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, by surrogateescape
            out.append(f"\\x{code - 0xDC00:02x}")
        else:
            named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e"}.get(char)
            out.append(named or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"))
    return "".join(out)


def columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def fit(text: str, width: int) -> str:
    """Cut in the middle: of a long path the end says most."""
    if columns(text) <= width:
        return text
    keep = max(4, width - 3)
    head, tail = text[: keep // 3], text[-(keep - keep // 3) :]
    while tail and columns(head) + columns(tail) + 3 > width:
        tail = tail[1:]
    return f"{head}...{tail}"


def _pair(left: str, right: str, width: int) -> str:
    """Two columns; of a narrow row the left one gives way down to a third."""
    right = fit(right, max(width - columns(left) - 2, width * 2 // 3 - 2))
    left = fit(left, width - columns(right) - 2)
    column = min(_COLUMN, width - columns(right) - 2)
    return f"{left}{' ' * max(0, column - columns(left))}  {right}"


def human(count: float) -> str:
    """Bytes as people write them."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
