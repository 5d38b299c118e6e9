"""All shards of a stream are polled through reshards, a child after all its parents."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import polling
import shard_reader
from checkpoints import Checkpoint, Checkpoints
from event_source_mapping import Answered, Failed, Rules
from execution_environments import ClosedError
from polling import Polling
from resharding_kinesis import HASH_KEYS, ReshardingKinesis, refusal
from signals import SignalledError
from stream_source import StreamSource

RULES = Rules(
    batch_size=4,
    window_seconds=0,
    bisects=True,
    reports_failures=True,
    max_retries=-1,
    max_age_seconds=-1,
)
DRAIN_SECONDS = 60.0


class FakeSignals:
    """Notes no signal until it is told to."""

    number: int | None = None


class FakeEnvironments:
    """A function in our own process, which notes what it is given, and fails where it is told to.

    Nobody needs to start it: the main thread's turns are there for the signal.
    """

    def __init__(self) -> None:
        self.signals = FakeSignals()
        self.signal_when: Callable[[], bool] = lambda: True
        """What is so before the signal comes."""
        self.seen: dict[str, list[str]] = defaultdict(list)
        """Payloads by shard, each where it came first."""
        self.order: list[str] = []
        """Shards, each where a record of it came first."""
        self.failing: set[str] = set()
        self.failed: set[str] = set()
        """Shards of which it has failed a batch."""
        self.broken = False
        self.ended: set[str] = set()
        self.started = 0
        self._is_killed = threading.Event()
        self._turn = threading.Event()

    def invoke(self, shard_id: str, event: str) -> Answered | Failed:
        if self._is_killed.is_set():
            raise ClosedError
        if self.broken:
            raise OSError("no space left on device")
        if shard_id in self.failing:
            self.failed.add(shard_id)
            return Failed("told to fail")
        if shard_id not in self.seen:
            self.order.append(shard_id)
        for record in json.loads(event)["Records"]:
            payload = base64.b64decode(record["kinesis"]["data"]).decode()
            if payload not in self.seen[shard_id]:
                self.seen[shard_id].append(payload)
        return Answered({"batchItemFailures": []})

    def start_wanted(self, seconds: float) -> None:
        self._turn.wait(min(seconds, 0.001))
        if self.signal_when():
            self.signals.number = 15

    def end(self, shard_id: str) -> None:
        self.ended.add(shard_id)

    def kill(self) -> None:
        self._is_killed.set()

    @property
    def is_killed(self) -> bool:
        """Whether nothing of it runs any more."""
        return self._is_killed.is_set()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_reader, "READ_SECONDS", 0)
    monkeypatch.setattr(shard_reader, "FIRST_BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(shard_reader, "LAST_BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(polling, "LIST_SECONDS", 0)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Iterator[Checkpoints]:
    with contextlib.closing(Checkpoints(tmp_path / "checkpoints")) as opened:
        yield opened


@pytest.fixture
def environments() -> FakeEnvironments:
    return FakeEnvironments()


def poll(
    kinesis: ReshardingKinesis,
    environments: FakeEnvironments,
    checkpoints: Checkpoints,
    status_file: Path | None = None,
    drain_seconds: float = DRAIN_SECONDS,
) -> list[str]:
    """Polls to the end; returns what is left."""
    source = StreamSource(kinesis, "arn:aws:kinesis:us-east-1:1:stream/trades", "arn:role")
    poller = Polling(source, environments, checkpoints, RULES, status_file)
    return poller.run(environments.signals, drain_seconds)


def put_everywhere(kinesis: ReshardingKinesis, generation: str) -> None:
    for hash_key in range(HASH_KEYS):
        kinesis.put(hash_key, f"{hash_key}:{generation}".encode())


def resharded() -> ReshardingKinesis:
    """A stream that was split, merged and split again while records were put."""
    kinesis = ReshardingKinesis("trades", shards=2)
    put_everywhere(kinesis, "a")
    kinesis.split(kinesis.open_shards()[0])
    put_everywhere(kinesis, "b")
    first, second, third = kinesis.open_shards()
    kinesis.merge(second, third)
    kinesis.split(first)
    put_everywhere(kinesis, "c")
    kinesis.merge(*kinesis.open_shards()[:2])
    put_everywhere(kinesis, "d")
    return kinesis


def generations_by_key(environments: FakeEnvironments) -> dict[int, str]:
    """For each hash key the generations of its records, in the order that the function saw."""
    by_key: dict[int, str] = defaultdict(str)
    for shard in environments.order:
        for payload in environments.seen[shard]:
            key, _, generation = payload.partition(":")
            by_key[int(key)] += generation
    return by_key


def test_through_splits_and_merges_every_key_keeps_its_order(
    environments: FakeEnvironments, checkpoints: Checkpoints
) -> None:
    kinesis = resharded()
    assert poll(kinesis, environments, checkpoints) == []
    assert environments.is_killed
    assert generations_by_key(environments) == dict.fromkeys(range(HASH_KEYS), "abcd")
    for shard in kinesis.shards.values():
        assert checkpoints.read(shard.id).is_finished == shard.is_closed
        place = environments.order.index(shard.id)
        assert all(environments.order.index(parent) < place for parent in shard.parents)


@pytest.mark.parametrize("failing", range(8))
def test_no_child_is_read_before_all_its_parents_are_handed_over(
    environments: FakeEnvironments, checkpoints: Checkpoints, failing: int
) -> None:
    kinesis = resharded()
    assert len(kinesis.shards) == 8
    stuck = f"shardId-{failing:012}"
    environments.failing = {stuck}
    heirs = {stuck}
    for shard in kinesis.shards.values():
        if heirs & set(shard.parents):
            heirs.add(shard.id)
    others = set(kinesis.shards) - heirs
    environments.signal_when = lambda: (
        set(environments.order) == others and (environments.failed == {stuck})
    )
    left = poll(kinesis, environments, checkpoints, drain_seconds=0.1)
    assert set(environments.order) == others
    assert {line.split()[0].removeprefix("shard=") for line in left} >= heirs
    environments = FakeEnvironments()
    assert poll(kinesis, environments, checkpoints) == []
    assert set(environments.order) >= heirs


def test_a_reshard_while_polling_is_followed(
    environments: FakeEnvironments, checkpoints: Checkpoints
) -> None:
    kinesis = ReshardingKinesis("trades", shards=1)
    put_everywhere(kinesis, "a")

    def reshard() -> None:
        kinesis.split(kinesis.open_shards()[0])
        put_everywhere(kinesis, "b")

    kinesis.after_read = reshard
    environments.signal_when = lambda: "shardId-000000000000" in environments.ended
    assert poll(kinesis, environments, checkpoints) == []
    assert generations_by_key(environments) == dict.fromkeys(range(HASH_KEYS), "ab")
    assert "shardId-000000000000" in environments.ended


def test_children_that_are_listed_late_are_waited_for(
    environments: FakeEnvironments, checkpoints: Checkpoints
) -> None:
    kinesis = ReshardingKinesis("trades", shards=1)
    kinesis.split(kinesis.open_shards()[0])
    put_everywhere(kinesis, "a")
    kinesis.hidden_lists = 5
    assert poll(kinesis, environments, checkpoints) == []
    assert generations_by_key(environments) == dict.fromkeys(range(HASH_KEYS), "a")


def test_children_that_are_never_listed_are_left(
    environments: FakeEnvironments, checkpoints: Checkpoints
) -> None:
    kinesis = ReshardingKinesis("trades", shards=1)
    kinesis.split(kinesis.open_shards()[0])
    kinesis.hidden_lists = 1_000_000
    environments.signal_when = lambda: checkpoints.read("shardId-000000000000").is_finished
    left = poll(kinesis, environments, checkpoints, drain_seconds=0.1)
    assert left == ["the children of shard=shardId-000000000000 are not known"]


def test_a_shard_that_ends_while_draining_has_its_children_read(
    environments: FakeEnvironments, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long its thread takes to end after the last step."""
    kinesis = ReshardingKinesis("trades", shards=1)
    put_everywhere(kinesis, "a")
    kinesis.split(kinesis.open_shards()[0])
    put_everywhere(kinesis, "b")
    turns = 0
    run = polling.ReaderThread.run
    has_turned = threading.Event()

    def lingers(thread: polling.ReaderThread) -> None:
        run(thread)
        nonlocal turns
        turns = 0
        has_turned.clear()
        has_turned.wait(60)

    start_wanted = environments.start_wanted

    def turn(seconds: float) -> None:
        nonlocal turns
        start_wanted(seconds)
        turns += 1
        if turns > 20:
            has_turned.set()

    monkeypatch.setattr(polling.ReaderThread, "run", lingers)
    monkeypatch.setattr(environments, "start_wanted", turn)
    assert poll(kinesis, environments, checkpoints) == []
    assert generations_by_key(environments) == dict.fromkeys(range(HASH_KEYS), "ab")


