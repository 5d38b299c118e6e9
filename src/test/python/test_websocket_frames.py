"""Frames are found and made as RFC 6455 has them."""

from __future__ import annotations

import pytest

from websocket_frames import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    FrameReader,
    close_code,
    close_payload,
    encoded,
    masked,
)

# RFC 6455 5.7
EXAMPLES = [
    (TEXT, b"Hello", True, b"", "81 05 48 65 6c 6c 6f"),
    (TEXT, b"Hello", True, "37 fa 21 3d", "81 85 37 fa 21 3d 7f 9f 4d 51 58"),
    (TEXT, b"Hel", False, b"", "01 03 48 65 6c"),
    (CONTINUATION, b"lo", True, b"", "80 02 6c 6f"),
    (PING, b"Hello", True, b"", "89 05 48 65 6c 6c 6f"),
    (PONG, b"Hello", True, "37 fa 21 3d", "8a 85 37 fa 21 3d 7f 9f 4d 51 58"),
]


@pytest.mark.parametrize(("opcode", "payload", "is_final", "mask", "raw"), EXAMPLES)
def test_the_examples_of_the_standard_are_made_and_found(
    opcode: int, payload: bytes, is_final: bool, mask: str | bytes, raw: str
) -> None:
    mask = bytes.fromhex(mask) if isinstance(mask, str) else mask
    assert encoded(opcode, payload, is_final=is_final, mask=mask) == bytes.fromhex(raw)
    (frame,) = FrameReader().feed(bytes.fromhex(raw))
    assert (frame.opcode, frame.payload, frame.is_final) == (opcode, payload, is_final)
    assert frame.raw == bytes.fromhex(raw)


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, "81 00"),
        (125, "81 7d"),
        (126, "81 7e 00 7e"),
        (65535, "81 7e ff ff"),
        (65536, "81 7f 00 00 00 00 00 01 00 00"),
    ],
)
def test_a_length_takes_the_fewest_bytes(length: int, head: str) -> None:
    raw = encoded(TEXT, b"x" * length)
    assert raw == bytes.fromhex(head) + b"x" * length
    (frame,) = FrameReader().feed(raw)
    assert len(frame.payload) == length


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_frames_are_found_in_whichever_pieces_they_come(step: int) -> None:
    raws = [
        encoded(TEXT, b"x" * length, mask=mask)
        for length in (0, 1, 125, 126, 300)
        for mask in (b"", b"\x01\x02\x03\x04")
    ]
    stream = b"".join(raws)
    reader = FrameReader()
    frames = [
        frame for at in range(0, len(stream), step) for frame in reader.feed(stream[at : at + step])
    ]
    assert [frame.raw for frame in frames] == raws
    assert reader.rest == b""


def test_what_is_not_whole_is_the_rest() -> None:
    whole, part = encoded(TEXT, b"one"), encoded(TEXT, b"two")[:-1]
    reader = FrameReader()
    assert [frame.payload for frame in reader.feed(whole + part)] == [b"one"]
    assert reader.rest == part


@pytest.mark.parametrize("length", range(10))
def test_a_mask_laid_on_twice_is_off(length: int) -> None:
    payload = bytes(range(length))
    once = masked(payload, b"\xff\x00\x80\x01")
    assert len(once) == length
    assert masked(once, b"\xff\x00\x80\x01") == payload


def test_control_frames_are_told_from_others() -> None:
    frames = FrameReader().feed(b"".join(encoded(opcode, b"") for opcode in range(16)))
    assert [frame.opcode for frame in frames if frame.is_control] == [*range(8, 16)]


def test_a_close_frame_holds_its_code_and_reason() -> None:
    assert encoded(CLOSE, close_payload(1001, "bye")) == b"\x88\x05\x03\xe9bye"
    assert close_code(b"\x03\xe9bye") == 1001
    assert close_code(b"") is None
