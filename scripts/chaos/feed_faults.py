"""The faults of a feed: which there are, and how often they really altered something."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

NO_CLOSE_FRAME = 1006
"""Stands for a connection that ends without a close frame (RFC 6455 7.4.1)."""
CLOSE_CODES = (1001, NO_CLOSE_FRAME, 1008, 1012, 1013)
MOST_RESENT = 1000


class Kind(enum.StrEnum):
    """What a feed does wrong.

    "Once" is done at the start of the next message of the market, on whichever connection that is,
    and is then over; a message that it comes in front of is not delivered any more, where the
    connection ends.
    """

    RST = "rst"
    """Once: the connection is reset, in `mid_message` after half of the message."""
    CLOSE = "close"
    """Once: the connection is closed with `code`; in `mid_message` after half of the message."""
    HALF_OPEN = "half-open"
    """Once: nothing more is passed on in either direction; the connection is closed at the end of
    the fault. Connections that are opened meanwhile work."""
    OVERSIZED = "oversized"
    """Once: a text message of `length` bytes comes in between."""
    BAD_UTF8 = "bad-utf8"
    """Once: a text message that is not UTF-8 comes in between."""
    HANDSHAKE_429 = "handshake-429"
    """New connections are refused with 429, with Retry-After if `retry_after` is given."""
    HANDSHAKE_502 = "handshake-502"
    """New connections are refused with 502."""
    HANDSHAKE_HANG = "handshake-hang"
    """The request of a new connection is not answered; it is closed at the end of the fault."""
    RESEND_ON_SUBSCRIBE = "resend-on-subscribe"
    """The last messages with trades, at most `messages`, are sent again on each connection that is
    opened from now on, once it has subscribed, in front of the next message of the market."""
    FRAGMENT = "fragment"
    """Each message is cut into frames, if it can be in the middle of a character, with a ping in
    between."""
    TRIPLE = "triple"
    """Each message is delivered three times."""
    DELAY = "delay"
    """Bytes trickle to the client, at `bytes_per_second`."""


ONCE = (Kind.OVERSIZED, Kind.BAD_UTF8, Kind.RST, Kind.CLOSE, Kind.HALF_OPEN)
"""Those that are done once; of several at one message in this order."""
HANDSHAKE = (Kind.HANDSHAKE_429, Kind.HANDSHAKE_502, Kind.HANDSHAKE_HANG)

_OPTIONS: dict[str, frozenset[Kind]] = {
    "code": frozenset({Kind.CLOSE}),
    "mid_message": frozenset({Kind.RST, Kind.CLOSE}),
    "length": frozenset({Kind.OVERSIZED}),
    "retry_after": frozenset({Kind.HANDSHAKE_429}),
    "replace_open": frozenset({*HANDSHAKE, Kind.RESEND_ON_SUBSCRIBE}),
    "messages": frozenset({Kind.RESEND_ON_SUBSCRIBE}),
    "bytes_per_second": frozenset({Kind.DELAY}),
}


@dataclass(frozen=True)
class Fault:
    """A kind of fault, and options that are for some kinds only."""

    kind: Kind
    code: int = NO_CLOSE_FRAME
    """One of CLOSE_CODES."""
    mid_message: bool = False
    length: int = (1 << 20) + 1
    """Bytes of the oversized message, from 64."""
    retry_after: int | None = None
    """Seconds, from 0."""
    replace_open: bool = False
    """The open connections are closed, without a close frame, so that there are new ones."""
    messages: int = 10
    """From 1 to MOST_RESENT."""
    bytes_per_second: int = 32_768
    """From 1."""

    def __post_init__(self) -> None:
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value != field.default and self.kind not in _OPTIONS[field.name]:
                raise ValueError(f"option does not fit: kind={self.kind} {field.name}={value}")
        self._check(self.code in CLOSE_CODES, "code", f"one of {CLOSE_CODES}")
        self._check(self.length >= 64, "length", "from 64")
        self._check(self.retry_after is None or self.retry_after >= 0, "retry_after", "from 0")
        self._check(1 <= self.messages <= MOST_RESENT, "messages", f"1 to {MOST_RESENT}")
        self._check(self.bytes_per_second >= 1, "bytes_per_second", "from 1")

    def _check(self, is_right: bool, name: str, rule: str) -> None:
        if not is_right:
            raise ValueError(f"{name} out of range: {name}={getattr(self, name)} ({rule})")

    def to_json(self) -> dict[str, Any]:
        """Returns what from_json takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Fault:
        """Returns the fault of a JSON object; raises ValueError or TypeError if it is none."""
        return cls(**(members | {"kind": Kind(members.get("kind", ""))}))


