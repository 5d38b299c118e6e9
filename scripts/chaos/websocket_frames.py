"""Frames of WebSocket (RFC 6455 5.2): found in a stream of bytes, and made.

 0               1               2 .. 3 or 2 .. 9     then
+-+-+-+-+-------+-+-------------+-------------------+-------------+---------+
|F|R|R|R| opcode|M| length: 0 to| length in 16 (126)| mask, 4     | payload |
|I|S|S|S|       |A| 125, 126,   | or 64 bits (127)  | bytes, if M |         |
|N|V|V|V|       |S| 127         |                   |             |         |
+-+-+-+-+-------+-+-------------+-------------------+-------------+---------+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA

_FINAL = 0x80
_OPCODE = 0x0F
_CONTROL = 0x08
_MASKED = 0x80
_LENGTH = 0x7F
_LENGTH_16 = 126
_LENGTH_64 = 127
_MASK_BYTES = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that came whole."""

    raw: bytes
    """As it came."""
    is_final: bool
    opcode: int
    payload: bytes
    """Without its mask."""

    @property
    def is_control(self) -> bool:
        """Whether it is a close, ping or pong: may come between the fragments of a message."""
        return bool(self.opcode & _CONTROL)


class FrameReader:
    """Cuts one direction of a connection into frames. Extensions are not known to it."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    @property
    def rest(self) -> bytes:
        """What came of a frame that is not whole yet."""
        return bytes(self._bytes)

    def feed(self, data: bytes) -> list[Frame]:
        """Returns the frames that are whole with these bytes."""
        self._bytes += data
        frames = []
        at = 0
        while (frame := self._frame(at)) is not None:
            frames.append(frame)
            at += len(frame.raw)
        del self._bytes[:at]
        return frames

    def _frame(self, at: int) -> Frame | None:
        if len(self._bytes) < at + 2:
            return None
        first, second = self._bytes[at], self._bytes[at + 1]
        length = second & _LENGTH
        start = at + 2
        if length in (_LENGTH_16, _LENGTH_64):
            layout = ">H" if length == _LENGTH_16 else ">Q"
            if len(self._bytes) < start + struct.calcsize(layout):
                return None
            (length,) = struct.unpack_from(layout, self._bytes, start)
            start += struct.calcsize(layout)
        mask_at = start
        if second & _MASKED:
            start += _MASK_BYTES
        if len(self._bytes) < start + length:
            return None
        payload = bytes(self._bytes[start : start + length])
        if second & _MASKED:
            payload = masked(payload, bytes(self._bytes[mask_at:start]))
        raw = bytes(self._bytes[at : start + length])
        return Frame(raw, bool(first & _FINAL), first & _OPCODE, payload)


def masked(payload: bytes, mask: bytes) -> bytes:
    """Returns a payload with a mask of 4 bytes laid on it, or taken off (RFC 6455 5.3)."""
    length = len(payload)
    repeated = (mask * (length // _MASK_BYTES + 1))[:length]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return mixed.to_bytes(length, "big")


def encoded(opcode: int, payload: bytes, *, is_final: bool = True, mask: bytes = b"") -> bytes:
    """Returns the bytes of a frame; those of a client need a mask of 4 bytes."""
    head = bytes([opcode | (_FINAL if is_final else 0)])
    mask_bit = _MASKED if mask else 0
    length = len(payload)
    if length < _LENGTH_16:
        head += bytes([mask_bit | length])
    elif length < 1 << 16:
        head += bytes([mask_bit | _LENGTH_16]) + struct.pack(">H", length)
    else:
        head += bytes([mask_bit | _LENGTH_64]) + struct.pack(">Q", length)
    return head + mask + (masked(payload, mask) if mask else payload)


def close_payload(code: int, reason: str = "") -> bytes:
    """Returns what a close frame holds (RFC 6455 5.5.1)."""
    return struct.pack(">H", code) + reason.encode()


def close_code(payload: bytes) -> int | None:
    """Returns the code of a close frame; None if it has none."""
    return int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
