"""A function that a test writes, deployed to the local AWS, and the poller that hands it events."""

from __future__ import annotations

import json
import os
import signal
import sys
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import boto3

from processes import Child, wait_until
from rig import SECONDS, Ended, Rig, has_ended
from surroundings import REGION, ROOT

ASSUMED_BY_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}

# Tells of each record that it is there, so that a test can see what came when.
TELLING = """
import base64, json

def handle(event, context):
    for record in event["Records"]:
        told = {
            "shard": record["eventID"].partition(":")[0],
            "sequence_number": record["kinesis"]["sequenceNumber"],
            "partition_key": record["kinesis"]["partitionKey"],
            "payload": base64.b64decode(record["kinesis"]["data"]).decode(),
        }
        print(json.dumps({"told": told}))
    return {"batchItemFailures": []}
"""


class LocalFunction:
    """A function of one test, named as its stream is."""

    def __init__(
        self,
        rig: Rig,
        source: str = TELLING,
        handler: str = "handle",
        timeout_seconds: int = 30,
        **settings: Any,
    ) -> None:
        """Deploys it; the settings are those of its mapping."""
        self.name = rig.stream
        self.folder = rig.folder
        self.log = rig.folder / "function.log"
        self.status_file = rig.folder / "status.json"
        self.zip = rig.folder / "function.zip"
        self._rig = rig
        with zipfile.ZipFile(self.zip, "w") as archive:
            archive.writestr("told.py", source)
        self._client = self._connect("lambda")
        self._poller: Child | None = None
        self._deploy(handler, timeout_seconds, settings)

    def _connect(self, service: str) -> Any:
        kinesis = self._rig.kinesis
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=kinesis.endpoint,
            verify=str(kinesis.ca),
        )

    def _deploy(self, handler: str, timeout_seconds: int, settings: dict[str, Any]) -> None:
        role = self._connect("iam").create_role(
            RoleName=self.name[:64], AssumeRolePolicyDocument=json.dumps(ASSUMED_BY_LAMBDA)
        )["Role"]["Arn"]
        self._client.create_function(
            FunctionName=self.name[:64],
            Runtime="python3.13",
            Role=role,
            Handler=f"told.{handler}",
            Code={"ZipFile": self.zip.read_bytes()},
            Timeout=timeout_seconds,
            Environment={"Variables": {"FOLDER": str(self.folder)}},
        )
        stream = self._rig.kinesis.client().describe_stream_summary(StreamName=self._rig.stream)
        self._client.create_event_source_mapping(
            FunctionName=self.name[:64],
            EventSourceArn=stream["StreamDescriptionSummary"]["StreamARN"],
            **{
                "StartingPosition": "TRIM_HORIZON",
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                **settings,
            },
        )

    def start_poller(self, *arguments: str | os.PathLike[str]) -> Child:
        """Starts a poller for it."""
        self._poller = self._rig.start(
            "poller",
            sys.executable,
            ROOT / "scripts/local/poller.py",
            *("--function", self.name[:64], "--zip", self.zip),
            *("--endpoint", self._rig.kinesis.endpoint, "--ca", self._rig.kinesis.ca),
            *("--region", REGION, "--checkpoints", self.folder / "checkpoints"),
            *("--function-log", self.log, "--status-file", self.status_file),
            *arguments,
        )
        return self._poller

    def drain(self, poller: Child) -> Ended:
        """Asks a poller to read to the end once it listens, and waits until it has."""
        self.waits_until(lambda: "polling: " in poller.err.read_text())
        return self._rig.signal(poller, signal.SIGTERM)

    def told(self) -> list[dict[str, str]]:
        """What the function has told of records so far, in order."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        return [json.loads(line)["told"] for line in lines if line.startswith('{"told"')]

    def waits_until(self, condition: Callable[[], bool]) -> None:
        """Waits until a condition holds, while the poller started last runs."""
        assert self._poller is not None
        poller = self._poller
        wait_until(lambda: condition() or has_ended(poller, 0), SECONDS)
        assert condition(), poller.err.read_text()[-4000:]

    def status(self) -> dict[str, Any]:
        """The poller's status file."""
        found: dict[str, Any] = json.loads(self.status_file.read_text())
        return found


def put(client: Any, stream: str, payloads: Sequence[str]) -> None:
    """Puts a record for each payload; what comes before its colon is the partition key."""
    for begin in range(0, len(payloads), 500):
        answer = client.put_records(
            StreamName=stream,
            Records=[
                {"Data": payload.encode(), "PartitionKey": payload.partition(":")[0]}
                for payload in payloads[begin : begin + 500]
            ],
        )
        assert answer["FailedRecordCount"] == 0


def first_seen(told: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """What was told, each record where it came first."""
    by_record = {(one["shard"], one["sequence_number"]): one for one in reversed(told)}
    wanted = list(reversed(by_record.values()))
    return sorted(wanted, key=told.index)
