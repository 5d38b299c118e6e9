"""The load test: runs every scenario, shows a table, writes a page, and fails if a trade is lost.

`scripts/load-test.sh` makes sure of Java, Python and the build and then becomes this program.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import load_report
import load_table
import scenarios
from console import say
from load_parts import LoadTestError, parts
from processes import ChildError
from signals import SignalledError, Signals
from surroundings import ROOT, java, replace_variables

REPORT = ROOT / "target/load-report.html"
FIGURES = ROOT / "target/load-figures.json"
LOST, COULD_NOT_START = 1, 3


def facts() -> dict[str, str]:
    """Returns what the figures depend on."""
    version = subprocess.run(  # which Java, as it says itself
        [*java()[:1], "-version"], capture_output=True, text=True, check=True
    ).stderr.splitlines()[0]
    models = {
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processors": f"{os.cpu_count()} x {', '.join(sorted(models)) or platform.machine()}",
        "system": f"{platform.system()} {platform.release()}",
        "java": version,
    }


def main() -> int:
    """Runs the load test; returns the exit code of scripts/load-test.sh."""
    parser = argparse.ArgumentParser(
        prog="load-test.sh", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.add_argument("--quick", action="store_true", help="a smoke test of the harness: small")
    arguments = parser.parse_args()
    sizes = scenarios.QUICK if arguments.quick else scenarios.FULL
    signals = Signals()
    replace_variables()
    results = scenarios.Results()

    def tell(text: str) -> None:
        """Keeps what there is so far, too: a run that breaks off has cost minutes."""
        FIGURES.write_text(json.dumps(results.figures))
        say(text)

    try:
        with parts(signals) as made:
            scenarios.run_all(made, sizes, results, tell)
    except SignalledError:
        return 128 + (signals.number or 0)
    except (LoadTestError, ChildError, OSError) as e:
        say(f"load test: {e}")
        return COULD_NOT_START
    surroundings = facts()
    FIGURES.write_text(json.dumps(results.figures))
    REPORT.write_text(load_report.page(results.figures, results.problems, surroundings))
    table = load_table.text(results.figures)
    say(f"report: {REPORT.relative_to(ROOT)}")
    for problem in results.problems:
        say(f"lost: {problem}")
    if arguments.json:
        say(table)
        result = {"problems": results.problems, "surroundings": surroundings} | results.figures
        print(json.dumps(result))
    else:
        print(table)
    return LOST if results.problems else 0


if __name__ == "__main__":
    sys.exit(main())