def test_a_list_that_fails_is_tried_again(
    environments: FakeEnvironments, checkpoints: Checkpoints, caplog: pytest.LogCaptureFixture
) -> None:
    kinesis = ReshardingKinesis("trades", shards=1)
    put_everywhere(kinesis, "a")
    kinesis.failures = [refusal("LimitExceededException", "ListShards")] * 3
    assert poll(kinesis, environments, checkpoints) == []
    assert generations_by_key(environments) == dict.fromkeys(range(HASH_KEYS), "a")
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert [record.getMessage().split(":")[0] for record in warnings] == [
        "shards cannot be listed, trying on"
    ] * 3


def test_what_is_left_after_the_time_for_draining_is_told(
    environments: FakeEnvironments, checkpoints: Checkpoints
) -> None:
    kinesis = ReshardingKinesis("trades", shards=2)
    put_everywhere(kinesis, "a")
    environments.failing = {"shardId-000000000001"}
    environments.signal_when = lambda: bool(environments.failed)
    left = poll(kinesis, environments, checkpoints, drain_seconds=0.2)
    assert "shard=shardId-000000000001 state=reading millis_behind=1000" in left


def test_a_stream_that_cannot_be_listed_is_left(
    environments: FakeEnvironments, checkpoints: Checkpoints
) -> None:
    kinesis = ReshardingKinesis("trades", shards=2)
    kinesis.failures = [refusal("AccessDeniedException", "ListShards")] * 100_000
    left = poll(kinesis, environments, checkpoints, drain_seconds=0.05)
    assert left == ["the shards of the stream are not known"]


