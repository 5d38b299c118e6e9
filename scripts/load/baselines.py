"""Other designs on the same load, each at its best."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load_parts import STOP_SECONDS, STREAM, Load, Parts, bench, last_object

MICROS = 1e6


@dataclass(frozen=True)
class Baseline:
    """A design, on how many trades, and how much at once: calls, or outstanding records."""

    kind: str
    trades: int
    concurrencies: tuple[int, ...]


def run(
    parts: Parts, baseline: Baseline, load: Load, lines: Path, shards: int
) -> tuple[dict[str, Any], list[str]]:
    """Runs a baseline; returns what it took at its best, and what is wrong with what arrived."""
    name = baseline.kind
    endpoint, uri = parts.start_endpoint(name, "--shards", str(shards))
    printed = parts.run(
        f"{name}-baseline",
        [
            *bench("BaselineProcess"),
            *("--kind", baseline.kind, "--stream", STREAM, "--endpoint", uri),
            *("--ca-file", parts.certificates.ca, "--journal", load.journal),
            *("--temp", parts.folder / "kpl", "--trades", str(baseline.trades)),
            *("--concurrency", ",".join(map(str, baseline.concurrencies))),
        ],
    )
    endpoint.stop(STOP_SECONDS)
    analysis = parts.analyse(name, "--lines-of", lines)
    rounds = [costs_of(json.loads(line)) for line in printed.splitlines()]
    best = min(rounds, key=lambda taken: float(taken["cpu_us"]))
    result = best | {
        "rounds": rounds,
        "stream_records_a_trade": analysis["stream_records"] / analysis["trades"],
        "wire_bytes_a_trade": last_object(endpoint)["wire_bytes"] / analysis["trades"],
    }
    parts.forget(name)
    return result, problems(name, int(best["trades"]), analysis)


def costs_of(taken: dict[str, Any]) -> dict[str, Any]:
    """Returns what a round took a trade, in microseconds of a processor."""
    trades = taken["trades"]
    jvm = taken["cpu_seconds_jvm"] / trades * MICROS
    daemon = taken["cpu_seconds_daemon"] / trades * MICROS
    return {
        "kind": taken["kind"],
        "concurrency": taken["concurrency"],
        "trades": trades,
        "trades_a_second": trades / taken["seconds"],
        "cpu_us": jvm + daemon,
        "cpu_us_jvm": jvm,
        "cpu_us_daemon": daemon,
    }


def problems(name: str, trades: int, analysis: dict[str, Any]) -> list[str]:
    """Returns what is wrong with what a baseline published: it is the ingester's lines, or none."""
    found = []
    if analysis["distinct_trades"] != trades:
        found.append(f"{name}: trades={trades} arrived={analysis['distinct_trades']}")
    if analysis["lines_not_ours"]:
        found.append(f"{name}: lines that differ from the ingester's={analysis['lines_not_ours']}")
    return found
