"""The aggregation format: both encoders' output and captured records, whole and damaged."""

from __future__ import annotations

import base64
import itertools
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deaggregation
from aggregates import (
    PAYLOADS,
    bytes_field,
    encode,
    encode_by_hand,
    message_in,
    number_field,
    records_in,
    sealed,
    text_field,
)
from deaggregation import UserRecord, deaggregate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aws_kinesis_agg import messages_pb2
    from google.protobuf.message import DecodeError

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
HASH_KEYS = st.one_of(st.none(), st.integers(0, 2**128 - 1).map(str))
USER_RECORDS = st.lists(
    st.builds(UserRecord, KEYS, HASH_KEYS, st.binary(max_size=300)), min_size=1, max_size=40
)
TRADE_1 = b'{"c":null,"p":95372.09,"s":"BINANCE:BTCUSDT","t":1768655932976,"v":0.00063}'
TRADE_2 = b'{"c":null,"p":95372.09,"s":"BINANCE:BTCUSDT","t":1768655933296,"v":0.00058}'
KPL_RECORDINGS = sorted((PAYLOADS / "kpl").glob("*.json"))
REAL = [
    "lambda_kpl_1_record.json",
    "lambda_kpl_2_records.json",
    "lambda_kpl_3_json_records.json",
    "lambda_kpl_10_same_key.json",
    "lambda_kpl_native_pk_a.json",
    "lambda_agg_2_real_trades.json",
    "lambda_records_before_key_table.json",
]
DAMAGED = [
    "lambda_bad_md5.json",
    "lambda_bad_body_bit.json",
    "lambda_bad_key_index.json",
    "lambda_magic_too_short.json",
]


def real(name: str) -> bytes:
    (data,) = records_in(name)
    return data


def recorded(record: dict[str, str | None]) -> UserRecord:
    """Returns a record of a recording of the KPL, a stream record as if it came alone."""
    partition_key, data = record["partition_key"], record["data"]
    assert partition_key is not None
    assert data is not None
    return UserRecord(partition_key, record["explicit_hash_key"], base64.b64decode(data))


def decoded_by_protobuf(message: bytes) -> list[UserRecord] | None:
    """Returns what the public message description says, None if the message is not one of it."""
    parsed = messages_pb2.AggregatedRecord()
    try:
        parsed.ParseFromString(message)
        if not parsed.IsInitialized():
            return None
        return [
            UserRecord(
                parsed.partition_key_table[record.partition_key_index],
                parsed.explicit_hash_key_table[record.explicit_hash_key_index]
                if record.HasField("explicit_hash_key_index")
                else None,
                record.data,
            )
            for record in parsed.records
        ]
    except (DecodeError, UnicodeDecodeError, IndexError):
        return None


def is_damaged(data: bytes) -> bool:
    try:
        deaggregate(data)
    except deaggregation.DamagedAggregateError:
        return True
    return False


def damages(data: bytes, begin: int) -> Iterator[bytes]:
    """Yields the data with each byte, from an offset on, changed in ten ways."""
    for at in range(begin, len(data)):
        byte = data[at]
        for changed in {0, 255, *(byte ^ 1 << bit for bit in range(8))} - {byte}:
            yield data[:at] + bytes([changed]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("name", "user_records"),
    [
        ("lambda_kpl_1_record.json", [("key-0", None, b"Testing KPL Aggregated Record 1-0")]),
        (
            "lambda_kpl_2_records.json",
            [(f"key-{i}", None, b"Testing KPL Aggregated Record 2-%d" % i) for i in range(2)],
        ),
        (
            "lambda_kpl_3_json_records.json",
            [(f"pk-{i}", None, b'{"msg":"line%d"}' % i) for i in range(3)],
        ),
        ("lambda_kpl_10_same_key.json", [("z2JJ9ztX", None, b'{"key":"value"}')] * 10),
        (
            "lambda_kpl_native_pk_a.json",
            [
                (
                    "mm_data",
                    None,
                    b'{"txnTimeStamp":%d,"amount":350.0,"txnType":"journal",'
                    b'"agreementType":"distribution","channel":"fid.com"}' % time,
                )
                for time in (1493668022112, 1493668022890)
            ],
        ),
        (
            "lambda_agg_2_real_trades.json",
            [("BINANCE:BTCUSDT", None, TRADE_1), ("BINANCE:BTCUSDT", None, TRADE_2)],
        ),
        ("lambda_records_before_key_table.json", [("k1", None, TRADE_1)]),
    ],
)
def test_a_captured_record_is_taken_apart(
    name: str, user_records: list[tuple[str, str | None, bytes]]
) -> None:
    assert deaggregation.is_aggregated(real(name))
    assert deaggregate(real(name)) == [UserRecord(*record) for record in user_records]


