"""The local environment: a local Kinesis, a market that plays captures, the ingester, the audit.

`scripts/start-market.sh local` makes sure of Java, Python and the build and then becomes this
program. Everything is set up in order, runs until its time is over or a signal comes, and is taken
down in order: the market first, so that every frame sent is received; then the ingester, which
publishes what is left; then the audit compares the journal with the stream; the Kinesis last.

Under data/local the journal, the market's log and the logs of all stay until the next start.
Nothing else stays, whatever happens: no process, no folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import journal_file
import options
import stream
import summary
from console import Tail, say
from data_lock import DataLock, HeldError
from options import Options
from processes import Child, ChildError, wait_until
from signals import SignalledError, Signals
from surroundings import DATA, LOGS, REGION, ROOT, folders, java, replace_variables

STREAM = "stream-finnhub"

STARTED_SECONDS = 60
FIRST_TRADE_SECONDS = 90
JOURNALLED_SECONDS = 15
STOP_SECONDS = 45
AUDIT_SECONDS = 600

NOT_PROVEN, USAGE, COULD_NOT_START = 1, 2, 3


class FailedError(Exception):
    """A step failed; carries the exit code."""

    def __init__(self, message: str, code: int = COULD_NOT_START) -> None:
        super().__init__(message)
        self.code = code


class Environment:
    """All that runs, in the order of its start."""

    def __init__(self, options: Options, temp: Path, signals: Signals) -> None:
        self._options = options
        self._temp = temp
        self._signals = signals
        self._children: list[Child] = []
        self._ca = temp / "certificates/ca.pem"
        self._market_log = DATA / "market.ndjson"
        self._endpoint = ""
        self._feed = ""
        self._crashed = False
        self._played_seconds = 0.0

    def kill(self) -> None:
        """Kills all that still runs, the newest first."""
        for child in reversed(self._children):
            child.kill()

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """Goes from nothing to the summary; returns it and what is wrong with it."""
        kinesis = self._start_kinesis()
        market = self._start_market()
        ingester = self._start_ingester()
        tail = Tail(ingester.err)
        with contextlib.closing(tail):
            ingester = self._play(kinesis, market, ingester, tail)
            tail.levels = {"ERROR"}  # that the market is gone is no news
            say("stopping: the market first, then the ingester, which publishes what is left")
            self._stop_market(market)
            self._stop_ingester(ingester, tail)
        audited = self._audit()
        kinesis.stop(10)
        own = summary.last_object(ingester.out)
        problems = summary.problems_of(audited)
        if not self._crashed:  # what a killed process had counted is gone
            problems += summary.disagreements(own, audited)
        return summary.merge(own, audited, self._played_seconds), problems

    def _start(self, name: str, *command: str | os.PathLike[str]) -> Child:
        child = Child(
            name,
            command,
            environment=os.environ,
            directory=ROOT,
            out=LOGS / f"{name}.out",
            err=LOGS / f"{name}.log",
        )
        self._children.append(child)
        return child

    def _start_kinesis(self) -> Child:
        self._signals.check()
        say("starting a local Kinesis (moto)")
        ready = self._temp / "kinesis"
        server = self._start(
            "kinesis",
            sys.executable,
            ROOT / "scripts/local/moto_server.py",
            "--certificates",
            self._ca.parent,
            "--ready-file",
            ready,
        )
        self._endpoint = self._address(server, ready)
        say(f"creating the stream {STREAM} with {self._options.shards} shards")
        stream.create(
            stream.connect(self._endpoint, self._ca, REGION), STREAM, self._options.shards
        )
        return server

    def _start_market(self) -> Child:
        self._signals.check()
        names = ", ".join(capture.name for capture in self._options.captures)
        say(f"starting a market that plays {names} at {self._options.rate} trades a second")
        ready = self._temp / "market"
        server = self._start(
            "market",
            *java(),
            "market",
            *(part for capture in self._options.captures for part in ("--capture", capture)),
            "--rate",
            str(self._options.rate),
            "--loop",
            "--port",
            "0",
            "--log",
            self._market_log,
            "--ready-file",
            ready,
        )
        self._feed = self._address(server, ready)
        return server

    def _start_ingester(self) -> Child:
        self._signals.check()
        say("starting the ingester")
        settings = {
            "feed.uri": self._feed,
            "feed.key-lock-directory": str(self._temp / "keys"),
            "kinesis.stream": STREAM,
            "kinesis.region": REGION,
            "kinesis.endpoint": self._endpoint,
            "kinesis.ca-file": str(self._ca),
            "status.port": "0",
        }
        given = dict(setting.split("=", 1) for setting in self._options.settings)
        properties = [f"-D{name}={value}" for name, value in (settings | given).items()]
        return self._start(
            "ingester", *java(*properties), "run", "--env", "local", "--json", "--progress"
        )

    def _address(self, server: Child, ready: Path) -> str:
        def settled() -> bool:
            self._signals.check()
            return ready.exists() or server.exit_code() is not None

        wait_until(settled, STARTED_SECONDS)
        if not ready.exists():
            raise self._failure(server)
        return ready.read_text().strip()

    def _play(self, kinesis: Child, market: Child, ingester: Child, tail: Tail) -> Child:
        """Lets everything run until time is over or a signal comes; returns the ingester."""
        begun: float | None = None
        deadline = time.monotonic() + FIRST_TRADE_SECONDS
        crash_after = self._options.crash_after
        while not self._signals.number:
            tail.pass_on()
            for child in (kinesis, market, ingester):
                if child.exit_code() is not None:
                    raise self._failure(child)
            now = time.monotonic()
            if begun is None and self._has_sent_a_trade():
                begun = now
            if begun is None and now > deadline:
                raise FailedError(f"no trade within {FIRST_TRADE_SECONDS} s: {tail_of(ingester)}")
            self._played_seconds = 0.0 if begun is None else now - begun
            if self._options.seconds is not None and self._played_seconds >= self._options.seconds:
                break
            if crash_after is not None and self._played_seconds >= crash_after:
                crash_after = None
                ingester = self._crash(ingester)
            time.sleep(0.05)
        if begun is None:
            self._signals.check()
        return ingester

    def _has_sent_a_trade(self) -> bool:
        with contextlib.suppress(FileNotFoundError), self._market_log.open("rb") as file:
            return b'\\"trade\\"' in file.read(1 << 20)
        return False

    def _crash(self, ingester: Child) -> Child:
        say("killing the ingester with SIGKILL, and starting it again")
        ingester.kill()
        self._crashed = True
        return self._start_ingester()

    def _stop_market(self, market: Child) -> None:
        code = market.stop(10)
        if code not in (0, 128 + signal.SIGTERM):
            raise self._failure(market)

        def journalled() -> bool:
            last = journal_file.last_entry(DATA / "journal")
            return last is not None and last.type == journal_file.SESSION_CLOSED

        if not wait_until(journalled, JOURNALLED_SECONDS):
            say("the ingester has not noticed that the market is gone")

    def _stop_ingester(self, ingester: Child, tail: Tail) -> None:
        code = ingester.stop(STOP_SECONDS)
        tail.pass_on()
        if code not in (0, 128 + signal.SIGTERM):
            raise self._failure(ingester)

    def _audit(self) -> dict[str, Any]:
        say("comparing the journal with the stream, trade by trade")
        auditor = self._start(
            "audit",
            sys.executable,
            ROOT / "scripts/local/audit.py",
            "--journal",
            DATA / "journal",
            "--endpoint",
            self._endpoint,
            "--ca",
            self._ca,
            "--stream",
            STREAM,
            "--region",
            REGION,
            "--market-log",
            self._market_log,
            "--json",
        )
        code = auditor.wait(AUDIT_SECONDS)
        audited = summary.last_object(auditor.out)
        if code not in (0, NOT_PROVEN) or not audited:
            raise self._failure(auditor)
        say(auditor.err.read_text().rstrip())
        return audited

    def _failure(self, child: Child) -> FailedError:
        code = child.exit_code()
        if code is None:
            return FailedError(f"{child.name} did not get ready: {tail_of(child)}")
        return FailedError(f"{child.name} ended with {code}: {tail_of(child)}", code or 1)


def tail_of(child: Child) -> str:
    """Returns the end of a child's log, to be read as it is."""
    lines = child.err.read_text(errors="replace").rstrip().splitlines()[-20:]
    return "\n".join([f"the end of {child.err.relative_to(ROOT)}:", *lines])


def main() -> int:
    """Runs the environment; returns the exit code of scripts/start-market.sh."""
    arguments = options.parse()
    signals = Signals()
    replace_variables()
    try:
        with DataLock(DATA), folders() as temp:
            environment = Environment(arguments, temp, signals)
            try:
                result, problems = environment.run()
            finally:
                environment.kill()
    except SignalledError:
        return 128 + (signals.number or 0)
    except (FailedError, ChildError, HeldError, OSError, BotoCoreError, ClientError) as e:
        say(f"local environment: {e}")
        return 128 + signals.number if signals.number else getattr(e, "code", COULD_NOT_START)
    for problem in problems:
        say(f"not proven: {problem}")
    if not problems:
        say("proven: every trade that was received is on the stream, and nothing else")
    summary.show(result, arguments.json)
    if problems:
        return NOT_PROVEN
    return 128 + signals.number if signals.number else 0


if __name__ == "__main__":
    sys.exit(main())
