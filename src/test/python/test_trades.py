"""Lines become items, by docs/RECORDS.md: whole ones exactly, bad ones not at all."""

from __future__ import annotations

import decimal
import json
import re
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import example, given
from hypothesis import strategies as st

import deaggregation
import identity
import reference_conf
import trades
from aggregates import PAYLOADS, records_in
from test_decimal_text import NUMBERS

ROOT = Path(__file__).parents[3]
VENUES = reference_conf.read().venues
RECORDS = (ROOT / "docs/RECORDS.md").read_text()
SECTION_8, SECTION_9 = RECORDS.partition("## 8. ")[2].split("## 9. ")
REASONS = set(
    re.findall(r"`([a-z0-9-]+)`", "".join(re.findall(r"^\| (`.*?) \|", SECTION_9, re.MULTILINE)))
)
VECTORS = json.loads(RECORDS.rpartition("```json\n")[2].partition("```")[0])
ID = "oaFAQhSiLwmpCHwfPdCOOQ"
GOOD = {
    "trade_id": ID,
    "symbol": "AAPL",
    "asset_class": "stock",
    "price": 164.0601,
    "volume": 5,
    "traded_at": 1_680_286_537_580,
    "received_at": 1_680_286_538_355,
    "conditions": ["1", "12"],
    "feed": "finnhub",
}
LINE = json.dumps(GOOD).encode()
MESSAGES = [
    path
    for path in sorted(PAYLOADS.glob("*.json"))
    if not path.name.startswith(("lambda_", "INDEX"))
]
CAPTURES = sorted((ROOT / "conf/captures").glob("*.ndjson"))

# What UTF-8 can hold, control characters and all.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SYMBOLS = TEXTS.filter(lambda text: 0 < len(text.encode()) <= trades.MAX_SYMBOL_LENGTH)
CANONICAL_NUMBERS = st.from_regex(
    r"([1-9][0-9]{0,18}(\.[0-9]{0,17}[1-9])?|0\.[0-9]{0,36}[1-9])", fullmatch=True
)
TRADES = st.builds(
    identity.Trade,
    SYMBOLS,
    CANONICAL_NUMBERS,
    st.one_of(st.just("0"), CANONICAL_NUMBERS),
    st.integers(trades.FIRST_TRADED_AT, trades.LAST_TRADED_AT),
    st.lists(TEXTS, max_size=5).map(tuple),
)


def line_with(**fields: Any) -> bytes:
    return json.dumps(GOOD | fields).encode()


def line_without(name: str) -> bytes:
    return json.dumps({k: v for k, v in GOOD.items() if k != name}).encode()


def line_saying(**digits: str) -> bytes:
    """Returns a line in which these fields have these very digits."""
    given = ",".join(f'"{name}":{text}' for name, text in digits.items())
    return LINE.removesuffix(b"}") + b"," + given.encode() + b"}"


def reason_of(line: bytes) -> str:
    with pytest.raises(trades.BadLineError) as caught:
        trades.item_of(line)
    assert caught.value.reason in REASONS
    assert str(caught.value) == f"bad line: reason={caught.value.reason}"
    return caught.value.reason


def number_in(item: trades.Item, name: str) -> str:
    (attribute,) = item[name].items()
    assert attribute[0] == "N"
    return str(attribute[1])


def item_of_trade(trade: identity.Trade, trade_id: str, received_at: int, feed: str) -> Any:
    """Returns the item that a trade must become, built from the trade itself."""
    item: dict[str, dict[str, Any]] = {
        "trade_id": {"S": trade_id},
        "symbol": {"S": trade.symbol},
        "asset_class": {"S": identity.asset_class(trade.symbol, VENUES)},
        "kind": {"S": "quote" if trade.volume == "0" else "trade"},
        "price": {"N": trade.price},
        "volume": {"N": trade.volume},
        "traded_at": {"N": str(trade.traded_at)},
        "received_at": {"N": str(received_at)},
        "feed": {"S": feed},
    }
    if trade.conditions:
        item["conditions"] = {"L": [{"S": condition} for condition in trade.conditions]}
    return item


