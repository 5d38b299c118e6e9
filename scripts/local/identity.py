"""Recomputes, by docs/RECORDS.md alone, which lines a journal's frames must put on the stream."""

from __future__ import annotations

import base64
import functools
import json
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import xxhash

import lambda_folder  # noqa: F401
import decimal_text
import json_text
from journal_file import FRAME, Entry
from json_text import Number

MAX_SYMBOL_LENGTH = 256
MAX_LINE_LENGTH = 8192
FIRST_TRADED_AT = 946_684_800_000
LAST_TRADED_AT = 4_102_444_799_999
KEY_LAYOUT_VERSION = 1

_BOM = b"\xef\xbb\xbf"
_NO_ID = "-" * 22


class BrokenMessageError(Exception):
    """A message that is not a whole, valid JSON text."""


class RejectedTradeError(Exception):
    """A trade that cannot be right; its argument is the reason."""


@dataclass(frozen=True)
class Trade:
    """A trade that passed every rule, its numbers canonical."""

    symbol: str
    price: str
    volume: str
    traded_at: int
    conditions: tuple[str, ...]

    def key(self, feed: str) -> bytes:
        """Returns the bytes that, with the ordinal, are hashed into the trade_id."""
        name, symbol = feed.encode(), self.symbol.encode()
        price, volume = self.price.encode(), self.volume.encode()
        parts = [
            struct.pack("<BB", KEY_LAYOUT_VERSION, len(name)),
            name,
            struct.pack("<H", len(symbol)),
            symbol,
            struct.pack("<qB", self.traded_at, len(price)),
            price,
            struct.pack("<B", len(volume)),
            volume,
            struct.pack("<H", len(self.conditions)),
        ]
        for condition in self.conditions:
            text = condition.encode()
            parts += (struct.pack("<H", len(text)), text)
        return b"".join(parts)

    def line(self, trade_id: str, received_at: int, feed: str, venues: dict[str, str]) -> bytes:
        """Returns its line on the stream."""
        kind = ',"kind":"quote"' if self.volume == "0" else ""
        conditions = ""
        if self.conditions:
            conditions = f',"conditions":[{",".join(map(_quoted, self.conditions))}]'
        return (
            f'{{"trade_id":"{trade_id}","symbol":{_quoted(self.symbol)}'
            f',"asset_class":"{asset_class(self.symbol, venues)}"{kind}'
            f',"price":{self.price},"volume":{self.volume},"traded_at":{self.traded_at}'
            f',"received_at":{received_at}{conditions},"feed":{_quoted(feed)}}}\n'
        ).encode()


@dataclass
class Counts:
    """What was found in the frames; the words are those of the ingester's metrics."""

    frames: int = 0
    trades_received: int = 0
    quotes_received: int = 0
    redelivered_frames: int = 0
    redelivered_trades: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    broken_messages: int = 0
    trades_published: int = 0


class Window:
    """What is remembered of the current segment and the one before it, within one session."""

    def __init__(self) -> None:
        self._session = 0
        self._segment = -1
        self._seen: tuple[set[bytes], set[bytes]] = (set(), set())
        self._keys: tuple[Counter[bytes], Counter[bytes]] = (Counter(), Counter())

    def begin_segment(self, segment: int) -> None:
        """Takes note that a segment begins, also one without entries."""
        self._segment = segment
        self._seen = (self._seen[1], set())
        self._keys = (self._keys[1], Counter())

    def begin_entry(self, session: int) -> None:
        """Takes note of the session of the next entry."""
        if session != self._session:
            self._session = session
            self._seen = (set(), set())
            self._keys = (Counter(), Counter())

    def is_redelivered(self, payload: bytes) -> bool:
        """Tells whether these bytes were seen, and remembers them."""
        redelivered = payload in self._seen[0] or payload in self._seen[1]
        self._seen[1].add(payload)
        return redelivered

    def ordinal(self, key: bytes) -> int:
        """Returns how often this key was seen, and remembers it."""
        ordinal = self._keys[0][key] + self._keys[1][key]
        self._keys[1][key] += 1
        return ordinal


