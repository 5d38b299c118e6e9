"""HTTP/1.1 messages as the bytes that they are: what is passed on is what came.

A message is read whole before anything is done with it. The bytes of a chunked body stay chunked.
"""

from __future__ import annotations

import functools
import re
import socket
import zlib
from dataclasses import dataclass

HEAD_END = b"\r\n\r\n"
MAX_HEAD_LENGTH = 64 * 1024
READ_LENGTH = 64 * 1024

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_BODY = (204, 304)


class BrokenMessageError(Exception):
    """What came is not HTTP, or ended in the middle."""


@dataclass(frozen=True)
class Message:
    """A request or an answer."""

    head: bytes
    """Start line and headers, with the empty line after them."""
    body: bytes = b""

    @functools.cached_property
    def start(self) -> list[str]:
        """The three words of the start line; the third of an answer may hold spaces."""
        words = self.head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        if len(words) < 2:
            raise BrokenMessageError("not a start line of HTTP")
        return words

    @property
    def status(self) -> int:
        """The status of an answer."""
        return _number(self.start[1].encode("latin-1"))

    def header(self, name: str) -> str:
        """Returns a header's value; empty if there is none."""
        return self._headers.get(name.lower(), "")

    @functools.cached_property
    def _headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        pairs = (line.partition(":") for line in lines)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def is_last(self) -> bool:
        """Whether the connection ends after this message."""
        return "close" in self.header("connection").lower() or "HTTP/1.0" in self.start

    @property
    def is_chunked(self) -> bool:
        """Whether the body is in chunks."""
        return "chunked" in self.header("transfer-encoding").lower()

    @property
    def content(self) -> bytes:
        """The body, without the chunks that it came in."""
        if not self.is_chunked:
            return self.body
        content, rest = b"", self.body
        while True:
            line, _, rest = rest.partition(b"\r\n")
            length = _chunk_length(line)
            if length == 0:
                return content
            content += rest[:length]
            rest = rest[length + 2 :]

    def without(self, name: str) -> Message:
        """Returns the message without a header."""
        if not self.header(name):
            return self
        pattern = rb"(?im)^" + re.escape(name.encode()) + rb":[^\r]*\r\n"
        return Message(re.sub(pattern, b"", self.head), self.body)

    def with_body(self, body: bytes) -> Message:
        """Returns the message with another body, in one piece, and the headers that tell of it."""
        checked = self.header("x-amz-crc32")
        bare = self.without("content-length").without("transfer-encoding").without("x-amz-crc32")
        lines = f"Content-Length: {len(body)}\r\n"
        if checked:
            lines += f"x-amz-crc32: {zlib.crc32(body)}\r\n"
        return Message(bare.head[:-2] + lines.encode() + b"\r\n", body)


class MessageReader:
    """Reads the messages that come over one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def request(self) -> Message | None:
        """Returns the next request; None if the connection ends before it."""
        head = self._head()
        if head is None:
            return None
        message = Message(head)
        if message.header("expect").lower() == "100-continue":
            self._connection.sendall(_CONTINUE)
        return Message(head, self._body(message) or b"")

    def answer(self, method: str) -> Message:
        """Returns the answer to a request of this method, after any that only announce it."""
        while True:
            head = self._head()
            if head is None:
                raise BrokenMessageError("no answer came")
            message = Message(head)
            if message.status >= 200:
                break
        if method == "HEAD" or message.status in _NO_BODY:
            return message
        body = self._body(message)
        # Without a length the body ends with the connection; with one ours to the client does not.
        return message.with_body(self._rest()) if body is None else Message(head, body)

    def _head(self) -> bytes | None:
        while (end := self._buffer.find(HEAD_END)) < 0:
            if len(self._buffer) > MAX_HEAD_LENGTH:
                raise BrokenMessageError(f"head too long: {len(self._buffer)} bytes")
            if not self._fill():
                if self._buffer:
                    raise BrokenMessageError("the connection ended in the middle of a head")
                return None
        return self._take(end + len(HEAD_END))

    def _body(self, message: Message) -> bytes | None:
        """Returns a body whose end can be told; None if nothing tells it."""
        if message.is_chunked:
            return self._chunks()
        length = message.header("content-length")
        return self._take(_number(length.encode("latin-1"))) if length else None

    def _chunks(self) -> bytes:
        raw = bytearray()
        while True:
            line = self._line()
            raw += line
            length = _chunk_length(line)
            if length == 0:
                break
            raw += self._take(length + 2)
        while line != b"\r\n":  # the trailers and the empty line after them
            line = self._line()
            raw += line
        return bytes(raw)

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._need()
        return self._take(end + 2)

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._need()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _rest(self) -> bytes:
        while self._fill():
            pass
        return self._take(len(self._buffer))

    def _need(self) -> None:
        if not self._fill():
            raise BrokenMessageError("the connection ended in the middle of a message")

    def _fill(self) -> bool:
        """Reads what there is, waiting for some; false at the end of the connection."""
        data = self._connection.recv(READ_LENGTH)
        self._buffer += data
        return bool(data)


def _chunk_length(line: bytes) -> int:
    return _number(line.partition(b";")[0].strip(), 16)


def _number(digits: bytes, base: int = 10) -> int:
    try:
        found = int(digits, base)
    except ValueError:
        found = -1
    if found < 0:
        raise BrokenMessageError("not a number of HTTP")
    return found
