"""Two ingesters with a key each on one feed: whichever dies, every trade is stored once."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import pytest

import rig as rigs
from processes import wait_until
from rig import Rig
from tape_hosts import TapeHost, expected_rows, rows
from tape_venue import LONGEST_BURST, TapeVenue

pytestmark = pytest.mark.integration

SEED = 20261125
RATE = 400
KILLS = 2


@pytest.fixture
def venue() -> Iterator[TapeVenue]:
    with contextlib.closing(TapeVenue(SEED, RATE)) as opened:
        yield opened


def test_every_trade_is_stored_once_though_one_of_the_two_is_killed_again_and_again(
    rig: Rig, venue: TapeVenue
) -> None:
    rig.create_stream()
    chance = random.Random(SEED)
    hosts = [
        TapeHost(rig, venue, name, key=f"{name}-key-of-{rig.folder.name}", changed=None)
        for name in ("one", "two")
    ]
    connection = {host: host.connects() for host in hosts}
    venue.go()
    for _ in range(KILLS):
        victim, other = chance.sample(hosts, 2)
        # What the other one has not seen from its beginning is the victim's alone to tell.
        both_since = max(venue.sent[number].begin for number in connection.values())
        overlap = both_since + LONGEST_BURST + chance.randint(1, RATE)
        assert wait_until(lambda at=overlap: venue.position > at, rigs.SECONDS)  # type: ignore[misc]
        other.waits_for_trade(overlap)
        victim.waits_for_trade(overlap)
        victim.kill()
        alone = venue.position + chance.randint(1, RATE)
        assert wait_until(lambda at=alone: venue.position > at, rigs.SECONDS)  # type: ignore[misc]
        connection[victim] = victim.connects()
    last = venue.position
    for host in hosts:
        host.waits_for_trade(last)
    venue.finish()
    assert wait_until(lambda: all(map(venue.has_all, connection.values())), rigs.SECONDS)
    for host in hosts:
        host.drain()

    assert sum(len(host.sessions()) for host in hosts) == len(hosts) + KILLS
    stored = rows(rig)
    assert stored == expected_rows(hosts)
    assert stored == venue.shown()
    assert stored.total() > len(stored) > 1000, "some of them repeat field for field"
    once = [expected_rows([host]) for host in hosts]
    assert any(seen != stored for seen in once), "neither would have done alone"
