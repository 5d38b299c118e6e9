"""A second ingester with the same key, which has to be refused."""

from __future__ import annotations

import random
import re

from host import Host
from process_faults import ProcessFault
from processes import Child, wait_until

REFUSED = 3
STARTED = re.compile(r" started env=")
REFUSED_SECONDS = 20.0
"""After the fault's time, for a second one that is still starting."""


class SecondInstance(ProcessFault):
    """A second ingester, in a data directory of its own or, at random, in the first one's.

    It must say who holds the key, or the journal, and end. If the first one ends meanwhile, by
    another fault, the second is killed: from then on it is right to run.
    """

    is_done = False

    def __init__(self, host: Host, randomness: random.Random) -> None:
        super().__init__(host, randomness)
        self._host = host
        self._first: Child | None = None
        self._second: Child | None = None

    @property
    def is_possible(self) -> bool:
        """Whether the first one runs and holds the key."""
        if self._host.ingester.exit_code() is not None:
            return False
        holders = {path.read_text().strip() for path in self._host.keys.glob("*.lock")}
        return str(self._host.ingester.pid) in holders

    def begin(self, seconds: float) -> None:
        """Starts the second one."""
        self._start()

    def turn(self) -> None:
        """Looks how the second one fares; starts another if its start was no trial."""
        if self._second is None:
            if self.effects == 0:
                self._start()
        elif self._host.ingester is not self._first or self._first.exit_code() is not None:
            self._second.kill()
            self._second = None
        elif self._second.exit_code() is not None:
            self._judge(self._second)
            self._second = None
        elif STARTED.search(_text_of(self._second)):
            self._refuse_to_believe(self._second)

    def end(self) -> None:
        """Waits for the second one's end, and sees to it."""

        def is_over() -> bool:
            if self._second is not None:
                self.turn()
            return self._second is None

        if not wait_until(is_over, REFUSED_SECONDS) and self._second is not None:
            self._host.problems.append("a second ingester neither ran nor was refused")
            self._second.kill()

    def _start(self) -> None:
        if not self.is_possible:
            return
        self._first = self._host.ingester
        self._second = self._host.start_second(shares_data=self._random.random() < 0.5)

    def _judge(self, second: Child) -> None:
        code = second.exit_code()
        if (
            code == REFUSED
            and self._first is not None
            and f"pid={self._first.pid}" in _text_of(second)
        ):
            self.effects += 1
        elif code != REFUSED:  # else it has met another obstacle first, such as an outage
            self._host.problems.append(f"a second ingester ended with {code} and not {REFUSED}")

    def _refuse_to_believe(self, second: Child) -> None:
        self._host.problems.append(f"a second ingester ran beside the first: pid={second.pid}")
        second.kill()
        self._second = None


def _text_of(second: Child) -> str:
    return second.err.read_text(errors="replace")
