"""A client's connection through the feed proxy."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections import deque
from dataclasses import dataclass
from typing import Any

from feed_faults import HANDSHAKE, MOST_RESENT, NO_CLOSE_FRAME, Faults, Handle, Kind
from feed_handshakes import key_hash_of, refusal, status_of
from feed_log import FeedLog
from feed_messages import BAD_UTF8_TEXT, has_trades, is_subscription, long_text, pieces_of
from feed_sockets import FeedSockets
from websocket_frames import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameReader,
    close_code,
    close_payload,
    encoded,
)

ANSWER_SECONDS = 2
"""How long a client may take to answer a close frame, and to close its side."""
LONGEST_READ = 65536
LONGEST_HEAD = 65536
HEAD_END = b"\r\n\r\n"
PIECES_PER_SECOND = 50
"""How often bytes come at least, where they trickle."""


class Shared:
    """What the connections of a proxy have in common."""

    def __init__(
        self, market: tuple[str, int], faults: Faults, log: FeedLog, randomness: random.Random
    ) -> None:
        self.market = market
        self.faults = faults
        self.log = log
        self.random = randomness
        self.sockets = FeedSockets()
        self.last_trades: deque[bytes] = deque(maxlen=MOST_RESENT)


@dataclass
class _Message:
    """A message of the market's that is on its way."""

    is_text: bool
    is_held: bool
    """Whether its frames wait until it is whole, so that it can be altered."""
    raw: bytes = b""
    payload: bytes = b""


