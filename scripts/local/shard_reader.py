"""Reads one shard and hands it to the function, step by step; the thread around it is another's."""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from checkpoints import Checkpoint, Checkpoints
from event_source_mapping import Answered, Failed, Record, Rules, ShardBatches
from lineage import ListedShard, has_children
from stream_source import Read

READ_SECONDS = 0.25
"""Between two reads: Kinesis allows five a second and shard, of which one is left to others."""

FIRST_BACKOFF_SECONDS = 0.25
LAST_BACKOFF_SECONDS = 4.0
"""Between retries, doubled from the first to the last: short enough that a run on one machine
recovers while somebody looks on, long enough that a function that fails at once uses little of it.
"""

log = logging.getLogger(__name__)

Invoke = Callable[[str], Answered | Failed]


class Source(Protocol):
    """What is read; see StreamSource."""

    def shards(self) -> list[ListedShard]: ...

    def iterator(self, shard_id: str, after: str | None) -> str: ...

    def read(self, shard_id: str, iterator: str) -> Read: ...


class State(enum.Enum):
    """How far a reader has come."""

    READING = "reading"
    DRAINED = "drained"
    """It was told to read to the end, and nothing was left."""
    FINISHED = "finished"
    """A reshard has ended the shard, and all of it is handed over."""


class ShardReader:
    """The reader of one shard. Confined to one thread, but for its public attributes."""

    def __init__(
        self,
        shard_id: str,
        source: Source,
        invoke: Invoke,
        checkpoints: Checkpoints,
        rules: Rules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.shard_id = shard_id
        self.state = State.READING
        self.millis_behind: int | None = None
        """As of the last read; None before the first."""
        self.read_errors = 0
        self._source = source
        self._invoke = invoke
        self._checkpoints = checkpoints
        self._clock = clock
        self._batches = ShardBatches(rules, self._on_skip)
        self.counts = self._batches.counts
        self.checkpoint = checkpoints.read(shard_id).sequence_number
        """The sequence number of the last record that does not come again; None: none yet."""
        self._last_read = self.checkpoint
        self._iterator: str | None = None
        self._is_read = False  # to the end that a reshard gave it
        self._errors_in_a_row = 0
        self._told: str | None = None
        self._next_read_at = 0.0

    def step(self, *, drains: bool) -> float:
        """Hands over a batch or reads; returns the seconds to wait before the next step.

        With drains it ends where the shard does now, instead of waiting for more.
        """
        batch = self._batches.next(self._clock(), at_once=drains or self._is_read)
        self._remember()  # what was too old, too
        if batch is not None:
            failure = self._batches.settle(self._invoke(batch.event()))
            self._remember()
            self._tell(failure)
            return backoff_seconds(self._batches.failures_in_a_row)
        if self._is_read:
            self._checkpoints.write(self.shard_id, Checkpoint(self.checkpoint, is_finished=True))
            self.state = State.FINISHED
            return 0
        pause = self._next_read_at - self._clock()
        return pause if pause > 0 else self._read(drains)

    def _read(self, drains: bool) -> float:
        try:
            if self._iterator is None:
                self._iterator = self._source.iterator(self.shard_id, self._last_read)
            self._next_read_at = self._clock() + READ_SECONDS
            read = self._source.read(self.shard_id, self._iterator)
            is_at_end = drains and _is_end(read)  # all that was read before is handed over
            if is_at_end and not has_children(self.shard_id, self._source.shards()):
                self.state = State.DRAINED
        except (ClientError, BotoCoreError) as e:
            return self._on_error(e)
        self._errors_in_a_row = 0
        self.millis_behind = read.millis_behind
        self._iterator = read.next_iterator
        self._is_read = read.next_iterator is None
        if read.records:
            self._last_read = read.records[-1].sequence_number
            self._batches.add(read.records, self._clock())
        return 0

    def _on_error(self, error: ClientError | BotoCoreError) -> float:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        self._iterator = None
        if code == "ExpiredIteratorException":
            return 0
        self.read_errors += 1
        self._errors_in_a_row += 1
        if self._errors_in_a_row == 1:
            log.warning("shard cannot be read, trying on: shard=%s: %s", self.shard_id, error)
        return backoff_seconds(self._errors_in_a_row)

    def _remember(self) -> None:
        reached = self._batches.checkpoint
        if reached is not None and reached != self.checkpoint:
            self._checkpoints.write(self.shard_id, Checkpoint(reached))
            self.checkpoint = reached

    def _tell(self, failure: str | None) -> None:
        times = self._batches.failures_in_a_row
        is_news = failure != self._told or times & (times - 1) == 0  # the 1st, 2nd, 4th, 8th ...
        self._told = failure
        if failure is not None and is_news:
            log.warning(
                "batch failed, comes again: shard=%s after=%s times=%d: %s",
                self.shard_id,
                self.checkpoint,
                times,
                failure,
            )

    def _on_skip(self, records: Sequence[Record], why: str) -> None:
        log.error(
            "records skipped for good: shard=%s first=%s last=%s count=%d: %s",
            self.shard_id,
            records[0].sequence_number,
            records[-1].sequence_number,
            len(records),
            why,
        )


def backoff_seconds(failures: int) -> float:
    """Returns how long to wait after so many failures in a row; 0 after none."""
    if failures == 0:
        return 0
    doublings = min(failures - 1, 10)
    return float(min(LAST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2**doublings))


def _is_end(read: Read) -> bool:
    return not read.records and read.millis_behind == 0 and read.next_iterator is not None