class Identity:
    """Turns the entries of a journal, read from its beginning, into the lines they must become."""

    def __init__(self, feed: str, venues: dict[str, str]) -> None:
        self.counts = Counts()
        self._feed = feed
        self._venues = venues
        self._window = Window()

    def begin_segment(self, base: int) -> None:
        """Must be called for every segment, before its entries."""
        self._window.begin_segment(base)

    def lines_of(self, entry: Entry) -> list[tuple[str, str, bytes]]:
        """Returns (trade_id, symbol, line) of each trade that this entry publishes."""
        self._window.begin_entry(entry.session)
        if entry.type != FRAME:
            return []
        self.counts.frames += 1
        try:
            elements = elements_of(entry.payload)
        except BrokenMessageError:
            self.counts.broken_messages += 1
            return []
        if not elements:
            return []
        self.counts.trades_received += len(elements)
        redelivered = self._window.is_redelivered(entry.payload)
        self.counts.redelivered_frames += redelivered
        if redelivered and not entry.keeps_redelivered:
            self.counts.redelivered_trades += len(elements)
            return []
        return list(self._published(elements, entry.received_at))

    def _published(self, elements: list[Any], received_at: int) -> Iterator[tuple[str, str, bytes]]:
        for element in elements:
            try:
                trade = trade_of(element)
                line = trade.line(_NO_ID, received_at, self._feed, self._venues)
                # Every id has one length, so the line's is known before the id; and a trade whose
                # line is too long may have conditions that are too long for a key.
                if len(line) > MAX_LINE_LENGTH:
                    raise RejectedTradeError("line-length")
            except RejectedTradeError as e:
                self.counts.rejected[str(e)] += 1
                continue
            key = trade.key(self._feed)
            trade_id = trade_id_of(key, self._window.ordinal(key))
            self.counts.trades_published += 1
            self.counts.quotes_received += trade.volume == "0"
            yield trade_id, trade.symbol, line.replace(_NO_ID.encode(), trade_id.encode(), 1)


def elements_of(message: bytes) -> list[Any]:
    """Returns the received trades of a message, none if it is not of type trade."""
    try:
        text = message.removeprefix(_BOM).decode()
        parsed = json_text.parse(text)
    except ValueError as e:
        raise BrokenMessageError from e
    if not isinstance(parsed, dict) or type(parsed.get("type")) is not str:
        return []
    elements = parsed.get("data")
    return elements if parsed["type"] == "trade" and isinstance(elements, list) else []


def trade_of(element: Any) -> Trade:
    """Returns the trade that an element of `data` is; raises RejectedTradeError with the reason."""
    if not isinstance(element, dict):
        raise RejectedTradeError("wrong-type")
    symbol, price, volume, traded_at, conditions = (
        element.get(k) for k in ("s", "p", "v", "t", "c")
    )
    conditions = [] if conditions is None else conditions
    if not (
        (symbol is None or type(symbol) is str)
        and all(number is None or type(number) is Number for number in (price, volume, traded_at))
        and isinstance(conditions, list)
        and all(type(condition) is str for condition in conditions)
    ):
        raise RejectedTradeError("wrong-type")
    if symbol is None or price is None or volume is None or traded_at is None:
        raise RejectedTradeError("missing-field")
    _check_symbol(symbol, conditions)
    canonical = _check_price_and_volume(price, volume)
    millis = decimal_text.parse(traded_at).whole()
    if millis is None or not FIRST_TRADED_AT <= millis <= LAST_TRADED_AT:
        raise RejectedTradeError("traded-at")
    return Trade(symbol, *canonical, millis, tuple(conditions))


def trade_id_of(key: bytes, ordinal: int) -> str:
    """Returns the trade_id of the key's n-th occurrence."""
    digest = xxhash.xxh3_128_digest(key + struct.pack("<I", ordinal))
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def asset_class(symbol: str, venues: dict[str, str]) -> str:
    """Returns the asset class of a symbol by the table of venues."""
    prefix, colon, _ = symbol.partition(":")
    return venues.get(prefix, "other") if colon else "stock"


@functools.lru_cache(maxsize=65536)
def bucket_of(symbol: str, buckets: int) -> int:
    """Returns the bucket that a symbol falls into."""
    return int(xxhash.xxh3_64_intdigest(symbol.encode())) * buckets >> 64


@functools.cache
def explicit_hash_key_of(bucket: int, buckets: int) -> str:
    """Returns the middle of a bucket's slice of the hash range."""
    return str((2 * bucket + 1) * 2**127 // buckets)


def _check_symbol(symbol: str, conditions: list[str]) -> None:
    try:
        for condition in conditions:
            condition.encode()
        length = len(symbol.encode())
    except UnicodeEncodeError as e:
        raise RejectedTradeError("lone-surrogate") from e
    if not 0 < length <= MAX_SYMBOL_LENGTH:
        raise RejectedTradeError("symbol")


def _check_price_and_volume(price: str, volume: str) -> tuple[str, str]:
    numbers = (decimal_text.parse(price), decimal_text.parse(volume))
    if any(len(number.digits) > decimal_text.MAX_DIGITS for number in numbers):
        raise RejectedTradeError("digits")
    if not all(number.is_in_range() for number in numbers):
        raise RejectedTradeError("range")
    if numbers[0].is_zero or numbers[0].negative:
        raise RejectedTradeError("price")
    if numbers[1].negative:
        raise RejectedTradeError("volume")
    return numbers[0].canonical(), numbers[1].canonical()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