def test_a_line_becomes_an_item() -> None:
    assert trades.item_of(LINE + b"\n") == {
        "trade_id": {"S": ID},
        "symbol": {"S": "AAPL"},
        "asset_class": {"S": "stock"},
        "kind": {"S": "trade"},
        "price": {"N": "164.0601"},
        "volume": {"N": "5"},
        "traded_at": {"N": "1680286537580"},
        "received_at": {"N": "1680286538355"},
        "conditions": {"L": [{"S": "1"}, {"S": "12"}]},
        "feed": {"S": "finnhub"},
    }


def test_the_time_of_receipt_is_read_back() -> None:
    assert trades.received_at_of(trades.item_of(LINE)) == 1_680_286_538_355


def test_an_item_expires_in_seconds_from_the_trade_when_it_has_a_time_to_live() -> None:
    assert trades.item_of(LINE, 30)["expires_at"] == {"N": str(1_680_286_537 + 30 * 86_400)}
    assert "expires_at" not in trades.item_of(LINE, 0)


def test_the_line_of_the_document_becomes_the_item_of_the_document() -> None:
    line, item = re.findall(r"```\n(.*)\n```", SECTION_8)
    assert trades.item_of(line.encode(), 365) == json.loads(item)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_the_line_of_a_vector_becomes_its_item(vector: dict[str, Any]) -> None:
    (element,) = identity.elements_of(f'{{"data":[{vector["trade"]}],"type":"trade"}}'.encode())
    trade = identity.trade_of(element)
    item = trades.item_of(trade.line(vector["trade_id"], 1_680_286_538_355, "finnhub", VENUES))
    assert item["trade_id"] == {"S": vector["trade_id"]}
    assert item["symbol"] == {"S": vector["symbol"]}
    assert item["kind"] == {"S": "quote" if vector["volume"] == "0" else "trade"}
    assert number_in(item, "price") == vector["price"]
    assert number_in(item, "volume") == vector["volume"]
    assert number_in(item, "traded_at") == str(vector["traded_at"])
    conditions = [condition["S"] for condition in item.get("conditions", {"L": []})["L"]]
    assert conditions == vector["conditions"]


@given(TRADES, st.text("abcXYZ019-_", min_size=22, max_size=22), st.integers(0, 2**41))
def test_the_line_of_any_trade_becomes_the_item_of_that_trade(
    trade: identity.Trade, trade_id: str, received_at: int
) -> None:
    line = trade.line(trade_id, received_at, "finnhub", VENUES)
    item = trades.item_of(line)
    assert item == item_of_trade(trade, trade_id, received_at, "finnhub")
    assert item == trades.item_of(line.removesuffix(b"\n"))


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: str(path.name))
def test_the_lines_of_captured_trades_become_the_items_of_those_trades(capture: Path) -> None:
    count = 0
    for frame in capture.read_text().splitlines():
        for element in identity.elements_of(json.loads(frame)["frame"].encode()):
            trade = identity.trade_of(element)
            item = trades.item_of(trade.line(ID, 1_680_286_538_355, "finnhub", VENUES))
            assert item == item_of_trade(trade, ID, 1_680_286_538_355, "finnhub")
            count += 1
    assert count > 50


@given(st.binary(max_size=300))
@example(b'{"\xf0\x9f\x98\x80":' * 100)
def test_any_bytes_are_an_item_or_a_bad_line(line: bytes) -> None:
    assert reason_of(line) in {"empty", "json", "utf-8", "wrong-type", "missing-field"}


@given(
    st.sampled_from(sorted(GOOD)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda values: st.lists(values) | st.dictionaries(st.text(), values),
        max_leaves=5,
    ),
)
def test_any_value_of_a_field_is_an_item_or_a_bad_line(name: str, value: Any) -> None:
    try:
        item = trades.item_of(line_with(**{name: value}))
    except trades.BadLineError as e:
        assert e.reason in REASONS
    else:
        assert item.keys() - {"conditions"} == GOOD.keys() - {"conditions"} | {"kind"}


@given(st.integers(0, len(LINE) - 1), st.integers(0, 255))
def test_a_line_with_a_byte_changed_is_an_item_or_a_bad_line(at: int, byte: int) -> None:
    changed = LINE[:at] + bytes([byte]) + LINE[at + 1 :]
    try:
        item = trades.item_of(changed)
    except trades.BadLineError as e:
        assert e.reason in REASONS
    else:
        assert item["trade_id"]["S"]
        assert item["symbol"]["S"]


