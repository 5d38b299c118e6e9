"""Damage to the journal's bytes while nobody writes it: a flipped bit, a cut-off tail.

What was damaged is told to the audit (damage_log.py), which takes what that explains for explained,
and nothing else. What is appended there later is whole again.
"""

from __future__ import annotations

import json
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path

import commands
import journal_file
from host import Host, LogSince
from journal_file import Entry, Journal
from process_faults import STATE_SECONDS, ProcessFault, kill

SEGMENTS_READ_AT_START = 3
"""The checkpoint's and the two before it: what an ingester that starts reads for sure."""
LOOK_SECONDS = 0.5
LONGEST_CUT = 8192
"""Bytes of the tail that may be cut off."""

_SKIPPED = re.compile(r"journal damaged, entries skipped position=(\d+) length=(\d+)")
_TORN = re.compile(r"journal entry torn segment=\S*?(\d+)\.jrn offset=(\d+)")
_CUT = re.compile(r"segment cut short segment=\S*?(\d+)\.jrn length=(\d+)")


@dataclass(frozen=True)
class Damaged:
    """Bytes of the journal that are not what they were."""

    segment: str
    begin: int
    """First position."""
    end: int
    """Position after the last."""

    def is_told_in(self, log: str) -> bool:
        """Whether an ingester's log says that it has met it."""
        skipped = [
            (int(found[1]), int(found[1]) + int(found[2])) for found in _SKIPPED.finditer(log)
        ]
        torn = [int(found[1]) + int(found[2]) for found in _TORN.finditer(log)]
        cut = [int(found[1]) + int(found[2]) for found in _CUT.finditer(log)]
        return (
            any(first < self.end and self.begin < after for first, after in skipped)
            or any(self.begin <= position < self.end for position in torn)
            or self.begin in cut
        )


class JournalFault(ProcessFault):
    """kill -9 of the ingester, damage, and a new start while the fault lasts.

    It has an effect when the ingester that starts has come upon the damage, and lived.
    """

    is_done = False

    def __init__(self, host: Host, randomness: random.Random) -> None:
        super().__init__(host, randomness)
        self._host = host
        self._damaged: Damaged | None = None
        self._log: LogSince | None = None
        self._start_at = 0.0
        self._is_held = False
        self._look_at = 0.0

    def begin(self, seconds: float) -> None:
        """Kills it and does the damage; it may start again when half the time is over."""
        ingester = self._host.ingester
        self._host.hold("ingester", down=True)
        self._is_held = True
        self._host.crashed = True
        self._start_at = time.monotonic() + seconds / 2
        self._log = LogSince(ingester.err)
        kill(ingester.pid)
        # Its first thread may be dead for a while before the last one is, and with it the writer.
        if ingester.wait(STATE_SECONDS) is None:
            return
        folder = self._host.disk.writable
        self._damaged = self._damage(folder, _newest(folder))
        if self._damaged is not None:
            _note(self._damaged)

    def turn(self) -> None:
        """Lets the ingester start when it is time to, and looks whether it has met the damage."""
        if self._is_held and time.monotonic() >= self._start_at:
            self._release()
        if not self._is_held:
            self.look_back()

    def end(self) -> None:
        """Lets the ingester start, if it has not yet."""
        if self._is_held:
            self._release()

    def look_back(self) -> None:
        """Looks whether an ingester has met the damage: its start may take a while."""
        now = time.monotonic()
        if self.effects == 0 and self._damaged and self._log and now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self.effects += self._damaged.is_told_in(self._log.text())

    def _release(self) -> None:
        self._is_held = False
        self._host.hold("ingester", down=False)

    def _damage(self, folder: Path, newest: list[Entry]) -> Damaged | None:
        """Damages bytes in or after these entries; returns None where there is nothing to hit."""
        raise NotImplementedError


class FlipBit(JournalFault):
    """One bit of an entry is another: of one that is published, or of the tail."""

    def _damage(self, folder: Path, newest: list[Entry]) -> Damaged | None:
        checkpoint = journal_file.read_checkpoint(folder) or 0
        published = [entry for entry in newest if entry.position < checkpoint]
        tail = newest[len(published) :]
        if not newest:
            return None
        entry = self._random.choice(
            self._random.choice([part for part in (published, tail) if part])
        )
        length = journal_file.ENTRY_HEADER_LENGTH + len(entry.payload)
        path = _path_of(folder, entry.segment)
        with path.open("r+b") as file:
            at = entry.position - entry.segment + self._random.randrange(length)
            file.seek(at)
            (byte,) = file.read(1)
            file.seek(at)
            file.write(bytes([byte ^ 1 << self._random.randrange(8)]))
        return Damaged(path.name, entry.position, entry.position + journal_file.aligned(length))


class CutTail(JournalFault):
    """The last segment's file ends in the middle of its last entries."""

    def _damage(self, folder: Path, newest: list[Entry]) -> Damaged | None:
        if not newest:
            return None
        last = newest[-1]
        path = _path_of(folder, last.segment)
        length = journal_file.ENTRY_HEADER_LENGTH + len(last.payload)
        end = last.position - last.segment + journal_file.aligned(length)
        begin = max(journal_file.HEADER_LENGTH, end - LONGEST_CUT)
        cut = self._random.randrange(begin, end)
        with path.open("r+b") as file:
            file.truncate(cut)
        return Damaged(path.name, last.segment + cut, last.segment + end)


def _newest(folder: Path) -> list[Entry]:
    """Returns the entries that an ingester reads when it starts, in order."""
    try:
        segments = journal_file.read(folder).segments
    except journal_file.UnreadableJournalError:
        return []
    checkpoint = journal_file.read_checkpoint(folder) or 0
    at = max((i for i, found in enumerate(segments) if found.base <= checkpoint), default=0)
    first = max(0, at + 1 - SEGMENTS_READ_AT_START)
    return list(Journal(segments[first:]).entries())


def _note(damaged: Damaged) -> None:
    line = {"segment": damaged.segment, "from": damaged.begin, "to": damaged.end}
    with commands.DAMAGE_LOG.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _path_of(folder: Path, segment: int) -> Path:
    return folder / f"{segment:020}.jrn"
