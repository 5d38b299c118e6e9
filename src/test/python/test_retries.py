"""Attempts with waits between them, inside the time that is left."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

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


def test_the_first_call_begins_without_any_time() -> None:
    clock = FakeClock()
    time = time_with(clock, 0.0)
    assert list(time.attempts()) == [0]
    assert list(time.attempts()) == []
    assert clock.sleeps == []


@pytest.mark.parametrize(("spent", "calls"), [(54.9, 1), (55.0, 0)])
def test_any_other_call_begins_only_while_more_than_the_reserve_is_left(
    spent: float, calls: int
) -> None:
    clock = FakeClock()
    time = time_with(clock, 60.0)
    next(time.attempts())
    clock.pass_by(spent)
    assert len(list(itertools.islice(time.attempts(), 1))) == calls


def test_the_reserve_is_half_of_a_short_time() -> None:
    clock = FakeClock()
    list(time_with(clock, 3.0).attempts())
    assert clock.sleeps == [0.025, 0.05, 0.1, 0.2, 0.4]  # 0.8 more would pass 1.5


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


def test_of_several_threads_without_any_time_one_makes_a_call() -> None:
    time = time_with(FakeClock(), 0.0)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: list(time.attempts()), range(50)))
    assert sorted(made, key=len) == [[]] * 49 + [[0]]