def test_a_line_cut_at_any_byte_is_bad() -> None:
    assert reason_of(LINE[:0]) == "empty"
    for length in range(1, len(LINE)):
        assert reason_of(LINE[:length]) == "json"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b" \t\r", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xef\xbb\xbf\xef\xbb\xbf" + LINE, "json"),
        (LINE + b"\0", "json"),
        (LINE + LINE, "json"),
        (LINE + b"\n" + LINE, "json"),
        (LINE.replace(b"{", b"", 1), "json"),
        (LINE.replace(b'"price":', b'"price:'), "json"),
        (LINE.replace(b"}", b",}"), "json"),
        (LINE.replace(b'"feed"', b"'feed'"), "json"),
        (LINE.replace(b"AAPL", b"AA\x01PL"), "json"),
        (LINE.replace(b"AAPL", b"AA\\xPL"), "json"),
        (LINE.replace(b"AAPL", b"AA\xffPL"), "utf-8"),
        (LINE.replace(b"AAPL", b"\xed\xa0\x80"), "utf-8"),
        (LINE.replace(b"AAPL", b"\xc0\xaf"), "utf-8"),
        (b"[" * 8000, "json"),
        (LINE[:-1] + b',"x":' + b"[" * 512 + b"]" * 512 + b"}", "json"),
        (b"[" * 100_000, "line-length"),
        (b"null", "wrong-type"),
        (b"[" + LINE + b"]", "wrong-type"),
        (b'"' + b"x" * 100 + b'"', "wrong-type"),
        (b"1", "wrong-type"),
        (b"{}", "missing-field"),
        (b'{"msg":"line0"}', "missing-field"),
    ],
)
def test_what_is_not_a_trade_is_a_bad_line(line: bytes, reason: str) -> None:
    assert reason_of(line) == reason


@pytest.mark.parametrize(
    "digits",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "sNaN",
        "-NaN",
        "01",
        ".5",
        "5.",
        "+1",
        "1e",
        "0x1",
        "1_000",
        "-",
        "--1",
        "1,5",
    ],
)
@pytest.mark.parametrize("name", ["price", "volume", "traded_at"])
def test_a_number_that_json_does_not_have_is_bad(name: str, digits: str) -> None:
    assert reason_of(line_saying(**{name: digits})) == "json"


@pytest.mark.parametrize(
    "line",
    [
        b"\xef\xbb\xbf" + LINE,
        LINE + b"\r\n",
        b" \t" + LINE + b" ",
        json.dumps(GOOD, indent=1).encode().replace(b"\n", b"\r"),
        json.dumps(dict(reversed(GOOD.items()))).encode(),
        LINE.replace(b'"symbol"', b'"\\u0073ymbol"').replace(b"AAPL", b"\\u0041APL"),
        line_with(unknown={"symbol": ["X", {"price": None}]}),
        b'{"unknown":[[{"price":0}]],' + LINE[1:],
        LINE[:-1] + b',"x":' + b"[" * 511 + b"]" * 511 + b"}",
        line_with(unknown="[{" * 600),
        b'{"price":"x","symbol":null,' + LINE[1:],
        line_with(kind="trade"),
        line_with(kind=None),
    ],
)
def test_the_same_trade_in_another_writing_becomes_the_same_item(line: bytes) -> None:
    assert trades.item_of(line) == trades.item_of(LINE)


