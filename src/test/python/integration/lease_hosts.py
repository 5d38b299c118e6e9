"""Ingesters that share a key as if each were on a host of its own.

Each has a journal, a folder of locks and a way to DynamoDB of its own; market and stream are the
same. Between them and the market a proxy notes who held a socket of the key when, and what was
delivered on it.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import clients
import comparison
import expected as journals
import journal_file
import reference_conf
import stream
from aws_proxy_process import AwsProxyProcess
from contents import Contents
from feed_proxy_process import FeedProxyProcess
from processes import wait_until
from rig import SECONDS, Ingester, Rig
from surroundings import REGION

UPDATE_ITEM = "dynamodb:UpdateItem"
LEASE = {"lease.duration": "12s", "lease.try-interval": "2s", "lease.margin": "4s"}


class Host:
    """One host, and the ingester that runs on it."""

    def __init__(self, name: str, folder: Path, dynamodb: AwsProxyProcess) -> None:
        self.dynamodb = dynamodb
        self.journal = folder / name / "journal"
        self.locks = folder / name / "keys"
        self._ingester: Ingester | None = None

    @property
    def ingester(self) -> Ingester:
        """What runs on it, or ran last."""
        assert self._ingester
        return self._ingester

    def runs(self, ingester: Ingester) -> None:
        """Something else runs on it now."""
        self._ingester = ingester

    def is_in(self, state: str) -> bool:
        """Whether its feed is in this state now."""
        return bool(self.ingester.health()["feed"] == state)

    def waits_until(self, state: str) -> dict[str, Any]:
        """Waits until its feed is in this state; returns its health then."""
        return self.ingester.waits_for_health(lambda health: health["feed"] == state)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the ingester alone."""
        os.kill(self.ingester.child.pid, number)

    def freeze(self) -> None:
        """Stops the ingester, and returns when its last thread stands still."""
        self.send(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.ingester.child.pid}/task")

        def stands_still() -> bool:
            stats = [(task / "stat").read_text() for task in tasks.iterdir()]
            return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)

        assert wait_until(stands_still, SECONDS)

    def sessions(self) -> list[list[journal_file.Entry]]:
        """The entries of its journal, session by session."""
        found: list[list[journal_file.Entry]] = []
        for entry in journal_file.read(self.journal).entries():
            if entry.type == journal_file.SESSION_OPENED:
                found.append([])
            found[-1].append(entry)
        return found

    def frames(self) -> int:
        """How many frames its journal holds now."""
        return sum(len(frames_of(session)) for session in self.sessions())

    def ends(self) -> list[str]:
        """Why its sessions ended, those that were seen to."""
        return [
            entry.payload.decode()
            for session in self.sessions()
            for entry in session
            if entry.type == journal_file.SESSION_CLOSED
        ]


class Hosts:
    """The hosts of one test."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.table = f"leases-{rig.folder.name}"[:255]
        self._hosts: list[Host] = []
        rig.create_stream()
        self._create_table()
        self._market = rig.start_market()
        self._log = rig.folder / "feed.ndjson"
        self._feed = FeedProxyProcess(self._market.address, self._log)

    def close(self) -> None:
        """Ends the proxy before the market; the rest is the rig's."""
        self._feed.close()

    def _create_table(self) -> None:
        dynamodb = clients.connect(
            "dynamodb", self._rig.kinesis.endpoint, self._rig.kinesis.ca, REGION
        )
        dynamodb.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "lease", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "lease", "AttributeType": "S"}],
        )

    def add(self, name: str) -> Host:
        """Makes a host on which nothing runs yet."""
        host = Host(name, self._rig.folder, self._rig.start_proxy())
        self._hosts.append(host)
        return host

    def start(
        self,
        host: Host,
        changed: Mapping[str, str | None] | None = None,
        variables: Mapping[str, str | None] | None = None,
    ) -> Ingester:
        """Starts an ingester on a host; it need not have the socket."""
        settings: dict[str, str | None] = {
            "feed.uri": self._feed.url,
            "feed.symbols": '["AAPL"]',
            "feed.key-lock-directory": str(host.locks),
            "feed.lease": "dynamodb",
            "lease.table": self.table,
            "table.endpoint": host.dynamodb.endpoint,
            "journal.directory": str(host.journal),
            **LEASE,
            **(changed or {}),
        }
        host.runs(self._rig.start_ingester(settings, variables=variables))
        return host.ingester

    def openings(self) -> list[int]:
        """For each socket that was opened, in order: how many of the key were held then."""
        return [line["open"] for line in self._lines() if line.get("event") == "opened"]

    def drain(self) -> None:
        """Ends the market, waits until everything is acknowledged, and stops what runs."""
        self._market.child.stop(10)
        for host in self._hosts:
            host.ingester.waits_for_health(lambda health: health["unacknowledged_bytes"] == 0)
            ended = self._rig.signal(host.ingester.child, signal.SIGTERM)
            assert ended.code == 128 + signal.SIGTERM, ended.err

    def assert_each_session_has_what_its_socket_was_delivered(self) -> None:
        """All that was handled is journalled, in order; all there was, where the end was clean."""
        delivered = [
            [
                line["frame"].encode()
                for line in self._lines()
                if "frame" in line and line["connection"] == number
            ]
            for number in self._connections()
        ]
        sessions = sorted(
            (session for host in self._hosts for session in host.sessions()),
            key=lambda session: session[0].received_at,
        )
        assert len(sessions) == len(delivered)
        for session, sent in zip(sessions, delivered, strict=True):
            frames = frames_of(session)
            assert frames == sent[: len(frames)]
            if session[-1].payload == b"stopped":
                assert frames == sent

    def assert_all_on_the_stream(self) -> None:
        """The stream holds every trade of the hosts' journals, and nothing else."""
        settings = reference_conf.read()
        expected, *others = [journals.expect(host.journal, settings) for host in self._hosts]
        for other in others:
            for trade_id, (symbol, lines) in other.lines.items():
                expected.lines.setdefault(trade_id, (symbol, set()))[1].update(lines)
        client = self._rig.kinesis.client()
        contents = Contents(settings).add_all(stream.read(client, self._rig.stream))
        finding = comparison.compare(expected, contents, settings)
        assert expected.lines
        assert (finding.missing, finding.unexpected) == ([], [])

    def _connections(self) -> list[int]:
        return [line["connection"] for line in self._lines() if line.get("event") == "opened"]

    def _lines(self) -> list[dict[str, Any]]:
        self._feed.counts()  # all that is counted is in the file then
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in lines if "frame" in line or "event" in line]


def frames_of(session: list[journal_file.Entry]) -> list[bytes]:
    """The frames of a session."""
    return [entry.payload for entry in session if entry.type == journal_file.FRAME]
