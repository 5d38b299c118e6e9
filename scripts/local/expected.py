"""What a journal says must be on the stream and in the table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import identity
import journal_file
import sessions
from journal_file import Entry
from reference_conf import RecordSettings
from sessions import Gap, Session

Lines = dict[str, tuple[str, set[bytes]]]
"""Symbol and lines by trade_id."""

_RECEIVED_AT = re.compile(rb'"received_at":\d+')


@dataclass
class Expected:
    """What was found in a journal, and what it must have become."""

    feed: str
    bases: list[int]
    """Base position of each segment."""
    sessions: list[Session]
    gaps: list[Gap]
    damage: journal_file.Damage
    counts: identity.Counts
    lines: Lines
    """Several lines where a trade was received in several sessions."""
    restored: Lines = field(default_factory=dict)
    """Lines without their time that are not computed from the journal, and may be there all the
    same: they were, before bytes of it were damaged on purpose."""

    def symbol_of(self, trade_id: str, line: bytes) -> str | None:
        """Returns the symbol of a line that may be there; None if it must not."""
        symbol, lines = self.lines.get(trade_id, ("", set()))
        if line in lines:
            return symbol
        symbol, lines = self.restored.get(trade_id, ("", set()))
        return symbol if lines and timeless(line) in lines else None


def expect(folder: Path, settings: RecordSettings) -> Expected:
    """Reads a journal from its beginning."""
    journal = journal_file.read(folder)
    first = journal.segments[0]
    if first.open_session:
        raise journal_file.UnreadableJournalError(
            f"journal's beginning is gone: first={first.path.name} session={first.open_session} "
            "(identity needs what came before; audit before old segments are deleted)"
        )
    feed = next((segment.feed for segment in journal.segments if segment.is_whole), "finnhub")
    bases = [segment.base for segment in journal.segments]
    entries = list(journal.entries())
    identities = identity.Identity(feed, settings.venues)
    lines: Lines = {}
    for _, published in lines_of(identities, bases, entries):
        for trade_id, symbol, line in published:
            lines.setdefault(trade_id, (symbol, set()))[1].add(line)
    found = sessions.sessions_of(entries)
    gaps = sessions.gaps_of(found, journal.damage.holes, bases[0])
    return Expected(feed, bases, found, gaps, journal.damage, identities.counts, lines)


def lines_of(
    identities: identity.Identity, bases: Sequence[int], entries: Iterable[Entry]
) -> Iterator[tuple[Entry, list[tuple[str, str, bytes]]]]:
    """Yields each entry with (trade_id, symbol, line) of each trade that it publishes.

    The entries are in the segments of these bases, and begin where a session does.
    """
    left = iter(bases)
    base = -1
    for entry in entries:
        while base != entry.segment:
            base = next(left)
            identities.begin_segment(base)
        yield entry, identities.lines_of(entry)


def timeless(line: bytes) -> bytes:
    """Returns a line without the time at which it was received."""
    return _RECEIVED_AT.sub(b"", line, count=1)
