"""The rules by which a soak is judged: of its samples, nothing else. Lengths in bytes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import chaos_folder  # noqa: F401  what follows is found through it
from samples import Sample

MIB = 1 << 20

WARM_UP_SECONDS = 60.0
"""What of an outage is not judged; of a short one a third."""
MOST_GROWTH = 32 * MIB
MOST_GROWTH_SHARE = 0.1
"""Memory may grow by this much, or by this share of what it was; whichever is more."""
ENTRY_LENGTHS = (32, 40)
"""What an entry of the journal takes besides its frame: its header, and less than 8 of padding."""
ROLL_LENGTH = 512 + 4096
"""What a segment may take besides its entries: its header, and an end that no entry fits into."""
SKEW_LENGTH = 256 << 10
"""What may arrive between two metrics of one page."""
MOST_SILENT_SECONDS = 10.0
"""How long there may be no new frame while a backlog is drained, on a machine that is busy."""


@dataclass(frozen=True)
class Growth:
    """Mean memory of the first and of the last fifth of an outage, its warm-up left out."""

    first: float
    last: float

    @property
    def is_flat(self) -> bool:
        """Whether it stays below what is allowed."""
        allowed = max(MOST_GROWTH, MOST_GROWTH_SHARE * self.first)
        return self.last - self.first <= allowed


def growth(lengths: Sequence[tuple[float, int]], seconds: float) -> Growth:
    """Returns the growth over an outage of so many seconds.

    Takes (seconds since it began, length); raises ValueError if a fifth has none.
    """
    begin = min(WARM_UP_SECONDS, seconds / 3)
    fifth = (seconds - begin) / 5
    first = [length for at, length in lengths if begin <= at < begin + fifth]
    last = [length for at, length in lengths if seconds - fifth <= at <= seconds]
    if not first or not last:
        raise ValueError(f"too few samples: first={len(first)} last={len(last)}")
    return Growth(fmean(first), fmean(last))


def journal_problems(before: Sample, after: Sample, segment_length: int) -> list[str]:
    """Returns how the journal grew otherwise than by the frames that came between two samples."""
    frames = after.frames - before.frames
    payload = after.payload - before.payload
    grown = after.position - before.position
    disk = after.disk - before.disk
    rolls = grown // segment_length + 1
    least = payload + ENTRY_LENGTHS[0] * frames - SKEW_LENGTH
    most = payload + ENTRY_LENGTHS[1] * frames + rolls * ROLL_LENGTH + SKEW_LENGTH
    problems = []
    if not least <= grown <= most:
        problems.append(
            f"journal grew by {grown} bytes: frames={frames} payload={payload}"
            f" (expected {least} to {most})"
        )
    # At both ends a segment is partly written, and one more may have been prepared.
    if abs(disk - grown) > 2 * segment_length:
        problems.append(f"journal grew by {grown} bytes, and takes {disk} more of the disk")
    return problems


def longest_silence(samples: Sequence[Sample]) -> float:
    """Returns the longest time in seconds, between samples, in which no frame came."""
    longest, since = 0.0, samples[0].at if samples else 0.0
    for before, after in itertools.pairwise(samples):
        if after.frames > before.frames:
            since = after.at
        longest = max(longest, after.at - since)
    return longest
