"""Events of Lambda in the shapes that the KPL makes, of trades that a venue has sent.

Lines are those of a recording of the KPL; where a shape needs more, they come again under other
ids. An aggregated record is made by the public encoder. A user record alone travels as it is, as
the KPL sends it.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import identity
import stream_events
from stream_events import Event

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aws_kinesis_agg import aggregator

RECORDING = "kpl-363-user-records.json"
BUCKETS = 32
"""Of the ingester, whose numbers are partition keys."""


@dataclass(frozen=True)
class Shape:
    """What a stream record holds."""

    user_records: int
    trades: int
    """In each user record."""

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{self.user_records} x {self.trades}"

    def event(self, least_trades: int) -> tuple[Event, int]:
        """Returns an event of whole stream records, and how many trades it has, all different."""
        a_record = self.user_records * self.trades
        count = -(-least_trades // a_record)
        lines = _lines()
        datas = []
        for _ in range(count):
            packs = [
                b"".join(itertools.islice(lines, self.trades)) for _ in range(self.user_records)
            ]
            datas += packs if len(packs) == 1 else _aggregates(packs)
        return stream_events.event_of(*datas), count * a_record


SHAPES = [Shape(user_records, trades) for trades in (1, 40) for user_records in (1, 10, 100, 363)]


def recorded() -> tuple[Event, int]:
    """Returns an event of all that the KPL put in a recording, and how many trades it has."""
    event, lines = stream_events.kpl_recording(RECORDING)
    return event, len(lines)


def _lines() -> Iterator[bytes]:
    """Yields lines of different trades, without an end."""
    _, lines = stream_events.kpl_recording(RECORDING)
    for again in itertools.count():
        for line in lines:
            id_ = stream_events.id_in(line).encode()
            yield line.replace(id_, identity.trade_id_of(id_, again).encode())


def _aggregates(packs: list[bytes]) -> list[bytes]:
    """Returns the aggregated record of user records; over 1 MiB, which Kinesis takes, several."""
    encoder = aggregator.RecordAggregator()
    made = []
    for number, pack in enumerate(packs):
        bucket = number % BUCKETS
        full = encoder.add_user_record(str(bucket), pack, str(bucket * 2**128 // BUCKETS))
        if full is not None:
            made.append(full)
    made.append(encoder.clear_and_get())
    return [bytes(record.get_contents()[2]) for record in made]