def test_aggregated_plain_and_damaged_records_are_told_apart() -> None:
    aggregated, plain = records_in("lambda_mixed_aggregated_and_plain.json")
    assert deaggregation.is_aggregated(aggregated)
    assert len(deaggregate(aggregated)) == 3
    assert not deaggregation.is_aggregated(plain)
    good, bad, alone = records_in("lambda_batch_good_bad_good.json")
    assert [record.data for record in deaggregate(good)] == [TRADE_1, TRADE_2]
    assert deaggregation.is_aggregated(bad)
    assert is_damaged(bad)
    assert not deaggregation.is_aggregated(alone)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_record_is_refused_whole(name: str) -> None:
    assert deaggregation.is_aggregated(real(name))
    assert is_damaged(real(name))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "shorter than magic and digest: length=0"),
        (deaggregation.MAGIC, "shorter than magic and digest: length=4"),
        (sealed(b"")[:-1], "shorter than magic and digest: length=19"),
        (b"\0" + sealed(b"")[1:], "magic wrong: length=20"),
        (deaggregation.MAGIC + b'{"a plain record":"with the magic"}', "digest wrong: length=39"),
        (real("lambda_kpl_1_record.json") + b"\0", "digest wrong"),
        (real("lambda_kpl_1_record.json") * 2, "digest wrong"),
    ],
)
def test_what_is_not_one_whole_record_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(deaggregation.DamagedAggregateError, match=problem):
        deaggregate(data)


@pytest.mark.parametrize("path", KPL_RECORDINGS, ids=lambda path: str(path.name))
def test_what_the_kpl_was_given_is_returned(path: Path) -> None:
    recording = json.loads(path.read_text())
    returned: list[UserRecord] = []
    for stream_record in map(recorded, recording["stream_records"]):
        aggregated = deaggregation.is_aggregated(stream_record.data)
        returned += deaggregate(stream_record.data) if aggregated else [stream_record]
    given_records = [recorded(record) for record in recording["user_records"]]
    assert Counter(returned) == Counter(given_records)  # it may change their order
    assert len(returned) == len(given_records)


def test_the_kpl_was_recorded_with_one_two_ten_and_363_user_records() -> None:
    counts = [len(json.loads(path.read_text())["user_records"]) for path in KPL_RECORDINGS]
    assert sorted(counts) == [1, 2, 10, 363]


@given(USER_RECORDS, st.booleans())
def test_what_was_aggregated_is_returned(records: list[UserRecord], tables_last: bool) -> None:
    assert deaggregate(encode_by_hand(records, tables_last)) == records


@given(USER_RECORDS)
def test_what_the_public_encoder_was_given_is_returned(records: list[UserRecord]) -> None:
    returned = deaggregate(encode(records))
    assert [(r.partition_key, r.data) for r in returned] == [
        (r.partition_key, r.data) for r in records
    ]
    assert all(
        given.explicit_hash_key in (None, found.explicit_hash_key)
        for given, found in zip(records, returned, strict=True)
    )


@pytest.mark.parametrize("count", [1, 2, 3, 10, 127, 128, 129, 363, 400])
def test_many_user_records_are_returned_in_order(count: int) -> None:
    for keys, length in itertools.product((1, 3, 400), (0, 1, 90, 127, 128, 900)):
        records = [
            UserRecord(str(i % keys), str(i % keys * 2**119), (b"%d," % i * 900)[:length])
            for i in range(count)
        ]
        assert deaggregate(encode(records)) == records
        assert deaggregate(encode_by_hand(records)) == records


