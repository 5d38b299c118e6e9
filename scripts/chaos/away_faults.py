"""The ingester killed while Kinesis is away, and started again while it still is."""

from __future__ import annotations

import random

import commands
from aws_proxy_process import AwsProxyProcess
from endpoint_faults import Effects, Fault, Kind
from process_faults import Parts, ProcessFault, descendants, kill, state_of
from proxy_process import RemoteHandle

INGESTER = frozenset({"local-ingester"})


class KillIngesterWhileKinesisAway(ProcessFault):
    """Kinesis refuses or hangs for the ingester, which is killed in the middle, and starts again.

    There is a journal, so it must start. It has, once it was refused and the feed reaches it.
    """

    def __init__(self, parts: Parts, randomness: random.Random, proxy: AwsProxyProcess) -> None:
        super().__init__(parts, randomness)
        self._proxy = proxy
        self._handle: RemoteHandle[Effects] | None = None
        self._killed: int | None = None
        self._family: list[int] = []
        """What the killed one had started, which may still ask for a moment."""
        self._at_start: tuple[int, int] | None = None
        """Refusals, and the length of the log, when the next one was there."""

    @property
    def is_done(self) -> bool:
        """Whether it has started again."""
        return self.effects > 0

    def begin(self, seconds: float) -> None:
        kind = self._random.choice((Kind.REFUSE, Kind.HANG))
        self._handle = self._proxy.begin(Fault(kind, principals=INGESTER))

    def turn(self) -> None:
        if self._handle is None or self.is_done:
            return
        if self._killed is None:
            self._kill_once_refused()
        else:
            self._look_at_the_next()

    def end(self) -> None:
        if self._handle is not None:
            self._handle.end()

    def _kill_once_refused(self) -> None:
        ingester = self._parts.ingester
        if self._refusals() == 0 or ingester.exit_code() is not None:
            return
        self._parts.crashed = True
        self._family = descendants(ingester.pid, lambda _: True)
        if kill(ingester.pid):
            self._killed = ingester.pid

    def _look_at_the_next(self) -> None:
        ingester = self._parts.ingester
        if ingester.pid == self._killed or ingester.exit_code() is not None:
            self._at_start = None  # another fault may have killed the next one, too
            return
        if any(state_of(pid) not in ("", "Z") for pid in self._family):
            return
        now = (self._refusals(), self._delivered_length())
        if self._at_start is None:
            self._at_start = now
        elif now[0] > self._at_start[0] and now[1] > self._at_start[1]:
            self.effects = 1

    def _refusals(self) -> int:
        if self._handle is None:
            return 0
        effects = self._handle.effects
        return effects.connections + effects.requests

    @staticmethod
    def _delivered_length() -> int:
        log = commands.DELIVERED_LOG
        return log.stat().st_size if log.exists() else 0
