"""An endpoint that accepts and never answers, while a venue sends as fast as it can."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

import rig as rigs
from endpoint_faults import PUT_RECORDS, Fault, Kind
from processes import wait_until
from rig import Ingester, Rig
from test_killed_daemon import daemons

pytestmark = pytest.mark.integration

BLOCKED_SECONDS = 10
MOST_RECORDS = 200
MIB = 1 << 20
PARANOID = ("-Dio.netty.leakDetection.level=paranoid",)


def private_bytes(pid: int) -> int:
    """The memory of a process that is its own, without the files that it has mapped."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) << 10


def memory(ingester: Ingester) -> tuple[int, int]:
    """That of an ingester, and of its daemon."""
    (daemon,) = daemons(ingester)
    return private_bytes(ingester.child.pid), private_bytes(daemon)


def test_what_is_outstanding_is_bounded_and_the_rest_waits_in_the_journal(rig: Rig) -> None:
    rig.create_stream()
    proxy = rig.start_proxy()
    market = rig.start_market("--capture", rigs.CRYPTO, "--loop", "--rate", "5000")
    ingester = rig.start_ingester(
        {
            "feed.uri": market.address,
            "kinesis.endpoint": proxy.endpoint,
            "kinesis.max-outstanding-records": str(MOST_RECORDS),
        },
        jvm=PARANOID,
    )
    # Until the first record is acknowledged, no other is let out: it would be one that hangs.
    ingester.waits_for_health(
        lambda health: health["trades_published"] > 1000 and health["behind_bytes"] == 0
    )
    hanging = proxy.begin(Fault(Kind.HANG, frozenset({PUT_RECORDS})))
    ingester.waits_for_health(
        lambda health: health["outstanding_records"] >= MOST_RECORDS and health["behind_bytes"] > 0
    )
    before, frames = memory(ingester), ingester.health()["frames"]
    begun, most = time.monotonic(), 0

    def has_been_blocked() -> bool:
        nonlocal most
        most = max(most, ingester.health()["outstanding_records"])
        return time.monotonic() >= begun + BLOCKED_SECONDS

    assert wait_until(has_been_blocked, rigs.SECONDS)
    after = memory(ingester)
    assert hanging.effects.any
    hanging.end()
    assert most <= MOST_RECORDS + 32, "a batch that is under way ends: a record a bucket"
    assert after[0] - before[0] < 100 * MIB
    assert after[1] - before[1] < 50 * MIB
    assert ingester.health()["frames"] > frames + 1000, "the feed has not noticed"
    assert market.openings() == 1

    market.child.stop(10)
    ingester.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
    ended = rig.signal(ingester.child, signal.SIGTERM)
    assert ended.code == 128 + signal.SIGTERM, ended.err
    assert "LEAK" not in ended.err
    assert "IllegalReferenceCount" not in ended.err
    rig.assert_all_on_the_stream()
