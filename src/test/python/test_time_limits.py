"""An invocation answers before Lambda ends it, and one with hardly any time gets somewhere too."""

from __future__ import annotations

import itertools
import random

import pytest

import aws_faults
from fake_dynamodb import ALL_UNPROCESSED, EVERY_SECOND_UNPROCESSED, Fault
from fake_sqs import SendFault
from invocations import Invocations
from retries import CALL_SECONDS
from stream_events import event_of, id_in, lines_of

THROTTLED = Fault(before=aws_faults.throttled())
TIMED_OUT = Fault(after=aws_faults.read_timeout())
FAULTS = [Fault(), THROTTLED, TIMED_OUT, ALL_UNPROCESSED, EVERY_SECOND_UNPROCESSED]
ALL_BUT_ONE_UNPROCESSED = Fault(unprocessed=lambda index: index > 0)
SEND_FAULTS = [
    SendFault(),
    SendFault(before=aws_faults.throttled()),
    SendFault(failed=lambda index: index % 2 == 0),
]
LINES = lines_of(range(60))
EVENT = event_of(b"".join([b"bad\n", *LINES[:30], *[b"bad\n"] * 12, *LINES[30:]]))


@pytest.mark.parametrize("seed", range(20))
def test_an_invocation_answers_in_time_however_slow_and_faulty_all_is(seed: int) -> None:
    chance = random.Random(seed)
    invocations = Invocations(seconds=chance.choice([10.0, 15.0, 60.0]))
    invocations.dynamodb.seconds_a_call = chance.uniform(0, CALL_SECONDS)
    invocations.sqs.seconds_a_call = chance.uniform(0, CALL_SECONDS)
    invocations.dynamodb.fail_with(chance.choice(FAULTS) for _ in itertools.count())
    invocations.sqs.fail_with(chance.choice(SEND_FAULTS) for _ in itertools.count())
    begun = invocations.clock.now
    invocations.invoke(EVENT)
    assert invocations.clock.now - begun <= invocations.seconds


@pytest.mark.parametrize("times", range(16))
def test_an_invocation_whose_first_write_takes_long_to_succeed_answers_in_time(times: int) -> None:
    invocations = Invocations()
    invocations.dynamodb.seconds_a_call = invocations.sqs.seconds_a_call = CALL_SECONDS
    invocations.dynamodb.fail(*[THROTTLED] * times)
    begun = invocations.clock.now
    invocations.invoke(EVENT)
    assert invocations.clock.now - begun <= invocations.seconds


def test_letters_wait_for_the_next_invocation_when_writing_took_the_time() -> None:
    invocations = Invocations()
    invocations.dynamodb.seconds_a_call = 56.0
    event = event_of(LINES[0] + b"bad\n")
    assert invocations.invoke(event) is not None
    assert (len(invocations.dynamodb.requests), invocations.sqs.requests) == (1, [])
    assert invocations.invoke(event) is None
    assert (len(invocations.dynamodb.requests), invocations.sqs.requests) == (1, [1])


def test_a_function_without_any_time_does_a_call_each_time_and_gets_there() -> None:
    invocations = Invocations(seconds=0.0)
    invocations.dynamodb.fail_with(ALL_BUT_ONE_UNPROCESSED for _ in itertools.count())
    assert invocations.deliver(EVENT, most=200) > 60
    assert set(invocations.dynamodb.items) == {id_in(line) for line in LINES}
    assert len(invocations.sqs.bodies) == 13


def test_a_short_time_is_used() -> None:
    invocations = Invocations(seconds=3.0)
    invocations.dynamodb.seconds_a_call = 0.2
    assert invocations.invoke(EVENT) is None
