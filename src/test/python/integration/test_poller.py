"""The poller as its users start it: the function gets all of the stream, whatever happens."""

from __future__ import annotations

import os
import re
import signal

import pytest

from local_function import TELLING, LocalFunction, put
from rig import Rig

pytestmark = pytest.mark.integration

COULD_NOT_START = 3
KEYS = 8
PAYLOADS = [f"key-{number % KEYS}:{number}" for number in range(1000)]


def payloads_by_key(payloads: list[str]) -> dict[str, list[str]]:
    """The payloads of each key, each where it comes first."""
    by_key: dict[str, list[str]] = {}
    for payload in dict.fromkeys(payloads):
        by_key.setdefault(payload.partition(":")[0], []).append(payload)
    return by_key


# Stands still behind record 250 until the test has done what it wants to do just then.
STANDING_STILL = f"""{TELLING}
import os, pathlib, time

FOLDER = pathlib.Path(os.environ["FOLDER"])

def stand_still(event, context):
    answer = handle(event, context)
    payloads = [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]
    if any(payload.endswith(b":250") for payload in payloads):
        FOLDER.joinpath("standing").touch()
        while not FOLDER.joinpath("go-on").exists():
            time.sleep(0.01)
    return answer
"""


def test_a_killed_poller_goes_on_where_it_was(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig, STANDING_STILL, "stand_still", BatchSize=7)
    put(bare_rig.kinesis.client(), bare_rig.stream, PAYLOADS[:500])
    first = function.start_poller()
    function.waits_until((bare_rig.folder / "standing").exists)
    os.kill(first.pid, signal.SIGKILL)
    assert bare_rig.end_of(first).left == []
    before = len(function.told())
    (bare_rig.folder / "go-on").touch()
    put(bare_rig.kinesis.client(), bare_rig.stream, PAYLOADS[500:])
    ended = function.drain(function.start_poller())
    assert ended.code == 0, ended.err
    assert ended.left == []
    told = [one["payload"] for one in function.told()]
    assert payloads_by_key(told) == payloads_by_key(PAYLOADS)
    # The killed one had a batch of each shard out, of which one stood still.
    assert 0 < len(told) - len(set(told)) <= 2 * 7
    assert function.status()["records"] == len(told) - before


# Fails at record 30 the first three times, each time in another way.
FAILING = f"""{TELLING}
import os, pathlib, time

FOLDER = pathlib.Path(os.environ["FOLDER"])

def fail(event, context):
    for index, record in enumerate(event["Records"]):
        if base64.b64decode(record["kinesis"]["data"]).endswith(b":30"):
            times = len(list(FOLDER.glob("failed-*")))
            FOLDER.joinpath(f"failed-{{times}}").touch()
            if times == 0:
                handle({{"Records": event["Records"][:index]}}, context)
                number = record["kinesis"]["sequenceNumber"]
                return {{"batchItemFailures": [{{"itemIdentifier": number}}]}}
            if times == 1:
                raise RuntimeError("told to fail")
            if times == 2:
                time.sleep(600)
    return handle(event, context)
"""


def test_a_batch_that_is_reported_raises_or_takes_too_long_comes_again(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig, FAILING, "fail", timeout_seconds=2, BatchSize=100)
    put(bare_rig.kinesis.client(), bare_rig.stream, PAYLOADS[:60])
    ended = function.drain(function.start_poller())
    assert ended.code == 0, ended.err
    told = [one["payload"] for one in function.told()]
    assert payloads_by_key(told) == payloads_by_key(PAYLOADS[:60])
    assert len(told) == 60  # what came before the reported record did not come again
    assert "reported as failed: from=" in ended.err
    assert "error raised: type=RuntimeError" in ended.err
    assert "timed out: timeout_seconds=2" in ended.err
    assert "RuntimeError: told to fail" in function.log.read_text()
    status = function.status()
    assert (status["records"], status["failures"], status["retries"]) == (60, 3, 3)
    assert status["environments_started"] == 3  # one a shard, and one for the one that was killed


def test_a_second_signal_ends_it_at_once_and_what_is_left_is_said(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig, STANDING_STILL, "stand_still")
    put(bare_rig.kinesis.client(), bare_rig.stream, PAYLOADS[:260])
    poller = function.start_poller()
    function.waits_until((bare_rig.folder / "standing").exists)
    os.kill(poller.pid, signal.SIGTERM)
    function.waits_until(lambda: "reading to the end: signal=15" in poller.err.read_text())
    ended = bare_rig.signal(poller, signal.SIGTERM)
    assert ended.code == 1
    assert ended.left == []
    assert "stopped at once: the signal came again" in ended.err
    assert re.search(r"ERROR not handed over: shard=shardId-\d+ state=reading", ended.err)


def test_the_time_for_draining_has_a_bound(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig, STANDING_STILL, "stand_still")
    put(bare_rig.kinesis.client(), bare_rig.stream, PAYLOADS[:260])
    poller = function.start_poller("--drain-seconds", "0.5")
    function.waits_until((bare_rig.folder / "standing").exists)
    ended = bare_rig.signal(poller, signal.SIGTERM)
    assert ended.code == 1
    assert ended.left == []
    assert re.search(r"ERROR not handed over: shard=shardId-\d+ state=reading", ended.err)


def test_a_zip_that_was_not_deployed_is_refused(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig)
    function.zip.write_bytes(function.zip.read_bytes() + b"x")
    ended = bare_rig.end_of(function.start_poller())
    assert ended.code == COULD_NOT_START
    assert "zip is not the one that is deployed" in ended.err


def test_a_setting_that_is_not_imitated_is_refused(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig, TumblingWindowInSeconds=30)
    ended = bare_rig.end_of(function.start_poller())
    assert ended.code == COULD_NOT_START
    assert "not imitated here: TumblingWindowInSeconds=30 (imitated: 0)" in ended.err


def test_a_function_that_is_not_there_is_told(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig)
    ended = bare_rig.end_of(function.start_poller("--function", "no-such-function"))
    assert ended.code == COULD_NOT_START
    assert "Function not found: " in ended.err


def test_a_second_poller_of_the_same_mapping_is_refused(bare_rig: Rig) -> None:
    bare_rig.create_stream()
    function = LocalFunction(bare_rig)
    first = function.start_poller()
    function.waits_until(function.status_file.exists)
    ended = bare_rig.end_of(function.start_poller())
    assert ended.code == COULD_NOT_START
    assert "checkpoints in use by another poller" in ended.err
    assert function.drain(first).code == 0
