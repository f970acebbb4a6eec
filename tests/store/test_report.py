"""``vg metrics report`` and ``watch``: a page that stands alone, in a real browser, and a view that follows."""

from __future__ import annotations

import html.parser
import os
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pexpect
import pytest

from tests.conftest import need
from vectra_guard.cli import main
from vectra_guard.store import db
from vectra_guard.store.metrics import MetricsStore, Run

HOSTILE = "<script>alert(1)</script>&\"'\x1b[31m"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fill(days: int = 20) -> None:
    dice = random.Random(3)
    store = MetricsStore(db.open(None), 100)
    for day in range(days):
        for number in range(dice.randrange(3, 12)):
            runtime = dice.choice(["host", "host", "bubblewrap", "none"])
            store.record(
                Run(
                    time=time.time() - day * 86400 - number,
                    command=f"npm install {HOSTILE}",
                    decision="sandbox",
                    runtime=runtime,
                    risk=dice.choice(["low", "medium", "high"]),
                    rules=[f"<b>{HOSTILE}", "install.npm"],
                    cache_hit=dice.choice([True, False, None]) if runtime == "bubblewrap" else None,
                    duration=dice.expovariate(1),
                    status=0,
                    answer=dice.choice(["", "", "host", "no"]),
                    cwd=f"/{HOSTILE}",
                )
            )


class Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]


def test_the_page_stands_alone_and_nothing_in_it_runs(place: Path) -> None:
    fill()
    assert main.main(["metrics", "report", "-o", "r.html"]) == 0
    text = (place / "r.html").read_text()
    page = Page(text)
    assert page.links == [] and "script" not in page.tags and "b" not in page.tags[page.tags.index("section") :]
    assert "url(" not in text and "@import" not in text and "default-src 'none'" in text
    assert page.tags.count("svg") >= 6 and page.tags.count("rect") > 40
    assert "prefers-color-scheme:dark" in text and "width=device-width" in text


def test_an_empty_store_has_a_page_too(place: Path) -> None:
    assert main.main(["metrics", "report"]) == 0
    assert "no runs yet" in (place / "vectra-guard-report.html").read_text()
    assert main.main(["metrics", "report", "-o", "nowhere/r.html"]) == 64


def pixels(png: bytes) -> tuple[int, int, set[bytes]]:
    """(width, height, colours of one row in twenty) of an eight-bit PNG without interlacing."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    size = {2: 3, 6: 4}[kind]
    at, data = 8, b""
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    raw, stride = zlib.decompress(data), width * size + 1
    rows = [raw[n * stride + 1 : (n + 1) * stride] for n in range(0, height, 20)]
    return width, height, {row[n : n + size] for row in rows for n in range(0, len(row) - size, size)}


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 390)])
def test_a_browser_draws_it(place: Path, scheme: str, width: int) -> None:
    need(shutil.which("chromium"), "chromium")
    fill()
    main.main(["metrics", "report", "-o", "r.html"])
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *dark,
        f"--window-size={width},1600", f"--user-data-dir={place}/profile", f"--screenshot={place}/r.png",
        f"file://{place}/r.html",
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    seen_width, seen_height, colours = pixels((place / "r.png").read_bytes())
    assert (seen_width, seen_height) == (width, 1600)
    assert len(colours) > 20, "nothing is drawn"
    # no chart or table sticks out of a narrow screen
    dump = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", f"--user-data-dir={place}/profile", "--dump-dom", "r.html"],
        capture_output=True, text=True, timeout=120, cwd=place,
    )  # fmt: skip
    assert "<svg" in dump.stdout


@pytest.mark.pty
def test_watch_follows_and_ends_with_ctrl_c(place: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "vectra_guard", "metrics", "watch", "--interval", "0.2"],
        env={**os.environ, "TERM": "xterm"},
        encoding="utf-8",
        dimensions=(40, 120),
    )
    child.expect("total runs", timeout=30)
    store = MetricsStore(db.open(None), 100)
    store.record(Run(time=time.time(), command="sleep-marker", decision="host", runtime="host", risk="low"))
    child.expect("sleep-marker", timeout=30)
    child.sendcontrol("c")
    child.expect(pexpect.EOF, timeout=30)
    child.close()
    assert child.exitstatus == 0
    assert main.main(["metrics", "watch"]) == 64, "not a terminal"
