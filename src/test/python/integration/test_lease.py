"""Of several hosts with one key, one has a socket at any time, and another takes over from it."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator

import pytest

import ingester_clock
import rig as rigs
from endpoint_faults import Fault, Kind
from ingester_clock import IngesterClock
from lease_hosts import UPDATE_ITEM, Host, Hosts
from processes import wait_until
from rig import Rig

pytestmark = pytest.mark.integration

CANNOT_START = 3
AN_HOUR = 3600


@pytest.fixture
def hosts(rig: Rig) -> Iterator[Hosts]:
    with contextlib.closing(Hosts(rig)) as opened:
        yield opened


def roles(one: Host, two: Host) -> tuple[Host, Host]:
    """Waits until one of them has the socket and the other stands by; returns them so."""

    def settled() -> bool:
        return (one.is_in("open") and two.is_in("standby")) or (
            two.is_in("open") and one.is_in("standby")
        )

    assert wait_until(settled, rigs.SECONDS), (one.ingester.log, two.ingester.log)
    return (one, two) if one.is_in("open") else (two, one)


def test_another_takes_over_from_one_that_stops_or_dies(rig: Rig, hosts: Hosts) -> None:
    one, two = hosts.add("one"), hosts.add("two")
    hosts.start(one)
    hosts.start(two)
    holder, other = roles(one, two)
    holder.ingester.waits_for_trades(more_than=100)
    health = other.ingester.health()
    assert (health["state"], health["lease_held"]) == ("standby", False)
    assert health["lease_holder"] == socket.gethostname()
    assert health["lease_holder_pid"] == holder.ingester.child.pid
    assert health["lease_since"]

    ended = rig.signal(holder.ingester.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM
    assert "lease of the key given back" in ended.err
    other.waits_until("open")

    hosts.start(holder)
    holder.waits_until("standby")
    other.ingester.waits_for_trades(more_than=100)
    rig.signal(other.ingester.child, signal.SIGKILL)
    hosts.start(other)  # what it had not put is published while it stands by
    holder.waits_until("open")
    other.waits_until("standby")
    other.ingester.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
    assert b"\nlease_held 0" in other.ingester.page("/metrics")

    hosts.drain()
    assert hosts.openings() == [1, 1, 1]
    hosts.assert_each_session_has_what_its_socket_was_delivered()
    hosts.assert_all_on_the_stream()


def test_one_that_is_cut_off_or_was_frozen_has_closed_its_socket(hosts: Hosts) -> None:
    one, two = hosts.add("one"), hosts.add("two")
    hosts.start(one)
    hosts.start(two)
    holder, other = roles(one, two)
    holder.ingester.waits_for_trades(more_than=100)
    cut = holder.dynamodb.begin(Fault(Kind.HANG, frozenset({UPDATE_ITEM})))
    health = holder.ingester.waits_for_health(lambda health: health["state"] == "degraded")
    assert (health["feed"], health["lease_answered"]) == ("standby", False)
    other.waits_until("open")
    assert holder.ends() == ["lease-lost"]
    cut.end()
    holder.ingester.waits_for_health(lambda health: health["state"] == "standby")

    other.ingester.waits_for_trades(more_than=100)
    other.freeze()
    handled = other.frames()
    holder.waits_until("open")
    # The kernel of a frozen host keeps its socket: the market sees two of a key, and drops both.
    assert hosts.openings()[:3] == [1, 1, 2]
    other.send(signal.SIGCONT)
    other.waits_until("standby")
    assert other.frames() == handled
    assert other.ends() == ["lease-lost"]
    while_frozen = len(hosts.openings())
    published = holder.ingester.health()["trades_published"]
    holder.ingester.waits_for_trades(more_than=published)

    hosts.drain()
    assert set(hosts.openings()[while_frozen:]) <= {1}
    hosts.assert_each_session_has_what_its_socket_was_delivered()
    hosts.assert_all_on_the_stream()


def test_a_clock_that_is_wrong_by_an_hour_is_no_matter(rig: Rig, hosts: Hosts) -> None:
    library = ingester_clock.find_library()
    if library is None:
        pytest.skip("NOT RUN: libfaketime is not installed (scripts/test.sh tools)")
    clock = IngesterClock(library, rig.folder)
    clock.move(AN_HOUR)
    right, ahead = hosts.add("right"), hosts.add("ahead")
    hosts.start(right)
    right.waits_until("open")
    hosts.start(ahead, variables=clock.variables)
    ahead.waits_until("standby")
    renewals = renewals_of(right)
    assert wait_until(lambda: renewals_of(right) > renewals + 10, rigs.SECONDS)
    assert right.is_in("open")
    assert ahead.is_in("standby")

    rig.signal(right.ingester.child, signal.SIGKILL)
    ahead.waits_until("open")
    hosts.start(right)
    right.waits_until("standby")
    renewals = renewals_of(ahead)
    assert wait_until(lambda: renewals_of(ahead) > renewals + 10, rigs.SECONDS)
    assert right.is_in("standby")
    assert ahead.is_in("open")
    assert ahead.sessions()[0][0].received_at > right.sessions()[0][0].received_at + AN_HOUR * 1000

    hosts.drain()
    assert hosts.openings() == [1, 1]
    hosts.assert_all_on_the_stream()


def renewals_of(host: Host) -> int:
    """How often an ingester has renewed the lease."""
    for line in host.ingester.page("/metrics").decode().splitlines():
        if line.startswith("lease_renewals"):
            return int(float(line.split()[1]))
    return 0


def test_a_table_that_is_not_there_or_denied_is_told_at_start(rig: Rig, hosts: Hosts) -> None:
    host = hosts.add("one")
    ended = rig.end_of(hosts.start(host, {"lease.table": "NoSuchLeases"}).child)
    assert ended.code == CANNOT_START
    (sentence,) = ended.sentences
    assert "table of leases not found: table=NoSuchLeases region=us-east-1 endpoint=" in sentence
    assert sentence.endswith(")")

    host.dynamodb.begin(
        Fault(Kind.ERROR_400, frozenset({UPDATE_ITEM}), error="AccessDeniedException")
    )
    ended = rig.end_of(hosts.start(host).child)
    assert ended.code == CANNOT_START
    (sentence,) = ended.sentences
    assert f"access to the table of leases denied: table={hosts.table}" in sentence
    assert "they need dynamodb:UpdateItem on the table)" in sentence
    assert hosts.openings() == []


def test_without_an_answer_there_is_no_socket_until_there_is_one(hosts: Hosts) -> None:
    host = hosts.add("one")
    away = host.dynamodb.begin(Fault(Kind.REFUSE))
    ingester = hosts.start(host)
    health = ingester.waits_for_health(lambda health: health["state"] == "degraded")
    assert health["feed"] == "standby"
    assert wait_until(lambda: away.effects.connections > 3, rigs.SECONDS)
    assert hosts.openings() == []
    away.end()
    host.waits_until("open")
    ingester.waits_for_trades()
    hosts.drain()
    assert hosts.openings() == [1]
    hosts.assert_all_on_the_stream()
