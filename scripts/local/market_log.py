"""Reads the log of what a market sent or a feed proxy delivered: NDJSON, a line for each frame.

Both forms are read: the market's own, and the proxy's (scripts/chaos/feed_log.py), which has more.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Connection:
    """A connection that was opened, and what went through it. Times are the log's clock, in ms."""

    number: int
    opened_at: int
    frames: list[bytes] = field(default_factory=list)
    """Text messages in the order in which they were sent; pings and errors of the venue's are."""
    sent_at: list[int] = field(default_factory=list)
    """When each of them was."""
    first_injected: int | None = None
    """How many frames were sent before the first message that no client may take; None: none."""
    code: int | None = None
    """Code of the first close frame in either direction; None where there was none, or in a log
    that does not say."""


@dataclass
class MarketLog:
    """Every connection that was opened, in order, and when the log ends."""

    connections: list[Connection]
    ended_at: int

    @property
    def frames(self) -> Counter[bytes]:
        """How often each frame was sent, over all connections."""
        return Counter(frame for connection in self.connections for frame in connection.frames)


def read(path: Path) -> MarketLog:
    """Reads a log that is finished; raises ValueError or KeyError where it is not one."""
    connections: dict[int, Connection] = {}
    ended_at = 0
    with path.open("rb") as file:
        for text in file:
            line: dict[str, Any] = json.loads(text)
            ended_at = line["sent_at"] if "sent_at" in line else line["at"]
            number, event = line["connection"], line.get("event")
            if event == "opened":
                connections[number] = Connection(number, ended_at)
            elif event == "closed":
                connections[number].code = line.get("code")
            elif event is None:
                _add(connections[number], line, ended_at)
    return MarketLog(list(connections.values()), ended_at)


def _add(connection: Connection, line: dict[str, Any], sent_at: int) -> None:
    if "injected" in line:
        if connection.first_injected is None:
            connection.first_injected = len(connection.frames)
        return
    text = line.get("frame")
    connection.frames.append(
        base64.b64decode(line["frame_base64"]) if text is None else text.encode()
    )
    connection.sent_at.append(sent_at)
