"""Every kind of fault by its name, and what it is for."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any, Protocol

import feed_faults
import ingester_clock
import journal_disk
import kinesis_local
from away_faults import KillIngesterWhileKinesisAway
from aws_proxy_process import AwsProxyProcess
from clock_faults import ClockBack, ClockForward
from daemon_faults import CleanKplDirectory, DaemonGone, FreezeDaemon
from disk_faults import DiskFull, DiskReadOnly
from endpoint_faults import BATCH_WRITE_ITEM, PUT_RECORDS, Fault, Kind
from feed_faults import Kind as FeedKind
from feed_proxy_process import FeedProxyProcess
from host import Host
from journal_faults import CutTail, FlipBit
from process_faults import (
    FreezeIngester,
    HangUpIngester,
    InterruptIngester,
    KillDaemon,
    KillDaemonFiveTimes,
    KillFunction,
    KillIngester,
    KillIngesterAtStart,
    KillIngesterAtStop,
    KillPoller,
    Parts,
    ProcessFault,
    StopIngester,
)
from reshard_faults import MergeShards, ReshardFault, Shards, SplitShards
from second_instance import SecondInstance
from write_faults import KillFunctionAfterWrite, KillFunctionBeforeWrite

SOME = 0.4
SLOW_SECONDS = 2.0


class Injected(Protocol):
    """A fault that can be begun and ended, and tells what it has really done."""

    @property
    def effects(self) -> int: ...

    @property
    def is_possible(self) -> bool:
        """Whether there is somebody to hit."""

    @property
    def is_done(self) -> bool:
        """Whether it has had all the effect that it will have, however long it lasts."""

    def begin(self, seconds: float) -> None: ...

    def turn(self) -> None:
        """Goes on with it; called many times a second while it lasts, so it does not wait."""

    def end(self) -> None: ...

    def look_back(self) -> None:
        """Looks, after its end, for an effect that shows late; must not wait."""


class Handle(Protocol):
    """A fault that has begun in a proxy."""

    @property
    def effects(self) -> Any: ...

    def end(self) -> None: ...


class ProxiedFault:
    """A fault of an endpoint or of the feed, through a proxy. It goes on having effects."""

    is_possible = True
    is_done = False

    def __init__(self, begin: Callable[[], Handle]) -> None:
        self._begin = begin
        self._handle: Handle | None = None

    @property
    def effects(self) -> int:
        """How many connections, requests and messages were really altered."""
        if self._handle is None:
            return 0
        found = asdict(self._handle.effects)
        return sum(found.get(name, 0) for name in ("connections", "requests", "messages"))

    def begin(self, seconds: float) -> None:
        """Begins it."""
        self._handle = self._begin()

    def turn(self) -> None:
        """Does nothing: the proxy goes on by itself."""

    def end(self) -> None:
        """Ends it."""
        if self._handle is not None:
            self._handle.end()

    def look_back(self) -> None:
        """Does nothing: the proxy has counted what there was."""


def endpoint_fault(proxy: AwsProxyProcess, kind: str) -> ProxiedFault:
    """Returns a fault of the AWS endpoint."""
    return ProxiedFault(lambda: proxy.begin(ENDPOINT_KINDS[kind]))


def feed_fault(proxy: FeedProxyProcess, kind: str) -> ProxiedFault:
    """Returns a fault of the feed."""
    return ProxiedFault(lambda: proxy.begin(FEED_KINDS[kind]))


PROCESS_KINDS: dict[str, Callable[[Parts, random.Random], ProcessFault]] = {
    "kill-ingester": KillIngester,
    "kill-ingester-at-start": KillIngesterAtStart,
    "kill-ingester-at-stop": KillIngesterAtStop,
    "stop-ingester": StopIngester,
    "interrupt-ingester": InterruptIngester,
    "hang-up-ingester": HangUpIngester,
    "freeze-ingester": FreezeIngester,
    "kill-daemon": KillDaemon,
    "kill-daemon-five-times": KillDaemonFiveTimes,
    "kill-function": KillFunction,
    "kill-poller": KillPoller,
}

DISK_KINDS: dict[str, Callable[[Host, random.Random], ProcessFault]] = {
    "disk-full": DiskFull,
    "disk-read-only": DiskReadOnly,
}
"""Faults that need mounts of our own."""

CLOCK_KINDS: dict[str, Callable[[Host, random.Random], ProcessFault]] = {
    "clock-forward": ClockForward,
    "clock-back": ClockBack,
}
"""Faults that need libfaketime."""

HOST_KINDS: dict[str, Callable[[Host, random.Random], ProcessFault]] = {
    "freeze-daemon": FreezeDaemon,
    "clean-kpl-directory": CleanKplDirectory,
    "daemon-gone": DaemonGone,
    "second-instance": SecondInstance,
    "journal-flip-bit": FlipBit,
    "journal-cut-tail": CutTail,
    **DISK_KINDS,
    **CLOCK_KINDS,
}
HELD_KINDS: dict[str, Callable[[Parts, random.Random, AwsProxyProcess], ProcessFault]] = {
    "kill-function-before-write": KillFunctionBeforeWrite,
    "kill-function-after-write": KillFunctionAfterWrite,
    "kill-ingester-while-kinesis-away": KillIngesterWhileKinesisAway,
}
"""Faults of our own processes at a moment that the proxy before AWS brings about."""

RESHARD_KINDS: dict[str, Callable[[Shards], ReshardFault]] = {
    "split-shards": SplitShards,
    "merge-shards": MergeShards,
}
"""They need a Kinesis that reshards truly."""

_PUT = frozenset({PUT_RECORDS})
_WRITE = frozenset({BATCH_WRITE_ITEM})
_INGESTER = frozenset({"local-ingester"})

ENDPOINT_KINDS: dict[str, Fault] = {
    "kinesis-refuse": Fault(Kind.REFUSE, principals=_INGESTER),
    "kinesis-hang": Fault(Kind.HANG, principals=_INGESTER),
    "kinesis-hang-long": Fault(Kind.HANG, principals=_INGESTER),
    "kinesis-reset": Fault(Kind.RESET, _PUT),
    "kinesis-400": Fault(Kind.ERROR_400, _PUT),
    "kinesis-500": Fault(Kind.ERROR_500, _PUT),
    "kinesis-throttle-all": Fault(Kind.THROTTLE_ALL, _PUT),
    "kinesis-throttle-some": Fault(Kind.THROTTLE_SOME, _PUT, share=SOME),
    "kinesis-time-out": Fault(Kind.FORWARD_THEN_TIME_OUT, _PUT, share=SOME),
    "kinesis-slow": Fault(Kind.SLOW, _PUT, seconds=SLOW_SECONDS),
    "table-refuse": Fault(Kind.REFUSE, _WRITE),
    "table-hang": Fault(Kind.HANG, _WRITE),
    "table-reset": Fault(Kind.RESET, _WRITE),
    "table-400": Fault(Kind.ERROR_400, _WRITE),
    "table-500": Fault(Kind.ERROR_500, _WRITE),
    "table-throttle-all": Fault(Kind.THROTTLE_ALL, _WRITE),
    "table-unprocessed-some": Fault(Kind.THROTTLE_SOME, _WRITE, share=SOME),
    "table-unprocessed-all": Fault(Kind.UNPROCESSED_ALL, _WRITE),
    "table-time-out": Fault(Kind.FORWARD_THEN_TIME_OUT, _WRITE, share=SOME),
    "table-slow": Fault(Kind.SLOW, _WRITE, seconds=SLOW_SECONDS),
}

FEED_KINDS: dict[str, feed_faults.Fault] = {
    "feed-reset": feed_faults.Fault(FeedKind.RST),
    "feed-reset-in-message": feed_faults.Fault(FeedKind.RST, mid_message=True),
    "feed-half-open": feed_faults.Fault(FeedKind.HALF_OPEN),
    "feed-close-1001": feed_faults.Fault(FeedKind.CLOSE, code=1001),
    "feed-close-1006": feed_faults.Fault(FeedKind.CLOSE, code=1006),
    "feed-close-1008": feed_faults.Fault(FeedKind.CLOSE, code=1008),
    "feed-close-1012": feed_faults.Fault(FeedKind.CLOSE, code=1012),
    "feed-close-1013": feed_faults.Fault(FeedKind.CLOSE, code=1013),
    "feed-close-in-message": feed_faults.Fault(FeedKind.CLOSE, code=1001, mid_message=True),
    "feed-handshake-429": feed_faults.Fault(
        FeedKind.HANDSHAKE_429, retry_after=2, replace_open=True
    ),
    "feed-handshake-502": feed_faults.Fault(FeedKind.HANDSHAKE_502, replace_open=True),
    "feed-handshake-hang": feed_faults.Fault(FeedKind.HANDSHAKE_HANG, replace_open=True),
    "feed-fragments": feed_faults.Fault(FeedKind.FRAGMENT),
    "feed-oversized": feed_faults.Fault(FeedKind.OVERSIZED),
    "feed-bad-utf8": feed_faults.Fault(FeedKind.BAD_UTF8),
    "feed-triple": feed_faults.Fault(FeedKind.TRIPLE),
    "feed-resend": feed_faults.Fault(FeedKind.RESEND_ON_SUBSCRIBE, replace_open=True),
    "feed-slow": feed_faults.Fault(FeedKind.DELAY, bytes_per_second=8192),
}

KINDS = (
    *PROCESS_KINDS,
    *HELD_KINDS,
    *HOST_KINDS,
    *RESHARD_KINDS,
    *ENDPOINT_KINDS,
    *FEED_KINDS,
)

LEAST_SECONDS = {
    # Longer than kinesis.stall-timeout, and another daemon has to come.
    "freeze-daemon": 14.0,
    # The KPL is given 15 s for its daemon's return.
    "clean-kpl-directory": 18.0,
    # An ingester has to start within the second half.
    "journal-flip-bit": 8.0,
    "journal-cut-tail": 8.0,
    # Longer than records live in the KPL, which is three quarters of kinesis.stall-timeout.
    "kinesis-hang-long": 14.0,
    # Another ingester has to start, which looks for Kinesis for up to 8 s.
    "kill-ingester-while-kinesis-away": 14.0,
}
"""Kinds that last longer than others, in seconds, by what of the ingester they have to meet."""


def impossible(wanted: Collection[str]) -> dict[str, str]:
    """Returns which of the kinds cannot be had here, each with what is missing.

    What can be installed by us, and is needed by one of them, is.
    """
    found: dict[str, str] = {}
    if not journal_disk.can_mount():
        reason = "no mounts of our own; run scripts/chaos.sh as root, or allow user namespaces"
        found |= dict.fromkeys(DISK_KINDS, reason)
    if ingester_clock.find_library() is None:
        reason = "libfaketime is missing; apt-get install libfaketime"
        found |= dict.fromkeys(CLOCK_KINDS, reason)
    if not RESHARD_KINDS.keys().isdisjoint(wanted):
        try:
            kinesis_local.install()
        except kinesis_local.NotInstalledError as e:
            found |= dict.fromkeys(RESHARD_KINDS, f"no Kinesis that splits and merges shards: {e}")
    return {kind: reason for kind, reason in found.items() if kind in wanted}
