"""One batch after the other: what is stored, what is a dead letter, and what has to come again."""

from __future__ import annotations

import base64
import itertools
import re
from typing import Any

import pytest

import aws_faults
import stream_events
from aggregates import records_in
from fake_dynamodb import ALL_UNPROCESSED, Fault, first_unprocessed
from fake_sqs import SendFault
from invocations import Invocations
from stream_events import (
    SHARD,
    STREAM,
    aggregate,
    damaged,
    event_of,
    id_in,
    items_of,
    kpl_recording,
    line_of,
    lines_of,
    numbers_of,
    packs_of,
)

BAD = b'{"data":[{"p:1.5,"s":"A","t":1,"v":1}],"type":"trade"}'
DENIED = Fault(before=aws_faults.access_denied())
KPL_RECORDINGS = [
    "kpl-1-user-records.json",
    "kpl-2-user-records.json",
    "kpl-10-user-records.json",
    "kpl-363-user-records.json",
]


def letters_in(invocations: Invocations) -> list[tuple[str, bytes]]:
    return [
        (message["reason"], base64.b64decode(message["payload"]))
        for message in invocations.sqs.messages
    ]


@pytest.mark.parametrize("name", KPL_RECORDINGS)
def test_what_the_kpl_put_is_stored_exactly(name: str) -> None:
    event, lines = kpl_recording(name)
    invocations = Invocations()
    assert invocations.invoke(event) is None
    assert invocations.dynamodb.items == items_of(lines)
    assert invocations.sqs.bodies == []


@pytest.mark.parametrize("name", KPL_RECORDINGS)
def test_the_same_event_twice_leaves_the_same_items(name: str) -> None:
    event, lines = kpl_recording(name)
    invocations = Invocations()
    assert invocations.deliver(event) == 1
    assert invocations.deliver(event) == 1
    invocations.restart()
    assert invocations.deliver(event) == 1
    assert invocations.dynamodb.items == items_of(lines)


@pytest.mark.parametrize(
    "datas",
    [
        lines_of(range(120)),
        packs_of(lines_of(range(120)), 40),
        [aggregate([line]) for line in lines_of(range(120))],
        [aggregate(packs_of(lines_of(range(120)), 1))],
        [aggregate(packs_of(lines_of(range(120)), 40))],
        [
            aggregate(packs_of(lines_of(range(50)), 7)),
            line_of(50),
            aggregate([b"".join(lines_of(range(51, 120)))]),
        ],
    ],
)
def test_trades_leave_the_same_items_however_they_are_packed(datas: list[bytes]) -> None:
    invocations = Invocations()
    assert invocations.invoke(event_of(*datas)) is None
    assert invocations.dynamodb.items == items_of(lines_of(range(120)))
    assert [len(request) for request in invocations.dynamodb.requests] == [25, 25, 25, 25, 20]
    assert invocations.sqs.bodies == []


def test_trades_are_written_in_the_order_of_the_stream() -> None:
    lines = lines_of(range(60))
    invocations = Invocations()
    invocations.invoke(event_of(aggregate(packs_of(lines[:40], 3)), *lines[40:]))
    assert invocations.dynamodb.writes == list(map(id_in, lines))


def test_one_trade_many_times_is_written_once() -> None:
    line = line_of(1)
    invocations = Invocations()
    assert invocations.invoke(event_of(aggregate([line] * 10), line, line + line)) is None
    assert invocations.dynamodb.requests == [[id_in(line)]]


def test_one_trade_again_after_25_others_is_not_written_again() -> None:
    lines = lines_of(range(30))
    invocations = Invocations()
    assert invocations.invoke(event_of(*lines, lines[0])) is None
    assert len(invocations.dynamodb.writes) == 30


def test_ids_that_differ_only_at_their_end_are_different_trades() -> None:
    ids = [b"x" * 2047 + end for end in (b"a", b"b")]
    line = line_of(1)
    lines = [line.replace(id_in(line).encode(), id_) for id_ in ids]
    invocations = Invocations()
    assert invocations.invoke(event_of(*lines)) is None
    assert invocations.dynamodb.items == items_of(lines)


