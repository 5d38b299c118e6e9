"""Reads the bytes of a journal, by docs/JOURNAL.md alone.

Holes and torn tails are findings, not errors: reading goes on where the page says it does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import google_crc32c

SEGMENT_MAGIC = b"TAPEJRN\0"
CHECKPOINT_MAGIC = b"TAPECKP\0"
VERSION = 1
HEADER_LENGTH = 512
ENTRY_HEADER_LENGTH = 32

SESSION_OPENED, SUBSCRIBED, UNSUBSCRIBED, FRAME, SESSION_CLOSED = range(1, 6)
REDELIVERED_KEPT = 1

_SEGMENT_HEADER = struct.Struct("<8sIIQQQQII")
_ENTRY_HEADER = struct.Struct("<IIBB6sQQ")
_POSITION_AND_LENGTH = struct.Struct("<QI")


class UnreadableJournalError(Exception):
    """A journal, or a segment of it, that cannot be read at all."""


@dataclass(frozen=True)
class Segment:
    """A segment file and what its header says."""

    path: Path
    base: int
    open_session: int
    environment: str
    feed: str
    stream: str
    is_whole: bool = True
    """False: the header was torn or damaged, and only the base, from the file's name, is known."""


@dataclass(frozen=True)
class Entry:
    """One whole entry."""

    segment: int
    """Base position of the segment that it lies in."""
    position: int
    type: int
    keeps_redelivered: bool
    session: int
    received_at: int
    payload: bytes

    @property
    def last_byte(self) -> int:
        """Position of its last byte; up to seven of padding may follow."""
        return self.position + ENTRY_HEADER_LENGTH + len(self.payload) - 1

    @property
    def end(self) -> int:
        """Position after it and its padding, where the next entry is looked for."""
        return aligned(self.last_byte + 1)


@dataclass(frozen=True)
class Hole:
    """Bytes that are not readable as entries, by position; the end is exclusive."""

    begin: int
    end: int


@dataclass
class Damage:
    """What was not readable as entries."""

    headers: int = 0
    holes: list[Hole] = field(default_factory=list)
    torn_bytes: int = 0
    """Length of the torn tail of the last segment."""

    @property
    def hole_bytes(self) -> int:
        """Length of all holes."""
        return sum(hole.end - hole.begin for hole in self.holes)


@dataclass
class Journal:
    """A journal's segments in order of base; reading the entries also finds what is damaged."""

    segments: list[Segment]
    damage: Damage = field(default_factory=Damage)

    def entries(self) -> Iterator[Entry]:
        """Yields every whole entry, in order of position."""
        for segment in self.segments:
            yield from _entries_of(segment, segment is self.segments[-1], self.damage)


def aligned(length: int) -> int:
    """Returns how many bytes an entry of this length takes."""
    return (length + 7) // 8 * 8


def read(folder: Path) -> Journal:
    """Reads the headers of a journal's segments, those that are prepared and not begun left out."""
    headers = {}
    for path in sorted(folder.glob("*.jrn")):
        with path.open("rb") as file:
            headers[path] = file.read(HEADER_LENGTH).ljust(HEADER_LENGTH, b"\0")
    while headers and not any(list(headers.values())[-1]):
        headers.popitem()
    if not headers:
        raise UnreadableJournalError(f"no segment in the journal: folder={folder}")
    segments = [_segment(path, header) for path, header in headers.items()]
    damaged = sum(not segment.is_whole for segment in segments)
    return Journal(segments, Damage(headers=damaged))


def last_entry(folder: Path) -> Entry | None:
    """Returns the newest whole entry of a journal, None where there is none yet."""
    for segment in reversed(read(folder).segments):
        *_, last = [None, *_entries_of(segment, True, Damage())]
        if last is not None:
            return last
    return None


def read_checkpoint(folder: Path) -> int | None:
    """Returns the checkpoint's position, 0 where there is none, None where it is unreadable."""
    path = folder / "checkpoint"
    if not path.exists():
        return 0
    content = path.read_bytes()
    if len(content) < 24:
        return None
    magic, version, checksum, position = struct.unpack_from("<8sIIQ", content)
    if (magic, version) != (CHECKPOINT_MAGIC, VERSION):
        return None
    return position if checksum == _crc32c(content[:12], content[16:24]) else None


def _segment(path: Path, header: bytes) -> Segment:
    if not path.stem.isdigit():
        raise UnreadableJournalError(f"journal segment misnamed: file={path}")
    base = int(path.stem)
    magic, version, header_length, _, named_base, _, session, checksum, _ = (
        _SEGMENT_HEADER.unpack_from(header)
    )
    if magic != SEGMENT_MAGIC or checksum != _crc32c(header[:48], header[52:]):
        return Segment(path, base, 0, "", "", "", is_whole=False)
    if version != VERSION or header_length != HEADER_LENGTH:
        raise UnreadableJournalError(
            f"not a journal segment of version {VERSION}: file={path} version={version}"
        )
    if named_base != base:
        raise UnreadableJournalError(f"journal segment misnamed: file={path} base={named_base}")
    names: list[str] = []
    at = _SEGMENT_HEADER.size
    for _ in range(3):
        (name_length,) = struct.unpack_from("<H", header, at)
        names.append(header[at + 2 : at + 2 + name_length].decode())
        at += 2 + name_length
    return Segment(path, base, session, names[0], names[1], names[2])


def _entries_of(segment: Segment, is_last: bool, damage: Damage) -> Iterator[Entry]:
    content = segment.path.read_bytes()
    used = len(content.rstrip(b"\0"))  # no entry begins beyond: its length is not zero
    offset = HEADER_LENGTH
    while offset < used:
        found = offset
        entry = _entry_at(content, segment.base, found)
        while entry is None and found < used:
            found += 8
            entry = _entry_at(content, segment.base, found)
        if entry is None:
            if is_last:
                damage.torn_bytes += used - offset
            else:
                damage.holes.append(Hole(segment.base + offset, segment.base + used))
            return
        if found > offset:
            damage.holes.append(Hole(segment.base + offset, segment.base + found))
        yield entry
        offset = entry.end - segment.base


def _entry_at(content: bytes, base: int, offset: int) -> Entry | None:
    if offset + ENTRY_HEADER_LENGTH > len(content):
        return None
    length, checksum, kind, flags, _, session, received_at = _ENTRY_HEADER.unpack_from(
        content, offset
    )
    fits = ENTRY_HEADER_LENGTH <= length <= len(content) - offset
    if not fits or not SESSION_OPENED <= kind <= SESSION_CLOSED:
        return None
    position = base + offset
    covered = content[offset + 8 : offset + length]
    if checksum != _crc32c(_POSITION_AND_LENGTH.pack(position, length), covered):
        return None
    keeps_redelivered = bool(flags & REDELIVERED_KEPT)
    payload = content[offset + ENTRY_HEADER_LENGTH : offset + length]
    return Entry(base, position, kind, keeps_redelivered, session, received_at, payload)


def _crc32c(first: bytes, second: bytes) -> int:
    return int(google_crc32c.extend(google_crc32c.value(first), second))
