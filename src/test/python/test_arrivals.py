"""How late trades arrived, by when they were received."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

import aggregates
import arrivals
from arrivals import Latencies
from deaggregation import UserRecord
from fake_kinesis import FakeKinesis

BEGINS = [("normal", 1_000), ("outage", 2_000), ("drain", 3_000)]


def lines(*received_at: int) -> bytes:
    return b"".join(
        b'{"trade_id":"t","traded_at":7,"received_at":%d,"feed":"finnhub"}\n' % at
        for at in received_at
    )


def one(latency: int) -> dict[str, int]:
    return {"trades": 1, "p50": latency, "p90": latency, "p99": latency, "max": latency}


@pytest.mark.parametrize(
    ("received_at", "arrived_at", "result"),
    [
        (999, 5_000, {}),
        (1_000, 1_100, {"normal": one(100)}),
        (1_999, 5_000, {"normal": one(3_001)}),
        (2_000, 2_000, {"outage": one(0)}),
        (9_000, 9_250, {"drain": one(250)}),
        (9_000, 8_990, {"drain": one(0)}),
    ],
)
def test_a_latency_is_counted_where_the_trade_was_received(
    received_at: int, arrived_at: int, result: dict[str, dict[str, int]]
) -> None:
    latencies = Latencies(BEGINS)
    latencies.add(lines(received_at), arrived_at)
    assert latencies.result() == result


def test_every_trade_of_an_aggregated_record_counts() -> None:
    latencies = Latencies(BEGINS)
    user_records = [UserRecord("1", None, lines(1_000, 1_500)), UserRecord("2", None, lines(2_500))]
    latencies.add(aggregates.encode_by_hand(user_records), 3_000)
    result = latencies.result()
    assert result["normal"]["trades"] == 2
    assert (result["normal"]["p50"], result["normal"]["max"]) == (1_500, 2_000)
    assert result["outage"] == one(500)


@pytest.mark.parametrize(
    ("counts", "percent", "value"),
    [
        ({5: 1}, 50, 5),
        ({1: 50, 2: 50}, 50, 1),
        ({1: 49, 2: 51}, 50, 2),
        ({1: 99, 1000: 1}, 99, 1),
        ({1: 98, 1000: 2}, 99, 1000),
        ({3: 1, 1: 1, 2: 1}, 100, 3),
    ],
)
def test_a_percentile_is_a_value_that_was_counted(
    counts: dict[int, int], percent: float, value: int
) -> None:
    assert arrivals.percentile(Counter(counts), percent) == value


class TimedKinesis(FakeKinesis):
    """Says of each record when it arrived."""

    def get_records(self, ShardIterator: str, Limit: int = 10_000) -> dict[str, Any]:  # noqa: N803
        answer = super().get_records(ShardIterator, Limit)
        arrived_at = datetime.fromtimestamp(1.25, UTC)
        records = [
            record | {"ApproximateArrivalTimestamp": arrived_at} for record in answer["Records"]
        ]
        return answer | {"Records": records}


def test_every_record_of_every_shard_is_read_to_its_newest() -> None:
    kinesis = TimedKinesis("stream", "a", "b")
    kinesis.put("a", b"1", b"2", b"3")
    kinesis.put("b", b"4")
    assert list(arrivals.records(kinesis, "stream")) == [
        (b"1", 1_250),
        (b"2", 1_250),
        (b"3", 1_250),
        (b"4", 1_250),
    ]
