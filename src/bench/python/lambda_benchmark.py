"""Measures the function: what a trade costs, against the common recipe, and how long it starts.

Both handlers run on the same events, each in a process of its own, in turns, with a DynamoDB in
a third one that only acknowledges. What counts is the CPU time of the handler's process; the clock
is told beside it. A run that leaves out an item, or writes one too often, is a failed run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bench_folder  # noqa: F401
import kpl_events
from kpl_events import SHAPES
from stream_events import Event

HERE = Path(__file__).parent
HANDLERS = ("ours", "recipe")
IMPORTS = ("byte code", "sources")
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "DYNAMODB_TABLE_NAME": "ProcessedTradesDynamoDB",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/letters",
    "POWERTOOLS_METRICS_NAMESPACE": "Tapestream",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
}
IMPORT = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
sys.path.insert(0, sys.argv[1])
import lambda_function
print((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000)
"""


class LostError(Exception):
    """The table was not sent what the events hold."""


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    repetitions: int
    """Of everything; the median counts."""
    seconds: float
    """CPU time of one measurement."""
    least_trades: int
    """Of an event."""
    shapes: int
    """How many of the shapes; the recording comes besides."""


WHOLE = Effort(repetitions=5, seconds=1.0, least_trades=1000, shapes=len(SHAPES))
QUICK = Effort(repetitions=1, seconds=0.0, least_trades=100, shapes=1)


@dataclass(frozen=True)
class Cost:
    """What a trade costs, in microseconds."""

    cpu: float
    wall: float


