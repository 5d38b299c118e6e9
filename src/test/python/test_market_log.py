"""Both forms of the log are read: the market's own, and the feed proxy's."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import feed_logs
import market_log
from feed_log import FeedLog
from market_log import Connection


def log_of(folder: Path, *lines: dict[str, Any]) -> market_log.MarketLog:
    path = folder / "log.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return market_log.read(path)


def test_reads_what_the_proxy_wrote(tmp_path: Path) -> None:
    log = FeedLog(tmp_path / "log.ndjson")
    log.event(1, "refused", key="k", open=1, by="handshake-502")
    log.event(2, "opened", key="k", open=1)
    log.delivered(2, b"a")
    log.injected_message(2, "bad-utf8", 42)
    log.delivered(2, b"\xff", is_resent=True)
    log.event(2, "closed", reason="client", code=1007)
    log.close()
    found = market_log.read(tmp_path / "log.ndjson")
    (connection,) = found.connections
    assert (connection.number, connection.frames) == (2, [b"a", b"\xff"])
    assert (connection.first_injected, connection.code) == (1, 1007)
    assert connection.opened_at <= connection.sent_at[0] <= connection.sent_at[1] <= found.ended_at


def test_reads_what_the_market_wrote(tmp_path: Path) -> None:
    found = log_of(
        tmp_path,
        {"connection": 1, "at": 10, "event": "opened"},
        {"connection": 2, "at": 11, "event": "opened"},
        {"connection": 1, "sent_at": 12, "frame": "\u00e9"},
        {"connection": 2, "sent_at": 13, "frame": "\u00e9"},
        {"connection": 1, "at": 14, "event": "closed", "reason": "market stopped"},
    )
    frame = "\u00e9".encode()
    assert found.connections == [Connection(1, 10, [frame], [12]), Connection(2, 11, [frame], [13])]
    assert found.frames == Counter({frame: 2})
    assert found.ended_at == 14


def test_reads_what_the_tests_write(tmp_path: Path) -> None:
    sent = [
        feed_logs.connection(1, ["a", "b"], first_injected=1, code=1009),
        feed_logs.connection(3, [], first_injected=0),
        feed_logs.connection(4, ["a"]),
    ]
    assert market_log.read(feed_logs.write(tmp_path / "log", sent)).connections == sent


@pytest.mark.parametrize("line", [{}, {"connection": 1, "sent_at": 1, "frame": "of no one"}])
def test_refuses_what_is_no_log(tmp_path: Path, line: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        log_of(tmp_path, line)
