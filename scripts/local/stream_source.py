"""The stream as the poller reads it: its shards, and their records as they stand in an event."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from event_source_mapping import Record
from lineage import ListedShard

RECORDS_A_READ = 10_000
"""What GetRecords returns at most; it stops at 10 MB, too."""


@dataclass(frozen=True)
class Read:
    """What one read of a shard brought."""

    records: Sequence[Record]
    millis_behind: int
    """How far the read is behind the newest record; 0: nothing came after these records."""
    next_iterator: str | None
    """Where to read on; None: a reshard has ended the shard, and it is read."""


class StreamSource:
    """Reads one stream. May be used by several threads."""

    def __init__(self, client: Any, stream_arn: str, invoke_role_arn: str) -> None:
        self._client = client
        self._arn = stream_arn
        self._role_arn = invoke_role_arn
        self._region = stream_arn.split(":")[3]
        self._stream = stream_arn.rpartition("/")[2]

    def shards(self) -> list[ListedShard]:
        """Lists all shards, those that a reshard has ended too."""
        pages = self._client.get_paginator("list_shards").paginate(StreamName=self._stream)
        return [_listed(shard) for page in pages for shard in page["Shards"]]

    def iterator(self, shard_id: str, after: str | None) -> str:
        """Returns an iterator behind a sequence number, None: at the oldest record."""
        where: dict[str, str] = (
            {"ShardIteratorType": "TRIM_HORIZON"}
            if after is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        )
        answer = self._client.get_shard_iterator(StreamName=self._stream, ShardId=shard_id, **where)
        iterator: str = answer["ShardIterator"]
        return iterator

    def read(self, shard_id: str, iterator: str) -> Read:
        """Reads what there is now, as much as one call returns."""
        answer = self._client.get_records(ShardIterator=iterator, Limit=RECORDS_A_READ)
        return Read(
            [self._record(shard_id, record) for record in answer["Records"]],
            answer.get("MillisBehindLatest", 0),
            answer.get("NextShardIterator"),
        )

    def _record(self, shard_id: str, found: Mapping[str, Any]) -> Record:
        number: str = found["SequenceNumber"]
        arrived_at = round(found["ApproximateArrivalTimestamp"].timestamp(), 3)
        event_record = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": found["PartitionKey"],
                "sequenceNumber": number,
                "data": base64.b64encode(found["Data"]).decode(),
                "approximateArrivalTimestamp": arrived_at,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self._role_arn,
            "awsRegion": self._region,
            "eventSourceARN": self._arn,
        }
        return Record(number, arrived_at, json.dumps(event_record, separators=(",", ":")))


def _listed(shard: Mapping[str, Any]) -> ListedShard:
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return ListedShard(shard["ShardId"], frozenset(parent for parent in parents if parent))
