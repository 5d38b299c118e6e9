"""Takes stream records apart into user records, by the KPL's public aggregation format.

An aggregated record is the magic F3 89 9A C2, a proto2 message `AggregatedRecord`, and the MD5 of
that message. The message is decoded by hand and strictly: anything that the format does not allow
makes the whole record damaged, since a part of it that looks right may not be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_LENGTH = 16

_VARINT, _DELIMITED = 0, 2


class DamagedAggregateError(Exception):
    """A record that begins as an aggregated one and is not a whole one."""


@dataclass(frozen=True)
class UserRecord:
    """One logical record as it was given to the KPL."""

    partition_key: str
    explicit_hash_key: str | None
    """None: none was given, or the record came alone and the stream does not tell."""
    data: bytes


def is_aggregated(data: bytes) -> bool:
    """Tells whether a stream record's data says that it is aggregated."""
    return data.startswith(MAGIC)


def deaggregate(data: bytes) -> list[UserRecord]:
    """Returns the user records of an aggregated record, all of them or none."""
    message, digest = data[len(MAGIC) : -DIGEST_LENGTH], data[-DIGEST_LENGTH:]
    if len(data) < len(MAGIC) + DIGEST_LENGTH:
        raise DamagedAggregateError(f"shorter than magic and digest: length={len(data)}")
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        raise DamagedAggregateError(f"digest wrong: length={len(data)}")
    partition_keys: list[str] = []
    hash_keys: list[str] = []
    records: list[tuple[int, int | None, bytes]] = []
    for number, value in _fields(message):
        if number == 1:
            partition_keys.append(_text(value))
        elif number == 2:
            hash_keys.append(_text(value))
        elif number == 3:
            records.append(_record(_bytes(value)))
        else:
            raise DamagedAggregateError(f"unknown field: number={number}")
    return [
        UserRecord(
            _look_up(partition_keys, key),
            None if hash_key is None else _look_up(hash_keys, hash_key),
            payload,
        )
        for key, hash_key, payload in records
    ]


def _record(message: bytes) -> tuple[int, int | None, bytes]:
    key: int | None = None
    hash_key: int | None = None
    payload: bytes | None = None
    for number, value in _fields(message):
        if number == 1:
            key = _index(value)
        elif number == 2:
            hash_key = _index(value)
        elif number == 3:
            payload = _bytes(value)
        elif number != 4:  # tags
            raise DamagedAggregateError(f"unknown field of a record: number={number}")
    if key is None or payload is None:
        raise DamagedAggregateError("record without partition key or data")
    return key, hash_key, payload


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        value, at = _varint(message, at)
        if wire_type == _DELIMITED:
            if value > len(message) - at:
                raise DamagedAggregateError(f"field longer than the message: number={number}")
            yield number, message[at : at + value]
            at += value
        elif wire_type == _VARINT:
            yield number, value
        else:
            raise DamagedAggregateError(f"unexpected wire type: number={number} type={wire_type}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise DamagedAggregateError(f"varint without an end: offset={at}")


def _index(value: int | bytes) -> int:
    if isinstance(value, int):
        return value
    raise DamagedAggregateError("index of the wrong wire type")


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    raise DamagedAggregateError("text or bytes of the wrong wire type")


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError as e:
        raise DamagedAggregateError("key not UTF-8") from e


def _look_up(table: list[str], index: int) -> str:
    if index < len(table):
        return table[index]
    raise DamagedAggregateError(f"key index out of range: index={index} keys={len(table)}")