@pytest.mark.parametrize("name", sorted(GOOD.keys() - {"conditions"}))
def test_a_line_without_a_field_is_bad(name: str) -> None:
    assert reason_of(line_without(name)) == "missing-field"
    assert reason_of(line_with(**{name: None})) == "missing-field"


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("value", [True, {}, {"S": "AAPL"}, [1], [None], [[]]])
def test_a_field_of_another_type_is_bad(name: str, value: Any) -> None:
    assert reason_of(line_with(**{name: value})) == "wrong-type"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"trade_id": 1}, "wrong-type"),
        ({"symbol": 1}, "wrong-type"),
        ({"price": "164.06"}, "wrong-type"),
        ({"received_at": "1680286538355"}, "wrong-type"),
        ({"kind": 1}, "wrong-type"),
        ({"kind": ["quote"]}, "wrong-type"),
        ({"conditions": "1"}, "wrong-type"),
        ({"conditions": [14, None]}, "wrong-type"),
        ({"conditions": {}}, "wrong-type"),
        ({"price": "1", "symbol": None}, "wrong-type"),
        ({"symbol": "\ud800"}, "lone-surrogate"),
        ({"trade_id": "\udfff"}, "lone-surrogate"),
        ({"feed": "\ud83d"}, "lone-surrogate"),
        ({"asset_class": "\ud83d"}, "lone-surrogate"),
        ({"conditions": ["1", "\udc00\ud800"]}, "lone-surrogate"),
        ({"trade_id": ""}, "trade-id"),
        ({"trade_id": "x" * 2049}, "trade-id"),
        ({"trade_id": "é" * 1024 + "x"}, "trade-id"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "x" * 257}, "symbol"),
        ({"symbol": "é" * 129}, "symbol"),
        ({"asset_class": ""}, "asset-class"),
        ({"asset_class": "bond"}, "asset-class"),
        ({"feed": ""}, "feed"),
        ({"price": 0}, "price"),
        ({"price": 0, "volume": 0}, "price"),
        ({"price": 0, "volume": -1}, "price"),
        ({"price": -0.0}, "price"),
        ({"price": -1}, "price"),
        ({"volume": -1}, "volume"),
        ({"volume": -1e-9}, "volume"),
        ({"kind": ""}, "kind"),
        ({"kind": "tick"}, "kind"),
        ({"kind": "quote"}, "kind"),
        ({"kind": "trade", "volume": 0}, "kind"),
        ({"kind": "trade", "volume": -0.0}, "kind"),
        ({"traded_at": 0}, "traded-at"),
        ({"traded_at": -1}, "traded-at"),
        ({"traded_at": 946_684_799_999}, "traded-at"),
        ({"traded_at": 4_102_444_800_000}, "traded-at"),
        ({"traded_at": 1_680_286_537}, "traded-at"),
        ({"traded_at": 1_680_286_537_580.5}, "traded-at"),
        ({"received_at": -1}, "received-at"),
        ({"received_at": 1.5}, "received-at"),
        ({"received_at": 4_102_444_800_000}, "received-at"),
        ({"received_at": 10**19}, "received-at"),
        ({"received_at": 10**20}, "received-at"),
        ({"received_at": 2**64}, "received-at"),
    ],
)
def test_a_field_that_cannot_be_right_is_bad(fields: dict[str, Any], reason: str) -> None:
    assert reason_of(line_with(**fields)) == reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trade_id", "x"),
        ("trade_id", "é" * 1024),
        ("symbol", "A"),
        ("symbol", "é" * 128),
        ("symbol", 'A"B\\C/\x1f\U0001f600'),
        ("asset_class", "other"),
        ("feed", "f"),
    ],
)
def test_a_text_at_its_bounds_is_stored_as_it_is(name: str, value: str) -> None:
    assert trades.item_of(line_with(**{name: value}))[name] == {"S": value}


def test_escapes_are_read() -> None:
    line = LINE.replace(b"AAPL", rb"A\"B\\C\/\u0041\ud83d\ude00")
    assert trades.item_of(line)["symbol"] == {"S": 'A"B\\C/A\U0001f600'}


@pytest.mark.parametrize("conditions", [None, []])
def test_no_conditions_are_no_attribute(conditions: Any) -> None:
    item = trades.item_of(line_with(conditions=conditions))
    assert item == trades.item_of(line_without("conditions"))
    assert "conditions" not in item


def test_conditions_keep_their_order_and_may_be_empty_texts() -> None:
    item = trades.item_of(line_with(conditions=["12", "", "1", "12"]))
    assert item["conditions"] == {"L": [{"S": "12"}, {"S": ""}, {"S": "1"}, {"S": "12"}]}


@pytest.mark.parametrize("digits", ["0", "-0", "0.0", "-0.0", "0e5", "0e-999999999999", "-0E+1"])
@pytest.mark.parametrize("kind", ["", '"kind":"quote",'])
def test_a_volume_of_zero_is_a_quote(digits: str, kind: str) -> None:
    item = trades.item_of(b"{" + kind.encode() + line_saying(volume=digits)[1:])
    assert item["volume"] == {"N": "0"}
    assert item["kind"] == {"S": "quote"}


