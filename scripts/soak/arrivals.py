"""Reads a stream and tells how long trades took from their receipt until they arrived in it.

    python scripts/soak/arrivals.py --stream stream-finnhub --endpoint https://127.0.0.1:4567 \\
        --ca ca.pem --since normal=1795616400000 --since outage=1795616410000

Prints a JSON object with, for each phase, the latencies of the trades that were received in it. A
phase lasts until the next one begins; times are milliseconds since 1970. When a record arrived is
what the stream says of it: it is acknowledged to the KPL as soon as the answer is on its way. A
trade that was put twice counts twice.
"""

from __future__ import annotations

import argparse
import bisect
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import chaos_folder  # noqa: F401  what follows is found through it
import lambda_folder  # noqa: F401
import deaggregation
import stream
from shards import shards_of

_RECEIVED_AT = re.compile(rb'"received_at":(\d+)')


class Latencies:
    """Latencies in whole milliseconds, by the phase of the receipt."""

    def __init__(self, begins: Sequence[tuple[str, int]]) -> None:
        """Takes each phase's name and begin, in order; what comes before the first is left out."""
        self._names = [name for name, _ in begins]
        self._begins = [begin for _, begin in begins]
        self._counts: dict[str, Counter[int]] = {name: Counter() for name in self._names}

    def add(self, data: bytes, arrived_at: int) -> None:
        """Takes a stream record, aggregated or not, that arrived at this time."""
        if deaggregation.is_aggregated(data):
            lines = b"".join(record.data for record in deaggregation.deaggregate(data))
        else:
            lines = data
        for text in _RECEIVED_AT.findall(lines):
            received_at = int(text)
            phase = bisect.bisect_right(self._begins, received_at) - 1
            if phase >= 0:
                self._counts[self._names[phase]][max(0, arrived_at - received_at)] += 1

    def result(self) -> dict[str, dict[str, int]]:
        """Returns trades, percentiles and the longest of each phase that has any."""
        return {name: _told(counts) for name, counts in self._counts.items() if counts}


def _told(counts: Counter[int]) -> dict[str, int]:
    return {
        "trades": counts.total(),
        "p50": percentile(counts, 50),
        "p90": percentile(counts, 90),
        "p99": percentile(counts, 99),
        "max": max(counts),
    }


def percentile(counts: Counter[int], percent: float) -> int:
    """Returns the least value that this share of those counted does not exceed."""
    wanted = math.ceil(counts.total() * percent / 100)
    below = 0
    for value in sorted(counts):
        below += counts[value]
        if below >= wanted:
            return value
    raise ValueError("nothing was counted")


def records(client: Any, name: str) -> Iterator[tuple[bytes, int]]:
    """Yields data and time of arrival of every record that is in the stream now."""
    for shard in shards_of(client, name):
        iterator: str | None = client.get_shard_iterator(
            StreamName=name, ShardId=shard.id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator is not None:
            answer = client.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                arrived_at = record["ApproximateArrivalTimestamp"].timestamp()
                yield record["Data"], round(arrived_at * 1000)
            at_newest = not answer["Records"] and answer["MillisBehindLatest"] == 0
            iterator = None if at_newest else answer.get("NextShardIterator")


def main() -> int:
    """Reads the stream, prints the result."""
    arguments = _parse()
    latencies = Latencies(arguments.since)
    client = stream.connect(arguments.endpoint, arguments.ca, arguments.region)
    for data, arrived_at in records(client, arguments.stream):
        latencies.add(data, arrived_at)
    print(json.dumps(latencies.result()))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="latencies from receipt to the stream")
    parser.add_argument("--stream", required=True, help="name of the stream")
    parser.add_argument("--endpoint", required=True, help="https address of the local AWS")
    parser.add_argument("--ca", type=Path, required=True, help="PEM file to verify it against")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--since", type=_begin, action="append", required=True, metavar="PHASE=MILLIS"
    )
    return parser.parse_args()


def _begin(text: str) -> tuple[str, int]:
    name, _, millis = text.partition("=")
    return name, int(millis)


if __name__ == "__main__":
    sys.exit(main())
