"""The feed's times as they are shipped, met once each: 150 s of silence, 60 s until stable."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from processes import wait_until
from real_time import PINGS, SILENCE_SECONDS, STABLE_SECONDS, TIMES, RealTime
from rig import Ingester, LocalKinesis

pytestmark = pytest.mark.integration

LONGEST = 3 * SILENCE_SECONDS
MINUTE = 60


@pytest.fixture(scope="module")
def real_time(
    built: None, kinesis: LocalKinesis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealTime]:
    """All of them at once, so that their minutes pass side by side."""
    with contextlib.closing(RealTime(tmp_path_factory.mktemp("real-time"), kinesis)) as started:
        started.start()
        yield started


def waits_until(condition: Callable[[], bool], ingester: Ingester) -> None:
    assert wait_until(condition, LONGEST), ingester.log[-4000:]


def waits_in_millis(ingester: Ingester) -> list[int]:
    return [int(found) for found in re.findall(r"retry_in_ms=(\d+)", ingester.log)]


def stop(real_time: RealTime, ingester: Ingester) -> None:
    ended = real_time.rig.signal(ingester.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM, ended.err
    assert ended.left == []


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_times_are_those_that_are_shipped(real_time: RealTime) -> None:
    ended = real_time.rig.run("config", *real_time.rig.settings({f"feed.{t}": None for t in TIMES}))
    shown = dict(line.split(" = ", 1) for line in ended.out.splitlines())
    for name in TIMES:
        assert "# reference.conf" in shown[f"feed.{name}"], name
    assert shown["feed.silence-timeout"].startswith(f'"{SILENCE_SECONDS}s"')
    assert shown["feed.stable-after"].startswith(f'"{STABLE_SECONDS}s"')


def test_too_many_requests_are_answered_with_a_handful_of_attempts_a_minute(
    real_time: RealTime,
) -> None:
    ingester, attempts = real_time.ingesters["busy"], real_time.busy.accepted_at
    waits_until(lambda: len(attempts) > 0, ingester)
    spent, begun = processor_seconds(ingester.child.pid), time.monotonic()
    waits_until(lambda: time.monotonic() > attempts[0] + MINUTE, ingester)
    in_the_first_minute = [at for at in attempts if at <= attempts[0] + MINUTE]
    assert 2 <= len(in_the_first_minute) <= 6
    assert all(wait >= 4000 for wait in waits_in_millis(ingester))
    assert ingester.log.count("status=429") == len(waits_in_millis(ingester))
    # A loop that does not wait takes all of the time there is.
    waited = time.monotonic() - begun
    assert processor_seconds(ingester.child.pid) - spent < max(waited / 2, 10)
    stop(real_time, ingester)


def test_a_venue_that_falls_silent_is_left_after_150_seconds_and_not_before(
    real_time: RealTime,
) -> None:
    ingester, venue = real_time.ingesters["silent"], real_time.silent
    waits_until(lambda: len(venue.connections) > 1, ingester)
    silent, next_one = venue.connections[:2]
    assert silent.last_said_at is not None
    assert silent.left_at is not None, "the old socket is closed before the next one is opened"
    assert SILENCE_SECONDS <= silent.left_at - silent.last_said_at < LONGEST
    assert silent.left_at <= next_one.opened_at
    assert 'reason="silent"' in ingester.log
    assert ingester.health()["feed"] == "open"
    stop(real_time, ingester)


def test_a_venue_that_only_pings_once_a_minute_is_not_left(real_time: RealTime) -> None:
    ingester, venue = real_time.ingesters["pinging"], real_time.pinging
    waits_until(lambda: ingester.health()["frames"] >= 1 + PINGS, ingester)
    assert len(venue.accepted_at) == 1
    (connection,) = venue.connections
    assert connection.left_at is None
    assert time.monotonic() - connection.opened_at > SILENCE_SECONDS
    assert ingester.health()["feed"] == "open"
    without_trades = re.search(
        rb"^record_seconds_since_trades (\S+)", ingester.page("/metrics"), re.MULTILINE
    )
    assert without_trades
    assert float(without_trades[1]) >= SILENCE_SECONDS
    stop(real_time, ingester)


def test_the_wait_falls_back_only_after_a_connection_of_60_seconds(real_time: RealTime) -> None:
    ingester, venue = real_time.ingesters["closing"], real_time.closing
    waits_until(lambda: len(waits_in_millis(ingester)) >= 4, ingester)
    first, second, after_50_seconds, after_65_seconds = waits_in_millis(ingester)[:4]
    assert 4_000 <= first <= 8_000
    assert 8_000 <= second <= 16_000
    assert 16_000 <= after_50_seconds <= 32_000, "not stable yet: the bound doubles on"
    assert 4_000 <= after_65_seconds <= 8_000, "stable: as after the first"
    lasted = [at.left_at - at.opened_at for at in venue.connections[:4] if at.left_at is not None]
    assert lasted[2] < STABLE_SECONDS <= lasted[3]
    stop(real_time, ingester)
