"""The scenarios of a load test: each makes its load, runs the ingester, and tells what it took."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import baselines
import ingester_run
from baselines import Baseline
from ingester_run import START_DELAY_MILLIS, Options, Outcome
from load_parts import Parts

MICROS = 1e6
MANY_SHARDS = 32
"""As many as there are buckets: what a shard takes is no limit then, as the KPL keeps to it."""
MANY_SYMBOLS = 1000
LINE_LENGTH = 200
SHARD_BYTES = 1 << 20
_MANY_SHARDS = ("--shards", str(MANY_SHARDS))
LEAD_IN = "3s"
LEAD_IN_MILLIS = 3000


@dataclass(frozen=True)
class Sizes:
    """How much of everything a load test is made of."""

    steady_rates: tuple[int, ...]
    steady_seconds: int
    warm_up_millis: int
    burst_trades: int
    catch_up_trades: int
    shard_trades: int
    symbol_counts: tuple[int, ...]
    symbol_trades: int
    idle_seconds: int
    baselines: tuple[Baseline, ...]


FULL = Sizes(
    steady_rates=(1_000, 5_000, 20_000, 50_000),
    steady_seconds=20,
    warm_up_millis=5_000,
    burst_trades=100_000,
    catch_up_trades=1_000_000,
    shard_trades=60_000,
    symbol_counts=(1, 10, 100, 1_000, 10_000),
    symbol_trades=200_000,
    idle_seconds=20,
    baselines=(
        Baseline("put-record", 5_000, (1, 4, 16)),
        Baseline("put-records", 100_000, (1, 2, 4)),
        Baseline("kpl-per-trade", 100_000, (1_000, 5_000, 20_000)),
    ),
)

QUICK = Sizes(
    steady_rates=(1_000,),
    steady_seconds=5,
    warm_up_millis=0,
    burst_trades=20_000,
    catch_up_trades=100_000,
    shard_trades=0,
    symbol_counts=(),
    symbol_trades=0,
    idle_seconds=0,
    baselines=(Baseline("put-records", 20_000, (2,)),),
)


@dataclass
class Results:
    """What all scenarios have shown."""

    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def run_all(parts: Parts, sizes: Sizes, results: Results, say: Callable[[str], None]) -> None:
    """Runs every scenario of these sizes; tells of each before it begins."""
    _catch_up(parts, sizes, results, say)
    steady = results.figures.setdefault("steady", [])
    for rate in sizes.steady_rates:
        steady.append(_steady(parts, sizes, rate, results, say))
    results.figures["burst"] = _burst(parts, sizes, results, say)
    if sizes.shard_trades:
        results.figures["shards"] = _shards(parts, sizes, results, say)
    results.figures["scale_symbols"] = [
        _symbols(parts, sizes, count, results, say) for count in sizes.symbol_counts
    ]
    if sizes.idle_seconds:
        say(f"idle: {sizes.idle_seconds} s, twice")
        results.figures["idle"] = [
            ingester_run.idle(parts, f"idle-{is_open}".lower(), is_open, sizes.idle_seconds)
            for is_open in (True, False)
        ]


def _catch_up(parts: Parts, sizes: Sizes, results: Results, say: Callable[[str], None]) -> None:
    say(f"catch-up: a backlog of {sizes.catch_up_trades:,} trades, {MANY_SHARDS} shards")
    symbols = ("--symbols", str(MANY_SYMBOLS))
    load = parts.make_load("catch-up", sizes.catch_up_trades, *symbols)
    lines = parts.folder / "lines"
    outcome = ingester_run.catch_up(
        parts, "catch-up", load, Options(_MANY_SHARDS, ("--lines-out", str(lines)))
    )
    results.problems += outcome.problems
    ours = catch_up_figures(outcome)
    results.figures["catch_up"] = ours
    results.figures["baselines"] = []
    for baseline in sizes.baselines:
        say(f"baseline {baseline.kind}: {baseline.trades:,} trades at each concurrency")
        taken, problems = baselines.run(parts, baseline, load, lines, MANY_SHARDS)
        taken["cpu_ratio"] = taken["cpu_us"] / ours["cpu_us"]
        results.figures["baselines"].append(taken)
        results.problems += problems
    parts.forget("catch-up")


def _steady(
    parts: Parts, sizes: Sizes, rate: int, results: Results, say: Callable[[str], None]
) -> dict[str, Any]:
    say(f"steady: {rate:,} trades/s for {sizes.steady_seconds} s")
    name = f"steady-{rate}"
    load = parts.make_load(
        name, rate * sizes.steady_seconds, "--rate", str(rate), "--lead-in", LEAD_IN
    )
    warm_up = LEAD_IN_MILLIS + sizes.warm_up_millis
    outcome = ingester_run.live(
        parts,
        name,
        load,
        Options(("--shards", str(shards_for(rate))), ("--warm-up-millis", str(warm_up))),
    )
    results.problems += outcome.problems
    parts.forget(name)
    return {"rate": rate, "shards": shards_for(rate)} | live_figures(outcome)


def shards_for(rate: int) -> int:
    """Returns twice the shards that so many trades a second fill: as a stream would have them."""
    return 2 * math.ceil(rate * LINE_LENGTH / SHARD_BYTES)


def _burst(
    parts: Parts, sizes: Sizes, results: Results, say: Callable[[str], None]
) -> dict[str, Any]:
    say(f"burst: {sizes.burst_trades:,} trades at once")
    load = parts.make_load("burst", sizes.burst_trades, "--lead-in", LEAD_IN)
    outcome = ingester_run.live(
        parts, "burst", load, Options(_MANY_SHARDS, ("--warm-up-millis", str(LEAD_IN_MILLIS)))
    )
    results.problems += outcome.problems
    parts.forget("burst")
    begin = outcome.analysis["first_traded_at_millis"] + LEAD_IN_MILLIS + START_DELAY_MILLIS
    return live_figures(outcome) | {"drained_seconds": outcome.last - begin / 1000}


def _shards(
    parts: Parts, sizes: Sizes, results: Results, say: Callable[[str], None]
) -> dict[str, Any]:
    say(f"shards: a backlog of {sizes.shard_trades:,} trades, one shard with a real one's limits")
    load = parts.make_load("shards", sizes.shard_trades)
    outcome = ingester_run.catch_up(parts, "shards", load, Options(("--shards", "1", "--limits")))
    results.problems += outcome.problems
    parts.forget("shards")
    return catch_up_figures(outcome) | {"refused_records": outcome.endpoint["records_refused"]}


def _symbols(
    parts: Parts, sizes: Sizes, count: int, results: Results, say: Callable[[str], None]
) -> dict[str, Any]:
    say(f"scale: a backlog of {sizes.symbol_trades:,} trades on {count:,} symbols")
    name = f"symbols-{count}"
    load = parts.make_load(name, sizes.symbol_trades, "--symbols", str(count))
    outcome = ingester_run.catch_up(parts, name, load, Options(_MANY_SHARDS))
    results.problems += outcome.problems
    parts.forget(name)
    return {"symbols": count} | catch_up_figures(outcome)


def catch_up_figures(outcome: Outcome) -> dict[str, Any]:
    """Returns what a backlog took, from its first acknowledgement to its last."""
    trades = outcome.trades
    whole = outcome.cost(outcome.first, outcome.last)
    warm = outcome.cost(outcome.half, outcome.last)
    return _common(outcome) | {
        "seconds": outcome.last - outcome.first,
        "trades_a_second": trades / (outcome.last - outcome.first),
        "cpu_us": whole.total / trades * MICROS,
        "cpu_us_jvm": whole.jvm / trades * MICROS,
        "cpu_us_daemon": whole.daemon / trades * MICROS,
        "cpu_us_second_half": warm.total / (trades / 2) * MICROS,
        "stages_us": _stages(whole.stages, whole.daemon, trades),
        "stages_us_second_half": _stages(warm.stages, warm.daemon, trades / 2),
    }


def live_figures(outcome: Outcome) -> dict[str, Any]:
    """Returns what a load that came as it was due took, and how long its trades did."""
    trades = outcome.trades
    seconds = outcome.last - outcome.first
    whole = outcome.cost(outcome.first, outcome.last)
    delays = ("due_to_receipt", "receipt_to_acknowledgement", "due_to_acknowledgement")
    return (
        _common(outcome)
        | {
            "seconds": seconds,
            "cores_jvm": whole.jvm / seconds,
            "cores_daemon": whole.daemon / seconds,
            "cpu_us": whole.total / trades * MICROS,
            "stages_us": _stages(whole.stages, whole.daemon, trades),
            "receipt_to_hand_over_us": outcome.quantiles.get("hand_over_micros", {}),
        }
        | {f"{name}_us": outcome.analysis[name] for name in delays}
    )


def _common(outcome: Outcome) -> dict[str, Any]:
    analysis = outcome.analysis
    trades = outcome.trades
    return {
        "trades": trades,
        "distinct_trades": analysis["distinct_trades"],
        "user_records": analysis["user_records"],
        "stream_records": analysis["stream_records"],
        "bytes_a_trade": {
            "lines": analysis["line_bytes"] / trades,
            "aggregated": analysis["payload_bytes"] / trades,
            "requests": analysis["request_bytes"] / trades,
            "wire": outcome.endpoint["wire_bytes"] / trades,
        },
        "start_to_first_acknowledgement_seconds": outcome.first - outcome.started,
        "peak_anonymous_mib": {
            name: kib / 1024 for name, kib in outcome.watch.peak_anonymous_kib.items()
        },
        "timeline": analysis["timeline"],
    }


def _stages(stages: Any, daemon: float, trades: float) -> dict[str, float]:
    costs = dict(stages) | {"daemon": daemon}
    return {name: seconds / trades * MICROS for name, seconds in sorted(costs.items())}
