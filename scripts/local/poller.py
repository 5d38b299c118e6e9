"""Stands in for AWS Lambda in the local environment: hands the stream to the deployed function.

    poller.py --function NAME --zip FILE --endpoint URL [--ca FILE] --region R
              --checkpoints FOLDER --function-log FILE [--status-file FILE]
              [--stream-endpoint URL] [--drain-seconds N] [--python PROGRAM]

Reads the function and its event source mapping from the endpoint, and does with each shard of the
stream what Lambda does (see event_source_mapping.py); refuses what it does not imitate. The zip
must be the one that is deployed. A shard is read by a thread of its own and handed to a process of
its own, a child of a reshard after all its parents. Deployments after the start are not noticed.

--checkpoints   what the Lambda service remembers: how far each shard is handed over, by mapping.
                After a kill -9 a new poller goes on from there, and may hand out a batch again.
                The unpacked zip is in it, too.
--function-log  what the function writes, as CloudWatch Logs would get it; appended to.
--status-file   JSON, replaced about once a second: records (handed over), batches, failures,
                retries, skipped, read_errors, environments_started, and for each shard its state
                (waiting, reading, drained, finished) and millis_behind.
--stream-endpoint  where the stream is, if it is not at the endpoint.
--python        what runs the function; without, python3.13 if there is one, else our own.

SIGTERM (SIGINT, SIGHUP): reads every shard to its end, hands everything over, and exits with 0. The
same signal once more, or --drain-seconds after the first, ends it with 1, and what is left is said.
Other exit codes: 2 usage, 3 could not start. Writes its log to stderr, and nothing to stdout.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import deployed_function
from checkpoints import Checkpoints, HeldError
from deployed_function import DeployedFunction, DeployedMapping, DeploymentError
from event_source_mapping import Counts, Rules
from execution_environment import ExecutionEnvironment, Runnable, StartError, find_python
from execution_environments import ClosedError, ExecutionEnvironments
from lineage import ListedShard, childless, readable
from shard_reader import ShardReader, State
from signals import SignalledError, Signals
from stream_source import StreamSource

STATUS_SECONDS = 1.0
TURN_SECONDS = 0.05
LIST_SECONDS = 1.0
"""Between two looks for the children of a shard that has ended; a list may come late."""
JOIN_SECONDS = 2.0
DRAIN_SECONDS = 120.0
COULD_NOT_START, LEFT = 3, 1

log = logging.getLogger("poller")


class ReaderThread(threading.Thread):
    """Steps a reader until its shard has an end, or it is told to stop."""

    def __init__(
        self, reader: ShardReader, drains: threading.Event, stops: threading.Event
    ) -> None:
        super().__init__(name=reader.shard_id, daemon=True)
        self.reader = reader
        self.error: Exception | None = None
        self._drains = drains
        self._stops = stops

    def run(self) -> None:
        """Steps on and on."""
        try:
            while self.reader.state is State.READING and not self._stops.is_set():
                self._stops.wait(self.reader.step(drains=self._drains.is_set()))
        except ClosedError:
            pass  # the poller ends: the batch comes again
        except Exception as e:  # a defect or a full disk: the main thread ends the poller
            self.error = e


class Poller:
    """All shards of one mapping. Confined to the main thread."""

    def __init__(
        self,
        source: StreamSource,
        environments: ExecutionEnvironments,
        checkpoints: Checkpoints,
        rules: Rules,
        status_file: Path | None,
    ) -> None:
        self._source = source
        self._environments = environments
        self._checkpoints = checkpoints
        self._rules = rules
        self._status_file = status_file
        self._drains = threading.Event()
        self._stops = threading.Event()
        self._listed: list[ListedShard] = []
        self._finished: set[str] = set()
        self._threads: dict[str, ReaderThread] = {}
        self._list_at = 0.0
        self._status_at = 0.0

    def run(self, signals: Signals, drain_seconds: float) -> list[str]:
        """Polls until a signal and then to the end; returns what is left."""
        deadline: float | None = None
        try:
            while True:
                self._environments.start_wanted(TURN_SECONDS)
                self._look_at_threads()
                self._list_when_due()
                self._show_status()
                if signals.number is not None and deadline is None:
                    log.info("reading to the end: signal=%d", signals.number)
                    deadline = time.monotonic() + drain_seconds
                    self._drains.set()
                if deadline is not None and (self._is_drained() or time.monotonic() > deadline):
                    break
        except SignalledError:
            log.warning("stopped at once: the signal came again")
        finally:
            self._stop()
        return self._left()

    def _look_at_threads(self) -> None:
        for shard_id, thread in self._threads.items():
            if thread.error is not None:
                raise thread.error
            if thread.is_alive() or thread.reader.state is State.READING:
                continue
            self._environments.end(shard_id)
            if thread.reader.state is State.FINISHED and shard_id not in self._finished:
                log.info("shard finished: shard=%s", shard_id)
                self._finished.add(shard_id)
                self._list_at = 0

    def _list_when_due(self) -> None:
        if time.monotonic() < self._list_at:
            return
        self._list_at = time.monotonic() + LIST_SECONDS
        try:
            self._listed = self._source.shards()
        except (ClientError, BotoCoreError) as e:
            log.warning("shards cannot be listed, trying on: %s", e)
            return
        for shard in self._listed:
            if self._checkpoints.read(shard.id).is_finished:
                self._finished.add(shard.id)
        for shard_id in readable(self._listed, self._finished):
            if shard_id not in self._threads:
                self._start_reader(shard_id)
        if not childless(self._listed, self._finished):
            self._list_at = float("inf")  # until a shard ends

    def _start_reader(self, shard_id: str) -> None:
        reader = ShardReader(
            shard_id,
            self._source,
            lambda event: self._environments.invoke(shard_id, event),
            self._checkpoints,
            self._rules,
        )
        log.info("shard is read: shard=%s after=%s", shard_id, reader.checkpoint)
        self._threads[shard_id] = ReaderThread(reader, self._drains, self._stops)
        self._threads[shard_id].start()

    def _is_drained(self) -> bool:
        unread = [id_ for id_ in readable(self._listed, self._finished) if id_ not in self._threads]
        return (
            bool(self._listed)
            and not unread
            and not childless(self._listed, self._finished)
            and all(thread.reader.state is not State.READING for thread in self._threads.values())
        )

    def _stop(self) -> None:
        self._stops.set()
        self._environments.kill()
        deadline = time.monotonic() + JOIN_SECONDS
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        self._status_at = 0
        self._show_status()

    def _left(self) -> list[str]:
        if not self._listed:
            return ["the shards of the stream are not known"]
        states = self._states()
        return [
            f"shard={shard_id} state={state['state']} millis_behind={state['millis_behind']}"
            for shard_id, state in states.items()
            if state["state"] in ("reading", "waiting")
        ]

    def _states(self) -> dict[str, dict[str, Any]]:
        states: dict[str, dict[str, Any]] = {}
        for shard in self._listed:
            thread = self._threads.get(shard.id)
            if thread is not None:
                states[shard.id] = {
                    "state": thread.reader.state.value,
                    "millis_behind": thread.reader.millis_behind,
                }
            else:
                state = "finished" if shard.id in self._finished else "waiting"
                states[shard.id] = {"state": state, "millis_behind": None}
        return states

    def _show_status(self) -> None:
        if self._status_file is None or time.monotonic() < self._status_at:
            return
        self._status_at = time.monotonic() + STATUS_SECONDS
        readers = [thread.reader for thread in self._threads.values()]
        status: dict[str, Any] = {
            name: sum(getattr(reader.counts, name) for reader in readers) for name in vars(Counts())
        }
        status["read_errors"] = sum(reader.read_errors for reader in readers)
        status["environments_started"] = self._environments.started
        status["shards"] = self._states()
        draft = self._status_file.with_suffix(".tmp")
        draft.write_text(json.dumps(status) + "\n")
        draft.replace(self._status_file)


def connect(service: str, endpoint: str, ca: Path | None, region: str) -> Any:
    """Returns a client that the local AWS can tell from others; never one of a real account."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        verify=None if ca is None else str(ca),
        aws_access_key_id="local-poller",
        aws_secret_access_key="local",  # noqa: S106  of an emulator that verifies none
        config=Config(retries={"mode": "standard", "max_attempts": 8}, max_pool_connections=50),
    )


