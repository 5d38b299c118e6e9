"""A Kinesis that answers as the service does, for those who read streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

RECORDS_A_READ = 2
HASH_KEYS = {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}


@dataclass
class FakeShard:
    """A shard's records, and the shards it came from."""

    parents: tuple[str, ...]
    is_open: bool = True
    records: list[dict[str, Any]] = field(default_factory=list)


class FakeKinesis:
    """A stream; gives few records a read, and one shard a page."""

    def __init__(self, stream: str, *shards: str) -> None:
        self.stream = stream
        self.shards: dict[str, FakeShard] = {}
        self.refusals: list[str] = []
        """Codes of errors that the next reads are answered with."""
        self.reads: list[str] = []
        """Shard of each read, refused ones too."""
        self.unlisted: set[str] = set()
        """Shards that it does not list yet."""
        self._puts = 0
        for shard in shards:
            self.add(shard)

    @property
    def client(self) -> Any:
        return self

    def add(self, shard: str, *parents: str) -> None:
        """Splits or merges the parents into a new shard."""
        for parent in parents:
            if parent in self.shards:
                self.shards[parent].is_open = False
        self.shards[shard] = FakeShard(parents)

    def put(self, shard: str, *payloads: bytes) -> None:
        for data in payloads:
            self._puts += 1
            self.shards[shard].records.append(
                {"SequenceNumber": str(self._puts), "PartitionKey": "k", "Data": data}
            )

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_shards"
        return self

    def paginate(self, StreamName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        if StreamName != self.stream:
            raise _error("ResourceNotFoundException", "ListShards")
        for name, shard in list(self.shards.items()):
            if name in self.unlisted:
                continue
            parents = dict(
                zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False)
            )
            numbers = {"StartingSequenceNumber": "0"}
            if not shard.is_open:
                numbers["EndingSequenceNumber"] = "9"
            described = {"ShardId": name, "HashKeyRange": HASH_KEYS, "SequenceNumberRange": numbers}
            yield {"Shards": [described | parents]}

    def get_shard_iterator(self, **asked: str) -> dict[str, str]:
        shard = self.shards[asked["ShardId"]]
        match asked["ShardIteratorType"]:
            case "TRIM_HORIZON":
                at = 0
            case "LATEST":
                at = len(shard.records)
            case "AFTER_SEQUENCE_NUMBER":
                numbers = [record["SequenceNumber"] for record in shard.records]
                at = numbers.index(asked["StartingSequenceNumber"]) + 1
        return {"ShardIterator": f"{asked['ShardId']} {at}"}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        name, at = ShardIterator.split(" ")
        self.reads.append(name)
        if self.refusals:
            raise _error(self.refusals.pop(0), "GetRecords")
        shard = self.shards[name]
        end = int(at) + min(Limit, RECORDS_A_READ)
        left = max(0, len(shard.records) - end)
        answer = {"Records": shard.records[int(at) : end], "MillisBehindLatest": left * 1000}
        if left or shard.is_open:
            answer["NextShardIterator"] = f"{name} {min(end, len(shard.records))}"
        return answer


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)
