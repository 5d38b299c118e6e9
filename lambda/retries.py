"""Attempts at one thing, with waits between them, inside the time that an invocation has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnectedError

FIRST_WAIT_SECONDS = 0.05
LAST_WAIT_SECONDS = 2.0
"""Bound of a wait: the first, doubled up to the last. A wait is random between 0 and its bound, so
that the shards that a table throttles do not come back all at once."""

CALL_SECONDS = 4.0
"""What one call takes at most: the time-outs of connecting and of reading that clients have."""
RESERVE_SECONDS = CALL_SECONDS + 1.0
"""More has to be left when a call begins, so that the invocation still answers after it."""

_PASSING_CODES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500


class Time:
    """The time of one invocation; what measures and passes it is given, so that a test can.

    A call may begin while more than the reserve is left. The reserve is half of the time at most,
    so that a function with a short time-out works too. The first call may begin in any case: an
    invocation that has hardly any time must not be one more that achieves nothing. Attempts may be
    made by several threads.
    """

    def __init__(
        self,
        seconds_left: Callable[[], float],
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ) -> None:
        """Begins with the invocation; `random` returns what is at least 0 and under 1."""
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._random = random
        self._reserve_seconds = min(RESERVE_SECONDS, seconds_left() / 2)
        self._has_called = False
        self._lock = threading.Lock()

    def attempts(self) -> Iterator[int]:
        """Yields 0 at once, then 1, 2, 3 ... after waits, as long as a call may begin."""
        bound, number, wait = FIRST_WAIT_SECONDS, 0, 0.0
        while self._takes_a_call_after(wait):
            if wait > 0:
                self._sleep(wait)
            yield number
            wait = self._random() * bound
            bound = min(LAST_WAIT_SECONDS, bound * 2)
            number += 1

    def _takes_a_call_after(self, wait: float) -> bool:
        """Tells whether a call may begin; of several threads, one only makes the first call."""
        with self._lock:
            allowed = not self._has_called or self._seconds_left() - wait > self._reserve_seconds
            self._has_called = True
            return allowed


def is_passing(error: ClientError | BotoCoreError) -> bool:
    """Tells whether the same call may succeed a moment later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        passing = status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS
        return passing or code_of(error) in _PASSING_CODES
    return isinstance(error, NotConnectedError | HTTPClientError)  # the latter: no answer


def code_of(error: ClientError | BotoCoreError) -> str:
    """Returns the service's code of an error, or the name of the client's own."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "unknown")
    return type(error).__name__
