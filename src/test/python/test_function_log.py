"""The function's metrics are added up, whole line by whole line, as its log grows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from function_log import FunctionLog


def emf(**metrics: list[float]) -> str:
    """Returns a line as Powertools writes it."""
    definitions = [{"Name": name, "Unit": "Count"} for name in metrics]
    directive = {"Namespace": "Tapestream", "Dimensions": [["service"]], "Metrics": definitions}
    about = {"Timestamp": 1, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, "service": "tapestream", **metrics})


def test_values_of_all_lines_are_added_up(tmp_path: Path) -> None:
    path = tmp_path / "function.log"
    log = FunctionLog(path)
    log.read()
    assert log.sums["trades_stored"] == 0
    path.write_text("START\n" + emf(trades_stored=[25.0]) + "\n" + emf(trades_stored=[3, 4])[:9])
    log.read()
    assert log.sums["trades_stored"] == 25
    with path.open("a") as file:
        file.write(emf(trades_stored=[3, 4])[9:] + '\n{"level":"INFO"}\n')
    log.read()
    log.read()
    assert log.sums["trades_stored"] == 32


@pytest.mark.parametrize(
    ("values", "p50", "p99"),
    [
        ([], 0, 0),
        ([7.0], 7, 7),
        ([float(value) for value in range(1, 101)], 50, 99),
        ([1.0] * 98 + [500.0, 900.0], 1, 500),
    ],
)
def test_latency_is_told_by_percentile(
    tmp_path: Path, values: list[float], p50: int, p99: int
) -> None:
    path = tmp_path / "function.log"
    path.write_text(emf(stored_latency=values) + "\n")
    log = FunctionLog(path)
    log.read()
    assert log.stored_latency_ms() == {"p50": p50, "p99": p99}


def test_the_newest_received_is_not_one_from_the_future(tmp_path: Path) -> None:
    path = tmp_path / "function.log"
    log = FunctionLog(path)
    line = json.loads(emf(stored_latency=[-3_600_000.0, 400.0, 900.0]))
    line["_aws"]["Timestamp"] = 10_000
    path.write_text(json.dumps(line) + "\n")
    log.read()
    assert log.newest_received_at == 9_600
    line["stored_latency"] = [-3_600_000.0]
    line["_aws"]["Timestamp"] = 20_000
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    log.read()
    assert log.newest_received_at == 9_600