@pytest.mark.parametrize("between", [0, 30])
def test_of_two_contents_under_one_id_the_last_stays(between: int) -> None:
    first, last = line_of(1, price="1.5"), line_of(1, price="2.5")
    others = lines_of(range(2, 2 + between))
    invocations = Invocations()
    assert invocations.invoke(event_of(first, *others, last)) is None
    assert invocations.dynamodb.items == items_of([*others, last])


def test_of_two_contents_under_one_id_the_first_that_is_not_stored_is_reported() -> None:
    first, last = line_of(1, price="1.5"), line_of(1, price="2.5")
    event = event_of(line_of(2), first, last)
    invocations = Invocations()
    invocations.dynamodb.throttled = {id_in(first)}
    assert invocations.invoke(event) == numbers_of(event)[1]


def test_a_content_that_comes_again_after_another_one_stays() -> None:
    one, other = line_of(1, price="1.5"), line_of(1, price="2.5")
    others = lines_of(range(2, 62))
    invocations = Invocations()
    assert invocations.invoke(event_of(one, *others[:30], other, *others[30:], one)) is None
    assert invocations.dynamodb.items == items_of([*others, one])


def test_of_one_trade_received_twice_the_last_receipt_stays() -> None:
    first, last = line_of(1), line_of(1, received_at=stream_events.RECEIVED_AT + 500)
    invocations = Invocations()
    assert invocations.invoke(event_of(first, last)) is None
    assert invocations.dynamodb.items == items_of([last])


def test_a_bad_line_is_dead_lettered_and_its_neighbours_are_stored() -> None:
    lines = lines_of(range(60))
    pack = b"".join(lines[20:30]) + BAD + b"\n" + b"".join(lines[30:40])
    event = event_of(aggregate(packs_of(lines[:20], 5)), aggregate([lines[59], pack]), *lines[40:])
    invocations = Invocations()
    assert invocations.invoke(event) is None
    assert invocations.dynamodb.items == items_of(lines)
    assert invocations.sqs.messages == [
        {
            "reason": "json",
            "stream": STREAM,
            "shard_id": SHARD,
            "sequence_number": numbers_of(event)[1],
            "sub_sequence_number": 1,
            "line": 10,
            "payload": base64.b64encode(BAD).decode(),
            "payload_length": len(BAD),
        }
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("price", "NaN"), "json"),
        (("price", "-Infinity"), "json"),
        (("price", "1" * 39), "digits"),
        (("volume", "1E+126"), "range"),
        (("volume", "1E-131"), "range"),
        (("trade_id", '""'), "trade-id"),
        (("trade_id", "1"), "wrong-type"),
        (("trade_id", "null"), "missing-field"),
        (("trade_id", '"' + "x" * 2049 + '"'), "trade-id"),
        (("symbol", '""'), "symbol"),
    ],
)
@pytest.mark.parametrize("is_aggregated", [False, True])
def test_of_25_trades_an_odd_one_costs_itself_alone(
    change: tuple[str, str], reason: str, is_aggregated: bool
) -> None:
    lines = lines_of(range(25))
    name, value = change
    odd = re.sub(rb'("%b":)("[^"]*"|[^,]*)' % name.encode(), rb"\g<1>" + value.encode(), lines[12])
    assert odd != lines[12]
    datas = [*lines[:12], odd, *lines[13:]]
    invocations = Invocations()
    assert invocations.invoke(event_of(*[aggregate(datas)] if is_aggregated else datas)) is None
    assert invocations.dynamodb.items == items_of(lines[:12] + lines[13:])
    assert [len(request) for request in invocations.dynamodb.requests] == [24]
    assert letters_in(invocations) == [(reason, odd.removesuffix(b"\n"))]


@pytest.mark.parametrize("partition_key", ["a", "AAPL", "0", ""])
def test_the_outer_partition_key_decides_nothing(partition_key: str) -> None:
    lines = lines_of(range(40))
    event = event_of(aggregate(packs_of(lines[:30], 3)), *lines[30:])
    for record in event["Records"]:
        record["kinesis"]["partitionKey"] = partition_key
    invocations = Invocations()
    assert invocations.invoke(event) is None
    assert invocations.dynamodb.items == items_of(lines)


