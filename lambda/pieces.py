"""Takes a stream record of an event apart into pieces: trades, and what can never be one."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import deaggregation
import trades
from dead_letters import DeadLetter, Place
from trades import Item


class Trade(NamedTuple):
    """A trade on its way into the table."""

    item: Item
    place: Place
    line: bytes

    @property
    def id(self) -> str:
        """The trade_id."""
        id_: str = self.item["trade_id"]["S"]
        return id_


Piece = Trade | DeadLetter


def place_of(record: Mapping[str, Any]) -> Place:
    """Returns where a stream record of an event was found."""
    shard_id, _, _ = record["eventID"].partition(":")
    return Place(record["eventSourceARN"], shard_id, record["kinesis"]["sequenceNumber"])


def pieces_of(record: Mapping[str, Any], time_to_live_days: int = 0) -> Iterator[Piece]:
    """Yields a piece for each line of a stream record, in order.

    A record whose data is damaged is one piece, a dead letter: no part of it is looked at.
    """
    place, text = place_of(record), record["kinesis"]["data"]
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        yield DeadLetter("base64", place, text.encode())
        return
    if not deaggregation.is_aggregated(data):
        yield from _lines(data, place, time_to_live_days)
        return
    try:
        user_records = deaggregation.deaggregate(data)
    except deaggregation.DamagedAggregateError:
        yield DeadLetter("damaged-aggregate", place, data)
        return
    for number, user_record in enumerate(user_records):
        inside = place._replace(sub_sequence_number=number)
        yield from _lines(user_record.data, inside, time_to_live_days)


def _lines(data: bytes, place: Place, time_to_live_days: int) -> Iterator[Piece]:
    user_record = place[:4]
    for number, line in enumerate(trades.lines_of(data)):
        here = Place(*user_record, number)
        try:
            yield Trade(trades.item_of(line, time_to_live_days), here, line)
        except trades.BadLineError as e:
            yield DeadLetter(e.reason, here, line)
