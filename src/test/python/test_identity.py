"""Identity and lines, by the rules and the vectors of docs/RECORDS.md, and on real frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import identity
import reference_conf
from journal_file import FRAME, Entry

ROOT = Path(__file__).parents[3]
VENUES = reference_conf.read().venues
AAPL = [
    json.loads(line)["frame"].encode()
    for line in (ROOT / "conf/captures/finnhub-aapl-20230331.ndjson").read_text().splitlines()
]
VECTORS = json.loads(
    (ROOT / "docs/RECORDS.md").read_text().rpartition("```json\n")[2].partition("```")[0]
)
GOOD = {"c": None, "p": 1.5, "s": "AAPL", "t": 1_575_526_691_134, "v": 2}


def entry(payload: bytes, session: int = 1, segment: int = 0, keep: bool = False) -> Entry:
    return Entry(segment, 0, FRAME, keep, session, 1_680_286_538_355, payload)


def ids_of(entries: list[Entry]) -> list[str]:
    identities = identity.Identity("finnhub", VENUES)
    ids = []
    segment = -1
    for given in entries:
        if given.segment != segment:
            segment = given.segment
            identities.begin_segment(segment)
        ids += [trade_id for trade_id, _, _ in identities.lines_of(given)]
    return ids


def message(*trades: Any) -> bytes:
    return json.dumps({"data": list(trades), "type": "trade"}).encode()


def rejection(text: str) -> str:
    """Returns the reason for which the one element with this text is rejected."""
    identities = identity.Identity("finnhub", VENUES)
    identities.begin_segment(0)
    lines = identities.lines_of(entry(f'{{"data":[{text}],"type":"trade"}}'.encode()))
    assert not lines
    assert identities.counts.trades_received == 1
    assert not identities.counts.broken_messages
    return next(iter(identities.counts.rejected))


def test_the_eight_real_frames_give_61_ids() -> None:
    ids = ids_of([entry(frame) for frame in AAPL])
    assert len(ids) == len(set(ids)) == 61


def test_the_eight_real_frames_given_twice_in_one_session_give_the_same_61() -> None:
    once = ids_of([entry(frame) for frame in AAPL])
    assert ids_of([entry(frame) for frame in AAPL + AAPL]) == once


def test_the_eight_real_frames_given_twice_and_kept_give_122() -> None:
    assert len(set(ids_of([entry(frame, keep=True) for frame in AAPL + AAPL]))) == 122


def test_two_sessions_give_the_same_61_however_the_frames_are_cut() -> None:
    trades = [trade for frame in AAPL for trade in json.loads(frame)["data"]]
    second = [entry(message(*trades[at : at + 7]), session=2) for at in range(0, len(trades), 7)]
    ids = ids_of([entry(frame) for frame in AAPL] + second)
    assert len(ids) == 122
    assert len(set(ids)) == 61


def test_a_frame_repeated_beyond_the_window_is_not_redelivered() -> None:
    near = [entry(message(GOOD)), entry(message(GOOD), segment=1)]
    far = [entry(message(GOOD)), entry(b"{}", segment=1), entry(message(GOOD), segment=2)]
    assert len(ids_of(near)) == 1
    assert len(ids_of(far)) == 2
    assert len(set(ids_of(far))) == 1


def test_a_redelivered_frame_is_itself_remembered() -> None:
    frames = [entry(message(GOOD), segment=segment) for segment in range(4)]
    assert len(ids_of(frames)) == 1


def test_null_missing_and_empty_conditions_are_the_same_trade() -> None:
    frames = [
        entry(message(GOOD), session=1),
        entry(message(GOOD | {"c": []}), session=2),
        entry(message({k: v for k, v in GOOD.items() if k != "c"}), session=3),
    ]
    assert len(set(ids_of(frames))) == 1


def test_line_of_a_trade() -> None:
    identities = identity.Identity("finnhub", VENUES)
    identities.begin_segment(0)
    element = (
        '{"c":["1","24"],"p":7296.890,"s":"BINANCE:A\\"\\u00e9\\u0001",'
        '"t":1.575526691134e12,"v":1e1}'
    )
    ((trade_id, symbol, line),) = identities.lines_of(
        entry(f'{{"data":[{element}],"type":"trade"}}'.encode())
    )
    assert symbol == 'BINANCE:A"\u00e9\u0001'
    assert line.decode() == (
        f'{{"trade_id":"{trade_id}","symbol":"BINANCE:A\\"\u00e9\\u0001","asset_class":"crypto",'
        '"price":7296.89,"volume":10,"traded_at":1575526691134,"received_at":1680286538355,'
        '"conditions":["1","24"],"feed":"finnhub"}\n'
    )


def test_a_volume_of_zero_is_a_quote() -> None:
    identities = identity.Identity("finnhub", VENUES)
    identities.begin_segment(0)
    ((_, _, line),) = identities.lines_of(entry(message(GOOD | {"v": -0.0, "s": "IC MARKETS:1"})))
    assert b'"asset_class":"forex","kind":"quote","price":1.5,"volume":0,' in line
    assert identities.counts.quotes_received == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"s": 1}, "wrong-type"),
        ({"p": "1"}, "wrong-type"),
        ({"v": True}, "wrong-type"),
        ({"t": []}, "wrong-type"),
        ({"c": "1"}, "wrong-type"),
        ({"c": [1]}, "wrong-type"),
        ({"c": [None]}, "wrong-type"),
        ({"s": None}, "missing-field"),
        ({"p": None, "s": ""}, "missing-field"),
        ({"s": "\ud800"}, "lone-surrogate"),
        ({"c": ["\udc00"]}, "lone-surrogate"),
        ({"s": ""}, "symbol"),
        ({"s": "é" * 129}, "symbol"),
        ({"p": 0}, "price"),
        ({"p": -1}, "price"),
        ({"v": -0.5}, "volume"),
        ({"t": 946_684_799_999}, "traded-at"),
        ({"t": 4_102_444_800_000}, "traded-at"),
        ({"t": 1_575_526_691_134.5}, "traded-at"),
        ({"c": ["x" * 8192]}, "line-length"),
        ({"c": ["x" * 70_000]}, "line-length"),
    ],
)
def test_rejected_trade(changes: dict[str, Any], reason: str) -> None:
    assert rejection(json.dumps(GOOD | changes)) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('"AAPL"', "wrong-type"),
        ("null", "wrong-type"),
        ('{"p":1,"s":"A","t":1575526691134,"v":1' + "1" * 38 + "}", "digits"),
        ('{"p":1e126,"s":"A","t":1575526691134,"v":1}', "range"),
        ('{"p":-1e-131,"s":"A","t":1575526691134,"v":1}', "range"),
        ('{"p":1,"s":"A","t":1e999999999999,"v":1}', "traded-at"),
        ('{"p":1,"s":"A","t":1575526691134,"v":1,"v":null}', "missing-field"),
    ],
)
def test_rejected_element(text: str, reason: str) -> None:
    assert rejection(text) == reason


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'{"type":"trade","data":[]} x',
        b'{"type":"trade","data":[NaN]}',
        b'{"type":"trade","data":[-Infinity]}',
        b'{"type":"trade","data":[01]}',
        b'{"type":"trade","data":[1.]}',
        b'{"type":"trade","data":["\x01"]}',
        b'{"type":"tr\xffade"}',
        b'{"type":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"[" * 513 + b"]" * 513,
        b"[" * 100_000,
    ],
)
def test_broken_message(payload: bytes) -> None:
    with pytest.raises(identity.BrokenMessageError):
        identity.elements_of(payload)


@pytest.mark.parametrize(
    ("payload", "count"),
    [
        (b'\xef\xbb\xbf{"type":"trade","data":[1,2]}', 2),
        (b'{"type":"ping","type":"trade","data":[1],"data":[1,2,3]}', 3),
        (b'{"\\u0074ype":"trade","data":[1]}', 1),
        (b'{"type":"trade","data":{}}', 0),
        (b'{"type":"trade"}', 0),
        (b'{"type":["trade"],"data":[1]}', 0),
        (b'["trade"]', 0),
        (b'{"type":"news","data":[1]}', 0),
        (b'"' + b"[" * 600 + b'"', 0),
        (b'{"type":"trade","data":[' + b"[" * 510 + b"]" * 510 + b"]}", 1),
    ],
)
def test_received_trades_of_a_valid_message(payload: bytes, count: int) -> None:
    assert len(identity.elements_of(payload)) == count


def test_nothing_is_received_from_any_truncation_of_a_real_frame() -> None:
    for length in range(len(AAPL[0])):
        with pytest.raises(identity.BrokenMessageError):
            identity.elements_of(AAPL[0][:length])


def test_the_settings_that_lines_depend_on_are_read_from_reference_conf() -> None:
    settings = reference_conf.read()
    assert (settings.buckets, settings.max_bytes) == (32, 16 * 1024)
    assert settings.venues["IC MARKETS"] == "forex"
    assert settings.venues["BINANCE"] == "crypto"


def test_the_buckets_hash_keys_are_the_middles_of_equal_slices() -> None:
    assert identity.explicit_hash_key_of(0, 2) == str(2**126)
    assert identity.explicit_hash_key_of(1, 2) == str(3 * 2**126)
    assert all(0 <= identity.bucket_of(f"S{i}", 3) < 3 for i in range(100))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_agrees_with_the_vector(vector: dict[str, Any]) -> None:
    payload = f'{{"data":[{vector["trade"]}],"type":"trade"}}'.encode()
    (element,) = identity.elements_of(payload)
    trade = identity.trade_of(element)
    assert trade == identity.Trade(
        vector["symbol"],
        vector["price"],
        vector["volume"],
        vector["traded_at"],
        tuple(vector["conditions"]),
    )
    assert trade.key("finnhub").hex() == vector["key"]
    assert identity.trade_id_of(trade.key("finnhub"), vector["ordinal"]) == vector["trade_id"]
    assert identity.bucket_of(trade.symbol, 32) == vector["bucket"]
