"""The metrics as one page that needs nothing else: no script, no font, no network; light and dark, wide and narrow.

Every chart is followed by its numbers as a table, folded, for readers who do not see it. All text that came from
commands, folders or rules is escaped; a content policy forbids the page to load or run anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from vectra_guard.report import charts
from vectra_guard.report.text import seconds

PLACES = {
    "host": "var(--host)",
    "sandbox": "var(--sandbox)",
    "declined": "var(--declined)",
    "blocked": "var(--blocked)",
}
RISKS = {
    "low": "var(--host)",
    "medium": "var(--sandbox)",
    "high": "var(--declined)",
    "critical": "var(--blocked)",
}
PROMPTS = {"asked": "var(--declined)", "avoided": "var(--sandbox)"}
TOP = 10
"""Rules and folders that are shown."""

STYLE = """
:root{color-scheme:light dark;--ink:#1c2024;--faint:#60646c;--line:#e0e1e6;--back:#fcfcfd;--card:#fff;
--host:#4477aa;--sandbox:#228866;--declined:#d08700;--blocked:#c03030}
@media (prefers-color-scheme:dark){:root{--ink:#edeef0;--faint:#b0b4ba;--line:#363a3f;--back:#111113;--card:#18191b;
--host:#77aadd;--sandbox:#55bb99;--declined:#f0b040;--blocked:#ff7070}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--back);color:var(--ink);
font:16px/1.45 system-ui,sans-serif}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1rem;margin:0 0 .6rem}p{margin:.3rem 0;color:var(--faint)}
.tiles,.cards{display:grid;gap:.8rem;margin-top:.8rem}
.tiles{grid-template-columns:repeat(auto-fit,minmax(min(9rem,45%),1fr))}
.cards{grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr))}
.tile,section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem;min-width:0}
.tile b{display:block;font-size:1.4rem}.tile span{color:var(--faint);font-size:.85rem}
svg{width:100%;height:auto;display:block}svg text{fill:var(--ink);font-size:12px}
svg .n{fill:var(--faint);font-size:11px}
.grid{stroke:var(--line)}
.key{display:flex;flex-wrap:wrap;gap:.3rem .9rem;font-size:.85rem;color:var(--faint);margin:.4rem 0 0}
.key i{display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.35em}
details{margin-top:.5rem;font-size:.85rem}summary{cursor:pointer;color:var(--faint)}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.15rem .4rem .15rem 0;overflow-wrap:anywhere}
td.v{text-align:right;font-variant-numeric:tabular-nums}
"""


def page(summary: Mapping[str, Any], days: Mapping[str, Mapping[str, float]], buckets: Mapping[str, float]) -> str:
    """The whole page. ``summary`` is ``MetricsStore.summary``, ``days`` day -> place or prompt -> count, ``buckets``
    upper bound in seconds -> count."""
    cards = [
        _card("Runs by day", charts.stacked(_only(days, PLACES), PLACES), PLACES, _by_day(days, PLACES)),
        _card("Questions by day", charts.stacked(_only(days, PROMPTS), PROMPTS), PROMPTS, _by_day(days, PROMPTS)),
        _card(
            "Duration, seconds at most",
            charts.columns(_classes(buckets), "var(--host)"),
            {},
            list(_classes(buckets).items()),
        ),
        _card(
            "Risk", charts.rows(_known(summary["by_risk_level"], RISKS), RISKS), {}, _items(summary["by_risk_level"])
        ),
        _card("Package caches", _caches(summary), {}, _cache_times(summary)),
        _card("Rules that fired most", charts.rows(_top(summary["by_rule"]), {}), {}, _items(summary["by_rule"])),
        _card("Runtimes", charts.rows(_top(summary["by_runtime"]), {}), {}, _items(summary["by_runtime"])),
        _card("Folders, last runs", charts.rows(_top(summary["by_folder"]), {}), {}, _items(summary["by_folder"])),
    ]
    since = (
        f"since {summary['since'][:10]}, last {summary['last_updated'][:16]} UTC" if summary["since"] else "no runs yet"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\">"
        f"<title>Vectra Guard metrics</title><style>{STYLE}</style></head><body>"
        f"<h1>Vectra Guard</h1><p>{escape(since)}</p>"
        f'<div class="tiles">{"".join(_tiles(summary))}</div><div class="cards">{"".join(cards)}</div></body></html>\n'
    )


def _tiles(summary: Mapping[str, Any]) -> list[str]:
    rate = summary["cache_hit_rate"]
    values = {
        "runs": charts.shown(summary["total_executions"]),
        "in a sandbox": charts.shown(summary["sandbox_executions"]),
        "blocked": charts.shown(summary["blocked"]),
        "questions asked": charts.shown(summary["asked"]),
        "questions avoided": charts.shown(summary["avoided"]),
        "cache hits": f"{rate:.0%}" if rate is not None else "-",
        "duration, median": seconds(summary["p50_duration"]),
        "duration, 95th percentile": seconds(summary["p95_duration"]),
        "sandbox start, median": seconds(summary["p50_overhead"]),
        "judging a line, median": seconds(summary["p50_line_overhead"]),
    }
    return [f'<div class="tile"><b>{escape(v)}</b><span>{escape(name)}</span></div>' for name, v in values.items()]


def _card(title: str, chart: str, key: Mapping[str, str], numbers: Sequence[tuple[str, object]]) -> str:
    legend = "".join(f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in key.items())
    cells = "".join(
        f'<tr><td>{escape(str(name))}</td><td class="v">{escape(_cell(value))}</td></tr>' for name, value in numbers
    )
    body = chart if numbers else "<p>Nothing yet.</p>"
    table = f"<details><summary>numbers</summary><table>{cells}</table></details>" if numbers else ""
    return f'<section><h2>{title}</h2>{body}<div class="key">{legend}</div>{table}</section>'


def _cell(value: object) -> str:
    return charts.shown(value) if isinstance(value, int | float) else str(value)


def _only(days: Mapping[str, Mapping[str, float]], names: Mapping[str, str]) -> dict[str, dict[str, float]]:
    return {day: {n: v for n, v in values.items() if n in names} for day, values in days.items()}


def _by_day(days: Mapping[str, Mapping[str, float]], names: Mapping[str, str]) -> list[tuple[str, object]]:
    rows = (
        (day, ", ".join(f"{n} {charts.shown(values[n])}" for n in names if values.get(n)))
        for day, values in days.items()
    )
    return [(day, text) for day, text in rows if text]


def _classes(buckets: Mapping[str, float]) -> dict[str, float]:
    return {_bound(bound): count for bound, count in buckets.items()} if any(buckets.values()) else {}


def _bound(bound: str) -> str:
    if bound == "+Inf":
        return "more"
    value = float(bound)
    return f"{value:g}"


def _caches(summary: Mapping[str, Any]) -> str:
    return charts.rows({name: float(v) for name, v in _cache_seconds(summary).items()}, {
        "cache hit": "var(--sandbox)", "cache missed": "var(--declined)"}, " s")  # fmt: skip


def _cache_seconds(summary: Mapping[str, Any]) -> dict[str, float]:
    """Average duration of the runs with a cache, of those that are kept one by one."""
    found = {}
    for name, hit in (("cache hit", True), ("cache missed", False)):
        times = [r["duration"] for r in summary["execution_history"] if r["cache_hit"] is hit and r["duration"]]
        if times:
            found[name] = sum(times) / len(times)
    return found


def _cache_times(summary: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [(f"{name}, average", seconds(value)) for name, value in _cache_seconds(summary).items()]


def _items(values: Mapping[str, float]) -> list[tuple[str, object]]:
    ordered = sorted(values.items(), key=lambda item: -item[1])
    return [(name, value) for name, value in ordered]


def _top(values: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(values.items(), key=lambda item: -item[1])[:TOP])


def _known(values: Mapping[str, float], order: Mapping[str, str]) -> dict[str, float]:
    return {name: values[name] for name in order if name in values}