def test_a_damaged_aggregate_is_dead_lettered_and_its_neighbours_are_stored() -> None:
    lines = lines_of(range(90))
    good, bad, good_too = (aggregate(packs_of(lines[at : at + 30], 10)) for at in (0, 30, 60))
    bad = damaged(bad)
    event = event_of(good, bad, good_too)
    invocations = Invocations()
    assert invocations.invoke(event) is None
    assert invocations.dynamodb.items == items_of(lines[:30] + lines[60:])
    (message,) = invocations.sqs.messages
    assert message["reason"] == "damaged-aggregate"
    assert message["sequence_number"] == numbers_of(event)[1]
    assert message["line"] is None
    assert base64.b64decode(message["payload"]) == bad


def test_the_captured_batch_of_good_bad_and_good_is_all_dead_letters_in_order() -> None:
    name = "lambda_batch_good_bad_good.json"
    invocations = Invocations()
    assert invocations.invoke(stream_events.captured(name)) is None
    assert invocations.dynamodb.items == {}
    messages = invocations.sqs.messages
    assert [(m["sequence_number"], m["reason"]) for m in messages] == [
        ("100", "missing-field"),
        ("100", "missing-field"),
        ("101", "damaged-aggregate"),
        ("102", "missing-field"),
    ]
    assert base64.b64decode(messages[2]["payload"]) == records_in(name)[1]


def test_a_damaged_record_too_long_for_the_queue_is_told_by_its_place_and_length() -> None:
    data = damaged(aggregate(packs_of(lines_of(range(1500)), 40)))
    assert len(data) > 262_144
    event = event_of(line_of(1), data, line_of(2))
    invocations = Invocations()
    assert invocations.invoke(event) is None
    assert invocations.sqs.messages == [
        {
            "reason": "damaged-aggregate",
            "stream": STREAM,
            "shard_id": SHARD,
            "sequence_number": numbers_of(event)[1],
            "sub_sequence_number": None,
            "line": None,
            "payload_length": len(data),
        }
    ]
    assert invocations.dynamodb.items == items_of(lines_of([1, 2]))


@pytest.mark.parametrize(
    ("failing", "reported"),
    [
        ([1], 1),
        (
            [3],
            2,
        ),  # the damaged record's letter waits for the trades of its flush
        ([4], 2),
        ([1, 3], 1),
        ([3, 4], 2),
    ],
)
def test_of_good_damaged_and_good_records_the_first_that_is_not_done_is_reported(
    failing: list[int], reported: int
) -> None:
    lines = lines_of(range(100))
    datas = [aggregate(packs_of(lines[at : at + 25], 5)) for at in range(0, 100, 25)]
    event = event_of(datas[0], datas[1], damaged(datas[0]), datas[2], datas[3])
    lost = {id_in(lines[25 * (record if record < 2 else record - 1)]) for record in failing}
    invocations = Invocations()
    invocations.dynamodb.throttled = lost
    assert invocations.invoke(event) == numbers_of(event)[reported]
    assert set(invocations.dynamodb.items).isdisjoint(lost)
    invocations.dynamodb.throttled = set()
    assert invocations.deliver(event) == 1
    assert invocations.dynamodb.items == items_of(lines)


def test_a_batch_of_bad_lines_alone_is_done() -> None:
    invocations = Invocations()
    bad = [b"bad %d" % number for number in range(35)]
    assert invocations.invoke(event_of(b"\n".join(bad[:20]), *bad[20:])) is None
    assert letters_in(invocations) == [("json", line) for line in bad]
    assert invocations.dynamodb.requests == []


