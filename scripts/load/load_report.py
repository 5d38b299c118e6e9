"""A load test's figures as one page that needs nothing else: tables and plots."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import load_aims
import load_table
import svg_plots
from svg_plots import linear, logarithmic, nines, percentiles

MILLI = 1000.0
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 62em; color: #222 }
table { border-collapse: collapse; font-size: 13px; margin: 1em 0 }
td, th { padding: 3px 9px; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left }
svg { font: 11px system-ui, sans-serif; display: block; margin: 1em 0 }
.grid line { stroke: #ddd }
.wrong { color: #b00020; font-weight: bold }
"""


def page(
    figures: Mapping[str, Any], problems: Sequence[str], surroundings: Mapping[str, str]
) -> str:
    """Returns the page."""
    facts = " · ".join(f"{html.escape(k)}: {html.escape(v)}" for k, v in surroundings.items())
    wrong = "".join(f'<p class="wrong">{html.escape(problem)}</p>' for problem in problems)
    verdict = wrong or "<p>Every trade of every run arrived; nothing was lost.</p>"
    parts = [
        "<h1>Tapestream load test</h1>",
        f"<p>{facts}</p>{verdict}",
        "<h2>Aims</h2>",
        _table(load_aims.rows(figures)),
        "<h2>Catch-up, and other designs on the same trades</h2>",
        _table(load_table.catch_up_rows(figures)),
        "<p>CPU a trade, microseconds, by stage; other designs by process.</p>",
        _stages(figures),
        "<p>Throughput of the catch-up over time.</p>",
        _timeline({"catch-up": figures["catch_up"]}),
        "<h2>Steady</h2>",
        "<p>Milliseconds. Receipt is when the message is stamped in the ingester; due is when the"
        " market was to send it, whatever held either up. Hand-over is since the start, warm-up"
        " included, and up to 1 ms too long.</p>",
        _table(load_table.steady_rows(figures)),
        "<p>Receipt to acknowledgement by percentile.</p>",
        _delays(figures["steady"], "receipt_to_acknowledgement_us"),
        "<p>Due to acknowledgement by percentile.</p>",
        _delays(figures["steady"], "due_to_acknowledgement_us"),
        "<p>Receipt to hand-over to the KPL by percentile.</p>",
        _hand_over(figures["steady"]),
        "<h2>Burst</h2>",
        _table(load_table.burst_rows(figures)),
        _timeline({"burst": figures["burst"]}),
    ]
    if figures.get("shards"):
        parts += ["<h2>One shard</h2>", _table(load_table.shard_rows(figures))]
        parts.append(_timeline({"one shard": figures["shards"]}))
    parts += _scale(figures)
    if figures.get("idle"):
        parts += ["<h2>Idle</h2>", _table(load_table.idle_rows(figures))]
    title = "Tapestream load test"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _scale(figures: Mapping[str, Any]) -> list[str]:
    parts = []
    if figures.get("scale_symbols"):
        parts += [
            "<h2>Scale: number of symbols</h2>",
            _table(load_table.symbol_rows(figures)),
            _piles({f"{run['symbols']:,}": run["stages_us"] for run in figures["scale_symbols"]}),
        ]
    if len(figures["steady"]) > 1:
        parts += [
            "<h2>Scale: load</h2>",
            _table(load_table.load_rows(figures)),
            _piles({f"{run['rate']:,}/s": run["stages_us"] for run in figures["steady"]}),
        ]
    return parts


def _table(rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in rows[0])
    lines = [
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows[1:]
    ]
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _stages(figures: Mapping[str, Any]) -> str:
    ours = figures["catch_up"]
    columns = {"tapestream": ours["stages_us"], "2nd half": ours["stages_us_second_half"]}
    for taken in figures["baselines"]:
        columns[taken["kind"]] = {"jvm": taken["cpu_us_jvm"], "daemon": taken["cpu_us_daemon"]}
    return _piles(columns)


def _piles(columns: Mapping[str, Mapping[str, float]]) -> str:
    highest = max(sum(parts.values()) for parts in columns.values())
    return svg_plots.bars(linear("CPU us a trade", highest), columns)


def _timeline(runs: Mapping[str, Mapping[str, Any]]) -> str:
    series = {name: [(t, n * 10) for t, n in run["timeline"]] for name, run in runs.items()}
    latest = max(t for points in series.values() for t, _ in points)
    most = max(n for points in series.values() for _, n in points)
    axes = linear("seconds", max(latest, 0.1)), linear("trades/s acknowledged", most)
    return svg_plots.lines(*axes, series)


def _delays(runs: Sequence[Mapping[str, Any]], name: str) -> str:
    series = {
        f"{run['rate']:,} trades/s": [
            (nines(percentile), max(micros, 100) / MILLI)
            for percentile, micros in run[name].get("points", [])
        ]
        for run in runs
    }
    return _by_percentile(series)


def _hand_over(runs: Sequence[Mapping[str, Any]]) -> str:
    series = {
        f"{run['rate']:,} trades/s": [
            (nines(float(quantile) * 100), max(micros, 100) / MILLI)
            for quantile, micros in sorted(run["receipt_to_hand_over_us"].items())
        ]
        for run in runs
    }
    return _by_percentile(series)


def _by_percentile(series: Mapping[str, list[tuple[float, float]]]) -> str:
    values = [y for points in series.values() for _, y in points] or [1.0]
    return svg_plots.lines(
        percentiles(), logarithmic("milliseconds", min(values), max(values)), series
    )