@dataclass(frozen=True)
class Effects:
    """What a fault has really altered."""

    connections: int = 0
    """Connections that it ended, silenced or refused, or on which messages came again."""
    messages: int = 0
    """Messages that were altered, delivered again, or came in between."""
    pings: int = 0
    """Pings that came between fragments."""
    pongs: int = 0
    """Those of them that the client answered with the same payload."""

    @property
    def any(self) -> bool:
        """Whether it had any effect."""
        return self != Effects()


class Handle:
    """A fault that has begun. What is not public is for the proxy's own event loop."""

    def __init__(
        self, number: int, fault: Fault, connections_before: int, end: Callable[[Handle], None]
    ) -> None:
        self.id = number
        self.fault = fault
        self.connections_before = connections_before
        self._end = end
        self._effects = Effects()
        self._ended = asyncio.Event()
        self._takes: set[int] = set()

    @property
    def effects(self) -> Effects:
        """What it has altered up to now. Any thread."""
        return self._effects

    def end(self) -> None:
        """Ends the fault, and what it holds. May be repeated. Any thread but the proxy's."""
        self._end(self)

    def count(
        self, *, connections: int = 0, messages: int = 0, pings: int = 0, pongs: int = 0
    ) -> None:
        """Adds to the effects."""
        before = self._effects
        self._effects = replace(
            before,
            connections=before.connections + connections,
            messages=before.messages + messages,
            pings=before.pings + pings,
            pongs=before.pongs + pongs,
        )

    def take(self, connection: int) -> bool:
        """Returns whether this is the first take for a connection."""
        is_first = connection not in self._takes
        self._takes.add(connection)
        return is_first

    def let_go(self) -> None:
        """Wakes those that wait for the end."""
        self._ended.set()

    async def ended(self, seconds: float | None = None) -> None:
        """Returns at the end of the fault, or after so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)


class Faults:
    """The faults that are there now. Confined to the proxy's event loop."""

    def __init__(self, end: Callable[[Handle], None]) -> None:
        """What Handle.end does is given, as it comes from other threads."""
        self._end = end
        self._active: list[Handle] = []
        self._numbers = itertools.count(1)

    def begin(self, fault: Fault, connections_before: int) -> Handle:
        """Adds a fault; connections up to this number were opened before it."""
        handle = Handle(next(self._numbers), fault, connections_before, self._end)
        self._active.append(handle)
        return handle

    def end(self, handle: Handle) -> None:
        """Ends a fault."""
        self._forget(handle)
        handle.let_go()

    def end_all(self) -> None:
        """Ends every fault that is not over."""
        for handle in list(self._active):
            self.end(handle)

    def all_of(self, *kinds: Kind) -> list[Handle]:
        """Returns the faults of these kinds, in the order in which they began."""
        return [handle for handle in self._active if handle.fault.kind in kinds]

    def first_of(self, *kinds: Kind) -> Handle | None:
        """Returns the fault of these kinds that began first."""
        return next(iter(self.all_of(*kinds)), None)

    def take_once(self) -> Handle | None:
        """Returns a fault that is done once, in the order of ONCE; it is not returned again."""
        waiting = sorted(self.all_of(*ONCE), key=lambda handle: ONCE.index(handle.fault.kind))
        if not waiting:
            return None
        self._forget(waiting[0])
        return waiting[0]

    def _forget(self, handle: Handle) -> None:
        self._active = [other for other in self._active if other is not handle]
