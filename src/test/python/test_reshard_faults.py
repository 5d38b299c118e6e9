"""Reshards are chosen so that the shards stay few, and count once the poller has gone through."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

import reshard_faults
from reshard_faults import ListedShard, MergeShards, ReshardFault, Shards, SplitShards

HASH_KEYS = 2**128


class FakeKinesis:
    """A stream in memory that reshards at once."""

    def __init__(self, count: int) -> None:
        edges = [HASH_KEYS * number // count for number in range(count + 1)]
        self.all: list[ListedShard] = []
        self.is_away = False
        self.is_changing = False
        self.looks = 0
        for first, end in itertools.pairwise(edges):
            self._add(first, end - 1)

    def is_active(self, stream: str) -> bool:
        assert stream == "stream-finnhub"
        self.looks += 1
        return not self.is_changing

    def shards(self, stream: str) -> list[ListedShard]:
        if self.is_away:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        return self.all

    def open_shards(self, stream: str) -> list[ListedShard]:
        found = [shard for shard in self.shards(stream) if shard["is_open"]]
        return sorted(found, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def begin_split(self, stream: str, shard: ListedShard) -> None:
        first, last = edges_of(shard)
        shard["is_open"] = False
        middle = (first + last) // 2
        self._add(first, middle, ParentShardId=shard["ShardId"])
        self._add(middle + 1, last, ParentShardId=shard["ShardId"])

    def begin_merge(self, stream: str, one: ListedShard, other: ListedShard) -> None:
        assert edges_of(one)[1] + 1 == edges_of(other)[0]
        one["is_open"] = other["is_open"] = False
        parents = {"ParentShardId": one["ShardId"], "AdjacentParentShardId": other["ShardId"]}
        self._add(edges_of(one)[0], edges_of(other)[1], **parents)

    def _add(self, first: int, last: int, **parents: str) -> None:
        hash_keys = {"StartingHashKey": str(first), "EndingHashKey": str(last)}
        shard_id = f"shardId-{len(self.all):012}"
        self.all.append(
            {"ShardId": shard_id, "HashKeyRange": hash_keys, "is_open": True, **parents}
        )


class Stream:
    """A stream, the poller's checkpoints of it, and a clock."""

    def __init__(self, folder: Path, count: int) -> None:
        self.now = 0.0
        self._finished: set[str] = set()
        self.kinesis = FakeKinesis(count)
        self._folder = folder / "mapping"
        self._folder.mkdir()
        self.shards = Shards(self.kinesis, folder, lambda: self.now)

    def is_read(self, shard: ListedShard, *, is_finished: bool = False) -> None:
        checkpoint = json.dumps({"sequence_number": "1", "is_finished": is_finished})
        (self._folder / f"{shard['ShardId']}.json").write_text(checkpoint)
        if is_finished:
            self._finished.add(shard["ShardId"])

    def is_read_on(self) -> None:
        for shard in self.kinesis.all:
            if shard["ShardId"] not in self._finished:
                self.is_read(shard, is_finished=not shard["is_open"])
        self.now += reshard_faults.LOOK_SECONDS


def edges_of(shard: ListedShard) -> tuple[int, int]:
    hash_keys = shard["HashKeyRange"]
    return int(hash_keys["StartingHashKey"]), int(hash_keys["EndingHashKey"])


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    made = Stream(tmp_path, 3)
    made.is_read_on()
    return made


@pytest.mark.parametrize(
    ("kind", "parents", "children"), [(SplitShards, [2], [3, 4]), (MergeShards, [0, 1], [3])]
)
@pytest.mark.parametrize("is_parent_last", [True, False])
def test_a_reshard_counts_once_its_parents_are_finished_and_each_child_is_read(
    kind: type[ReshardFault],
    parents: list[int],
    children: list[int],
    is_parent_last: bool,
    stream: Stream,
) -> None:
    fault = kind(stream.shards)
    assert fault.effects == 0
    fault.begin(2.0)
    everybody = stream.kinesis.all
    closed = [number for number, shard in enumerate(everybody) if not shard["is_open"]]
    assert closed == parents
    assert list(range(3, len(everybody))) == children
    steps = [(number, True) for number in parents] + [(number, False) for number in children]
    for number, is_finished in reversed(steps) if is_parent_last else steps:
        assert fault.effects == 0
        stream.is_read(everybody[number], is_finished=is_finished)
    assert fault.effects == 1


def test_a_reshard_is_not_possible_until_the_last_one_is_whole(stream: Stream) -> None:
    SplitShards(stream.shards).begin(2.0)
    stream.now += reshard_faults.LOOK_SECONDS
    assert not MergeShards(stream.shards).is_possible
    stream.is_read_on()
    assert MergeShards(stream.shards).is_possible
    assert not SplitShards(stream.shards).is_possible  # there are as many as may be
    stream.kinesis.is_changing = True
    stream.now += reshard_faults.LOOK_SECONDS
    assert not MergeShards(stream.shards).is_possible


def test_nothing_is_resharded_while_the_shards_cannot_be_listed(stream: Stream) -> None:
    stream.kinesis.is_away = True
    fault = MergeShards(stream.shards)
    assert not fault.is_possible
    fault.begin(2.0)
    assert fault.effects == 0
    assert len(stream.kinesis.all) == 3


@pytest.mark.parametrize("comes_through", [True, False])
def test_of_a_reshard_that_is_not_answered_the_list_tells_whether_it_was_made(
    comes_through: bool, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = stream.kinesis.begin_split

    def unanswered(name: str, shard: ListedShard) -> None:
        if comes_through:
            split(name, shard)
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(stream.kinesis, "begin_split", unanswered)
    fault = SplitShards(stream.shards)
    fault.begin(2.0)
    stream.is_read_on()
    assert fault.effects == comes_through


def test_a_reshard_that_cannot_be_looked_at_is_looked_at_later(stream: Stream) -> None:
    fault = SplitShards(stream.shards)
    fault.begin(2.0)
    stream.is_read_on()
    stream.kinesis.is_away = True
    assert fault.effects == 0
    stream.kinesis.is_away = False
    assert fault.effects == 1


def test_the_stream_is_asked_once_a_second_at_most(stream: Stream) -> None:
    for _ in range(20):
        assert SplitShards(stream.shards).is_possible
    assert stream.kinesis.looks == 1


@pytest.mark.parametrize("seed", range(2))
def test_the_number_of_shards_stays_within_bounds(seed: int, stream: Stream) -> None:
    randomness = random.Random(seed)
    counts = set()
    for _ in range(40):
        fault = randomness.choice((SplitShards, MergeShards))(stream.shards)
        was_possible = fault.is_possible
        fault.begin(2.0)
        stream.is_read_on()
        assert fault.effects == was_possible
        counts.add(len(stream.kinesis.open_shards("stream-finnhub")))
    assert counts == set(range(reshard_faults.FEWEST, reshard_faults.MOST + 1))
