"""Writing items, against a table that refuses what DynamoDB refuses."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import aws_faults
import trades
from executors import InOrder
from fake_dynamodb import (
    ALL_UNPROCESSED,
    EVERY_SECOND_UNPROCESSED,
    TABLE,
    FakeDynamoDB,
    Fault,
    first_unprocessed,
)
from fake_time import FakeClock, FakeContext, time_of
from retries import CALL_SECONDS, RESERVE_SECONDS
from stream_events import id_in, lines_of
from table import MAX_ITEMS, MAX_REQUESTS_AT_ONCE, NotStoredError, Table
from trades import Item

LINES = lines_of(range(MAX_ITEMS))
IDS = [id_in(line) for line in LINES]
ITEMS = [trades.item_of(line) for line in LINES]


class Writes:
    """A table, and the time of one invocation."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.clock = FakeClock()
        self.dynamodb = FakeDynamoDB(clock=self.clock)
        self.table = Table(self.dynamodb, TABLE, InOrder())
        self.context = FakeContext(self.clock, seconds)
        self.time = time_of(self.context, self.clock)

    def seconds_left(self) -> float:
        return self.context.get_remaining_time_in_millis() / 1000

    def write(self, items: list[Item] = ITEMS) -> list[Item]:
        return self.table.write(items, self.time)

    def fail_to_write(self, items: list[Item] = ITEMS) -> NotStoredError:
        with pytest.raises(NotStoredError) as caught:
            self.write(items)
        assert set(self.dynamodb.items) >= caught.value.stored
        return caught.value


def test_items_are_written_in_one_request_in_order() -> None:
    writes = Writes()
    assert writes.write() == []
    assert writes.dynamodb.requests == [IDS]
    assert list(writes.dynamodb.items.values()) == ITEMS
    assert writes.clock.sleeps == []


def test_only_what_is_unprocessed_is_sent_again_after_growing_waits() -> None:
    writes = Writes()
    writes.dynamodb.fail(first_unprocessed(3), first_unprocessed(3))
    assert writes.write() == []
    assert writes.dynamodb.requests == [IDS, IDS[:3], IDS[:3]]
    assert sorted(writes.dynamodb.writes) == sorted(IDS)
    assert writes.clock.sleeps == [0.025, 0.05]
    assert writes.table.unprocessed_items == 6


def test_every_second_item_unprocessed_leaves_fewer_each_time() -> None:
    writes = Writes()
    writes.dynamodb.fail_with(itertools.repeat(EVERY_SECOND_UNPROCESSED))
    assert writes.write() == []
    assert [len(request) for request in writes.dynamodb.requests] == [25, 12, 6, 3, 1]
    assert sorted(writes.dynamodb.writes) == sorted(IDS)


def test_a_request_all_unprocessed_is_repeated_whole() -> None:
    writes = Writes()
    writes.dynamodb.fail(ALL_UNPROCESSED)
    assert writes.write() == []
    assert writes.dynamodb.requests == [IDS, IDS]


def test_items_unprocessed_for_ever_are_not_stored_before_the_time_is_over() -> None:
    writes = Writes()
    writes.dynamodb.fail_with(itertools.repeat(first_unprocessed(3)))
    error = writes.fail_to_write()
    assert error.stored == set(IDS[3:])
    assert str(error) == "items not stored: reason=unprocessed items, and no time left stored=22"
    assert writes.seconds_left() >= RESERVE_SECONDS
    assert len(writes.dynamodb.requests) < 120


@pytest.mark.parametrize(
    "fault",
    [
        Fault(before=aws_faults.throttled()),
        Fault(before=aws_faults.over_capacity()),
        Fault(before=aws_faults.server_error()),
        Fault(before=aws_faults.connection_refused()),
        Fault(before=aws_faults.connect_timeout()),
        Fault(before=aws_faults.read_timeout()),
        Fault(after=aws_faults.read_timeout()),
        Fault(after=aws_faults.server_error()),
    ],
)
def test_a_request_that_fails_in_passing_is_repeated(fault: Fault) -> None:
    writes = Writes()
    writes.dynamodb.fail(fault, fault)
    assert writes.write() == []
    assert writes.dynamodb.requests == [IDS, IDS, IDS]
    assert list(writes.dynamodb.items.values()) == ITEMS


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(before=aws_faults.throttled()), "ThrottlingException, and no time left"),
        (Fault(after=aws_faults.read_timeout()), "ReadTimeoutError, and no time left"),
        (Fault(before=aws_faults.access_denied()), "AccessDeniedException"),
        (Fault(before=aws_faults.no_credentials()), "NoCredentialsError"),
    ],
)
def test_a_request_that_fails_for_ever_says_why(fault: Fault, reason: str) -> None:
    writes = Writes()
    writes.dynamodb.fail_with(itertools.repeat(fault))
    error = writes.fail_to_write()
    assert error.reason == reason
    assert error.stored == frozenset()
    assert writes.seconds_left() >= RESERVE_SECONDS


def test_a_missing_permission_is_asked_for_once() -> None:
    writes = Writes()
    writes.dynamodb.fail_with(itertools.repeat(Fault(before=aws_faults.access_denied())))
    writes.fail_to_write()
    assert len(writes.dynamodb.requests) == 1


