"""What a stream holds: its user records, taken apart into lines, each with its bucket."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable
from typing import Self

import lambda_folder  # noqa: F401
import deaggregation
import identity
from reference_conf import RecordSettings
from shards import Shard, StreamRecord

COMPANY_MILLIS = 100


class Contents:
    """Counts and lines of a stream; what does not keep to docs/RECORDS.md is noted as damaged."""

    def __init__(self, settings: RecordSettings, shards: Iterable[Shard] = ()) -> None:
        """The shards tell what came of which; without them none is known to have been split."""
        self.stream_records = 0
        self.aggregated_stream_records = 0
        self.user_records = 0
        self.aggregated_user_records = 0
        self.wrong_shard_user_records = 0
        """Put into a shard that does not hold their hash key, which one that it came of did: the
        KPL had not heard yet of a split. It puts them again."""
        self.lines: Counter[tuple[bytes, int]] = Counter()
        """How often each line was in each bucket."""
        self.damaged: list[str] = []
        self._settings = settings
        self._shards = {shard.id: shard for shard in shards}
        self._misplaced: list[tuple[StreamRecord, int, list[bytes]]] = []
        self._arrivals: dict[str, list[tuple[int, bool]]] = {}

    def add_all(self, records: Iterable[StreamRecord]) -> Self:
        """Takes every record of a stream."""
        for record in records:
            self.add(record)
        self._settle()
        return self

    def add(self, record: StreamRecord) -> None:
        """Takes one record of a stream."""
        self.stream_records += 1
        if not deaggregation.is_aggregated(record.data):
            self._add_user_record(
                record, deaggregation.UserRecord(record.partition_key, None, record.data), False
            )
            return
        self.aggregated_stream_records += 1
        try:
            user_records = deaggregation.deaggregate(record.data)
        except deaggregation.DamagedAggregateError as e:
            self._note(record, str(e))
            return
        for user_record in user_records:
            self._add_user_record(record, user_record, True)

    def user_records_per_stream_record(self) -> float:
        """Returns how many user records a stream record carries on average."""
        return round(self.user_records / max(1, self.stream_records), 3)

    def aggregated_share(self) -> float:
        """Returns the share of the user records that arrived in an aggregated record."""
        return round(self.aggregated_user_records / max(1, self.user_records), 4)

    def aggregated_share_with_company(self) -> float:
        """Returns the same share of those that had another one near in time on their shard."""
        with_company = aggregated = 0
        for arrivals in self._arrivals.values():
            arrivals.sort()
            for i, (time, was_aggregated) in enumerate(arrivals):
                before = i > 0 and time - arrivals[i - 1][0] < COMPANY_MILLIS
                after = i + 1 < len(arrivals) and arrivals[i + 1][0] - time < COMPANY_MILLIS
                if before or after:
                    with_company += 1
                    aggregated += was_aggregated
        return round(aggregated / max(1, with_company), 4)

    def _add_user_record(
        self, record: StreamRecord, user_record: deaggregation.UserRecord, aggregated: bool
    ) -> None:
        self.user_records += 1
        self.aggregated_user_records += aggregated
        problem = self._problem(user_record, aggregated)
        if problem:
            self._note(record, problem)
            return
        bucket = int(user_record.partition_key)
        lines = [line + b"\n" for line in user_record.data[:-1].split(b"\n")]
        if _holds(record.shard, self._hash_key(bucket)):
            self._add_lines(bucket, lines)
        else:
            self._misplaced.append((record, bucket, lines))
        newest = _received_at(lines[-1])
        self._arrivals.setdefault(record.shard.id, []).append((newest, aggregated))

    def _add_lines(self, bucket: int, lines: list[bytes]) -> None:
        for line in lines:
            self.lines[line, bucket] += 1

    def _settle(self) -> None:
        """Takes what is in a wrong shard; notes it unless a split explains it and it came again."""
        came_again = [
            all((line, bucket) in self.lines for line in lines)
            for _, bucket, lines in self._misplaced
        ]
        for (record, bucket, lines), is_harmless in zip(self._misplaced, came_again, strict=True):
            if is_harmless and self._came_of_one_with(record.shard, self._hash_key(bucket)):
                self.wrong_shard_user_records += 1
            else:
                shard = record.shard.id
                problem = f"in a shard that does not hold its hash key: shard={shard} key={bucket}"
                self._note(record, problem)
            self._add_lines(bucket, lines)
        self._misplaced.clear()

    def _came_of_one_with(self, shard: Shard, hash_key: int) -> bool:
        parents = [self._shards[parent] for parent in shard.parents if parent in self._shards]
        return any(
            _holds(old, hash_key) or self._came_of_one_with(old, hash_key) for old in parents
        )

    def _hash_key(self, bucket: int) -> int:
        return int(identity.explicit_hash_key_of(bucket, self._settings.buckets))

    def _problem(self, user_record: deaggregation.UserRecord, aggregated: bool) -> str | None:
        key, buckets = user_record.partition_key, self._settings.buckets
        if not key.isascii() or not key.isdigit() or str(int(key)) != key or int(key) >= buckets:
            return f"partition key not a bucket: key={key!r}"
        hash_key = self._hash_key(int(key))
        if aggregated and user_record.explicit_hash_key != str(hash_key):
            return f"explicit hash key not the bucket's: hash_key={user_record.explicit_hash_key}"
        if len(user_record.data) > self._settings.max_bytes:
            return f"longer than a user record may be: length={len(user_record.data)}"
        if not user_record.data.endswith(b"\n"):
            return f"does not end in a newline: length={len(user_record.data)}"
        return None

    def _note(self, record: StreamRecord, problem: str) -> None:
        self.damaged.append(
            f"{problem} shard={record.shard.id} sequence_number={record.sequence_number}"
        )


@functools.lru_cache(maxsize=65536)
def _holds(shard: Shard, hash_key: int) -> bool:
    return shard.first_hash_key <= hash_key <= shard.last_hash_key


@functools.lru_cache(maxsize=65536)
def _received_at(line: bytes) -> int:
    try:
        return int(json.loads(line)["received_at"])
    except (ValueError, KeyError, TypeError):
        return 0
