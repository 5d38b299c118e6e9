"""When which fault begins and how long it lasts: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 15.0
CALM_AT_BEGIN_SECONDS = 5.0
"""For the KPL to be primed, so that the first fault meets a pipeline that runs."""
CALM_AT_END_SECONDS = 20.0
"""For the last fault's recovery to be seen."""
MEAN_GAP_SECONDS = 6.0
"""From the beginning of a fault to that of the next: less than most last, so that they overlap."""


@dataclass(frozen=True)
class Planned:
    """A fault that is to come."""

    begin: float
    """Seconds after the first trade."""
    seconds: float
    kind: str


def plan(
    kinds: Sequence[str],
    seconds: float,
    randomness: random.Random,
    least_seconds: Mapping[str, float] = {},
) -> list[Planned]:
    """Returns the faults of a run of so many seconds, in order of their beginning.

    Kinds take turns in a random order, each once before one comes a second time. A kind in
    `least_seconds` lasts so long at least, at most CALM_AT_END_SECONDS: what it is about takes
    longer than most faults last. Raises ValueError if there is no time for each of them once.
    """
    planned: list[Planned] = []
    turns: list[str] = []
    begin = CALM_AT_BEGIN_SECONDS
    while begin < seconds - CALM_AT_END_SECONDS:
        if not turns:
            turns = randomness.sample(list(kinds), len(kinds))
        longest = min(LONGEST_SECONDS, seconds - CALM_AT_END_SECONDS - begin + SHORTEST_SECONDS)
        kind = turns.pop()
        lasts = max(randomness.uniform(SHORTEST_SECONDS, longest), least_seconds.get(kind, 0.0))
        planned.append(Planned(round(begin, 1), round(lasts, 1), kind))
        begin += randomness.uniform(MEAN_GAP_SECONDS / 2, MEAN_GAP_SECONDS * 3 / 2)
    missing = set(kinds) - {fault.kind for fault in planned}
    if missing:
        raise ValueError(
            f"time too short for every kind: seconds={seconds:g} kinds={len(kinds)}"
            f" missing={len(missing)} (longer, or fewer kinds)"
        )
    return planned
