"""The faults of an AWS endpoint: which there are, whom they meet, and how often they really did."""

from __future__ import annotations

import enum
import itertools
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any


class Kind(enum.StrEnum):
    """What an endpoint does wrong."""

    REFUSE = "refuse"
    """Connections are reset as they come, and those that are there are closed. Where the fault is
    for some calls only, a connection is reset at the first of them, and closed if its last was
    one."""
    HANG = "hang"
    """A request is read and neither passed on nor answered; its connection is closed at the end of
    the fault, or when the client has closed its side."""
    RESET = "reset"
    """A request is passed on, and the connection is reset in the middle of the answer."""
    ERROR_400 = "error-400"
    """A request is answered with status 400 and the code `Fault.error`."""
    ERROR_500 = "error-500"
    """A request is answered with status 500 and InternalFailure."""
    THROTTLE_ALL = "throttle-all"
    """A request is answered with ProvisionedThroughputExceededException (SQS: RequestThrottled)."""
    THROTTLE_SOME = "throttle-some"
    """Some entries of PutRecords or BatchWriteItem are not passed on; the answer says so of each,
    in its place."""
    UNPROCESSED_ALL = "unprocessed-all"
    """BatchWriteItem is answered with success and every write unprocessed."""
    FORWARD_THEN_TIME_OUT = "forward-then-time-out"
    """A request is passed on and never answered; its connection is closed at the end of the
    fault, or when the client has closed its side."""
    FORWARD_THEN_RESET = "forward-then-reset"
    """A request is passed on, and the connection is reset instead of an answer."""
    SLOW = "slow"
    """The answer is held back for `Fault.seconds`."""


PUT_RECORDS = "kinesis:PutRecords"
BATCH_WRITE_ITEM = "dynamodb:BatchWriteItem"

LEFT_SECONDS = 0.25
"""Between two looks whether a client that is held has left."""

_ONLY_FOR = {
    Kind.THROTTLE_SOME: frozenset({PUT_RECORDS, BATCH_WRITE_ITEM}),
    Kind.UNPROCESSED_ALL: frozenset({BATCH_WRITE_ITEM}),
}


