"""The KPL meets each fault that an endpoint can have, and what is journalled is published."""

from __future__ import annotations

import signal

import pytest

import rig as rigs
from aws_proxy_process import AwsProxyProcess
from endpoint_faults import PUT_RECORDS, Fault, Kind
from processes import wait_until
from rig import Rig

pytestmark = pytest.mark.integration

PUTS = frozenset({PUT_RECORDS})
FAULTS = [
    Fault(Kind.REFUSE),
    Fault(Kind.HANG, PUTS),
    Fault(Kind.RESET, PUTS),
    Fault(Kind.ERROR_400, PUTS),
    Fault(Kind.ERROR_400, PUTS, error="AccessDeniedException"),
    Fault(Kind.ERROR_500, PUTS),
    Fault(Kind.THROTTLE_ALL, PUTS),
    Fault(Kind.THROTTLE_SOME, PUTS, share=0.5),
    Fault(Kind.FORWARD_THEN_TIME_OUT, PUTS),
    Fault(Kind.FORWARD_THEN_RESET, PUTS),
    Fault(Kind.SLOW, PUTS, seconds=1),
]


def lasts_until_it_has_an_effect(proxy: AwsProxyProcess, fault: Fault) -> None:
    handle = proxy.begin(fault)
    assert wait_until(lambda: handle.effects.any, rigs.SECONDS), fault
    handle.end()


def test_whatever_an_endpoint_does_wrong_all_that_is_journalled_is_published(rig: Rig) -> None:
    rig.create_stream()
    proxy = rig.start_proxy()
    market = rig.start_market()
    ingester = rig.start_ingester(
        {
            "feed.uri": market.address,
            "feed.symbols": '["AAPL"]',
            "kinesis.endpoint": proxy.endpoint,
        }
    )
    ingester.waits_for_trades(more_than=100)
    for fault in FAULTS:
        lasts_until_it_has_an_effect(proxy, fault)
        published = ingester.health()["trades_published"]
        ingester.waits_for_trades(more_than=published)
    market.child.stop(10)
    ingester.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
    assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    rig.assert_all_on_the_stream()
