"""A child is read after all its parents."""

from __future__ import annotations

from lineage import ListedShard, childless, has_children, readable

# 0 is split into 1 and 2; 2 and 3 are merged into 4; 4 is split into 5 and 6.
FAMILY = [
    ListedShard("0"),
    ListedShard("1", frozenset({"0"})),
    ListedShard("2", frozenset({"0"})),
    ListedShard("3"),
    ListedShard("4", frozenset({"2", "3"})),
    ListedShard("5", frozenset({"4"})),
    ListedShard("6", frozenset({"4"})),
]


def test_at_first_only_shards_without_parents_are_readable() -> None:
    assert readable(FAMILY, set()) == ["0", "3"]


def test_children_of_a_split_are_readable_once_the_parent_is_finished() -> None:
    assert readable(FAMILY, {"0"}) == ["1", "2", "3"]


def test_a_child_of_a_merge_waits_for_both_parents() -> None:
    assert readable(FAMILY, {"0", "2"}) == ["1", "3"]
    assert readable(FAMILY, {"0", "3"}) == ["1", "2"]
    assert readable(FAMILY, {"0", "2", "3"}) == ["1", "4"]


def test_a_parent_that_is_no_longer_listed_is_not_waited_for() -> None:
    assert readable(FAMILY[1:], set()) == ["1", "2", "3"]
    assert readable(FAMILY[4:], set()) == ["4"]


def test_a_shard_with_children_has_an_end() -> None:
    assert has_children("0", FAMILY)
    assert has_children("3", FAMILY)
    assert not has_children("1", FAMILY)


def test_a_finished_shard_without_children_tells_that_the_list_is_old() -> None:
    assert childless(FAMILY, {"0", "3"}) == []
    assert childless(FAMILY, {"0", "1"}) == ["1"]
    assert childless(FAMILY, set()) == []
