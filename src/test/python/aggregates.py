"""Aggregated records for tests: made by the public encoder, made by hand, and captured."""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import deaggregation
from deaggregation import UserRecord

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aws_kinesis_agg import aggregator

PAYLOADS = Path(__file__).parents[1] / "resources/payloads"


def records_in(name: str) -> list[bytes]:
    """Returns the data of the stream records of a captured event."""
    event: Any = json.loads((PAYLOADS / name).read_text())
    return [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]


def encode(user_records: Sequence[UserRecord]) -> bytes:
    """Aggregates with the public encoder, which makes up explicit hash keys that are not given."""
    encoder = aggregator.RecordAggregator()
    for user_record in user_records:
        encoder.add_user_record(
            user_record.partition_key, user_record.data, user_record.explicit_hash_key
        )
    return bytes(encoder.clear_and_get().get_contents()[2])


def encode_by_hand(user_records: Sequence[UserRecord], tables_last: bool = False) -> bytes:
    """Aggregates as the KPL does, explicit hash keys only where they are given."""
    keys = list(dict.fromkeys(record.partition_key for record in user_records))
    given = [record.explicit_hash_key for record in user_records]
    hash_keys = list(dict.fromkeys(key for key in given if key is not None))
    tables = [text_field(1, key) for key in keys] + [text_field(2, key) for key in hash_keys]
    records = []
    for record in user_records:
        fields = number_field(1, keys.index(record.partition_key))
        if record.explicit_hash_key is not None:
            fields += number_field(2, hash_keys.index(record.explicit_hash_key))
        records.append(bytes_field(3, fields + bytes_field(3, record.data)))
    return sealed(b"".join(records + tables if tables_last else tables + records))


def sealed(message: bytes) -> bytes:
    """Returns a message between magic and its digest."""
    return deaggregation.MAGIC + message + hashlib.md5(message).digest()


def message_in(data: bytes) -> bytes:
    """Returns what is between magic and digest."""
    return data[len(deaggregation.MAGIC) : -deaggregation.DIGEST_LENGTH]


def number_field(number: int, value: int) -> bytes:
    """Returns a protobuf field that is a varint."""
    return _varint(number << 3) + _varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """Returns a protobuf field that has a length."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def text_field(number: int, value: str) -> bytes:
    """Returns a protobuf field that is a string."""
    return bytes_field(number, value.encode())


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
