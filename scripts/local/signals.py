"""The signals that end a run: the first in order, the same once more at once."""

from __future__ import annotations

import signal
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalledError(Exception):
    """A signal came before there was anything to finish, or a second one."""


class Signals:
    """Notes the first signal, for the run to end in order; raises at the same once more."""

    def __init__(self) -> None:
        self.number: int | None = None
        for number in NUMBERS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.number is None:
            self.number = number
        elif number == self.number:
            signal.signal(number, signal.SIG_IGN)
            raise SignalledError

    def check(self) -> None:
        """Raises if a signal has come."""
        if self.number is not None:
            raise SignalledError
