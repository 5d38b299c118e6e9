"""One run of the ingester against an acknowledging endpoint, and what it has shown."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from load_parts import STOP_SECONDS, WORK_SECONDS, Load, LoadTestError, Parts, failure, last_object
from process_cpu import Cost, Watch
from processes import free_port

QUIET_SECONDS = 0.4
START_DELAY_MILLIS = 500
"""How long a market waits before it plays: for the other subscriptions, which are many."""
NEVER_MILLIS = 3_600_000
SETTLED_SECONDS = 15
"""How long an ingester that has nothing to do is left to itself before that is measured."""
MICROS = 1e6

_QUANTILE = re.compile(
    r'^kinesis_(?P<name>hand_over_micros|latency)\{quantile="(?P<quantile>[0-9.]+)"\} '
    r"(?P<value>\S+)$"
)


@dataclass
class Outcome:
    """What a run has shown."""

    name: str
    trades: int
    analysis: dict[str, Any]
    summary: dict[str, Any]
    endpoint: dict[str, Any]
    watch: Watch
    started: float
    """When the ingester was started, seconds since the epoch."""
    quantiles: dict[str, dict[str, float]] = field(default_factory=dict)
    """What the ingester says of itself: metric, quantile, value."""

    @property
    def problems(self) -> list[str]:
        """What is wrong with it: trades that were lost, or that nobody sent."""
        found = []
        distinct = self.analysis["distinct_trades"]
        if distinct != self.trades:
            found.append(f"{self.name}: trades={self.trades} arrived={distinct}")
        if self.summary.get("trades_published") != self.trades:
            published = self.summary.get("trades_published")
            found.append(f"{self.name}: trades={self.trades} published={published}")
        return found

    @property
    def first(self) -> float:
        """When the first record was acknowledged, seconds since the epoch."""
        return float(self.analysis["first_micros"]) / MICROS

    @property
    def half(self) -> float:
        """When half of the trades were."""
        return float(self.analysis["half_micros"]) / MICROS

    @property
    def last(self) -> float:
        """When the last record was."""
        return float(self.analysis["last_micros"]) / MICROS

    def cost(self, begin: float, end: float) -> Cost:
        """Returns what the ingester has cost between two times."""
        return self.watch.cost_at(end).since(self.watch.cost_at(begin))


@dataclass(frozen=True)
class Options:
    """How endpoint and analysis of a run are started."""

    endpoint: tuple[str, ...] = ()
    analysis: tuple[str, ...] = ()


def catch_up(parts: Parts, name: str, load: Load, options: Options) -> Outcome:
    """Starts the ingester with a load as its backlog and no feed, until all is acknowledged."""
    closed = closed_hours(datetime.datetime.now(datetime.UTC))
    settings = {"journal.directory": str(load.journal), "feed.hours": [closed]}
    return _run(parts, name, load, settings, options)


def live(parts: Parts, name: str, load: Load, options: Options) -> Outcome:
    """Plays a load to the ingester as it is due, until all is acknowledged."""
    return _run(parts, name, load, None, options)


def idle(parts: Parts, name: str, is_open: bool, seconds: float) -> dict[str, Any]:
    """Gives the ingester nothing to do, connected or outside its hours; returns what that costs."""
    load = parts.make_load(name, 100)
    endpoint, uri = parts.start_endpoint(name)
    port = free_port()
    settings: dict[str, Any] = {"kinesis.endpoint": uri, "status.port": port}
    market = None
    if is_open:
        market, feed = parts.start_market(name, load, NEVER_MILLIS)
        settings |= {"feed.uri": feed, "feed.symbols": load.symbols}
    else:
        settings |= {"feed.hours": [closed_hours(datetime.datetime.now(datetime.UTC))]}
    ingester = parts.start_ingester(name, settings)
    watch = Watch(ingester.pid)
    status = Status(port)
    if not parts.wait_until(lambda: bool(status.health()), SETTLED_SECONDS):
        raise failure(ingester)
    settled = time.time() + SETTLED_SECONDS
    parts.wait_until(lambda: time.time() >= settled, SETTLED_SECONDS + 1)
    begin = time.time()
    watch.look()
    parts.wait_until(lambda: time.time() >= begin + seconds, seconds + 1)
    watch.look()
    end = time.time()
    cost = watch.cost_at(end).since(watch.cost_at(begin))
    for child in (ingester, market, endpoint):
        if child is not None:
            child.stop(STOP_SECONDS)
    parts.forget(name)
    return {
        "name": "connected to a market that says nothing" if is_open else "outside the hours",
        "cores_jvm": cost.jvm / (end - begin),
        "cores_daemon": cost.daemon / (end - begin),
        "peak_anonymous_mib": {name: kib / 1024 for name, kib in watch.peak_anonymous_kib.items()},
    }


def closed_hours(now: datetime.datetime) -> str:
    """Returns hours of the feed that are far from a time."""
    begin = (now.hour + 12) % 24
    return f"UTC Mon-Sun {begin:02}:00-{begin:02}:01"


def _run(
    parts: Parts,
    name: str,
    load: Load,
    settings: Mapping[str, Any] | None,
    options: Options,
) -> Outcome:
    endpoint, uri = parts.start_endpoint(name, *options.endpoint)
    port = free_port()
    given: dict[str, Any] = {"kinesis.endpoint": uri, "status.port": port}
    market = None
    analysis_options = options.analysis
    if settings is None:
        market, feed = parts.start_market(name, load, START_DELAY_MILLIS)
        given |= {
            "feed.uri": feed,
            "feed.symbols": load.symbols,
            "feed.symbol-limit": len(load.symbols),
        }
        analysis_options = ("--due-offset-millis", str(START_DELAY_MILLIS), *analysis_options)
    started = time.time()
    ingester = parts.start_ingester(name, given | dict(settings or {}))
    watch = Watch(ingester.pid)
    status = Status(port)

    def look() -> None:
        watch.look()
        for child in (endpoint, ingester):
            if child.exit_code() is not None:
                raise failure(child)

    quiet = Quiet(parts.received(name))

    def is_over() -> bool:
        has_ended = market is None or market.exit_code() is not None
        return has_ended and quiet.is_quiet() and is_done(status, load)

    if not parts.wait_until(lambda: look_until(is_over, look), WORK_SECONDS):
        raise LoadTestError(f"{name}: not done within {WORK_SECONDS} s")
    quantiles = parse_quantiles(status.text("/metrics"))
    ingester.stop(STOP_SECONDS)
    if market is not None:
        market.stop(STOP_SECONDS)
    endpoint.stop(STOP_SECONDS)
    analysis = parts.analyse(name, *analysis_options)
    return Outcome(
        name,
        load.trades,
        analysis,
        last_object(ingester),
        last_object(endpoint),
        watch,
        started,
        quantiles,
    )


def is_done(status: Status, load: Load) -> bool:
    """Returns whether all of a load has been received and acknowledged."""
    health = status.health()
    return (
        health.get("trades_received", 0) >= load.trades and health.get("unacknowledged_bytes") == 0
    )


def look_until(is_over: Callable[[], bool], look: Callable[[], None]) -> bool:
    """Looks once more; returns whether it is over."""
    look()
    return is_over()


class Quiet:
    """Tells when a file has not grown for a while: to ask the ingester costs it something."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._size = 0
        self._since = time.monotonic()

    def is_quiet(self) -> bool:
        """Returns whether it has something in it, and has not grown for so long."""
        size = self._file.stat().st_size
        if size != self._size:
            self._size = size
            self._since = time.monotonic()
        return size > 0 and time.monotonic() - self._since >= QUIET_SECONDS


class Status:
    """What the ingester tells over HTTP."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    def health(self) -> dict[str, Any]:
        """Returns its health, or nothing while it does not answer."""
        text = self.text("/health")
        return dict(json.loads(text)) if text else {}

    def text(self, path: str) -> str:
        """Returns a page, or nothing while it does not answer."""
        with contextlib.suppress(OSError):
            try:
                with urllib.request.urlopen(self._address + path, timeout=5) as answer:  # noqa: S310
                    return str(answer.read().decode())
            except urllib.error.HTTPError as e:  # 503: degraded, as after the market's end
                return e.read().decode()
        return ""


def parse_quantiles(text: str) -> dict[str, dict[str, float]]:
    """Returns the quantiles of latencies in the text of a page of metrics."""
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        match = _QUANTILE.match(line)
        if match:
            values = found.setdefault(match["name"], {})
            values[match["quantile"]] = float(match["value"])
    return found
