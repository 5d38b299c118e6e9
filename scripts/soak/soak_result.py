"""What a soak has found: its numbers, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import chaos_folder  # noqa: F401  what follows is found through it
import judgement
import summary
from judgement import Growth
from samples import Phases, Sample, between

MIB = 1 << 20
DEAF_SECONDS = 10.0
"""After which no answer is on its way any more that was given before the outage."""
COUNTED = (
    "kinesis_producers_given_up_total",
    "kinesis_producer_builds_total",
    "kinesis_stalls_total",
    "kinesis_daemon_losses_total",
    "kinesis_retries_total",
)
"""Metrics that are told of the outage and the draining."""
AUDITED = (
    "connections",
    "sessions",
    "frames_sent",
    "frames_journalled",
    "frames_lost",
    "trades_published",
    "distinct_trade_ids",
    "missing",
    "unexpected",
    "duplicates",
    "user_records",
    "stream_records",
)
"""Numbers of the audit that are told."""


@dataclass(frozen=True)
class Seen:
    """All that a soak is judged by."""

    samples: Sequence[Sample]
    phases: Phases
    audited: dict[str, Any]
    latencies: dict[str, Any]
    """By phase of the receipt, in ms; see arrivals.py."""
    requests_held: int
    """Requests that the dead endpoint took."""
    segment_length: int
    """Of the journal, bytes."""

    def result(self) -> dict[str, Any]:
        """Returns the numbers."""
        outage, drain = self._outage(), self._drain()
        trades_a_frame = self.audited["trades_received"] / max(1, self.audited["frames"])
        return {
            "outage_seconds": round(self._outage_seconds(), 1),
            "requests_held": self.requests_held,
            "trades_a_second": round(trades_a_frame * _a_second(outage, "feed_frames_total")),
            "jvm": _memory(self._growth("jvm"), self.samples, "jvm"),
            "daemon": _memory(self._growth("daemon"), self.samples, "daemon"),
            "daemons": len({pid for sample in self.samples for pid in sample.daemons}),
            "journal": _journal(outage[0], outage[-1]),
            "backlog_bytes": outage[-1].backlog,
            "drained": self.phases.live is not None,
            "drain_seconds": round(self._drain_seconds(), 1),
            "drain_trades_a_second": round(_a_second(drain, "kinesis_acknowledged_trades_total")),
            "drain_trades_received_a_second": round(
                trades_a_frame * _a_second(drain, "feed_frames_total")
            ),
            "latency_ms": self.latencies,
            **{
                name.removeprefix("kinesis_").removesuffix("_total"): drain[-1].metrics[name]
                - outage[0].metrics[name]
                for name in COUNTED
            },
            **{name: self.audited[name] for name in AUDITED},
        }

    def problems(self) -> list[str]:
        """Returns what must not be."""
        outage, drain = self._outage(), self._drain()
        problems = summary.problems_of(self.audited)
        for name in ("connections", "sessions"):
            if self.audited[name] != 1:
                problems.append(f"{name} {self.audited[name]}: the feed noticed")
        problems += self._endpoint_problems(outage)
        for name in ("jvm", "daemon"):
            found = self._growth(name)
            if not found.is_flat:
                problems.append(
                    f"RssAnon of the {name} grew from {found.first / MIB:.1f}"
                    f" to {found.last / MIB:.1f} MiB"
                )
        problems += judgement.journal_problems(outage[0], outage[-1], self.segment_length)
        if self.phases.live is None:
            problems.append(f"backlog not drained in {self._drain_seconds():g} s")
        silence = judgement.longest_silence(drain)
        if silence > judgement.MOST_SILENT_SECONDS:
            problems.append(f"no frame for {silence:.1f} s while the backlog was drained")
        return problems

    def _endpoint_problems(self, outage: Sequence[Sample]) -> list[str]:
        """Returns why the endpoint was not dead."""
        if not self.requests_held:
            return ["the dead endpoint was asked nothing"]
        deaf = between(outage, self.phases.outage + DEAF_SECONDS, self.phases.drain)
        acknowledged = deaf[-1].acknowledged - deaf[0].acknowledged if deaf else 0
        return [f"the dead endpoint acknowledged {acknowledged} trades"] if acknowledged else []

    def _growth(self, name: str) -> Growth:
        begin = self.phases.outage
        lengths = [(sample.at - begin, getattr(sample, name)) for sample in self._outage()]
        return judgement.growth(lengths, self._outage_seconds())

    def _outage(self) -> list[Sample]:
        return between(self.samples, self.phases.outage, self.phases.drain)

    def _drain(self) -> list[Sample]:
        return between(self.samples, self.phases.drain, self.phases.live or self.phases.end)

    def _outage_seconds(self) -> float:
        return self.phases.drain - self.phases.outage

    def _drain_seconds(self) -> float:
        return (self.phases.live or self.phases.end) - self.phases.drain


def _a_second(samples: Sequence[Sample], metric: str) -> float:
    span = samples[-1].at - samples[0].at
    return (samples[-1].metrics[metric] - samples[0].metrics[metric]) / span if span else 0.0


def _memory(growth: Growth, samples: Sequence[Sample], name: str) -> dict[str, float]:
    return {
        "first_mib": round(growth.first / MIB, 1),
        "last_mib": round(growth.last / MIB, 1),
        "peak_mib": round(max(getattr(sample, name) for sample in samples) / MIB, 1),
    }


def _journal(before: Sample, after: Sample) -> dict[str, float]:
    frames, payload = after.frames - before.frames, after.payload - before.payload
    grown = after.position - before.position
    return {
        "frames": frames,
        "payload_bytes": payload,
        "grown_bytes": grown,
        "bytes_an_entry_besides": round((grown - payload) / max(1, frames), 1),
        "disk_bytes": after.disk - before.disk,
    }
