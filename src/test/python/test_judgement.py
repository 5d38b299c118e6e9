"""By which rules a soak is judged."""

from __future__ import annotations

import pytest

import judgement
from judgement import Growth
from samples import Sample
from soak_samples import MIB, sample

SEGMENT_LENGTH = 16 * MIB


@pytest.mark.parametrize(
    ("first", "last", "is_flat"),
    [
        (100, 100, True),
        (100, 132, True),
        (100, 133, False),
        (320, 352, True),
        (1000, 1100, True),
        (1000, 1101, False),
        (300, 100, True),
        (0, 32, True),
        (0, 33, False),
    ],
)
def test_memory_may_grow_by_a_tenth_or_32_mib(first: float, last: float, is_flat: bool) -> None:
    assert Growth(first * MIB, last * MIB).is_flat is is_flat


@pytest.mark.parametrize(
    ("seconds", "first", "last"),
    [
        (600, (60, 168), (492, 600)),
        (200, (60, 88), (172, 200)),
        (60, (20, 28), (52, 60)),
        (15, (5, 7), (13, 15)),
    ],
)
def test_a_minute_or_a_third_is_left_out_and_fifths_of_the_rest_are_compared(
    seconds: int, first: tuple[int, int], last: tuple[int, int]
) -> None:
    lengths = [
        (at, 1 if first[0] <= at < first[1] else 2 if last[0] <= at <= last[1] else 1000)
        for at in map(float, range(seconds + 1))
    ]
    assert judgement.growth(lengths, seconds) == Growth(1, 2)


def test_a_saw_tooth_is_judged_by_its_mean() -> None:
    lengths = [(float(at), (at % 30) * 10 * MIB) for at in range(601)]
    assert judgement.growth(lengths, 600).is_flat


def test_what_grows_with_the_feed_is_not_flat_within_a_minute() -> None:
    lengths = [(float(at), (100 + 2 * at) * MIB) for at in range(61)]
    assert not judgement.growth(lengths, 60).is_flat


@pytest.mark.parametrize("lengths", [[], [(25.0, 1)], [(55.0, 1)]])
def test_fifths_without_a_sample_cannot_be_judged(lengths: list[tuple[float, int]]) -> None:
    with pytest.raises(ValueError, match="too few samples"):
        judgement.growth(lengths, 60)


FRAMES = 590_000
PAYLOAD = FRAMES * 260
GROWN = FRAMES * 296


@pytest.mark.parametrize(
    ("after", "problems"),
    [
        (sample(600), []),
        (sample(600, disk=10_000 * 296 + GROWN + 2 * SEGMENT_LENGTH), []),
        (
            sample(600, disk=10_000 * 296 + GROWN + 2 * SEGMENT_LENGTH + 1),
            [f"journal grew by {GROWN} bytes, and takes {GROWN + 33_554_433} more of the disk"],
        ),
        (
            sample(600, disk=10_000 * 296),
            [f"journal grew by {GROWN} bytes, and takes 0 more of the disk"],
        ),
    ],
)
def test_the_disk_takes_what_the_journal_grew_by(after: Sample, problems: list[str]) -> None:
    assert judgement.journal_problems(sample(10), after, SEGMENT_LENGTH) == problems


@pytest.mark.parametrize(
    ("an_entry", "is_right"),
    [(260 + 31, False), (260 + 32, True), (260 + 40, True), (260 + 41, False), (0, False)],
)
def test_an_entry_is_a_frame_a_header_and_its_padding(an_entry: int, is_right: bool) -> None:
    position = 10_000 * 296 + FRAMES * an_entry
    after = sample(600, journal_append_position=position, disk=position)
    problems = judgement.journal_problems(sample(10), after, SEGMENT_LENGTH)
    assert (problems == []) is is_right


@pytest.mark.parametrize(
    ("samples", "seconds"),
    [
        ([], 0),
        ([sample(1)], 0),
        ([sample(1), sample(2), sample(3)], 0),
        ([sample(1), sample(4, feed_frames_total=1000), sample(5)], 3),
        ([sample(1), sample(9, feed_frames_total=1000), sample(11, feed_frames_total=1000)], 10),
    ],
)
def test_a_silence_lasts_while_no_frame_comes(samples: list[Sample], seconds: float) -> None:
    assert judgement.longest_silence(samples) == seconds
