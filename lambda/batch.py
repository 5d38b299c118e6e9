"""One batch of stream records: what of it is done, and where the next one has to begin.

Records are taken apart in order, as far as there is time, into trades and dead letters. A flush
takes up to 200 trades of distinct ids or 10 dead letters; it writes the trades, 25 a request and
some requests at once, then sends the letters. The next flush begins when this one is done. So when
one fails, all that comes before the first piece that is not done is done, and a failure has one
answer: the record of that piece. Lambda delivers it and all after it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import trades
from dead_letters import MAX_LETTERS, DeadLetter, DeadLetterQueue, NotSentError, Place
from pieces import Piece, Trade, pieces_of, place_of
from retries import Time
from table import MAX_ITEMS, MAX_REQUESTS_AT_ONCE, NotStoredError, Table

MAX_TRADES = MAX_ITEMS * MAX_REQUESTS_AT_ONCE
"""Of one flush."""
MAX_CONFLICTS_TOLD = 10

Position = tuple[int, int]
"""A place in a batch: the index of a record, and how many of its pieces come before."""


@dataclass(frozen=True)
class Progress:
    """How far into its first record a batch was done already, when it was delivered before."""

    sequence_number: str
    """The record's; for any other record it says nothing."""
    pieces: int
    """Lines from the record's beginning that are done."""
    stored: frozenset[bytes] = frozenset()
    """Lines besides that are stored, of the flush that comes next."""
    sent: frozenset[Place] = frozenset()
    """Places besides whose dead letters are sent, of the flush that comes next."""


@dataclass
class Outcome:
    """What became of a batch."""

    counts: Counter[str] = field(default_factory=Counter)
    """By the names of the metrics."""
    latencies: list[int] = field(default_factory=list)
    """Milliseconds from receipt to stored, for each trade stored."""
    reasons: dict[str, tuple[int, Place]] = field(default_factory=dict)
    """Dead letters by reason: how many, and where the first was found."""
    conflicts: list[tuple[Place, Place]] = field(default_factory=list)
    """Where one id came with two contents; the first of them only."""
    failure: str = ""
    """Why not all of it is done; empty if it is."""
    progress: Progress | None = None
    """How far into the first record that is not done it is done; None if all is."""

    def answer(self) -> dict[str, list[dict[str, str]]]:
        """Returns the answer as an event source mapping with ReportBatchItemFailures wants it."""
        failed = [] if self.progress is None else [self.progress.sequence_number]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


