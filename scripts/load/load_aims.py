"""What the figures are to be at least, and whether they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RECORDS_A_SHARD = 1000
"""Records a second that a shard takes, by Kinesis's rule."""
BUFFERED_MILLIS = 100
"""`kinesis.buffered-time`, which the runs leave as it is."""


@dataclass(frozen=True)
class Aim:
    """One aim; `is_floor` where the figure is to be no less, else it is to be no more."""

    what: str
    aim: float
    measured: float
    unit: str
    is_floor: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is."""
        return self.measured >= self.aim if self.is_floor else self.measured <= self.aim

    @property
    def verdict(self) -> str:
        """How far off it is."""
        if self.is_met:
            return "met"
        off = self.aim / self.measured if self.is_floor else self.measured / self.aim
        return f"missed {off:.1f} times"


def aims(figures: Mapping[str, Any]) -> list[Aim]:
    """Returns every aim that these figures tell of."""
    found = [*_catch_up(figures), *_shards(figures), *_steady(figures), *_idle(figures)]
    return [*found, *_growth(figures)]


def rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns the aims as a table."""
    return [
        ["aim", "", "measured", ""],
        *(
            [
                aim.what,
                f"{'at least' if aim.is_floor else 'at most'} {aim.aim:,g} {aim.unit}",
                f"{aim.measured:,.3g} {aim.unit}"
                if aim.measured < 1000
                else f"{aim.measured:,.0f} {aim.unit}",
                aim.verdict,
            ]
            for aim in aims(figures)
        ),
    ]


def _catch_up(figures: Mapping[str, Any]) -> list[Aim]:
    ours = figures["catch_up"]
    found = [
        Aim("catch-up: CPU a trade, JVM and daemon", 5, ours["cpu_us"], "us"),
        Aim("catch-up: throughput", 200_000, ours["trades_a_second"], "trades/s", is_floor=True),
        Aim(
            "start to first trade acknowledged",
            5,
            ours["start_to_first_acknowledgement_seconds"],
            "s",
        ),
    ]
    least = {"put-record": 20.0, "kpl-per-trade": 5.0}
    found += [
        Aim(
            f"catch-up: times the CPU of {taken['kind']}",
            least[taken["kind"]],
            taken["cpu_ratio"],
            "x",
            is_floor=True,
        )
        for taken in figures["baselines"]
        if taken["kind"] in least
    ]
    return found


def _shards(figures: Mapping[str, Any]) -> list[Aim]:
    if not figures.get("shards"):
        return []
    carried = figures["shards"]["trades_a_second"]
    times = carried / RECORDS_A_SHARD
    return [
        Aim("one shard: trades", 5000, carried, "trades/s", is_floor=True),
        Aim("shards that put-record(s) need besides", 5, times, "x", is_floor=True),
    ]


def _steady(figures: Mapping[str, Any]) -> list[Aim]:
    by_rate = {run["rate"]: run for run in figures["steady"]}
    found = []
    if 5000 in by_rate:
        run = by_rate[5000]
        acknowledged = run["receipt_to_acknowledgement_us"]["p99"] / 1000
        found += [
            Aim(
                "5,000 trades/s: receipt to hand-over p99",
                2,
                run["receipt_to_hand_over_us"]["0.99"] / 1000,
                "ms",
            ),
            Aim(
                "5,000 trades/s: receipt to acknowledgement p99",
                BUFFERED_MILLIS + 50,
                acknowledged,
                "ms",
            ),
            Aim("5,000 trades/s: JVM", 0.33, run["cores_jvm"], "cores"),
        ]
    if 50_000 in by_rate:
        anonymous = by_rate[50_000]["peak_anonymous_mib"]["jvm"]
        found.append(Aim("50,000 trades/s: RssAnon of the JVM", 300, anonymous, "MiB"))
    return found


def _idle(figures: Mapping[str, Any]) -> list[Aim]:
    found = []
    for run in figures.get("idle", []):
        both = run["cores_jvm"] + run["cores_daemon"]
        found += [
            Aim(f"idle, {run['name']}: JVM", 1, run["cores_jvm"] * 100, "% of a core"),
            Aim(f"idle, {run['name']}: JVM and daemon", 2, both * 100, "% of a core"),
        ]
    return found


def _growth(figures: Mapping[str, Any]) -> list[Aim]:
    found = []
    for what, runs in (
        ("load", [run["cpu_us"] for run in figures["steady"]]),
        ("symbols", [run["cpu_us"] for run in figures.get("scale_symbols", [])]),
    ):
        if len(runs) > 1:
            found.append(Aim(f"growth with {what}: CPU a trade", 1.2, _worst_growth(runs), "x"))
    return found


def _worst_growth(costs: Sequence[float]) -> float:
    """Returns how much more one costs than the cheapest before it, at the worst."""
    return max(cost / min(costs[: i + 1]) for i, cost in enumerate(costs))
