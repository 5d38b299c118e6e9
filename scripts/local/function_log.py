"""What the function's log tells: its metrics, in CloudWatch's embedded metric format.

Each line with metrics is a JSON object with a member `_aws` and, beside it, a list of values for
each metric. (Format: Amazon CloudWatch, "Specification: Embedded metric format".)
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

FUTURE_MILLIS = 5000
"""A trade that was received later than that after it was stored was stamped by a clock that is off,
and tells nothing of when it was received."""


class FunctionLog:
    """Follows the log of a function and adds up its metrics. Confined to one thread."""

    def __init__(self, path: Path) -> None:
        self.sums: Counter[str] = Counter()
        """Sum of the values by metric."""
        self.newest_received_at = 0
        """When the newest of the trades that are stored was received, in ms since the epoch."""
        self._latencies: Counter[int] = Counter()
        self._path = path
        self._offset = 0

    def read(self) -> None:
        """Takes the whole lines that have come since the last call; a log to come is empty."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            grown = file.read()
        whole = grown[: grown.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            if b'"_aws"' in line:
                self._add(line)

    def _add(self, line: bytes) -> None:
        parsed = json.loads(line)
        for directive in parsed["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                name = metric["Name"]
                found = parsed[name]
                values = found if isinstance(found, list) else [found]
                self.sums[name] += int(sum(values))
                if name == "stored_latency":
                    self._add_latencies(values, parsed["_aws"]["Timestamp"])

    def _add_latencies(self, values: list[float], told_at: int) -> None:
        self._latencies.update(map(round, values))
        credible = [value for value in values if value >= -FUTURE_MILLIS]
        newest = told_at - round(min(credible, default=told_at))
        self.newest_received_at = max(self.newest_received_at, newest)

    def stored_latency_ms(self) -> dict[str, int]:
        """Returns percentiles of the time from receipt to stored, a value for each item written."""
        return {"p50": self._percentile(0.50), "p99": self._percentile(0.99)}

    def _percentile(self, share: float) -> int:
        left = self._latencies.total() * share
        for value in sorted(self._latencies):
            left -= self._latencies[value]
            if left <= 0:
                return value
        return 0
