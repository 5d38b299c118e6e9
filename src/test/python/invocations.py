"""The function as Lambda runs it: in one execution environment, invoked until all is done."""

from __future__ import annotations

import logging
import random

import pytest

from dead_letters import DeadLetterQueue
from executors import InOrder
from fake_dynamodb import FakeDynamoDB
from fake_sqs import FakeSqs
from fake_time import FakeClock, FakeContext
from lambda_function import Function
from stream_events import Event, numbers_of, rest_of
from table import Table

SERVICE = "FinnhubStreamProcessor"
VARIABLES = {
    "POWERTOOLS_SERVICE_NAME": SERVICE,
    "POWERTOOLS_METRICS_NAMESPACE": "Tapestream",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
SECONDS = 60.0


class Invocations:
    """Invokes a function that is made anew after each kill; its table and queue stay."""

    def __init__(self, seconds: float = SECONDS, time_to_live_days: int = 0) -> None:
        self.clock = FakeClock()
        self.dynamodb = FakeDynamoDB(clock=self.clock)
        self.sqs = FakeSqs(clock=self.clock)
        self.seconds = seconds
        """The function's time-out."""
        self._time_to_live_days = time_to_live_days
        self.restart()

    def restart(self) -> None:
        """Begins a new execution environment, with nothing remembered."""
        forget_logger()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in VARIABLES.items():
                patch.setenv(name, value)
            self.function = Function(
                Table(self.dynamodb, self.dynamodb.table, InOrder()),
                DeadLetterQueue(self.sqs, self.sqs.url),
                self._time_to_live_days,
                clock=self.clock,
                sleep=self.clock.sleep,
                chance=random.Random(1).random,
            )

    def invoke(self, event: Event) -> str | None:
        """Returns the sequence number that is reported, None when all is done."""
        context = FakeContext(self.clock, self.seconds)
        answer = self.function.handle(event, context)
        assert list(answer) == ["batchItemFailures"]
        numbers = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        assert len(numbers) <= 1
        assert set(numbers) <= set(numbers_of(event))
        return numbers[0] if numbers else None

    def deliver(self, event: Event, most: int = 100) -> int:
        """Invokes as an event source mapping does, until all is done; returns how often."""
        for count in range(1, most + 1):
            reported = self.invoke(event)
            if reported is None:
                return count
            event = rest_of(event, reported)
        pytest.fail(f"not done after {most} invocations")


def forget_logger() -> None:
    """Unmakes the logger that Powertools keeps in the process, so that the next one is as new.

    A logger keeps the stdout of when it was made, which is another one in each test.
    """
    logger = logging.getLogger(SERVICE)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    for name in [name for name in vars(logger) if name == "init" or name.startswith("powertools")]:
        delattr(logger, name)
