"""The same seed gives the same faults, every kind comes, and they overlap."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schedule

KINDS = [f"kind-{number}" for number in range(8)]


def test_the_same_seed_gives_the_same_schedule() -> None:
    first, again, other = (schedule.plan(KINDS, 120, random.Random(seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


@given(st.integers(), st.integers(90, 900))
def test_every_kind_comes_and_lasts_as_it_may(seed: int, seconds: int) -> None:
    planned = schedule.plan(KINDS[:3], seconds, random.Random(seed))
    counts = [sum(fault.kind == kind for fault in planned) for kind in KINDS[:3]]
    assert min(counts) >= 1
    assert max(counts) - min(counts) <= 1
    assert [fault.begin for fault in planned] == sorted(fault.begin for fault in planned)
    for fault in planned:
        assert schedule.SHORTEST_SECONDS <= fault.seconds <= schedule.LONGEST_SECONDS
        assert fault.begin >= schedule.CALM_AT_BEGIN_SECONDS
        assert fault.begin + fault.seconds <= seconds


@given(st.integers())
def test_a_kind_lasts_as_long_as_it_must_at_least(seed: int) -> None:
    least = {"kind-1": 16.0}
    planned = schedule.plan(KINDS[:3], 120, random.Random(seed), least)
    assert planned == schedule.plan(KINDS[:3], 120, random.Random(seed), least)
    assert all(fault.seconds >= 16 for fault in planned if fault.kind == "kind-1")
    assert all(fault.begin + fault.seconds <= 120 for fault in planned)
    without = schedule.plan(KINDS[:3], 120, random.Random(seed))
    assert [(fault.begin, fault.kind) for fault in planned] == [
        (fault.begin, fault.kind) for fault in without
    ]


def test_faults_overlap() -> None:
    planned = schedule.plan(KINDS, 600, random.Random(1))
    overlaps = [
        later.begin < earlier.begin + earlier.seconds
        for earlier, later in itertools.pairwise(planned)
    ]
    assert sum(overlaps) > len(planned) / 4


def test_a_time_too_short_for_every_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="time too short for every kind: seconds=40 kinds=8"):
        schedule.plan(KINDS, 40, random.Random(1))