@pytest.mark.parametrize(
    "fault",
    [
        SendFault(before=aws_faults.access_denied()),
        SendFault(before=aws_faults.throttled()),
        SendFault(before=aws_faults.connection_refused()),
        SendFault(failed=lambda _: True),
        SendFault(failed=lambda _: True, code="InvalidMessageContents", is_senders=True),
    ],
)
def test_a_dead_letter_that_is_not_sent_is_reported_and_nothing_after_it_is_claimed(
    fault: SendFault,
) -> None:
    lines = lines_of(range(90))
    event = event_of(aggregate([b"".join(lines[:25])]), BAD, *lines[25:])
    invocations = Invocations()
    invocations.sqs.fail_with(itertools.repeat(fault))
    assert invocations.invoke(event) == numbers_of(event)[1]
    assert invocations.sqs.bodies == []
    invocations.sqs.fail()
    invocations.restart()
    assert invocations.deliver(event) == 1
    assert letters_in(invocations) == [("json", BAD)]
    assert invocations.dynamodb.items == items_of(lines)


def test_a_dead_letter_that_is_sent_is_not_sent_again_for_the_sake_of_its_neighbour() -> None:
    event = event_of(b"bad 1", b"bad 2", b"bad 3")
    invocations = Invocations()
    invocations.sqs.fail_with(itertools.repeat(SendFault(failed=lambda i: i == 1, is_senders=True)))
    assert invocations.invoke(event) == numbers_of(event)[1]
    invocations.sqs.fail()
    assert invocations.invoke(stream_events.rest_of(event, numbers_of(event)[1])) is None
    assert letters_in(invocations) == [("json", b"bad 1"), ("json", b"bad 3"), ("json", b"bad 2")]


def test_records_whose_dead_letters_are_sent_are_not_reported() -> None:
    event = event_of(*[b"bad"] * 25)
    invocations = Invocations()
    invocations.sqs.fail(SendFault(), SendFault(before=aws_faults.access_denied()))
    assert invocations.invoke(event) == numbers_of(event)[10]
    assert invocations.deliver(stream_events.rest_of(event, numbers_of(event)[10])) == 1
    assert invocations.sqs.requests == [10, 10, 10, 5]


def test_dead_letters_without_an_answer_are_sent_again_by_a_new_environment() -> None:
    event = event_of(b"bad 1", line_of(1))
    invocations = Invocations()
    invocations.sqs.fail(SendFault(after=aws_faults.Killed()))
    with pytest.raises(aws_faults.Killed):
        invocations.invoke(event)
    invocations.restart()
    assert invocations.deliver(event) == 1
    assert letters_in(invocations) == [("json", b"bad 1")] * 2
    assert invocations.dynamodb.items == items_of([line_of(1)])


def test_the_first_record_that_is_not_done_is_reported() -> None:
    lines = lines_of(range(75))
    event = event_of(*(aggregate(packs_of(lines[at : at + 10], 2)) for at in range(0, 75, 10)))
    invocations = Invocations()
    invocations.dynamodb.fail(Fault(), DENIED)
    assert invocations.invoke(event) == numbers_of(event)[2]
    assert invocations.dynamodb.items == items_of(lines[:25])
    assert len(invocations.dynamodb.requests) == 2


def test_a_record_whose_last_trade_was_stored_is_not_reported() -> None:
    lines = lines_of(range(26))
    event = event_of(aggregate([b"".join(lines[:25])]), lines[25])
    invocations = Invocations()
    invocations.dynamodb.fail(Fault(), DENIED)
    assert invocations.invoke(event) == numbers_of(event)[1]


def test_a_record_of_trades_that_were_stored_before_is_not_reported() -> None:
    lines = lines_of(range(26))
    event = event_of(*lines[:25], lines[3], lines[25])
    invocations = Invocations()
    invocations.dynamodb.fail(Fault(), DENIED)
    assert invocations.invoke(event) == numbers_of(event)[26]


def test_a_user_record_that_is_not_stored_is_reported_by_its_stream_record() -> None:
    lines = lines_of(range(60))
    event = event_of(lines[0], aggregate(packs_of(lines[1:59], 1)), lines[59])
    invocations = Invocations()
    invocations.dynamodb.fail(Fault(), Fault(), DENIED)
    assert invocations.invoke(event) == numbers_of(event)[1]
    assert invocations.deliver(stream_events.rest_of(event, numbers_of(event)[1])) == 1
    assert invocations.dynamodb.items == items_of(lines)


