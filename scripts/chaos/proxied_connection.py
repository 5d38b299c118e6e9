"""One connection of a client through the fault proxy, and those behind it."""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Protocol

import aws_batches
import aws_messages
from endpoint_faults import Call, Faults, Handle, Kind
from http_messages import BrokenMessageError, Message, MessageReader
from upstream import Upstreams, shut

_INSTEAD = (
    Kind.HANG,
    Kind.ERROR_400,
    Kind.ERROR_500,
    Kind.THROTTLE_ALL,
    Kind.UNPROCESSED_ALL,
)
_AFTER = (Kind.RESET, Kind.FORWARD_THEN_TIME_OUT, Kind.FORWARD_THEN_RESET)
_CLOSED_BY_CLIENT = getattr(select, "POLLRDHUP", 0)  # a full close is told in any case
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # linger, for no time

Ending = Callable[[], None]


class Traffic(Protocol):
    """What is told of each request."""

    def seen(self, call: Call) -> None:
        """A request has come."""

    def answered(self, call: Call, status: int | None) -> None:
        """It is about to be answered, or (None) is left without a whole answer."""


class ProxiedConnection:
    """Answers the requests of one client, in a thread of its own."""

    def __init__(
        self, client: ssl.SSLSocket, upstreams: Upstreams, faults: Faults, traffic: Traffic
    ) -> None:
        self._client = client
        self._reader = MessageReader(client)
        self._upstreams = upstreams
        self._faults = faults
        self._traffic = traffic
        self.last_call: Call | None = None
        """What it has asked for last."""

    def serve(self) -> None:
        """Serves until the client goes, a fault ends the connection, or it is aborted."""
        with contextlib.suppress(OSError, BrokenMessageError):
            self._client.do_handshake()
            while self._serve_one():
                pass
        self._client.close()
        self._upstreams.close()

    def abort(self) -> None:
        """Ends the connection, for another thread to call."""
        shut(self._client)
        self._upstreams.abort()

    def _serve_one(self) -> bool:
        """Returns whether another request may follow."""
        request = self._reader.request()
        if request is None:
            return False
        self.last_call = call = aws_messages.call_of(request)
        self._traffic.seen(call)
        try:
            outcome = self._outcome(request, call)
        except (OSError, BrokenMessageError):
            self._traffic.answered(call, None)
            raise
        if not isinstance(outcome, Message):
            self._traffic.answered(call, None)
            outcome()
            return False
        self._delay(request, call)
        self._traffic.answered(call, outcome.status)
        if not request.is_last:
            # It is about the connection behind: the client's own stays.
            outcome = outcome.without("connection")
        self._client.sendall(outcome.head + outcome.body)
        return not request.is_last

    def _outcome(self, request: Message, call: Call) -> Message | Ending:
        """Returns the answer, or how the connection ends without one."""
        refusal = self._faults.meeting(call, Kind.REFUSE)
        if refusal:
            refusal.count(connections=1)
            return self._reset
        instead = self._faults.meeting(call, *_INSTEAD)
        if instead:
            _count(instead, request, call)
            return self._made_up(instead, request, call)
        answer = self._forwarded(request, call)
        after = self._faults.meeting(call, *_AFTER)
        if not after:
            return answer
        _count(after, request, call)
        match after.fault.kind:
            case Kind.FORWARD_THEN_TIME_OUT:
                return functools.partial(self._hold, after)
            case Kind.FORWARD_THEN_RESET:
                return self._reset
            case _:
                whole = answer.head + answer.body
                return functools.partial(self._reset, whole[: len(whole) // 2])

    def _made_up(self, handle: Handle, request: Message, call: Call) -> Message | Ending:
        match handle.fault.kind:
            case Kind.ERROR_400:
                return aws_messages.error(request, call, 400, handle.fault.error)
            case Kind.ERROR_500:
                return aws_messages.error(request, call, 500, "InternalFailure")
            case Kind.THROTTLE_ALL:
                is_queue = call.service == "sqs"
                code = "RequestThrottled" if is_queue else aws_batches.OVER_THROUGHPUT
                return aws_messages.error(request, call, 400, code)
            case Kind.UNPROCESSED_ALL:
                return aws_messages.answer(
                    request, 200, aws_batches.all_unprocessed(request.content)
                )
            case _:
                return functools.partial(self._hold, handle)

    def _forwarded(self, request: Message, call: Call) -> Message:
        """Passes the request on, or what a fault leaves of it; returns the answer to the whole."""
        handle = self._faults.meeting(call, Kind.THROTTLE_SOME)
        split = handle and aws_batches.split(
            call.action, request.content, lambda: self._faults.chooses(handle.fault)
        )
        if not handle or not split:
            return self._upstreams.of(call.service).exchange(request)
        handle.count(requests=1, entries=split.withheld)
        if split.rest is None:
            return aws_messages.answer(request, 200, split.answer(None))
        answer = self._upstreams.of(call.service).exchange(request.with_body(split.rest))
        if answer.status != 200:  # of the whole this is as true
            return answer
        return answer.with_body(split.answer(answer.content))

    def _delay(self, request: Message, call: Call) -> None:
        slow = self._faults.meeting(call, Kind.SLOW)
        if slow:
            _count(slow, request, call)
            slow.hold(slow.fault.seconds)

    def _hold(self, handle: Handle) -> None:
        with contextlib.suppress(OSError):  # the client has gone
            handle.hold_client(self._client.getpeername()[1], self._has_left)

    def _has_left(self) -> bool:
        """Returns whether the client has closed its side, or its connection was aborted."""
        closings = select.poll()
        closings.register(self._client, _CLOSED_BY_CLIENT)
        return bool(closings.poll(0))

    def _reset(self, part: bytes = b"") -> None:
        """Sends a part of an answer and resets the connection."""
        if part:
            self._client.sendall(part)
        reset(self._client)


def reset(connection: socket.socket) -> None:
    """Closes a connection with RST."""
    with contextlib.suppress(OSError):  # the other side was faster
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    connection.close()


def _count(handle: Handle, request: Message, call: Call) -> None:
    handle.count(requests=1, entries=aws_batches.entries_in(call.action, request.content))
