"""What a soak tells, and what of it is a problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from samples import Sample
from soak_result import Seen
from soak_samples import BEGAN_AT, MIB, PHASES, run, sample

AUDITED = {
    "connections": 1,
    "sessions": 1,
    "frames": 160_000,
    "frames_sent": 160_000,
    "frames_journalled": 160_000,
    "frames_lost": 0,
    "trades_received": 480_000,
    "trades_published": 480_000,
    "distinct_trade_ids": 480_000,
    "missing": 0,
    "unexpected": 0,
    "duplicates": 0,
    "user_records": 4_000,
    "stream_records": 100,
}


def seen(samples: list[Sample] | None = None, **changed: Any) -> Seen:
    """A run in which all is well, but for what is changed."""
    whole = Seen(
        samples or run(), PHASES, AUDITED, {"live": {"trades": 1, "p50": 100}}, 300, 16 * MIB
    )
    return replace(whole, **changed)


def with_metric(second: int, name: str, value: int) -> list[Sample]:
    """The run with a metric that is as given from a second on, to the end of the drain."""
    return [
        replace(taken, metrics=taken.metrics | {name: value})
        if second <= taken.at - BEGAN_AT <= 150
        else taken
        for taken in run()
    ]


def growing(name: str, mib_a_second: float) -> list[Sample]:
    """The run with memory that grows."""
    return [sample(second, **{name: round(second * mib_a_second * MIB)}) for second in range(161)]


def test_a_run_in_which_all_is_well_has_no_problem() -> None:
    assert seen().problems() == []


def test_the_result_tells_of_outage_and_drain() -> None:
    result = seen().result()
    assert result["outage_seconds"] == 120
    assert result["requests_held"] == 300
    assert result["trades_a_second"] == 3000
    assert result["jvm"] == {"first_mib": 300, "last_mib": 300, "peak_mib": 300}
    assert result["journal"] == {
        "frames": 120_000,
        "payload_bytes": 120_000 * 260,
        "grown_bytes": 120_000 * 296,
        "bytes_an_entry_besides": 36,
        "disk_bytes": 120_000 * 296,
    }
    assert result["backlog_bytes"] == 120_000 * 296
    assert (result["drained"], result["drain_seconds"]) == (True, 20)
    assert result["drain_trades_a_second"] == 140_000 * 3 / 20
    assert result["drain_trades_received_a_second"] == 3000
    assert result["missing"] == 0


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: seen(audited=AUDITED | {"missing": 1}), "missing 1"),
        (lambda: seen(audited=AUDITED | {"unexpected": 2}), "unexpected 2"),
        (lambda: seen(audited=AUDITED | {"sessions": 2}), "sessions 2: the feed noticed"),
        (lambda: seen(audited=AUDITED | {"connections": 2}), "connections 2: the feed noticed"),
        (lambda: seen(requests_held=0), "the dead endpoint was asked nothing"),
        (
            lambda: seen(with_metric(60, "kinesis_acknowledged_trades_total", 30_003)),
            "the dead endpoint acknowledged 3 trades",
        ),
        (lambda: seen(growing("jvm", 1.0)), "RssAnon of the jvm grew from 57.5 to 122.0 MiB"),
        (lambda: seen(growing("daemon", 1.0)), "RssAnon of the daemon grew from 57.5 to 122.0 MiB"),
        (
            lambda: seen(with_metric(130, "journal_append_position", 0)),
            "journal grew by -2960000 bytes",
        ),
        (lambda: seen(phases=replace(PHASES, live=None)), "backlog not drained in 30 s"),
        (
            lambda: seen(with_metric(131, "feed_frames_total", 131_000)),
            "no frame for 19.0 s while the backlog was drained",
        ),
    ],
)
def test_what_is_wrong_is_told(make: Callable[[], Seen], problem: str) -> None:
    problems = make().problems()
    assert [told for told in problems if told.startswith(problem)], problems


def test_what_was_acknowledged_before_it_was_dead_may_be_told_a_moment_later() -> None:
    late = {"kinesis_acknowledged_trades_total": 29_000}
    samples = [
        sample(second, **late) if 10 <= second < 15 else taken for second, taken in enumerate(run())
    ]
    assert seen(samples).problems() == []


def test_memory_after_the_outage_is_told_and_not_judged() -> None:
    samples = [
        replace(taken, jvm=700 * MIB) if taken.at > PHASES.drain else taken for taken in run()
    ]
    assert seen(samples).problems() == []
    assert seen(samples).result()["jvm"]["peak_mib"] == 700
