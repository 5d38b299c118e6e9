"""An ingester is replaced by the next one: that costs the reconnect, and nothing else."""

from __future__ import annotations

import contextlib
import json
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

import clients
import journal_file
import rig as rigs
from endpoint_faults import PUT_RECORDS, Fault, Kind
from processes import wait_until
from rig import Rig
from sessions import Session
from surroundings import REGION
from tape_hosts import TapeHost, rows
from tape_venue import Key, TapeVenue, seen_in

pytestmark = pytest.mark.integration

SEED = 5
RATE = 300
UNACKNOWLEDGED = 4
LEASE = {"lease.duration": "12s", "lease.try-interval": "2s", "lease.margin": "4s"}


@pytest.fixture
def venue() -> Iterator[TapeVenue]:
    with contextlib.closing(TapeVenue(SEED, RATE)) as opened:
        yield opened


def assert_only_the_reconnect_is_missing(
    venue: TapeVenue, before: Session, after: Session
) -> Counter[Key]:
    """Two sessions that follow each other have the tape but for one stretch between them.

    Returns what must be stored of them: a burst that the stretch cuts counts as in its longer part.
    """
    old, new = venue.sent
    assert before.frames == old.frames[: len(before.frames)]
    assert after.frames == new.frames
    assert before.closed == "stopped"
    lost = [frame for frame in old.frames[len(before.frames) :] if frame not in before.frames]
    sent_in_the_gap = seen_in(lost) + venue.shown(old.end, new.begin)
    seen_before, seen_after = seen_in(before.frames), seen_in(after.frames)
    assert seen_before + sent_in_the_gap + seen_after == venue.shown()
    return seen_before | seen_after


def has_seen(venue: TapeVenue, trades: int) -> bool:
    """Waits until the newest connection was sent so many trades."""

    def seen() -> bool:
        return venue.sent[-1].end - venue.sent[-1].begin > trades

    return wait_until(seen, rigs.SECONDS)


def test_a_restart_costs_the_gap_of_the_reconnect_and_publishes_what_was_left(
    rig: Rig, venue: TapeVenue
) -> None:
    rig.create_stream()
    proxy = rig.start_proxy()
    settings = {"kinesis.endpoint": proxy.endpoint, "run.stop-timeout": "1s"}
    host = TapeHost(rig, venue, "one", "key-of-" + rig.folder.name, settings)
    host.connects()
    venue.go()
    host.ingester.waits_for_trades(more_than=RATE)
    away = proxy.begin(Fault(Kind.HANG, frozenset({PUT_RECORDS})))
    assert has_seen(venue, 3 * RATE)
    host.waits_for_trade(3 * RATE)
    ended = rig.signal(host.ingester.child, signal.SIGTERM)
    assert ended.code == UNACKNOWLEDGED, "its tail is left to the next one"
    left = journal_file.read_checkpoint(host.journal)
    host.connects()
    away.end()
    assert has_seen(venue, 2 * RATE)
    venue.finish()
    assert wait_until(lambda: venue.has_all(-1), rigs.SECONDS)
    host.drain()

    before, after = host.sessions()
    assert left is not None
    assert left < before.end
    assert rows(rig) == assert_only_the_reconnect_is_missing(venue, before, after)
    listed = rig.run(
        "journal", "gaps", "--json", *rig.settings({"journal.directory": str(host.journal)})
    )
    gap, _ = map(json.loads, listed.out.splitlines())
    assert (gap["reason"], gap["from_position"]) == ("stopped", before.end)
    assert gap["to_position"] == after.entries[0].position
    assert gap["seconds"] == (after.entries[0].received_at - before.entries[-1].received_at) / 1000


def test_with_a_standby_a_restart_costs_the_gap_of_the_hand_over(
    rig: Rig, venue: TapeVenue
) -> None:
    rig.create_stream()
    table = f"leases-{rig.folder.name}"[:255]
    dynamodb = clients.connect("dynamodb", rig.kinesis.endpoint, rig.kinesis.ca, REGION)
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "lease", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "lease", "AttributeType": "S"}],
    )
    settings = {
        "feed.lease": "dynamodb",
        "lease.table": table,
        "table.endpoint": rig.kinesis.endpoint,
        **LEASE,
    }
    key = "key-of-" + rig.folder.name
    old, standby = (TapeHost(rig, venue, name, key, settings) for name in ("old", "standby"))
    old.connects()
    standby.start()
    standby.waits_until("standby")
    venue.go()
    assert has_seen(venue, 2 * RATE)
    old.waits_for_trade(2 * RATE)
    assert rig.signal(old.ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    old.start()  # the next version
    standby.waits_until("open")
    old.waits_until("standby")
    assert has_seen(venue, 2 * RATE)
    venue.finish()
    assert wait_until(lambda: venue.has_all(-1), rigs.SECONDS)
    standby.waits_for_trade(venue.position - 1)
    assert old.ingester.health()["feed"] == "standby"
    old.drain()
    standby.drain()

    (before,), (after,) = old.sessions(), standby.sessions()
    assert rows(rig) == assert_only_the_reconnect_is_missing(venue, before, after)
