"""Events of Lambda with stream records in them: of trades made here, made by hand, captured."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

import identity
from aggregates import PAYLOADS, encode_by_hand
from deaggregation import UserRecord

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/stream-finnhub"
SHARD = "shardId-000000000003"
FIRST_SEQUENCE_NUMBER = 49570502000777654984918921872299215055880073276903391234
FEED = "finnhub"
VENUES = {"BINANCE": "crypto", "OANDA": "forex"}
SYMBOLS = ("AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD", "BINANCE:币安人生USDT", "IC MARKETS:1")
TRADED_AT = 1_779_999_998_000
RECEIVED_AT = 1_779_999_999_000
HASH_KEY = str(7 * 2**123)

Event = dict[str, Any]


class Digits(str):
    """A JSON number's text."""

    __slots__ = ()


def line_of(number: int, received_at: int = RECEIVED_AT, price: str = "") -> bytes:
    """Returns the line of a trade, as an ingester writes it; numbers make different trades."""
    symbol = SYMBOLS[number % len(SYMBOLS)]
    digits = price or f"{100 + number // 4}{('', '.25', '.5', '.0001')[number % 4]}"
    conditions = ("1", "12") if symbol == "AAPL" else ()
    trade = identity.Trade(symbol, digits, str(number % 7), TRADED_AT + number, conditions)
    trade_id = identity.trade_id_of(f"trade {number}".encode(), 0)
    return trade.line(trade_id, received_at, FEED, VENUES)


def lines_of(numbers: Iterable[int]) -> list[bytes]:
    """Returns the lines of trades."""
    return [line_of(number) for number in numbers]


def id_in(line: bytes) -> str:
    """Returns the trade_id of a line."""
    id_: str = json.loads(line)["trade_id"]
    return id_


def items_of(lines: Iterable[bytes]) -> dict[str, dict[str, Any]]:
    """Returns what a table has to hold for good lines, by trade_id: the last one of each id."""
    return {id_in(line): _item_of(line) for line in lines}


def _item_of(line: bytes) -> dict[str, Any]:
    fields = json.loads(line, parse_int=Digits, parse_float=Digits)
    item: dict[str, Any] = {"kind": {"S": "trade"}}
    for name, value in fields.items():
        if isinstance(value, list):
            item[name] = {"L": [{"S": text} for text in value]}
        else:
            item[name] = {"N" if type(value) is Digits else "S": str(value)}
    return item


def packs_of(lines: Sequence[bytes], size: int) -> list[bytes]:
    """Returns user records of so many lines each; the last may have fewer."""
    return [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)]


def aggregate(packs: Iterable[bytes]) -> bytes:
    """Returns the data of a stream record that holds user records, as the KPL makes it."""
    return encode_by_hand([UserRecord("3", HASH_KEY, pack) for pack in packs])


def damaged(aggregated: bytes) -> bytes:
    """Returns an aggregated record with one bit turned, in the middle."""
    at = len(aggregated) // 2
    return aggregated[:at] + bytes([aggregated[at] ^ 1]) + aggregated[at + 1 :]


def event_of(*datas: bytes, first: int = 0, shard_id: str = SHARD) -> Event:
    """Returns an event with a stream record of each data, numbered from the first one's number."""
    return event_of_texts(
        *(base64.b64encode(data).decode() for data in datas), first=first, shard_id=shard_id
    )


def event_of_texts(*texts: str, first: int = 0, shard_id: str = SHARD) -> Event:
    """Returns an event with these texts in place of base64."""
    return {
        "Records": [
            _record(text, str(FIRST_SEQUENCE_NUMBER + first + index), shard_id)
            for index, text in enumerate(texts)
        ]
    }


def captured(name: str) -> Event:
    """Returns an event as it was captured."""
    event: Event = json.loads((PAYLOADS / name).read_text())
    return event


def kpl_recording(name: str) -> tuple[Event, list[bytes]]:
    """Returns an event with what the KPL put, and the lines that it was given."""
    recording = json.loads((PAYLOADS / "kpl" / name).read_text())
    packs = [base64.b64decode(record["data"]) for record in recording["user_records"]]
    event = event_of_texts(*(record["data"] for record in recording["stream_records"]))
    return event, [line for pack in packs for line in pack.splitlines(keepends=True)]


def numbers_of(event: Event) -> list[str]:
    """Returns the sequence numbers of an event."""
    return [record["kinesis"]["sequenceNumber"] for record in event["Records"]]


def rest_of(event: Event, number: str) -> Event:
    """Returns what Lambda delivers after a record was reported: that one and all behind it."""
    return {"Records": event["Records"][numbers_of(event).index(number) :]}


def _record(text: str, number: str, shard_id: str) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "a",
            "sequenceNumber": number,
            "data": text,
            "approximateArrivalTimestamp": RECEIVED_AT / 1000 + 0.2,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/FinnhubStreamProcessorRole",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM,
    }
