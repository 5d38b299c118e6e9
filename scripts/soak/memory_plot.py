"""Draws the memory of a soak as an SVG: RssAnon of JVM and daemon, and the backlog, over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import chaos_folder  # noqa: F401  what follows is found through it
from samples import Phases, Sample

MIB = 1 << 20
WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 50, 45
MOST_POINTS = 800
MOST_TICKS = 8

Length = Callable[[Sample], int]
CURVES: tuple[tuple[str, str, Length], ...] = (
    ("JVM, RssAnon", "#1f5fa8", lambda sample: sample.jvm),
    ("KPL daemon, RssAnon", "#b3541e", lambda sample: sample.daemon),
    ("backlog in the journal, on disk", "#8a8a8a", lambda sample: sample.backlog),
)
SHADES = {"outage": "#f6e3e0", "drain": "#e6efe2"}


@dataclass(frozen=True)
class _Scale:
    """Where in the picture a moment and a length are."""

    begin: float
    seconds: float
    mib: float

    def x(self, at: float) -> float:
        share = (at - self.begin) / self.seconds
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, mib: float) -> float:
        return round(HEIGHT - BOTTOM - mib / self.mib * (HEIGHT - TOP - BOTTOM), 1)


def draw(samples: Sequence[Sample], phases: Phases, title: str) -> str:
    """Returns the picture; there has to be a sample at least."""
    most = max(length(sample) for _, _, length in CURVES for sample in samples) / MIB
    step_mib = step(most)
    seconds = max(1.0, samples[-1].at - samples[0].at)
    scale = _Scale(samples[0].at, seconds, math.ceil(most / step_mib) * step_mib or 1)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            ' font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="18" font-size="14">{title}</text>',
            *_shades(phases, scale),
            *_axes(scale, step_mib),
            *_curves(samples, scale),
            "</svg>\n",
        ]
    )


def step(most: float) -> float:
    """Returns a round distance of which at most MOST_TICKS reach so far."""
    wanted = max(most, 1.0) / MOST_TICKS
    power = 10 ** math.floor(math.log10(wanted))
    return next(float(k * power) for k in (1, 2, 5, 10) if k * power >= wanted)


def _shades(phases: Phases, scale: _Scale) -> list[str]:
    stretches = (
        ("outage", phases.outage, phases.drain, "no answer"),
        ("drain", phases.drain, phases.live or phases.end, "draining"),
    )
    lines = []
    for name, begin, end, words in stretches:
        x, width = scale.x(begin), round(scale.x(end) - scale.x(begin), 1)
        height = HEIGHT - TOP - BOTTOM
        lines += [
            f'<rect x="{x}" y="{TOP}" width="{width}" height="{height}" fill="{SHADES[name]}"/>',
            f'<text x="{x + 4}" y="{TOP + 14}" fill="#555555">{words}</text>',
        ]
    return lines


def _axes(scale: _Scale, step_mib: float) -> list[str]:
    lines = []
    for tick in range(round(scale.mib / step_mib) + 1):
        y = scale.y(tick * step_mib)
        lines += [
            f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#dddddd"/>',
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{tick * step_mib:g}</text>',
        ]
    minute = 60.0
    unit, word = (minute, "min") if scale.seconds > 2 * minute else (1.0, "s")
    step_time = step(scale.seconds / unit)
    for tick in range(int(scale.seconds / unit / step_time) + 1):
        x = scale.x(scale.begin + tick * step_time * unit)
        label = f"{tick * step_time:g}"
        lines.append(f'<text x="{x}" y="{HEIGHT - 28}" text-anchor="middle">{label}</text>')
    lines += [
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end">{word}</text>',
        f'<text x="{LEFT - 6}" y="{TOP - 8}" text-anchor="end">MiB</text>',
    ]
    return lines


def _curves(samples: Sequence[Sample], scale: _Scale) -> list[str]:
    lines = []
    every = math.ceil(len(samples) / MOST_POINTS)
    for number, (name, colour, length) in enumerate(CURVES):
        # Of several samples that share a point the highest is drawn: no peak is left out.
        groups = [samples[i : i + every] for i in range(0, len(samples), every)]
        points = " ".join(
            f"{scale.x(group[0].at)},{scale.y(max(map(length, group)) / MIB)}" for group in groups
        )
        x = LEFT + number * 200
        lines += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
            f'<line x1="{x}" y1="32" x2="{x + 18}" y2="32" stroke="{colour}" stroke-width="3"/>',
            f'<text x="{x + 24}" y="36">{name}</text>',
        ]
    return lines
