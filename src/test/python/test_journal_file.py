"""The journal's bytes: whole, cut at every byte, with every byte of an entry flipped."""

from __future__ import annotations

from pathlib import Path

import pytest

import journal_bytes
import journal_file
from journal_bytes import Written, frame

ENTRIES = [
    Written(1, b'{"feed":"finnhub","redelivered_frames":"drop","symbols":["AAPL"]}'),
    Written(2, b"AAPL"),
    frame('{"type":"ping"}'),
    frame('{"data":[],"type":"trade"}', received_at=1_721_555_880_999),
    Written(5, b"closed 1001"),
]
HEADER = journal_bytes.header(0)


def payloads(folder: Path) -> list[bytes]:
    return [entry.payload for entry in journal_file.read(folder).entries()]


def test_reads_every_entry_with_what_it_says(tmp_path: Path) -> None:
    journal = journal_file.read(journal_bytes.write(tmp_path, [ENTRIES]))
    entries = list(journal.entries())
    assert [entry.payload for entry in entries] == [entry.payload for entry in ENTRIES]
    assert [entry.type for entry in entries] == [1, 2, 4, 4, 5]
    assert entries[3].received_at == 1_721_555_880_999
    assert entries[0].position == 512
    assert journal.segments[0].feed == "finnhub"
    assert journal.segments[0].stream == "stream-finnhub"
    assert journal.damage == journal_file.Damage()


def test_reads_segments_in_order_of_base(tmp_path: Path) -> None:
    journal_bytes.write(tmp_path, [ENTRIES[:2], ENTRIES[2:]])
    assert payloads(tmp_path) == [entry.payload for entry in ENTRIES]


def test_ignores_the_segment_being_prepared(tmp_path: Path) -> None:
    journal_bytes.write(tmp_path, [ENTRIES])
    (tmp_path / f"{journal_bytes.SEGMENT_LENGTH:020d}.jrn.tmp").write_bytes(b"\0" * 4096)
    assert len(payloads(tmp_path)) == len(ENTRIES)


def test_a_cut_at_any_byte_of_the_last_two_entries_costs_only_what_is_cut(tmp_path: Path) -> None:
    path = journal_bytes.write(tmp_path, [ENTRIES]) / f"{0:020d}.jrn"
    whole = path.read_bytes()
    before, last = (whole.index(entry.payload) - 32 for entry in ENTRIES[-2:])
    end_before = before + 32 + len(ENTRIES[-2].payload)
    end = last + 32 + len(ENTRIES[-1].payload)
    for cut in range(before, end):
        path.write_bytes(whole[:cut].ljust(len(whole), b"\0"))
        journal = journal_file.read(tmp_path)
        survivors = len(list(journal.entries()))
        assert survivors == len(ENTRIES) - (2 if cut < end_before else 1)
        assert (journal.damage.torn_bytes > 0) == (cut > before and not end_before <= cut <= last)


def test_a_flipped_bit_anywhere_in_an_entry_costs_that_entry(tmp_path: Path) -> None:
    path = journal_bytes.write(tmp_path, [ENTRIES]) / f"{0:020d}.jrn"
    whole = path.read_bytes()
    start = whole.index(ENTRIES[2].payload) - 32
    for at in range(start, start + 32 + len(ENTRIES[2].payload)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        journal = journal_file.read(tmp_path)
        assert [entry.payload for entry in journal.entries()] == [
            entry.payload for entry in ENTRIES if entry is not ENTRIES[2]
        ]
        assert len(journal.damage.holes) == 1


def test_bytes_of_a_payload_that_look_like_an_entry_are_not_taken_for_one(tmp_path: Path) -> None:
    decoy = journal_bytes.entry(frame("decoy"), 512)
    entries = [Written(4, b"x" * 8 + decoy), frame("next")]
    path = journal_bytes.write(tmp_path, [entries]) / f"{0:020d}.jrn"
    whole = bytearray(path.read_bytes())
    whole[512 + 4] ^= 1
    path.write_bytes(whole)
    assert payloads(tmp_path) == [b"next"]


def test_a_hole_at_the_end_of_an_earlier_segment_is_not_a_torn_tail(tmp_path: Path) -> None:
    journal_bytes.write(tmp_path, [ENTRIES[:2], ENTRIES[2:]])
    path = tmp_path / f"{0:020d}.jrn"
    whole = bytearray(path.read_bytes())
    whole[whole.rindex(b"AAPL")] ^= 1
    path.write_bytes(whole)
    journal = journal_file.read(tmp_path)
    assert len(list(journal.entries())) == 4
    assert len(journal.damage.holes) == 1
    assert journal.damage.torn_bytes == 0


def test_a_segment_that_is_prepared_and_not_begun_is_no_part_of_the_journal(tmp_path: Path) -> None:
    journal_bytes.write(tmp_path, [ENTRIES])
    (tmp_path / f"{journal_bytes.SEGMENT_LENGTH:020d}.jrn").write_bytes(b"\0" * 4096)
    journal = journal_file.read(tmp_path)
    assert len(journal.segments) == 1
    assert len(list(journal.entries())) == len(ENTRIES)


@pytest.mark.parametrize("damaged", [b"\0" * 512, b"\xff" * 512, HEADER[:60] + b"!" + HEADER[61:]])
def test_a_segment_with_a_damaged_header_is_read_all_the_same(
    tmp_path: Path, damaged: bytes
) -> None:
    path = journal_bytes.write(tmp_path, [ENTRIES[:2], ENTRIES[2:]]) / f"{0:020d}.jrn"
    path.write_bytes(damaged + path.read_bytes()[512:])
    journal = journal_file.read(tmp_path)
    assert len(list(journal.entries())) == len(ENTRIES)
    assert journal.damage == journal_file.Damage(headers=1)


@pytest.mark.parametrize("length", [512 + 40, 511, 600, 4096])
def test_the_missing_bytes_of_a_short_segment_count_as_zeros(tmp_path: Path, length: int) -> None:
    path = journal_bytes.write(tmp_path, [ENTRIES]) / f"{0:020d}.jrn"
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    short = list(journal_file.read(tmp_path).entries())
    path.write_bytes(whole[:length].ljust(len(whole), b"\0"))
    assert short == list(journal_file.read(tmp_path).entries())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (f"{0:020d}.jrn", journal_bytes.header(0, version=2), "not a journal segment of version 1"),
        (f"{0:020d}.jrn", journal_bytes.header(4096), "misnamed"),
        ("first.jrn", HEADER, "misnamed"),
    ],
)
def test_refuses_a_segment_that_it_cannot_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(journal_file.UnreadableJournalError, match=message):
        journal_file.read(tmp_path)


def test_the_last_entry_is_found_without_reading_the_segments_before_it(tmp_path: Path) -> None:
    journal_bytes.write(tmp_path, [ENTRIES, []])
    last = journal_file.last_entry(tmp_path)
    assert last is not None
    assert last.payload == ENTRIES[-1].payload


def test_refuses_a_folder_without_a_segment(tmp_path: Path) -> None:
    with pytest.raises(journal_file.UnreadableJournalError, match="no segment"):
        journal_file.read(tmp_path)
