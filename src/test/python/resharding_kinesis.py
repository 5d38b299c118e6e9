"""A Kinesis stream in memory, with true splits and merges, behind the calls of a boto3 client."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

HASH_KEYS = 64
ARRIVED_AT = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.UTC)


@dataclass
class FakeShard:
    """A shard: a range of hash keys, and the records that were put there until it was closed."""

    id: str
    first: int
    last: int
    parents: tuple[str, ...] = ()
    is_closed: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)


class ReshardingKinesis:
    """One stream. A record's partition key is its hash key, a number as text."""

    def __init__(self, name: str, shards: int, records_a_read: int = 3) -> None:
        self._name = name
        self._records_a_read = records_a_read
        self._next_number = 97  # goes from two digits to three on the way
        self._generation = 0  # of iterators
        self.reads = 0
        self.failures: list[ClientError] = []
        """What the next calls raise, one each."""
        self.empty_reads = 0
        """How many of the next reads bring nothing, although there is more: Kinesis may do so."""
        self.after_read: Callable[[], None] | None = None
        """What happens just after the next read was answered."""
        self.hidden_lists = 0
        """How many lists yet to come are older than the newest shards."""
        self.shards: dict[str, FakeShard] = {}
        width = HASH_KEYS // shards
        for index in range(shards):
            self._add(index * width, (index + 1) * width - 1)

    def put(self, hash_key: int, data: bytes) -> None:
        """Puts a record into the open shard of its hash key."""
        shard = next(s for s in self.open_shards() if s.first <= hash_key <= s.last)
        shard.records.append(
            {
                "SequenceNumber": str(self._next_number),
                "PartitionKey": str(hash_key),
                "Data": data,
                "ApproximateArrivalTimestamp": ARRIVED_AT,
            }
        )
        self._next_number += 1

    def open_shards(self) -> list[FakeShard]:
        """The shards that records are put into, by their hash keys."""
        return sorted((s for s in self.shards.values() if not s.is_closed), key=lambda s: s.first)

    def split(self, shard: FakeShard) -> None:
        """Closes a shard, with two children in its place."""
        middle = (shard.first + shard.last) // 2
        shard.is_closed = True
        self._add(shard.first, middle, shard.id)
        self._add(middle + 1, shard.last, shard.id)

    def merge(self, one: FakeShard, other: FakeShard) -> None:
        """Closes two neighbours, with one child in their place."""
        assert one.last + 1 == other.first
        one.is_closed = other.is_closed = True
        self._add(one.first, other.last, one.id, other.id)

    def expire_iterators(self) -> None:
        """Makes all iterators that were given out useless."""
        self._generation += 1

    def get_paginator(self, operation: str) -> ReshardingKinesis:
        """A paginator of the one call that has pages."""
        assert operation == "list_shards"
        return self

    def paginate(self, *, StreamName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Lists shards, one a page."""
        self._call(StreamName)
        shards = list(self.shards.values())
        if self.hidden_lists > 0:
            self.hidden_lists -= 1
            shards = [shard for shard in shards if not shard.parents]
        for shard in shards:
            parents = zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False)
            yield {"Shards": [{"ShardId": shard.id, **dict(parents)}]}

    def get_shard_iterator(
        self,
        *,
        StreamName: str,  # noqa: N803
        ShardId: str,  # noqa: N803
        ShardIteratorType: str,  # noqa: N803
        StartingSequenceNumber: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        """Gives out an iterator: generation, shard and index of the next record."""
        self._call(StreamName)
        assert (ShardIteratorType == "TRIM_HORIZON") == (StartingSequenceNumber == "0")
        after = int(StartingSequenceNumber)
        records = self.shards[ShardId].records
        index = sum(int(record["SequenceNumber"]) <= after for record in records)
        return {"ShardIterator": self._iterator(ShardId, index)}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        """Reads a few records."""
        self.reads += 1
        generation, shard_id, index = ShardIterator.split("/")
        if int(generation) != self._generation:
            raise refusal("ExpiredIteratorException", "GetRecords")
        self._call(self._name)
        shard = self.shards[shard_id]
        if self.empty_reads > 0:
            self.empty_reads -= 1
            return {
                "Records": [],
                "MillisBehindLatest": 1000,
                "NextShardIterator": ShardIterator,
            }
        end = int(index) + min(Limit, self._records_a_read)
        records = shard.records[int(index) : end]
        is_all = end >= len(shard.records)
        answer: dict[str, Any] = {
            "Records": records,
            "MillisBehindLatest": 0 if is_all else 1000,
        }
        if not (is_all and shard.is_closed):
            answer["NextShardIterator"] = self._iterator(shard_id, int(index) + len(records))
        happens, self.after_read = self.after_read, None
        if happens is not None:
            happens()
        return answer

    def _iterator(self, shard_id: str, index: int) -> str:
        return f"{self._generation}/{shard_id}/{index}"

    def _add(self, first: int, last: int, *parents: str) -> None:
        shard_id = f"shardId-{len(self.shards):012}"
        self.shards[shard_id] = FakeShard(shard_id, first, last, parents)

    def _call(self, stream: str) -> None:
        assert stream == self._name
        if self.failures:
            raise self.failures.pop(0)


def refusal(code: str, operation: str) -> ClientError:
    """What a boto3 client raises when a call is refused."""
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)
