"""The command line of the soak: a run before an endpoint that dies and comes back, the result.

Every setting of the ingester is the shipped one, but for where market and endpoint are.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import chaos_folder  # noqa: F401  what follows is found through it
import memory_plot
from console import say
from environment import run_to_end
from options import CAPTURE, Options, seconds_in
from signals import Signals
from soaked_environment import SoakedEnvironment

MAX_RATE = 20_000
SHARDS = 4
"""Of the stream: the KPL puts 1.5 MiB a second into each at most, and the feed alone needs one."""
LEAST_SECONDS = 15.0
"""Of an outage whose memory can be judged."""
PROVEN = (
    "every trade that was received is on the stream, memory was flat, the journal grew by what"
    " came, and the backlog was drained while the feed went on"
)


def show(result: dict[str, Any], as_json: bool) -> None:
    """Prints a table, on stderr if the result itself goes to stdout."""
    for name, value in result.items():
        parts = value if isinstance(value, dict) else {"": value}
        for part, number in parts.items():
            words = " ".join(filter(None, (name, part))).replace("_", " ")
            told = number
            if isinstance(number, dict):
                told = "  ".join(f"{key} {count}" for key, count in number.items())
            line = f"{words:36} {told}"
            say(line) if as_json else print(line, flush=True)
    if as_json:
        print(json.dumps(result), flush=True)


def main() -> int:
    """Runs the soak; returns the exit code of scripts/soak.sh."""
    arguments = _parse()
    options = Options(
        arguments.seconds, arguments.rate, [CAPTURE], SHARDS, None, [], arguments.json
    )
    made: list[SoakedEnvironment] = []

    def make(temp: Path, signals: Signals) -> SoakedEnvironment:
        made.append(SoakedEnvironment(options, temp, signals))
        return made[0]

    def show_and_plot(result: dict[str, Any]) -> None:
        if arguments.plot is not None:
            title = f"{arguments.rate:,} trades/s, no answer for {arguments.seconds:g} s"
            picture = memory_plot.draw(made[0].samples, made[0].phases, title)
            arguments.plot.write_text(picture)
        show(result, arguments.json)

    return run_to_end(make, show_and_plot, PROVEN)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak.sh", description="a dead endpoint under load")
    parser.add_argument("--for", dest="seconds", type=_outage, default=60.0, metavar="DURATION")
    parser.add_argument("--rate", type=_rate, default=5000, help="trades a second (%(default)s)")
    parser.add_argument(
        "--plot", type=_file, metavar="FILE", help="draw memory over time as an SVG"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    return parser.parse_args()


def _outage(text: str) -> float:
    seconds = seconds_in(text)
    if seconds < LEAST_SECONDS:
        raise argparse.ArgumentTypeError(f"too short: {text} ({LEAST_SECONDS:g} s at least)")
    return seconds


def _rate(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"not a rate: {text} (1 to {MAX_RATE} trades a second)")
    return int(text)


def _file(text: str) -> Path:
    file = Path(text).resolve()
    if not file.parent.is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {file.parent}")
    return file


if __name__ == "__main__":
    sys.exit(main())
