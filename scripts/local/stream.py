"""The stream through the public API: made, and read from its oldest record to its newest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import lambda_folder  # noqa: F401
import clients
from shards import READ_INTERVAL_SECONDS, ShardReader, StreamRecord, shards_of

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


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
    for shard in shards_of(client, name):
        reader = ShardReader(client, name, shard, oldest=True)
        while True:
            records = reader.read()
            yield from records
            if reader.has_ended or reader.is_at_newest:
                break
            if not records:
                time.sleep(READ_INTERVAL_SECONDS)