@pytest.mark.parametrize(
    ("digits", "canonical"),
    [
        ("7.57e-06", "0.00000757"),
        ("8.13548e+8", "813548000"),
        ("2.4970168e+07", "24970168"),
        ("5E-7", "0.0000005"),
        ("1e0", "1"),
        ("100", "100"),
        ("100.0", "100"),
        ("1e2", "100"),
        ("30.40", "30.4"),
        ("20297.44489644", "20297.44489644"),
        ("0.1" + "0" * 39, "0.1"),
        ("9007199254740993", "9007199254740993"),
        ("1.0000000000000001", "1.0000000000000001"),
        ("1" * 38, "1" * 38),
        ("1" * 38 + "000", "1" * 38 + "000"),
        ("0." + "1" * 38, "0." + "1" * 38),
        ("9." + "9" * 37 + "e125", "9" * 38 + "0" * 88),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("1" + "0" * 125, "1" + "0" * 125),
        ("0." + "0" * 2000 + "1e2000", "0.1"),
    ],
)
def test_a_number_goes_exactly_and_canonically_into_the_item(digits: str, canonical: str) -> None:
    item = trades.item_of(line_saying(price=digits, volume=digits))
    assert item["price"] == item["volume"] == {"N": canonical}


@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        ("1" * 39, "digits"),
        ("0.1" + "0" * 37 + "1", "digits"),
        ("90.7" + "3" * 1200, "digits"),
        ("1" * 5000, "digits"),
        ("-" + "1" * 39, "digits"),
        ("1e126", "range"),
        ("1e-131", "range"),
        ("1e400", "range"),
        ("-1e400", "range"),
        ("1e999999999", "range"),
        ("1e-999999999", "range"),
        ("1e" + "9" * 5000, "range"),
        ("1e-" + "9" * 5000, "range"),
        ("1" * 1_000_000, "line-length"),
        ("1e" + "9" * 1_000_000, "line-length"),
    ],
)
@pytest.mark.parametrize("name", ["price", "volume"])
def test_a_number_that_the_table_cannot_hold_is_bad(name: str, digits: str, reason: str) -> None:
    assert reason_of(line_saying(**{name: digits})) == reason


@pytest.mark.parametrize(
    "digits", ["1e999999999999", "1" * 5000, "-1e5000", "0." + "1" * 5000, "1.5e0", "1e-1"]
)
@pytest.mark.parametrize(
    ("name", "reason"), [("traded_at", "traded-at"), ("received_at", "received-at")]
)
def test_a_time_that_is_no_millisecond_is_bad(name: str, reason: str, digits: str) -> None:
    assert reason_of(line_saying(**{name: digits})) == reason


@pytest.mark.parametrize(
    "digits",
    ["1721555886208", "1.721555886208e12", "1721555886208.000", "17215558862080e-1"],
)
def test_a_time_is_whole_in_any_writing(digits: str) -> None:
    item = trades.item_of(line_saying(traded_at=digits, received_at=digits))
    assert item["traded_at"] == item["received_at"] == {"N": "1721555886208"}


@pytest.mark.parametrize("traded_at", [trades.FIRST_TRADED_AT, trades.LAST_TRADED_AT])
def test_the_first_and_the_last_time_are_taken(traded_at: int) -> None:
    item = trades.item_of(line_with(traded_at=traded_at, received_at=0))
    assert item["traded_at"] == {"N": str(traded_at)}
    assert item["received_at"] == {"N": "0"}


@given(NUMBERS)
def test_a_number_has_its_exact_value_and_boto3_stores_the_same(digits: str) -> None:
    with decimal.localcontext(prec=400, Emax=999_999, Emin=-999_999):
        exact = decimal.Decimal(digits)
        count = len(exact.normalize().as_tuple().digits)
        try:
            canonical = number_in(trades.item_of(line_saying(volume=digits)), "volume")
        except trades.BadLineError as e:
            in_range = not exact or -130 <= exact.adjusted() <= 125
            assert e.reason == ("digits" if count > 38 else "volume" if in_range else "range")
            return
        assert decimal.Decimal(canonical) == exact
        normal = decimal.Decimal(canonical).normalize()  # boto3 takes trailing zeros for digits
    assert decimal.Decimal(TypeSerializer().serialize(normal)["N"]) == exact


