"""Which shards may be read: children after all their parents, so that a key keeps its order."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass


@dataclass(frozen=True)
class ListedShard:
    """A shard as ListShards tells it."""

    id: str
    parents: frozenset[str] = frozenset()
    """One for a child of a split, two for one of a merge."""


def readable(shards: Iterable[ListedShard], finished: Set[str]) -> list[str]:
    """Returns the shards that are not finished and whose parents are, in the order given.

    A parent that is not listed is older than the stream's retention: there is nothing to wait for.
    """
    listed = list(shards)
    there = {shard.id for shard in listed}
    return [
        shard.id
        for shard in listed
        if shard.id not in finished and not (shard.parents & there) - finished
    ]


def has_children(shard_id: str, shards: Iterable[ListedShard]) -> bool:
    """Tells whether a shard was split or merged: then it has an end, which can be read."""
    return any(shard_id in shard.parents for shard in shards)


def childless(shards: Iterable[ListedShard], finished: Set[str]) -> list[str]:
    """Returns the listed shards that are finished and have no child in the list.

    A shard that has an end has children: a list without them is older than they are.
    """
    listed = list(shards)
    parents = {parent for shard in listed for parent in shard.parents}
    return [shard.id for shard in listed if shard.id in finished and shard.id not in parents]
