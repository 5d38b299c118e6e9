"""Reads a stream through the public API, shard by shard, each shard after those it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

READ_INTERVAL_SECONDS = 0.2
"""A shard may be read five times a second, by all of its readers together."""

_RECORDS_A_READ = 10_000
_OLDEST = {"ShardIteratorType": "TRIM_HORIZON"}
_LATEST = {"ShardIteratorType": "LATEST"}


@dataclass(frozen=True)
class Shard:
    """A shard and the hash keys it holds, both ends included."""

    id: str
    first_hash_key: int
    last_hash_key: int
    parents: tuple[str, ...] = ()
    """The shards that were split or merged into it."""
    is_open: bool = True
    """False: it was split or merged, and gets no more records."""


@dataclass(frozen=True)
class StreamRecord:
    """One record of the stream, aggregated or not."""

    shard: Shard
    sequence_number: str
    partition_key: str
    data: bytes


class ShardReader:
    """Reads one shard onwards, from its oldest record or from the latest. Never waits."""

    def __init__(self, client: KinesisClient, stream: str, shard: Shard, oldest: bool) -> None:
        self.shard = shard
        self.is_at_newest = False
        """Whether the last read found the end of what was in the shard then."""
        self._client = client
        self._stream = stream
        self._from: dict[str, Any] = _OLDEST if oldest else _LATEST
        self._iterator: str | None = self._new_iterator()

    @property
    def has_ended(self) -> bool:
        """Whether every record that the shard will ever have was read."""
        return self._iterator is None

    def read(self) -> list[StreamRecord]:
        """Returns the next records, none if there are none now or the shard is read too often."""
        if self._iterator is None:
            return []
        self.is_at_newest = False
        try:
            answer = self._client.get_records(ShardIterator=self._iterator, Limit=_RECORDS_A_READ)
        except ClientError as e:
            code = e.response["Error"]["Code"]
            if code == "ExpiredIteratorException":  # five minutes after the last read
                self._iterator = self._new_iterator()
            elif code != "ProvisionedThroughputExceededException":
                raise
            return []
        self._iterator = answer.get("NextShardIterator")
        records = [
            StreamRecord(
                self.shard, record["SequenceNumber"], record["PartitionKey"], record["Data"]
            )
            for record in answer["Records"]
        ]
        self.is_at_newest = answer.get("MillisBehindLatest", 0) == 0 and not records
        if records:
            self._from = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": records[-1].sequence_number,
            }
        return records

    def _new_iterator(self) -> str:
        return self._client.get_shard_iterator(
            StreamName=self._stream, ShardId=self.shard.id, **self._from
        )["ShardIterator"]


class StreamReader:
    """Reads all shards of a stream onwards, also those to come. Never waits."""

    def __init__(self, client: KinesisClient, stream: str, oldest: bool) -> None:
        self._client = client
        self._stream = stream
        self._readers: list[ShardReader] = []
        self._done: set[str] = set()
        """Shards that are not read again: read to their end, or closed before the latest."""
        self._childless: set[str] = set()
        """Shards that were read to their end, and of which none is listed yet that came of them."""
        shards = shards_of(client, stream)
        if not oldest:
            self._done.update(shard.id for shard in shards if not shard.is_open)
        self._open(shards, oldest)

    @property
    def shards(self) -> list[Shard]:
        """The shards that are read now."""
        return [reader.shard for reader in self._readers]

    def read(self) -> Iterator[StreamRecord]:
        """Reads every shard once; yields what it finds, in order within a shard.

        A shard that was split or merged is read to its end before those that came of it, so that
        records of one partition key are in order across shards.
        """
        for reader in self._readers:
            yield from reader.read()
        ended = {reader.shard.id for reader in self._readers if reader.has_ended}
        self._done |= ended
        self._childless |= ended
        self._readers = [reader for reader in self._readers if not reader.has_ended]
        if self._childless:
            self._open(shards_of(self._client, self._stream), oldest=True)

    def _open(self, shards: list[Shard], oldest: bool) -> None:
        waiting = {shard.id for shard in shards} - self._done
        known = {shard.id for shard in self.shards}
        self._childless.difference_update(*(shard.parents for shard in shards))
        self._readers += [
            ShardReader(self._client, self._stream, shard, oldest)
            for shard in shards
            if shard.id in waiting - known and waiting.isdisjoint(shard.parents)
        ]


def shards_of(client: KinesisClient, stream: str) -> list[Shard]:
    """Returns all shards that hold records, open and closed."""
    shards = []
    for page in client.get_paginator("list_shards").paginate(StreamName=stream):
        for shard in page["Shards"]:
            hash_keys = shard["HashKeyRange"]
            parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
            shards.append(
                Shard(
                    shard["ShardId"],
                    int(hash_keys["StartingHashKey"]),
                    int(hash_keys["EndingHashKey"]),
                    tuple(parent for parent in parents if parent),
                    "EndingSequenceNumber" not in shard["SequenceNumberRange"],
                )
            )
    return shards