@contextlib.contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Poller]:
    """Makes a poller of what is deployed, and leaves no process of it."""
    client = connect("lambda", arguments.endpoint, arguments.ca, arguments.region)
    function = deployed_function.read_function(client, arguments.function)
    mapping = deployed_function.read_mapping(client, function)
    deployed_function.verify_zip(arguments.zip, function)
    folder = arguments.checkpoints.resolve() / mapping.id
    with contextlib.closing(Checkpoints(folder)) as checkpoints:
        runnable = runnable_of(arguments, function, folder / "task")
        shutil.rmtree(runnable.folder, ignore_errors=True)
        deployed_function.unpack(arguments.zip, runnable.folder)
        python = find_python(arguments.python)
        environments = ExecutionEnvironments(lambda: ExecutionEnvironment(runnable, python))
        log.info("%s", started(function, mapping, python))
        with contextlib.closing(environments):
            yield Poller(
                source_of(arguments, function, mapping),
                environments,
                checkpoints,
                mapping.rules,
                arguments.status_file,
            )


def runnable_of(arguments: argparse.Namespace, function: DeployedFunction, task: Path) -> Runnable:
    """Returns the function as an environment runs it."""
    endpoint = {"AWS_ENDPOINT_URL": arguments.endpoint}
    if arguments.ca is not None:
        endpoint["AWS_CA_BUNDLE"] = str(arguments.ca.resolve())
    return Runnable(
        function.name,
        function.arn,
        function.timeout_seconds,
        deployed_function.variables_of(function, task, arguments.region, endpoint),
        task,
        arguments.function_log.resolve(),
    )


