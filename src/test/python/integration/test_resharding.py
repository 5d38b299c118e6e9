"""The poller follows true splits and merges, as Lambda does."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kinesis_local
from kinesis_local import KinesisLocal, NotInstalledError
from local_function import LocalFunction, first_seen, put
from processes import wait_until
from rig import Rig

pytestmark = pytest.mark.integration

KEYS = 64  # so many that each shard has some
RECORDS_BETWEEN = 2 * KEYS
"""Records that are put between two reshards, at least: one of each key after the first."""


@pytest.fixture(scope="session")
def true_kinesis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KinesisLocal]:
    """A Kinesis that splits and merges truly; without npm it says so and skips, but not in CI."""
    try:
        kinesis_local.install()
    except NotInstalledError as e:
        said = f"NOT RUN: kinesis-local cannot be installed: {e}"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    folder: Path = tmp_path_factory.mktemp("kinesis-local")
    with contextlib.closing(KinesisLocal(folder)) as running:
        yield running


class Writer(threading.Thread):
    """Puts records, every key in turn, until it is told to stop."""

    def __init__(self, client: Any, stream: str) -> None:
        super().__init__(daemon=True)
        self.payloads: list[str] = []
        """What was acknowledged."""
        self._client = client
        self._stream = stream
        self._stops = False

    def run(self) -> None:
        """Puts one record of each key, and again."""
        for number in itertools.count():
            if self._stops:
                return
            payloads = [f"key-{key}:{number}" for key in range(KEYS)]
            put(self._client, self._stream, payloads)
            self.payloads += payloads

    def waits_for_more(self) -> None:
        """Waits until a round of records has been put that had not begun before."""
        wanted = len(self.payloads) + RECORDS_BETWEEN
        assert wait_until(lambda: len(self.payloads) >= wanted, 60)

    def stop(self) -> None:
        """Lets it end after what it puts now."""
        self._stops = True
        self.join(60)
        assert not self.is_alive()


@pytest.mark.parametrize("is_killed", [False, True], ids=["one poller", "killed in between"])
def test_through_splits_and_merges_each_key_keeps_its_order_and_no_record_is_missing(
    bare_rig: Rig, true_kinesis: KinesisLocal, is_killed: bool
) -> None:
    bare_rig.create_stream()  # the local AWS has the mapping, and a mapping needs a stream
    stream = bare_rig.stream
    true_kinesis.create(stream, 2)
    function = LocalFunction(bare_rig, BatchSize=10)
    there = ("--stream-endpoint", true_kinesis.endpoint)
    poller = function.start_poller(*there)
    writer = Writer(true_kinesis.client, stream)
    writer.start()
    for reshard in ("split", "split", "merge", "split", "merge"):
        writer.waits_for_more()
        shards = true_kinesis.open_shards(stream)
        if reshard == "split":
            true_kinesis.split(stream, shards[0])
        else:
            true_kinesis.merge(stream, shards[1], shards[2])
        if is_killed:
            os.kill(poller.pid, signal.SIGKILL)
            assert bare_rig.end_of(poller).left == []
            poller = function.start_poller(*there)
    writer.waits_for_more()
    writer.stop()
    ended = function.drain(poller)
    assert ended.code == 0, ended.err
    assert ended.left == []

    told = first_seen(function.told())
    assert in_order(one["payload"] for one in told) == in_order(writer.payloads)
    assert_parents_come_first(told, true_kinesis.shards(stream))
    if not is_killed:
        assert function.status()["records"] == len(writer.payloads)
        assert "finished" in {shard["state"] for shard in function.status()["shards"].values()}


def in_order(payloads: Iterable[str]) -> dict[str, list[str]]:
    """The payloads of each key, in order."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for payload in payloads:
        by_key[payload.partition(":")[0]].append(payload)
    return by_key


def assert_parents_come_first(told: list[dict[str, str]], shards: list[dict[str, Any]]) -> None:
    """No record of a child was handed out before all of its parents' were."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(told):
        places[one["shard"]].append(place)
    families = 0
    for shard in shards:
        parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
        for parent in filter(None, parents):
            families += 1
            assert max(places[parent]) < min(places[shard["ShardId"]])
    assert families == 3 * 2 + 2 * 2  # two children of each split, two parents of each merge
