"""Faults of processes are counted only if they were met, and are tried again if they were not."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import process_faults
from process_faults import KillIngesterAtStop
from processes import Child, wait_until

OBEYS = "import time; print(1, flush=True); time.sleep(60)"
TAKES_LONG = "import signal; signal.signal(signal.SIGTERM, lambda *_: None); " + OBEYS


class FakeParts:
    """An ingester that is whatever program a test says."""

    crashed = False
    poller: Child

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.children: list[Child] = []
        self.ingester = self.start(OBEYS)

    def start(self, program: str) -> Child:
        log = self._folder / f"{len(self.children)}.log"
        command = [sys.executable, "-c", program]
        self.ingester = Child(
            "ingester", command, environment={}, directory=self._folder, out=log, err=log
        )
        self.children.append(self.ingester)
        assert wait_until(lambda: log.read_text() != "", 20)
        return self.ingester

    def start_ingester(self) -> None:
        raise NotImplementedError

    def start_poller(self) -> None:
        raise NotImplementedError

    def hold(self, name: str, *, down: bool) -> None:
        raise NotImplementedError


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[FakeParts]:
    made = FakeParts(tmp_path)
    try:
        yield made
    finally:
        for child in made.children:
            child.kill()


class Longest(random.Random):
    """Always draws the longest wait, so that what ends at once has ended."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_one_that_had_ended_before_the_kill_does_not_count_and_the_next_one_is_hit(
    parts: FakeParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_faults, "BEGUN_SECONDS", 0.1)
    fault = KillIngesterAtStop(parts, Longest())
    fault.begin(5.0)
    assert (fault.effects, fault.is_done) == (0, False)

    next_one = parts.start(TAKES_LONG)

    def is_hit() -> bool:
        fault.turn()
        return fault.is_done

    assert wait_until(is_hit, 20)
    assert fault.effects == 1
    assert next_one.wait(10) == 128 + 9


def test_only_one_is_killed(parts: FakeParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_faults, "BEGUN_SECONDS", 0.0)
    parts.start(TAKES_LONG)
    fault = KillIngesterAtStop(parts, Longest())
    fault.begin(5.0)
    assert fault.effects == 1
    after = parts.start(TAKES_LONG)
    for _ in range(3):
        fault.turn()
    assert after.exit_code() is None
    assert fault.effects == 1
