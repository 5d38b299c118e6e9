"""Plots as SVG, for a page that needs nothing else."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#6a4c93", "#3d3d3d", "#00798c", "#8d6346")
WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 20, 50

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """One axis: what it tells, its ends, and its marks: where and what."""

    title: str
    low: float
    high: float
    marks: Sequence[tuple[float, str]]
    is_logarithmic: bool = False

    def share(self, value: float) -> float:
        """Returns where a value lies, from 0 to 1."""
        low, high = self.low, self.high
        if self.is_logarithmic:
            low, high = math.log10(low), math.log10(high)
            value = math.log10(max(value, self.low))
        return (value - low) / (high - low) if high > low else 0.0


def linear(title: str, highest: float) -> Axis:
    """Returns an axis from 0 up to a round number."""
    step = 10 ** math.floor(math.log10(highest)) if highest > 0 else 1.0
    for factor in (0.2, 0.5, 1, 2):
        if highest / (step * factor) <= 8:
            step *= factor
            break
    count = max(1, math.ceil(highest / step))
    marks = [(i * step, f"{i * step:,.10g}") for i in range(count + 1)]
    return Axis(title, 0.0, count * step, marks)


def logarithmic(title: str, lowest: float, highest: float) -> Axis:
    """Returns an axis of powers of ten that holds both."""
    low = math.floor(math.log10(max(lowest, 1e-9)))
    high = max(low + 1, math.ceil(math.log10(max(highest, 1e-9))))
    marks = [(10.0**power, f"{10.0**power:,.10g}") for power in range(low, high + 1)]
    return Axis(title, 10.0**low, 10.0**high, marks, is_logarithmic=True)


def percentiles() -> Axis:
    """Returns an axis on which each further nine takes as much room; values as of `nines`."""
    marks = [(nines(value), f"{value:g} %") for value in (0, 50, 90, 99, 99.9, 99.99)]
    return Axis("percentile of trades", 0.0, nines(99.99), marks)


def nines(percentile: float) -> float:
    """Returns how many nines a percentile has, at most 4."""
    return min(4.0, -math.log10(max(1e-9, 1 - percentile / 100)))


def lines(x_axis: Axis, y_axis: Axis, series: Mapping[str, Points]) -> str:
    """Returns a plot of lines, each with its name."""
    parts = []
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{_x(x_axis, x):.1f},{_y(y_axis, y):.1f}" for x, y in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        parts.append(_legend(number, name, colour))
    return _frame(x_axis, y_axis, "".join(parts))


def bars(y_axis: Axis, columns: Mapping[str, Mapping[str, float]]) -> str:
    """Returns a plot of columns, each a pile of named parts."""
    names = sorted({name for parts in columns.values() for name in parts})
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    slot = 1.0 / max(1, len(columns))
    drawn = [_legend(i, name, colours[name]) for i, name in enumerate(names)]
    marks = []
    for number, (column, parts) in enumerate(columns.items()):
        x_axis = Axis("", 0.0, 1.0, [])
        left, right = _x(x_axis, (number + 0.15) * slot), _x(x_axis, (number + 0.85) * slot)
        foot = 0.0
        for name in names:
            value = max(0.0, parts.get(name, 0.0))
            top, bottom = _y(y_axis, foot + value), _y(y_axis, foot)
            foot += value
            drawn.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
                f' height="{bottom - top:.1f}" fill="{colours[name]}">'
                f"<title>{html.escape(name)}: {value:.2f}</title></rect>"
            )
        marks.append(((number + 0.5) * slot, column))
    return _frame(Axis("", 0.0, 1.0, marks), y_axis, "".join(drawn))


def _x(axis: Axis, value: float) -> float:
    share = min(1.0, max(0.0, axis.share(value)))
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    share = min(1.0, max(0.0, axis.share(value)))
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _legend(number: int, name: str, colour: str) -> str:
    x, y = WIDTH - RIGHT + 15, TOP + 10 + number * 18
    return (
        f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{colour}"/>'
        f'<text x="{x + 16}" y="{y}">{html.escape(name)}</text>'
    )


def _frame(x_axis: Axis, y_axis: Axis, inside: str) -> str:
    grid = []
    for value, mark in y_axis.marks:
        y = _y(y_axis, value)
        grid.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        grid.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{mark}</text>')
    for value, mark in x_axis.marks:
        x = _x(x_axis, value)
        y = HEIGHT - BOTTOM + 16
        label = html.escape(mark)
        grid.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{label}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    titles = (
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{html.escape(x_axis.title)}'
        f'</text><text transform="translate(14,{HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(y_axis.title)}</text>"
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">'
        f'<g class="grid">{"".join(grid)}</g>{titles}{inside}</svg>'
    )
