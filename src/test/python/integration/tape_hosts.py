"""Ingesters with data of their own that put what a tape venue sends them into one stream."""

from __future__ import annotations

import json
import signal
from collections import Counter, defaultdict
from collections.abc import Mapping

import deaggregation
import journal_file
import sessions
import stream
from processes import wait_until
from rig import SECONDS, Ingester, Rig
from sessions import Session
from tape_venue import Key, TapeVenue, key_of, keys_of, seen_in


class TapeHost:
    """One data directory with a key, and the ingester that runs there."""

    def __init__(
        self, rig: Rig, venue: TapeVenue, name: str, key: str, changed: Mapping[str, str] | None
    ) -> None:
        self.journal = rig.folder / name / "journal"
        self._rig = rig
        self._venue = venue
        self._key = key
        self._settings: dict[str, str | None] = {
            "feed.uri": venue.address,
            "feed.symbols": '["AAPL","BINANCE:BTCUSDT","OANDA:EUR_USD"]',
            "feed.key-lock-directory": str(rig.folder / name / "keys"),
            "journal.directory": str(self.journal),
            **(changed or {}),
        }
        self._ingester: Ingester | None = None

    @property
    def ingester(self) -> Ingester:
        """What runs there, or ran last."""
        assert self._ingester
        return self._ingester

    def start(self) -> Ingester:
        """Starts an ingester."""
        self._ingester = self._rig.start_ingester(
            self._settings, variables={"FINNHUB_API_KEY": self._key}
        )
        return self._ingester

    def waits_until(self, state: str) -> None:
        """Waits until the feed is in this state."""
        self.ingester.waits_for_health(lambda health: health["feed"] == state)

    def connects(self) -> int:
        """Starts an ingester; returns the number of its connection once it is open."""
        connections = len(self._venue.sent)
        self.start()
        assert wait_until(lambda: len(self._venue.sent) > connections, SECONDS), self.ingester.log
        self.waits_until("open")
        return connections

    def kill(self) -> None:
        """Kills the ingester."""
        self._rig.signal(self.ingester.child, signal.SIGKILL)

    def waits_for_trade(self, position: int) -> None:
        """Waits until its journal has a trade that is at or after this place of the tape."""
        wanted = self._venue.time_at(position)

        def has_it() -> bool:
            last = journal_file.last_entry(self.journal)
            return (
                last is not None
                and last.type == journal_file.FRAME
                and keys_of(last.payload)[-1][3] >= wanted
            )

        assert wait_until(has_it, SECONDS), self.ingester.log[-4000:]

    def drain(self) -> None:
        """Waits until all is acknowledged, and stops the ingester."""
        self.ingester.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
        ended = self._rig.signal(self.ingester.child, signal.SIGTERM)
        assert ended.code == 128 + signal.SIGTERM, ended.err

    def sessions(self) -> list[Session]:
        """The sessions of its journal."""
        return sessions.sessions_of(journal_file.read(self.journal).entries())


def expected_rows(hosts: list[TapeHost]) -> Counter[Key]:
    """Per identical trade, the most that any one session of any host saw."""
    most: Counter[Key] = Counter()
    for host in hosts:
        for session in host.sessions():
            most |= seen_in(session.frames)
    return most


def rows(rig: Rig) -> Counter[Key]:
    """Per identical trade, how many items the table gets of what the stream holds: one an id."""
    keys: dict[str, set[Key]] = defaultdict(set)
    for record in stream.read(rig.kinesis.client(), rig.stream):
        for line in _lines(record.data):
            trade = json.loads(line, parse_float=str, parse_int=str)
            keys[trade["trade_id"]].add(
                key_of(
                    {
                        "s": trade["symbol"],
                        "p": trade["price"],
                        "v": trade["volume"],
                        "t": trade["traded_at"],
                        "c": trade.get("conditions"),
                    }
                )
            )
    assert all(len(found) == 1 for found in keys.values()), "one id, one trade"
    return Counter(key for found in keys.values() for key in found)


def _lines(data: bytes) -> list[bytes]:
    if not deaggregation.is_aggregated(data):
        return data.splitlines()
    return [line for record in deaggregation.deaggregate(data) for line in record.data.splitlines()]
