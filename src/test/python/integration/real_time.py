"""Ingesters that meet the feed's times as they are shipped: no setting shortened, no clock changed.

They are started together, so that their minutes of waiting pass side by side.
"""

from __future__ import annotations

from pathlib import Path

from patient_venue import Connection, PatientVenue, RefusingVenue
from rig import AAPL, Ingester, LocalKinesis, Rig, frames_of

SILENCE_SECONDS = 150
STABLE_SECONDS = 60
PING_SECONDS = 60
PINGS = 3  # seen at least: as many as take longer than the silence that would end it
TRY_AGAIN_LATER = 1013
TIMES = ("silence-timeout", "stable-after", "backoff-min", "backoff-max", "retry-after-max")
PING = '{"type":"ping"}'


def fall_silent(number: int, connection: Connection) -> None:
    """Sends trades, then nothing any more, and no end; only the first connection does."""
    connection.say(frames_of(AAPL)[0])
    if number > 0:
        while not connection.listen(PING_SECONDS):
            connection.say(PING)
    connection.listen()


def ping_only(_: int, connection: Connection) -> None:
    """Sends trades, and after them a ping a minute."""
    connection.say(frames_of(AAPL)[0])
    while not connection.listen(PING_SECONDS):
        connection.say(PING)


def ask_to_wait(number: int, connection: Connection) -> None:
    """Closes with 1013: twice at once, once just before the connection is stable, once after."""
    lasting = [0, 0, STABLE_SECONDS - 10, STABLE_SECONDS + 5]
    if number < len(lasting):
        connection.listen(lasting[number])
        connection.close_with(TRY_AGAIN_LATER, "try again later")
    connection.listen()


class RealTime:
    """The venues, and an ingester for each."""

    def __init__(self, folder: Path, kinesis: LocalKinesis) -> None:
        self.rig = Rig(folder / "real-time", kinesis)
        self.silent = PatientVenue(fall_silent)
        self.pinging = PatientVenue(ping_only)
        self.closing = PatientVenue(ask_to_wait)
        self.busy = RefusingVenue(b"HTTP/1.1 429 Too Many Requests\r\n\r\n")
        self._venues: dict[str, PatientVenue | RefusingVenue] = {
            "silent": self.silent,
            "pinging": self.pinging,
            "closing": self.closing,
            "busy": self.busy,
        }
        self.ingesters: dict[str, Ingester] = {}

    def start(self) -> None:
        """Starts the ingesters; returns without waiting for anything."""
        self.rig.create_stream()
        for name, venue in self._venues.items():
            changed: dict[str, str | None] = {f"feed.{time}": None for time in TIMES}
            changed |= {
                "feed.uri": venue.address,
                "feed.symbols": '["AAPL"]',
                "feed.key-lock-directory": str(self.rig.folder / "keys" / name),
                "journal.directory": str(self.rig.folder / "data" / name),
            }
            self.ingesters[name] = self.rig.start_ingester(changed)

    def close(self) -> None:
        """Ends all of it."""
        self.rig.close()
        for venue in self._venues.values():
            venue.close()