def test_a_mebibyte_of_empty_user_records_is_returned() -> None:
    empty = bytes_field(3, number_field(1, 0) + bytes_field(3, b""))
    data = sealed(text_field(1, "k") + empty * 170_000)
    assert len(data) > 1_000_000
    assert deaggregate(data) == [UserRecord("k", None, b"")] * 170_000


@pytest.mark.parametrize("name", REAL)
def test_every_byte_that_is_changed_is_noticed(name: str) -> None:
    for damaged in damages(real(name), 0):
        assert deaggregation.is_aggregated(damaged)
        assert is_damaged(damaged)


def test_every_byte_of_what_the_kpl_put_that_is_changed_is_noticed() -> None:
    recording = json.loads((PAYLOADS / "kpl/kpl-2-user-records.json").read_text())
    (stream_record,) = map(recorded, recording["stream_records"])
    data = bytearray(stream_record.data)
    for at in range(len(data)):
        data[at] ^= 1 << at % 8
        assert is_damaged(bytes(data))
        data[at] ^= 1 << at % 8
    assert len(deaggregate(bytes(data))) == 2


@pytest.mark.parametrize("name", REAL)
def test_every_truncation_is_noticed(name: str) -> None:
    data = real(name)
    for length in range(2, len(data)):
        assert deaggregation.is_aggregated(data[:length])
        assert is_damaged(data[:length])


@pytest.mark.parametrize("name", REAL)
def test_a_changed_message_with_the_right_digest_is_read_as_protobuf_reads_it_or_refused(
    name: str,
) -> None:
    message = message_in(real(name))
    truncations = [message[:length] for length in range(len(message))]
    legal = 0
    for changed in [*damages(message, 0), *truncations]:
        try:
            found = deaggregate(sealed(changed))
        except deaggregation.DamagedAggregateError:
            continue
        legal += 1
        assert found == decoded_by_protobuf(changed)
    assert legal > len(message) / 2


FRAGMENTS = st.one_of(
    st.binary(max_size=8),
    st.builds(number_field, st.integers(0, 5), st.integers(0, 2**64 - 1)),
    st.builds(number_field, st.integers(1, 2), st.integers(0, 2)),
    st.builds(bytes_field, st.integers(1, 4), st.binary(max_size=4)),
)
RECORDS = st.lists(FRAGMENTS, max_size=4).map(lambda parts: bytes_field(3, b"".join(parts)))


@given(st.lists(FRAGMENTS | RECORDS, max_size=6).map(b"".join))
def test_any_message_is_read_as_protobuf_reads_it_or_refused(message: bytes) -> None:
    try:
        found = deaggregate(sealed(message))
    except deaggregation.DamagedAggregateError:
        return
    assert found == decoded_by_protobuf(message)


def of_record(*fields: bytes) -> bytes:
    """Returns a message with one key in each table and a record of these fields."""
    return text_field(1, "k") + text_field(2, "7") + bytes_field(3, b"".join(fields))


