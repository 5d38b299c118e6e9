"""kinesis-local from npm: a Kinesis that splits and merges shards truly, which moto does not."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from processes import Child, wait_until
from rig import SECONDS, free_port, has_ended
from surroundings import REGION, ROOT

PINNED = Path(__file__).with_name("kinesis-local")
INSTALLED = ROOT / "target/kinesis-local"
PROGRAM = INSTALLED / "node_modules/kinesis-local/main.js"
INSTALL_SECONDS = 120


def install() -> None:
    """Installs exactly what the lock file says; without npm, says so and skips, but not in CI."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in PINNED.iterdir():
        shutil.copy(file, INSTALLED)
    try:
        ended = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],  # noqa: S607
            cwd=INSTALLED,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        _not_run(str(e))
    else:
        if ended.returncode != 0:
            _not_run(ended.stderr.strip())


def _not_run(why: str) -> None:
    said = f"NOT RUN: kinesis-local cannot be installed: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    pytest.skip(said)


class KinesisLocal:
    """One that runs, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        """Starts it and waits until it answers."""
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.client: Any = boto3.client(
            "kinesis",
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard", "max_attempts": 8}),
        )
        self._child = Child(
            "kinesis-local",
            ["node", PROGRAM],
            environment={
                "PATH": os.environ["PATH"],
                "KINESIS_MOCK_PLAIN_PORT": str(port),
                "KINESIS_MOCK_TLS_PORT": str(free_port()),
                "AWS_REGION": REGION,
                "LOG_LEVEL": "WARN",
            },
            directory=PROGRAM.parent,  # its certificate is beside it
            out=folder / "kinesis-local.out",
            err=folder / "kinesis-local.err",
        )
        wait_until(lambda: self._answers() or has_ended(self._child, 0), SECONDS)
        assert self._answers(), self._child.out.read_text()[-4000:]

    def close(self) -> None:
        """Kills it."""
        self._child.kill()

    def create(self, stream: str, shards: int) -> None:
        """Makes a stream."""
        self.client.create_stream(StreamName=stream, ShardCount=shards)
        self.waits_until_active(stream)

    def split(self, stream: str, shard: dict[str, Any]) -> None:
        """Splits a shard in the middle, and waits until it has."""
        hash_keys = shard["HashKeyRange"]
        middle = (int(hash_keys["StartingHashKey"]) + int(hash_keys["EndingHashKey"])) // 2
        self.client.split_shard(
            StreamName=stream, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle + 1)
        )
        self.waits_until_active(stream)

    def merge(self, stream: str, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Merges two neighbours, and waits until it has."""
        self.client.merge_shards(
            StreamName=stream,
            ShardToMerge=one["ShardId"],
            AdjacentShardToMerge=other["ShardId"],
        )
        self.waits_until_active(stream)

    def shards(self, stream: str) -> list[dict[str, Any]]:
        """All shards of a stream."""
        found: list[dict[str, Any]] = self.client.list_shards(StreamName=stream)["Shards"]
        return found

    def open_shards(self, stream: str) -> list[dict[str, Any]]:
        """The shards that records are put into, by their hash keys."""
        found = [
            shard
            for shard in self.shards(stream)
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]
        return sorted(found, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def waits_until_active(self, stream: str) -> None:
        """Waits until the stream is neither made nor changed."""

        def is_active() -> bool:
            summary = self.client.describe_stream_summary(StreamName=stream)
            status: str = summary["StreamDescriptionSummary"]["StreamStatus"]
            return status == "ACTIVE"

        assert wait_until(is_active, SECONDS)

    def _answers(self) -> bool:
        with contextlib.suppress(BotoCoreError, ClientError):
            self.client.list_streams()
            return True
        return False
