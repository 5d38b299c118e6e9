"""The bad days of the KPL's daemon: frozen for good, its files gone, never there for long.

The daemon is the ingester's child. That another one has come is seen from outside, by its process
id; that the ingester has built its producer anew, and not the KPL its daemon, by what only a new
producer does: it ends a frozen daemon, and unpacks the daemon's files again.
"""

from __future__ import annotations

import random
import shutil
import signal
import time

from host import Host
from process_faults import DAEMON, KILLED, ProcessFault, descendants, send, state_of
from processes import Child, wait_until

LOOK_SECONDS = 0.25
"""Between two looks at all processes."""


class DaemonFault(ProcessFault):
    """A fault of the daemon. Whoever restarts the ingester meanwhile, it goes on with the next."""

    is_done = False

    def __init__(self, host: Host, randomness: random.Random) -> None:
        super().__init__(host, randomness)
        self._host = host
        self._looked_at = 0.0

    @property
    def is_possible(self) -> bool:
        """Whether there is a daemon."""
        return bool(self._daemons())

    def _daemons(self) -> list[int]:
        return descendants(self._host.ingester.pid, lambda words: DAEMON in words[0])

    def _is_time_to_look(self) -> bool:
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        return True


class ReplacedDaemon(DaemonFault):
    """A daemon is made useless, once for each ingester that comes, until it is replaced."""

    def __init__(self, host: Host, randomness: random.Random) -> None:
        super().__init__(host, randomness)
        self._victims: set[int] = set()
        self._ingester: Child | None = None
        """Whose daemons the victims are."""

    def begin(self, seconds: float) -> None:
        """Hits the daemon that is there."""
        self._look()

    def turn(self) -> None:
        """Looks whether it was replaced; hits the daemon of an ingester that is new."""
        if self.effects == 0 and self._is_time_to_look():
            self._look()

    def end(self) -> None:
        """Takes nothing back: what was hit stays so."""

    def look_back(self) -> None:
        """Looks whether the daemon was replaced: that takes longer on a machine that is busy."""
        if self.effects == 0 and self._is_time_to_look():
            self._look_only()

    def _look(self) -> None:
        daemons = set(self._daemons())
        if self._ingester is self._host.ingester and self._victims:
            self._look_only()
        elif daemons:
            self._ingester = self._host.ingester
            self._victims = daemons
            self._hit()

    def _look_only(self) -> None:
        if self._ingester is self._host.ingester and self._victims:
            self.effects += self._is_replaced(set(self._daemons()))

    def _hit(self) -> None:
        raise NotImplementedError

    def _is_replaced(self, daemons: set[int]) -> bool:
        return bool(daemons - self._victims) and not daemons & self._victims


class FreezeDaemon(ReplacedDaemon):
    """SIGSTOP of the daemon, and never SIGCONT: what it was given has no result, ever."""

    def _look(self) -> None:
        if self._victims & KILLED:  # by another fault: that it is replaced proves nothing here
            self._victims = set()
        super()._look()

    def _hit(self) -> None:
        for pid in self._victims:
            send(pid, signal.SIGSTOP)

    def _is_replaced(self, daemons: set[int]) -> bool:
        return super()._is_replaced(daemons) and not self._victims & KILLED


class CleanKplDirectory(ReplacedDaemon):
    """The daemon's files are removed under it, as a cleaner of temporary files does; then it dies.

    The KPL starts it again by itself, in vain: its program is not there any more.
    """

    def _hit(self) -> None:
        for path in list(self._host.kpl.iterdir()):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for pid in self._victims:
            send(pid, signal.SIGKILL)

    def _is_replaced(self, daemons: set[int]) -> bool:
        unpacked = any(DAEMON in path.name for path in self._host.kpl.rglob("*"))
        return super()._is_replaced(daemons) and unpacked


class DaemonGone(DaemonFault):
    """Each daemon that appears is killed at once, as long as it lasts."""

    def __init__(self, host: Host, randomness: random.Random) -> None:
        super().__init__(host, randomness)
        self._killed: set[int] = set()

    def begin(self, seconds: float) -> None:
        """Kills the daemon that is there."""
        self.turn()

    def turn(self) -> None:
        """Kills the daemon that has appeared, and counts those that are dead."""
        dead = {pid for pid in self._killed if state_of(pid) in ("", "Z")}
        self.effects += len(dead)
        self._killed -= dead
        self._killed |= {
            pid for pid in self._daemons() if pid not in dead and send(pid, signal.SIGKILL)
        }

    def end(self) -> None:
        """Lets the next one live."""
        wait_until(lambda: all(state_of(pid) in ("", "Z") for pid in self._killed), 5.0)
        self.effects += len(self._killed)
        self._killed.clear()