KEY, HASH_KEY, DATA = number_field(1, 0), number_field(2, 0), bytes_field(3, b"x")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (of_record(number_field(1, 1), DATA), "key index out of range: index=1 keys=1"),
        (of_record(number_field(1, 2**64 - 1), DATA), "key index out of range: index=18446744"),
        (of_record(KEY, number_field(2, 1), DATA), "key index out of range: index=1 keys=1"),
        (bytes_field(3, KEY + DATA), "key index out of range: index=0 keys=0"),
        (of_record(KEY), "record without partition key or data"),
        (of_record(DATA), "record without partition key or data"),
        (of_record(HASH_KEY, DATA), "record without partition key or data"),
        (of_record(), "record without partition key or data"),
        (b"\x0a\x09k", "field longer than what it is in: offset=6 length=9 available=1"),
        (of_record(KEY, b"\x1a\x02x"), "field longer than what it is in"),
        (of_record(KEY, b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "longer than what"),
        (b"\x0a", "varint without an end, or over 64 bits: offset=5"),
        (b"\x0a\x80", "varint without an end"),
        (of_record(b"\x08"), "varint without an end"),
        (of_record(b"\x08\x80") + b"\x00", "varint without an end"),
        (b"\x80" * 10 + b"\x01", "varint without an end, or over 64 bits: offset=4"),
        (of_record(b"\x08" + b"\x80" * 10 + b"\x00", DATA), "over 64 bits"),
        (of_record(b"\x08" + b"\xff" * 9 + b"\x02", DATA), "over 64 bits"),
        (b"\x08\x01", "unknown field: offset=6 number=1 type=0"),
        (number_field(3, 0), "unknown field: offset=6 number=3 type=0"),
        (of_record(bytes_field(1, b"\0"), DATA), "unknown field: offset=14 number=1 type=2"),
        (of_record(KEY, number_field(3, 0)), "number=3 type=0"),
        (of_record(KEY, DATA, number_field(4, 0)), "number=4 type=0"),
        (text_field(4, "x"), "unknown field: offset=6 number=4 type=2"),
        (number_field(0, 1), "number=0 type=0"),
        (of_record(KEY, DATA, number_field(5, 1)), "number=5 type=0"),
        (of_record(KEY, DATA, number_field(536_870_911, 1)), "number=536870911 type=0"),
        (b"\x0d\x01\x02\x03\x04", "unknown field: offset=6 number=1 type=5"),
        (b"\x09" + b"\x01" * 8, "number=1 type=1"),
        (b"\x1b\x08\x00\x1a\x01x\x1c", "number=3 type=3"),
        (b"\x1c\x00", "number=3 type=4"),
        (b"\x0e\x00", "number=1 type=6"),
        (b"\x0f\x00", "number=1 type=7"),
        (bytes_field(1, b"\xff"), "not UTF-8: offset=6 length=1"),
        (bytes_field(2, b"\xed\xa0\x80"), "not UTF-8"),
        (of_record(KEY, DATA, bytes_field(4, b"")), "tag without key"),
        (of_record(KEY, DATA, bytes_field(4, text_field(2, "v"))), "tag without key"),
        (of_record(KEY, DATA, bytes_field(4, number_field(1, 1))), "number=1 type=0"),
        (of_record(KEY, DATA, bytes_field(4, text_field(3, "v"))), "number=3 type=2"),
        (of_record(KEY, DATA, bytes_field(4, bytes_field(1, b"\xff"))), "not UTF-8"),
        (of_record(KEY, DATA, b"\x22\x03\x0a\x01"), "field longer than what it is in"),
    ],
)
def test_what_the_format_does_not_allow_is_refused(message: bytes, problem: str) -> None:
    with pytest.raises(deaggregation.DamagedAggregateError, match=problem):
        deaggregate(sealed(message))


@pytest.mark.parametrize(
    ("message", "user_records"),
    [
        (b"", []),
        (text_field(1, "k"), []),
        (of_record(KEY, DATA), [UserRecord("k", None, b"x")]),
        (of_record(DATA, HASH_KEY, KEY), [UserRecord("k", "7", b"x")]),
        (of_record(KEY, bytes_field(3, b"")), [UserRecord("k", None, b"")]),
        (of_record(KEY, b"\x1a\x81\x80\x00x"), [UserRecord("k", None, b"x")]),
        (of_record(number_field(1, 9), KEY, DATA, DATA), [UserRecord("k", None, b"x")]),
        (
            of_record(KEY, DATA, bytes_field(4, text_field(1, "t") + text_field(2, "v"))),
            [UserRecord("k", None, b"x")],
        ),
        (
            of_record(KEY, DATA, *[bytes_field(4, text_field(1, ""))] * 2),
            [UserRecord("k", None, b"x")],
        ),
        (of_record(KEY, DATA) + text_field(1, "unused"), [UserRecord("k", None, b"x")]),
    ],
)
def test_what_the_format_allows_is_read(message: bytes, user_records: list[UserRecord]) -> None:
    assert deaggregate(sealed(message)) == user_records
    assert decoded_by_protobuf(message) == user_records
