"""What AWS Lambda does with the records of one shard, as a state machine without clock or network.

Records go in as they are read; batches come out; what became of a batch goes in again. So long as
a batch is not settled nothing behind it comes out: the order of the shard holds.

- A batch that succeeded does not come again.
- With ReportBatchItemFailures the lowest sequence number that an answer reports is the new
  checkpoint: that record and all after it come again, nothing before it. Without, no answer is
  looked at.
- An invocation that failed, or an answer that is not understood, fails the whole batch. With
  BisectBatchOnFunctionError it then comes again in two halves.
- Neither halving a batch nor (with bisection on) cutting it at a reported record counts as a retry.
- A batch that has used up MaximumRetryAttempts, and records older than MaximumRecordAgeInSeconds,
  are skipped. -1, the default of both, is without limit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

MAX_EVENT_LENGTH = 6 * 1024 * 1024
"""Bytes of an event that Lambda takes."""

EVENT_START, EVENT_END = '{"Records":[', "]}"


@dataclass(frozen=True)
class Rules:
    """The settings of a mapping that decide what becomes of a batch."""

    batch_size: int
    """Records in a batch, at most."""
    window_seconds: float
    """How long records may wait until a batch is full; 0: they do not."""
    bisects: bool
    reports_failures: bool
    max_retries: int
    """Retries of a batch; -1: without limit."""
    max_age_seconds: int
    """Age since arrival beyond which a record is skipped; -1: without limit."""


@dataclass(frozen=True)
class Record:
    """A stream record as a batch carries it."""

    sequence_number: str
    arrived_at: float
    """Seconds since the epoch."""
    payload: str
    """The record as it stands in an event: a JSON object, ASCII only."""


@dataclass(frozen=True)
class Batch:
    """Records that are handed out together."""

    records: Sequence[Record]
    retries: int = 0
    """How many of MaximumRetryAttempts it has used up."""
    is_repeated: bool = False
    """Whether its records were handed out before."""

    def event(self) -> str:
        """Returns the event, as JSON."""
        return EVENT_START + ",".join(record.payload for record in self.records) + EVENT_END


@dataclass(frozen=True)
class Answered:
    """The function returned this."""

    answer: Any


@dataclass(frozen=True)
class Failed:
    """The function raised, ran out of time or crashed."""

    reason: str


class BatchFailedError(Exception):
    """Nothing of a batch counts as done: it failed, or the answer does not say what did."""


@dataclass
class Counts:
    """What has become of the records of a shard since the start."""

    records: int = 0
    """Records that were handed over for good."""
    batches: int = 0
    """Invocations, retries too."""
    failures: int = 0
    """Invocations that failed, or of which an answer reported records as failed."""
    retries: int = 0
    """Invocations with records that had been handed out before."""
    skipped: int = 0
    """Records given up: too old, or too often retried."""


class ShardBatches:
    """The records of one shard that were read and not yet handed over for good.

    Confined to one thread. Holds at most what one read brings and what a batch wants more.
    """

    def __init__(
        self, rules: Rules, on_skip: Callable[[Sequence[Record], str], None] = lambda *_: None
    ) -> None:
        self._rules = rules
        self._on_skip = on_skip
        self._waiting: deque[Record] = deque()  # in no batch yet
        self._waiting_since = 0.0
        self._batches: deque[Batch] = deque()  # handed out before, or to be handed out next
        self.counts = Counts()
        self.checkpoint: str | None = None
        """The sequence number of the last record that will not come again; None: none yet."""
        self.failures_in_a_row = 0
        """Failures since there was last some progress: how long to wait before the next batch."""

    @property
    def is_empty(self) -> bool:
        """Whether everything that was read is handed over."""
        return not self._batches and not self._waiting

    def add(self, records: Sequence[Record], now: float) -> None:
        """Takes records in the order of the shard; the time is in seconds since the epoch."""
        if not self._waiting:
            self._waiting_since = now
        self._waiting.extend(records)

    def next(self, now: float, *, at_once: bool = False) -> Batch | None:
        """Returns the batch to be handed out, the same until it is settled; None: not yet.

        at_once does not wait for a batch to become full.
        """
        while True:
            if not self._batches and self._is_due(now, at_once):
                self._batches.append(Batch(self._take(now)))
            if not self._batches:
                return None
            young = self._without_too_old(self._batches[0], now)
            if young.records:
                self._batches[0] = young
                return young
            self._batches.popleft()

    def settle(self, outcome: Answered | Failed) -> str | None:
        """Takes what became of the batch that was handed out last; returns why it failed, if so."""
        batch = self._batches.popleft()
        self.counts.batches += 1
        self.counts.retries += batch.is_repeated
        try:
            failed_from = self._first_failure(batch, outcome)
        except BatchFailedError as e:
            self._failed(progressed=False)
            self._repeat_all(batch)
            return str(e)
        self._done(batch.records[:failed_from])
        if failed_from == len(batch.records):
            self.failures_in_a_row = 0
            return None
        self._failed(progressed=failed_from > 0)
        self._repeat_from(batch, failed_from)
        return f"reported as failed: from={batch.records[failed_from].sequence_number}"

    def _first_failure(self, batch: Batch, outcome: Answered | Failed) -> int:
        if isinstance(outcome, Failed):
            raise BatchFailedError(outcome.reason)
        if not self._rules.reports_failures:
            return len(batch.records)
        return first_failure(batch.records, outcome.answer)

    def _failed(self, *, progressed: bool) -> None:
        self.counts.failures += 1
        self.failures_in_a_row = 1 if progressed else self.failures_in_a_row + 1

    def _repeat_all(self, batch: Batch) -> None:
        half = len(batch.records) // 2
        if self._rules.bisects and half > 0:
            self._repeat(batch.records[half:], batch.retries)
            self._repeat(batch.records[:half], batch.retries)
        else:
            self._retry(batch.records, batch.retries)

    def _repeat_from(self, batch: Batch, failed_from: int) -> None:
        rest = batch.records[failed_from:]
        if self._rules.bisects and failed_from > 0:
            self._repeat(rest, batch.retries)
        else:
            self._retry(rest, batch.retries)

    def _retry(self, records: Sequence[Record], retries: int) -> None:
        if 0 <= self._rules.max_retries <= retries:
            self._skip(records, f"retried {retries} times")
        else:
            self._repeat(records, retries + 1)

    def _repeat(self, records: Sequence[Record], retries: int) -> None:
        self._batches.appendleft(Batch(records, retries, is_repeated=True))

    def _without_too_old(self, batch: Batch, now: float) -> Batch:
        """Skips what is too old; the oldest records of a shard are the first."""
        if self._rules.max_age_seconds < 0:
            return batch
        oldest = now - self._rules.max_age_seconds
        old = 0
        while old < len(batch.records) and batch.records[old].arrived_at < oldest:
            old += 1
        if old > 0:
            self._skip(batch.records[:old], f"older than {self._rules.max_age_seconds} s")
        return replace(batch, records=batch.records[old:])

    def _skip(self, records: Sequence[Record], why: str) -> None:
        self.counts.skipped += len(records)
        self.checkpoint = records[-1].sequence_number
        self._on_skip(records, why)

    def _done(self, records: Sequence[Record]) -> None:
        if records:
            self.counts.records += len(records)
            self.checkpoint = records[-1].sequence_number

    def _is_due(self, now: float, at_once: bool) -> bool:
        if not self._waiting:
            return False
        return at_once or self._is_full() or now >= self._waiting_since + self._rules.window_seconds

    def _is_full(self) -> bool:
        return self._fitting() < len(self._waiting) or len(self._waiting) >= self._rules.batch_size

    def _fitting(self) -> int:
        """Returns how many of the waiting records one event carries; at least one."""
        length = len(EVENT_START) + len(EVENT_END) - 1  # no comma before the first
        for index, record in enumerate(self._waiting):
            length += len(record.payload) + 1
            if index >= self._rules.batch_size or (index > 0 and length > MAX_EVENT_LENGTH):
                return index
        return len(self._waiting)

    def _take(self, now: float) -> list[Record]:
        taken = [self._waiting.popleft() for _ in range(self._fitting())]
        self._waiting_since = now
        return taken


def first_failure(records: Sequence[Record], answer: Any) -> int:
    """Returns the index of the first record that an answer reports; their number if it does none.

    No answer, or one without a list of failures, reports none. Raises BatchFailedError.
    """
    if answer is None:
        return len(records)
    if not isinstance(answer, dict):
        raise BatchFailedError(f"answer not an object: type={type(answer).__name__}")
    failures = answer.get("batchItemFailures")
    if failures is None:
        return len(records)
    if not isinstance(failures, list):
        raise BatchFailedError(f"batchItemFailures not a list: type={type(failures).__name__}")
    # The order of a shard is that of the numbers; as texts, 10 would come before 9.
    indexes = {record.sequence_number: index for index, record in enumerate(records)}
    return min((_index(indexes, failure) for failure in failures), default=len(records))


def _index(indexes: dict[str, int], failure: Any) -> int:
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    if not isinstance(identifier, str) or identifier not in indexes:
        raise BatchFailedError("itemIdentifier not a sequence number of the batch")
    return indexes[identifier]
