"""What was published before the journal was damaged on purpose is accepted; nothing else is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import damage_log
import feed_logs
import journal_bytes
import market_log
import reference_conf
import restoration
import sessions
from damage_log import Damage
from expected import Expected, expect
from journal_bytes import Written
from market_log import Connection
from receipt import receive
from test_receipt import LOST, session

SETTINGS = reference_conf.read()
HOUR = 3_600_000


def message(*prices: float, spaces: int = 0) -> str:
    """Returns a message with a trade of each price; other spaces make it another message."""
    trades = [{"p": price, "s": "AAPL", "t": 1_575_526_691_134, "v": 2} for price in prices]
    return json.dumps({"data": trades, "type": "trade"}) + " " * spaces


FRAMES = [message(1), message(1, 2), message(1, spaces=1), message(3), message(1, spaces=2)]


def lines_in(folder: Path, segments: list[list[Written]]) -> set[bytes]:
    """Returns every line that these segments must become."""
    expected = expect(journal_bytes.write(folder, segments), SETTINGS)
    return {line for _, lines in expected.lines.values() for line in lines}


def audited(
    folder: Path,
    segments: list[list[Written]],
    connections: list[Connection],
    damages: list[Damage],
    flipped: int | None = None,
) -> Expected:
    """Returns what a journal must have become, all things told; a bit of it may be flipped."""
    journal_bytes.write(folder, segments)
    if flipped is not None:
        path = folder / f"{flipped // journal_bytes.SEGMENT_LENGTH * 65536:020d}.jrn"
        content = bytearray(path.read_bytes())
        content[flipped % journal_bytes.SEGMENT_LENGTH] ^= 1
        path.write_bytes(content)
    expected = expect(folder, SETTINGS)
    sessions.note_breaks(expected.sessions, expected.damage.holes, damages)
    log = market_log.read(feed_logs.write(folder / "log", connections))
    receipt = receive(expected.sessions, expected.gaps, log)
    assert (receipt.broken, receipt.uncovered) == ([], [])
    restoration.restore(expected, receipt, damages, SETTINGS)
    return expected


def unexpected(expected: Expected, lines: set[bytes]) -> list[bytes]:
    return [
        line
        for line in sorted(lines)
        if expected.symbol_of(json.loads(line)["trade_id"], line) is None
    ]


def at_another_time(line: bytes) -> bytes:
    """Returns a line as a clock that is an hour late would have had it."""
    return re.sub(rb'(?<="received_at":)\d+', lambda m: b"%d" % (int(m[0]) - HOUR), line)


@pytest.mark.parametrize("damaged", range(len(FRAMES)))
def test_ids_of_before_and_after_the_damage_are_both_accepted(tmp_path: Path, damaged: int) -> None:
    entries = session(1, FRAMES, LOST)
    before = lines_in(tmp_path / "before", [entries])
    position = journal_bytes.position(entries, 2 + damaged) + 40
    damages = [Damage(position, position + 1)]
    connections = [feed_logs.connection(1, FRAMES)]
    expected = audited(tmp_path / "after", [entries], connections, damages, position)
    after = {line for _, lines in expected.lines.values() for line in lines}
    assert unexpected(expected, before | after) == []
    lost = before - after
    assert lost
    assert unexpected(expected, {at_another_time(line) for line in lost}) == []
    kept = lines_in(tmp_path / "front", [entries[: 2 + damaged]])
    assert len(unexpected(expected, {at_another_time(line) for line in kept})) == len(kept)
    wrong = {line.replace(b'"price":', b'"price":9') for line in before}
    assert len(unexpected(expected, wrong)) == len(wrong)


def test_what_was_sent_and_never_journalled_is_unexpected(tmp_path: Path) -> None:
    connections = [feed_logs.connection(1, FRAMES)]
    lost = lines_in(tmp_path / "whole", [session(1, FRAMES, LOST)])
    kept = session(1, FRAMES[:2], LOST)
    expected = audited(tmp_path / "journal", [kept], connections, [])
    kept_lines = lines_in(tmp_path / "kept", [kept])
    assert kept_lines < lost
    assert unexpected(expected, lost) == sorted(lost - kept_lines)


def test_a_tail_that_was_cut_off_and_written_over_is_put_back(tmp_path: Path) -> None:
    whole = session(1, FRAMES[:4], None)
    kept = whole[:4]  # two of the frames
    again = session(2, FRAMES[:1], LOST)
    # Cut within the third frame, up to the end of the fourth; the fifth was still on its way.
    begin = journal_bytes.position(whole, 4) + 40
    damages = [Damage(begin, journal_bytes.position(whole, 6))]
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, FRAMES[:1])]
    expected = audited(tmp_path / "journal", [kept + again], connections, damages)
    assert unexpected(expected, lines_in(tmp_path / "whole", [whole])) == []
    longer = lines_in(tmp_path / "longer", [session(1, FRAMES, None)])
    assert len(unexpected(expected, longer)) == 1


def test_damage_of_a_later_session_puts_nothing_back_into_an_earlier_one(tmp_path: Path) -> None:
    entries = session(1, FRAMES[:3], LOST) + session(2, FRAMES[:2], LOST)
    position = journal_bytes.position(entries, len(entries) - 3) + 40
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, FRAMES[:2])]
    damages = [Damage(position, position + 1)]
    expected = audited(tmp_path / "journal", [entries], connections, damages, position)
    whole = lines_in(tmp_path / "whole", [session(1, FRAMES, LOST)])
    kept = lines_in(tmp_path / "kept", [session(1, FRAMES[:3], LOST)])
    assert whole - kept
    assert unexpected(expected, whole) == sorted(whole - kept)


def test_a_whole_session_that_was_cut_off_is_put_back(tmp_path: Path) -> None:
    first, second = session(1, FRAMES[:1], LOST), session(2, FRAMES[1:3], None)
    again = session(2, FRAMES[3:4], LOST)
    begin = journal_bytes.position(first, len(first)) + 8
    damages = [Damage(begin, journal_bytes.position(first + second, len(first + second)))]
    connections = [
        feed_logs.connection(1, FRAMES[:1]),
        feed_logs.connection(2, FRAMES[1:3]),
        feed_logs.connection(3, FRAMES[3:4]),
    ]
    expected = audited(tmp_path / "journal", [first + again], connections, damages)
    assert unexpected(expected, lines_in(tmp_path / "whole", [first + second])) == []
    unexplained = audited(tmp_path / "other", [first + again], connections, [])
    assert len(unexpected(unexplained, lines_in(tmp_path / "second", [second]))) == 2


def test_a_tail_cut_off_an_earlier_segment_is_put_back_in_the_middle(tmp_path: Path) -> None:
    entries = session(1, FRAMES, LOST)
    whole = lines_in(tmp_path / "whole", [entries[:5], entries[5:]])
    begin = journal_bytes.position(entries, 4)
    damages = [Damage(begin, journal_bytes.position(entries, 5))]
    connections = [feed_logs.connection(1, FRAMES)]
    expected = audited(tmp_path / "cut", [entries[:4], entries[5:]], connections, damages)
    assert unexpected(expected, whole) == []
    assert expected.damage.holes == []


@pytest.mark.parametrize("at", [0, 1, -1])
def test_damage_of_what_is_no_frame_puts_nothing_back(tmp_path: Path, at: int) -> None:
    entries = session(1, FRAMES, LOST) + session(2, FRAMES[:1], LOST)
    position = journal_bytes.position(entries, at % len(entries)) + 32
    connections = [feed_logs.connection(1, FRAMES), feed_logs.connection(2, FRAMES[:1])]
    damages = [Damage(position, position + 1)]
    expected = audited(tmp_path, [entries], connections, damages, position)
    assert expected.restored == {}


def test_the_damage_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "damage.ndjson"
    assert damage_log.read(path) == damage_log.read(None) == []
    line: dict[str, Any] = {"segment": "00000000000000000000.jrn", "from": 8, "to": 9}
    path.write_text(json.dumps(line) + "\n" + json.dumps(line | {"to": 12}) + "\n")
    assert damage_log.read(path) == [Damage(8, 9), Damage(8, 12)]
