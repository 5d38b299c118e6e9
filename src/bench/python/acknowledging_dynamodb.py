"""A DynamoDB that only acknowledges, as a process of its own.

Answers every BatchWriteItem with nothing unprocessed, on connections that stay open, after the time
that a table may take. What it is sent it only keeps; it is looked at when it is asked for, so that
it takes no part in what is measured. GET /written tells how many items were written since it was
last asked, and how many trade_ids they have.

    acknowledging_dynamodb.py ANSWER_MILLIS
      prints its port, then answers until its standard input ends
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ACKNOWLEDGED = b'{"UnprocessedItems":{}}'
_QUESTION = b"GET /written "


class Written:
    """The requests that were acknowledged since they were last looked at."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def add(self, body: bytes) -> None:
        """Keeps a request."""
        self._bodies.append(body)

    def told(self) -> bytes:
        """Returns what was written, and forgets it."""
        items, ids = 0, set()
        for body in self._bodies:
            for puts in json.loads(body)["RequestItems"].values():
                items += len(puts)
                ids |= {put["PutRequest"]["Item"]["trade_id"]["S"] for put in puts}
        self._bodies.clear()
        return json.dumps({"items": items, "trade_ids": len(ids)}).encode()


class Connection(asyncio.Protocol):
    """One client's connection. Confined to the event loop."""

    def __init__(self, written: Written, answer_seconds: float) -> None:
        self._written = written
        self._answer_seconds = answer_seconds
        self._received = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection; no answer waits for another one to fill a packet."""
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers what has come whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            body_end = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < body_end:
                return
            head, body = bytes(self._received[:end]), bytes(self._received[end + 4 : body_end])
            del self._received[:body_end]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        if head.startswith(_QUESTION):
            self._answer(self._written.told())
            return
        self._written.add(body)
        loop = asyncio.get_running_loop()
        loop.call_later(self._answer_seconds, self._answer, _ACKNOWLEDGED)

    def _answer(self, body: bytes) -> None:
        head = f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}"
        self._transport.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)


async def serve(answer_seconds: float) -> None:
    """Answers until standard input ends."""
    loop = asyncio.get_running_loop()
    written = Written()
    server = await loop.create_server(lambda: Connection(written, answer_seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) / 1000))
