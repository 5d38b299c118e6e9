"""A venue with one tape of trades, which goes on whether anybody listens or not.

Every connection is sent what the tape has from its opening on, in frames that are cut at borders of
the connection's own. Trades repeat field for field in bursts, and now and then a frame is delivered
again as it was. No frame is equal to an earlier one of its connection otherwise.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from patient_venue import Connection, PatientVenue

BEGIN = 1_700_000_000_000
SYMBOLS = ("AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD")
LONGEST_BURST = 9
LONGEST_FRAME = 12
SHARE_DELIVERED_AGAIN = 0.05
NOTHING_LEFT_SECONDS = 0.01

Key = tuple[str, str, str, int, tuple[str, ...]]
"""What identical trades have in common: symbol, price, volume, time and conditions."""


def trades(seed: int) -> Iterator[str]:
    """Yields the trades of a tape without end; those of a burst follow each other."""
    chance = random.Random(seed)
    for number in itertools.count():
        conditions = chance.choice(['"c":null,', '"c":["1","12"],', '"c":[],', ""])
        trade = (
            f'{{{conditions}"p":{chance.randrange(1, 10**6) / 100},"s":"{chance.choice(SYMBOLS)}"'
            f',"t":{BEGIN + number},"v":{chance.choice(["5", "0.25", "100"])}}}'
        )
        copies = chance.randint(2, LONGEST_BURST) if chance.random() < 0.4 else 1
        yield from [trade] * copies


def key_of(trade: dict[str, object]) -> Key:
    """What a trade of a frame, its numbers read as text, has in common with its copies."""
    conditions = trade.get("c") or ()
    assert isinstance(conditions, list | tuple)
    return (
        str(trade["s"]),
        _plain(trade["p"]),
        _plain(trade["v"]),
        int(str(trade["t"])),
        tuple(map(str, conditions)),
    )


def _plain(number: object) -> str:
    """A number as it stands on the stream; the tape has no exponents."""
    text = str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def keys_of(frame: str | bytes) -> list[Key]:
    """The keys of a frame's trades."""
    return [key_of(trade) for trade in json.loads(frame, parse_float=str, parse_int=str)["data"]]


def seen_in(frames: Iterable[bytes]) -> Counter[Key]:
    """How often a session saw each trade: a frame that it was delivered again does not count."""
    return Counter(key for frame in dict.fromkeys(frames) for key in keys_of(frame))


@dataclass
class Sent:
    """What one connection was sent: its place on the tape, and its frames in order."""

    begin: int
    end: int
    frames: list[bytes] = field(default_factory=list)


class TapeVenue:
    """The venue; its tape stands still until `go` and ends where `finish` says."""

    def __init__(self, seed: int, rate: float) -> None:
        """Takes a seed of the tape and of the borders, and trades a second."""
        self.sent: list[Sent] = []
        """By connection, in the order in which they were opened."""
        self._rate = rate
        self._seed = seed
        self._source = trades(seed)
        self._tape: list[str] = []
        self._begun_at: float | None = None
        self._end: int | None = None
        self._lock = threading.Lock()
        self._venue = PatientVenue(self._lead)
        self.address = self._venue.address

    def go(self) -> None:
        """Begins the tape."""
        self._begun_at = time.monotonic()

    def finish(self) -> None:
        """Ends the tape here, at the end of a burst; what is left of it is still sent."""
        end = self.position
        while self._trade(end) == self._trade(end - 1):
            end += 1
        self._end = end

    def close(self) -> None:
        """Ends all of it."""
        self._venue.close()

    @property
    def position(self) -> int:
        """How many trades the tape has shown."""
        if self._begun_at is None:
            return 0
        now = int((time.monotonic() - self._begun_at) * self._rate)
        return now if self._end is None else min(now, self._end)

    def shown(self, begin: int = 0, end: int | None = None) -> Counter[Key]:
        """The trades that the tape has shown, each as often as it was shown."""
        texts = [self._trade(i) for i in range(begin, self.position if end is None else end)]
        return Counter(keys_of(_frame(texts))) if texts else Counter()

    def time_at(self, position: int) -> int:
        """When the trade there was traded; the tape's later ones are not earlier."""
        return int(json.loads(self._trade(position))["t"])

    def has_all(self, connection: int) -> bool:
        """Whether the tape has ended and this connection has been sent the rest."""
        return self.position == self._end == self.sent[connection].end

    def _trade(self, position: int) -> str:
        with self._lock:
            while len(self._tape) <= position:
                self._tape.append(next(self._source))
            return self._tape[position]

    def _lead(self, number: int, connection: Connection) -> None:
        chance = random.Random(f"{self._seed} {number}")
        place = self.position
        sent = Sent(place, place)
        self.sent.append(sent)
        known: set[str] = set()
        length = 1
        while not connection.listen(NOTHING_LEFT_SECONDS):
            while (frame := self._next(sent, length, known)) is not None:
                for _ in range(2 if chance.random() < SHARE_DELIVERED_AGAIN else 1):
                    sent.frames.append(frame.encode())
                    connection.say(frame)
                length = chance.randint(1, LONGEST_FRAME)

    def _next(self, sent: Sent, length: int, known: set[str]) -> str | None:
        """The next frame, of at least so many trades unless the tape ends; None: not yet."""
        available = self.position
        is_last = available == self._end
        for end in range(sent.end + length, available + 1):
            frame = _frame([self._trade(i) for i in range(sent.end, end)])
            if frame not in known:
                known.add(frame)
                sent.end = end
                return frame
        if is_last and sent.end < available:
            frame = _frame([self._trade(i) for i in range(sent.end, available)])
            known.add(frame)
            sent.end = available
            return frame
        return None


def _frame(texts: list[str]) -> str:
    return f'{{"data":[{",".join(texts)}],"type":"trade"}}'
