"""Charts as inline SVG: bars in a row, bars on top of each other by day, bars side by side. No script, no network.

A chart is 340 units wide and as wide as its place, so that its text is readable on a phone. Colours are the page's own
(``var(--host)`` and the like). Every bar has its number as a title; ``html`` repeats the numbers as a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 340
HEIGHT = 150
LEFT, BOTTOM, TOP = 34, 18, 6
ROW = 22


def rows(values: Mapping[str, float], colours: Mapping[str, str], unit: str = "") -> str:
    """One horizontal bar a name, with its number."""
    most = max(values.values(), default=0) or 1
    parts = []
    for number, (name, value) in enumerate(values.items()):
        y = number * ROW
        length = max(1.0, value / most * (WIDTH - 130 - 46))
        parts.append(
            f'<text x="0" y="{y + 14}">{escape(_short(name, 19))}<title>{escape(name)}</title></text>'
            f'<rect x="130" y="{y + 3}" width="{length:.1f}" height="15" rx="2" fill="{_colour(colours, name)}"/>'
            f'<text x="{135 + length:.1f}" y="{y + 14}" class="n">{shown(value)}{unit}</text>'
        )
    return _svg(max(ROW, len(values) * ROW), "".join(parts))


def stacked(days: Mapping[str, Mapping[str, float]], colours: Mapping[str, str]) -> str:
    """One bar a day, its parts on top of each other; the days that are missing in between are empty."""
    most = max((sum(day.values()) for day in days.values()), default=0) or 1
    step = (WIDTH - LEFT) / max(1, len(days))
    parts = [_scale(most)]
    for number, (day, values) in enumerate(days.items()):
        y = float(HEIGHT - BOTTOM)
        for name in colours:
            if not values.get(name):
                continue
            height = values[name] / most * (HEIGHT - BOTTOM - TOP)
            y -= height
            parts.append(
                f'<rect x="{LEFT + number * step + step * 0.1:.1f}" y="{y:.1f}" width="{step * 0.8:.1f}"'
                f' height="{height:.1f}" fill="{colours[name]}">'
                f"<title>{escape(day)}: {escape(name)} {shown(values[name])}</title></rect>"
            )
    return _svg(HEIGHT, "".join(parts) + _ends([*days]))


def columns(values: Mapping[str, float], colour: str) -> str:
    """A histogram: one bar a class, with its name below."""
    most = max(values.values(), default=0) or 1
    step = (WIDTH - LEFT) / max(1, len(values))
    parts = [_scale(most)]
    for number, (name, value) in enumerate(values.items()):
        height = value / most * (HEIGHT - BOTTOM - TOP)
        x = LEFT + number * step
        parts.append(
            f'<rect x="{x + step * 0.08:.1f}" y="{HEIGHT - BOTTOM - height:.1f}" width="{step * 0.84:.1f}"'
            f' height="{height:.1f}" fill="{colour}"><title>{escape(name)}: {shown(value)}</title></rect>'
            f'<text x="{x + step / 2:.1f}" y="{HEIGHT - 5}" class="n" text-anchor="middle">{escape(name)}</text>'
        )
    return _svg(HEIGHT, "".join(parts))


def shown(value: float) -> str:
    """A number as people read it."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _scale(most: float) -> str:
    """Lines at round numbers, at most four."""
    step = _round_up(most / 4)
    lines = []
    for number in range(int(most / step) + 1):
        y = HEIGHT - BOTTOM - number * step / most * (HEIGHT - BOTTOM - TOP)
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{LEFT - 4}" y="{y + 4:.1f}" class="n" text-anchor="end">{shown(number * step)}</text>'
        )
    return "".join(lines)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 …"""
    magnitude = 10 ** math.floor(math.log10(max(value, 1)))
    return next((float(magnitude * m) for m in (1, 2, 5, 10) if magnitude * m >= value), float(magnitude * 10))


def _ends(names: Sequence[str]) -> str:
    """The first and last name below the bars: all would not fit."""
    if not names:
        return ""
    last = f'<text x="{WIDTH}" y="{HEIGHT - 4}" class="n" text-anchor="end">{escape(names[-1])}</text>'
    first = f'<text x="{LEFT}" y="{HEIGHT - 4}" class="n">{escape(names[0])}</text>'
    return first + last if len(names) > 1 else first


def _colour(colours: Mapping[str, str], name: str) -> str:
    return colours.get(name, "var(--host)")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _svg(height: float, inside: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-hidden="true">{inside}</svg>'
