"""The aggregation format, against the public encoder and captured records, whole and damaged."""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deaggregation

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aws_kinesis_agg import aggregator

PAYLOADS = Path(__file__).parents[1] / "resources/payloads"
KEYS = st.text(min_size=1, max_size=20)
HASH_KEYS = st.one_of(st.none(), st.integers(0, 2**128 - 1).map(str))
RECORDS = st.lists(
    st.builds(deaggregation.UserRecord, KEYS, HASH_KEYS, st.binary(max_size=300)), min_size=1
)


def records_in(name: str) -> list[bytes]:
    event: Any = json.loads((PAYLOADS / name).read_text())
    return [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]


def encode(user_records: list[deaggregation.UserRecord]) -> bytes:
    encoder = aggregator.RecordAggregator()
    for user_record in user_records:
        encoder.add_user_record(
            user_record.partition_key, user_record.data, user_record.explicit_hash_key
        )
    return bytes(encoder.clear_and_get().get_contents()[2])


def sealed(message: bytes) -> bytes:
    return deaggregation.MAGIC + message + hashlib.md5(message).digest()


@given(RECORDS)
def test_returns_what_the_public_encoder_was_given(records: list[deaggregation.UserRecord]) -> None:
    decoded = deaggregation.deaggregate(encode(records))
    assert [(r.partition_key, r.data) for r in decoded] == [
        (r.partition_key, r.data) for r in records
    ]
    given_keys = [r.explicit_hash_key for r in records]
    assert all(g in (None, d.explicit_hash_key) for g, d in zip(given_keys, decoded, strict=True))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("lambda_kpl_1_record.json", 1),
        ("lambda_kpl_2_records.json", 2),
        ("lambda_kpl_3_json_records.json", 3),
        ("lambda_kpl_10_same_key.json", 10),
        ("lambda_agg_2_real_trades.json", 2),
        ("lambda_records_before_key_table.json", 1),
    ],
)
def test_takes_a_captured_record_apart(name: str, count: int) -> None:
    (data,) = records_in(name)
    assert deaggregation.is_aggregated(data)
    assert len(deaggregation.deaggregate(data)) == count


@pytest.mark.parametrize(
    "name",
    [
        "lambda_bad_md5.json",
        "lambda_bad_body_bit.json",
        "lambda_bad_key_index.json",
        "lambda_magic_too_short.json",
    ],
)
def test_refuses_a_damaged_record_whole(name: str) -> None:
    (data,) = records_in(name)
    assert deaggregation.is_aggregated(data)
    with pytest.raises(deaggregation.DamagedAggregateError):
        deaggregation.deaggregate(data)


def test_every_truncation_is_refused() -> None:
    (data,) = records_in("lambda_kpl_3_json_records.json")
    for length in range(len(deaggregation.MAGIC), len(data)):
        with pytest.raises(deaggregation.DamagedAggregateError):
            deaggregation.deaggregate(data[:length])


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"\x0a\x01k\x1a\x04\x08\x05\x1a\x00", "out of range"),
        (b"\x0a\x01k\x1a\x02\x1a\x00", "without partition key"),
        (b"\x0a\x01k\x1a\x02\x08\x00", "without partition key or data"),
        (b"\x0a\x09k", "longer than the message"),
        (b"\x0a\x01k\x22\x01x", "unknown field"),
        (b"\x0a\x01k\x1a\x06\x08\x00\x1a\x00\x28\x01", "unknown field of a record"),
        (b"\x0d\x01\x02\x03\x04", "wire type"),
        (b"\x0a\x01\xff", "not UTF-8"),
        (b"\x80" * 11, "varint"),
        (b"\x08\x01", "wrong wire type"),
    ],
)
def test_refuses_what_the_format_does_not_allow(message: bytes, problem: str) -> None:
    with pytest.raises(deaggregation.DamagedAggregateError, match=problem):
        deaggregation.deaggregate(sealed(message))


def test_tags_are_allowed() -> None:
    record = b"\x08\x00\x1a\x01x\x22\x03\x0a\x01t"
    message = b"\x0a\x01k\x1a" + bytes([len(record)]) + record
    assert deaggregation.deaggregate(sealed(message)) == [deaggregation.UserRecord("k", None, b"x")]
