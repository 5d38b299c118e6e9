"""A stream record taken apart: trades, and what can never be one, with its place and its bytes."""

from __future__ import annotations

import pytest

import stream_events
from aggregates import encode, encode_by_hand, records_in
from dead_letters import DeadLetter, Place
from deaggregation import UserRecord
from pieces import Piece, Trade, pieces_of
from stream_events import (
    FIRST_SEQUENCE_NUMBER,
    SHARD,
    STREAM,
    Event,
    aggregate,
    damaged,
    event_of,
    event_of_texts,
    id_in,
    items_of,
    line_of,
    lines_of,
)

GOOD = line_of(1)


def pieces_in(event: Event) -> list[Piece]:
    return [piece for record in event["Records"] for piece in pieces_of(record)]


def summary(pieces: list[Piece]) -> list[tuple[str, int | None, int | None]]:
    """Returns what each piece is, an id or a reason, and where it was."""
    return [
        (
            piece.id if isinstance(piece, Trade) else piece.reason,
            piece.place.sub_sequence_number,
            piece.place.line,
        )
        for piece in pieces
    ]


def letters_in(name: str) -> list[tuple[str, bytes]]:
    """Returns the dead letters of a captured event, which holds nothing else."""
    pieces = pieces_in(stream_events.captured(name))
    letters = [piece for piece in pieces if isinstance(piece, DeadLetter)]
    assert letters == pieces
    return [(letter.reason, letter.payload) for letter in letters]


def test_a_plain_record_is_a_trade_a_line() -> None:
    lines = lines_of(range(3))
    pieces = pieces_in(event_of(b"".join(lines)))
    assert summary(pieces) == [(id_in(line), None, number) for number, line in enumerate(lines)]
    assert {p.id: p.item for p in pieces if isinstance(p, Trade)} == items_of(lines)
    assert pieces[2].place == Place(STREAM, SHARD, str(FIRST_SEQUENCE_NUMBER), None, 2)


def test_a_last_line_without_a_newline_is_a_trade() -> None:
    assert summary(pieces_in(event_of(GOOD.rstrip(b"\n")))) == [(id_in(GOOD), None, 0)]


def test_an_aggregate_is_a_trade_a_line_of_each_user_record() -> None:
    lines = lines_of(range(3))
    event = event_of(aggregate([lines[0] + lines[1], lines[2]]))
    assert summary(pieces_in(event)) == [
        (id_in(lines[0]), 0, 0),
        (id_in(lines[1]), 0, 1),
        (id_in(lines[2]), 1, 0),
    ]


def test_the_public_encoder_s_aggregate_is_the_same() -> None:
    lines = lines_of(range(3))
    data = encode([UserRecord("3", None, line) for line in lines])
    assert [piece[0] for piece in summary(pieces_in(event_of(data)))] == list(map(id_in, lines))


def test_an_aggregate_whose_key_tables_come_last_is_the_same() -> None:
    lines = lines_of(range(3))
    data = encode_by_hand([UserRecord("3", "5", line) for line in lines], tables_last=True)
    assert [piece[0] for piece in summary(pieces_in(event_of(data)))] == list(map(id_in, lines))


def test_a_time_to_live_reaches_the_item() -> None:
    (record,) = event_of(GOOD)["Records"]
    (piece,) = pieces_of(record, time_to_live_days=1)
    assert isinstance(piece, Trade)
    assert piece.item["expires_at"] == {"N": str(stream_events.TRADED_AT // 1000 + 86_400)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"data":[{"p:1.5,"s":"A","t":1,"v":1}],"type":"trade"}', "json"),
        (b'"data":[{"c":["1"],"p":1,"s":"A","t":1,"v":1}],"type":"trade"}', "json"),
        (b'{"data":[{"p":1,},],"type":"trade"}', "json"),
        (b"", "empty"),
        (b" ", "empty"),
        (b'\xef\xbb\xbf{"type":"ping"}', "missing-field"),
        (b'{"type":"ping"}\x00', "json"),
        (b"NaN", "json"),
        (b"-Infinity", "json"),
        (b"\xff\xfe", "utf-8"),
        (b"[" * 8000, "json"),
        (b"x" * 8193, "line-length"),
        (b"[]", "wrong-type"),
        (GOOD.replace(b'"price":100.25', b'"price":NaN'), "json"),
        (GOOD.replace(b'"price":100.25', b'"price":01'), "json"),
        (GOOD.replace(b'"price":100.25', b'"price":0'), "price"),
        (GOOD.replace(b'"price":100.25', b'"price":-1'), "price"),
        (GOOD.replace(b'"price":100.25', b'"price":1E+126'), "range"),
        (GOOD.replace(b'"price":100.25', b'"price":1E-131'), "range"),
        (GOOD.replace(b'"price":100.25', b'"price":' + b"3" * 39), "digits"),
        (GOOD.replace(b'"price":100.25', b'"price":"100.25"'), "wrong-type"),
        (GOOD.replace(b'"volume":1', b'"volume":-1'), "volume"),
        (GOOD.replace(b'"trade_id":"', b'"trade_id":"","x":"'), "trade-id"),
        (GOOD.replace(b'"trade_id":"', b'"trade_id":"' + b"x" * 2049), "trade-id"),
        (GOOD.replace(b'"trade_id":"', b'"trade_id":1,"x":"'), "wrong-type"),
        (GOOD.replace(b'"trade_id":"', b'"x":"'), "missing-field"),
        (GOOD.replace(b'"symbol":"', b'"symbol":"","x":"'), "symbol"),
        (GOOD.replace(b'"symbol":"', b'"symbol":"\\ud800'), "lone-surrogate"),
        (GOOD.replace(b'"feed":', b'"conditions":[14,null],"feed":'), "wrong-type"),
    ],
)
def test_a_bad_line_is_a_dead_letter_and_its_neighbours_are_trades(
    line: bytes, reason: str
) -> None:
    before, after = line_of(2), line_of(3)
    line = line.removesuffix(b"\n")
    pieces = pieces_in(event_of(aggregate([before + line + b"\n" + after])))
    assert summary(pieces) == [(id_in(before), 0, 0), (reason, 0, 1), (id_in(after), 0, 2)]
    assert isinstance(pieces[1], DeadLetter)
    assert pieces[1].payload == line


