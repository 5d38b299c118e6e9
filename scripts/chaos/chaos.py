"""The command line of chaos: a schedule from a seed, a run of it, the result.

Time constants of the ingester are shortened, so that recoveries are seen within seconds; which, is
said at the start.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sys
from typing import Any

import local_folder  # noqa: F401  what follows is found through it
import fault_kinds
import reshard_faults
import schedule
from console import say
from environment import run_to_end
from faulty_environment import FaultyEnvironment
from options import CAPTURE, Options, seconds_in

MAX_RATE = 500
SHORTENED = (
    "feed.silence-timeout=5s",
    "feed.connect-timeout=3s",
    "feed.backoff-min=100ms",
    "feed.backoff-max=2s",
    "feed.stable-after=5s",
    "kinesis.stall-timeout=10s",
    "kinesis.retry-backoff-max=1s",
    "run.stop-timeout=15s",
    # A disk that is full has to be met at every step of rolling.
    "journal.segment-length=128KiB",
    "feed.max-message-length=32KiB",
)


def show(result: dict[str, Any], as_json: bool) -> None:
    """Prints a table on stderr, and the result on stdout."""
    say(f"{'kind':32} {'count':>5} {'effect':>7} {'worst recovery':>15}")
    for found in result["faults"]:
        worst = found["worst_recovery_seconds"]
        told = "none" if worst is None else f"{worst:g} s"
        say(f"{found['kind']:32} {found['count']:5} {found['effect']:7} {told:>15}")
    if as_json:
        print(json.dumps(result), flush=True)
        return
    for name, value in result.items():
        if name != "faults":
            print(f"{name.replace('_', ' '):24} {value}", flush=True)


def main() -> int:
    """Runs chaos; returns the exit code of scripts/chaos.sh."""
    arguments = _parse()
    wanted = arguments.faults.split(",") if arguments.faults else list(fault_kinds.KINDS)
    impossible = fault_kinds.impossible(wanted)
    if arguments.faults and impossible:
        for reason in sorted(set(impossible.values())):
            named = ", ".join(kind for kind in wanted if impossible.get(kind) == reason)
            say(f"chaos: cannot be had here: {named}: {reason}, or leave them out")
        return 3
    kinds = [kind for kind in wanted if kind not in impossible]
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    try:
        randomness = random.Random(seed)  # noqa: S311
        plan = schedule.plan(kinds, arguments.seconds, randomness, fault_kinds.LEAST_SECONDS)
    except ValueError as e:
        say(f"chaos: {e}")
        return 2
    say(f"seed {seed}: {len(plan)} faults of {len(kinds)} kinds in {arguments.seconds:g} s")
    reshards = not fault_kinds.RESHARD_KINDS.keys().isdisjoint(kinds)
    settings = [*SHORTENED, *(reshard_faults.SETTINGS if reshards else ())]
    say(f"changed: {' '.join(settings)}")
    left_out = {} if arguments.faults else impossible
    for kind, reason in left_out.items():
        say(f"left out: {kind}: {reason}")
    options = Options(
        arguments.seconds, arguments.rate, [CAPTURE], 2, None, settings, arguments.json
    )
    return run_to_end(
        lambda temp, signals: FaultyEnvironment(options, temp, signals, plan, seed),
        lambda result: show(result | {"left_out": sorted(left_out)}, arguments.json),
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos.sh", description="kills everything, and audits")
    parser.add_argument("--for", dest="seconds", type=seconds_in, default=seconds_in("2m"))
    parser.add_argument("--seed", type=int, help="of the schedule; another each time if left out")
    parser.add_argument(
        "--faults",
        type=_kinds,
        help=f"kinds, separated by commas (all: {', '.join(fault_kinds.KINDS)})",
    )
    parser.add_argument("--rate", type=_rate, default=300, help="trades a second, at most 500")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    return parser.parse_args()


def _kinds(text: str) -> str:
    unknown = [kind for kind in text.split(",") if kind not in fault_kinds.KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown kind: {', '.join(unknown)} (--help lists them)")
    return text


def _rate(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"not a rate: {text} (1 to {MAX_RATE} trades a second)")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