class FeedConnection:
    """Passes on what comes, with the faults that are there. Confined to the proxy's event loop.

    Two tasks: one reads the client, and writes to the market; one reads the market, and is the only
    one that writes to the client, so that all that comes in between comes between frames. The
    connection is over when either ends.
    """

    def __init__(self, number: int, client: socket.socket, shared: Shared) -> None:
        self.number = number
        self.is_to_be_replaced = False
        """Set to close it at the next message."""
        self._client = client
        self._market = socket.socket()
        self._market.setblocking(False)
        self._market.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._shared = shared
        self._faults = shared.faults
        self._log = shared.log
        self._loop = asyncio.get_running_loop()
        self._is_open = False
        self._is_deaf = True  # until the handshake is over
        self._has_subscribed = False
        self._reason: str | None = None
        self._code: int | None = None
        self._message = _Message(is_text=False, is_held=False)
        self._pings: dict[bytes, Handle] = {}
        self._client_closes = asyncio.Event()
        self._client_left = asyncio.Event()

    async def run(self) -> None:
        """Serves the client until either side leaves or a fault ends it."""
        request, rest = await self._head(self._client)
        if request:
            await self._serve(request, rest)

    def close(self) -> None:
        """Closes the sockets, once it has run."""
        self._client.close()
        self._market.close()

    async def _serve(self, request: bytes, rest: bytes) -> None:
        key = key_hash_of(request)
        held = self._shared.sockets.add(key, self._client)
        sockets_of_key: dict[str, Any] = {"key": key, "open": held}
        tasks = {
            asyncio.create_task(self._serve_client(rest)),
            asyncio.create_task(self._answer(request, sockets_of_key)),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._end("client", None)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            self._market.close()
            self._shared.sockets.remove(key, self._client)
            if self._is_open:
                reason = self._reason or "proxy"
                self._log.event(self.number, "closed", reason=reason, code=self._code)
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                raise outcome

    def _end(self, reason: str, code: int | None) -> None:
        """Notes who began to end it."""
        if self._reason is None:
            self._reason = reason
            self._code = code

    # The client's side

    async def _serve_client(self, rest: bytes) -> None:
        reader = FrameReader()
        data = rest
        try:
            while True:
                for frame in reader.feed(data):
                    if self._is_for_market(frame):
                        await self._to_market(frame.raw)
                data = await self._receive(self._client)
                if not data:
                    break
            await self._to_market(reader.rest)
        finally:
            self._client_closes.set()
            self._client_left.set()

    def _is_for_market(self, frame: Frame) -> bool:
        if frame.opcode == PONG and frame.payload in self._pings:
            self._pings.pop(frame.payload).count(pongs=1)
            return False
        if frame.opcode == CLOSE:
            self._end("client", close_code(frame.payload))
            self._client_closes.set()
        elif frame.opcode == TEXT and is_subscription(frame.payload):
            self._has_subscribed = True
        return True

    async def _to_market(self, data: bytes) -> None:
        if not self._is_deaf:
            # The market's end is for the other task, which reads what it had sent before.
            with contextlib.suppress(ConnectionError):
                await self._loop.sock_sendall(self._market, data)

    # The market's side

    async def _answer(self, request: bytes, sockets_of_key: dict[str, Any]) -> None:
        if handle := self._faults.first_of(*HANDSHAKE):
            handle.count(connections=1)
            self._log.event(self.number, "refused", **sockets_of_key, by=str(handle.fault.kind))
            await self._refuse(handle)
            return
        await self._shared.sockets.removal_of_those_left(sockets_of_key["key"])
        answer, rest = await self._handshake(request)
        await self._to_client(answer)
        status = status_of(answer)
        if status != 101:
            self._log.event(self.number, "refused", **sockets_of_key, by="market", status=status)
            await self._pass_on(rest)
        else:
            self._is_open = True
            self._log.event(self.number, "opened", **sockets_of_key)
            await self._serve_market(rest)

    async def _refuse(self, handle: Handle) -> None:
        if handle.fault.kind is Kind.HANDSHAKE_HANG:
            await handle.ended()
        else:
            await self._to_client(refusal(handle.fault))
        await self._finish()

    async def _handshake(self, request: bytes) -> tuple[bytes, bytes]:
        await self._loop.sock_connect(self._market, self._shared.market)
        await self._loop.sock_sendall(self._market, request)
        answer = await self._head(self._market)
        self._is_deaf = False
        return answer

    async def _pass_on(self, data: bytes) -> None:
        while data:
            await self._to_client(data)
            data = await self._receive(self._market)
        await self._finish()

    async def _serve_market(self, rest: bytes) -> None:
        reader = FrameReader()
        data = rest
        while True:
            for frame in reader.feed(data):
                if not await self._take(frame):
                    return
            data = await self._receive(self._market)
            if not data:
                break
        self._end("market", None)
        await self._to_client(reader.rest)
        await self._finish()

    async def _take(self, frame: Frame) -> bool:
        """Delivers a frame; returns whether there may be more."""
        if frame.is_control:
            if frame.opcode == CLOSE:
                self._end("market", close_code(frame.payload))
            await self._to_client(frame.raw)
            return True
        if frame.opcode != CONTINUATION:
            if not await self._come_before(frame):
                return False
            is_text = frame.opcode == TEXT
            is_held = is_text and bool(self._faults.all_of(Kind.FRAGMENT, Kind.TRIPLE))
            self._message = _Message(is_text, is_held)
        await self._add(self._message, frame)
        return True

    async def _add(self, message: _Message, frame: Frame) -> None:
        message.payload += frame.payload
        if message.is_held:
            message.raw += frame.raw
        else:
            await self._to_client(frame.raw)
        if not (frame.is_final and message.is_text):
            return
        if message.is_held:
            await self._deliver(message.raw, message.payload)
        else:
            self._log.delivered(self.number, message.payload)
        if has_trades(message.payload):
            self._shared.last_trades.append(message.payload)

    async def _deliver(self, raw: bytes, payload: bytes, *, is_resent: bool = False) -> None:
        """Delivers a whole text message, with the faults that alter it."""
        triple = self._faults.first_of(Kind.TRIPLE)
        fragment = self._faults.first_of(Kind.FRAGMENT)
        if triple:
            triple.count(messages=1)
        for _ in range(3 if triple else 1):
            if fragment and len(payload) > 1:
                await self._deliver_fragments(payload, fragment)
            else:
                await self._to_client(raw)
            self._log.delivered(self.number, payload, is_resent=is_resent)

    async def _deliver_fragments(self, payload: bytes, handle: Handle) -> None:
        handle.count(messages=1)
        pieces = pieces_of(payload, self._shared.random)
        ping_after = self._shared.random.randrange(len(pieces) - 1)
        for index, piece in enumerate(pieces):
            opcode = CONTINUATION if index else TEXT
            is_final = index == len(pieces) - 1
            await self._to_client(encoded(opcode, piece, is_final=is_final))
            if index == ping_after:
                await self._ping(handle)

    async def _ping(self, handle: Handle) -> None:
        payload = self._shared.random.randbytes(8)
        self._pings[payload] = handle
        handle.count(pings=1)
        await self._to_client(encoded(PING, payload))

    # What comes in front of a message

    async def _come_before(self, frame: Frame) -> bool:
        """Does the faults that are due; returns whether the message is still wanted."""
        if self.is_to_be_replaced:
            self._end("replaced", None)
            await self._close(NO_CLOSE_FRAME)
            return False
        while (handle := self._faults.take_once()) is not None:
            if handle.fault.kind in (Kind.OVERSIZED, Kind.BAD_UTF8):
                await self._inject(handle)
            else:
                handle.count(connections=1)
                await self._end_by(handle, frame)
                return False
        if self._has_subscribed:
            await self._resend()
        return True

    async def _inject(self, handle: Handle) -> None:
        fault = handle.fault
        payload = BAD_UTF8_TEXT if fault.kind is Kind.BAD_UTF8 else long_text(fault.length)
        # Counted first: a client may leave at the sight of its beginning.
        handle.count(messages=1)
        await self._to_client(encoded(TEXT, payload))
        self._log.injected_message(self.number, str(fault.kind), len(payload))

    async def _end_by(self, handle: Handle, frame: Frame) -> None:
        fault = handle.fault
        self._is_deaf = True
        if fault.mid_message:
            half = frame.payload[: len(frame.payload) // 2]
            await self._to_client(encoded(frame.opcode, half, is_final=False))
        match fault.kind:
            case Kind.RST:
                self._end(str(fault.kind), None)
                _reset_when_closed(self._client)
            case Kind.CLOSE:
                has_frame = fault.code != NO_CLOSE_FRAME
                self._end(str(fault.kind), fault.code if has_frame else None)
                await self._close(fault.code)
            case Kind.HALF_OPEN:
                self._end(str(fault.kind), None)
                await self._be_silent(handle)

    async def _close(self, code: int) -> None:
        self._is_deaf = True
        if code != NO_CLOSE_FRAME:
            await self._to_client(encoded(CLOSE, close_payload(code)))
            await _wait(self._client_closes)
        await self._finish()

    async def _finish(self) -> None:
        with contextlib.suppress(OSError):  # the client has reset it
            self._client.shutdown(socket.SHUT_WR)
        await _wait(self._client_left)

    async def _be_silent(self, handle: Handle) -> None:
        # The market is read on: it plays as fast as its slowest client reads.
        discarding = asyncio.create_task(self._discard())
        try:
            await handle.ended()
        finally:
            discarding.cancel()
            await asyncio.gather(discarding, return_exceptions=True)

    async def _discard(self) -> None:
        while await self._receive(self._market):
            pass

    async def _resend(self) -> None:
        for handle in self._faults.all_of(Kind.RESEND_ON_SUBSCRIBE):
            if self.number <= handle.connections_before or not handle.take(self.number):
                continue
            messages = list(self._shared.last_trades)[-handle.fault.messages :]
            if messages:
                handle.count(connections=1)
            for payload in messages:
                handle.count(messages=1)
                await self._deliver(encoded(TEXT, payload), payload, is_resent=True)

    # Sockets

    async def _to_client(self, data: bytes) -> None:
        """Returns as soon as the socket has taken all, so that a caller can log what it has."""
        if delay := self._faults.first_of(Kind.DELAY):
            delay.count(messages=1)
        while data and (delay := self._faults.first_of(Kind.DELAY)):
            rate = delay.fault.bytes_per_second
            length = self._shared.random.randint(1, max(1, rate // PIECES_PER_SECOND))
            piece, data = data[:length], data[length:]
            await delay.ended(len(piece) / rate)
            await self._send(piece)
        await self._send(data)

    async def _send(self, data: bytes) -> None:
        # Not sock_sendall, which can be cancelled after the socket has taken the last byte.
        left = memoryview(data)
        while left:
            try:
                left = left[self._client.send(left) :]
            except BlockingIOError:
                await self._writable()

    async def _writable(self) -> None:
        ready = asyncio.Event()
        self._loop.add_writer(self._client, ready.set)
        try:
            await ready.wait()
        finally:
            self._loop.remove_writer(self._client)

    async def _receive(self, peer: socket.socket) -> bytes:
        """Returns what comes; nothing when it has left, in whichever way."""
        try:
            return await self._loop.sock_recv(peer, LONGEST_READ)
        except OSError:
            return b""

    async def _head(self, peer: socket.socket) -> tuple[bytes, bytes]:
        """Returns the head of a request or answer, and what came after it; all if there is none."""
        data = b""
        while HEAD_END not in data and len(data) < LONGEST_HEAD:
            more = await self._receive(peer)
            if not more:
                return data, b""
            data += more
        head, end, rest = data.partition(HEAD_END)
        return head + end, rest


async def _wait(event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), ANSWER_SECONDS)


def _reset_when_closed(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
