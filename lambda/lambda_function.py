"""The function: takes a batch of stream records of Kinesis and stores every trade in it, once.

Environment variables:

AWS_REGION                    where the table and the queue are; set by Lambda
DYNAMODB_TABLE_NAME           the table
DEAD_LETTER_QUEUE_URL         where goes what can never be stored
POWERTOOLS_METRICS_NAMESPACE  of the metrics
TIME_TO_LIVE_DAYS             days after a trade that its item expires; 0 or none: never
POWERTOOLS_...                name and level of the log, as Powertools has them
"""

from __future__ import annotations

import functools
import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import botocore.session
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)
from botocore.config import Config
from botocore.session import Session

from batch import Batch, Outcome, Progress
from dead_letters import DeadLetterQueue
from dynamodb import DynamoDB
from pieces import place_of
from retries import CALL_SECONDS, Time
from table import MAX_REQUESTS_AT_ONCE, Table

MAX_SHARDS_REMEMBERED = 100
"""Beyond, all that is remembered is forgotten, and some writes are repeated: trades_stored counts
them."""
CONNECT_SECONDS = 1.0

COUNTS = (
    "stream_records",
    "user_records",
    "trades_stored",
    "duplicate_trades",
    "conflicting_trades",
    "dead_letters",
    "unprocessed_items",
    "failed_records",
)
MAX_LATENCIES = 100
"""Values of one metric in one line."""

_REQUIRED = (
    "AWS_REGION",
    "DYNAMODB_TABLE_NAME",
    "DEAD_LETTER_QUEUE_URL",
    "POWERTOOLS_METRICS_NAMESPACE",
)


class ConfigurationError(Exception):
    """Environment variables that the function cannot work with."""


class UnknownEventError(Exception):
    """An event that is not a batch of stream records."""


@dataclass(frozen=True)
class Settings:
    """What the environment variables say."""

    table_name: str
    queue_url: str
    time_to_live_days: int

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Settings:
        """Reads and checks all of them; raises ConfigurationError that names every problem."""
        problems = [f"{name} not set" for name in _REQUIRED if not variables.get(name)]
        days = variables.get("TIME_TO_LIVE_DAYS") or "0"
        if not (days.isascii() and days.isdigit() and len(days) <= 5):
            problems.append(f"TIME_TO_LIVE_DAYS not a number of days: value={days} (0 to 99999)")
        if problems:
            raise ConfigurationError(
                f"environment variables wrong: {'; '.join(problems)} (conf/aws/template.yaml)"
            )
        return cls(variables["DYNAMODB_TABLE_NAME"], variables["DEAD_LETTER_QUEUE_URL"], int(days))


