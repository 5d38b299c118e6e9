"""Of each connection the journal holds a prefix; what else it may hold, or lack, is found."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feed_logs
import journal_bytes
import journal_file
import market_log
import sessions
from damage_log import Damage
from journal_bytes import Written, frame
from market_log import Connection
from receipt import Receipt, receive

OPENED = b'{"feed":"finnhub","redelivered_frames":"drop","symbols":["AAPL"]}'
FRAMES = ["a", "b", "c", "d", "e"]
LOST = "lost: Connection reset by peer"


def session(number: int, frames: list[str] | list[bytes], closed: str | None) -> list[Written]:
    """Returns the entries of a session."""
    entries = [Written(1, OPENED, number), Written(2, b"AAPL", number)]
    entries += [frame(message, number) for message in frames]
    return entries + ([Written(5, closed.encode(), number)] if closed is not None else [])


def receipt_of(
    folder: Path,
    entries: list[Written],
    connections: list[Connection],
    damages: list[Damage] | None = None,
) -> Receipt:
    """Returns the receipt of a journal with these entries, which lie in one segment."""
    if not (folder / "journal").exists():
        journal_bytes.write(folder / "journal", [entries])
    journal = journal_file.read(folder / "journal")
    found = sessions.sessions_of(journal.entries())
    sessions.note_breaks(found, journal.damage.holes, damages or [])
    gaps = sessions.gaps_of(found, journal.damage.holes)
    return receive(found, gaps, market_log.read(feed_logs.write(folder / "log", connections)))


def assert_only(receipt: Receipt, broken: int = 0, uncovered: int = 0) -> None:
    assert (len(receipt.broken), len(receipt.uncovered)) == (broken, uncovered), receipt


def test_whole_connections_are_no_finding(tmp_path: Path) -> None:
    entries = session(1, FRAMES, "closed 1001") + session(2, FRAMES, "stopped")
    connections = [
        feed_logs.connection(1, FRAMES, code=1001),
        feed_logs.connection(2, FRAMES, code=1000),
    ]
    receipt = receipt_of(tmp_path, entries, connections)
    assert_only(receipt)
    assert (receipt.connections, receipt.frames_sent, receipt.frames_lost) == (2, 10, 0)
    assert receipt.gap_seconds == 0.95


@pytest.mark.parametrize("closed", [None, LOST, "silent", "stopped", "handler failed: x"])
def test_an_end_may_be_missing_where_a_connection_did_not_end_in_order(
    tmp_path: Path, closed: str | None
) -> None:
    entries = session(1, FRAMES[:2], closed) + session(2, ["x"], "stopped")
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, ["x"])]
    receipt = receipt_of(tmp_path, entries, connections)
    assert_only(receipt)
    assert receipt.frames_lost == 3
    assert receipt.gap_seconds == 0.98


def test_the_end_of_what_the_venue_closed_may_not_be_missing(tmp_path: Path) -> None:
    entries = session(1, FRAMES[:4], "closed 1012 restart") + session(2, ["x"], "stopped")
    connections = [feed_logs.connection(1, FRAMES, code=1012), feed_logs.connection(2, ["x"])]
    receipt = receipt_of(tmp_path, entries, connections)
    assert_only(receipt, uncovered=1)
    assert receipt.uncovered[0].startswith("end missing of what was read to its end connection=1 ")


@pytest.mark.parametrize(
    ("injected", "uncovered"), [(None, 1), (4, 1), (3, 1), (2, 0), (1, 0), (0, 0)]
)
def test_what_we_ended_was_read_up_to_the_message_that_nobody_may_take(
    tmp_path: Path, injected: int | None, uncovered: int
) -> None:
    entries = session(1, FRAMES[:2], "ended by us 1009 message too long")
    connections = [feed_logs.connection(1, FRAMES, code=1009, first_injected=injected)]
    assert_only(receipt_of(tmp_path, entries, connections), uncovered=uncovered)


def test_a_connection_without_a_session_is_lost_in_the_gap_before_the_next(tmp_path: Path) -> None:
    entries = session(1, FRAMES, None) + session(2, ["x", "y"], "stopped")
    connections = [
        feed_logs.connection(1, FRAMES),
        feed_logs.connection(2, ["u", "v"]),
        feed_logs.connection(3, []),
        feed_logs.connection(4, ["x", "y"]),
    ]
    receipt = receipt_of(tmp_path, entries, connections)
    assert_only(receipt)
    assert receipt.frames_lost == 2
    assert receipt.gap_seconds == 2.95


def test_what_is_missing_at_the_end_is_in_the_gap_that_is_open(tmp_path: Path) -> None:
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, ["u"])]
    receipt = receipt_of(tmp_path, session(1, FRAMES[:3], None), connections)
    assert_only(receipt)
    assert receipt.frames_lost == 3
    assert receipt.gap_seconds == 0.98


def test_what_is_missing_in_no_gap_is_found(tmp_path: Path) -> None:
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, ["u"])]
    journal = journal_bytes.write(tmp_path / "journal", [session(1, FRAMES[:3], None)])
    found = sessions.sessions_of(journal_file.read(journal).entries())
    log = market_log.read(feed_logs.write(tmp_path / "log", connections))
    receipt = receive(found, [sessions.Gap(0, 512, "silent")], log)
    assert receipt.uncovered == [
        "in no gap connection=1 session=1 missing=2",
        "in no gap connection=2 session=none missing=1",
    ]


def test_a_connection_before_the_first_session_was_never_said_to_be_there(tmp_path: Path) -> None:
    connections = [feed_logs.connection(1, ["u"]), feed_logs.connection(2, FRAMES)]
    assert_only(receipt_of(tmp_path, session(1, FRAMES, "stopped"), connections))


def test_sessions_find_their_connections_by_content_whatever_came_again(tmp_path: Path) -> None:
    entries = session(1, FRAMES, LOST) + session(2, ["d", "e", "x"], "stopped")
    connections = [
        feed_logs.connection(1, [*FRAMES, "f"]),
        feed_logs.connection(2, ["d", "d", "d"]),
        feed_logs.connection(3, ["d", "e", "x", "y"]),
    ]
    receipt = receipt_of(tmp_path, entries, connections)
    assert_only(receipt)
    assert [found.number if found else None for found, _, _ in receipt.fits] == [1, None, 2]


@pytest.mark.parametrize(
    ("frames", "finding"),
    [
        (["a", "c", "d", "e"], "frames missing before this one frame=1"),
        (["b", "c", "d", "e"], "frames missing before this one frame=0"),
        (["a", "b", "B", "d", "e"], "frame that was not sent frame=2"),
        (["a", "c", "b", "d", "e"], "frames missing before this one frame=1"),
        (["a", "b", "b", "c", "d", "e"], "frame once more, or out of order frame=2"),
        ([*FRAMES, "f"], "frame that was not sent frame=5"),
        ([*FRAMES, "a"], "frame once more, or out of order frame=5"),
    ],
)
def test_what_is_no_prefix_is_found(tmp_path: Path, frames: list[str], finding: str) -> None:
    entries = session(1, frames, LOST) + session(2, ["x"], "stopped")
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, ["x", "a", "f"])]
    receipt = receipt_of(tmp_path, entries, connections)
    assert_only(receipt, broken=1)
    assert receipt.broken[0].startswith(finding)
    assert receipt.broken[0].endswith("connection=1 session=1")


@pytest.mark.parametrize("frames", [[], ["x"]])
def test_a_session_that_nobody_sent_is_found(tmp_path: Path, frames: list[str]) -> None:
    entries = session(1, FRAMES, LOST) + session(2, frames, "stopped")
    receipt = receipt_of(tmp_path, entries, [feed_logs.connection(1, FRAMES)])
    assert_only(receipt, broken=1)


@st.composite
def cut(draw: st.DrawFn, symbols: list[str] | None = None) -> list[tuple[Connection, int, str]]:
    """Draws connections, how many frames of each are journalled, and how each ends."""
    connections = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        if symbols:
            frames = draw(st.lists(st.sampled_from(symbols), max_size=8))
        else:
            frames = [f"{number}-{at}" for at in range(draw(st.integers(0, 8)))]
        kept = draw(st.integers(0, len(frames)))
        ends = ["", LOST, "silent", "stopped"] + (["closed 1001"] if kept == len(frames) else [])
        end = draw(st.sampled_from(ends))
        code = 1001 if end == "closed 1001" else None
        connections.append((feed_logs.connection(number, frames, code=code), kept, end))
    return connections


def entries_of(cuts: list[tuple[Connection, int, str]]) -> list[Written]:
    entries: list[Written] = []
    for number, (sent, kept, end) in enumerate(cuts, 1):
        entries += session(number, sent.frames[:kept], end or None)
    return entries + session(len(cuts) + 1, [], "stopped")


def received(cuts: list[tuple[Connection, int, str]], entries: list[Written]) -> Receipt:
    last = feed_logs.connection(len(cuts) + 1, [])
    with tempfile.TemporaryDirectory() as folder:
        return receipt_of(Path(folder), entries, [*(sent for sent, _, _ in cuts), last])


@settings(deadline=None)
@given(cut(["a", "b"]))
def test_connections_cut_anywhere_are_no_finding_however_alike(
    cuts: list[tuple[Connection, int, str]],
) -> None:
    receipt = received(cuts, entries_of(cuts))
    assert_only(receipt)
    assert receipt.frames_lost == sum(len(sent.frames) - kept for sent, kept, _ in cuts)


@settings(deadline=None)
@given(cut(), st.data())
def test_one_change_of_a_cut_connection_is_found(
    cuts: list[tuple[Connection, int, str]], data: st.DataObject
) -> None:
    entries = entries_of(cuts)
    # What is cut off at the end, or out of it, may be missing; so it is not the last that changes.
    changeable = [
        at
        for at, (entry, after) in enumerate(itertools.pairwise(entries))
        if entry.type == after.type == journal_file.FRAME
    ]
    if not changeable:
        return
    at = data.draw(st.sampled_from(changeable))
    match data.draw(st.sampled_from(["drop", "swap", "change", "duplicate", "made up"])):
        case "drop":
            del entries[at]
        case "swap":
            entries[at], entries[at + 1] = entries[at + 1], entries[at]
        case "change":
            entries[at] = replace(entries[at], payload=entries[at].payload + b" ")
        case "duplicate":
            entries.insert(data.draw(st.sampled_from(changeable)), entries[at])
        case "made up":
            entries.insert(at, replace(entries[at], payload=b"made up"))
    assert received(cuts, entries).broken


def damaged(folder: Path, entries: list[Written], at: int) -> Damage:
    """Writes a journal with a bit flipped in the payload of an entry; returns where."""
    path = journal_bytes.write(folder / "journal", [entries]) / f"{0:020d}.jrn"
    content = bytearray(path.read_bytes())
    position = journal_bytes.position(entries, at) + 32
    content[position] ^= 1
    path.write_bytes(content)
    return Damage(position, position + 1)


@settings(deadline=None)
@given(cut(), st.data())
def test_a_frame_may_be_missing_where_it_was_damaged_and_only_there(
    cuts: list[tuple[Connection, int, str]], data: st.DataObject
) -> None:
    entries = entries_of(cuts)
    frames = [at for at, entry in enumerate(entries) if entry.type == journal_file.FRAME]
    if not frames:
        return
    at = data.draw(st.sampled_from(frames))
    connections = [*(sent for sent, _, _ in cuts), feed_logs.connection(len(cuts) + 1, [])]
    with tempfile.TemporaryDirectory() as name:
        damage = damaged(Path(name), entries, at)
        receipt = receipt_of(Path(name), entries, connections, [damage])
        assert_only(receipt)
        elsewhere = Damage(damage.begin - 2048, damage.begin - 2047)
        unexplained = receipt_of(Path(name), entries, connections, [elsewhere])
    # Without the damage it is as if it had never been there: found, unless it was the last.
    is_last = entries[at + 1].type != journal_file.FRAME
    reads_to_end = entries[at + 1].payload.startswith(b"closed ")
    assert_only(unexplained, broken=not is_last, uncovered=is_last and reads_to_end)
    assert receipt.frames_lost == 1 + sum(len(sent.frames) - kept for sent, kept, _ in cuts)


def test_no_more_is_missing_than_was_damaged(tmp_path: Path) -> None:
    entries = session(1, FRAMES, LOST)
    damage = damaged(tmp_path, entries, 3)
    sent = ["a", "b", "b2", "c", "d", "e"]
    receipt = receipt_of(tmp_path, entries, [feed_logs.connection(1, sent)], [damage])
    assert_only(receipt, broken=1)


def test_a_tail_that_was_cut_off_excuses_nothing_of_the_next_session(tmp_path: Path) -> None:
    first, second = session(1, FRAMES[:2], None), session(2, ["y", "z"], LOST)
    journal_bytes.write(tmp_path / "journal", [first, second])
    begin = journal_bytes.position(first, len(first))
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, ["x", "y", "z"])]
    receipt = receipt_of(tmp_path, [], connections, [Damage(begin, begin + 8192)])
    assert_only(receipt, broken=1)