@pytest.mark.parametrize(
    ("digits", "boto3", "ours"),
    [
        ("NaN", TypeError, "json"),
        ("Infinity", TypeError, "json"),
        ("-Infinity", "-Infinity", "json"),
        ("sNaN", "sNaN", "json"),
        ("1" * 39, decimal.Inexact, "digits"),
        ("0.1" + "0" * 39, decimal.Rounded, "0.1"),
        ("1E+126", "1E+126", "range"),
        ("1E-131", "1E-131", "range"),
        ("30.40", "30.40", "30.4"),
        ("100.0", "100.0", "100"),
    ],
)
def test_what_boto3_refuses_or_wrongly_lets_through_is_exact_or_bad(
    digits: str, boto3: str | type[Exception], ours: str
) -> None:
    """Numbers do not go through its serializer: of each, this is what that would do."""
    number = decimal.Decimal(digits)
    if isinstance(boto3, str):
        assert TypeSerializer().serialize(number) == {"N": boto3}
    else:
        with pytest.raises(boto3):
            TypeSerializer().serialize(number)
    line = line_saying(volume=digits)
    if ours[0].isdigit():
        assert trades.item_of(line)["volume"] == {"N": ours}
    else:
        assert reason_of(line) == ours


def test_a_float_is_what_boto3_refuses_and_never_made() -> None:
    with pytest.raises(TypeError, match="Float types are not supported"):
        TypeSerializer().serialize(0.1)
    assert trades.item_of(line_saying(price="0.1"))["price"] == {"N": "0.1"}


def test_no_value_of_an_item_is_a_set_or_null() -> None:
    """An empty one is illegal in the table, and boto3 makes it without complaint."""
    assert TypeSerializer().serialize(set()) == {"NS": []}
    for line in (LINE, line_with(conditions=[]), line_with(conditions=None)):
        assert {kind for value in trades.item_of(line).values() for kind in value} <= set("SNL")


def test_of_duplicate_keys_the_last_one_counts() -> None:
    item = trades.item_of(line_saying(price="1", volume="2")[:-1] + b',"price":3}')
    assert item["price"] == {"N": "3"}
    assert item["volume"] == {"N": "2"}
    assert reason_of(line_saying(price="null")) == "missing-field"


def padded(length: int) -> bytes:
    empty = line_with(conditions=[""])
    return line_with(conditions=["x" * (length - len(empty))])


def test_a_line_is_bad_from_one_byte_over_its_bound() -> None:
    longest = padded(trades.MAX_LINE_LENGTH - 1)
    assert trades.item_of(longest) == trades.item_of(longest + b"\n")
    longer = padded(trades.MAX_LINE_LENGTH)
    assert reason_of(longer) == reason_of(longer + b"\n") == "line-length"


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\n", [b"a"]),
        (b"a", [b"a"]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\n\nb\n", [b"a", b"", b"b"]),
        (b"a\n\n", [b"a", b""]),
        (b"\n", [b""]),
        (b"", [b""]),
        (b"a\r\nb\x0bc\x85\n", [b"a\r", b"b\x0bc\x85"]),
    ],
)
def test_a_user_record_is_split_at_newlines_and_nothing_is_left_out(
    data: bytes, lines: list[bytes]
) -> None:
    assert trades.lines_of(data) == lines


@given(st.binary())
def test_the_lines_of_a_user_record_make_it_up(data: bytes) -> None:
    assert b"\n".join(trades.lines_of(data)) == data.removesuffix(b"\n")


@pytest.mark.parametrize(
    "name",
    [
        "lambda_plain_trade.json",
        "lambda_mixed_aggregated_and_plain.json",
        "lambda_kpl_native_pk_a.json",
    ],
)
def test_a_public_record_of_another_shape_is_no_trade(name: str) -> None:
    for data in records_in(name):
        user_records = (
            [user_record.data for user_record in deaggregation.deaggregate(data)]
            if deaggregation.is_aggregated(data)
            else [data]
        )
        for user_record in user_records:
            assert [reason_of(line) for line in trades.lines_of(user_record)] == ["missing-field"]


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: str(path.name))
def test_no_message_of_a_feed_is_taken_for_lines(path: Path) -> None:
    for line in trades.lines_of(path.read_bytes()):
        assert reason_of(line) in {"json", "wrong-type", "missing-field"}
