"""A shard is read and handed over step by step: no thread, no clock, no network."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from checkpoints import Checkpoint, Checkpoints
from event_source_mapping import Answered, Failed, Rules
from resharding_kinesis import ReshardingKinesis, refusal
from shard_reader import READ_SECONDS, ShardReader, State, backoff_seconds
from stream_source import StreamSource

STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/trades"
ROLE_ARN = "arn:aws:iam::123456789012:role/processor"
SHARD = "shardId-000000000000"
RULES = Rules(
    batch_size=2,
    window_seconds=0,
    bisects=False,
    reports_failures=True,
    max_retries=-1,
    max_age_seconds=-1,
)
PAYLOADS = Path(__file__).parents[1] / "resources/payloads"


class Bench:
    """A reader of the first shard, a function that answers as told, and a clock that it moves."""

    def __init__(self, checkpoints: Checkpoints, kinesis: ReshardingKinesis, rules: Rules) -> None:
        self.kinesis = kinesis
        self.checkpoints = checkpoints
        self.outcomes: list[Answered | Failed] = []
        self.handed_out: list[list[str]] = []
        self.events: list[str] = []
        self.now = 1_000_000.0
        self.paused: list[float] = []
        source = StreamSource(kinesis, STREAM_ARN, ROLE_ARN)
        self.reader = ShardReader(
            SHARD, source, self._invoke, checkpoints, rules, clock=lambda: self.now
        )

    def _invoke(self, event: str) -> Answered | Failed:
        self.events.append(event)
        records = json.loads(event)["Records"]
        self.handed_out.append(
            [base64.b64decode(record["kinesis"]["data"]).decode() for record in records]
        )
        return self.outcomes.pop(0) if self.outcomes else Answered(None)

    def state(self) -> State:
        """How far the reader has come."""
        return self.reader.state

    def steps(self, count: int, *, drains: bool = False) -> None:
        """Lets it make so many steps, and the time pass that it waits between."""
        for _ in range(count):
            if self.reader.state is not State.READING:
                return
            self.paused.append(self.reader.step(drains=drains))
            self.now += self.paused[-1]


@pytest.fixture
def checkpoints(tmp_path: Path) -> Iterator[Checkpoints]:
    with contextlib.closing(Checkpoints(tmp_path)) as opened:
        yield opened


@pytest.fixture
def kinesis() -> ReshardingKinesis:
    kinesis = ReshardingKinesis("trades", shards=1)
    for number in range(5):
        kinesis.put(number, f"r{number}".encode())
    return kinesis


@pytest.fixture
def bench(checkpoints: Checkpoints, kinesis: ReshardingKinesis) -> Bench:
    return Bench(checkpoints, kinesis, RULES)


def test_all_records_are_handed_over_in_batches(bench: Bench) -> None:
    bench.steps(20)
    assert [record for batch in bench.handed_out for record in batch] == [
        "r0",
        "r1",
        "r2",
        "r3",
        "r4",
    ]
    assert max(map(len, bench.handed_out)) == 2
    assert bench.checkpoints.read(SHARD) == Checkpoint("101")
    assert bench.state() is State.READING
    assert bench.reader.millis_behind == 0


def test_records_have_the_form_that_lambda_gives_them(bench: Bench) -> None:
    bench.steps(3)
    (event,) = bench.events[:1]
    assert json.loads(event)["Records"][0] == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "0",
            "sequenceNumber": "97",
            "data": base64.b64encode(b"r0").decode(),
            "approximateArrivalTimestamp": 1767323045.679,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:97",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": ROLE_ARN,
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM_ARN,
    }


def types(value: Any) -> Any:
    """The form of a JSON value: its keys and types."""
    if isinstance(value, dict):
        return {key: types(member) for key, member in value.items()}
    return [types(value[0])] if isinstance(value, list) else type(value)


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("lambda_*.json")), ids=lambda path: path.stem)
def test_events_have_the_form_of_recorded_ones(bench: Bench, path: Path) -> None:
    bench.steps(3)
    assert types(json.loads(bench.events[0])) == types(json.loads(path.read_text()))


def test_a_shard_is_read_at_most_four_times_a_second(bench: Bench) -> None:
    began = bench.now
    bench.steps(200)
    assert bench.kinesis.reads <= (bench.now - began) / READ_SECONDS + 1
    assert bench.kinesis.reads > 20  # it does read on


def test_a_new_reader_goes_on_behind_the_checkpoint(
    bench: Bench, checkpoints: Checkpoints, kinesis: ReshardingKinesis
) -> None:
    bench.steps(2)  # a read and a batch
    assert bench.handed_out == [["r0", "r1"]]
    again = Bench(checkpoints, kinesis, RULES)
    assert again.reader.checkpoint == "98"
    again.steps(20)
    assert again.handed_out[0][0] == "r2"


def test_a_batch_that_was_out_when_the_reader_was_killed_comes_again(
    bench: Bench, checkpoints: Checkpoints, kinesis: ReshardingKinesis
) -> None:
    bench.steps(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "write", lambda *_: None)  # killed before it could
        bench.steps(1)
    again = Bench(checkpoints, kinesis, RULES)
    again.steps(20)
    assert bench.handed_out == [["r0", "r1"]]
    assert again.handed_out[0] == ["r0", "r1"]


def test_a_reported_record_is_the_checkpoint_at_once(bench: Bench) -> None:
    bench.outcomes = [Answered({"batchItemFailures": [{"itemIdentifier": "98"}]})]
    bench.steps(2)
    assert bench.checkpoints.read(SHARD) == Checkpoint("97")
    bench.steps(1)
    assert bench.handed_out == [["r0", "r1"], ["r1"]]


def test_retries_are_further_and_further_apart(bench: Bench) -> None:
    bench.outcomes = [Failed("x")] * 8
    bench.steps(1)
    bench.paused.clear()
    bench.steps(9)
    assert bench.paused == [0.25, 0.5, 1, 2, 4, 4, 4, 4, 0]
    assert bench.handed_out == [["r0", "r1"]] * 9


def test_a_function_that_fails_for_days_is_tried_on() -> None:
    assert backoff_seconds(10_000_000) == 4


def test_an_expired_iterator_is_replaced_behind_the_last_record_read(bench: Bench) -> None:
    bench.steps(1)
    bench.kinesis.expire_iterators()
    bench.steps(20)
    assert [record for batch in bench.handed_out for record in batch] == [
        f"r{number}" for number in range(5)
    ]
    assert bench.reader.read_errors == 0


@pytest.mark.parametrize(
    "error",
    [
        refusal("ProvisionedThroughputExceededException", "GetRecords"),
        refusal("InternalFailure", "GetRecords"),
        EndpointConnectionError(endpoint_url="https://127.0.0.1:9"),
    ],
)
def test_a_shard_that_cannot_be_read_is_tried_again(
    bench: Bench, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bench.kinesis.failures = [error, error, error]
    bench.steps(3)
    assert bench.paused == [0.25, 0.5, 1]
    assert bench.handed_out == []
    bench.steps(20)
    assert sum(map(len, bench.handed_out)) == 5
    assert bench.reader.read_errors == 3
    assert len(caplog.messages) == 1  # the first of a row
    assert caplog.messages[0].startswith(f"shard cannot be read, trying on: shard={SHARD}: ")


def test_errors_are_in_a_row_only_without_a_read_between(bench: Bench) -> None:
    error = refusal("InternalFailure", "GetRecords")
    for _ in range(3):
        bench.kinesis.failures = [error]
        bench.paused.clear()
        while bench.kinesis.failures:
            bench.steps(1)
        assert bench.paused[-1] == 0.25
        bench.steps(1)


def test_an_empty_read_is_not_the_end_while_it_is_behind(bench: Bench) -> None:
    bench.kinesis.empty_reads = 3
    bench.steps(30, drains=True)
    assert sum(map(len, bench.handed_out)) == 5
    assert bench.state() is State.DRAINED


def test_told_to_drain_it_ends_where_nothing_is_left(bench: Bench) -> None:
    bench.steps(30, drains=True)
    assert bench.state() is State.DRAINED
    assert sum(map(len, bench.handed_out)) == 5
    assert not bench.checkpoints.read(SHARD).is_finished


def test_an_empty_read_before_it_was_told_to_drain_is_not_the_end(bench: Bench) -> None:
    bench.steps(20)
    assert sum(map(len, bench.handed_out)) == 5
    bench.kinesis.put(1, b"late")
    bench.steps(20, drains=True)
    assert bench.handed_out[-1] == ["late"]
    assert bench.state() is State.DRAINED


def test_it_does_not_drain_while_a_batch_fails(bench: Bench) -> None:
    bench.outcomes = [Failed("x")] * 50
    bench.steps(50, drains=True)
    assert bench.state() is State.READING
    bench.steps(20, drains=True)
    assert bench.state() is State.DRAINED


def test_draining_does_not_wait_for_a_window(
    checkpoints: Checkpoints, kinesis: ReshardingKinesis
) -> None:
    rules = Rules(100, 300, False, True, -1, -1)
    bench = Bench(checkpoints, kinesis, rules)
    bench.steps(20)
    assert bench.handed_out == []
    bench.steps(20, drains=True)
    assert sum(map(len, bench.handed_out)) == 5
    assert bench.state() is State.DRAINED


def test_a_shard_that_a_reshard_has_ended_is_finished_once_all_is_handed_over(
    bench: Bench,
) -> None:
    bench.kinesis.split(bench.kinesis.open_shards()[0])
    bench.outcomes = [Failed("x")] * 3
    while bench.state() is State.READING:
        assert not bench.checkpoints.read(SHARD).is_finished
        bench.steps(1)
    assert bench.state() is State.FINISHED
    assert bench.checkpoints.read(SHARD) == Checkpoint("101", is_finished=True)
    assert bench.handed_out[-1][-1] == "r4"


def test_the_last_records_of_a_shard_do_not_wait_for_a_window(
    checkpoints: Checkpoints, kinesis: ReshardingKinesis
) -> None:
    kinesis.split(kinesis.open_shards()[0])
    bench = Bench(checkpoints, kinesis, Rules(100, 300, False, True, -1, -1))
    began = bench.now
    bench.steps(20)
    assert bench.handed_out == [["r0", "r1", "r2", "r3", "r4"]]
    assert bench.state() is State.FINISHED
    assert bench.now < began + 300


def test_an_empty_shard_that_a_reshard_has_ended_is_finished(checkpoints: Checkpoints) -> None:
    kinesis = ReshardingKinesis("trades", shards=1)
    kinesis.split(kinesis.open_shards()[0])
    bench = Bench(checkpoints, kinesis, RULES)
    bench.steps(5)
    assert bench.handed_out == []
    assert bench.checkpoints.read(SHARD) == Checkpoint(None, is_finished=True)


def test_a_shard_with_children_is_read_to_its_end_when_draining(bench: Bench) -> None:
    """Between two reads a shard may be empty, be split, and not have told yet that it ends."""
    bench.steps(20)
    bench.kinesis.after_read = lambda: bench.kinesis.split(bench.kinesis.open_shards()[0])
    bench.steps(20, drains=True)
    assert bench.state() is State.FINISHED


def test_skipped_records_are_told_loudly(
    checkpoints: Checkpoints, kinesis: ReshardingKinesis, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(checkpoints, kinesis, Rules(2, 0, False, True, 0, -1))
    bench.outcomes = [Failed("boom")]
    bench.steps(20)
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert errors == [
        f"records skipped for good: shard={SHARD} first=97 last=98 count=2: retried 0 times"
    ]
    assert bench.reader.counts.skipped == 2
    assert bench.reader.counts.records == 3


def test_a_failing_batch_is_told_less_and_less(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.outcomes = [Failed("timed out: timeout_seconds=1")] * 20
    bench.steps(22)
    assert [message.split(" times=")[1] for message in caplog.messages] == [
        f"{times}: timed out: timeout_seconds=1" for times in (1, 2, 4, 8, 16)
    ]
    assert f"batch failed, comes again: shard={SHARD} after=None" in caplog.messages[0]


def test_a_batch_that_fails_for_another_reason_is_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.outcomes = [Failed(reason) for reason in "aaaaabbb"]
    bench.steps(12)
    assert [message.split(" times=")[1] for message in caplog.messages] == [
        "1: a",
        "2: a",
        "4: a",
        "6: b",
        "8: b",
    ]


def test_what_is_too_old_at_the_end_of_a_shard_is_remembered_as_passed(
    checkpoints: Checkpoints, kinesis: ReshardingKinesis
) -> None:
    bench = Bench(checkpoints, kinesis, Rules(100, 0, False, True, -1, 60))
    bench.now = 2e9
    bench.steps(20)
    assert bench.handed_out == []
    assert bench.reader.counts.skipped == 5
    assert checkpoints.read(SHARD) == Checkpoint("101")
