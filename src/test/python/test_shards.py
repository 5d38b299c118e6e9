"""Streams are read onwards, and a shard that was split or merged to its end first."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

import shards
import stream
from fake_kinesis import RECORDS_A_READ, FakeKinesis


def reader_of(kinesis: FakeKinesis, oldest: bool = True) -> shards.StreamReader:
    return shards.StreamReader(kinesis.client, "s", oldest)


def read(reader: shards.StreamReader, times: int = 1) -> list[bytes]:
    return [record.data for _ in range(times) for record in reader.read()]


def test_a_stream_is_read_from_its_oldest_record_and_on() -> None:
    kinesis = FakeKinesis("s", "a", "b")
    kinesis.put("a", b"1", b"2", b"3")
    kinesis.put("b", b"4")
    reader = reader_of(kinesis)
    assert read(reader) == [b"1", b"2", b"4"]
    assert read(reader) == [b"3"]
    assert read(reader, 3) == []
    kinesis.put("b", b"5")
    assert read(reader) == [b"5"]


def test_a_stream_is_read_from_the_latest() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", b"1")
    reader = reader_of(kinesis, oldest=False)
    kinesis.put("a", b"2")
    assert read(reader, 2) == [b"2"]


def test_a_record_tells_where_it_was() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", b"1")
    (record,) = reader_of(kinesis).read()
    assert record.shard == shards.Shard("a", 0, 2**128 - 1)
    assert (record.sequence_number, record.partition_key) == ("1", "k")


def test_the_children_of_a_split_come_after_their_parent() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", b"1", b"2", b"3", b"4", b"5")
    kinesis.add("b", "a")
    kinesis.add("c", "a")
    kinesis.put("b", b"6")
    kinesis.put("c", b"7")
    reader = reader_of(kinesis)
    assert [shard.id for shard in reader.shards] == ["a"]
    assert read(reader, 3) == [b"1", b"2", b"3", b"4", b"5"]
    assert [shard.id for shard in reader.shards] == ["b", "c"]
    assert read(reader, 2) == [b"6", b"7"]


def test_the_child_of_a_merge_comes_after_both_parents() -> None:
    kinesis = FakeKinesis("s", "a", "b")
    kinesis.put("a", b"1")
    kinesis.put("b", b"2", b"3", b"4")
    kinesis.add("c", "a", "b")
    kinesis.put("c", b"5")
    reader = reader_of(kinesis)
    assert read(reader) == [b"1", b"2", b"3"]
    assert [shard.id for shard in reader.shards] == ["b"]
    assert read(reader) == [b"4"]
    assert read(reader) == [b"5"]


def test_a_split_while_reading_from_the_latest_loses_nothing() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", b"1")
    reader = reader_of(kinesis, oldest=False)
    kinesis.put("a", b"2")
    kinesis.add("b", "a")
    kinesis.put("b", b"3")
    kinesis.add("c", "b")
    kinesis.put("c", b"4")
    assert read(reader, 3) == [b"2", b"3", b"4"]


def test_children_that_are_listed_late_are_read() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.add("b", "a")
    kinesis.put("b", b"1")
    kinesis.unlisted = {"b"}
    reader = reader_of(kinesis)
    assert read(reader, 3) == []
    kinesis.unlisted = set()
    assert read(reader, 2) == [b"1"]


def test_the_latest_of_a_split_stream_is_in_its_open_shards() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", b"1")
    kinesis.add("b", "a")
    kinesis.put("b", b"2")
    reader = reader_of(kinesis, oldest=False)
    kinesis.put("b", b"3")
    assert read(reader, 3) == [b"3"]


def test_a_shard_whose_parent_is_no_longer_kept_is_read() -> None:
    kinesis = FakeKinesis("s")
    kinesis.add("b", "gone")
    kinesis.put("b", b"1")
    assert read(reader_of(kinesis), 2) == [b"1"]


def test_a_shard_that_is_read_too_often_is_read_next_time() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", b"1")
    kinesis.refusals = ["ProvisionedThroughputExceededException"] * 2
    reader = reader_of(kinesis)
    assert read(reader, 2) == []
    assert read(reader) == [b"1"]


def test_a_shard_is_at_its_newest_when_a_read_finds_nothing_more() -> None:
    kinesis = FakeKinesis("s", "a")
    kinesis.put("a", b"1")
    (shard,) = shards.shards_of(kinesis.client, "s")
    reader = shards.ShardReader(kinesis.client, "s", shard, oldest=True)
    found = []
    for refusals in ([], [], ["ProvisionedThroughputExceededException"], []):
        kinesis.refusals = list(refusals)
        reader.read()
        found.append(reader.is_at_newest)
    assert found == [False, True, False, True]


@pytest.mark.parametrize("read_before", [0, 1, 2])
def test_reading_goes_on_after_a_pause_in_which_the_iterator_expired(read_before: int) -> None:
    kinesis = FakeKinesis("s", "a")
    payloads = [b"%d" % number for number in range(2 * RECORDS_A_READ + 1)]
    kinesis.put("a", *payloads)
    reader = reader_of(kinesis)
    found = read(reader, read_before)
    kinesis.refusals = ["ExpiredIteratorException"]
    assert found + read(reader, 5) == payloads


def test_any_other_refusal_is_passed_on() -> None:
    kinesis = FakeKinesis("s", "a")
    reader = reader_of(kinesis)
    kinesis.refusals = ["AccessDeniedException"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        read(reader)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        shards.StreamReader(kinesis.client, "other", oldest=True)


def test_all_that_is_in_a_stream_now_is_read_shard_after_shard() -> None:
    kinesis = FakeKinesis("s", "a", "b")
    kinesis.put("a", b"1", b"2", b"3")
    kinesis.add("c", "a")
    kinesis.put("c", b"4")
    assert [record.data for record in stream.read(kinesis.client, "s")] == [b"1", b"2", b"3", b"4"]
    assert kinesis.reads == ["a", "a", "b", "c", "c"]