class Function:
    """The function in one execution environment. Invoked by one thread at a time."""

    def __init__(
        self,
        table: Table,
        queue: DeadLetterQueue,
        time_to_live_days: int,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """The clock tells seconds of the epoch."""
        self._table = table
        self._queue = queue
        self._time_to_live_days = time_to_live_days
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._logger = Logger()
        self._metrics = AmazonCloudWatchEMFProvider()
        self._progress: dict[tuple[str, str], Progress] = {}
        """By stream and shard: how far into the record that the last invocation reported."""

    def handle(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Stores what is in a batch; returns which record has to come again, if one has to."""
        records = _records_of(event)
        begun = self._clock()
        unprocessed_before = self._table.unprocessed_items
        batch = Batch(records, self._table, self._queue, self._time_to_live_days, self._now_millis)
        left = Time(
            lambda: context.get_remaining_time_in_millis() / 1000, self._sleep, self._chance
        )
        place = place_of(records[0])
        # Whatever comes of it, it is forgotten: it says nothing of any later delivery.
        progress = self._progress.pop((place.stream, place.shard_id), None)
        outcome = batch.outcome
        try:
            batch.run(left, progress)
            if outcome.progress is not None:
                self._remember((place.stream, place.shard_id), outcome.progress)
        finally:
            outcome.counts["unprocessed_items"] = self._table.unprocessed_items - unprocessed_before
            self._tell(outcome, place.shard_id, self._clock() - begun)
        return outcome.answer()

    def _now_millis(self) -> int:
        return int(self._clock() * 1000)

    def _remember(self, shard: tuple[str, str], progress: Progress) -> None:
        """Lets the next invocation go on inside a record for which one has too little time."""
        if len(self._progress) >= MAX_SHARDS_REMEMBERED:
            self._progress.clear()
        self._progress[shard] = progress

    def _tell(self, outcome: Outcome, shard_id: str, seconds: float) -> None:
        for reason, (count, first) in outcome.reasons.items():
            self._logger.warning(
                "dead letters sent",
                extra={"reason": reason, "count": count, "first": first._asdict()},
            )
        for earlier, later in outcome.conflicts:
            self._logger.error(
                "one trade_id with two contents, the later one is stored",
                extra={"earlier": earlier._asdict(), "later": later._asdict()},
            )
        if outcome.progress is not None:
            self._logger.error(
                "batch not done, the rest comes again",
                extra={"cause": outcome.failure, "from": outcome.progress.sequence_number},
            )
        counts = {name: outcome.counts[name] for name in COUNTS}
        about = {"shard_id": shard_id, "seconds": round(seconds, 3)}
        self._logger.info("batch handled", extra=counts | about)
        self._print_metrics(counts, outcome.latencies)

    def _print_metrics(self, counts: Mapping[str, int], latencies: Sequence[int]) -> None:
        """Serializes all at once: Powertools takes longer to add a value than a trade may take."""
        metrics = {name: _metric(MetricUnit.Count, [value]) for name, value in counts.items()}
        for begin in range(0, max(1, len(latencies)), MAX_LATENCIES):
            part = latencies[begin : begin + MAX_LATENCIES]
            if part:
                metrics["stored_latency"] = _metric(MetricUnit.Milliseconds, part)
            print(json.dumps(self._metrics.serialize_metric_set(metrics)))
            metrics = {}


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Is what Lambda calls."""
    return _function().handle(event, context)


@functools.cache
def _function() -> Function:
    """Makes the function at the first event, once in an execution environment."""
    settings = Settings.from_variables(os.environ)
    session = botocore.session.get_session()
    threads = ThreadPoolExecutor(MAX_REQUESTS_AT_ONCE, "table")
    table = Table(DynamoDB(_client(session, "dynamodb")), settings.table_name, threads)
    queue = DeadLetterQueue(_client(session, "sqs"), settings.queue_url)
    return Function(table, queue, settings.time_to_live_days)


def _client(session: Session, service: str) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=CALL_SECONDS - CONNECT_SECONDS,
        retries={"total_max_attempts": 1},  # retries are ours, which know the time that is left
        tcp_keepalive=True,
        max_pool_connections=MAX_REQUESTS_AT_ONCE,
        parameter_validation=False,  # what is sent is checked line by line
    )
    return session.create_client(service, region_name=os.environ["AWS_REGION"], config=config)


def _metric(unit: MetricUnit, values: Sequence[int]) -> dict[str, Any]:
    return {"Unit": unit.value, "StorageResolution": 60, "Value": values}


def _records_of(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not records:
        raise UnknownEventError("not a batch of stream records: Records missing or empty")
    for record in records:
        source = record.get("eventSource") if isinstance(record, Mapping) else None
        if source != "aws:kinesis":
            raise UnknownEventError(f"not a stream record: source={source} (expected: aws:kinesis)")
        if not _is_whole(record):
            raise UnknownEventError(
                "stream record incomplete "
                "(needs eventID, eventSourceARN, kinesis.sequenceNumber, kinesis.data)"
            )
    return records


def _is_whole(record: Mapping[str, Any]) -> bool:
    kinesis = record.get("kinesis")
    if not isinstance(kinesis, Mapping):
        return False
    texts = [record.get(name) for name in ("eventID", "eventSourceARN")]
    texts += [kinesis.get(name) for name in ("sequenceNumber", "data")]
    return all(isinstance(text, str) for text in texts)
