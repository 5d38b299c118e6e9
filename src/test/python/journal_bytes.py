"""Writes journals for the tests, byte by byte from docs/JOURNAL.md."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

SEGMENT_LENGTH = 64 * 1024
RECEIVED_AT = 1_721_555_880_151


@dataclass(frozen=True)
class Written:
    """An entry to be written."""

    type: int
    payload: bytes
    session: int = 1
    received_at: int = RECEIVED_AT
    flags: int = 0


def frame(
    message: str | bytes, session: int = 1, received_at: int = RECEIVED_AT, flags: int = 0
) -> Written:
    """Returns the entry of a message."""
    payload = message.encode() if isinstance(message, str) else message
    return Written(4, payload, session, received_at, flags)


def header(base: int, length: int = SEGMENT_LENGTH, session: int = 0, version: int = 1) -> bytes:
    """Returns a segment's header."""
    names = b"".join(
        struct.pack("<H", len(name)) + name for name in (b"local", b"finnhub", b"stream-finnhub")
    )
    numbers = struct.pack("<IIQQQQ", version, 512, length, base, 1_700_000_000_000, session)
    front = b"TAPEJRN\0" + numbers
    back = (struct.pack("<I", 0) + names).ljust(512 - 52, b"\0")
    return front + struct.pack("<I", google_crc32c.value(front + back)) + back


def entry(written: Written, position: int) -> bytes:
    """Returns an entry with its padding."""
    length = 32 + len(written.payload)
    covered = (
        struct.pack("<BB6xQQ", written.type, written.flags, written.session, written.received_at)
        + written.payload
    )
    checksum = google_crc32c.value(struct.pack("<QI", position, length) + covered)
    whole = struct.pack("<II", length, checksum) + covered
    return whole + b"\0" * (-length % 8)


def position(entries: list[Written], at: int, base: int = 0) -> int:
    """Returns where an entry of a segment begins, also the one after the last."""
    return base + 512 + sum(len(entry(written, 0)) for written in entries[:at])


def segment(
    base: int, entries: list[Written], length: int = SEGMENT_LENGTH, session: int = 0
) -> bytes:
    """Returns a whole segment file."""
    content = header(base, length, session)
    for written in entries:
        content += entry(written, base + len(content))
    return content.ljust(length, b"\0")


def write(folder: Path, segments: list[list[Written]], length: int = SEGMENT_LENGTH) -> Path:
    """Writes a journal of these segments, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    session = 0
    for number, entries in enumerate(segments):
        base = number * length
        (folder / f"{base:020d}.jrn").write_bytes(segment(base, entries, length, session))
        session = entries[-1].session if entries else session
    return folder
