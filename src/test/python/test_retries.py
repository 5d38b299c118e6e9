"""Attempts with waits between them, inside the time that is left."""

from __future__ import annotations

import itertools

import pytest
from botocore.exceptions import BotoCoreError, ClientError

import aws_faults
from fake_time import FakeClock, FakeContext, time_of
from retries import (
    FIRST_WAIT_SECONDS,
    LAST_WAIT_SECONDS,
    RESERVE_SECONDS,
    Time,
    code_of,
    is_passing,
)


def time_with(clock: FakeClock, seconds: float, random: float = 0.5) -> Time:
    return time_of(FakeContext(clock, seconds), clock, random)


def test_attempts_wait_longer_and_longer_up_to_a_bound() -> None:
    clock = FakeClock()
    attempts = list(itertools.islice(time_with(clock, 1000, random=1.0).attempts(), 10))
    assert attempts == list(range(10))
    assert clock.sleeps == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
    assert (FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS) == (0.05, 2.0)


def test_a_wait_is_as_random_as_it_is_told() -> None:
    clock = FakeClock()
    list(itertools.islice(time_with(clock, 1000, random=0.25).attempts(), 4))
    assert clock.sleeps == [0.0125, 0.025, 0.05]


def test_attempts_end_before_the_reserve_is_touched() -> None:
    clock = FakeClock()
    attempts = list(time_with(clock, 60.0).attempts())
    left = 60.0 - sum(clock.sleeps)
    assert left >= RESERVE_SECONDS
    assert left - LAST_WAIT_SECONDS / 2 < RESERVE_SECONDS
    assert len(attempts) < 100


@pytest.mark.parametrize("seconds", [0.0, 1.0, RESERVE_SECONDS])
def test_one_attempt_is_made_however_little_time_there_is(seconds: float) -> None:
    clock = FakeClock()
    assert list(time_with(clock, seconds).attempts()) == [0]
    assert clock.sleeps == []


@pytest.mark.parametrize(("seconds", "allowed"), [(RESERVE_SECONDS, True), (4.999, False)])
def test_a_call_is_allowed_while_the_reserve_is_left(seconds: float, allowed: bool) -> None:
    assert time_with(FakeClock(), seconds).allows_a_call() is allowed


@pytest.mark.parametrize(
    ("error", "passing", "code"),
    [
        (aws_faults.throttled(), True, "ThrottlingException"),
        (aws_faults.over_capacity(), True, "ProvisionedThroughputExceededException"),
        (aws_faults.server_error(), True, "InternalServerError"),
        (aws_faults.refusal("Odd", "", "any", 503), True, "Odd"),
        (aws_faults.refusal("Odd", "", "any", 429), True, "Odd"),
        (aws_faults.connection_refused(), True, "EndpointConnectionError"),
        (aws_faults.connect_timeout(), True, "ConnectTimeoutError"),
        (aws_faults.read_timeout(), True, "ReadTimeoutError"),
        (aws_faults.access_denied(), False, "AccessDeniedException"),
        (aws_faults.no_credentials(), False, "NoCredentialsError"),
        (
            aws_faults.refusal("ResourceNotFoundException", "", "any"),
            False,
            "ResourceNotFoundException",
        ),
        (ClientError({}, "any"), False, "unknown"),
    ],
)
def test_an_error_passes_if_the_same_call_may_succeed_later(
    error: ClientError | BotoCoreError, passing: bool, code: str
) -> None:
    assert is_passing(error) is passing
    assert code_of(error) == code
