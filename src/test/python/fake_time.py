"""Time that passes only when a test, or a double, says so."""

from __future__ import annotations

from retries import Time

STARTED_AT = 1_780_000_000.0


class FakeClock:
    """Tells seconds since the epoch; whoever sleeps moves it."""

    def __init__(self) -> None:
        self.now = STARTED_AT
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets time pass, and notes how much."""
        self.sleeps.append(seconds)
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        """Lets time pass."""
        assert seconds >= 0
        self.now += seconds


class FakeContext:
    """The context of an invocation that begins now."""

    def __init__(self, clock: FakeClock, seconds: float = 60.0) -> None:
        self._clock = clock
        self._ends_at = clock.now + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Tells how much of the function's time-out is left."""
        return max(0, int((self._ends_at - self._clock.now) * 1000))


def time_of(context: FakeContext, clock: FakeClock, random: float = 0.5) -> Time:
    """Returns the time of an invocation, whose random numbers are all the same."""
    return Time(lambda: context.get_remaining_time_in_millis() / 1000, clock.sleep, lambda: random)
