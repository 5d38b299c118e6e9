"""Faults that hit our own processes: signals, and who is hit by them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from processes import Child, wait_until

KILLED: set[int] = set()
"""Everybody that a fault has sent SIGKILL."""
DAEMON = "kinesis_producer"
RUNTIME = "runtime.py"
STATE_SECONDS = 5.0
STOPPED_SECONDS = 45.0
BEGUN_SECONDS = 3.0
"""For an ingester to be so far that it stops in order."""
DAEMON_SECONDS = 2.0
"""For the KPL to start another daemon."""


class Parts(Protocol):
    """What is hit: the processes of a run, which may be others after each fault."""

    ingester: Child
    poller: Child
    crashed: bool

    def start_ingester(self) -> None: ...

    def start_poller(self) -> None: ...

    def hold(self, name: str, *, down: bool) -> None:
        """Keeps a part that has ended from being started again, or no longer."""


class ProcessFault:
    """A fault that begins with one action and ends with another."""

    def __init__(self, parts: Parts, randomness: random.Random) -> None:
        self.effects = 0
        """How many processes it has really hit."""
        self._parts = parts
        self._random = randomness

    @property
    def is_done(self) -> bool:
        """Whether it has had all its effect: at its beginning, unless told otherwise."""
        return True

    @property
    def is_possible(self) -> bool:
        """Whether there is somebody to hit: the ingester, if nobody else is named."""
        return self._parts.ingester.exit_code() is None

    def begin(self, seconds: float) -> None:
        """Does it; the fault is to last so long."""
        raise NotImplementedError

    def turn(self) -> None:
        """Goes on with it, many times a second while it lasts; must not wait."""

    def end(self) -> None:
        """Takes it back."""

    def look_back(self) -> None:
        """Looks, after its end, for an effect that shows late; must not wait."""


class KillIngester(ProcessFault):
    """kill -9 of the ingester, which stays down."""

    def begin(self, seconds: float) -> None:
        self._parts.hold("ingester", down=True)
        self.effects += kill(self._parts.ingester.pid)
        self._parts.crashed = True

    def end(self) -> None:
        self._parts.hold("ingester", down=False)


class KillIngesterAtStart(ProcessFault):
    """kill -9 of the ingester, and of the next one while it starts."""

    def begin(self, seconds: float) -> None:
        self.effects += kill(self._parts.ingester.pid)
        self._parts.crashed = True
        self._parts.ingester.wait(STATE_SECONDS)
        self._parts.start_ingester()
        time.sleep(self._random.uniform(0.2, 2.0))
        self.effects += kill(self._parts.ingester.pid)


class KillIngesterAtStop(ProcessFault):
    """SIGTERM to the ingester, and kill -9 while it stops; again if it had ended before."""

    def __init__(self, parts: Parts, randomness: random.Random) -> None:
        super().__init__(parts, randomness)
        self._seen = 0
        self._seen_at = 0.0

    @property
    def is_done(self) -> bool:
        """Whether one was killed while it stopped: one that had hardly begun ends too soon."""
        return self.effects > 0

    def begin(self, seconds: float) -> None:
        self._parts.crashed = True
        self._hit()

    def turn(self) -> None:
        pid = self._parts.ingester.pid
        if pid != self._seen:
            self._seen, self._seen_at = pid, time.monotonic()
        elif not self.is_done and time.monotonic() - self._seen_at > BEGUN_SECONDS:
            self._hit()

    def _hit(self) -> None:
        if send(self._parts.ingester.pid, signal.SIGTERM):
            time.sleep(self._random.uniform(0.0, 0.3))
            self.effects += kill(self._parts.ingester.pid)


class StopIngester(ProcessFault):
    """A signal that the ingester obeys, and a new start."""

    number = signal.SIGTERM
    to_group = False

    def begin(self, seconds: float) -> None:
        self._parts.crashed = True
        self._parts.hold("ingester", down=True)
        ingester = self._parts.ingester
        if self.to_group:
            os.killpg(ingester.pid, self.number)
        else:
            send(ingester.pid, self.number)

    def end(self) -> None:
        code = self._parts.ingester.wait(STOPPED_SECONDS)
        self.effects += code == 128 + self.number
        self._parts.hold("ingester", down=False)


class InterruptIngester(StopIngester):
    """SIGINT to the ingester's whole group, as from a terminal: its daemon is hit too."""

    number = signal.SIGINT
    to_group = True


