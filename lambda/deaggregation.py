"""Takes stream records apart into user records, by the KPL's public aggregation format.

```
offset  length  field
     0       4  magic, F3 89 9A C2
     4       n  message, a protobuf AggregatedRecord
 4 + n      16  MD5 of the message

AggregatedRecord                            Record                        Tag
  1 repeated string  partition keys           1 uint64  partition key       1 string  key
  2 repeated string  explicit hash keys       2 uint64  explicit hash key   2 string  value
  3 repeated Record  user records             3 bytes   data
                                              4 repeated Tag
```

A record's keys are indexes into the two tables, which may stand behind it. The explicit hash key is
optional, as is a tag's value; of a field that may stand once, the last counts.

The message is decoded by hand and strictly: anything that the format does not allow, a field that
it does not know too, makes the whole record damaged, since a part of it that looks right may not
be. Takes time in proportion to the length, and copies nothing but the keys and the user records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_LENGTH = 16

_VARINT, _DELIMITED = 0, 2
_MAX_VARINT_BITS = 7 * 10

# Tags: number of the field and wire type.
_PARTITION_KEY = 1 << 3 | _DELIMITED
_HASH_KEY = 2 << 3 | _DELIMITED
_RECORD = 3 << 3 | _DELIMITED

_RECORD_PARTITION_KEY = 1 << 3 | _VARINT
_RECORD_HASH_KEY = 2 << 3 | _VARINT
_RECORD_DATA = 3 << 3 | _DELIMITED
_RECORD_TAG = 4 << 3 | _DELIMITED

_TAG_KEY = 1 << 3 | _DELIMITED
_TAG_VALUE = 2 << 3 | _DELIMITED


class DamagedAggregateError(Exception):
    """A record that begins as an aggregated one and is not a whole one."""


@dataclass(frozen=True, slots=True)
class UserRecord:
    """One logical record as it was given to the KPL."""

    partition_key: str
    explicit_hash_key: str | None
    """None: none was given, or the record came alone and the stream does not tell."""
    data: bytes


def is_aggregated(data: bytes) -> bool:
    """Tells whether a stream record's data says that it is aggregated, if damaged perhaps.

    Either half of the magic will do: with one byte of it wrong, a record would else be taken for a
    plain one, and the lines in it that look right for all that it holds. No line of text begins so.
    """
    return data[:2] == MAGIC[:2] or data[2:4] == MAGIC[2:]


def deaggregate(data: bytes) -> list[UserRecord]:
    """Returns the user records of an aggregated record, all of them, in order.

    Raises DamagedAggregateError if the data is anything but a whole aggregated record.
    """
    _check_digest(data)
    partition_keys: list[str] = []
    hash_keys: list[str] = []
    records: list[tuple[int, int | None, bytes]] = []
    for tag, begin, value in _fields(data, len(MAGIC), len(data) - DIGEST_LENGTH):
        if tag == _RECORD:
            records.append(_record(data, begin, value))
        elif tag == _PARTITION_KEY:
            partition_keys.append(_text(data, begin, value))
        elif tag == _HASH_KEY:
            hash_keys.append(_text(data, begin, value))
        else:
            raise _unknown_field(tag, begin)
    return [
        UserRecord(
            _look_up(partition_keys, key),
            None if hash_key is None else _look_up(hash_keys, hash_key),
            payload,
        )
        for key, hash_key, payload in records
    ]


def _check_digest(data: bytes) -> None:
    if len(data) < len(MAGIC) + DIGEST_LENGTH:
        raise DamagedAggregateError(f"shorter than magic and digest: length={len(data)}")
    if not data.startswith(MAGIC):
        raise DamagedAggregateError(f"magic wrong: length={len(data)}")
    message = memoryview(data)[len(MAGIC) : -DIGEST_LENGTH]
    if hashlib.md5(message, usedforsecurity=False).digest() != data[-DIGEST_LENGTH:]:
        raise DamagedAggregateError(f"digest wrong: length={len(data)}")


def _record(data: bytes, begin: int, end: int) -> tuple[int, int | None, bytes]:
    key: int | None = None
    hash_key: int | None = None
    payload: bytes | None = None
    for tag, at, value in _fields(data, begin, end):
        if tag == _RECORD_PARTITION_KEY:
            key = value
        elif tag == _RECORD_HASH_KEY:
            hash_key = value
        elif tag == _RECORD_DATA:
            payload = data[at:value]
        elif tag == _RECORD_TAG:
            _check_tag(data, at, value)
        else:
            raise _unknown_field(tag, at)
    if key is None or payload is None:
        raise DamagedAggregateError(f"record without partition key or data: offset={begin}")
    return key, hash_key, payload


def _check_tag(data: bytes, begin: int, end: int) -> None:
    has_key = False
    for tag, at, value in _fields(data, begin, end):
        if tag not in (_TAG_KEY, _TAG_VALUE):
            raise _unknown_field(tag, at)
        _text(data, at, value)
        has_key = has_key or tag == _TAG_KEY
    if not has_key:
        raise DamagedAggregateError(f"tag without key: offset={begin}")


def _fields(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yields (tag, where its content begins, where that ends) of each field between two offsets.

    The third of a varint is its value.
    """
    at = begin
    while at < end:
        tag, at = _varint(data, at, end)
        value, at = _varint(data, at, end)
        wire_type = tag & 7
        if wire_type == _VARINT:
            yield tag, at, value
        elif wire_type != _DELIMITED:
            raise _unknown_field(tag, at)
        elif value > end - at:
            raise DamagedAggregateError(
                f"field longer than what it is in: offset={at} length={value} available={end - at}"
            )
        else:
            yield tag, at, at + value
            at += value


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Returns the number at an offset, seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    offset = at
    while offset < end and shift < _MAX_VARINT_BITS:
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80 and value < 1 << 64:
            return value, offset
        shift += 7
    raise DamagedAggregateError(f"varint without an end, or over 64 bits: offset={at}")


def _text(data: bytes, begin: int, end: int) -> str:
    try:
        return data[begin:end].decode()
    except UnicodeDecodeError as e:
        raise DamagedAggregateError(f"not UTF-8: offset={begin} length={end - begin}") from e


def _look_up(table: list[str], index: int) -> str:
    if index < len(table):
        return table[index]
    raise DamagedAggregateError(f"key index out of range: index={index} keys={len(table)}")


def _unknown_field(tag: int, at: int) -> DamagedAggregateError:
    return DamagedAggregateError(f"unknown field: offset={at} number={tag >> 3} type={tag & 7}")