class Batch:
    """The stream records of one event. Used once, by one thread."""

    def __init__(
        self,
        records: Sequence[Mapping[str, Any]],
        table: Table,
        queue: DeadLetterQueue,
        time_to_live_days: int,
        now_millis: Callable[[], int],
    ) -> None:
        self._records = records
        self._table = table
        self._queue = queue
        self._time_to_live_days = time_to_live_days
        self._now_millis = now_millis
        self.outcome = Outcome()
        """What has become of it so far."""
        self.outcome.counts["stream_records"] = len(records)
        self._seen: dict[str, tuple[bytes, Place]] = {}
        # The next flush: what it has gathered, what of it is stored or sent, how far it reaches.
        self._trades: dict[str, Trade] = {}
        self._letters: list[DeadLetter] = []
        self._stored: frozenset[bytes] = frozenset()
        self._sent: frozenset[Place] = frozenset()
        self._positions: dict[str | Place, Position] = {}
        """Where a trade was first found, by its id; where a letter was, by its place."""

    def run(self, time: Time, progress: Progress | None = None) -> None:
        """Does all, or as much as there is time for; the outcome tells how far it came."""
        outcome = self.outcome
        try:
            self._take_all(time, progress)
        except (NotStoredError, NotSentError) as e:
            index, pieces = self._first_undone()
            failed = place_of(self._records[index]).sequence_number
            outcome.failure = e.reason
            outcome.progress = Progress(failed, pieces, self._stored, self._sent)
            outcome.counts["failed_records"] = len(self._records) - index

    def _take_all(self, time: Time, progress: Progress | None) -> None:
        for index, record in enumerate(self._records):
            begin = self._begin(progress) if index == 0 else 0
            found = islice(pieces_of(record, self._time_to_live_days), begin, None)
            for number, piece in enumerate(found, begin):
                self._add(piece, (index, number))
                if len(self._trades) == MAX_TRADES or len(self._letters) == MAX_LETTERS:
                    self._flush(time)
        self._flush(time)

    def _first_undone(self) -> Position:
        """Returns where the first piece of this flush is that is not done."""
        undone: list[str | Place] = [
            id_ for id_, trade in self._trades.items() if trade.line not in self._stored
        ]
        undone += [letter.place for letter in self._letters if letter.place not in self._sent]
        return min(self._positions[key] for key in undone)

    def _begin(self, progress: Progress | None) -> int:
        """Returns how many pieces of the first record are done."""
        number = place_of(self._records[0]).sequence_number
        if progress is None or progress.sequence_number != number:
            return 0
        self._stored, self._sent = progress.stored, progress.sent
        return progress.pieces

    def _add(self, piece: Piece, position: Position) -> None:
        self.outcome.counts["user_records"] += piece.place.line == 0
        if isinstance(piece, DeadLetter):
            self._letters.append(piece)
            self._positions[piece.place] = position
            return
        seen = self._seen.get(piece.id)
        if seen is not None:
            self.outcome.counts["duplicate_trades"] += 1
            if seen[0] == piece.line:
                return  # on its way, or stored
            self._compare(piece, *seen)
        self._seen[piece.id] = (piece.line, piece.place)
        self._trades[piece.id] = piece  # the last one wins, as in the table
        self._positions.setdefault(piece.id, position)

    def _compare(self, trade: Trade, line: bytes, place: Place) -> None:
        """Notes two contents under one id. A trade of two sessions was received at two times."""
        earlier = trades.item_of(line, self._time_to_live_days)
        if earlier | {"received_at": trade.item["received_at"]} == trade.item:
            return
        self.outcome.counts["conflicting_trades"] += 1
        if len(self.outcome.conflicts) < MAX_CONFLICTS_TOLD:
            self.outcome.conflicts.append((place, trade.place))

    def _flush(self, time: Time) -> None:
        self._write(time)
        self._send(time)
        self._positions.clear()
        self._stored, self._sent = frozenset(), frozenset()

    def _write(self, time: Time) -> None:
        waiting = [trade for trade in self._trades.values() if trade.line not in self._stored]
        if waiting:
            items = [trade.item for trade in waiting]
            try:
                refused = {item["trade_id"]["S"] for item in self._table.write(items, time)}
            except NotStoredError as e:
                self._note_stored([trade for trade in waiting if trade.id in e.stored])
                raise
            self._note_stored([trade for trade in waiting if trade.id not in refused])
            for trade in waiting:
                if trade.id in refused:
                    self._letters.append(DeadLetter("refused-by-table", trade.place, trade.line))
                    self._positions[trade.place] = self._positions[trade.id]
        self._trades.clear()

    def _note_stored(self, stored: Sequence[Trade]) -> None:
        now = self._now_millis()
        self._stored |= {trade.line for trade in stored}
        self.outcome.counts["trades_stored"] += len(stored)
        self.outcome.latencies += [
            max(0, now - trades.received_at_of(trade.item)) for trade in stored
        ]

    def _send(self, time: Time) -> None:
        waiting = [letter for letter in self._letters if letter.place not in self._sent]
        if waiting:
            try:
                self._queue.send(waiting, time)
            except NotSentError as e:
                self._note_sent(waiting, e.sent)
                raise
            self._note_sent(waiting, {letter.place for letter in waiting})
        self._letters.clear()

    def _note_sent(self, waiting: Sequence[DeadLetter], sent: AbstractSet[Place]) -> None:
        self._sent |= sent
        self.outcome.counts["dead_letters"] += len(sent)
        for letter in waiting:
            if letter.place in sent:
                count, first = self.outcome.reasons.get(letter.reason, (0, letter.place))
                self.outcome.reasons[letter.reason] = (count + 1, first)
