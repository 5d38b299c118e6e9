"""A line of a user record becomes an item of the table, by the rules of docs/RECORDS.md.

Nothing is rounded, guessed or repaired on the way: a line that breaks a rule is a bad line, with
the first rule that it breaks as the reason, and concerns no other line. Numbers are never computed
with; they go from the line's digits to the item's.
"""

from __future__ import annotations

import re
from typing import Any

import decimal_text
import json_text
from json_text import Number

Item = dict[str, dict[str, Any]]
"""An item in DynamoDB's attribute-value form, such as `{"price": {"N": "164.0601"}}`."""

MAX_LINE_LENGTH = 8192
"""In bytes, the final newline included."""
MAX_TRADE_ID_LENGTH = 2048
"""In bytes of UTF-8: what DynamoDB allows a partition key."""
MAX_SYMBOL_LENGTH = 256
"""In bytes of UTF-8. Like every key, of the table or of an index, a symbol is never empty."""
FIRST_TRADED_AT = 946_684_800_000
LAST_TRADED_AT = 4_102_444_799_999
ASSET_CLASSES = frozenset({"stock", "forex", "crypto", "other"})

_BOM = b"\xef\xbb\xbf"
_TEXTS = ("trade_id", "symbol", "asset_class", "feed")
_NUMBERS = ("price", "volume", "traded_at", "received_at")
_TEXT = frozenset({str})
_TEXT_OR_NONE = frozenset({str, type(None)})
_NUMBER_OR_NONE = frozenset({Number, type(None)})
_CANONICAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_SECONDS_A_DAY = 86_400


class BadLineError(Exception):
    """A line that is not a trade; `reason` is the rule that it breaks, in docs/RECORDS.md."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"bad line: reason={reason}")
        self.reason = reason


def lines_of(data: bytes) -> list[bytes]:
    """Returns the lines of a user record, without their newlines; at least one.

    The last line may lack its newline, since a user record has no other end. A blank line, and the
    one line of an empty user record, is returned as any other and is then a bad line: whatever was
    put on the stream is either stored or a dead letter, and no ingester of ours writes one.
    """
    return data.removesuffix(b"\n").split(b"\n")


def item_of(line: bytes, time_to_live_days: int = 0) -> Item:
    """Returns the item of a line, with or without its newline; raises BadLineError.

    With a time to live the item expires that many days after the trade, so that a line that is
    read again becomes the same item.
    """
    fields = _fields_of(line)
    _check_types(fields)
    _check_texts(fields)
    price, volume = _price_and_volume(fields["price"], fields["volume"])
    kind = _kind(fields.get("kind"), volume)
    traded_at = _millis(fields["traded_at"], FIRST_TRADED_AT, "traded-at")
    received_at = _millis(fields["received_at"], 0, "received-at")
    item: Item = {
        "trade_id": {"S": fields["trade_id"]},
        "symbol": {"S": fields["symbol"]},
        "asset_class": {"S": fields["asset_class"]},
        "kind": {"S": kind},
        "price": {"N": price},
        "volume": {"N": volume},
        "traded_at": {"N": str(traded_at)},
        "received_at": {"N": str(received_at)},
        "feed": {"S": fields["feed"]},
    }
    conditions = fields.get("conditions")
    if conditions:
        item["conditions"] = {"L": [{"S": condition} for condition in conditions]}
    if time_to_live_days > 0:
        expires_at = traded_at // 1000 + time_to_live_days * _SECONDS_A_DAY
        item["expires_at"] = {"N": str(expires_at)}
    return item


def received_at_of(item: Item) -> int:
    """Returns when the trade of an item was received, in milliseconds since the epoch."""
    return int(item["received_at"]["N"])


def _fields_of(line: bytes) -> dict[str, Any]:
    if len(line) + (not line.endswith(b"\n")) > MAX_LINE_LENGTH:
        raise BadLineError("line-length")
    try:
        text = line.removeprefix(_BOM).decode()
    except UnicodeDecodeError as e:
        raise BadLineError("utf-8") from e
    try:
        fields = json_text.parse(text)
    except ValueError as e:
        raise BadLineError("json" if text.strip() else "empty") from e
    if not isinstance(fields, dict):
        raise BadLineError("wrong-type")
    return fields


def _check_types(fields: dict[str, Any]) -> None:
    texts = [fields.get(name) for name in _TEXTS]
    numbers = [fields.get(name) for name in _NUMBERS]
    conditions = fields.get("conditions")
    if not (
        _TEXT_OR_NONE.issuperset(map(type, [*texts, fields.get("kind")]))
        and _NUMBER_OR_NONE.issuperset(map(type, numbers))
        and (conditions is None or _are_texts(conditions))
    ):
        raise BadLineError("wrong-type")
    if None in texts or None in numbers:
        raise BadLineError("missing-field")


def _are_texts(conditions: Any) -> bool:
    return isinstance(conditions, list) and _TEXT.issuperset(map(type, conditions))


def _check_texts(fields: dict[str, Any]) -> None:
    try:
        trade_id_length, symbol_length, _, _ = [_length(fields[name]) for name in _TEXTS]
        for condition in fields.get("conditions") or ():
            _length(condition)
    except UnicodeEncodeError as e:
        raise BadLineError("lone-surrogate") from e
    if not 0 < trade_id_length <= MAX_TRADE_ID_LENGTH:
        raise BadLineError("trade-id")
    if not 0 < symbol_length <= MAX_SYMBOL_LENGTH:
        raise BadLineError("symbol")
    if fields["asset_class"] not in ASSET_CLASSES:
        raise BadLineError("asset-class")
    if not fields["feed"]:
        raise BadLineError("feed")


def _length(text: str) -> int:
    """Returns how many bytes of UTF-8 a text has; raises UnicodeEncodeError if it has none."""
    return len(text) if text.isascii() else len(text.encode())


def _price_and_volume(price: Number, volume: Number) -> tuple[str, str]:
    if _is_canonical(price) and _is_canonical(volume) and price != "0":
        return str(price), str(volume)
    numbers = decimal_text.parse(price), decimal_text.parse(volume)
    if any(len(number.digits) > decimal_text.MAX_DIGITS for number in numbers):
        raise BadLineError("digits")
    if not all(number.is_in_range() for number in numbers):
        raise BadLineError("range")
    if numbers[0].is_zero or numbers[0].negative:
        raise BadLineError("price")
    if numbers[1].negative:
        raise BadLineError("volume")
    return numbers[0].canonical(), numbers[1].canonical()


def _is_canonical(number: str) -> bool:
    """Tells whether a number is at once seen to need nothing: what nearly all numbers are."""
    return len(number) <= decimal_text.MAX_DIGITS and _CANONICAL.fullmatch(number) is not None


def _kind(given: str | None, volume: str) -> str:
    kind = "quote" if volume == "0" else "trade"
    if given not in (None, kind):
        raise BadLineError("kind")
    return kind


def _millis(number: Number, first: int, reason: str) -> int:
    """Returns a time in milliseconds since the epoch, at the latest at the end of 2099."""
    millis = int(number) if _is_short_whole(number) else decimal_text.parse(number).whole()
    if millis is None or not first <= millis <= LAST_TRADED_AT:
        raise BadLineError(reason)
    return millis


def _is_short_whole(number: str) -> bool:
    return len(number) < 20 and number.isdecimal()
