"""kinesis-local from npm: a Kinesis that splits and merges shards truly, which moto does not.

It is pinned by the lock file beside this one and installed into target/, from where it runs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from processes import Child, ChildError, free_port, wait_until
from surroundings import REGION, ROOT

PINNED = Path(__file__).with_name("kinesis-local")
INSTALLED = ROOT / "target/kinesis-local"
PROGRAM = INSTALLED / "node_modules/kinesis-local/main.js"
INSTALL_SECONDS = 120
SECONDS = 60
"""For a start, or a change of a stream."""
SHARD_LIMIT = 1000
"""Of an account; what counts the closed ones, too, would soon reach the 50 that it has by itself.
"""


_PATIENT = Config(retries={"mode": "standard", "max_attempts": 8})
_IMPATIENT = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})


class NotInstalledError(Exception):
    """There is no kinesis-local, and it could not be installed."""


def install() -> None:
    """Installs exactly what the lock file says, unless it is there; or raises NotInstalledError."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NotInstalledError(f"not found: {program} (on Debian: apt-get install nodejs npm)")
    lock = (PINNED / "package-lock.json").read_bytes()
    mark = INSTALLED / "installed"
    if mark.exists() and mark.read_bytes() == lock:
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    for file in PINNED.iterdir():
        shutil.copy(file, INSTALLED)
    _npm_ci()
    mark.write_bytes(lock)


def _npm_ci() -> None:
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
        raise NotInstalledError(f"npm ci failed: {e}") from e
    if ended.returncode != 0:
        raise NotInstalledError(f"npm ci ended with {ended.returncode}: {ended.stderr.strip()}")


class KinesisLocal:
    """One that runs, on a port of its own. Speaks HTTP without TLS."""

    def __init__(self, folder: Path) -> None:
        """Starts it, with its logs in the folder, and waits until it answers; or ChildError."""
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.client = _client(self.endpoint, _PATIENT)
        self.process = Child(
            "kinesis-local",
            ["node", PROGRAM],
            environment={
                "PATH": os.environ["PATH"],
                "KINESIS_MOCK_PLAIN_PORT": str(port),
                "KINESIS_MOCK_TLS_PORT": str(free_port()),
                "AWS_REGION": REGION,
                "LOG_LEVEL": "WARN",
                "SHARD_LIMIT": str(SHARD_LIMIT),
            },
            directory=PROGRAM.parent,  # its certificate is beside it
            out=folder / "kinesis-local.out",
            err=folder / "kinesis-local.log",
        )
        wait_until(lambda: self._answers() or self.process.exit_code() is not None, SECONDS)
        if not self._answers():
            self.close()
            said = self.process.out.read_text(errors="replace")[-4000:]
            raise ChildError(f"kinesis-local did not get ready: {said}")

    def close(self) -> None:
        """Kills it. May be repeated."""
        self.process.kill()

    def hurry(self) -> None:
        """Lets no call from now on take more than a few seconds: it raises, and is not repeated."""
        self.client = _client(self.endpoint, _IMPATIENT)

    def create(self, stream: str, shards: int) -> None:
        """Makes a stream, and waits until it can be used."""
        self.client.create_stream(StreamName=stream, ShardCount=shards)
        self.waits_until_active(stream)

    def begin_split(self, stream: str, shard: dict[str, Any]) -> None:
        """Asks for a split of a shard in the middle of its hash keys."""
        hash_keys = shard["HashKeyRange"]
        middle = (int(hash_keys["StartingHashKey"]) + int(hash_keys["EndingHashKey"])) // 2
        self.client.split_shard(
            StreamName=stream, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle + 1)
        )

    def split(self, stream: str, shard: dict[str, Any]) -> None:
        """Splits a shard in the middle, and waits until it has."""
        self.begin_split(stream, shard)
        self.waits_until_active(stream)

    def begin_merge(self, stream: str, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Asks for a merge of two neighbours."""
        self.client.merge_shards(
            StreamName=stream,
            ShardToMerge=one["ShardId"],
            AdjacentShardToMerge=other["ShardId"],
        )

    def merge(self, stream: str, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Merges two neighbours, and waits until it has."""
        self.begin_merge(stream, one, other)
        self.waits_until_active(stream)

    def shards(self, stream: str) -> list[dict[str, Any]]:
        """Returns all shards of a stream."""
        found: list[dict[str, Any]] = self.client.list_shards(StreamName=stream)["Shards"]
        return found

    def open_shards(self, stream: str) -> list[dict[str, Any]]:
        """Returns the shards that records are put into, by their hash keys."""
        found = [
            shard
            for shard in self.shards(stream)
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]
        return sorted(found, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def is_active(self, stream: str) -> bool:
        """Returns whether the stream is neither made nor changed."""
        summary = self.client.describe_stream_summary(StreamName=stream)
        status: str = summary["StreamDescriptionSummary"]["StreamStatus"]
        return status == "ACTIVE"

    def waits_until_active(self, stream: str) -> None:
        """Waits until the stream is neither made nor changed."""
        if not wait_until(lambda: self.is_active(stream), SECONDS):
            raise ChildError(f"stream not active within {SECONDS} s: stream={stream}")

    def _answers(self) -> bool:
        with contextlib.suppress(BotoCoreError, ClientError):
            self.client.list_streams()
            return True
        return False


def _client(endpoint: str, config: Config) -> Any:
    return boto3.client(
        "kinesis",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  of an emulator that verifies none
        config=config,
    )
