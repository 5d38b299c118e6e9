"""The picture of a soak's memory."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

import memory_plot
from soak_samples import MIB, PHASES, run

SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture: str) -> ElementTree.Element:
    """The picture as XML."""
    return ElementTree.fromstring(picture)  # noqa: S314  it is our own


def points(picture: str) -> list[list[tuple[float, float]]]:
    """The points of each curve."""
    curves = parsed(picture).findall(f"{SVG}polyline")
    return [
        [
            (float(x), float(y))
            for x, y in (point.split(",") for point in curve.get("points", "").split())
        ]
        for curve in curves
    ]


def test_each_curve_has_a_point_a_sample_and_its_name() -> None:
    picture = memory_plot.draw(run(), PHASES, "a title")
    assert [len(curve) for curve in points(picture)] == [161] * 3
    texts = [text.text for text in parsed(picture).findall(f"{SVG}text")]
    assert {"a title", "MiB", "min", "no answer", "draining"} <= set(texts)
    assert {name for name, _, _ in memory_plot.CURVES} <= set(texts)


def test_more_memory_is_higher_and_later_is_further_right() -> None:
    samples = [replace(taken, jvm=100 * MIB) if i < 80 else taken for i, taken in enumerate(run())]
    jvm, *_ = points(memory_plot.draw(samples, PHASES, ""))
    assert jvm[0][1] > jvm[-1][1]
    assert [x for x, _ in jvm] == sorted(x for x, _ in jvm)
    for x, y in jvm:
        assert 0 <= x <= memory_plot.WIDTH
        assert 0 <= y <= memory_plot.HEIGHT


def test_a_peak_is_drawn_however_many_samples_share_a_point() -> None:
    samples = [
        replace(taken, at=taken.at + round_ * 161) for round_ in range(20) for taken in run()
    ]
    samples[1001] = replace(samples[1001], jvm=900 * MIB)
    jvm, *_ = points(memory_plot.draw(samples, PHASES, ""))
    assert len(jvm) <= memory_plot.MOST_POINTS
    assert min(y for _, y in jvm) < jvm[0][1] - 100


def test_a_backlog_that_stayed_is_shaded_to_the_end() -> None:
    picture = memory_plot.draw(run(), replace(PHASES, live=None), "")
    shaded = parsed(picture).findall(f"{SVG}rect")[-1]
    right = float(shaded.get("x", "0")) + float(shaded.get("width", "0"))
    assert right == pytest.approx(memory_plot.WIDTH - memory_plot.RIGHT)


@pytest.mark.parametrize(
    ("most", "step"), [(0, 0.2), (8, 1), (9, 2), (300, 50), (640, 100), (4000, 500), (8001, 2000)]
)
def test_a_scale_has_round_steps(most: float, step: float) -> None:
    assert memory_plot.step(most) == pytest.approx(step)
