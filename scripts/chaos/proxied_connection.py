"""One connection of a client through the fault proxy, and the one behind it."""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Protocol

import aws_batches
import aws_messages
from endpoint_faults import Call, Faults, Handle, Kind
from http_messages import BrokenMessageError, Message, MessageReader

CONNECT_SECONDS = 10

_INSTEAD = (
    Kind.HANG,
    Kind.ERROR_400,
    Kind.ERROR_500,
    Kind.THROTTLE_ALL,
    Kind.UNPROCESSED_ALL,
)
_AFTER = (Kind.RESET, Kind.FORWARD_THEN_TIME_OUT, Kind.FORWARD_THEN_RESET)
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # linger, for no time

Ending = Callable[[], None]


class Traffic(Protocol):
    """What is told of each request."""

    def seen(self, call: Call) -> None:
        """A request has come."""

    def answered(self, call: Call, status: int | None) -> None:
        """It is about to be answered, or (None) is left without a whole answer."""


class Upstream:
    """The endpoint behind, for one client at a time: connected when it is needed and kept."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._address = (host, port)
        self._context = context
        self._connection: ssl.SSLSocket | None = None
        self._reader: MessageReader | None = None
        self._lock = threading.Lock()
        self._is_aborted = False

    def exchange(self, request: Message) -> Message:
        """Sends a request once and returns the answer; raises OSError or BrokenMessageError."""
        connection, reader = self._connected()
        connection.sendall(request.head + request.content)
        answer = reader.answer(request.start[0])
        if answer.is_last:
            self.close()
        return answer

    def _connected(self) -> tuple[ssl.SSLSocket, MessageReader]:
        if self._connection is not None and _has_news(self._connection):
            self.close()  # nothing is due: it has ended while it was idle
        if self._connection is None or self._reader is None:
            return self._connect()
        return self._connection, self._reader

    def _connect(self) -> tuple[ssl.SSLSocket, MessageReader]:
        # Wrapping takes the socket over: what is closed at the end is what could not be wrapped.
        with socket.create_connection(self._address, CONNECT_SECONDS) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self._context.wrap_socket(plain, server_hostname=self._address[0])
        connection.settimeout(None)
        with self._lock:
            if self._is_aborted:
                connection.close()
                raise ConnectionAbortedError("the proxy ends this connection")
            self._connection, self._reader = connection, MessageReader(connection)
            return self._connection, self._reader

    def close(self) -> None:
        """Closes the connection, if there is one. For the thread that uses it."""
        with self._lock:
            connection, self._connection, self._reader = self._connection, None, None
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Ends the connection for good, for another thread to call."""
        with self._lock:
            self._is_aborted = True
            if self._connection is not None:
                _shut(self._connection)


class ProxiedConnection:
    """Answers the requests of one client, in a thread of its own."""

    def __init__(
        self, client: ssl.SSLSocket, upstream: Upstream, faults: Faults, traffic: Traffic
    ) -> None:
        self._client = client
        self._reader = MessageReader(client)
        self._upstream = upstream
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
        self._upstream.close()

    def abort(self) -> None:
        """Ends the connection, for another thread to call."""
        _shut(self._client)
        self._upstream.abort()

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
                return functools.partial(_hold, after)
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
                return functools.partial(_hold, handle)

    def _forwarded(self, request: Message, call: Call) -> Message:
        """Passes the request on, or what a fault leaves of it; returns the answer to the whole."""
        handle = self._faults.meeting(call, Kind.THROTTLE_SOME)
        split = handle and aws_batches.split(
            call.action, request.content, lambda: self._faults.chooses(handle.fault)
        )
        if not handle or not split:
            return self._upstream.exchange(request)
        handle.count(requests=1, entries=split.withheld)
        if split.rest is None:
            return aws_messages.answer(request, 200, split.answer(None))
        answer = self._upstream.exchange(request.with_body(split.rest))
        if answer.status != 200:  # of the whole this is as true
            return answer
        return answer.with_body(split.answer(answer.content))

    def _delay(self, request: Message, call: Call) -> None:
        slow = self._faults.meeting(call, Kind.SLOW)
        if slow:
            _count(slow, request, call)
            slow.hold(slow.fault.seconds)

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


def _hold(handle: Handle) -> None:
    handle.hold()


def _count(handle: Handle, request: Message, call: Call) -> None:
    handle.count(requests=1, entries=aws_batches.entries_in(call.action, request.content))


def _has_news(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _shut(connection: ssl.SSLSocket) -> None:
    """Wakes the thread that uses a connection: for it the other side has gone.

    The method of SSLSocket would take the TLS away under that thread, which might then send in the
    clear.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
