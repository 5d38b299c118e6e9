"""The local environment: a local AWS, a market that plays captures, the ingester, the function.

`scripts/start-market.sh local` makes sure of Java, Python and the build and then becomes this
program. Everything is set up in order, runs until its time is over or a signal comes, and is taken
down in order: the market first, so that every frame sent is received; then the ingester, which
publishes what is left; then the function, once it has stored what is on the stream; then the audit
compares the journal with stream and table; the local AWS last.

Under data/local the journal, the market's log and the logs of all stay until the next start.
Nothing else stays, whatever happens: no process, no folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import commands
import journal_file
import options
import summary
from commands import Aws, Command
from console import Tail, say
from data_lock import DataLock, HeldError
from function_log import FunctionLog
from options import Options
from processes import Child, ChildError, wait_until
from signals import SignalledError, Signals
from surroundings import DATA, LOGS, ROOT, folders, replace_variables

STARTED_SECONDS = 60
PROVISIONED_SECONDS = 300
FIRST_TRADE_SECONDS = 90
JOURNALLED_SECONDS = 15
STOP_SECONDS = 45
DRAIN_PROGRESS_SECONDS = 5
AUDIT_SECONDS = 600
TURN_SECONDS = 0.05

NOT_PROVEN, USAGE, COULD_NOT_START = 1, 2, 3


class FailedError(Exception):
    """A step failed; carries the exit code."""

    def __init__(self, message: str, code: int = COULD_NOT_START) -> None:
        super().__init__(message)
        self.code = code


class Environment:
    """All that runs, in the order of its start."""

    aws_server: Child
    market: Child
    poller: Child
    ingester: Child

    def __init__(self, options: Options, temp: Path, signals: Signals) -> None:
        self.crashed = False
        """Whether the ingester was killed, and with it what it had counted."""
        self.played_seconds = 0.0
        self._options = options
        self._temp = temp
        self._signals = signals
        self._children: list[Child] = []
        self._aws = Aws("", temp / "certificates/ca.pem")
        self._feed = ""
        self._function_log = FunctionLog(commands.FUNCTION_LOG)
        self._delivered_log = commands.MARKET_LOG
        self._stream_endpoint: str | None = None
        """Where the stream is, if it is not in the local AWS."""

    def kill(self) -> None:
        """Kills all that still runs, the newest first."""
        for child in reversed(self._children):
            child.kill()

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """Goes from nothing to the summary; returns it and what is wrong with it."""
        self._start_aws()
        self._provision()
        self._start_market()
        self.start_poller()
        self.start_ingester()
        tail = Tail(self.ingester.err, self._stored)
        with contextlib.closing(tail):
            self._play(tail)
            tail.levels = {"ERROR"}  # that the market is gone is no news
            say("stopping: the market first, then the ingester, which publishes what is left")
            self._stop_market()
            self._stop_ingester(tail)
        self._drain()
        audited = self._audit()
        self.aws_server.stop(10)
        own = summary.last_object(self.ingester.out)
        problems = summary.problems_of(audited)
        if not self.crashed:
            problems += summary.disagreements(own, audited)
        latency = {"stored_latency_ms": self._function_log.stored_latency_ms()}
        return summary.merge(own, audited | latency, self.played_seconds), problems

    def _start(self, name: str, command: Command, variables: Mapping[str, str] = {}) -> Child:
        self._signals.check()
        child = Child(
            name,
            command,
            environment={**os.environ, **commands.principal(name), **variables},
            directory=ROOT,
            out=LOGS / f"{name}.out",
            err=LOGS / f"{name}.log",
        )
        self._children.append(child)
        return child

    def _start_aws(self) -> None:
        say("starting a local AWS (moto)")
        ready = self._temp / "aws"
        self.aws_server = self._start("aws", commands.aws(self._aws.ca.parent, ready))
        self._aws = Aws(self._address(self.aws_server, ready), self._aws.ca)

    def _provision(self) -> None:
        say("provisioning it: stream, function, table, as conf/aws/template.yaml has them")
        command = commands.provision(self._options.shards)
        provision = self._start("provision", command, self._aws.variables)

        def settled() -> bool:
            self._signals.check()
            return provision.exit_code() is not None

        wait_until(settled, PROVISIONED_SECONDS)
        if provision.exit_code() != 0:
            raise self._failure(provision)

    def _start_market(self) -> None:
        names = ", ".join(capture.name for capture in self._options.captures)
        say(f"starting a market that plays {names} at {self._options.rate} trades a second")
        ready = self._temp / "market"
        self.market = self._start("market", commands.market(self._options, ready))
        self._feed = self._address(self.market, ready)

    def start_poller(self) -> None:
        """Starts what polls the stream for the function; again, if it has ended."""
        say("starting the function, and what polls the stream for it")
        command = commands.poller(self._aws_of_parts(), self._temp)
        self.poller = self._start("poller", command)

    def start_ingester(self) -> None:
        """Starts the ingester; again, if it has ended."""
        say("starting the ingester")
        command = commands.ingester(self._options, self._aws_of_parts(), self._feed, self._temp)
        self.ingester = self._start("ingester", command, self._variables_of_ingester())

    def _variables_of_ingester(self) -> dict[str, str]:
        """Returns what the ingester is to find in its environment besides."""
        return {}

    def _aws_of_parts(self) -> Aws:
        """Returns the AWS that ingester and function are led to."""
        return self._aws

    def _aws_of_stream(self) -> Aws:
        """Returns where the audit finds the stream."""
        return Aws(self._stream_endpoint or self._aws.endpoint, self._aws.ca)

    def _address(self, server: Child, ready: Path) -> str:
        def settled() -> bool:
            self._signals.check()
            return ready.exists() or server.exit_code() is not None

        wait_until(settled, STARTED_SECONDS)
        if not ready.exists():
            raise self._failure(server)
        return ready.read_text().strip()

    def _play(self, tail: Tail) -> None:
        """Lets everything run until time is over or a signal comes."""
        self._await_first_trade(tail)
        begun = time.monotonic()
        crash_after = self._options.crash_after
        while not self._signals.number:
            self._look(tail)
            self.played_seconds = time.monotonic() - begun
            if self._options.seconds is not None and self.played_seconds >= self._options.seconds:
                break
            if crash_after is not None and self.played_seconds >= crash_after:
                crash_after = None
                self._crash()
            time.sleep(TURN_SECONDS)

    def _await_first_trade(self, tail: Tail) -> None:
        deadline = time.monotonic() + FIRST_TRADE_SECONDS
        while not self._has_sent_a_trade():
            self._signals.check()
            self._look(tail)
            if time.monotonic() > deadline:
                words = tail_of(self.ingester)
                raise FailedError(f"no trade within {FIRST_TRADE_SECONDS} s: {words}")
            time.sleep(TURN_SECONDS)

    def _look(self, tail: Tail) -> None:
        """Passes on what there is to see; raises if a part has ended."""
        tail.pass_on()
        for child in (self.aws_server, self.market, self.ingester, self.poller):
            if child.exit_code() is not None:
                raise self._failure(child)

    def _has_sent_a_trade(self) -> bool:
        with contextlib.suppress(FileNotFoundError), commands.MARKET_LOG.open("rb") as file:
            return b'\\"trade\\"' in file.read(1 << 20)
        return False

    def _stored(self) -> str:
        """Returns what a line of progress has to say of the table."""
        self._function_log.read()
        return f"  stored {self._function_log.sums['trades_stored']:,}"

    def _crash(self) -> None:
        say("killing the ingester and the function with SIGKILL, and starting them again")
        self.crashed = True
        self.ingester.kill()
        self.poller.kill()
        self.start_ingester()
        self.start_poller()

    def _stop_market(self) -> None:
        code = self.market.stop(10)
        if code not in (0, 128 + signal.SIGTERM):
            raise self._failure(self.market)

        def journalled() -> bool:
            last = journal_file.last_entry(DATA / "journal")
            return last is not None and last.type == journal_file.SESSION_CLOSED

        if not wait_until(journalled, JOURNALLED_SECONDS):
            say("the ingester has not noticed that the market is gone")

    def _stop_ingester(self, tail: Tail) -> None:
        code = self.ingester.stop(STOP_SECONDS)
        tail.pass_on()
        if code not in (0, 128 + signal.SIGTERM):
            raise self._failure(self.ingester)

    def _drain(self) -> None:
        """Lets the function store what is left on the stream."""
        say("waiting for the function to store what is left on the stream")
        self.poller.terminate()
        for _ in range(commands.DRAIN_SECONDS // DRAIN_PROGRESS_SECONDS + 1):
            if self.poller.wait(DRAIN_PROGRESS_SECONDS) is not None:
                break
            say(f"draining{self._stored()}")
        if self.poller.exit_code() != 0:
            raise self._failure(self.poller)
        self._function_log.read()

    def _audit(self) -> dict[str, Any]:
        say("comparing the journal with what it has become, trade by trade")
        auditor = self._start("audit", self._audit_command())
        code = auditor.wait(self._audit_seconds())
        audited = summary.last_object(auditor.out)
        if code not in (0, NOT_PROVEN) or not audited:
            raise self._failure(auditor)
        say(auditor.err.read_text().rstrip())
        return audited

    def _audit_command(self) -> Command:
        return commands.audit(self._aws, self._delivered_log, self._aws_of_stream())

    def _audit_seconds(self) -> float:
        """Returns how long the audit may take."""
        return AUDIT_SECONDS

    def _failure(self, child: Child) -> FailedError:
        code = child.exit_code()
        if code is None:
            return FailedError(f"{child.name} did not get ready: {tail_of(child)}")
        return FailedError(f"{child.name} ended with {code}: {tail_of(child)}", code or 1)


def tail_of(child: Child) -> str:
    """Returns the end of a child's log, to be read as it is."""
    lines = child.err.read_text(errors="replace").rstrip().splitlines()[-20:]
    return "\n".join([f"the end of {child.err.relative_to(ROOT)}:", *lines])


def run_to_end(
    make: Callable[[Path, Signals], Environment],
    show: Callable[[dict[str, Any]], None],
    proven: str = "every trade that was received is in the table, once, and nothing else",
) -> int:
    """Runs an environment in data/local and shows its summary; returns the exit code.

    What a run has proven in which nothing is wrong, is said in words.
    """
    signals = Signals()
    replace_variables()
    try:
        with DataLock(DATA), folders() as temp:
            environment = make(temp, signals)
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
        say(f"proven: {proven}")
    show(result)
    if problems:
        return NOT_PROVEN
    return 128 + signals.number if signals.number else 0


def main() -> int:
    """Runs the environment; returns the exit code of scripts/start-market.sh."""
    arguments = options.parse()
    return run_to_end(
        lambda temp, signals: Environment(arguments, temp, signals),
        lambda result: summary.show(result, arguments.json),
    )


if __name__ == "__main__":
    sys.exit(main())