def test_a_table_that_does_not_exist_refuses_no_item() -> None:
    writes = Writes()
    writes.dynamodb.table = "other"
    assert writes.fail_to_write().reason == "ResourceNotFoundException"


def test_one_attempt_is_made_without_any_time() -> None:
    assert Writes(seconds=0.0).write() == []
    writes = Writes(seconds=0.0)
    writes.dynamodb.fail(first_unprocessed(24))
    assert writes.fail_to_write().stored == {IDS[24]}
    assert writes.clock.sleeps == []


def test_a_refused_item_costs_no_other_item() -> None:
    writes = Writes()
    writes.dynamodb.refused = {IDS[0], IDS[7], IDS[24]}
    assert writes.write() == [ITEMS[0], ITEMS[7], ITEMS[24]]
    assert set(writes.dynamodb.items) == set(IDS) - writes.dynamodb.refused


def test_a_refused_item_is_found_among_what_was_unprocessed_too() -> None:
    writes = Writes()
    writes.dynamodb.fail(Fault(before=aws_faults.throttled()), first_unprocessed(20))
    writes.dynamodb.refused = {IDS[3]}
    assert writes.write() == [ITEMS[3]]
    assert set(writes.dynamodb.items) == set(IDS) - {IDS[3]}


def test_a_refused_item_that_comes_alone_is_refused_once_the_table_has_taken_another() -> None:
    writes = Writes()
    writes.dynamodb.refused = {IDS[0]}
    error = writes.fail_to_write(ITEMS[:1])
    assert error.reason.startswith("table refuses every item: ")
    assert writes.write(ITEMS[1:]) == []
    assert writes.write(ITEMS[:1]) == ITEMS[:1]


def test_a_table_of_another_key_refuses_no_item_for_good() -> None:
    writes = Writes()
    writes.dynamodb.key = "id"
    error = writes.fail_to_write()
    assert "The provided key element does not match the schema" in error.reason
    assert error.stored == frozenset()


def test_what_is_stored_one_by_one_is_told_when_time_runs_out() -> None:
    writes = Writes(seconds=60.0)
    writes.dynamodb.refused = {IDS[0]}
    writes.dynamodb.seconds_a_call = CALL_SECONDS
    error = writes.fail_to_write()
    assert error.reason == "no time left"
    assert error.stored == set(IDS[1:13])
    assert writes.seconds_left() > 0


def test_what_is_stored_one_by_one_is_told_when_the_permission_goes() -> None:
    writes = Writes()
    writes.dynamodb.refused = {IDS[0]}
    denied = Fault(before=aws_faults.access_denied())
    writes.dynamodb.fail(Fault(), Fault(), Fault(), Fault(), denied)
    error = writes.fail_to_write()
    assert error.reason == "AccessDeniedException"
    assert error.stored == set(IDS[1:3])


def test_a_kill_goes_through() -> None:
    writes = Writes()
    writes.dynamodb.fail(Fault(after=aws_faults.Killed()))
    with pytest.raises(aws_faults.Killed):
        writes.write()


class Meeting:
    """A client whose calls are answered when so many are under way at once."""

    def __init__(self, calls: int) -> None:
        self.barrier = threading.Barrier(calls, timeout=30)
        self.done = 0

    def batch_write_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        self.barrier.wait()
        if RequestItems[TABLE][0]["PutRequest"]["Item"] == MANY[0]:
            raise RuntimeError("unforeseen")
        time.sleep(0.05)
        self.done += 1
        return {"UnprocessedItems": {}}


MANY = [trades.item_of(line) for line in lines_of(range(MAX_ITEMS * MAX_REQUESTS_AT_ONCE))]
MANY_IDS = [item["trade_id"]["S"] for item in MANY]


def test_requests_are_under_way_at_once_and_none_is_left_behind() -> None:
    client = Meeting(MAX_REQUESTS_AT_ONCE)
    context = FakeContext(FakeClock())
    with ThreadPoolExecutor(MAX_REQUESTS_AT_ONCE) as threads:
        table = Table(client, TABLE, threads)
        with pytest.raises(RuntimeError, match="unforeseen"):
            table.write(MANY, time_of(context, FakeClock()))
        assert client.done == MAX_REQUESTS_AT_ONCE - 1


def test_many_items_are_written_25_a_request_in_order() -> None:
    writes = Writes()
    assert writes.write(MANY[:60]) == []
    assert writes.dynamodb.requests == [MANY_IDS[:25], MANY_IDS[25:50], MANY_IDS[50:60]]


def test_no_request_begins_after_another_one_has_failed() -> None:
    writes = Writes()
    writes.dynamodb.fail(Fault(), Fault(before=aws_faults.access_denied()))
    error = writes.fail_to_write(MANY[:100])
    assert error.reason == "AccessDeniedException"
    assert error.stored == set(MANY_IDS[:25])
    assert len(writes.dynamodb.requests) == 2


def test_a_request_whose_items_are_all_refused_is_judged_by_what_the_others_took() -> None:
    writes = Writes()
    writes.dynamodb.refused = set(MANY_IDS[:25])
    assert writes.write(MANY[:50]) == MANY[:25]
    assert set(writes.dynamodb.items) == set(MANY_IDS[25:50])
