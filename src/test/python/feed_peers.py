"""Both ends of a WebSocket connection, told step by step what to send and what to read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from websocket_frames import Frame, FrameReader

SECONDS = 10
"""After which what should have come is taken to be missing."""
KEY = "key-of-a-test"
REQUEST = (
    f"GET /?token={KEY} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n"
).encode()
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


class Peer:
    """One end of a connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(SECONDS)
        self._reader = FrameReader()
        self._frames: list[Frame] = []

    def send(self, data: bytes) -> None:
        """Sends bytes."""
        self._socket.sendall(data)

    def read(self, length: int) -> bytes:
        """Returns so many bytes; fewer if the other end has left."""
        data = b""
        while len(data) < length and (more := self._socket.recv(length - len(data))):
            data += more
        return data

    def read_head(self) -> bytes:
        """Returns a request or an answer, without a body."""
        data = b""
        while not data.endswith(b"\r\n\r\n") and (more := self._socket.recv(1)):
            data += more
        return data

    def read_frame(self) -> Frame:
        """Returns the next frame. Not together with read."""
        while not self._frames:
            data = self._socket.recv(65536)
            assert data, "the other end has left"
            self._frames += self._reader.feed(data)
        return self._frames.pop(0)

    def rest(self) -> bytes:
        """Returns all until the other end leaves; raises ConnectionResetError if it resets."""
        data = b""
        while more := self._socket.recv(65536):
            data += more
        return data

    def has_anything(self) -> bool:
        """Returns whether bytes or an end have come by now."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        finally:
            self._socket.settimeout(SECONDS)
        return True

    def has_ended(self) -> bool:
        """Returns whether the other end has left by now; what it sent before is dropped."""
        self._socket.setblocking(False)
        try:
            while self._socket.recv(65536):
                pass
        except BlockingIOError:
            return False
        finally:
            self._socket.settimeout(SECONDS)
        return True

    def close(self) -> None:
        """Leaves."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


class Market:
    """Listens; what it says is up to the test."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"

    def accept(self) -> Peer:
        """Returns the next connection."""
        return Peer(self._listener.accept()[0])

    def close(self) -> None:
        """Listens no more."""
        self._listener.close()


def connect(url: str) -> Peer:
    """Returns the client's end of a connection on which nothing was said."""
    address = urlsplit(url)
    return Peer(socket.create_connection((address.hostname, address.port), SECONDS))


@contextmanager
def conversation(url: str, market: Market) -> Iterator[tuple[Peer, Peer]]:
    """Yields the client's and the market's end of a connection that has shaken hands."""
    with connect(url) as client:
        client.send(REQUEST)
        with market.accept() as venue:
            assert venue.read_head() == REQUEST
            venue.send(ANSWER)
            assert client.read_head() == ANSWER
            yield client, venue