def source_of(
    arguments: argparse.Namespace, function: DeployedFunction, mapping: DeployedMapping
) -> StreamSource:
    """Returns the stream that the mapping names."""
    endpoint = arguments.stream_endpoint or arguments.endpoint
    client = connect("kinesis", endpoint, arguments.ca, arguments.region)
    return StreamSource(client, mapping.stream_arn, function.role_arn)


def started(function: DeployedFunction, mapping: DeployedMapping, python: str) -> str:
    """Returns what is told at the start."""
    return f"polling: function={function.name} stream={mapping.stream} python={python} " + " ".join(
        f"{name}={value}" for name, value in vars(mapping.rules).items()
    )


def main() -> int:
    """Polls until it is told to stop; returns the exit code."""
    arguments = _parse()
    signals = Signals()
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s.%(msecs)03d %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.addLevelName(logging.WARNING, "WARN")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        with opened(arguments) as poller:
            left = poller.run(signals, arguments.drain_seconds)
    except SignalledError:
        log.warning("stopped at once: the signal came again")
        return LEFT
    except (DeploymentError, HeldError, StartError, ClientError, BotoCoreError, OSError) as e:
        log.error("poller: %s", e)
        return COULD_NOT_START
    for what in left:
        log.error("not handed over: %s", what)
    return LEFT if left else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="hands a stream to a function, as Lambda does")
    parser.add_argument("--function", required=True)
    parser.add_argument("--zip", type=Path, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--ca", type=Path)
    parser.add_argument("--region", required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--function-log", type=Path, required=True)
    parser.add_argument("--status-file", type=Path)
    parser.add_argument("--stream-endpoint")
    parser.add_argument("--drain-seconds", type=float, default=DRAIN_SECONDS)
    parser.add_argument("--python")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
