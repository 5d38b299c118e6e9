"""A moved wall clock leaves the JVM's monotonic clock, and the waits by it, as they are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import ingester_clock
from ingester_clock import IngesterClock

pytestmark = pytest.mark.integration

WAITS = """
import java.util.concurrent.locks.LockSupport;

class Waits {
    public static void main(String[] arguments) throws Exception {
        long begin = System.nanoTime();
        long parks = 0;
        while (System.nanoTime() - begin < 400_000_000L) {
            LockSupport.parkNanos(100_000_000L);
            parks++;
        }
        Object lock = new Object();
        synchronized (lock) {
            lock.wait(100);
        }
        System.out.println(System.currentTimeMillis() + " " + System.nanoTime() + " " + parks);
    }
}
"""


@pytest.mark.parametrize("step", [0, 3600, -3600])
def test_only_the_wall_clock_moves(tmp_path: Path, step: int) -> None:
    library = ingester_clock.find_library()
    if library is None:
        pytest.skip("NOT RUN: libfaketime is not installed (scripts/test.sh tools)")
    clock = IngesterClock(library, tmp_path)
    clock.move(step)
    source = tmp_path / "Waits.java"
    source.write_text(WAITS)
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin/java") if home else "java"

    def run(variables: dict[str, str]) -> list[int]:
        ended = subprocess.run(
            [java, source],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return [int(word) for word in ended.stdout.split()]

    wall_before, nanos_before, _ = run({})
    wall, nanos, parks = run(clock.variables)
    seconds = (nanos - nanos_before) / 1e9
    assert abs((wall - wall_before) / 1000 - step - seconds) < 60
    assert 0 < seconds < 600
    assert parks < 100
