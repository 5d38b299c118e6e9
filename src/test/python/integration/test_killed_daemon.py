"""The KPL's daemon is killed as often as it comes, and while the ingester stops."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import rig as rigs
from processes import wait_until
from rig import Ingester, Rig

pytestmark = pytest.mark.integration

UNACKNOWLEDGED = 4
KILLS = 5


def daemons(ingester: Ingester) -> list[int]:
    """The process ids of the daemons that an ingester has started."""
    found = []
    for children in Path(f"/proc/{ingester.child.pid}/task").glob("*/children"):
        for pid in children.read_text().split():
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"kinesis_producer" in command.read_bytes():
                found.append(int(pid))
    return found


def kill_daemons(ingester: Ingester) -> set[int]:
    """Kills those that there are; returns which."""
    killed = daemons(ingester)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return set(killed)


def test_everything_is_published_though_the_daemon_is_killed_again_and_again(rig: Rig) -> None:
    rig.create_stream()
    market = rig.start_market("--capture", rigs.CRYPTO, "--loop", "--rate", "500")
    settings: dict[str, str | None] = {"feed.uri": market.address}
    ingester = rig.start_ingester(settings)
    ingester.waits_for_trades(more_than=500)
    killed: set[int] = set()
    begun = time.monotonic()
    while len(killed) < KILLS:
        killed |= kill_daemons(ingester)
        assert time.monotonic() < begun + rigs.SECONDS
    frames = ingester.health()["frames"]
    ingester.waits_for_health(lambda health: health["frames"] > frames + 100)
    published = ingester.health()["trades_published"]
    ingester.waits_for_trades(more_than=published + 500)
    assert market.openings() == 1, "the feed has not noticed"

    os.kill(ingester.child.pid, signal.SIGTERM)
    kill_daemons(ingester)
    ended = rig.end_of(ingester.child)
    assert ended.code in (128 + signal.SIGTERM, UNACKNOWLEDGED), ended.err
    assert ended.left == []
    assert (ended.result()["unacknowledged_bytes"] > 0) == (ended.code == UNACKNOWLEDGED)
    market.child.stop(10)
    if ended.code == UNACKNOWLEDGED:
        ingester = rig.start_ingester(settings)
        ingester.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
        assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    rig.assert_all_on_the_stream()
    assert wait_until(lambda: daemons(ingester) == [], rigs.LEFT_SECONDS)