@pytest.mark.parametrize(
    ("changed", "stored"),
    [
        (GOOD.replace(b"100.25", b"0.1" + b"0" * 39), "0.1"),
        (GOOD.replace(b"100.25", b"30.40"), "30.4"),
        (GOOD.replace(b"100.25", b"1e2"), "100"),
        (GOOD.replace(b"100.25", b"8.13548e+8"), "813548000"),
        (GOOD.replace(b"100.25", b"5E-7"), "0.0000005"),
        (GOOD.replace(b"100.25", b"1" + b"0" * 37 + b".0"), "1" + "0" * 37),
        (GOOD.replace(b"100.25", b'1,"price":2'), "2"),
    ],
)
def test_an_odd_number_is_stored_with_its_exact_value(changed: bytes, stored: str) -> None:
    (piece,) = pieces_in(event_of(changed))
    assert isinstance(piece, Trade)
    assert piece.item["price"] == {"N": stored}


@pytest.mark.parametrize("conditions", [b"", b'"conditions":null,', b'"conditions":[],'])
def test_no_conditions_are_one_item_however_they_are_said(conditions: bytes) -> None:
    line = GOOD.replace(b'"feed"', conditions + b'"feed"')
    (piece,) = pieces_in(event_of(line))
    assert isinstance(piece, Trade)
    assert piece.item == items_of([GOOD])[id_in(GOOD)]


def test_every_cut_line_is_a_dead_letter() -> None:
    whole = GOOD.removesuffix(b"\n")
    for length in range(len(whole)):
        (piece,) = pieces_in(event_of(whole[:length]))
        assert isinstance(piece, DeadLetter)
        assert piece.payload == whole[:length]


def test_an_empty_user_record_is_a_dead_letter() -> None:
    assert summary(pieces_in(event_of(aggregate([GOOD, b"", GOOD])))) == [
        (id_in(GOOD), 0, 0),
        ("empty", 1, 0),
        (id_in(GOOD), 2, 0),
    ]


def test_a_damaged_aggregate_is_one_dead_letter_with_all_its_bytes() -> None:
    data = damaged(aggregate([GOOD]))
    (piece,) = pieces_in(event_of(data))
    assert piece == DeadLetter(
        "damaged-aggregate", Place(STREAM, SHARD, str(FIRST_SEQUENCE_NUMBER)), data
    )


@pytest.mark.parametrize(
    "name",
    [
        "lambda_bad_md5.json",
        "lambda_bad_body_bit.json",
        "lambda_bad_key_index.json",
        "lambda_magic_too_short.json",
    ],
)
def test_a_captured_damaged_aggregate_is_a_dead_letter(name: str) -> None:
    assert letters_in(name) == [("damaged-aggregate", records_in(name)[0])]


@pytest.mark.parametrize("text", ["%%%", "QUJD\n", "QQ", "Ä"])
def test_data_that_is_not_base64_is_a_dead_letter(text: str) -> None:
    (piece,) = pieces_in(event_of_texts(text))
    assert piece == DeadLetter(
        "base64", Place(STREAM, SHARD, str(FIRST_SEQUENCE_NUMBER)), text.encode()
    )


@pytest.mark.parametrize(
    ("name", "reason", "payloads"),
    [
        ("lambda_kpl_1_record.json", "json", [b"Testing KPL Aggregated Record 1-0"]),
        (
            "lambda_kpl_2_records.json",
            "json",
            [b"Testing KPL Aggregated Record 2-0", b"Testing KPL Aggregated Record 2-1"],
        ),
        (
            "lambda_kpl_3_json_records.json",
            "missing-field",
            [b'{"msg":"line0"}', b'{"msg":"line1"}', b'{"msg":"line2"}'],
        ),
        ("lambda_kpl_10_same_key.json", "missing-field", [b'{"key":"value"}'] * 10),
        (
            "lambda_mixed_aggregated_and_plain.json",
            "missing-field",
            [b'{"msg":"line0"}', b'{"msg":"line1"}', b'{"msg":"line2"}', b'{"msg":"plain"}'],
        ),
    ],
)
def test_captured_records_of_others_are_dead_letters(
    name: str, reason: str, payloads: list[bytes]
) -> None:
    assert letters_in(name) == [(reason, payload) for payload in payloads]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("lambda_plain_trade.json", 1),
        ("lambda_agg_2_real_trades.json", 2),
        ("lambda_kpl_native_pk_a.json", 2),
        ("lambda_records_before_key_table.json", 1),
    ],
)
def test_captured_trades_without_an_id_are_dead_letters(name: str, count: int) -> None:
    reasons = [reason for reason, _ in letters_in(name)]
    assert reasons == ["missing-field"] * count