class Bench:
    """The handlers and the table, ready to be measured."""

    def __init__(self, folder: Path, task: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        program = str(HERE / "measured_handler.py")
        self._commands = {
            "ours": [sys.executable, "-I", "-S", "-B", program, str(task), "lambda_function"],
            "recipe": [sys.executable, "-B", program, str(HERE), "common_recipe"],
        }

    def compare(self, event: Event, trades: int, effort: Effort) -> dict[str, Cost]:
        """Returns what a trade of an event costs each handler: the median, taken in turns."""
        event_file = self._folder / "event.json"
        event_file.write_text(json.dumps(event))
        costs: dict[str, list[Cost]] = {name: [] for name in HANDLERS}
        for _ in range(effort.repetitions):
            for name in HANDLERS:
                costs[name].append(self._measure(name, event_file, trades, effort.seconds))
        return {name: _median(costs[name]) for name in HANDLERS}

    def _measure(self, name: str, event_file: Path, trades: int, seconds: float) -> Cost:
        command = [*self._commands[name], str(event_file), str(seconds)]
        variables = VARIABLES | {"AWS_ENDPOINT_URL": self._url}
        took = json.loads(_output(command, variables))
        with urllib.request.urlopen(f"{self._url}/written") as answer:  # noqa: S310  our own
            check(json.load(answer), trades, took["invocations"] + 1)
        measured = trades * took["invocations"] / 1e6
        return Cost(took["cpu_seconds"] / measured, took["wall_seconds"] / measured)


def check(written: dict[str, int], trades: int, invocations: int) -> None:
    """Raises LostError unless every invocation has written every trade of the event once."""
    expected = {"items": trades * invocations, "trade_ids": trades}
    if written != expected:
        raise LostError(f"items lost or doubled: written={written} expected={expected}")


@contextlib.contextmanager
def acknowledging_table(answer_millis: float) -> Iterator[str]:
    """Runs the DynamoDB; yields where it answers."""
    command = [sys.executable, str(HERE / "acknowledging_dynamodb.py"), str(answer_millis)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def import_times(package: Path, folder: Path, effort: Effort) -> dict[str, Cost]:
    """Returns how many milliseconds a new Python takes to import the function, both ways."""
    tasks = {name: folder / name for name in IMPORTS}
    for name, task in tasks.items():
        unpack(package, task)
        if name == "sources":
            for code in task.rglob("*.pyc"):
                code.unlink()
    times: dict[str, list[Cost]] = {name: [] for name in IMPORTS}
    for _ in range(2 * effort.repetitions):
        for name, task in tasks.items():
            command = [sys.executable, "-I", "-S", "-B", "-c", IMPORT, str(task)]
            cpu, wall = map(float, _output(command, {}).split())
            times[name].append(Cost(cpu, wall))
    return {name: _median(times[name]) for name in IMPORTS}


def unpack(package: Path, folder: Path) -> None:
    """Unpacks the function's zip, as Lambda does."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)


def _output(command: list[str], variables: dict[str, str]) -> str:
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise LostError(f"measured process failed: command={command}\n{ended.stderr}")
    return ended.stdout


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.wall for cost in costs),
    )


def measure(package: Path, effort: Effort, answer_millis: float) -> dict[str, Any]:
    """Returns all figures."""
    with (
        tempfile.TemporaryDirectory() as made,
        acknowledging_table(answer_millis) as url,
    ):
        folder = Path(made)
        imports = import_times(package, folder, effort)
        bench = Bench(folder, folder / IMPORTS[0], url)
        events = {"recorded": kpl_events.recorded()}
        events |= {
            shape.name: shape.event(effort.least_trades) for shape in SHAPES[: effort.shapes]
        }
        rows = []
        for name, (event, trades) in events.items():
            print(f"measuring {name}", file=sys.stderr)
            costs = bench.compare(event, trades, effort)
            rows.append(_row(name, len(event["Records"]), trades, costs))
    told = {
        name: {"cpu_ms": round(c.cpu, 1), "wall_ms": round(c.wall, 1)}
        for name, c in imports.items()
    }
    return {"answer_ms": answer_millis, "cores": os.cpu_count(), "import": told, "rows": rows}


def _row(name: str, records: int, trades: int, costs: dict[str, Cost]) -> dict[str, Any]:
    ours, recipe = costs["ours"], costs["recipe"]
    return {
        "shape": name,
        "stream_records": records,
        "trades": trades,
        "ours_cpu_us": round(ours.cpu, 2),
        "recipe_cpu_us": round(recipe.cpu, 2),
        "cpu_ratio": round(recipe.cpu / ours.cpu, 2),
        "ours_wall_us": round(ours.wall, 2),
        "recipe_wall_us": round(recipe.wall, 2),
        "wall_ratio": round(recipe.wall / ours.wall, 2),
    }


def table(figures: dict[str, Any]) -> str:
    """Returns the figures as a person reads them."""
    lines = [
        "                                   CPU a trade, us           wall a trade, us",
        "user records x trades    trades    ours recipe  ratio       ours recipe  ratio",
    ]
    lines += [
        f"{row['shape']:<22} {row['trades']:>8} "
        f"{row['ours_cpu_us']:>7.1f} {row['recipe_cpu_us']:>6.1f} {row['cpu_ratio']:>5.1f}x"
        f"    {row['ours_wall_us']:>7.1f} {row['recipe_wall_us']:>6.1f} {row['wall_ratio']:>5.1f}x"
        for row in figures["rows"]
    ]
    lines += ["", f"the table answers after {figures['answer_ms']:g} ms", ""]
    lines += [
        f"import from {name}: {took['cpu_ms']:.0f} ms of CPU, {took['wall_ms']:.0f} ms"
        for name, took in figures["import"].items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Measures, and prints the figures."""
    parser = argparse.ArgumentParser(description="measures the function")
    parser.add_argument("package", type=Path, help="the function's zip")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--quick", action="store_true", help="only to see that it runs")
    parser.add_argument(
        "--answer-after",
        type=float,
        default=5.0,
        metavar="MILLISECONDS",
        help="what the table takes for an answer (%(default)g)",
    )
    parser.add_argument("--repetitions", type=int, metavar="N", help="of everything (5)")
    options = parser.parse_args()
    effort = QUICK if options.quick else WHOLE
    if options.repetitions:
        effort = replace(effort, repetitions=options.repetitions)
    try:
        figures = measure(options.package, effort, options.answer_after)
    except LostError as e:
        print(f"lambda_benchmark.py: {e}", file=sys.stderr)
        return 1
    print(json.dumps(figures) if options.json else table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
