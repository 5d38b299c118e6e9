"""Faults that the proxy and the harness make together: each hits whom it is for, when it is for it.

The proxy is a real one; the parts are small programs that ask through it.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import commands
from away_faults import KillIngesterWhileKinesisAway
from aws_proxy_process import AwsProxyProcess
from process_faults import state_of
from processes import Child, wait_until
from recording_endpoint import RecordingEndpoint, recording_endpoint
from write_faults import (
    KillFunctionAfterWrite,
    KillFunctionAtWrite,
    KillFunctionBeforeWrite,
    owners,
)

SECONDS = 20
CLIENT = """
import botocore.session, os, sys, time
from botocore.config import Config
service, operation, arguments = sys.argv[1], sys.argv[2], eval(sys.argv[3])
session = botocore.session.Session()
session.set_credentials(sys.argv[4], "secret")
client = session.create_client(
    service, region_name="us-east-1", endpoint_url=sys.argv[5], verify=sys.argv[6],
    config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
)
while True:
    try:
        getattr(client, operation)(**arguments)
    except Exception:
        pass
    time.sleep(0.05)
"""
WRITE = (
    "dynamodb",
    "batch_write_item",
    "{'RequestItems': {'T': [{'PutRequest': {'Item': {'id': {'S': 'a'}}}}]}}",
)
PUT = (
    "kinesis",
    "put_records",
    "{'StreamName': 's', 'Records': [{'Data': b'a', 'PartitionKey': 'a'}]}",
)


class FakeParts:
    """Parts that ask for one thing over and over, and start again only when a test says so."""

    crashed = False

    def __init__(self, folder: Path, proxy: AwsProxyProcess, ca: Path) -> None:
        self._folder = folder
        self._where = (proxy.endpoint, ca)
        self.children: list[Child] = []
        self.ingester = self._asks(PUT, "local-ingester")
        # The function is a process that the poller has started.
        self.poller = self._start("sh", "-c", '"$@" & wait', "sh", *self._function())

    def start_ingester(self) -> None:
        self.ingester = self._asks(PUT, "local-ingester")

    def start_poller(self) -> None:
        raise NotImplementedError

    def hold(self, name: str, *, down: bool) -> None:
        raise NotImplementedError

    def _function(self) -> list[str | Path]:
        runtime = self._folder / "runtime.py"
        runtime.write_text(CLIENT)
        return [sys.executable, runtime, *WRITE, "local-function", *self._where]

    def _asks(self, what: tuple[str, ...], principal: str) -> Child:
        return self._start(sys.executable, "-c", CLIENT, *what, principal, *self._where)

    def _start(self, *command: str | Path) -> Child:
        log = self._folder / "log"
        child = Child("part", command, environment={}, directory=self._folder, out=log, err=log)
        self.children.append(child)
        return child


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[RecordingEndpoint]:
    with recording_endpoint(tmp_path) as endpoint:
        yield endpoint


@pytest.fixture
def proxy(upstream: RecordingEndpoint, tmp_path: Path) -> Iterator[AwsProxyProcess]:
    with AwsProxyProcess(upstream.url, upstream.ca, tmp_path) as running:
        yield running


@pytest.fixture
def parts(
    upstream: RecordingEndpoint, proxy: AwsProxyProcess, tmp_path: Path
) -> Iterator[FakeParts]:
    made = FakeParts(tmp_path, proxy, upstream.ca)
    yield made
    for child in made.children:
        child.kill()


def writes(upstream: RecordingEndpoint) -> int:
    return sum("RequestItems" in body for body in upstream.bodies)


def puts(proxy: AwsProxyProcess) -> int:
    return int(proxy.counts()["kinesis:PutRecords"]["requests"])


def has_effect(fault: KillFunctionAtWrite | KillIngesterWhileKinesisAway) -> bool:
    fault.turn()
    return fault.effects > 0


@pytest.mark.parametrize(
    ("kind", "is_written"), [(KillFunctionBeforeWrite, False), (KillFunctionAfterWrite, True)]
)
def test_the_function_is_killed_while_its_write_is_held(
    kind: type[KillFunctionAtWrite],
    is_written: bool,
    parts: FakeParts,
    proxy: AwsProxyProcess,
    upstream: RecordingEndpoint,
) -> None:
    assert wait_until(lambda: writes(upstream) > 0, SECONDS)
    fault = kind(parts, random.Random(1), proxy)
    assert not fault.is_done
    fault.begin(2.0)
    assert wait_until(lambda: has_effect(fault), SECONDS)
    before = writes(upstream)
    asked = proxy.counts()["dynamodb:BatchWriteItem"]
    assert fault.effects == 1
    assert fault.is_done
    assert not fault.is_possible  # nobody is left
    assert state_of(parts.ingester.pid) not in ("", "Z")
    fault.turn()
    fault.end()
    # Passed on: all but the one that was held before it was.
    assert asked["requests"] - before == (0 if is_written else 1)
    assert wait_until(lambda: writes(upstream) == before, 1.0)
    assert fault.effects == 1


def test_without_a_write_nobody_is_killed(parts: FakeParts, proxy: AwsProxyProcess) -> None:
    fault = KillFunctionBeforeWrite(parts, random.Random(1), proxy)
    fault.turn()
    assert (fault.effects, fault.is_done) == (0, False)
    fault.end()


def test_a_port_leads_to_the_process_that_has_the_connection(proxy: AwsProxyProcess) -> None:
    pids = [os.getpid(), proxy.pid, 1 << 22]
    with socket.create_connection(("127.0.0.1", int(proxy.endpoint.rpartition(":")[2]))) as client:
        assert owners([client.getsockname()[1]], pids) == [os.getpid()]
        accepted = client.getpeername()[1]
        assert wait_until(lambda: owners([accepted], pids) == [proxy.pid], SECONDS)
        assert owners([], pids) == []


@pytest.mark.parametrize("seed", [0, 1])  # one hangs, one refuses
def test_the_ingester_is_killed_while_kinesis_is_away_and_has_to_start_while_it_is(
    seed: int,
    parts: FakeParts,
    proxy: AwsProxyProcess,
    upstream: RecordingEndpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delivered = tmp_path / "delivered"
    monkeypatch.setattr(commands, "DELIVERED_LOG", delivered)
    assert wait_until(lambda: bool(upstream.asked), SECONDS)
    first = parts.ingester
    fault = KillIngesterWhileKinesisAway(parts, random.Random(seed), proxy)
    fault.begin(2.0)

    def is_killed() -> bool:
        fault.turn()
        return first.exit_code() is not None

    assert wait_until(is_killed, SECONDS)
    assert parts.crashed
    assert not wait_until(lambda: has_effect(fault), 0.2)  # nobody has started
    parts.start_ingester()
    asked = puts(proxy)
    fault.turn()
    delivered.write_text("{}\n")
    assert puts(proxy) > asked or not has_effect(fault)  # it has not asked yet
    delivered.unlink()
    assert wait_until(lambda: puts(proxy) > asked, SECONDS)
    assert not has_effect(fault)  # nothing reaches it from the feed
    delivered.write_text("{}\n")
    assert wait_until(lambda: has_effect(fault), SECONDS)
    assert fault.is_done
    fault.end()