@pytest.mark.parametrize("record", range(8))
def test_a_failure_at_any_record_is_made_good_from_there(record: int) -> None:
    lines = lines_of(range(8 * 25))
    event = event_of(*packs_of(lines, 25))
    invocations = Invocations()
    invocations.dynamodb.fail(*[Fault()] * record, DENIED)
    assert invocations.invoke(event) == numbers_of(event)[record]
    assert invocations.dynamodb.items == items_of(lines[: 25 * record])
    assert invocations.deliver(stream_events.rest_of(event, numbers_of(event)[record])) == 1
    assert invocations.dynamodb.items == items_of(lines)


def test_items_that_are_unprocessed_for_ever_are_reported_before_the_time_is_over() -> None:
    lines = lines_of(range(30))
    event = event_of(*lines)
    invocations = Invocations()
    began = invocations.clock.now
    invocations.dynamodb.fail_with(itertools.repeat(first_unprocessed(3)))
    assert invocations.invoke(event) == numbers_of(event)[0]
    assert invocations.clock.now - began < invocations.seconds
    assert len(invocations.dynamodb.requests) < 150
    assert set(invocations.dynamodb.items) == {id_in(line) for line in lines[3:25]}


def test_what_is_stored_of_a_request_is_not_written_again_by_the_next_invocation() -> None:
    lines = lines_of(range(30))
    event = event_of(*lines)
    invocations = Invocations(seconds=0.0)
    invocations.dynamodb.fail(first_unprocessed(3))
    assert invocations.invoke(event) == numbers_of(event)[0]
    assert invocations.invoke(event) is None
    assert invocations.dynamodb.requests[1] == [id_in(line) for line in lines[:3] + lines[25:]]
    assert len(invocations.dynamodb.writes) == 30


def test_a_whole_request_unprocessed_is_no_success() -> None:
    event = event_of(line_of(1))
    invocations = Invocations(seconds=0.0)
    invocations.dynamodb.fail(ALL_UNPROCESSED)
    assert invocations.invoke(event) == numbers_of(event)[0]
    assert invocations.dynamodb.items == {}


@pytest.mark.parametrize(
    "error",
    [
        aws_faults.access_denied(),
        aws_faults.no_credentials(),
        aws_faults.connection_refused(),
        aws_faults.connect_timeout(),
        aws_faults.read_timeout(),
        aws_faults.throttled(),
        aws_faults.over_capacity(),
        aws_faults.server_error(),
    ],
)
def test_a_table_that_cannot_be_written_is_reported_and_nothing_is_dead_lettered(
    error: Exception,
) -> None:
    event = event_of(line_of(1), line_of(2))
    invocations = Invocations()
    invocations.dynamodb.fail_with(itertools.repeat(Fault(before=error)))
    assert invocations.invoke(event) == numbers_of(event)[0]
    assert invocations.sqs.requests == []
    invocations.dynamodb.fail()
    assert invocations.deliver(event) == 1
    assert invocations.dynamodb.items == items_of(lines_of([1, 2]))


@pytest.mark.parametrize("change", [{"table": "other"}, {"key": "id"}])
def test_a_table_that_is_another_one_is_reported_and_nothing_is_dead_lettered(
    change: dict[str, Any],
) -> None:
    event = event_of(*lines_of(range(30)))
    invocations = Invocations()
    for name, value in change.items():
        setattr(invocations.dynamodb, name, value)
    assert invocations.invoke(event) == numbers_of(event)[0]
    assert invocations.sqs.requests == []


def test_an_item_that_the_table_refuses_alone_is_dead_lettered_and_its_neighbours_are_stored() -> (
    None
):
    lines = lines_of(range(30))
    event = event_of(aggregate(packs_of(lines[:20], 2)), *lines[20:])
    invocations = Invocations()
    invocations.dynamodb.refused = {id_in(lines[9])}
    assert invocations.invoke(event) is None
    assert invocations.dynamodb.items == items_of(lines[:9] + lines[10:])
    (message,) = invocations.sqs.messages
    assert message["reason"] == "refused-by-table"
    assert (message["sub_sequence_number"], message["line"]) == (4, 1)
    assert base64.b64decode(message["payload"]) == lines[9].removesuffix(b"\n")


