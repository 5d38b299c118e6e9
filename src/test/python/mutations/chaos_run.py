"""Runs chaos in a copy of the product, and tells how it ended."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutations import RUN
from processes import Child
from surroundings import ROOT

USAGE = 2
SECONDS = 600
STOP_SECONDS = 30


@dataclass(frozen=True)
class Ended:
    """How a run of chaos has ended."""

    code: int | None
    result: dict[str, Any]
    """Empty if it has not come to its end."""
    talk: str


@functools.cache
def build() -> None:
    """Builds as chaos does, which then, without time for its fault, goes no further."""
    chaos = [str(ROOT / "scripts/chaos.sh"), "--for", "1s", "--faults", "kill-ingester"]
    ended = subprocess.run(chaos, capture_output=True, text=True, check=False)
    assert ended.returncode == USAGE, ended.stderr
    subprocess.run([ROOT / "scripts/package-lambda.sh"], check=True, stdout=subprocess.DEVNULL)


def run(copy: Path, folder: Path) -> Ended:
    """Runs chaos in a copy of the product; what it prints goes into the folder."""
    child = Child(
        "chaos",
        [sys.executable, copy / "scripts/chaos/chaos.py", *RUN.arguments],
        environment=os.environ,
        directory=copy,
        out=folder / "chaos.out",
        err=folder / "chaos.log",
    )
    try:
        code = child.wait(SECONDS)
    finally:
        child.stop(STOP_SECONDS)
    lines = child.out.read_text().splitlines()
    return Ended(code, json.loads(lines[-1]) if lines else {}, child.err.read_text())
