"""Attempts at one thing, with waits between them, inside the time that an invocation has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnectedError

FIRST_WAIT_SECONDS = 0.05
LAST_WAIT_SECONDS = 2.0
"""Bound of a wait: the first, doubled up to the last. A wait is random between 0 and its bound, so
that the shards that a table throttles do not come back all at once."""

CALL_SECONDS = 4.0
"""What one call takes at most: the time-outs of connecting and of reading that clients have."""
RESERVE_SECONDS = CALL_SECONDS + 1.0
"""What has to be left when a call begins, so that the invocation still answers after it."""

_PASSING_CODES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500


@dataclass(frozen=True)
class Time:
    """The time of one invocation; what measures and passes it is given, so that a test can."""

    seconds_left: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    """From 0 to 1."""

    def allows_a_call(self) -> bool:
        """Tells whether a call that begins now leaves time for an answer."""
        return self.seconds_left() >= RESERVE_SECONDS

    def attempts(self) -> Iterator[int]:
        """Yields 0 at once, then 1, 2, 3 ... after waits, until no further call is allowed."""
        bound, number = FIRST_WAIT_SECONDS, 0
        while True:
            yield number
            wait = self.random() * bound
            if self.seconds_left() - wait < RESERVE_SECONDS:
                return
            self.sleep(wait)
            bound = min(LAST_WAIT_SECONDS, bound * 2)
            number += 1


def is_passing(error: ClientError | BotoCoreError) -> bool:
    """Tells whether the same call may succeed a moment later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        passing = status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS
        return passing or code_of(error) in _PASSING_CODES
    return isinstance(error, HTTPClientError | NotConnectedError)  # no answer, or not reached


def code_of(error: ClientError | BotoCoreError) -> str:
    """Returns the service's code of an error, or the name of the client's own."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "unknown")
    return type(error).__name__
