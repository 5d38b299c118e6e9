"""The poller as its users start it: the function gets all of the stream, whatever happens."""

from __future__ import annotations

import os
import signal

import pytest

from local_function import TELLING, LocalFunction, put
from rig import Rig

pytestmark = pytest.mark.integration

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
