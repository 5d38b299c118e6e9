"""The command line of the local environment."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from surroundings import ROOT

CAPTURE = ROOT / "conf/captures/crypto-in-finnhub-shape.ndjson"


@dataclass
class Options:
    """What the command line says."""

    seconds: float | None
    rate: int
    captures: list[Path]
    shards: int
    crash_after: float | None
    settings: list[str]
    json: bool


def parse() -> Options:
    """Reads the command line; ends the program where it is wrong."""
    parser = argparse.ArgumentParser(prog="start-market.sh local", description="runs it all")
    parser.add_argument("--for", dest="seconds", type=seconds_in, metavar="DURATION")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rate", type=int, default=300, help="trades a second (%(default)s)")
    parser.add_argument("--capture", type=_path, action="append", help="file to play; repeatable")
    parser.add_argument("--shards", type=int, default=2, help="shards of the stream (%(default)s)")
    parser.add_argument(
        "--crash-after",
        type=seconds_in,
        metavar="DURATION",
        help="kill ingester and function once, so long after the first trade, and start them again",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SETTING=VALUE",
        help="a setting of the ingester; repeatable",
    )
    found = parser.parse_args()
    return Options(
        found.seconds,
        found.rate,
        found.capture or [CAPTURE],
        found.shards,
        found.crash_after,
        found.set,
        found.json,
    )


def _path(text: str) -> Path:
    return Path(text).resolve()


def seconds_in(text: str) -> float:
    """Returns the seconds of a duration such as 500ms, 30s, 10m or 2h."""
    matched = re.fullmatch(r"(\d{1,9})(ms|s|m|h)", text)
    if not matched:
        raise argparse.ArgumentTypeError(f"not a duration: {text} (a number and ms, s, m or h)")
    return int(matched[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[matched[2]]
