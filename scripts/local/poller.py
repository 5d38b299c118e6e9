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
import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import deployed_function
from checkpoints import Checkpoints, HeldError
from deployed_function import DeployedFunction, DeployedMapping, DeploymentError
from execution_environment import ExecutionEnvironment, Runnable, StartError, find_python
from execution_environments import ExecutionEnvironments
from polling import Polling
from signals import SignalledError, Signals
from stream_source import StreamSource

DRAIN_SECONDS = 120.0
COULD_NOT_START, LEFT = 3, 1

log = logging.getLogger("poller")


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
def opened(arguments: argparse.Namespace) -> Iterator[Polling]:
    """Makes ready to poll what is deployed; leaves no process behind."""
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
            yield Polling(
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
        with opened(arguments) as polling:
            left = polling.run(signals, arguments.drain_seconds)
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
