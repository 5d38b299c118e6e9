"""The ingester's wall clock steps by an hour, and back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import journal_file
from host import Host
from process_faults import ProcessFault
from surroundings import DATA

STEP_SECONDS = 3600
NEAR_SECONDS = 600.0
"""What stamps may differ from the step by: the library looks for it once a second."""
LOOK_SECONDS = 0.5


class ClockFault(ProcessFault):
    """A step of the wall clock. It has an effect when the journal's entries carry it."""

    is_done = False
    seconds = 0

    def __init__(self, host: Host, randomness: random.Random) -> None:
        super().__init__(host, randomness)
        self._host = host
        self._back: Callable[[], None] | None = None
        self._looked_at = 0.0

    def begin(self, seconds: float) -> None:
        """Steps."""
        self._back = self._host.move_clock(self.seconds)

    def turn(self) -> None:
        """Looks whether what is received now is stamped by the moved clock."""
        now = time.monotonic()
        if self.effects == 0 and now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self.effects += self._is_seen()

    def end(self) -> None:
        """Steps back."""
        if self._back is not None:
            self._back()

    def _is_seen(self) -> bool:
        try:
            newest = journal_file.last_entry(DATA / "journal")
        except (journal_file.UnreadableJournalError, OSError):
            return False
        if newest is None:
            return False
        ahead = newest.received_at / 1000 - time.time()
        return abs(ahead - self.seconds) < NEAR_SECONDS


class ClockForward(ClockFault):
    """An hour forward."""

    seconds = STEP_SECONDS


class ClockBack(ClockFault):
    """An hour back."""

    seconds = -STEP_SECONDS