def test_all_items_but_one_may_be_refused_and_are_dead_lettered_once() -> None:
    lines = lines_of(range(25))
    invocations = Invocations()
    invocations.dynamodb.refused = set(map(id_in, lines[1:]))
    invocations.sqs.fail(SendFault(), SendFault(before=aws_faults.access_denied()))
    assert invocations.deliver(event_of(*lines)) == 2
    assert invocations.dynamodb.items == items_of(lines[:1])
    assert letters_in(invocations) == [
        ("refused-by-table", line.removesuffix(b"\n")) for line in lines[1:]
    ]


def test_a_table_that_is_put_right_is_given_everything_again() -> None:
    lines = lines_of(range(5))
    event = event_of(*lines)
    invocations = Invocations()
    invocations.dynamodb.key = "id"
    for _ in range(3):
        assert invocations.invoke(event) == numbers_of(event)[0]
    invocations.dynamodb.key = "trade_id"
    assert invocations.deliver(event) == 1
    assert invocations.dynamodb.items == items_of(lines)
    assert invocations.sqs.bodies == []


@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize("call", range(4))
def test_a_kill_leaves_every_trade_once(call: int, is_written: bool) -> None:
    lines = lines_of(range(100))
    event = event_of(*(aggregate(packs_of(lines[at : at + 20], 3)) for at in range(0, 100, 20)))
    kill = aws_faults.Killed()
    invocations = Invocations()
    invocations.dynamodb.fail(
        *[Fault()] * call, Fault(after=kill) if is_written else Fault(before=kill)
    )
    with pytest.raises(aws_faults.Killed):
        invocations.invoke(event)
    invocations.restart()
    assert invocations.deliver(event) == 1
    assert invocations.dynamodb.items == items_of(lines)
    assert invocations.sqs.bodies == []


def test_a_slow_table_gets_on_with_each_invocation_until_all_is_stored() -> None:
    lines = lines_of(range(1000))
    event = event_of(*packs_of(lines, 30))
    invocations = Invocations()
    invocations.dynamodb.seconds_a_call = 3.5
    reported = []
    rest = event
    while (number := invocations.invoke(rest)) is not None:
        reported.append(numbers_of(event).index(number))
        rest = stream_events.rest_of(event, number)
    assert reported == sorted(set(reported))
    assert invocations.dynamodb.items == items_of(lines)
    assert len(invocations.dynamodb.writes) == len(lines)


def test_one_huge_record_that_never_fits_into_an_invocation_is_gone_on_with_inside_it() -> None:
    lines = lines_of(range(1000))
    event = event_of(aggregate(packs_of(lines, 40)))
    invocations = Invocations()
    invocations.dynamodb.seconds_a_call = 3.5
    assert invocations.deliver(event) == 3
    assert invocations.dynamodb.items == items_of(lines)
    assert len(invocations.dynamodb.writes) == len(lines)


def test_a_table_that_takes_three_items_an_invocation_takes_all_in_the_end() -> None:
    lines = lines_of(range(30))
    event = event_of(aggregate(packs_of(lines, 40)))
    invocations = Invocations()
    invocations.dynamodb.throttle(items_a_second=1 / 18)
    assert 8 <= invocations.deliver(event) <= 12
    assert invocations.dynamodb.items == items_of(lines)
    assert len(invocations.dynamodb.writes) == len(lines)


def test_without_any_time_an_invocation_gets_on_by_one_request() -> None:
    lines = lines_of(range(60))
    event = event_of(aggregate(packs_of(lines[:50], 7)), BAD, aggregate([b"".join(lines[50:])]))
    invocations = Invocations(seconds=0.0)
    assert invocations.deliver(event) == 4
    assert invocations.dynamodb.items == items_of(lines)
    assert letters_in(invocations) == [("json", BAD)]