@dataclass(frozen=True)
class Call:
    """Who asks for what."""

    principal: str
    """The access key id."""
    service: str
    operation: str
    """Where the operation is a path, the HTTP method stands for it."""

    @property
    def action(self) -> str:
        """The service and the operation, such as `kinesis:PutRecords`."""
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True)
class Fault:
    """A kind of fault and the calls that it is for."""

    kind: Kind
    actions: frozenset[str] = frozenset()
    """Such as `kinesis:PutRecords`, or `kinesis:*` for all of a service; empty: all."""
    principals: frozenset[str] = frozenset()
    """Access key ids; empty: all."""
    share: float = 1.0
    """Share of the calls that it meets, above 0 to 1; of THROTTLE_SOME, of the entries."""
    seconds: float = 0.0
    """How late SLOW answers, above 0."""
    error: str = "ThrottlingException"
    """The code of ERROR_400; this one is worth another attempt, AccessDeniedException is not."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share out of range: share={self.share} (above 0, at most 1)")
        if (self.seconds > 0) != (self.kind is Kind.SLOW):
            raise ValueError(
                f"seconds do not fit: kind={self.kind} seconds={self.seconds}"
                " (above 0 for slow, 0 for others)"
            )
        only = _ONLY_FOR.get(self.kind)
        if only and not self.actions <= only:
            raise ValueError(
                f"actions do not fit: kind={self.kind} actions={sorted(self.actions)}"
                f" (of {sorted(only)})"
            )

    @property
    def is_for_all(self) -> bool:
        """Whether it is for every call, so that nothing has to be known of one."""
        return not self.actions and not self.principals

    def meets(self, call: Call | None) -> bool:
        """Returns whether it is for a call; None is one that is not known yet."""
        if self.is_for_all and self.kind not in _ONLY_FOR:
            return True
        if call is None:
            return False
        actions = self.actions or _ONLY_FOR.get(self.kind, frozenset())
        return (not actions or bool(actions & {call.action, f"{call.service}:*"})) and (
            not self.principals or call.principal in self.principals
        )

    def to_json(self) -> dict[str, Any]:
        """Returns what from_json takes."""
        return asdict(self) | {
            "actions": sorted(self.actions),
            "principals": sorted(self.principals),
        }

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Fault:
        """Returns the fault of a JSON object; raises ValueError or TypeError if it is none."""
        arguments = dict(members)
        arguments["kind"] = Kind(arguments.get("kind", ""))
        for name in ("actions", "principals"):
            arguments[name] = frozenset(arguments.get(name, ()))
        return cls(**arguments)


@dataclass(frozen=True)
class Effects:
    """What a fault has really altered."""

    connections: int = 0
    """Connections that REFUSE has reset or closed."""
    requests: int = 0
    """Requests that got another answer than without it, or none, or a late one."""
    entries: int = 0
    """Records of PutRecords and writes of BatchWriteItem that this was done to."""
    held: Sequence[int] = field(default=(), compare=False)
    """Ports of the clients that HANG and FORWARD_THEN_TIME_OUT keep waiting now."""

    @property
    def any(self) -> bool:
        """Whether it had any effect."""
        return self != Effects()


class Handle:
    """A fault that has begun."""

    def __init__(self, number: int, fault: Fault, faults: Faults) -> None:
        self.id = number
        self.fault = fault
        self._faults = faults
        self._effects = Effects()
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @property
    def effects(self) -> Effects:
        """What it has altered up to now."""
        with self._lock:
            return self._effects

    def end(self) -> None:
        """Ends the fault: meets no further call, and lets go of those it holds. May be repeated."""
        self._faults.remove(self)
        self._ended.set()

    def count(self, connections: int = 0, requests: int = 0, entries: int = 0) -> None:
        """Adds to the effects."""
        with self._lock:
            self._effects = replace(
                self._effects,
                connections=self._effects.connections + connections,
                requests=self._effects.requests + requests,
                entries=self._effects.entries + entries,
            )

    def hold(self, seconds: float) -> None:
        """Returns at the end of the fault, or after so long."""
        self._ended.wait(seconds)

    def hold_client(self, port: int, has_left: Callable[[], bool]) -> None:
        """Returns at the end of the fault, or when the client has left; until then the client is
        among the held ones."""
        with self._lock:
            self._effects = replace(self._effects, held=(*self._effects.held, port))
        # A client that gives up and asks again would otherwise leave its request here each time.
        while not self._ended.wait(LEFT_SECONDS) and not has_left():
            pass
        with self._lock:
            left = tuple(held for held in self._effects.held if held != port)
            self._effects = replace(self._effects, held=left)


class Faults:
    """The faults that are there now."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._active: list[Handle] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def begin(self, fault: Fault) -> Handle:
        """Adds a fault."""
        with self._lock:
            handle = Handle(next(self._numbers), fault, self)
            self._active = [*self._active, handle]
            return handle

    def remove(self, handle: Handle) -> None:
        """Forgets a fault."""
        with self._lock:
            self._active = [other for other in self._active if other is not handle]

    def end_all(self) -> None:
        """Ends every fault."""
        for handle in self._active:
            handle.end()

    def meeting(self, call: Call | None, *kinds: Kind) -> Handle | None:
        """Returns the fault of these kinds that a call meets; of several the first that began."""
        for handle in self._active:
            fault = handle.fault
            if fault.kind not in kinds or not fault.meets(call):
                continue
            if fault.kind is Kind.THROTTLE_SOME or self.chooses(fault):
                return handle
        return None

    def chooses(self, fault: Fault) -> bool:
        """Draws: true for the fault's share of the draws."""
        if fault.share == 1:
            return True
        with self._lock:
            return self._random.random() < fault.share
