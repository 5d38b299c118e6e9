"""Each shard has an environment, started by the main thread when one is wanted."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_source_mapping import Answered, Failed
from execution_environment import ExecutionEnvironment, Runnable, StartError
from execution_environments import ClosedError, ExecutionEnvironments

FUNCTION = """
import os, sys, time

calls = 0

def handle(event, context):
    global calls
    calls += 1
    if event == "exit":
        sys.exit(1)
    if event == "stand still":
        print("standing", flush=True)
        time.sleep(600)
    return [os.getpid(), calls]
"""
SHARDS = ("shardId-000000000000", "shardId-000000000001")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "function.log"


@pytest.fixture
def environments(tmp_path: Path, log: Path) -> Iterator[ExecutionEnvironments]:
    (tmp_path / "processor.py").write_text(FUNCTION)
    variables = {
        "_HANDLER": "processor.handle",
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "AWS_LAMBDA_FUNCTION_NAME": "processor",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    }
    runnable = Runnable("processor", "arn", 60, variables, tmp_path, log)
    made = ExecutionEnvironments(lambda: ExecutionEnvironment(runnable, sys.executable))
    with contextlib.closing(made):
        yield made


class Invocation(threading.Thread):
    """An event handed over by a thread of its own, while this one starts what it wants."""

    def __init__(self, environments: ExecutionEnvironments, shard_id: str, event: str) -> None:
        super().__init__(daemon=True)
        self._environments = environments
        self._given = (shard_id, event)
        self.outcome: Answered | Failed | Exception | None = None
        self.start()

    def run(self) -> None:
        """Hands it over."""
        try:
            self.outcome = self._environments.invoke(*self._given)
        except (ClosedError, StartError) as e:
            self.outcome = e

    def ended(self) -> Answered | Failed | Exception | None:
        """Starts what is wanted until it has ended; returns its outcome."""
        while self.is_alive():
            self._environments.start_wanted(0.01)
        return self.outcome


def answer(environments: ExecutionEnvironments, shard_id: str) -> list[int]:
    outcome = Invocation(environments, shard_id, '"go"').ended()
    assert isinstance(outcome, Answered)
    found: list[int] = outcome.answer
    return found


def test_a_shard_keeps_its_environment(environments: ExecutionEnvironments) -> None:
    first, second = (answer(environments, SHARDS[0]) for _ in range(2))
    assert first[0] == second[0]
    assert [first[1], second[1]] == [1, 2]
    assert environments.started == 1


def test_shards_do_not_share_an_environment(environments: ExecutionEnvironments) -> None:
    pids = {answer(environments, shard_id)[0] for shard_id in SHARDS}
    assert len(pids) == 2
    assert environments.started == 2


def test_an_environment_that_has_ended_is_replaced(environments: ExecutionEnvironments) -> None:
    before = answer(environments, SHARDS[0])
    assert Invocation(environments, SHARDS[0], '"exit"').ended() == Failed(
        "process ended: exit_code=1"
    )
    after = answer(environments, SHARDS[0])
    assert before[0] != after[0]
    assert environments.started == 2


def test_a_shard_that_is_read_has_no_environment_any_more(
    environments: ExecutionEnvironments,
) -> None:
    before = answer(environments, SHARDS[0])
    environments.end(SHARDS[0])
    environments.end(SHARDS[1])  # never had one
    assert answer(environments, SHARDS[0])[0] != before[0]


def test_killing_ends_what_runs_and_lets_nothing_begin(
    environments: ExecutionEnvironments, log: Path
) -> None:
    running = Invocation(environments, SHARDS[0], '"stand still"')
    while not (log.exists() and log.read_text()):
        environments.start_wanted(0.01)
    waiting = Invocation(environments, SHARDS[1], '"go"')
    environments.kill()
    assert running.ended() == Failed("process ended: exit_code=-9")
    waiting.join(10)
    assert isinstance(waiting.outcome, ClosedError)
    assert environments.started == 1
    with pytest.raises(ClosedError):
        environments.invoke(SHARDS[0], '"go"')


def test_an_environment_that_cannot_be_started_is_an_error_on_both_sides() -> None:
    def fails() -> ExecutionEnvironment:
        raise StartError("no such python")

    environments = ExecutionEnvironments(fails)
    invocation = Invocation(environments, SHARDS[0], '"go"')
    with pytest.raises(StartError, match="no such python"):
        invocation.ended()
    invocation.join(10)
    assert isinstance(invocation.outcome, StartError)
    environments.close()