def half_done(invocations: Invocations, shard_id: str = SHARD) -> stream_events.Event:
    """Returns an event of one record, half of which the function has done and remembers."""
    event = event_of(aggregate(packs_of(lines_of(range(50)), 5)), shard_id=shard_id)
    invocations.dynamodb.fail(Fault(), DENIED)
    assert invocations.invoke(event) == numbers_of(event)[0]
    return event


def test_what_is_done_of_a_record_is_not_done_again_when_it_comes_next() -> None:
    invocations = Invocations()
    assert invocations.invoke(half_done(invocations)) is None
    assert len(invocations.dynamodb.writes) == 50


def test_what_is_done_of_a_record_is_forgotten_when_another_record_comes_first() -> None:
    invocations = Invocations()
    event = half_done(invocations)
    other = event_of(line_of(99), first=1)
    assert invocations.invoke(other) is None
    assert invocations.invoke(event) is None
    assert len(invocations.dynamodb.writes) == 25 + 1 + 50


def test_what_is_done_of_a_record_is_forgotten_after_the_next_invocation_of_its_shard() -> None:
    invocations = Invocations()
    event = half_done(invocations)
    assert invocations.invoke(event) is None
    assert invocations.invoke(event) is None
    assert len(invocations.dynamodb.writes) == 25 + 25 + 50


def test_what_is_done_of_a_record_is_remembered_beside_another_shard() -> None:
    invocations = Invocations()
    event = half_done(invocations)
    other = event_of(line_of(99), shard_id="shardId-000000000004")
    assert invocations.invoke(other) is None
    assert invocations.invoke(event) is None
    assert len(invocations.dynamodb.writes) == 25 + 1 + 25


def test_what_is_done_of_records_of_many_shards_is_forgotten_and_done_again() -> None:
    invocations = Invocations()
    event = half_done(invocations)
    for number in range(100):
        half_done(invocations, f"shardId-{100 + number:012}")
    before = len(invocations.dynamodb.writes)
    assert invocations.invoke(event) is None
    assert len(invocations.dynamodb.writes) == before + 50


def test_what_is_done_of_a_record_is_done_again_by_a_new_environment() -> None:
    invocations = Invocations()
    event = half_done(invocations)
    invocations.restart()
    assert invocations.invoke(event) is None
    assert len(invocations.dynamodb.writes) == 25 + 50


def test_what_is_done_inside_a_record_holds_its_dead_letters_too() -> None:
    invocations = Invocations()
    lines = lines_of(range(50))
    bad = [b"bad %d" % number for number in range(12)]
    pack = b"\n".join(bad) + b"\n" + b"".join(lines)
    event = event_of(aggregate([pack]))
    invocations.dynamodb.fail(Fault(), DENIED)
    assert invocations.invoke(event) == numbers_of(event)[0]
    assert invocations.invoke(event) is None
    assert letters_in(invocations) == [("json", line) for line in bad]
    assert invocations.dynamodb.items == items_of(lines)


def test_a_conflict_is_settled_for_the_last_content_across_invocations() -> None:
    first, last = line_of(1, price="1.5"), line_of(1, price="2.5")
    others = lines_of(range(2, 40))
    event = event_of(aggregate([first, *others[:20], last, *others[20:]]))
    for calls in range(3):
        invocations = Invocations(seconds=0.0)
        invocations.dynamodb.fail(*[Fault()] * calls, first_unprocessed(20))
        invocations.deliver(event)
        assert invocations.dynamodb.items == items_of([*others, last])


def test_a_later_content_that_a_longer_batch_brings_is_stored() -> None:
    first, last, other = line_of(1, price="1.5"), line_of(1, price="2.5"), line_of(2)
    invocations = Invocations(seconds=0.0)
    invocations.dynamodb.fail(Fault(unprocessed=lambda index: index == 1))
    assert invocations.invoke(event_of(first + other)) is not None
    assert invocations.deliver(event_of(first + other, last)) == 1
    assert invocations.dynamodb.items == items_of([other, last])