def test_the_signal_once_more_ends_it_at_once(
    environments: FakeEnvironments, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinesis = ReshardingKinesis("trades", shards=1)
    put_everywhere(kinesis, "a")
    environments.failing = {"shardId-000000000000"}
    turns = iter([None] * 20)

    def signalled(_seconds: float) -> None:
        environments.signals.number = 15
        try:
            next(turns)
        except StopIteration:
            raise SignalledError from None

    monkeypatch.setattr(environments, "start_wanted", signalled)
    (left,) = poll(kinesis, environments, checkpoints)
    assert left.startswith("shard=shardId-000000000000 state=reading")


def test_a_failure_of_our_own_ends_it_with_what_is_left(
    environments: FakeEnvironments, checkpoints: Checkpoints, caplog: pytest.LogCaptureFixture
) -> None:
    kinesis = ReshardingKinesis("trades", shards=1)
    put_everywhere(kinesis, "a")
    environments.broken = True
    environments.signal_when = lambda: False
    (left,) = poll(kinesis, environments, checkpoints)
    assert left.startswith("shard=shardId-000000000000 state=reading")
    assert "shard is not read on: shard=shardId-000000000000" in caplog.messages


def test_the_status_file_tells_what_was_done(
    environments: FakeEnvironments, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    kinesis = ReshardingKinesis("trades", shards=2)
    put_everywhere(kinesis, "a")
    kinesis.split(kinesis.open_shards()[0])
    put_everywhere(kinesis, "b")
    checkpoints.write("shardId-000000000001", Checkpoint(None))
    assert poll(kinesis, environments, checkpoints, tmp_path / "status.json") == []
    status: dict[str, Any] = json.loads((tmp_path / "status.json").read_text())
    assert status.pop("batches") >= 2 * HASH_KEYS / RULES.batch_size
    assert status == {
        "records": 2 * HASH_KEYS,
        "failures": 0,
        "retries": 0,
        "skipped": 0,
        "read_errors": 0,
        "environments_started": 0,
        "shards": {
            "shardId-000000000000": {"state": "finished", "millis_behind": 0},
            "shardId-000000000001": {"state": "drained", "millis_behind": 0},
            "shardId-000000000002": {"state": "drained", "millis_behind": 0},
            "shardId-000000000003": {"state": "drained", "millis_behind": 0},
        },
    }


def test_the_status_file_tells_what_waits_and_what_was_finished_before(
    environments: FakeEnvironments, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    kinesis = ReshardingKinesis("trades", shards=2)
    put_everywhere(kinesis, "a")
    first, second = kinesis.open_shards()
    kinesis.merge(first, second)
    checkpoints.write(first.id, Checkpoint("1", is_finished=True))
    environments.failing = {second.id}
    poll(kinesis, environments, checkpoints, tmp_path / "status.json", drain_seconds=0.2)
    shards = json.loads((tmp_path / "status.json").read_text())["shards"]
    states = [shard["state"] for shard in shards.values()]
    assert states == ["finished", "reading", "waiting"]
