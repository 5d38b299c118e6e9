"""A run of the local environment whose Kinesis accepts and never answers for a time, then answers.

Without a function and a table: what is proven is that the stream has every trade of the journal.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chaos_folder  # noqa: F401  what follows is found through it
import commands
import reference_conf
import stream
import summary
from aws_proxy_process import AwsProxyProcess
from commands import STREAM, Aws
from console import Tail, say
from endpoint_faults import Fault, Kind
from environment import (
    AUDIT_SECONDS,
    FIRST_TRADE_SECONDS,
    NOT_PROVEN,
    Environment,
    FailedError,
)
from options import Options
from processes import Child
from samples import Phases, Sample, Sampler
from signals import Signals
from soak_result import Seen
from surroundings import DATA, REGION, ROOT

SAMPLE_SECONDS = 1.0
TOLD_SECONDS = 10.0
"""Between two lines of progress."""
NORMAL_SECONDS = 5.0
"""Without a backlog before the outage."""
LIVE_SECONDS = 5.0
"""Without a backlog after it, for the latency of what has none before it."""
DRAIN_SECONDS = 120.0
"""How long a backlog may take besides the time in which it came to be."""
NO_BACKLOG_SECONDS = 2.0
"""How much of the feed may be on its way where there is no backlog."""
AUDITED_TRADES_A_SECOND = 2000
"""What an audit does at least on a machine that is busy."""
MIB = 1 << 20


class SoakedEnvironment(Environment):
    """The local environment before an endpoint that dies and comes back."""

    def __init__(self, options: Options, temp: Path, signals: Signals) -> None:
        """The seconds of the options are those of the outage."""
        super().__init__(options, temp, signals)
        self.samples: list[Sample] = []
        self.phases = Phases()
        self._outage_seconds = options.seconds or 0.0
        self._proxy: AwsProxyProcess | None = None
        self._sampler: Sampler | None = None
        self._told_at = 0.0

    def kill(self) -> None:
        """Kills all that still runs, the proxy too."""
        super().kill()
        if self._proxy is not None:
            self._proxy.close()

    def run(self) -> tuple[dict[str, Any], list[str]]:
        """Goes from nothing to the result; returns it and what is wrong with it."""
        self._start_aws()
        self._start_market()
        self.start_ingester()
        self._sampler = Sampler(self.ingester.pid, self.ingester.err, DATA / "journal")
        tail = Tail(self.ingester.err)
        tail.shows_progress = False
        with contextlib.closing(tail):
            self._await_first_trade(tail)
            requests_held = self._play_phases(tail)
            tail.levels = {"ERROR"}  # that the market is gone is no news
            say("stopping: the market first, then the ingester, which publishes what is left")
            self._stop_market()
            self._stop_ingester(tail)
        arrivals = self._start_arrivals()
        audited = self._audit()
        latencies = self._result_of(arrivals)
        self.aws_server.stop(10)
        own = summary.last_object(self.ingester.out)
        # What was put and not answered was put again: the stream may hold more.
        own["user_records"] = audited["user_records"]
        length = reference_conf.segment_length()
        seen = Seen(self.samples, self.phases, audited, latencies, requests_held, length)
        try:
            return seen.result(), seen.problems() + summary.disagreements(own, audited)
        except ValueError as e:
            raise FailedError(f"cannot be judged: {e}", NOT_PROVEN) from e

    def _start_aws(self) -> None:
        super()._start_aws()
        client = stream.connect(self._aws.endpoint, self._aws.ca, REGION)
        stream.create(client, STREAM, self._options.shards)
        folder = self._aws.ca.parent
        self._proxy = AwsProxyProcess(self._aws.endpoint, self._aws.ca, folder)

    def _aws_of_parts(self) -> Aws:
        if self._proxy is None:
            raise FailedError("the fault proxy has not been started")
        return Aws(self._proxy.endpoint, self._aws.ca)

    def _look(self, tail: Tail) -> None:
        tail.pass_on()
        for child in (self.aws_server, self.market, self.ingester):
            if child.exit_code() is not None:
                raise self._failure(child)

    def _play_phases(self, tail: Tail) -> int:
        """Lets the endpoint die and come back; returns how many requests it left unanswered."""
        phases = self.phases
        if not self._sample_until(tail, "starting", self._has_no_backlog, FIRST_TRADE_SECONDS):
            raise FailedError(f"a backlog within {FIRST_TRADE_SECONDS} s of the first trade")
        phases.normal = time.time()
        self._sample_for(tail, "normal", NORMAL_SECONDS)
        self._sample_until(tail, "normal", self._has_no_backlog, FIRST_TRADE_SECONDS)
        say(f"the endpoint accepts and does not answer, for {self._outage_seconds:g} s")
        handle = self._begin_outage()
        phases.outage = self.samples[-1].at
        self._sample_for(tail, "outage", self._outage_seconds)
        requests_held: int = handle.effects.requests
        handle.end()
        phases.drain = self.samples[-1].at
        say("the endpoint answers")
        seconds = self._outage_seconds + DRAIN_SECONDS
        if self._sample_until(tail, "drain", self._has_no_backlog, seconds):
            phases.live = self.samples[-1].at
            say("no backlog")
            self._sample_for(tail, "live", LIVE_SECONDS)
        phases.end = self.samples[-1].at
        return requests_held

    def _begin_outage(self) -> Any:
        if self._proxy is None:
            raise FailedError("the fault proxy has not been started")
        return self._proxy.begin(Fault(Kind.HANG, frozenset({"kinesis:*"})))

    def _has_no_backlog(self) -> bool:
        if not self.samples:
            return False
        last = self.samples[-1]
        span = last.at - self.samples[0].at
        a_second = (last.position - self.samples[0].position) / span if span > 0 else 0.0
        return last.acknowledged > 0 and last.backlog <= NO_BACKLOG_SECONDS * a_second

    def _sample_for(self, tail: Tail, phase: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._sample_until(tail, phase, lambda: time.monotonic() >= end, seconds + 1)

    def _sample_until(
        self, tail: Tail, phase: str, condition: Callable[[], bool], seconds: float
    ) -> bool:
        """Takes samples until a condition holds, at most so long; returns whether it does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self._signals.check()
            self._look(tail)
            sample = self._sampler.take() if self._sampler else None
            if sample is not None:
                self.samples.append(sample)
                self._tell(phase, sample)
            time.sleep(SAMPLE_SECONDS)
        return True

    def _tell(self, phase: str, sample: Sample) -> None:
        if sample.at < self._told_at + TOLD_SECONDS:
            return
        self._told_at = sample.at
        say(
            f"{phase:8} frames {sample.frames:,}  backlog {sample.backlog / MIB:,.1f} MiB"
            f"  RssAnon of the JVM {sample.jvm / MIB:,.0f} MiB,"
            f" of its daemon {sample.daemon / MIB:,.0f} MiB"
        )

    def _audit_command(self) -> commands.Command:
        return commands.audit_of_stream(self._aws)

    def _audit_seconds(self) -> float:
        trades = self._options.rate * (self.phases.end - self.phases.normal)
        return AUDIT_SECONDS + trades / AUDITED_TRADES_A_SECOND

    def _start_arrivals(self) -> Child:
        millis = {name: round(at * 1000) for name, at in self.phases.begins().items()}
        return self._start(
            "arrivals",
            [
                *(sys.executable, ROOT / "scripts/soak/arrivals.py", "--stream", STREAM),
                *self._aws.options,
                *(part for name, at in millis.items() for part in ("--since", f"{name}={at}")),
            ],
        )

    def _result_of(self, arrivals: Child) -> dict[str, Any]:
        if arrivals.wait(self._audit_seconds()) != 0:
            raise self._failure(arrivals)
        return summary.last_object(arrivals.out)