class HangUpIngester(StopIngester):
    """SIGHUP to the ingester, as when its terminal is lost."""

    number = signal.SIGHUP


class FreezeIngester(ProcessFault):
    """SIGSTOP, and SIGCONT at the end."""

    def begin(self, seconds: float) -> None:
        pid = self._parts.ingester.pid
        send(pid, signal.SIGSTOP)
        self.effects += wait_until(lambda: state_of(pid) == "T", STATE_SECONDS)

    def end(self) -> None:
        send(self._parts.ingester.pid, signal.SIGCONT)


class KillDaemon(ProcessFault):
    """kill -9 of the KPL's daemon."""

    times = 1

    @property
    def is_possible(self) -> bool:
        """Whether there is a daemon."""
        return bool(self._daemons())

    def begin(self, seconds: float) -> None:
        for _ in range(self.times):
            wait_until(lambda: bool(self._daemons()), DAEMON_SECONDS)
            self.effects += sum(kill(pid) for pid in self._daemons())

    def _daemons(self) -> list[int]:
        return descendants(self._parts.ingester.pid, lambda words: DAEMON in words[0])


class KillDaemonFiveTimes(KillDaemon):
    """kill -9 of the KPL's daemon, and of each new one, five times in a row."""

    times = 5


class KillFunction(ProcessFault):
    """kill -9 of the processes in which the function runs, in the middle of whatever they do."""

    @property
    def is_possible(self) -> bool:
        """Whether the function runs."""
        return bool(self._runs())

    def begin(self, seconds: float) -> None:
        self.effects += sum(kill(pid) for pid in self._runs())

    def _runs(self) -> list[int]:
        return descendants(
            self._parts.poller.pid, lambda words: any(word.endswith(RUNTIME) for word in words)
        )


class KillPoller(ProcessFault):
    """kill -9 of the poller and of the function with it."""

    @property
    def is_possible(self) -> bool:
        """Whether the poller runs."""
        return self._parts.poller.exit_code() is None

    def begin(self, seconds: float) -> None:
        self._parts.hold("poller", down=True)
        self.effects += kill(self._parts.poller.pid)

    def end(self) -> None:
        self._parts.hold("poller", down=False)


def kill(pid: int) -> bool:
    """Kills a process; tells whether there was one, and it is dead."""
    return send(pid, signal.SIGKILL) and wait_until(lambda: state_of(pid) in ("", "Z"), 5.0)


def send(pid: int, number: signal.Signals) -> bool:
    """Sends a signal; tells whether there was a process to get it."""
    if state_of(pid) in ("", "Z"):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        if number == signal.SIGKILL:
            KILLED.add(pid)
        return True
    return False


def state_of(pid: int) -> str:
    """Returns the letter of a process's state in /proc; empty if there is none."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        text = Path(f"/proc/{pid}/stat").read_text()
        return text.rpartition(")")[2].split()[0]
    return ""


def descendants(pid: int, matches: Callable[[list[str]], bool]) -> list[int]:
    """Returns the processes that a process has started, and they, by their command lines."""
    parents: dict[int, list[int]] = {}
    commands: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            parents.setdefault(parent, []).append(int(entry.name))
            commands[int(entry.name)] = words
    found, waiting = [], [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            waiting.append(child)
            if commands[child][0] and matches(commands[child]):
                found.append(child)
    return found
