"""The stream through the public API: made, and read from its oldest record to its newest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import clients

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

RECORDS_A_READ = 10_000


@dataclass(frozen=True)
class Shard:
    """A shard and the hash keys it holds, both ends included."""

    id: str
    first_hash_key: int
    last_hash_key: int


@dataclass(frozen=True)
class StreamRecord:
    """One record of the stream, aggregated or not."""

    shard: Shard
    sequence_number: str
    partition_key: str
    data: bytes


def connect(endpoint: str | None, ca: Path | None, region: str) -> KinesisClient:
    """Returns a client; credentials are those of the environment."""
    client: KinesisClient = clients.connect("kinesis", endpoint, ca, region)
    return client


def create(client: KinesisClient, name: str, shards: int) -> None:
    """Makes the stream and waits until it can be used."""
    client.create_stream(StreamName=name, ShardCount=shards)
    client.get_waiter("stream_exists").wait(
        StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def read(client: KinesisClient, name: str) -> Iterator[StreamRecord]:
    """Yields every record that is in the stream now, shard after shard."""
    for shard in _shards(client, name):
        iterator: str | None = client.get_shard_iterator(
            StreamName=name, ShardId=shard.id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator, Limit=RECORDS_A_READ)
            for record in answer["Records"]:
                yield StreamRecord(
                    shard, record["SequenceNumber"], record["PartitionKey"], record["Data"]
                )
            at_end = answer.get("MillisBehindLatest", 0) == 0
            if at_end and not answer["Records"]:
                break
            if not answer["Records"]:
                time.sleep(0.2)  # five reads a second and shard are allowed
            iterator = answer.get("NextShardIterator")


def _shards(client: KinesisClient, name: str) -> list[Shard]:
    shards = []
    for page in client.get_paginator("list_shards").paginate(StreamName=name):
        for shard in page["Shards"]:
            hash_keys = shard["HashKeyRange"]
            shards.append(
                Shard(
                    shard["ShardId"],
                    int(hash_keys["StartingHashKey"]),
                    int(hash_keys["EndingHashKey"]),
                )
            )
    return shards
