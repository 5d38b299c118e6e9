"""Whatever is on the stream and whatever goes wrong: every good trade once, every bad piece told.

A stream is made of random records, and the function, its table, its queue and its time are made to
fail at random. What is claimed to be done must be, at every moment; and when nothing fails any
more, everything is.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

import aws_faults
from fake_dynamodb import ALL_UNPROCESSED, EVERY_SECOND_UNPROCESSED, Fault, first_unprocessed
from fake_sqs import SendFault
from invocations import Invocations
from stream_events import (
    RECEIVED_AT,
    Event,
    aggregate,
    damaged,
    event_of,
    id_in,
    items_of,
    line_of,
    numbers_of,
    rest_of,
)

TRADES = 70
"""So few that the same trade comes more than once."""
KILL = aws_faults.Killed()


@dataclass(frozen=True)
class Record:
    """A stream record, and what has to come of it."""

    data: bytes
    good: tuple[bytes, ...] = ()
    bad: tuple[bytes, ...] = ()


def is_good(line: bytes) -> bool:
    return line.endswith(b"\n")


def record_of(packs: list[list[bytes]], is_aggregated: bool, is_damaged: bool) -> Record:
    """Returns a record of lines; a bad line has no newline of its own."""
    joined = [b"".join(line.rstrip(b"\n") + b"\n" for line in pack) for pack in packs]
    if is_damaged:
        data = damaged(aggregate(joined))
        return Record(data, bad=(data,))
    lines = [line for pack in packs for line in pack]
    return Record(
        aggregate(joined) if is_aggregated else b"".join(joined),
        tuple(line for line in lines if is_good(line)),
        tuple(line for line in lines if not is_good(line)),
    )


GOOD_LINES = st.builds(
    line_of,
    st.integers(0, TRADES - 1),
    received_at=st.sampled_from([RECEIVED_AT, RECEIVED_AT, RECEIVED_AT + 1]),
    price=st.sampled_from(["", "", "", "9.5"]),
)
BAD_LINES = st.sampled_from([b"bad", b"{}", b"", b'{"trade_id":1}', b"\xff", b"[]"])
LINES = st.one_of(GOOD_LINES, GOOD_LINES, GOOD_LINES, BAD_LINES)
RUNS = st.tuples(st.integers(0, TRADES - 1), st.integers(1, 40)).map(
    lambda run: [line_of(number % TRADES) for number in range(run[0], run[0] + run[1])]
)
PACKS = st.one_of(st.lists(LINES, min_size=1, max_size=8), RUNS)
RECORDS = st.builds(
    record_of,
    st.lists(PACKS, min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
)

WRITE_FAULTS = st.one_of(
    st.just(Fault()),
    st.sampled_from([ALL_UNPROCESSED, EVERY_SECOND_UNPROCESSED]),
    st.integers(1, 25).map(first_unprocessed),
    st.sampled_from(
        [
            Fault(before=aws_faults.throttled()),
            Fault(before=aws_faults.access_denied()),
            Fault(before=aws_faults.connection_refused()),
            Fault(after=aws_faults.read_timeout()),
            Fault(before=KILL),
            Fault(after=KILL),
        ]
    ),
)
SEND_FAULTS = st.one_of(
    st.just(SendFault()),
    st.integers(0, 9).map(lambda at: SendFault(failed=lambda index: index == at)),
    st.integers(0, 9).map(lambda at: SendFault(failed=lambda index: index == at, is_senders=True)),
    st.sampled_from(
        [
            SendFault(before=aws_faults.throttled()),
            SendFault(before=aws_faults.access_denied()),
            SendFault(after=aws_faults.read_timeout()),
            SendFault(before=KILL),
            SendFault(after=KILL),
        ]
    ),
)


@dataclass(frozen=True)
class Weather:
    """What the invocations go through."""

    writes: list[Fault]
    sends: list[SendFault]
    seconds: float
    seconds_a_call: float
    refused: set[str]

    def __post_init__(self) -> None:
        # Each refused item costs a request, and what is refused is not remembered like what is
        # stored: that takes a time-out for a few requests more.
        if self.seconds < 30 * self.seconds_a_call + 20:
            self.refused.clear()


WEATHERS = st.builds(
    Weather,
    st.lists(WRITE_FAULTS, max_size=12),
    st.lists(SEND_FAULTS, max_size=6),
    st.sampled_from([0.5, 4.0, 8.0, 20.0, 60.0]),
    st.sampled_from([0.0, 0.0, 0.5, 3.0]),
    st.sets(st.integers(1, TRADES - 1).map(line_of).map(id_in), max_size=3),
)


def check_claimed(invocations: Invocations, records: list[Record], refused: set[str]) -> None:
    """All of these records is stored, or in the queue."""
    payloads = payloads_in(invocations)
    told = {id_in(payload) for payload in payloads if payload.startswith(b'{"trade_id":"')}
    for record in records:
        assert payloads >= set(record.bad)
        for line in record.good:
            if id_in(line) in refused:
                assert id_in(line) in told
            else:
                assert id_in(line) in invocations.dynamodb.items


def payloads_in(invocations: Invocations) -> set[bytes]:
    return {base64.b64decode(message["payload"]) for message in invocations.sqs.messages}


def invoke(invocations: Invocations, event: Event) -> str | None:
    """Returns what comes first next time: after a kill, what came first this time."""
    try:
        return invocations.invoke(event)
    except aws_faults.Killed:
        invocations.restart()
        return numbers_of(event)[0]


@settings(max_examples=100, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=8), WEATHERS)
def test_every_good_trade_is_stored_once_and_every_bad_piece_is_dead_lettered(
    records: list[Record], weather: Weather
) -> None:
    event = event_of(*(record.data for record in records))
    numbers = numbers_of(event)
    invocations = Invocations(weather.seconds)
    # A table that has taken nothing refuses nothing for good, so it takes one first.
    assert invocations.invoke(event_of(line_of(0), first=-1)) is None
    invocations.dynamodb.refused = weather.refused
    invocations.dynamodb.seconds_a_call = weather.seconds_a_call
    invocations.dynamodb.fail_with(weather.writes)
    invocations.sqs.fail_with(weather.sends)
    done, rest = 0, event
    for _ in range(200):
        began = invocations.clock.now
        reported = invoke(invocations, rest)
        assert invocations.clock.now - began < max(weather.seconds, 2 * weather.seconds_a_call + 1)
        if reported is None:
            break
        assert numbers.index(reported) >= done
        done = numbers.index(reported)
        check_claimed(invocations, records[:done], weather.refused)
        rest = rest_of(event, reported)
    else:
        raise AssertionError("not done after 200 invocations")
    check_claimed(invocations, records, weather.refused)
    good = [line_of(0), *(line for record in records for line in record.good)]
    refused = {line.removesuffix(b"\n") for line in good if id_in(line) in weather.refused}
    stored = [line for line in good if id_in(line) not in weather.refused]
    assert invocations.dynamodb.items == items_of(stored)
    bad = {line for record in records for line in record.bad}
    assert bad <= payloads_in(invocations) <= bad | refused
    assert {id_in(line) for line in payloads_in(invocations) & refused} == set(map(id_in, refused))
