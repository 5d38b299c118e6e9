"""Shards split and merged under load, on a Kinesis that does so truly.

One reshard at a time, and the number of open shards stays within bounds. A reshard has had its
effect once the stream lists what came of it, and the poller has handed over the whole of what was
split or merged, and records of each shard that came of it: its checkpoints say so, in which records
are only after the KPL has put them. That may be seen long after the fault is over.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from commands import STREAM

FEWEST, FIRST, MOST = 1, 2, 4
"""Open shards: at least, at the start, at most."""
SETTINGS = ("kinesis.buffered-time=500ms",)
"""Of the ingester: fewer and larger puts, of which kinesis-local takes few in a second."""
LOOK_SECONDS = 1.0

ListedShard = dict[str, Any]


class Kinesis(Protocol):
    """Where the stream is; see KinesisLocal."""

    def is_active(self, stream: str) -> bool: ...

    def shards(self, stream: str) -> list[ListedShard]: ...

    def open_shards(self, stream: str) -> list[ListedShard]: ...

    def begin_split(self, stream: str, shard: ListedShard) -> None: ...

    def begin_merge(self, stream: str, one: ListedShard, other: ListedShard) -> None: ...


class Shards:
    """The shards of the stream, and how far the poller has come in each."""

    def __init__(
        self, kinesis: Kinesis, checkpoints: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """The folder is the one that the poller was given for its checkpoints."""
        self.kinesis = kinesis
        self._checkpoints = checkpoints
        self._clock = clock
        self._settled: list[ListedShard] = []
        self._look_at = float("-inf")

    def settled(self) -> list[ListedShard]:
        """Returns the open shards by their hash keys; none unless all have been read from.

        Looks at most once a second, and between two looks says what it saw.
        """
        if self._clock() >= self._look_at:
            self._look_at = self._clock() + LOOK_SECONDS
            self._settled = self._look()
        return self._settled

    def changed(self) -> None:
        """Notes that they change: nothing is settled until another look."""
        self._settled = []

    def is_begun(self, shard_id: str) -> bool:
        """Returns whether records of a shard have been handed over."""
        return self._checkpoint(shard_id)["sequence_number"] is not None

    def is_finished(self, shard_id: str) -> bool:
        """Returns whether a shard was read to the end that a reshard gave it."""
        return bool(self._checkpoint(shard_id)["is_finished"])

    def children_of(self, shard_id: str) -> list[str]:
        """Returns the shards that came of one; none if they cannot be listed now."""
        try:
            shards = self.kinesis.shards(STREAM)
        except (BotoCoreError, ClientError):
            return []
        return [shard["ShardId"] for shard in shards if shard_id in parents_of(shard)]

    def _look(self) -> list[ListedShard]:
        try:
            shards = self.kinesis.open_shards(STREAM) if self.kinesis.is_active(STREAM) else []
        except (BotoCoreError, ClientError):
            return []
        return shards if all(self.is_begun(shard["ShardId"]) for shard in shards) else []

    def _checkpoint(self, shard_id: str) -> dict[str, Any]:
        for file in self._checkpoints.glob(f"*/{shard_id}.json"):  # a folder for each mapping
            return dict(json.loads(file.read_text()))
        return {"sequence_number": None, "is_finished": False}


class ReshardFault:
    """One reshard; what comes of it stays."""

    is_done = True

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._parents: list[str] = []
        """What was split or merged; nothing if nothing could be."""
        self._children: list[str] = []

    @property
    def effects(self) -> int:
        """Whether it is whole: 1 or 0."""
        if not self._parents:
            return 0
        self._children = self._children or self._shards.children_of(self._parents[0])
        return int(
            bool(self._children)
            and all(map(self._shards.is_finished, self._parents))
            and all(map(self._shards.is_begun, self._children))
        )

    @property
    def is_possible(self) -> bool:
        """Whether there are shards for it, and the last reshard is whole."""
        return bool(self._chosen_of(self._shards.settled()))

    def begin(self, seconds: float) -> None:
        """Asks for it."""
        chosen = self._chosen_of(self._shards.settled())
        if not chosen:
            return
        self._shards.changed()
        self._parents = [shard["ShardId"] for shard in chosen]
        with contextlib.suppress(BotoCoreError, ClientError):  # the list tells what came of it
            self._reshard(chosen)

    def turn(self) -> None:
        """Does nothing: Kinesis goes on by itself."""

    def look_back(self) -> None:
        """Does nothing: whoever asks for the effects looks."""

    def end(self) -> None:
        """Does nothing: it cannot be taken back."""

    def _chosen_of(self, shards: list[ListedShard]) -> list[ListedShard]:
        """Returns what to split or merge of the open shards; none if their number forbids it."""
        raise NotImplementedError

    def _reshard(self, chosen: list[ListedShard]) -> None:
        raise NotImplementedError


class SplitShards(ReshardFault):
    """The widest shard is split in the middle."""

    def _chosen_of(self, shards: list[ListedShard]) -> list[ListedShard]:
        return [max(shards, key=width)] if 0 < len(shards) < MOST else []

    def _reshard(self, chosen: list[ListedShard]) -> None:
        self._shards.kinesis.begin_split(STREAM, chosen[0])


class MergeShards(ReshardFault):
    """The two neighbours that are the narrowest together are merged."""

    def _chosen_of(self, shards: list[ListedShard]) -> list[ListedShard]:
        if len(shards) <= FEWEST:
            return []
        return list(min(itertools.pairwise(shards), key=lambda pair: sum(map(width, pair))))

    def _reshard(self, chosen: list[ListedShard]) -> None:
        self._shards.kinesis.begin_merge(STREAM, chosen[0], chosen[1])


def width(shard: ListedShard) -> int:
    """Returns how many hash keys a shard holds, less one."""
    hash_keys = shard["HashKeyRange"]
    return int(hash_keys["EndingHashKey"]) - int(hash_keys["StartingHashKey"])


def parents_of(shard: ListedShard) -> Iterator[str]:
    """Yields the shards that a shard came of."""
    for name in ("ParentShardId", "AdjacentParentShardId"):
        if shard.get(name):
            yield shard[name]
