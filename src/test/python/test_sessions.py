"""Gaps are those of docs/JOURNAL.md, and a hole is explained by damage in its own place only."""

from __future__ import annotations

from pathlib import Path

import pytest

import journal_bytes
import journal_file
import sessions
from damage_log import Damage
from journal_bytes import Written, frame
from journal_file import Hole
from sessions import CORRUPT, PROCESS_ENDED, Gap

FIRST = [Written(1, b"{}"), frame("a"), frame("b"), Written(5, b"silent")]
KILLED = [Written(1, b"{}", 2), frame("c", 2)]
LAST = [Written(1, b"{}", 3), frame("d", 3)]


def gaps(folder: Path, segments: list[list[Written]], damaged: int | None = None) -> list[Gap]:
    """Returns the gaps of a journal; the payload at this position is damaged."""
    path = journal_bytes.write(folder, segments) / f"{0:020d}.jrn"
    if damaged is not None:
        content = bytearray(path.read_bytes())
        content[damaged + 32] ^= 1
        path.write_bytes(content)
    journal = journal_file.read(folder)
    found = sessions.sessions_of(journal.entries())
    return sessions.gaps_of(found, journal.damage.holes, journal.segments[0].base)


def open_at(entries: list[Written], reason: str, base: int = 0) -> Gap:
    """Returns the gap after these entries."""
    end = journal_bytes.position(entries, len(entries), base)
    return Gap(end, end, reason, is_open=True)


def test_a_gap_runs_from_a_session_to_the_opening_of_the_next(tmp_path: Path) -> None:
    entries = FIRST + KILLED + LAST
    first, second = (journal_bytes.position(entries, at) for at in (4, 6))
    assert gaps(tmp_path, [entries]) == [
        Gap(first, first, "silent"),
        Gap(second, second, PROCESS_ENDED),
        open_at(entries, PROCESS_ENDED),
    ]


def test_the_last_gap_is_open(tmp_path: Path) -> None:
    assert gaps(tmp_path, [FIRST]) == [open_at(FIRST, "silent")]
    assert gaps(tmp_path, [FIRST[:3]]) == [open_at(FIRST[:3], PROCESS_ENDED)]
    assert gaps(tmp_path, [[]]) == []


def test_a_gap_may_reach_into_the_next_segment(tmp_path: Path) -> None:
    begin = journal_bytes.position(FIRST, 4)
    assert gaps(tmp_path, [FIRST, KILLED]) == [
        Gap(begin, journal_bytes.SEGMENT_LENGTH + 512, "silent"),
        open_at(KILLED, PROCESS_ENDED, journal_bytes.SEGMENT_LENGTH),
    ]


@pytest.mark.parametrize("at", [1, 2])
def test_a_hole_is_a_gap(tmp_path: Path, at: int) -> None:
    begin, after = (journal_bytes.position(FIRST, i) for i in (at, at + 1))
    assert gaps(tmp_path, [FIRST], begin) == [
        Gap(begin, after, CORRUPT),
        open_at(FIRST, "silent"),
    ]


def test_a_hole_at_the_beginning_is_a_gap_from_the_beginning(tmp_path: Path) -> None:
    after = journal_bytes.position(FIRST, 1)
    assert gaps(tmp_path, [FIRST], 512) == [Gap(0, after, CORRUPT), open_at(FIRST, "silent")]


def test_a_hole_between_sessions_is_a_gap_beside_theirs(tmp_path: Path) -> None:
    entries = FIRST + KILLED
    begin, after = (journal_bytes.position(entries, at) for at in (3, 4))
    assert gaps(tmp_path, [entries], begin) == [
        Gap(begin, after, CORRUPT),
        Gap(begin, after, PROCESS_ENDED),
        open_at(entries, PROCESS_ENDED),
    ]


@pytest.mark.parametrize(
    ("damage", "explained"),
    [
        (Damage(1000, 1064), True),
        (Damage(1040, 1041), True),
        (Damage(1063, 4096), True),
        (Damage(997, 1001), True),
        (Damage(1064, 2000), False),
        (Damage(992, 4096), False),
        (Damage(512, 520), False),
    ],
)
def test_a_hole_is_explained_by_damage_that_begins_in_it(damage: Damage, explained: bool) -> None:
    assert sessions.is_explained(Hole(1000, 1064), [damage]) == explained


def test_nothing_explains_a_hole_where_nothing_was_damaged() -> None:
    assert not sessions.is_explained(Hole(1000, 1064), [])
