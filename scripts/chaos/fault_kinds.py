"""Every kind of fault by its name, and what it is for."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

from aws_proxy_process import AwsProxyProcess, RemoteHandle
from endpoint_faults import BATCH_WRITE_ITEM, PUT_RECORDS, Fault, Kind
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

SOME = 0.4
SLOW_SECONDS = 2.0


class Injected(Protocol):
    """A fault that can be begun and ended, and tells what it has really done."""

    @property
    def effects(self) -> int: ...

    @property
    def is_done(self) -> bool:
        """Whether it has had all the effect that it will have, however long it lasts."""

    def begin(self, seconds: float) -> None: ...

    def end(self) -> None: ...


class EndpointFault:
    """A fault of the AWS endpoint, through the proxy. It goes on having effects."""

    is_done = False

    def __init__(self, proxy: AwsProxyProcess, fault: Fault) -> None:
        self._proxy = proxy
        self._fault = fault
        self._handle: RemoteHandle | None = None
        self._effects = 0

    @property
    def effects(self) -> int:
        """How many connections and requests were really altered."""
        if self._handle is not None:
            found = asdict(self._handle.effects)
            self._effects = found["connections"] + found["requests"]
        return self._effects

    def begin(self, seconds: float) -> None:
        """Begins it."""
        self._handle = self._proxy.begin(self._fault)

    def end(self) -> None:
        """Ends it."""
        if self._handle is not None:
            self._handle.end()


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

_PUT = frozenset({PUT_RECORDS})
_WRITE = frozenset({BATCH_WRITE_ITEM})
_INGESTER = frozenset({"local-ingester"})

ENDPOINT_KINDS: dict[str, Fault] = {
    "kinesis-refuse": Fault(Kind.REFUSE, principals=_INGESTER),
    "kinesis-hang": Fault(Kind.HANG, principals=_INGESTER),
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

KINDS = (*PROCESS_KINDS, *ENDPOINT_KINDS)
